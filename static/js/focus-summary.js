// After a refused form the summary of errors takes the focus, so that it is read first.
const summary = document.querySelector("[data-focus-summary]");
if (summary) {
  summary.tabIndex = -1;
  summary.focus();
  // The address may still name the field that an earlier summary led to; the browser goes there first.
  if (location.hash) window.addEventListener("load", () => summary.focus());
}
