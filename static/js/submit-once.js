// The second click on a send button does nothing; the button says what is going on.
// Listens on the document, after the form's own listeners, which may hold a submit back.
const PATIENCE = 15_000;
const sent = new WeakSet();

const hasFile = (form) => [...form.elements].some(({ files }) => files?.length);

const reset = (form) => {
  sent.delete(form);
  for (const button of form.querySelectorAll("[data-sending]")) {
    button.removeAttribute("aria-disabled");
    if (button.dataset.ready) button.textContent = button.dataset.ready;
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[data-submit-once]")) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  // Who is still here was not led on: the page was stopped on its way. A file may take longer than that.
  if (!hasFile(form)) setTimeout(reset, PATIENCE, form);
  for (const button of form.querySelectorAll("[data-sending]")) {
    button.dataset.ready = button.textContent;
    button.textContent = button.dataset.sending;
    button.setAttribute("aria-disabled", "true");
  }
});

// A page that comes back from the browser's history is ready again.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) document.querySelectorAll("[data-submit-once]").forEach(reset);
});
