// The work list without a mouse: from row to row, open, choose, search, take the next one.
// Back from a ticket, one goes on at its row.
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

const field = document.querySelector("[data-search]");
const search = () => {
  field.focus();
  field.select();
};

field.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  event.preventDefault(); // it would empty the field
  field.blur();
});

const from = document.referrer.match(/\/([0-9]+)\/change\/(?:\?|$)/)?.[1];
if (from) {
  last = rows.findIndex((row) => row.querySelector("[data-pick]").value === from);
  rows[last]?.querySelector("[data-open]").focus();
}

keys({
  j: () => step(1),
  k: () => step(-1),
  o: () => rows[at()]?.querySelector("[data-open]").click(),
  x: () => rows[at()]?.querySelector("[data-pick]").click(),
  "/": search,
  n: () => document.querySelector("[data-next]")?.requestSubmit(),
});
