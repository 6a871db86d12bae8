// A form sent while pictures are on their way asks: wait for them, or send without.
import { firstButton, part } from "./upload-row.js";

export const holdBack = (zone, form, rows) => {
  const notice = part(zone, "busy");
  const wait = part(zone, "wait");
  const without = part(zone, "without");
  const sending = () => rows().filter((row) => row.dataset.state === "sending");
  let isWaiting = false;

  const ask = () => {
    notice.hidden = false;
    wait.hidden = false;
    wait.focus();
  };

  const close = () => {
    isWaiting = false;
    notice.hidden = true;
  };

  form.addEventListener("submit", (event) => {
    if (!sending().length) return;
    event.preventDefault();
    ask();
  });

  wait.addEventListener("click", () => {
    isWaiting = true;
    without.focus();
    wait.hidden = true;
  });

  without.addEventListener("click", () => {
    for (const row of sending()) part(row, "cancel").click();
    close();
    // Cancelled requests settle in the next task.
    setTimeout(() => form.requestSubmit());
  });

  zone.addEventListener("upload-settled", () => {
    if (notice.hidden || sending().length) return;
    const failed = rows().find((row) => ["failed", "refused"].includes(row.dataset.state));
    const send = isWaiting && !failed;
    close();
    if (send) form.requestSubmit();
    else (firstButton(failed) ?? zone.querySelector("button[data-upload-pick]")).focus();
  });
};
