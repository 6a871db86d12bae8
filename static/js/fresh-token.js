// A page that was open during a new sign-in holds an old token: the cookie has the current one.
import { token } from "./token.js";

for (const form of document.querySelectorAll("form[data-fresh-token]")) {
  form.addEventListener("submit", () => {
    const field = form.elements.namedItem("csrfmiddlewaretoken");
    if (field && token()) field.value = token();
  });
}
