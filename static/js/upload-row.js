// One row of the list of files: shows a state, keeps the focus on something that can be pressed.
const PARTS = ["progress", "cancel", "done", "remove", "error", "retry"];
const SHOWN = {
  sending: ["progress", "cancel"],
  done: ["done", "remove"],
  failed: ["error", "retry", "remove"],
  refused: ["error", "remove"],
};
const locale = document.documentElement.lang;
const percent = new Intl.NumberFormat(locale, { style: "percent" });

export const part = (row, name) => row.querySelector(`[data-upload-${name}]`);

export const firstButton = (row) => row?.querySelector("button:not([hidden])");

export const readableSize = (bytes) => {
  const [unit, size] = bytes < 1_000_000 ? ["kilobyte", Math.max(1, bytes / 1000)] : ["megabyte", bytes / 1_000_000];
  const digits = unit === "megabyte" ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: digits }).format(size);
};

// Fills the server's sentences: words("remove", {name: "a.png"}).
export const wordsOf = (template) => {
  const sentences = new Map([...template.content.children].map((line) => [line.dataset.word, line.textContent]));
  return (key, values = {}) =>
    Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, () => value), sentences.get(key));
};

export const show = (row, state) => {
  const focused = row.contains(document.activeElement);
  row.dataset.state = state;
  for (const name of PARTS) part(row, name).hidden = !SHOWN[state].includes(name);
  if (state !== "sending") part(row, "percent").textContent = "";
  if (focused) firstButton(row)?.focus();
};

export const showProgress = (row, share, words) => {
  const bar = part(row, "progress");
  bar.value = Math.round(share * 100);
  bar.ariaLabel = words("uploading", { name: part(row, "name").textContent, p: bar.value });
  part(row, "percent").textContent = percent.format(share);
};

export const showFailure = (row, reason, canRetry) => {
  part(row, "reason").textContent = reason;
  show(row, canRetry ? "failed" : "refused");
};

export const name = (row, text, words) => {
  part(row, "name").textContent = text;
  part(row, "remove").ariaLabel = words("remove", { name: text });
};

export const preview = (row, source) => {
  const image = part(row, "thumb");
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  image.onerror = () => { image.hidden = true; };
  image.hidden = false;
  image.src = source;
};

// What the server keeps of a picture, put into its row and read from it: {id, name, size, thumb}.
export const store = (row, { id, name: label, size, thumb }, words) => {
  const field = row.querySelector("input[name=uploads]");
  row.dataset.upload = field.value = id;
  row.dataset.size = size;
  field.disabled = false;
  name(row, label, words);
  part(row, "size").textContent = readableSize(size);
  preview(row, thumb);
  show(row, "done");
};

export const stored = (row) => ({
  id: row.dataset.upload,
  name: part(row, "name").textContent,
  size: Number(row.dataset.size),
  thumb: part(row, "thumb").getAttribute("src"),
});

// Pictures that would be lost with the page: on their way, or waiting for another try.
export const isUnsettled = (form) => form.querySelector("[data-state=sending], [data-state=failed]") !== null;
