// After a refused form the summary of errors takes the focus, so that it is read first.
const summary = document.querySelector("[data-focus-summary]");
if (summary) {
  summary.tabIndex = -1;
  summary.focus();
}
