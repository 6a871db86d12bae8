// The pulse of a ticket page: tells the server that somebody looks or writes, keeps what is typed, shows who else is there
// and that something is new. Only a page in which somebody typed says what the text is: another tab's is never emptied.
import { token } from "./token.js";
import { isUnsettled } from "./upload-row.js";

const PAUSE = 1_500;
const PATIENCE = 10_000;
const CARRIED = 60_000; // what a browser sends after a page is gone
const HANDED = 15_000; // for so long the next page of this tab asks for the last words of this one
const GONE = [403, 404];
const form = document.querySelector("form[data-pulse]");
const part = (name) => document.querySelector(`[data-${name}]`);
let known = form?.dataset.draft;
let isDirty = false;
let isTouched = false;
let hasTyped = false;
let hasFailed = false;
let isElsewhere = false;
let isLeaving = false;
let isOver = false;
let sending = null;
let timer;

const texts = () => [...form.querySelectorAll("textarea")];
const hasText = () => texts().some(({ value }) => value.trim());

// Of the two tabs' texts the one that shows is kept, or the other if nothing stands here.
const written = () => {
  const all = new FormData(form);
  const other = all.get("other") ?? "";
  if (other.trim() && !all.get("body").trim()) {
    all.set("body", other);
    all.set("mode", all.get("mode") === "note" ? "reply" : "note");
  }
  return all;
};

const letter = (withText) => {
  const all = written();
  const sent = new URLSearchParams({ submission_id: all.get("submission_id") ?? "" });
  if (hasTyped) sent.append("writing", "1");
  if (!withText) return sent;
  for (const name of ["mode", "body", "questions"]) for (const value of all.getAll(name)) sent.append(name, value);
  sent.append("draft", known);
  return sent;
};

const showOthers = (others) => {
  const [spoken] = document.querySelectorAll("[data-presence]");
  if ([...spoken.querySelectorAll("bdi")].map((line) => line.textContent).join("\n") === others.map(({ text }) => text).join("\n")) return;
  for (const place of document.querySelectorAll("[data-presence]")) {
    place.replaceChildren(...others.map(({ text, writing }) => {
      const line = part(writing ? "presence-writing" : "presence-viewing").content.firstElementChild.cloneNode(true);
      line.querySelector("bdi").textContent = text;
      return line;
    }));
  }
};

const showDraft = (savedAt) => {
  const line = part("draft-time");
  if (!line) return;
  part("draft-failed").hidden = !hasFailed;
  part("draft-saved").hidden = hasFailed || !isTouched || !savedAt;
  if (line.textContent !== savedAt) line.textContent = savedAt;
};

const showNews = (newest) => {
  if (newest > Number(form.elements.namedItem("seen").value)) part("news").hidden = false;
};

const showMerged = ({ merged, text }) => {
  isOver = true;
  part("merged-text").textContent = text;
  part("merged-link").href = merged + location.search;
  part("merged").hidden = false;
};

const hear = (answer, withText) => {
  hasFailed = false;
  if (answer.merged) {
    showMerged(answer);
    return;
  }
  if (withText) isElsewhere = !answer.saved;
  else if (isElsewhere && !answer.draft) {
    isElsewhere = false;
    isDirty = true;
  }
  if (withText && answer.saved) known = answer.draft;
  // Another tab sent or replaced what this one believes kept.
  else if (isTouched && answer.draft !== known && hasText()) isDirty = true;
  part("elsewhere").hidden = !isElsewhere || !hasText();
  showOthers(answer.others);
  showNews(answer.newest);
  showDraft(answer.draft === known ? answer.saved_at : "");
};

const beat = async (over = false) => {
  if (sending || isLeaving || isOver) return;
  const withText = over || (isDirty && !isElsewhere);
  const body = letter(withText);
  if (over) body.delete("draft");
  if (withText) isDirty = false;
  hasTyped = false;
  const aborter = new AbortController();
  const patience = setTimeout(() => aborter.abort(), PATIENCE);
  sending = aborter;
  const headers = { Accept: "application/json", "X-CSRFToken": token() };
  const answer = await fetch(form.dataset.pulse, { method: "POST", body, headers, signal: aborter.signal, keepalive: `${body}`.length < CARRIED }).catch(() => null);
  const said = answer?.ok ? await answer.json().catch(() => null) : null;
  clearTimeout(patience);
  sending = null;
  isOver = GONE.includes(answer?.status);
  if (said) return hear(said, withText);
  if (!withText) return null;
  isDirty = hasFailed = true;
  return showDraft("");
};

// The page that follows may have been asked for before the last words of this one were kept.
const handOver = () => {
  if (isTouched && !isElsewhere && !isLeaving && hasText()) sessionStorage.setItem(form.dataset.pulse, JSON.stringify({ at: Date.now(), said: `${letter(true)}` }));
};

const takeOver = async () => {
  const { at, said } = JSON.parse(sessionStorage.getItem(form.dataset.pulse)) ?? {};
  sessionStorage.removeItem(form.dataset.pulse);
  if (!said || Date.now() - at > HANDED || "unsaved" in form.dataset) return;
  const [handed, shown] = [new URLSearchParams(said), written()];
  const words = (all) => ["mode", "body", "questions"].flatMap((name) => all.getAll(name)).map((text) => text.trim()).filter(Boolean).join("\n");
  if (words(handed) === words(shown)) return;
  handed.delete("draft");
  const headers = { Accept: "application/json", "X-CSRFToken": token() };
  const answer = await fetch(form.dataset.pulse, { method: "POST", body: handed, headers, signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
  if (answer?.ok && !isTouched && !isLeaving) location.reload();
};

const later = () => {
  clearTimeout(timer);
  timer = setTimeout(() => { if (sending) later(); else beat(); }, PAUSE);
};

const changed = ({ target }) => {
  if (target !== form && !["mode", "body", "questions"].includes(target.name)) return;
  if (target.name === "mode" && !hasText()) return;
  isDirty = isTouched = true;
  hasTyped ||= target.name !== "mode";
  later();
};

// The last word of a page. A text on its way was this page's own: what follows it may replace it.
const leave = () => {
  const body = letter(isDirty && !isElsewhere && !isLeaving);
  if (sending) body.delete("draft");
  body.append("leave", "1");
  body.append("csrfmiddlewaretoken", token());
  navigator.sendBeacon(form.dataset.pulse, body);
};

const hasBoth = () => ["body", "other"].every((name) => form.elements.namedItem(name)?.value.trim());

const isUnkept = () => hasBoth() || (isDirty && (hasFailed || isElsewhere) && hasText()) || isUnsettled(form) || form.elements.namedItem("note")?.value.trim() || form.querySelector("[data-upload-list] > li") !== null;

const start = () => {
  isDirty = isTouched = "unsaved" in form.dataset;
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  part("keep-this").addEventListener("click", () => {
    isElsewhere = false;
    form.querySelector("textarea").focus();
    beat(true);
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target !== form) return;
    isLeaving = true;
    clearTimeout(timer);
    sending?.abort();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden || isDirty) beat(); });
  window.addEventListener("pagehide", () => { handOver(); leave(); });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && isLeaving) location.reload();
    else if (persisted) beat();
  });
  // The next page asks for the draft before this one hides.
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && isUnkept()) event.preventDefault();
    else if (isDirty) beat();
  });
  part("news-link").addEventListener("click", async (event) => {
    if (!isDirty || isElsewhere) return;
    event.preventDefault();
    await beat();
    location.reload();
  });
  setInterval(() => { if (!document.hidden) beat(); }, Number(form.dataset.every) * 1000);
  takeOver();
  beat();
};

if (form) start();
