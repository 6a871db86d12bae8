// The lines of a talk: adds what comes, in order and once, with days, what is new, and what is still on its way.
// log(element, {side, onSeen(seq), onRetry(id), onForget(id)}): `side` is who looks, member or agent. The page holds
// the templates data-pending, data-mark and data-divider (chat/_pending.html); a jump button may stand near the log.
import { clock, days } from "./chat-days.js";

const NEAR = 48;

const pattern = (selector) => document.querySelector(`template[data-${selector}]`).content.firstElementChild.cloneNode(true);

// Rendered and escaped by our server.
const parse = (html) => document.adoptNode(new DOMParser().parseFromString(html, "text/html").body.firstElementChild);

const idOf = (line) => line.dataset.clientId;
const seqOf = (line) => Number(line.dataset.seq);

export const log = (element, { side, jump, onSeen, onRetry, onForget }) => {
  const list = element.querySelector("[data-log-list]");
  const waiting = element.querySelector("[data-log-pending]");
  const typingLine = element.querySelector("[data-typing]");
  const divide = days(list, element.dataset.zone);
  const time = clock(element.dataset.zone);
  const listening = new AbortController();
  const other = side === "member" ? "agent" : "member";
  let reported = Number(element.dataset.seen ?? 0);
  let otherSaw = 0;
  let wasAtEnd = true;
  let typingUntil;

  const lines = () => [...list.querySelectorAll("[data-seq]")];
  const own = () => lines().filter((line) => line.dataset.author === side);
  const last = () => lines().at(-1);
  const isAtEnd = () => element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
  const isRead = () => !document.hidden && element.isConnected && (element.checkVisibility?.() ?? true) && isAtEnd();
  const toEnd = () => { element.scrollTop = element.scrollHeight; };

  const report = () => {
    wasAtEnd = isAtEnd();
    if (jump) jump.hidden = isAtEnd();
    const seq = last() ? seqOf(last()) : 0;
    if (seq <= reported || !isRead()) return;
    if (onSeen(seq) !== false) reported = seq;
  };

  // Far enough of one's own lines carry a mark: the last one that was seen, and the last one of all.
  const mark = () => {
    for (const old of list.querySelectorAll("[data-own-mark]")) old.remove();
    const mine = own();
    const seen = mine.findLast((line) => seqOf(line) <= otherSaw);
    for (const [line, name] of [[seen, "seen"], [mine.at(-1), "sent"]]) {
      if (!line || line.querySelector("[data-own-mark]")) continue;
      const words = pattern(`mark="${name}"`);
      words.dataset.ownMark = name;
      line.append(words);
    }
  };

  const divideNew = (line) => {
    if (list.querySelector("[data-divider-new]") || line.dataset.author === side) return;
    line.before(pattern("divider=\"new\""));
  };

  const place = (line) => {
    const next = lines().find((later) => seqOf(later) > seqOf(line));
    if (next) next.before(line);
    else list.append(line);
  };

  const add = ({ seq, client_id: id, html }) => {
    if (list.querySelector(`[data-seq="${Number(seq)}"]`)) return null;
    const follows = isAtEnd();
    const line = parse(html);
    const isOwn = line.dataset.author === side;
    line.classList.add("is-fresh");
    if (isOwn || isRead()) list.querySelector("[data-divider-new]")?.remove();
    waiting.querySelector(`[data-client-id="${CSS.escape(id ?? "")}"]`)?.remove();
    place(line);
    if (!isOwn && !isRead()) divideNew(line);
    if (line.dataset.author !== "system") typing({ on: false });
    divide();
    mark();
    if (follows || isOwn) toEnd();
    report();
    return line;
  };

  const draw = (item) => {
    const line = pattern("pending");
    const bubble = line.querySelector("[data-body]");
    const frame = line.querySelector("[data-pending-picture]");
    line.dataset.clientId = item.client_id;
    Object.assign(line.querySelector("time"), { dateTime: item.at, textContent: time(item.at) });
    bubble.textContent = item.body;
    bubble.hidden = !item.body;
    for (const { name, thumb } of item.pictures ?? []) {
      const picture = frame.cloneNode(true);
      picture.querySelector("img").src = thumb;
      picture.querySelector("bdi").textContent = name;
      line.append(picture);
    }
    frame.remove();
    return line;
  };

  const isSent = (line) => line.dataset.state === "sent";

  const showState = (line, { state, reason }) => {
    if (line.dataset.state === state && line.dataset.reason === reason) return;
    Object.assign(line.dataset, { state, reason });
    line.classList.toggle("is-failed", state === "failed");
    line.querySelector(".sent")?.remove();
    const words = pattern(`mark="${state}"`);
    if (reason) words.querySelector("[data-mark-reason]").textContent = reason;
    line.append(words);
  };

  // What the outbox holds, below what was said; a line that has come back already is not drawn twice.
  const pending = (items) => {
    const known = new Set(own().map(idOf));
    const held = items.filter((item) => !known.has(item.client_id));
    for (const line of [...waiting.children]) {
      if (!isSent(line) && !held.some((item) => item.client_id === idOf(line))) line.remove();
    }
    for (const item of held) {
      let line = [...waiting.children].find((drawn) => idOf(drawn) === item.client_id);
      const isNew = !line;
      line ??= draw(item);
      waiting.append(line);
      showState(line, item);
      if (isNew) toEnd();
    }
  };

  // An answered line stays where it is until it comes back as the server draws it.
  const sent = (id) => {
    const line = [...waiting.children].find((drawn) => idOf(drawn) === id);
    if (line) showState(line, { state: "sent", reason: "" });
  };

  const seen = ({ author, seq }) => {
    if (author === side) {
      reported = Math.max(reported, seq);
      return;
    }
    if (author !== other || seq <= otherSaw) return;
    otherSaw = seq;
    mark();
  };

  // Shown for six seconds; whoever goes on writing says so every three.
  const typing = ({ on, words = "" }) => {
    const follows = isAtEnd();
    clearTimeout(typingUntil);
    typingLine.textContent = on ? words : "";
    if (on) typingUntil = setTimeout(() => { typingLine.textContent = ""; }, 6_000);
    if (follows) toEnd();
  };

  const on = (target, name, act) => target.addEventListener(name, act, { signal: listening.signal });
  on(element, "scroll", report);
  on(document, "visibilitychange", report);
  // What opens above or below, a strip or a keyboard, must not cover the newest line.
  const size = new ResizeObserver(() => {
    if (wasAtEnd) toEnd();
    report();
  });
  size.observe(element);
  on(jump ?? element, "click", ({ target }) => { if (jump && target.closest("button")) toEnd(); });
  on(waiting, "click", ({ target }) => {
    const id = target.closest("[data-client-id]")?.dataset.clientId;
    if (target.closest("[data-try-again]")) onRetry(id);
    if (target.closest("[data-forget]")) onForget(id);
  });
  // A link in a message must not replace the talk.
  on(list, "click", ({ target }) => {
    const link = target.closest("[data-body] a");
    if (link) Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
  });

  const [firstNew] = lines().filter((line) => line.dataset.author === other && seqOf(line) > reported);
  if (reported && firstNew) divideNew(firstNew);
  divide();
  mark();
  const news = list.querySelector("[data-divider-new]");
  toEnd();
  if (news) element.scrollTop += Math.min(0, news.getBoundingClientRect().top - element.getBoundingClientRect().top);
  report();

  const close = () => {
    listening.abort();
    size.disconnect();
  };

  return { add, pending, sent, seen, typing, report, isRead, lastSeq: () => (last() ? seqOf(last()) : 0), close };
};
