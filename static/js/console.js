// The staff console: the queue as the socket tells it, one's own chats side by side, one of them seen.
import { boardOf, queuePane } from "./console-queue.js";
import { chatRoom, fetchChat } from "./console-chat.js";
import { keys } from "./keys.js";
import { panes } from "./console-panes.js";
import { post, reasonOf } from "./console-post.js";
import { presence } from "./console-presence.js";
import { enterSends, enterSwitch } from "./chat-composer.js";
import { connect } from "./chat-connection.js";
import { notify, notifySwitch } from "./chat-notify.js";
import { optionsMenu } from "./chat-options.js";
import { isSpeaker, play, soundSwitches, takeTurns } from "./chat-sound.js";
import { connectionLine } from "./chat-state.js";
import { setTitle } from "./chat-title.js";
import { announcer } from "./chat-waiting.js";
import { wordsOf } from "./upload-row.js";

const ZERO = "00000000-0000-0000-0000-000000000000";
const POLL = 5_000;
const desk = document.querySelector("[data-console]");
const home = desk.querySelector("[data-rooms]");
const nothing = desk.querySelector("[data-nothing]");
const { me, page } = desk.dataset;
const words = wordsOf(document.querySelector("[data-words]"));
const deskWords = wordsOf(document.querySelector("[data-console-words]"));
const announce = announcer(document.querySelector("[data-announce]"));
const brand = document.title.slice(document.title.lastIndexOf(" – "));
const addressOf = (id) => desk.dataset.address.replace(ZERO, id);
const rooms = new Map();
const opening = new Map();
const over = new Map();
let current = null;
let board = boardOf(document);
let poller;
let othersAt = 0;
let wish = 0; // counts what one turned to: an answer that was overtaken shows nothing
let held = board.mine.map(({ id }) => id);

const say = (text) => { desk.querySelector("[data-next-answer]").textContent = text; };

// News of chats, in a line that can be seen from every pane; gone when one turns to another chat.
const newsLine = desk.querySelector("[data-news-line]");
const closeNews = desk.querySelector("[data-news-close]");
const tell = (text, url) => {
  const link = url ? Object.assign(document.createElement("a"), { href: url, target: "_blank", rel: "noopener", textContent: text }) : text;
  newsLine.replaceChildren(...(text ? [link] : []));
  closeNews.hidden = !text;
};
const showPane = panes(desk, desk.querySelector("[data-tabs]"));
const queue = queuePane(desk.querySelector("[data-queue]"), {
  address: addressOf,
  ahead: Date.parse(desk.dataset.now) - Date.now(),
  target: Number(desk.dataset.target),
  words: deskWords,
});
const switches = presence(desk, { words: deskWords, say, onChange: () => draw() });

const ring = (text, tag) => {
  play();
  if (isSpeaker()) notify(text, tag);
};

const mine = () => board.mine.filter(({ id }) => !over.has(id)).map((row) => {
  const room = rooms.get(row.id);
  return room?.isMine() ? room.row() : row;
});

function draw() {
  const own = [...mine(), ...over.values()];
  queue.showMine(own, switches.state().limit);
  queue.mark(current);
  const count = board.waiting_count + own.reduce((sum, { unread }) => sum + unread, 0);
  setTitle(`${count ? `(${count}) ` : ""}${deskWords("chats")}${brand}`);
}

const onSaid = ({ id, name, isRead }) => {
  if (!rooms.get(id)?.isMine()) return;
  if (!isRead) announce(words("message_from", { name }));
  ring(words("message_from", { name }), id);
};

// A chat that is over keeps its row until one opens or dismisses it, unless one sees the end of it anyway.
const onLost = ({ id, name, isOver, isMyDoing }) => {
  if (!isMyDoing) tell(deskWords(isOver ? "has_ended" : "gone", { name }));
  if (id === current) return;
  if (isOver && !isMyDoing) over.set(id, { ...rooms.get(id).row(), unread: 0, isTyping: false, isOver });
  drop(id);
};

