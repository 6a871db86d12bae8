// The end in two steps, in place: the first press asks, the second ends. Focus goes to the question and back.
import { token } from "./token.js";

const REST = 500; // the second tap of a double one may meet the button that ends it

export const ending = (room, onEnded) => {
  const ask = room.querySelector("[data-end-ask]");
  const question = room.querySelector("[data-end-question]");
  const form = room.querySelector("[data-end]");

  const rest = () => {
    const yes = question.querySelector("[name=confirm]");
    yes.disabled = true;
    setTimeout(() => { yes.disabled = false; }, REST);
  };

  const turn = (isAsking) => {
    if (isAsking) rest();
    question.hidden = !isAsking;
    ask.hidden = isAsking;
    (isAsking ? question.querySelector("[tabindex]") : ask.matches("button") ? ask : ask.querySelector("[form=end]")).focus();
  };

  const end = async () => {
    const body = new FormData(form);
    body.append("confirm", "1");
    const headers = { Accept: "application/json", "X-CSRFToken": token() };
    const answer = await fetch(form.action, { method: "POST", body, headers }).catch(() => ({}));
    return answer.ok;
  };

  form.addEventListener("submit", async (event) => {
    const { submitter } = event;
    if (form.dataset.plainly) return;
    event.preventDefault();
    if (submitter?.name !== "confirm") return turn(true);
    if (await end()) return onEnded();
    // Whatever it is, the server's own page says it better.
    form.dataset.plainly = "yes";
    return form.requestSubmit(submitter);
  });
  question.querySelector("[data-end-keep]").addEventListener("click", (event) => {
    event.preventDefault();
    turn(false);
  });
};
