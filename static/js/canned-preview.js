// Shows the unsaved texts of a canned reply, filled for a ticket, inside the editor.
// Without this script the same button opens them in a new tab.
const box = document.querySelector("[data-canned-preview]");

if (box) {
  const button = box.querySelector("[data-canned-preview-button]");
  const place = box.querySelector("[data-canned-preview-place]");
  const number = box.querySelector("[name=number]");

  const say = (words) => {
    const line = document.createElement("p");
    line.className = "errornote";
    line.textContent = words;
    place.replaceChildren(line);
  };

  const show = async () => {
    const body = new FormData(button.form);
    body.append("fragment", "1");
    button.disabled = true;
    const answer = await fetch(button.formAction, { method: "POST", body }).catch(() => null);
    const page = answer ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    const preview = page?.querySelector(".preview");
    if (preview) place.replaceChildren(document.adoptNode(preview));
    else say(box.dataset.failed);
    button.disabled = false;
    button.focus();
  };

  button.addEventListener("click", (event) => {
    event.preventDefault();
    if (!button.disabled) show();
  });
  // Enter in this field must not save the reply.
  number.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    button.click();
  });
}
