// Where pictures come from: the button, the clipboard, a drop. Each hands a list of files to `add`.
const UNNAMED = /^(image\.\w+)?$/i;

const isShown = (form) => form.isConnected && (form.checkVisibility?.() ?? true);

const pick = (zone, add) => {
  const input = zone.querySelector("input[type=file]");
  const [button] = zone.querySelectorAll("button[data-upload-pick]");
  for (const part of zone.querySelectorAll("[data-upload-pick]")) part.hidden = false;
  // The button takes over the field's id, so labels and the summary of errors lead to it.
  button.id = input.id;
  input.removeAttribute("id");
  input.hidden = true;
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
};

// Text stays what it was: a clipboard with words pasted into a field is not ours.
const paste = (form, add, rename) => {
  document.addEventListener("paste", (event) => {
    const owner = event.target.closest?.("form");
    const images = [...event.clipboardData.files].filter(({ type }) => type.startsWith("image/"));
    const isText = event.clipboardData.types.includes("text/plain") && event.target.matches?.("input, textarea");
    if (!images.length || isText || !isShown(form) || (owner && owner !== form)) return;
    event.preventDefault();
    add(images.map((file) => (UNNAMED.test(file.name) ? rename(file) : file)));
  });
};

// A file dropped beside the form must not replace the page.
const drop = (form, add) => {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (on) => form.classList.toggle("is-dropping", on);
  document.addEventListener("dragenter", (event) => { if (hasFiles(event)) mark(true); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (isShown(form)) event.dataTransfer.dropEffect = form.contains(event.target) ? "copy" : "none";
  });
  document.addEventListener("drop", (event) => {
    mark(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (form.contains(event.target)) add([...event.dataTransfer.files]);
  });
};

export const listen = (zone, form, add, rename) => {
  pick(zone, add);
  paste(form, add, rename);
  drop(form, add);
};
