// A form sent while pictures are on their way or have failed asks: wait, try again, or send without.
import { firstButton, part } from "./upload-row.js";

export const holdBack = (zone, form, rows) => {
  const busy = part(zone, "busy");
  const stuck = part(zone, "stuck");
  const wait = part(zone, "wait");
  const inState = (...states) => rows().filter((row) => states.includes(row.dataset.state));
  let isWaiting = false;
  let submitter;

  const close = () => {
    isWaiting = false;
    busy.hidden = stuck.hidden = true;
    wait.hidden = false;
  };

  const ask = (notice) => {
    close();
    notice.hidden = false;
    firstButton(notice).focus();
  };

  const hold = () => {
    ask(busy);
    isWaiting = true;
    part(busy, "without").focus();
    wait.hidden = true;
  };

  const sendWithout = () => {
    close();
    for (const row of inState("sending")) part(row, "cancel").click();
    for (const row of inState("failed")) part(row, "remove").click();
    // Cancelled requests settle in the next task.
    setTimeout(() => form.requestSubmit(submitter));
  };

  form.addEventListener("submit", (event) => {
    const failed = inState("failed");
    const isBusy = inState("sending").length > 0;
    if (!isBusy && !failed.length) return;
    event.preventDefault();
    submitter = event.submitter;
    part(stuck, "names").textContent = failed.map((row) => part(row, "name").textContent).join(", ");
    ask(isBusy ? busy : stuck);
  });

  wait.addEventListener("click", hold);
  part(stuck, "again").addEventListener("click", () => {
    for (const row of inState("failed")) part(row, "retry").click();
    hold();
  });
  for (const notice of [busy, stuck]) part(notice, "without").addEventListener("click", sendWithout);

  zone.addEventListener("upload-settled", () => {
    if (busy.hidden || inState("sending").length) return;
    const [failed] = inState("failed", "refused");
    const goOn = isWaiting && !failed;
    close();
    if (goOn) form.requestSubmit(submitter);
    else (firstButton(failed) ?? zone.querySelector("button[data-upload-pick]")).focus();
  });
};
