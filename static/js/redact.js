// Draws rectangles over a picture. What is sent are the rows of numbers, which anybody may type as well.
const NAMESPACE = "http://www.w3.org/2000/svg";
const SIDES = ["x", "y", "width", "height"];
const LEAST = 0.3; // per cent; less is a tap
const form = document.querySelector("[data-redact]");
const part = (name) => form.querySelector(`[data-redact-${name}]`);
const [stage, rows, undo] = ["stage", "rows", "undo"].map(part);
let drawing = null;

const fieldsOf = (row) => [...row.querySelectorAll("input")];
const isBlank = (row) => fieldsOf(row).every((field) => !field.value);
const marked = () => [...rows.children].filter((row) => !isBlank(row));

const draw = () => {
  const rects = marked().map((row) => {
    const rect = document.createElementNS(NAMESPACE, "rect");
    fieldsOf(row).forEach((field, index) => rect.setAttribute(SIDES[index], Math.max(0, field.valueAsNumber || 0)));
    return rect;
  });
  stage.replaceChildren(...rects);
  undo.hidden = !rects.length;
};

const blankRow = () => {
  const last = rows.lastElementChild;
  if (last && isBlank(last)) return last;
  rows.append(part("blank").content.cloneNode(true));
  rows.lastElementChild.querySelector("[data-redact-drop]").hidden = false;
  return rows.lastElementChild;
};

const drop = (row) => {
  row.remove();
  draw();
};

const spot = ({ clientX, clientY }) => {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return [(clientX - left) / width, (clientY - top) / height].map((share) => Math.min(100, Math.max(0, share * 100)));
};

const stretch = (event) => {
  if (event.pointerId !== drawing?.id) return;
  const end = spot(event);
  const corner = end.map((value, index) => Math.min(value, drawing.start[index]));
  const size = end.map((value, index) => Math.abs(value - drawing.start[index]));
  drawing.size = size;
  fieldsOf(drawing.row).forEach((field, index) => { field.value = Math.round([...corner, ...size][index] * 100) / 100; });
  draw();
};

const finish = (event) => {
  if (event.pointerId !== drawing?.id) return;
  const { row, size } = drawing;
  drawing = null;
  // Two fingers zoom the page and a tap marks nothing.
  if (event.type === "pointercancel" || size.some((side) => side < LEAST)) drop(row);
};

stage.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button || drawing) return;
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
  drawing = { id: event.pointerId, start: spot(event), row: blankRow(), size: [0, 0] };
});
stage.addEventListener("pointermove", stretch);
stage.addEventListener("pointerup", finish);
stage.addEventListener("pointercancel", finish);
rows.addEventListener("input", draw);
rows.addEventListener("click", (event) => {
  const row = event.target.matches("[data-redact-drop]") && event.target.closest("[data-redact-row]");
  if (!row) return;
  drop(row);
  part("more").focus();
});
undo.addEventListener("click", () => {
  drop(marked().at(-1));
  if (undo.hidden) part("send").focus();
});
part("more").addEventListener("click", (event) => {
  event.preventDefault();
  fieldsOf(blankRow())[0].focus();
});

part("how").hidden = false;
part("numbers").open = marked().length > 0;
for (const button of rows.querySelectorAll("[data-redact-drop]")) button.hidden = false;
draw();
