// One open chat of the console: its talk, where one writes, and the card of its member. Several live on one page.
// chatRoom(element, {...}) → what the console asks of it; the server draws it anew when it changes hands.
import { canned } from "./canned.js";
import { noteForm, noteMode } from "./console-note.js";
import { post, reasonOf } from "./console-post.js";
import { composer } from "./chat-composer.js";
import { connect } from "./chat-connection.js";
import { ending } from "./chat-ending.js";
import { log } from "./chat-log.js";
import { outbox } from "./chat-outbox.js";
import { start as startUploads } from "./uploads.js";

const TYPING = 6_000;
const PATIENCE = 10_000;
const AGAIN = 3_000;
const DEAF = 1_500;
const FIELD = "[data-composer] textarea, [data-note-form] textarea";
const LEAVINGS = ["release", "transfer"];
const HANDOVERS = ["claimed", "transferred", "released", "agent_lost", "ended"];

// An outbox listens for as long as the page lives: one for each conversation, whoever looks at it.
const boxes = new Map();
const boxOf = (conversation, me, url, onLetters) => {
  if (!boxes.has(conversation)) {
    const held = { onLetters };
    boxes.set(conversation, held);
    held.letters = outbox({ conversation, me, url, onChange: (...news) => held.onLetters(...news) });
  }
  const held = boxes.get(conversation);
  held.onLetters = onLetters;
  return held.letters;
};

const parse = (html) => document.adoptNode(new DOMParser().parseFromString(html, "text/html").body.firstElementChild);

export const fetchChat = async (address) => {
  try {
    const answer = await fetch(`${address}?part=talk`, { signal: AbortSignal.timeout(PATIENCE) });
    const element = answer.ok && !answer.redirected ? parse(await answer.text()) : null;
    return { status: answer.status, element: element?.matches("[data-chat]") ? element : null };
  } catch {
    return { status: 0, element: null };
  }
};

