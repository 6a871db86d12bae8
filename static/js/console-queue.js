// The rows of who waits and of one's own chats; waits run, and say in words when they are over the target.
import { keep, recall } from "./chat-memory.js";

const MINUTE = 60_000;
const SECONDS = "console-seconds";
const locale = document.documentElement.lang;
const plurals = new Intl.PluralRules(locale);
const minutes = new Intl.NumberFormat(locale, { style: "unit", unit: "minute", unitDisplay: "short" });
const two = (number) => String(number).padStart(2, "0");

const clockOf = (wait, withSeconds) => {
  const whole = Math.max(0, Math.floor(wait / 1000));
  return withSeconds ? `${two(Math.floor(whole / 60))}:${two(whole % 60)}` : minutes.format(Math.floor(whole / 60));
};

const unreadWords = (samples, n) => {
  const sample = [...samples.content.children].find(({ dataset }) => plurals.select(Number(dataset.sample)) === plurals.select(n));
  return sample.textContent.replace(sample.dataset.sample, n);
};

// Brings the rows in line with `wanted` and keeps those that stand, so that the focus stays where it is.
const arrange = (list, pattern, wanted, address, fill) => {
  const known = new Map([...list.children].map((row) => [row.dataset.id, row]));
  const rows = wanted.map((item) => {
    const row = known.get(item.id) ?? pattern.content.firstElementChild.cloneNode(true);
    row.dataset.id = item.id;
    row.querySelector("a").href = address(item.id);
    fill(row, item);
    return row;
  });
  for (const row of [...list.children]) if (!rows.includes(row)) row.remove();
  rows.forEach((row, index) => { if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null); });
};

const write = (row, name, text) => {
  const element = row.querySelector(`[data-${name}]`);
  if (element.textContent !== text) element.textContent = text;
};

// What a page of the server says of the queue, in the form of the socket's frame.
export const boardOf = (page) => {
  const rows = (name) => [...page.querySelectorAll(`[data-queue] [data-${name}] > [data-id]`)];
  const text = (row, name) => row.querySelector(`[data-${name}]`).textContent;
  return {
    waiting: rows("waiting").map((row) => ({ ...row.dataset, name: text(row, "name"), who: text(row, "who"), first_line: text(row, "first") })),
    waiting_count: Number(page.querySelector("[data-queue] [data-count=waiting]").textContent.replace(/\D/g, "")),
    mine: rows("mine").map(({ dataset }) => ({ id: dataset.id, unread: Number(dataset.unread) })),
    accepting: page.querySelector("[data-presence] [role=switch]").ariaChecked === "true",
    limit: Number(page.querySelector("[data-limit-form] input[name=limit]").value),
  };
};

export const queuePane = (pane, { address, ahead, target, words }) => {
  const part = (name) => pane.querySelector(`[data-${name}]`);
  const patterns = { waiting: part("pattern=waiting"), mine: part("pattern=mine") };
  const samples = document.querySelector("[data-unread-samples]");
  const box = part("clocks");

  const tick = () => {
    for (const row of part("waiting").children) {
      const wait = Date.now() + ahead - Date.parse(row.dataset.since);
      write(row, "clock", clockOf(wait, box.checked));
      row.querySelector("[data-over]").hidden = wait < target * 1000;
    }
  };

  const showWaiting = (waiting, count) => {
    arrange(part("waiting"), patterns.waiting, waiting, address, (row, item) => {
      row.dataset.since = item.since;
      write(row, "name", item.name);
      write(row, "who", item.who ?? `${item.rank} · ${item.language}`);
      write(row, "first", item.first_line);
    });
    part("nobody").hidden = waiting.length > 0;
    for (const figure of document.querySelectorAll("[data-count=waiting]")) figure.textContent = `(${count})`;
    tick();
  };

  const showMine = (mine, limit) => {
    arrange(part("mine"), patterns.mine, mine, address, (row, item) => {
      row.dataset.unread = item.unread;
      row.classList.toggle("has-news", item.unread > 0);
      if (item.name) write(row, "name", item.name);
      if (item.who) write(row, "who", item.who);
      if (item.last) write(row, "last", item.last);
      if (item.lastAt) write(row, "last-at", item.lastAt);
      row.querySelector("[data-dismiss]").hidden = !item.isOver;
      write(row, "news", item.isOver ? words("over") : item.isTyping ? words("typing") : item.unread ? unreadWords(samples, item.unread) : "");
    });
    part("count=mine").textContent = `(${words("mine", { n: mine.filter(({ isOver }) => !isOver).length, limit })})`;
    const unread = mine.reduce((sum, item) => sum + item.unread, 0);
    document.querySelector("[data-count=unread]").textContent = unread ? `(${unread})` : "";
  };

  const mark = (id) => {
    for (const row of pane.querySelectorAll("[data-id]")) {
      const link = row.querySelector("a");
      if (row.dataset.id === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };

  box.checked = recall(SECONDS, true);
  box.addEventListener("change", () => {
    keep(SECONDS, box.checked);
    tick();
  });
  setInterval(() => { if (box.checked || Date.now() % MINUTE < 1000) tick(); }, 1000);
  tick();
  return { showWaiting, showMine, mark };
};
