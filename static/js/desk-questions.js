// The boxes of what is asked one by one: as many as are needed, and only then the button that sends them.
const NUMBER = "{n}";

const start = (area) => {
  const form = area.closest("form");
  const list = area.querySelector("ol");
  const add = form.querySelector("[data-question-add]");
  const pattern = area.querySelector("[data-question-pattern]");
  const words = {
    label: pattern.content.querySelector("label").textContent,
    remove: pattern.content.querySelector("[data-question-remove] span").textContent,
  };
  const rows = () => [...list.children];
  const fieldOf = (row) => row.querySelector("textarea");

  const number = (row, index) => {
    const n = index + 1;
    fieldOf(row).id = `id_questions_${n}`;
    row.querySelector("label").htmlFor = `id_questions_${n}`;
    row.querySelector("label").textContent = words.label.replace(NUMBER, n);
    row.querySelector("[data-question-remove] span").textContent = words.remove.replace(NUMBER, n);
    row.querySelector("[data-question-remove]").hidden = false;
  };

  const look = () => form.toggleAttribute("data-asking", rows().some((row) => fieldOf(row).value.trim()));

  const arrange = () => {
    rows().forEach(number);
    area.hidden = !rows().length;
    add.hidden = rows().length >= Number(area.dataset.most);
    look();
  };

  const more = () => {
    list.append(pattern.content.firstElementChild.cloneNode(true));
    arrange();
    fieldOf(list.lastElementChild).focus();
  };

  const less = (row) => {
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    arrange();
    (neighbour ? fieldOf(neighbour) : add).focus();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  };

  for (const row of rows()) if (!fieldOf(row).value.trim()) row.remove();
  area.open = true;
  area.querySelector("summary").hidden = true;
  add.addEventListener("click", more);
  list.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-question-remove]");
    if (button) less(button.closest("li"));
  });
  list.addEventListener("input", look);
  arrange();
};

document.querySelectorAll("[data-questions]").forEach(start);
