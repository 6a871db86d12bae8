// Sends pictures one by one, three at a time; those of a chat in turn, so that they keep their order. XHR, because fetch tells nothing about progress.
import { token } from "./token.js";

const PARALLEL = 3;
const TRIES = 3;
const LONGEST_WAIT = 30;
const waiting = [];
let running = 0;

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
};

// Resolves to {status, answer, retryAfter}; status 0 is a broken connection, "cancelled" an abort.
const attempt = (job) => new Promise((resolve) => {
  const request = new XMLHttpRequest();
  const finish = (status) => resolve({
    status,
    answer: parse(request.responseText),
    retryAfter: Number(request.getResponseHeader("Retry-After")) || 1,
  });
  const body = new FormData();
  body.append("file", job.file, job.file.name);
  job.abort = () => request.abort();
  request.upload.addEventListener("progress", ({ loaded, total }) => job.onProgress(total ? loaded / total : 0));
  request.addEventListener("load", () => finish(request.status));
  request.addEventListener("error", () => finish(0));
  request.addEventListener("abort", () => finish("cancelled"));
  request.open("POST", job.url);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", token());
  request.send(body);
});

const pause = (seconds, job) => new Promise((resolve) => {
  job.abort = resolve;
  setTimeout(resolve, Math.min(seconds, LONGEST_WAIT) * 1000);
});

// A busy server (503) is asked again; every other refusal is the answer.
const run = async (job) => {
  for (let tries = 1; ; tries += 1) {
    const result = job.cancelled ? { status: "cancelled" } : await attempt(job);
    if (result.status !== 503 || tries === TRIES) return result;
    await pause(result.retryAfter, job);
  }
};

const next = async () => {
  if (running >= (document.querySelector("[data-composer]") ? 1 : PARALLEL) || !waiting.length) return;
  const job = waiting.shift();
  running += 1;
  const result = await run(job);
  running -= 1;
  job.onDone(result);
  next();
};

// Starts or queues a job {file, url, onProgress(share), onDone(result)} and returns the way to cancel it.
export const send = (job) => {
  waiting.push(job);
  next();
  return () => {
    job.cancelled = true;
    job.abort?.();
    const place = waiting.indexOf(job);
    if (place < 0) return;
    waiting.splice(place, 1);
    job.onDone({ status: "cancelled" });
  };
};
