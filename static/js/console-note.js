// Notes for colleagues. In the composer they are a mode that one sees and hears; it survives a reload with the text.
import { newId } from "./chat-outbox.js";
import { keep, recall } from "./chat-memory.js";
import { post, reasonOf } from "./console-post.js";

const complain = (form, text) => {
  const problem = form.querySelector("[data-composer-problem]");
  problem.textContent = text;
  problem.hidden = !text;
};

// The same text again after a lost answer is the same note.
const noteSender = (url, words) => {
  let sent = {};
  let isBusy = false;
  return async (body) => {
    if (isBusy || !body.trim()) return null;
    isBusy = true;
    if (sent.body !== body) sent = { body, client_id: newId() };
    const result = await post(url, sent);
    isBusy = false;
    if (!result.ok) return { reason: reasonOf(result, words) };
    sent = {};
    return { html: result.answer.html };
  };
};

export const noteMode = (form, { key, url, words, onNote, clear }) => {
  const button = form.querySelector("[data-note-mode]");
  const box = form.querySelector(".composer-box");
  const field = form.querySelector("textarea");
  const label = field.ariaLabel;
  const send = noteSender(url, words);
  let isOn = false;

  const turn = (on) => {
    isOn = on;
    keep(`chat-note:${key}`, on || null);
    box.classList.toggle("is-note", on);
    button.ariaPressed = String(on);
    field.ariaLabel = on ? field.dataset.noteLabel : label;
    form.querySelector("[data-send-words]").textContent = words(on ? "save_note" : "send");
    form.querySelector("[data-foot-reply]").hidden = on;
    form.querySelector("[data-foot-note]").hidden = !on;
  };

  const save = async () => {
    const text = field.value;
    const result = await send(text);
    if (!result) return;
    complain(form, result.reason ?? "");
    if (!result.html) return;
    if (field.value === text) {
      clear();
      turn(false);
    }
    onNote(result.html);
  };

  button.type = "button";
  button.addEventListener("click", () => {
    turn(!isOn);
    field.focus();
  });
  // Before the composer, which would send it to the member.
  form.addEventListener("submit", (event) => {
    if (!isOn || event.defaultPrevented) return;
    event.preventDefault();
    save();
  });
  turn(recall(`chat-note:${key}`, false));
  return { isOn: () => isOn, turn };
};

// A chat that is not one's own takes notes only. What was not sent to the member before is kept here.
export const noteForm = (form, { key, url, words, onNote }) => {
  const field = form.querySelector("textarea");
  const draft = `chat-draft:${key}`;
  const hint = form.querySelector("[data-kept]");
  field.value = recall(draft, "");
  hint.hidden = !field.value || recall(`chat-note:${key}`, false);
  const send = noteSender(url, words);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value;
    const result = await send(text);
    if (!result) return;
    complain(form, result.reason ?? "");
    if (!result.html) return;
    if (field.value.startsWith(text)) field.value = field.value.slice(text.length);
    field.dispatchEvent(new Event("input"));
    onNote(result.html);
  });
  field.addEventListener("input", () => {
    keep(draft, field.value);
    if (!field.value) hint.hidden = true;
    keep(`chat-note:${key}`, (field.value && hint.hidden) || null); // for no composer to send it to the member
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
};