const addRoom = (element, isFresh) => {
  const id = element.dataset.chat;
  const room = chatRoom(element, {
    me, words, deskWords, tell, onSaid, onLost, isFresh, address: addressOf(id), onChange: draw, onMoved: () => socket.retry(),
  });
  rooms.set(id, room);
  return room;
};

const load = async (id) => {
  const { element, status } = await fetchChat(addressOf(id));
  if (status === 401) location.assign(addressOf(id));
  if (!element) return null;
  element.hidden = true;
  home.append(element);
  return addRoom(element, true);
};

// The room of a chat; asked for once, however many want it.
const roomOf = async (id) => {
  if (rooms.has(id)) return rooms.get(id);
  if (!opening.has(id)) opening.set(id, load(id).finally(() => opening.delete(id)));
  return opening.get(id);
};

const drop = (id) => {
  rooms.get(id).close();
  rooms.delete(id);
};

const leave = () => {
  const room = rooms.get(current);
  room?.hide();
  if (room && !room.isMine()) drop(current);
  current = null;
};

// A chat that was taken just now is one's own before the socket says so.
const adopt = (room) => {
  if (room.isMine() && !board.mine.some(({ id }) => id === room.id)) board.mine = [...board.mine, room.row()];
};

const show = (room, pane = "talk") => {
  if (current !== room.id) {
    leave();
    tell("");
  }
  current = room.id;
  over.delete(room.id);
  nothing.hidden = true;
  showPane(pane);
  room.show();
  adopt(room);
  draw();
};

// The address of what one sees; a change of language and a sign-in lead back to it.
const moveTo = (address) => {
  if (location.pathname !== address) history.pushState(null, "", address);
  for (const next of desk.querySelectorAll("input[name=next]")) next.value = address;
};

const open = async (id, { isBack = false, write = false } = {}) => {
  wish += 1;
  const wished = wish;
  const room = await roomOf(id);
  if (wished !== wish) return room;
  if (!room) return say(deskWords("failed"));
  show(room);
  if (!isBack) moveTo(addressOf(id));
  if (write) room.write();
  else room.focusHeading();
  return room;
};

const openNothing = () => {
  wish += 1;
  leave();
  nothing.hidden = false;
  showPane("queue");
  draw();
};

// A chat that a colleague handed over is told of; what one took oneself is not.
const follow = async (id, isNew) => {
  const known = rooms.get(id);
  await known?.refresh();
  const room = await roomOf(id);
  if (room?.isMine() && room.isHandedOver() && isNew && id !== current) {
    const text = deskWords("handed", { name: room.row().name });
    tell(text);
    ring(text, id);
  }
  draw();
};

// What the server says is one's own has a room; what it says no more is asked again.
const followMine = () => {
  const own = board.mine.map(({ id }) => id);
  for (const id of own) if (!rooms.get(id)?.isMine()) follow(id, !held.includes(id));
  held = own;
  for (const [id, room] of rooms) {
    if (own.includes(id)) continue;
    if (room.isMine()) room.refresh();
    else if (id !== current) drop(id);
  }
};

const pageNow = async () => {
  const answer = await fetch(page).catch(() => null);
  return answer?.ok && !answer.redirected ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
};

const followOthers = async () => {
  const section = desk.querySelector("[data-others]");
  if (!section || Date.now() - othersAt < POLL) return;
  othersAt = Date.now();
  const fresh = (await pageNow())?.querySelector("[data-others]");
  if (!fresh || section.contains(document.activeElement)) return;
  section.replaceChildren(...fresh.childNodes);
  queue.mark(current);
};

const tellWaiting = (before, now) => {
  const news = now.filter(({ id }) => !before.some((row) => row.id === id));
  if (!news.length || !switches.state().accepting) return;
  const text = deskWords("waits", { name: news[0].name });
  announce(text);
  ring(text, "queue");
};

