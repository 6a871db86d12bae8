// What was written and not answered for yet: kept over a reload, sent one at a time under its own id until answered.
// outbox({conversation, me, url, onChange}) → {add, retry, forget, arrived, wake, items}. onChange(items, event):
// items are {client_id, body, uploads, pictures, at, state: sending|failed, reason}; event is {type, ...} of what happened:
// sent {client_id, seq}, failed {client_id, status, answer}, stopped {status, answer}, resumed.
import { keep, recall, watch } from "./chat-memory.js";
import { token } from "./token.js";

const PATIENCE = 20_000;
const LONGEST = 30;
const REFUSED = [400, 409, 413];
const STOPPED = [401, 403, 404];

const post = async (url, { body, client_id: id, uploads }) => {
  const form = new FormData();
  form.append("body", body);
  form.append("client_id", id);
  for (const upload of uploads) form.append("uploads", upload);
  const answer = await fetch(url, {
    method: "POST",
    body: form,
    headers: { Accept: "application/json", "X-CSRFToken": token() },
    signal: AbortSignal.timeout(PATIENCE),
  });
  const wait = Number(answer.headers.get("Retry-After"));
  return { status: answer.status, wait, answer: await answer.json().catch(() => ({})) };
};

export const newId = () => {
  if (crypto.randomUUID) return crypto.randomUUID();
  const digits = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
};

const reasonOf = ({ errors, message }) => Object.values(errors ?? {}).flat().join(" ") || message || "";

export const outbox = ({ conversation, me, url, onChange }) => {
  const key = `chat-outbox:${me}:${conversation}`;
  const mine = new Set()
  let held = recall(key, []);
  let isRunning = false;
  let isStopped = false;
  let tries = 0;
  let wakeUp = () => {};

  const write = (items, event = {}) => {
    held = items;
    keep(key, items);
    onChange(items, event);
  };
  const change = (id, values, event) => write(held.map((item) => (item.client_id === id ? { ...item, ...values } : item)), event);
  const without = (id, event) => {
    mine.delete(id);
    write(held.filter((item) => item.client_id !== id), event);
  };
  const pause = (seconds) => new Promise((resolve) => {
    wakeUp = resolve;
    setTimeout(resolve, seconds * 1000);
  });

  const settle = ({ client_id: id }, { status, answer }) => {
    if (status === 200 || status === 201) return without(id, { type: "sent", client_id: id, seq: answer.seq });
    if (REFUSED.includes(status)) {
      return change(id, { state: "failed", reason: reasonOf(answer) }, { type: "failed", client_id: id, status, answer });
    }
    isStopped = true;
    return onChange(held, { type: "stopped", status, answer });
  };

  const isAnswered = ({ status }) => status < 300 || REFUSED.includes(status) || STOPPED.includes(status);

  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    for (let item = held.find(({ state }) => state === "sending"); item && !isStopped; item = held.find(({ state }) => state === "sending")) {
      const result = await post(url, item).catch(() => ({ status: 0 }));
      if (result.status && isAnswered(result)) {
        tries = 0;
        settle(item, result);
      } else {
        tries += 1;
        await pause(result.wait || Math.random() * Math.min(LONGEST, 2 ** tries));
      }
    }
    isRunning = false;
  };

  // Tries again at once, also after a refusal that a new sign-in may have ended.
  const wake = () => {
    isStopped = false;
    wakeUp();
    run();
  };

  const add = ({ body, uploads = [], pictures = [] }) => {
    const item = { client_id: newId(), body, uploads, pictures, at: new Date().toISOString(), state: "sending", reason: "" };
    mine.add(item.client_id);
    write([...held, item], { type: "added", client_id: item.client_id });
    wake();
    return item;
  };

  const retry = (id) => {
    change(id, { state: "sending", reason: "" }, { type: "resumed" });
    wake();
  };

  // Another tab may know less. Put back once, or two tabs hand it to and fro.
  watch(key, () => {
    const kept = recall(key, []);
    const lost = held.filter(({ client_id: id, state }) => state === "sending" && !kept.some((item) => item.client_id === id) && mine.delete(id));
    held = [...kept, ...lost];
    if (lost.length) keep(key, held);
    onChange(held, { type: "elsewhere" });
    run();
  });
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });
  onChange(held, { type: "loaded" });
  run();

  return {
    add,
    retry,
    wake,
    forget: (id) => without(id, { type: "forgotten" }),
    // A line that came back by the socket has been taken, whatever became of its answer.
    arrived: (id) => { if (held.some((item) => item.client_id === id)) without(id, { type: "sent", client_id: id }); },
    items: () => held,
  };
};
