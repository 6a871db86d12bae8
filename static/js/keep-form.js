// Carries what was typed in the page's forms over a change of language.
// Left in the tab's own storage for the next load of the same address, for one minute.
const KEY = "kept-form";
const address = location.pathname + location.search;
const SKIPPED = ["hidden", "password", "file", "submit", "button"];

const controls = () =>
  [...document.querySelectorAll("main form:not([data-keep-form], [data-keep-skip])")]
    .flatMap((form) => [...form.elements])
    .filter((control) => control.name && !SKIPPED.includes(control.type));

const read = (control) => (["checkbox", "radio"].includes(control.type) ? control.checked : control.value);

const write = (control, value) => {
  if (read(control) === value) return;
  if (typeof value === "boolean") control.checked = value;
  else control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
};

const keep = () => {
  const values = controls().map((control) => [control.name, read(control)]);
  if (values.length) sessionStorage.setItem(KEY, JSON.stringify({ address, at: Date.now(), values }));
};

const restore = () => {
  const kept = JSON.parse(sessionStorage.getItem(KEY));
  sessionStorage.removeItem(KEY);
  if (!kept || kept.address !== address || Date.now() - kept.at > 60_000) return;
  controls().forEach((control, index) => {
    const [name, value] = kept.values[index] ?? [];
    if (name === control.name) write(control, value);
  });
};

restore();
for (const form of document.querySelectorAll("[data-keep-form]")) form.addEventListener("submit", keep);
