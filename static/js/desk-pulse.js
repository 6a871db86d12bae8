// The pulse of a ticket page: tells the server that somebody looks or writes, keeps what is typed, shows who else is there
// and that something is new. Only a page in which somebody typed says what the text is: another tab's is never emptied.
import { token } from "./token.js";
import { isUnsettled } from "./upload-row.js";

const PAUSE = 1_500;
const PATIENCE = 10_000;
const CARRIED = 60_000; // what a browser sends after a page is gone
const HANDED = 15_000; // for so long the next page of this tab takes over the last words of this one
const STUCK = 15_000; // who is still here so long after sending was not led on
const GONE = [403, 404];
const FIELDS = ["mode", "body", "questions"];
const form = document.querySelector("form[data-pulse]");
const part = (name) => document.querySelector(`[data-${name}]`);
let known = form?.dataset.draft;
let isDirty = false;
let isTouched = false;
let hasTyped = false;
let hasFailed = false;
let isElsewhere = false;
let isOwner = false; // what stands here replaces what is kept, whoever wrote it
let isLeaving = false;
let hasSent = false;
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
  for (const name of FIELDS) for (const value of all.getAll(name)) sent.append(name, value);
  if (!isOwner) sent.append("draft", known);
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
    isDirty ||= withText;
    showMerged(answer);
    return;
  }
  if (withText) isElsewhere = !answer.saved;
  else if (isElsewhere && !answer.draft) {
    isElsewhere = false;
    isDirty = true;
  }
  if (withText && answer.saved) {
    known = answer.draft;
    isOwner = false;
  }
  // Another tab sent or replaced what this one believes kept.
  else if (isTouched && answer.draft !== known && hasText()) isDirty = true;
  part("elsewhere").hidden = !isElsewhere || !hasText();
  showOthers(answer.others);
  showNews(answer.newest);
  showDraft(answer.draft === known ? answer.saved_at : "");
};

const beat = async () => {
  if (sending || isLeaving || isOver) return;
  const withText = isDirty && !isElsewhere;
  const body = letter(withText);
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

// A browser that keeps nothing (blocked, full) is no reason to fail.
const stored = (act) => {
  try {
    return act(sessionStorage);
  } catch {
    return null;
  }
};

// The page that follows may have been asked for before the last words of this one were kept.
const handOver = () => {
  if (!(isDirty || sending) || !isTouched || isElsewhere || hasSent) return;
  stored((tab) => tab.setItem(form.dataset.pulse, JSON.stringify({ at: Date.now(), said: `${letter(true)}` })));
};

const fill = (said) => {
  form.querySelector(`[name=mode][value="${said.get("mode")}"]:not(:checked)`)?.click();
  form.elements.namedItem("other").value = "";
  form.elements.namedItem("body").value = said.get("body");
  const asked = said.getAll("questions").filter((text) => text.trim());
  const boxes = () => [...form.querySelectorAll("ol [name=questions]")];
  for (let n = boxes().length; n < asked.length; n += 1) form.querySelector("[data-question-add]")?.click();
  boxes().forEach((box, n) => {
    box.value = asked[n] ?? "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
  document.activeElement.blur();
};

const takeOver = () => {
  const { at, said } = JSON.parse(stored((tab) => tab.getItem(form.dataset.pulse))) ?? {};
  stored((tab) => tab.removeItem(form.dataset.pulse));
  const isUsed = "unsaved" in form.dataset || texts().some(({ value, defaultValue }) => value !== defaultValue);
  if (!said || Date.now() - at > HANDED || isUsed || !form.elements.namedItem("body")) return;
  const words = (all) => FIELDS.flatMap((name) => all.getAll(name)).filter((text) => text.trim()).join("\n");
  const [handed, shown] = [new URLSearchParams(said), written()];
  if (words(handed) === words(shown)) return;
  fill(handed);
  isOwner = true;
  form.dispatchEvent(new Event("input"));
};

const later = () => {
  clearTimeout(timer);
  timer = setTimeout(() => { if (sending) later(); else beat(); }, PAUSE);
};

const changed = ({ target }) => {
  if (target !== form && !FIELDS.includes(target.name)) return;
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

const isUnkept = () => hasBoth() || (isDirty && (hasFailed || isElsewhere || isOver) && hasText()) || isUnsettled(form) || form.elements.namedItem("note")?.value.trim() || form.querySelector("[data-upload-list] > li") !== null;

const start = () => {
  isDirty = isTouched = "unsaved" in form.dataset;
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  part("keep-this").addEventListener("click", () => {
    isElsewhere = false;
    isDirty = isOwner = true;
    form.querySelector("textarea").focus();
    if (sending) later();
    else beat();
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target !== form) return;
    isLeaving = hasSent = true;
    clearTimeout(timer);
    sending?.abort();
    setTimeout(() => {
      isLeaving = false;
      isDirty = isTouched && event.submitter?.value !== "discard";
    }, STUCK);
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden || isDirty) beat(); });
  window.addEventListener("pagehide", () => { handOver(); leave(); });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && hasSent) location.reload();
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
