// Choosing rows of the work list: all at once, a range with the shift key, and how many they are.
// On a phone the saved views stand in one line: the current one is brought into sight.
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
    form.dataset.picked = chosen;
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

const view = document.querySelector("[data-views] [aria-current]");
const strip = view?.closest("ul");

if (form) follow();
if (strip && strip.scrollWidth > strip.clientWidth) {
  const middle = (box) => box.left + box.width / 2;
  strip.scrollLeft += middle(view.getBoundingClientRect()) - middle(strip.getBoundingClientRect());
}
