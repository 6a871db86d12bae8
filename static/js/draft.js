// Saves what is typed as a draft on the server, a few seconds after typing stops and when the page is left.
import { token } from "./token.js";
import { isUnsettled } from "./upload-row.js";

const PAUSE = 3000;
const PATIENCE = 10_000;
const LEAVING = 15_000; // who is still here by then was not led on: the page was stopped on its way
const CARRIED = 60_000; // what a browser sends after a page is gone
const FIELDS = ["draft", "language", "title", "description", "uploads"];
const form = document.querySelector("form[data-draft-url]");
let dirty = false;
let saving = null;
let leaving = false;
let sent = false;
let timer;

const body = () => {
  const all = new FormData(form);
  const kept = new URLSearchParams();
  for (const name of FIELDS) for (const value of all.getAll(name)) kept.append(name, value);
  return kept;
};

const post = (words) => fetch(form.dataset.draftUrl, {
  method: "POST",
  headers: { Accept: "application/json", "X-CSRFToken": token() },
  body: words,
  signal: AbortSignal.timeout(PATIENCE),
  keepalive: `${words}`.length < CARRIED,
});

const saved = ({ draft, saved_at: at }) => {
  const line = form.querySelector("[data-draft-line]");
  const word = line.querySelector("[data-draft-word]");
  const time = line.querySelector("[data-draft-time]");
  form.elements.namedItem("draft").value = draft;
  line.hidden = false;
  word.textContent = word.dataset.draftWord;
  time.dateTime = at;
  const format = { hour: "numeric", minute: "2-digit", hourCycle: "h23", timeZone: time.dataset.timeZone };
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, format).format(new Date(at));
};

// Quiet when it fails: the text is still in the page, the guard below stays up and the next change tries again.
const attempt = async () => {
  dirty = false;
  try {
    const answer = await post(body());
    if (!answer.ok) throw new Error(answer.status);
    saved(await answer.json());
  } catch {
    dirty = true;
    return;
  }
  if (dirty) later();
};

const save = () => {
  if (dirty && !saving && !leaving) saving = attempt().finally(() => { saving = null; });
};

const later = () => {
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
};

const changed = (event) => {
  if (event.target.name && !FIELDS.includes(event.target.name)) return;
  dirty = true;
  later();
};

// A save on its way would leave behind a draft that this page knows nothing of.
const holdBack = async (event) => {
  if (!saving) return;
  event.preventDefault();
  event.stopPropagation();
  await saving;
  event.target.requestSubmit(event.submitter);
};

// A change of language takes everything along but pictures on their way.
const isLeaving = ({ target }) => target === form || (target.matches("[data-keep-form]") && !isUnsettled(form));

if (form) {
  // The draft remembers; the browser would bring back half of what was sent.
  form.autocomplete = "off";
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("uploads-changed", changed);
  document.addEventListener("submit", holdBack, { capture: true });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !isLeaving(event)) return;
    leaving = sent = true;
    clearTimeout(timer);
    setTimeout(() => { leaving = false; }, LEAVING);
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden && !sent) save(); });
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted && sent) location.reload(); });
  window.addEventListener("beforeunload", (event) => { if (!leaving && (dirty || saving || isUnsettled(form))) event.preventDefault(); });
}
