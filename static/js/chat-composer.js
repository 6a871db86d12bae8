// The field where one writes. composer(form, {key, words, onSend({body, uploads, pictures}), onTyping(on)}).
// What is typed is kept under `key` until it is sent. Enter sends where a keyboard is likely and the reader wants it.
import { keep, recall } from "./chat-memory.js";
import { isUnsettled, stored } from "./upload-row.js";

const ROWS = 6;
const TYPING = 3_000;
const ENTER = "chat-enter";
const hasKeyboard = () => !matchMedia("(pointer: coarse)").matches;

export const enterSends = () => recall(ENTER, true) && hasKeyboard();

// The reader's switch, wherever it stands.
export const enterSwitch = (box, hint) => {
  const show = () => { if (hint) hint.hidden = !enterSends(); };
  if (box) {
    box.checked = recall(ENTER, true);
    box.addEventListener("change", () => {
      keep(ENTER, box.checked);
      show();
    });
  }
  show();
};

export const composer = (form, { key, words, onSend, onTyping }) => {
  const field = form.querySelector("textarea");
  const list = form.querySelector("[data-upload-list]");
  const problem = form.querySelector("[data-composer-problem]");
  const refused = form.querySelector("[data-upload-problem]");
  const draft = `chat-draft:${key}`;
  const limit = Number(form.dataset.limit);
  const rows = () => [...(list?.children ?? [])];
  const pictures = () => rows().filter((row) => row.dataset.upload).map(stored);
  let saidAt = 0;

  // Where the browser cannot fit a field to its text itself.
  const fit = () => {
    if (CSS.supports("field-sizing", "content")) return;
    field.rows = 1;
    while (field.scrollHeight > field.clientHeight && field.rows < ROWS) field.rows += 1;
  };

  const tellTyping = (on) => {
    if (on && Date.now() - saidAt < TYPING) return;
    if (!on && !saidAt) return;
    saidAt = on ? Date.now() : 0;
    onTyping(on);
  };

  const write = (text) => {
    field.value = text;
    keep(draft, text);
    fit();
  };

  const complain = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
    if (text) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  };

  const empty = () => {
    write("");
    complain("");
    list?.replaceChildren();
    if (list) list.hidden = true;
    if (refused) refused.hidden = true;
    tellTyping(false);
  };

  field.addEventListener("input", () => {
    keep(draft, field.value);
    fit();
    complain("");
    tellTyping(field.value.trim() !== "");
  });

  // A word that is still being composed ends with Enter, too.
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    if (!(event.ctrlKey || event.metaKey || (enterSends() && !event.shiftKey))) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // uploads.js may have held the form back while pictures are on their way.
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    const body = field.value;
    const over = [...body].length - limit;
    const sent = pictures();
    if (over > 0) complain(words("too_long", { n: over }));
    else if (body.trim() || sent.length) {
      empty();
      onSend({ body, uploads: sent.map(({ id }) => id), pictures: sent });
    }
    field.focus();
  });

  window.addEventListener("beforeunload", (event) => {
    if (form.isConnected && (isUnsettled(form) || pictures().length)) event.preventDefault();
  });

  if (!field.value) write(recall(draft, ""));
  else fit();

  return { field, text: () => field.value, uploads: () => pictures().map(({ id }) => id), write };
};
