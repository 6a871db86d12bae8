// Takes the stored pictures of a form along when the page changes its language; keep-form.js gives the signs.
import { stored } from "./upload-row.js";

export const carry = (list, draw) => {
  document.addEventListener("form-keep", ({ detail }) => {
    detail.uploads = [...list.querySelectorAll("[data-upload]")].map(stored);
  });
  document.addEventListener("form-restore", ({ detail }) => {
    list.replaceChildren();
    detail.uploads?.forEach(draw);
    list.hidden = !list.children.length;
    list.dispatchEvent(new Event("uploads-changed", { bubbles: true }));
  });
};
