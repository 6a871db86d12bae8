// Takes chats or not, and how many at once. What the socket says right after a change may be older than the change.
import { post, reasonOf } from "./console-post.js";

const SETTLING = 3_000;

export const presence = (desk, { words, say, onChange }) => {
  const form = desk.querySelector("[data-presence]");
  const button = form.querySelector("[role=switch]");
  const limitForm = desk.querySelector("[data-limit-form]");
  const field = limitForm.elements.namedItem("limit");
  let changedAt = -SETTLING;
  let state;

  const draw = (news) => {
    state = news;
    button.ariaChecked = String(state.accepting);
    button.value = state.accepting ? "0" : "1";
    if (field !== document.activeElement) field.value = state.limit;
  };

  const choose = async (values) => {
    changedAt = performance.now();
    const result = await post(form.action, values);
    if (!result.ok) say(reasonOf(result, words));
    else draw(result.answer);
    onChange(state);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose({ accepting: button.value });
  });
  limitForm.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("change", () => { if (field.reportValidity()) choose({ limit: field.value }); });
  limitForm.querySelector("[data-limit-save]").hidden = true;
  draw({ accepting: button.ariaChecked === "true", limit: Number(field.value) });

  return {
    show: ({ accepting, limit }) => { if (performance.now() - changedAt > SETTLING) draw({ accepting, limit }); },
    state: () => state,
  };
};
