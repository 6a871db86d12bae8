// Single keys, unless one writes or has switched them off; "?" shows them (WCAG 2.1.4).
// The page holds templates/_keys.html and links css/keys.css.
import { keep, recall } from "./chat-memory.js";

const KEY = "console-keys";
const SEQUENCE = 1_500;
const WRITES = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open]";

// `acts` by key; two letters are pressed one after the other.
export const keys = (acts) => {
  const dialog = document.querySelector("[data-keys]");
  const opener = document.querySelector("[data-keys-open]");
  const box = dialog.querySelector("[data-keys-switch]");
  let first = "";
  let firstAt = 0;

  const show = () => dialog.showModal();
  const all = { ...acts, "?": show };

  const take = (key) => {
    const pair = performance.now() - firstAt < SEQUENCE ? first + key : key;
    const act = all[pair] ?? all[key];
    first = act ? "" : key;
    firstAt = performance.now();
    return act;
  };

  document.addEventListener("keydown", (event) => {
    const isCommand = event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat;
    if (!box.checked || isCommand || event.defaultPrevented || event.target.closest?.(WRITES) || dialog.open) return;
    const act = event.key.length === 1 && take(event.key.toLowerCase());
    if (!act) return;
    event.preventDefault();
    act();
  });
  box.checked = recall(KEY, true);
  box.addEventListener("change", () => keep(KEY, box.checked));
  opener.addEventListener("click", show);
  opener.hidden = false;
  dialog.querySelector("[data-keys-close]").addEventListener("click", () => dialog.close());
};
