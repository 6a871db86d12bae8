// Words that a chat did not take any more: shown on its last page, with a way into a ticket.
import { keep, recall } from "./chat-memory.js";

export const unsent = (form, { conversation, me }) => {
  if (!form) return;
  const keys = { draft: `chat-draft:${me}:${conversation}`, held: `chat-outbox:${me}:${conversation}` };
  const held = recall(keys.held, []);
  const forget = () => Object.values(keys).forEach((key) => keep(key, null));
  const said = [...document.querySelectorAll("[data-client-id]")].map(({ dataset }) => dataset.clientId);
  const words = [...held.filter((item) => !said.includes(item.client_id)).map(({ body }) => body), recall(keys.draft, "")];
  const text = words.filter((part) => part.trim()).join("\n\n");
  if (!text) return;
  form.elements.namedItem("body").value = text;
  form.hidden = false;
  for (const id of held.flatMap(({ uploads }) => uploads)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "uploads", value: id }));
  }
  form.addEventListener("submit", forget);
  form.querySelector("[data-unsent-forget]").addEventListener("click", () => {
    forget();
    form.hidden = true;
    document.querySelector("h1")?.focus();
  });
};
