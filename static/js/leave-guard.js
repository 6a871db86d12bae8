// Lets the browser ask before the page is left while a form holds words or pictures that were not sent.
import { isUnsettled } from "./upload-row.js";

const hasText = (form) => [...form.querySelectorAll("textarea")].some(({ value }) => value.trim());
const hasPictures = (form) => form.querySelector("[data-upload-list] > li") !== null;

export const guard = (form) => {
  let leaving = false;
  // On the window: the document's listeners may hold a submit back.
  // A change of language takes everything along but pictures on their way.
  window.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    leaving = event.target === form || (event.target.matches("[data-keep-form]") && !isUnsettled(form));
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && (hasText(form) || hasPictures(form))) event.preventDefault();
    leaving = false; // who stops the page is still here
  });
};

document.querySelectorAll("form[data-leave-guard]").forEach(guard);
