// The second click on a send button does nothing; the button says what is going on.
// Listens on the document, after the form's own listeners, which may hold a submit back.
const sent = new WeakSet();

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
  for (const button of form.querySelectorAll("[data-sending]")) {
    button.dataset.ready = button.textContent;
    button.textContent = button.dataset.sending;
    button.setAttribute("aria-disabled", "true");
  }
});

// A page that comes back from the browser's history is ready again.
window.addEventListener("pageshow", () => document.querySelectorAll("[data-submit-once]").forEach(reset));
