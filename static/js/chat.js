// The chat's tab of a member: keeps the room true, and puts in its place what the page shows next.
import { composer, enterSwitch } from "./chat-composer.js";
import { connect } from "./chat-connection.js";
import { ending } from "./chat-ending.js";
import { log } from "./chat-log.js";
import { notify, notifySwitch } from "./chat-notify.js";
import { optionsMenu } from "./chat-options.js";
import { outbox } from "./chat-outbox.js";
import { isSpeaker, play, soundSwitches, takeTurns } from "./chat-sound.js";
import { connectionLine } from "./chat-state.js";
import { countUnseen, setTitle } from "./chat-title.js";
import { unsent } from "./chat-unsent.js";
import { announcer, waitingRoom } from "./chat-waiting.js";
import { wordsOf } from "./upload-row.js";
import { start as startUploads } from "./uploads.js";

const room = () => document.querySelector("[data-room]");
const part = (name) => room().querySelector(`[data-${name}]`);
const words = wordsOf(document.querySelector("[data-words]"));
const announce = announcer(document.querySelector("[data-announce]"));
const { conversation, me, messages, page, after } = room().dataset;
let view = {};
let connection;
let letters;
let news = null; // frames that come while the room is being replaced
let again;
const state = connectionLine(words, () => {
  connection.retry();
  letters.wake();
});

const alarm = (said) => {
  if (said.dataset.author === "member") return;
  const name = said.querySelector("[data-author-name]")?.textContent;
  countUnseen();
  play();
  if (isSpeaker()) notify(name ? words("message_from", { name }) : said.textContent.trim(), conversation);
};

// What stands in the field, and what could not be sent, goes along into a ticket.
const carryText = () => {
  const form = part("to-ticket");
  form?.addEventListener("submit", () => {
    const texts = [...letters.items().map(({ body }) => body), view.composer?.text() ?? ""];
    form.elements.namedItem("body").value = texts.filter((text) => text.trim()).join("\n\n");
  });
};

const lines = () => log(part("log"), {
  side: "member",
  jump: part("jump"),
  onSeen: (seq) => connection?.send({ type: "seen", seq }) ?? false,
  onRetry: (id) => letters.retry(id),
  onForget: (id) => letters.forget(id),
});

const field = () => composer(part("composer"), {
  key: `${me}:${conversation}`,
  words,
  onSend: (message) => letters.add(message),
  onTyping: (on) => connection.send({ type: "typing", on }),
});

// Brings to life what stands in the room now; again after each replacement.
const look = (writing) => {
  for (const scripted of room().querySelectorAll("[data-scripted]")) scripted.hidden = false;
  unsent(part("unsent"), { conversation, me });
  state.bind(room());
  if (!part("log")) return;
  enterSwitch(part("enter-sends"), part("enter-hint"));
  soundSwitches(room(), words);
  notifySwitch(room());
  optionsMenu(part("options"));
  carryText();
  if (part("add")) part("add").ontoggle = ({ target }) => { if (target.open) view.composer.field.focus(); };
  ending(room(), () => replace(true));
  const place = part("place");
  view = {
    log: lines(),
    composer: writing ?? field(),
    showPlace: place && waitingRoom(place, words, announce, setTitle),
    wait: part("place-wait")?.textContent.trim() !== "",
  };
};

const focusAgain = (before, isAsked) => {
  const heading = room().querySelector("h1");
  if (isAsked || room().dataset.status === "closed") {
    heading.tabIndex = -1;
    heading.focus();
    return;
  }
  if (!before) return;
  if (before[0] >= 0 && part("add")) part("add").open = true;
  view.composer.field.focus();
  view.composer.field.setSelectionRange(...before);
};

const pageNow = async () => {
  const answer = await fetch(page, { signal: AbortSignal.timeout(10_000) });
  return answer.status < 500 && new DOMParser().parseFromString(await answer.text(), "text/html");
};

const goOn = () => {
  const missed = news;
  news = null;
  missed.forEach(take);
};

// The form one writes in moves over as it is.
const moveComposer = (fresh) => {
  const name = ["add", "composer"].find((what) => part(what) && fresh.querySelector(`[data-${what}]`));
  if (name) fresh.querySelector(`[data-${name}]`).replaceWith(part(name));
  return name && view.composer;
};

// The page as the server shows it now takes the room's place.
const replace = async (isAsked = false) => {
  if (news) return;
  clearTimeout(again);
  news = [];
  const next = await pageNow().catch(() => null);
  if (!next) {
    again = setTimeout(replace, 3_000);
    return goOn();
  }
  const fresh = next.querySelector("[data-room]");
  if (!fresh) return location.reload();
  const active = document.activeElement;
  const before = room().contains(active) && (active === view.composer?.field ? [active.selectionStart, active.selectionEnd] : [-1, -1]);
  view.log?.close();
  document.adoptNode(fresh);
  const writing = moveComposer(fresh);
  view = {};
  room().replaceWith(fresh);
  setTitle(next.title);
  if (!writing) for (const zone of room().querySelectorAll("[data-uploads]")) startUploads(zone);
  look(writing);
  focusAgain(before, isAsked);
  view.log?.pending(letters.items());
  if (room().dataset.status === "closed") connection.close();
  return goOn();
};

const changeState = (frame) => {
  const { status } = room().dataset;
  const isStale = frame.status !== status || (status === "waiting" && view.wait !== (frame.wait !== null));
  if (isStale) {
    if (frame.status === "active") announce(words("joined", { name: frame.agent }), { atOnce: true });
    return replace();
  }
  const agent = part("agent");
  if (agent && frame.agent) agent.textContent = frame.agent;
  return view.showPlace?.(frame);
};

const KINDS = {
  message: (frame) => {
    if (frame.client_id) letters.arrived(frame.client_id);
    const said = view.log.add(frame);
    if (said) alarm(said);
  },
  state: changeState,
  seen: (frame) => view.log.seen(frame),
  typing: ({ author, name, on }) => { if (author !== "member") view.log.typing({ on, words: words("typing", { name }) }); },
};

function take(frame) {
  if (news) return news.push(frame);
  return view.log && KINDS[frame.type]?.(frame);
}

const onLetters = (items, { type, client_id: id, status }) => {
  if (type === "sent") view.log?.sent(id);
  view.log?.pending(items);
  if (type === "failed" && status === 409) connection?.retry();
  if (type === "stopped") state.set(status === 401 ? "signed_out" : "refused");
};

look();
if (/\/chat\/(\?.*)?$/.test(document.referrer)) part("heading")?.focus();
if (room().dataset.status !== "closed") {
  takeTurns(`chat:${conversation}`);
  letters = outbox({ conversation, me, url: messages, onChange: onLetters });
  connection = connect({
    url: `/ws/chat/${conversation}/`,
    messagesUrl: messages,
    after: Number(after),
    onFrame: take,
    onState: (now) => {
      state.set(now);
      if (now === "connected") letters.wake();
      view.log?.report();
    },
  });
}
