// Choosing rows of the work list: all at once, a range with the shift key, and how many they are.
const form = document.querySelector("[data-selection]");

const follow = () => {
  const boxes = [...form.querySelectorAll("[data-pick]")];
  const all = form.querySelector("[data-pick-all]");
  const count = form.querySelector("[data-pick-count]");
  let last = null;

  const tell = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && !all.checked;
    count.textContent = chosen ? count.dataset.some.replace("{n}", chosen) : count.dataset.none;
    for (const box of boxes) box.closest("[data-row]").classList.toggle("is-chosen", box.checked);
  };

  form.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (!box) return;
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
  });
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes) box.checked = all.checked;
    tell();
  });
  all.hidden = false;
  tell();
  window.addEventListener("pageshow", tell); // the browser may give ticked boxes back
};

if (form) follow();
