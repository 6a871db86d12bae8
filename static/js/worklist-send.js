// Ctrl+Enter in the text sends the form, as on the ticket page.
const form = document.querySelector("[data-keys-send]");

form?.addEventListener("keydown", (event) => {
  const isSend = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing;
  if (!isSend || !event.target.matches("textarea")) return;
  event.preventDefault();
  form.requestSubmit();
});