const take = (frame) => {
  const before = board.waiting;
  board = frame;
  queue.showWaiting(frame.waiting, frame.waiting_count);
  switches.show(frame);
  tellWaiting(before, frame.waiting);
  followMine();
  draw();
  followOthers();
};

// Where sockets are blocked the page itself is asked.
const poll = async () => {
  const now = await pageNow();
  if (now && poller) take(boardOf(now));
  if (poller) poller = setTimeout(poll, POLL);
};

const KINDS = { queue: take, note: (frame) => rooms.get(frame.conversation)?.take(frame) };
const state = connectionLine(words, () => {
  socket.retry();
  for (const room of rooms.values()) room.retry();
});
const socket = connect({
  url: "/ws/staff/chat/",
  onFrame: (frame) => KINDS[frame.type]?.(frame),
  onState: (now) => {
    state.set(now);
    clearTimeout(poller);
    poller = now === "reconnecting" ? setTimeout(poll, POLL) : undefined;
  },
});

const accept = async () => {
  const form = desk.querySelector("[data-next]");
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  wish += 1;
  const wished = wish;
  const result = await post(form.action);
  form.ariaBusy = "false";
  if (!result.ok) return say(reasonOf(result, deskWords));
  if (!result.answer.conversation) return say(deskWords("nobody"));
  say("");
  await rooms.get(result.answer.conversation)?.refresh();
  if (wished !== wish) return null; // its row comes with the next frame
  return open(result.answer.conversation, { write: true });
};

const stepTo = (by) => {
  const ids = board.mine.map(({ id }) => id);
  if (ids.length) open(ids.at((ids.indexOf(current) + by + (by < 0 && !ids.includes(current) ? 1 : 0)) % ids.length));
};

const write = (asNote) => {
  if (!current) return;
  showPane("talk");
  rooms.get(current).write(asNote);
};

keys({
  a: accept,
  r: () => write(false),
  n: () => write(true),
  "/": () => rooms.get(current)?.openCanned(),
  j: () => stepTo(1),
  k: () => stepTo(-1),
  gq: () => {
    showPane("queue");
    desk.querySelector("[data-queue]").focus();
  },
});

desk.querySelector("[data-next]").addEventListener("submit", (event) => {
  event.preventDefault();
  accept();
});
desk.querySelector("[data-queue]").addEventListener("click", (event) => {
  const gone = event.target.closest("[data-dismiss]")?.closest("[data-id]");
  if (gone) {
    over.delete(gone.dataset.id);
    draw();
    desk.querySelector("[data-queue]").focus();
    return;
  }
  const row = event.target.closest("a")?.closest("[data-id]");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(row.dataset.id);
});
desk.addEventListener("focusin", ({ target }) => { if (target.matches("textarea")) wish += 1; });
desk.addEventListener("pane-shown", () => rooms.get(current)?.report());
window.addEventListener("popstate", () => {
  const id = location.pathname.match(/[0-9a-f-]{36}/)?.[0];
  if (id) open(id, { isBack: true });
  else openNothing();
});

for (const scripted of desk.querySelectorAll("[data-scripted]")) scripted.hidden = false;
state.bind(desk);
soundSwitches(desk, words);
notifySwitch(desk);
optionsMenu(desk.querySelector("[data-options]"));
optionsMenu(desk.querySelector("[data-account]"));
closeNews.addEventListener("click", () => tell(""));
const enterBox = desk.querySelector("[data-enter-sends]");
const showEnter = () => document.body.toggleAttribute("data-enter", enterSends());
enterSwitch(enterBox);
enterBox.addEventListener("change", showEnter);
showEnter();
takeTurns("console");
for (const element of home.querySelectorAll("[data-chat]")) show(addRoom(element, false));
if (!current) showPane("queue");
followMine();
draw();