export const chatRoom = (first, { me, address, words, deskWords, tell, onChange, onSaid, onMoved, onLost, isFresh }) => {
  const id = first.dataset.chat;
  const { messages, notes, name, who } = first.dataset;
  const key = `${me}:${id}`;
  let element = first;
  let view = {};
  let seen = Number(first.querySelector("[data-log]").dataset.seen);
  let typingUntil = 0;
  let typingTimer;
  let connection;
  let letters;
  let news = null;
  let renewing = Promise.resolve();
  let next = null;
  let again;
  let deafUntil = 0;
  let isMyDoing = false;
  const part = (what) => element.querySelector(`[data-${what}]`);
  const isMine = () => "isMine" in element.dataset;
  const theirs = () => [...element.querySelectorAll("[data-seq][data-author=member]")];

  const addNote = (html) => {
    const note = parse(html);
    const list = part("log-list");
    if (list.querySelector(`[data-note="${Number(note.dataset.note)}"]`)) return;
    const box = part("log");
    const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
    list.append(note);
    if (follows) box.scrollTop = box.scrollHeight;
  };

  const complain = (text) => {
    const line = part("answer");
    line.textContent = text;
    line.hidden = !text;
  };

  const onLetters = (items, { type, client_id: sent, status, answer }) => {
    if (type === "sent") view.log?.sent(sent);
    view.log?.pending(items);
    if (type === "failed" && status === 409) refresh();
    if (type === "stopped" && status !== 401) {
      complain(reasonOf({ answer }, deskWords));
      refresh();
    }
  };

  const startLog = () => log(part("log"), {
    side: "agent",
    jump: part("jump"),
    onSeen: (seq) => {
      seen = Math.max(seen, seq);
      queueMicrotask(onChange);
      return connection?.send({ type: "seen", seq }) ?? false;
    },
    onRetry: (letter) => letters?.retry(letter),
    onForget: (letter) => letters?.forget(letter),
  });

  const startField = (form) => {
    letters = boxOf(id, me, messages, onLetters);
    const openCanned = canned(form, { onLanguage: () => part("act=language").requestSubmit() });
    const note = noteMode(form, { key, url: notes, words: deskWords, onNote: addNote, clear: () => view.composer.write("") });
    const field = composer(form, {
      key,
      words,
      onSend: (message) => letters.add(message),
      onTyping: (on) => { if (!on || !note.isOn()) connection?.send({ type: "typing", on }); },
    });
    return { composer: field, note, openCanned };
  };

  const isElsewhere = () => document.activeElement !== document.body && !element.contains(document.activeElement);

  const act = async (event) => {
    const form = event.target.closest("[data-act]");
    if (!form) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    if (LEAVINGS.includes(form.dataset.act)) isMyDoing = true;
    const result = await post(form.action, Object.fromEntries(new FormData(form)));
    form.ariaBusy = "false";
    complain(result.ok ? "" : reasonOf(result, deskWords));
    if (!result.ok) isMyDoing = false;
    if (result.ok && result.answer.ticket) tell(deskWords("ticket", { number: result.answer.ticket }), result.answer.url);
    if (result.ok || result.status === 409) await refresh();
    if (form.dataset.act === "claim" && result.ok && !isElsewhere()) view.composer?.field.focus();
    onMoved();
  };

  const startCard = () => {
    for (const scripted of element.querySelectorAll("[data-scripted]")) scripted.hidden = false;
    if (part("end")) ending(element, refresh);
    startTurns(element.querySelector(".transfer"), part("end"));
  };

  // One question at a time: to whom, or whether to end.
  const startTurns = (transfer, end) => {
    transfer?.addEventListener("toggle", () => {
      if (!transfer.open) return;
      part("end-question").hidden = true;
      part("end-ask").hidden = false;
    });
    end?.addEventListener("submit", ({ submitter }) => {
      if (submitter?.name === "confirm") isMyDoing = true;
      else if (transfer) transfer.open = false;
    });
  };

  const leaveField = (event) => {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented || !event.target.matches("textarea")) return;
    part("heading").focus();
  };

  const swallow = (event) => {
    if (Date.now() > deafUntil || event.target.matches("textarea, input, select") || event.key.length > 1 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    deafUntil = Date.now() + DEAF;
  };

  const look = () => {
    element.addEventListener("submit", act);
    element.addEventListener("keydown", leaveField);
    element.addEventListener("keydown", swallow);
    startCard();
    view = { log: startLog() };
    if (part("composer")) Object.assign(view, startField(part("composer")));
    if (part("note-form")) noteForm(part("note-form"), { key, url: notes, words: deskWords, onNote: addNote });
    if (letters) view.log.pending(letters.items());
  };

  const startAllUploads = () => { for (const zone of element.querySelectorAll("[data-uploads]")) startUploads(zone); };

  // Where one may write as before, only head and card are new, and what is half written stays.
  const swapAround = (fresh) => {
    const focused = element.contains(document.activeElement) && !part("log").parentElement.contains(document.activeElement);
    const answer = part("answer").textContent;
    element.querySelector(".talk > header").replaceWith(fresh.querySelector(".talk > header"));
    element.querySelector(".context").replaceWith(fresh.querySelector(".context"));
    element.dataset.status = fresh.dataset.status;
    startCard();
    if (answer) complain(answer);
    if (focused) part("heading").focus();
  };

  // Who writes goes on typing: what was a note must stay one, and letters without a field must not become commands.
  const goOnWriting = (old) => {
    const field = element.querySelector(FIELD);
    if (old.closest("[data-note-form]")) view.note?.turn(true);
    if (!field) deafUntil = Date.now() + DEAF;
    (field ?? part("heading")).focus();
    field?.setSelectionRange(old.selectionStart, old.selectionEnd);
  };

  const swapAll = (fresh) => {
    const focused = element.contains(document.activeElement) && document.activeElement;
    const answer = part("answer").textContent;
    view.log.close();
    fresh.hidden = element.hidden;
    element.replaceWith(fresh);
    element = fresh;
    startAllUploads();
    look();
    if (answer) complain(answer);
    if (focused && focused.matches(FIELD)) goOnWriting(focused);
    else if (focused) part("heading").focus();
  };

  const canStay = (fresh) => isMine() === ("isMine" in fresh.dataset) && fresh.dataset.status === element.dataset.status;

  const renew = async () => {
    if (!element.isConnected) return;
    clearTimeout(again);
    news = [];
    const wasMine = isMine();
    const { element: fresh, status } = await fetchChat(address);
    if (fresh && element.isConnected) (canStay(fresh) ? swapAround : swapAll)(fresh);
    const missed = news;
    news = null;
    missed.forEach(take);
    const isUnanswered = !status || status >= 500;
    if (isUnanswered && element.isConnected) again = setTimeout(refresh, AGAIN);
    if ([403, 404].includes(status)) connection.close();
    if (isUnanswered) return;
    if (isMine()) isMyDoing = false;
    else if (wasMine) onLost({ id, name, isOver: element.dataset.status === "closed", isMyDoing });
    onChange();
  };

  // One after the other: who asks meanwhile may know of something newer than the answer on its way.
  function refresh() {
    if (next) return next;
    next = renewing.then(() => {
      next = null;
      return renew();
    });
    renewing = next.catch(() => {});
    return next;
  }

  const showTyping = ({ on, name: typist }) => {
    clearTimeout(typingTimer);
    typingUntil = on ? Date.now() + TYPING : 0;
    if (on) typingTimer = setTimeout(onChange, TYPING);
    view.log.typing({ on, words: words("typing", { name: typist }) });
    onChange();
  };

  const KINDS = {
    message: (frame) => {
      if (frame.client_id) letters?.arrived(frame.client_id);
      const line = view.log.add(frame);
      if (!line) return;
      if (frame.author === "member") {
        typingUntil = 0;
        onSaid({ id, name, isRead: view.log.isRead() });
      }
      onChange();
      if (HANDOVERS.includes(line.dataset.event)) refresh();
    },
    state: ({ status }) => { if (status !== element.dataset.status) refresh(); },
    seen: (frame) => {
      if (frame.author === "agent") seen = Math.max(seen, frame.seq);
      view.log.seen(frame);
      onChange();
    },
    typing: (frame) => { if (frame.author === "member") showTyping(frame); },
    note: ({ html }) => addNote(html),
  };

  function take(frame) {
    if (news) return news.push(frame);
    return KINDS[frame.type]?.(frame);
  }

  if (isFresh) startAllUploads();
  look();
  connection = connect({
    url: `/ws/chat/${id}/`,
    messagesUrl: messages,
    after: Number(element.dataset.after),
    onFrame: take,
    onState: (state) => {
      if (state === "connected") letters?.wake();
      view.log.report();
    },
  });

  const show = () => {
    element.hidden = false;
    const box = part("log");
    box.scrollTop = box.scrollHeight;
    const divider = part("divider-new");
    if (divider) box.scrollTop += Math.min(0, divider.getBoundingClientRect().top - box.getBoundingClientRect().top);
    view.log.report();
  };

  const last = () => {
    const line = [...element.querySelectorAll("article[data-seq]")].at(-1);
    const text = line?.querySelector("[data-body]")?.textContent ?? line?.querySelector("[data-picture-name]")?.textContent;
    return { last: text ?? "", lastAt: line?.querySelector("time").textContent ?? "" };
  };

  return {
    id,
    isMine,
    isHandedOver: () => [...element.querySelectorAll("[data-event]")].at(-1)?.dataset.event === "transferred",
    take,
    refresh,
    show,
    hide: () => { element.hidden = true; },
    report: () => view.log.report(),
    row: () => ({ id, name, who, unread: theirs().filter(({ dataset }) => Number(dataset.seq) > seen).length, isTyping: typingUntil > Date.now(), ...last() }),
    focusHeading: () => part("heading").focus(),
    write: (asNote = view.note?.isOn()) => {
      const field = view.composer?.field ?? part("note-form")?.querySelector("textarea");
      view.note?.turn(asNote);
      field?.focus();
    },
    openCanned: () => view.openCanned?.(),
    retry: () => {
      connection.retry();
      letters?.wake();
    },
    close: () => {
      connection.close();
      view.log.close();
      clearTimeout(typingTimer);
      clearTimeout(again);
      element.remove();
    },
  };
};
