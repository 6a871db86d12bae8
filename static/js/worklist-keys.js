// The work list without a mouse: from row to row, open, choose, search, take the next one.
import { keys } from "./keys.js";

const rows = [...document.querySelectorAll("[data-row]")];
let last = -1;

const at = () => {
  const focused = rows.findIndex((row) => row.contains(document.activeElement));
  return focused < 0 ? last : focused;
};

const step = (by) => {
  if (!rows.length) return;
  last = Math.min(Math.max(at() + by, 0), rows.length - 1);
  rows[last].querySelector("[data-open]").focus();
};

const search = () => {
  const field = document.querySelector("[data-search]");
  field.focus();
  field.select();
};

keys({
  j: () => step(1),
  k: () => step(-1),
  o: () => rows[at()]?.querySelector("[data-open]").click(),
  x: () => rows[at()]?.querySelector("[data-pick]").click(),
  "/": search,
  n: () => document.querySelector("[data-next]")?.requestSubmit(),
});
