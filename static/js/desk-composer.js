// The field of an answer: canned replies, Ctrl+Enter sends as the tab says, Escape leaves the field.
import { canned } from "./canned.js";

const start = (form) => {
  const body = form.querySelector("#id_body");
  if (!body) return;
  const isNote = () => form.elements.namedItem("mode")?.value === "note";
  const button = (action) => form.querySelector(`button[name=action][value=${action}]`);

  // What the tab is for: a note, the questions if there are any, else a reply.
  const usual = () => {
    if (isNote()) return button("note");
    return ("asking" in form.dataset && button("ask")) || button("reply");
  };

  // Each tab has a text of its own, so that one key turns no note into a reply.
  const other = form.elements.namedItem("other");
  let mode = form.elements.namedItem("mode")?.value;
  form.addEventListener("change", ({ target }) => {
    if (target.name !== "mode" || target.value === mode) return;
    mode = target.value;
    [body.value, other.value] = [other.value, body.value];
  });

  form.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || !event.target.matches("textarea")) return;
    if (event.key === "Escape") document.getElementById("reply-heading").focus();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const sender = usual();
    if (sender) form.requestSubmit(sender);
  });

  const open = form.querySelector("[data-canned-open]");
  if (!open) return;
  form.querySelector("[data-plain]").hidden = true;
  open.hidden = false;
  open.addEventListener("click", canned(form, { isOff: isNote }));
};

document.querySelectorAll("form[data-pulse]").forEach(start);
