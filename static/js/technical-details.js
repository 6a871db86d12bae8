// Fills in the size of the window and shows what will be sent.
const field = document.querySelector("[data-viewport]");
const row = document.querySelector("[data-viewport-row]");

const measure = () => {
  field.value = `${window.innerWidth}×${window.innerHeight}`;
  row.querySelector("[data-viewport-text]").textContent = field.value;
};

if (field) {
  row.hidden = false;
  measure();
  window.addEventListener("resize", measure);
}
