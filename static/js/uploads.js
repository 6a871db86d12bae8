// Pictures go up as soon as they are added; the form then sends only their ids.
import { guard } from "./leave-guard.js";
import { carry } from "./upload-carry.js";
import { answerReason, fileReason, isWorthRetrying } from "./upload-reasons.js";
import { firstButton, name, part, preview, readableSize, show, showFailure, showProgress, store, wordsOf } from "./upload-row.js";
import { send } from "./upload-send.js";
import { listen } from "./upload-sources.js";
import { holdBack } from "./upload-submit.js";
import { token } from "./token.js";

const ZERO = "00000000-0000-0000-0000-000000000000";

export const start = (zone) => {
  const { url, removeUrl } = zone.dataset;
  const form = zone.closest("form");
  const list = part(zone, "list");
  const words = wordsOf(part(zone, "words"));
  const files = new Map();
  const rows = () => [...list.children];
  // Also of the pictures that the page shows already.
  const names = () => [...document.querySelectorAll("[data-upload-name], [data-picture-name]")].map((label) => label.textContent);
  const say = (text) => { part(zone, "status").textContent = text; };
  const changed = () => zone.dispatchEvent(new Event("uploads-changed", { bubbles: true }));

  const drop = (row) => {
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    const focused = row.contains(document.activeElement);
    say(words("removed", { name: part(row, "name").textContent }));
    files.delete(row);
    row.remove();
    list.hidden = !list.children.length;
    if (focused) (firstButton(neighbour) ?? zone.querySelector("button[data-upload-pick]")).focus();
    changed();
  };

  const remove = async (row) => {
    const { upload } = row.dataset;
    if (!upload) return drop(row);
    const answer = await fetch(removeUrl.replace(ZERO, upload), {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": token() },
    }).catch(() => ({}));
    if (answer.ok || answer.status === 404) return drop(row);
    return say(words("failed"));
  };

  const finish = (row, result) => {
    if (result.status === "cancelled") return drop(row);
    if (result.status !== 201) {
      const reason = answerReason(result, words);
      showFailure(row, reason, isWorthRetrying(result));
      return say(`${part(row, "name").textContent}: ${reason}`);
    }
    store(row, result.answer, words);
    say(words("uploaded", { name: result.answer.name }));
    return changed();
  };

  const upload = (row) => {
    show(row, "sending");
    showProgress(row, 0, words);
    const cancel = send({
      file: files.get(row),
      url,
      onProgress: (share) => showProgress(row, share, words),
      onDone: (result) => {
        finish(row, result);
        zone.dispatchEvent(new Event("upload-settled"));
      },
    });
    part(row, "cancel").onclick = cancel;
  };

  const addRow = () => {
    const row = part(zone, "row").content.firstElementChild.cloneNode(true);
    list.append(row);
    list.hidden = false;
    return row;
  };

  const begin = (file) => {
    const row = addRow();
    files.set(row, file);
    name(row, file.name, words);
    part(row, "size").textContent = readableSize(file.size);
    preview(row, URL.createObjectURL(file));
    upload(row);
  };

  const add = (added) => {
    const problem = part(zone, "problem");
    const refused = added.map((file) => {
      const reason = fileReason(file, [...files.values()], rows().length, zone.dataset, words);
      if (!reason) begin(file);
      return reason && `${file.name}: ${reason}`;
    }).filter(Boolean);
    problem.textContent = refused.join("\n");
    problem.hidden = !refused.length;
  };

  const rename = (file) => {
    const ending = file.type === "image/jpeg" ? "jpg" : file.type.split("/")[1];
    let n = 1;
    while (names().some((taken) => taken.startsWith(`${words("pasted", { n })}.`))) n += 1;
    return new File([file], `${words("pasted", { n })}.${ending}`, { type: file.type });
  };

  for (const row of rows()) {
    row.querySelector("[data-upload-plain]").remove();
    name(row, part(row, "name").textContent, words);
    show(row, "done");
  }
  list.addEventListener("click", ({ target }) => {
    const row = target.closest("li");
    if (target.closest("[data-upload-remove]")) remove(row);
    if (target.closest("[data-upload-retry]")) upload(row);
  });
  listen(zone, form, add, rename);
  holdBack(zone, form, rows);
  carry(list, (picture) => store(addRow(), picture, words));
  // A draft, a composer and a pulse guard their forms themselves.
  if (!form.matches("[data-draft-url], [data-composer], [data-pulse]")) guard(form);
};

document.querySelectorAll("[data-uploads]").forEach(start);
