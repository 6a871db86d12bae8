// Keeps up with the server: a socket, and asking every few seconds where sockets are blocked.
// connect({url, messagesUrl, after, onFrame, onState}) → {send, retry, close}. Each message comes once, in order.
// onState gets connected, reconnecting, offline, signed_out or refused; the last two stay until retry().
const SHORTEST = 500;
const LONGEST = 30_000;
const POLL = 5_000;
const OPENING = 10_000;
const SILENT = 45_000; // the server asks every 15 s
const STALE = 20_000;
const SIGNED_OUT = 4401;
const REFUSALS = [4403, 4404];

const socketAddress = (url, after) => {
  const address = new URL(url, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  if (after !== undefined) address.searchParams.set("after", after);
  return address.href;
};

export const connect = ({ url, messagesUrl, after, onFrame, onState }) => {
  const listening = new AbortController();
  let socket = null;
  let state = "";
  let seq = after;
  let tries = 0;
  let heard = 0;
  let hasHeard = false;
  let hasAskedAgain = false;
  let isPolled = false;
  let isOver = false;
  let next;
  let poller;

  const say = (news) => {
    if (news === state) return;
    state = news;
    onState(news);
  };

  const send = (frame) => {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(frame));
    return true;
  };

  const take = (frame) => {
    if (frame.type === "ping") return send({ type: "pong", n: frame.n });
    if (frame.type === "message") {
      if (frame.seq <= seq) return false;
      seq = frame.seq;
    }
    return onFrame(frame);
  };

  const drop = () => {
    const lost = socket;
    socket = null;
    lost?.close();
  };

  const stop = () => {
    clearTimeout(next);
    clearTimeout(poller);
    poller = undefined;
    isPolled = false;
    drop();
  };

  const end = (why) => {
    stop();
    isOver = true;
    say(why);
  };

  const hasBroken = () => say(navigator.onLine ? "reconnecting" : "offline");

  const poll = async () => {
    try {
      const answer = await fetch(`${messagesUrl}?after=${seq}`, {
        headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(POLL),
      });
      if (isOver || !poller) return;
      if (answer.status === 401) return end("signed_out");
      if ([403, 404].includes(answer.status)) return end("refused");
      if (!answer.ok) throw new Error(answer.status);
      const { frames } = await answer.json();
      if (!poller) return;
      isPolled = true;
      frames.forEach(take);
      say("connected");
    } catch {
      isPolled = false;
      if (poller) hasBroken();
    }
    if (poller) poller = setTimeout(poll, POLL);
  };

  const beginPolling = () => {
    if (!messagesUrl || poller) return;
    poller = setTimeout(poll, 0);
  };

  const lose = (code) => {
    socket = null;
    if (REFUSALS.includes(code)) return end("refused");
    if (code === SIGNED_OUT && hasAskedAgain) return end("signed_out");
    if (code === SIGNED_OUT) {
      hasAskedAgain = true;
      return open();
    }
    if (!isPolled) hasBroken();
    beginPolling();
    tries += 1;
    clearTimeout(next);
    next = setTimeout(open, Math.random() * Math.min(LONGEST, SHORTEST * 2 ** tries));
    return undefined;
  };

  const hear = (data) => {
    heard = Date.now();
    const frame = JSON.parse(data);
    if (frame.type !== "error") {
      hasHeard = true;
      hasAskedAgain = false;
      tries = 0;
      clearTimeout(poller);
      poller = undefined;
      isPolled = false;
      say("connected");
    }
    take(frame);
  };

  function open() {
    clearTimeout(next);
    if (socket || isOver) return;
    const mine = new WebSocket(socketAddress(url, seq));
    socket = mine;
    heard = Date.now();
    hasHeard = false;
    mine.addEventListener("message", ({ data }) => { if (socket === mine) hear(data); });
    mine.addEventListener("close", ({ code }) => { if (socket === mine) lose(code); });
  }

  const retry = () => {
    isOver = false;
    hasAskedAgain = false;
    tries = 0;
    drop();
    open();
    if (poller) {
      clearTimeout(poller);
      poller = setTimeout(poll, 0);
    }
  };

  const giveUpSilent = () => {
    if (!socket || Date.now() - heard < (hasHeard ? SILENT : OPENING)) return;
    drop();
    lose(0);
  };

  const on = (target, name, act) => target.addEventListener(name, act, { signal: listening.signal });
  on(window, "online", retry);
  on(window, "offline", () => {
    drop();
    lose(0);
  });
  on(document, "visibilitychange", () => {
    if (document.hidden) return;
    if (!socket || Date.now() - heard > STALE) retry();
  });
  on(window, "pageshow", ({ persisted }) => { if (persisted) retry(); });
  const silence = setInterval(giveUpSilent, 5_000);
  open();

  const close = () => {
    listening.abort();
    clearInterval(silence);
    isOver = true;
    stop();
  };

  return { send, retry, close };
};
