// Shows the pictures of a page at full size, one after the other, as large as their reader wants.
const dialog = document.querySelector("[data-viewer]");
const links = [...document.querySelectorAll("[data-shot]")];
const part = (name) => dialog.querySelector(`[data-viewer-${name}]`);
const button = (act) => dialog.querySelector(`[data-viewer-act="${act}"]`);
const [stage, position] = ["stage", "position"].map(part);
const picture = stage.appendChild(new Image());
const STEP = 1.25;
const LEAST = 0.1;
const MOST = 8;
const PAN = 80;
let current = 0;

// In pixels; known before the picture has arrived.
const ownWidth = () => Number(links[current].dataset.width);

// `scale` is of the picture's own size; 0 fits it into the window. What was in the middle stays there.
const zoom = (scale) => {
  const middle = (side, size) => (stage[`scroll${side}`] + stage[`client${size}`] / 2) / stage[`scroll${size}`];
  const [x, y] = [middle("Left", "Width"), middle("Top", "Height")];
  dialog.toggleAttribute("data-zoomed", scale > 0);
  button("fit").setAttribute("aria-pressed", scale === 0);
  button("full").setAttribute("aria-pressed", scale === 1);
  if (!scale) return picture.removeAttribute("width");
  picture.width = Math.round(ownWidth() * Math.min(MOST, Math.max(LEAST, scale)));
  return stage.scrollTo(x * stage.scrollWidth - stage.clientWidth / 2, y * stage.scrollHeight - stage.clientHeight / 2);
};

const step = (factor) => zoom((picture.clientWidth / ownWidth()) * factor);

const show = (index) => {
  current = (index + links.length) % links.length;
  const link = links[current];
  zoom(0);
  picture.src = link.href;
  picture.alt = link.querySelector("img").alt;
  part("original").href = link.href;
  part("name").textContent = link.querySelector("[data-picture-name]").textContent;
  position.textContent = position.dataset.words.replace("{n}", current + 1).replace("{total}", links.length);
};

// Arrows move within a picture that is larger than the window, else from picture to picture.
const move = (across, down) => {
  if (across && stage.scrollWidth <= stage.clientWidth) show(current + across);
  else stage.scrollBy(across * PAN, down * PAN);
};

const acts = {
  in: () => step(STEP),
  out: () => step(1 / STEP),
  fit: () => zoom(0),
  full: () => zoom(1),
  previous: () => show(current - 1),
  next: () => show(current + 1),
  close: () => dialog.close(),
};
const keys = {
  "+": acts.in, "=": acts.in, "-": acts.out, 0: acts.fit, 1: acts.full,
  ArrowLeft: () => move(-1, 0), ArrowRight: () => move(1, 0), ArrowUp: () => move(0, -1), ArrowDown: () => move(0, 1),
};

links.forEach((link, index) => link.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(index);
  dialog.showModal();
}));

for (const act of ["previous", "next"]) button(act).hidden = links.length < 2;

dialog.addEventListener("click", (event) => acts[event.target.closest("[data-viewer-act]")?.dataset.viewerAct]?.());

dialog.addEventListener("keydown", (event) => {
  const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
