// Carries what was typed in the page's forms over a change of language, with what other scripts add to it.
// Left in the tab's own storage for the next load of the address it leads to, for one minute.
const KEY = "kept-form";
const address = ({ pathname, search }) => pathname + search;
const SKIPPED = ["hidden", "password", "file", "submit", "button"];

const isKept = (control) => control.name && ("keep" in control.dataset || !SKIPPED.includes(control.type));

const controls = () =>
  [...document.querySelectorAll("main form:not([data-keep-form], [data-keep-skip])")]
    .flatMap((form) => [...form.elements])
    .filter(isKept);

const tell = (name, kept) => document.dispatchEvent(new CustomEvent(name, { detail: kept }));

const read = (control) => (["checkbox", "radio"].includes(control.type) ? control.checked : control.value);

const write = (control, value) => {
  if (read(control) === value) return;
  if (typeof value === "boolean") control.checked = value;
  else control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
};

const keep = ({ target }) => {
  const values = controls().map((control) => [control.name, read(control)]);
  if (!values.length) return;
  const next = new URL(target.elements.next.value, location);
  const kept = { address: address(next), at: Date.now(), values };
  tell("form-keep", kept);
  sessionStorage.setItem(KEY, JSON.stringify(kept));
};

const restore = () => {
  const kept = JSON.parse(sessionStorage.getItem(KEY));
  sessionStorage.removeItem(KEY);
  if (!kept || kept.address !== address(location) || Date.now() - kept.at > 60_000) return;
  controls().forEach((control, index) => {
    const [name, value] = kept.values[index] ?? [];
    if (name !== control.name) return;
    // The server may have named a draft that this page had not heard of yet.
    if (value || control.type !== "hidden") write(control, value);
  });
  tell("form-restore", kept);
};

// The other scripts of the page listen by then.
document.addEventListener("DOMContentLoaded", restore);
for (const form of document.querySelectorAll("[data-keep-form]")) form.addEventListener("submit", keep);
