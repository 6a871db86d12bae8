// Posts values to an address of the console: {ok, status, answer}; a lost connection is status 0.
import { token } from "./token.js";

export const post = async (url, values = {}) => {
  const body = new URLSearchParams(values);
  const headers = { Accept: "application/json", "X-CSRFToken": token() };
  const response = await fetch(url, { method: "POST", body, headers }).catch(() => null);
  const answer = await response?.json().catch(() => ({}));
  return { ok: response?.ok ?? false, status: response?.status ?? 0, answer: answer ?? {} };
};

export const reasonOf = ({ answer }, words) => Object.values(answer.errors ?? {}).flat().join(" ") || words("failed");
