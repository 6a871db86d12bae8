// Says in words how the connection is: shortly in the head, at length in a strip once it takes more than a moment.
const MOMENT = 2_000;

export const connectionLine = (words, onRetry) => {
  let state = "";
  let room;
  let later;
  const part = (name) => room.querySelector(`[data-connection${name}]`);

  const showStrip = () => {
    const strip = part("");
    if (!strip) return;
    strip.hidden = state === "connected";
    if (strip.hidden) return;
    part("-notice").textContent = words(state);
    part("-sign-in").hidden = state !== "signed_out";
  };

  const draw = () => {
    const badge = part("-state");
    if (badge && state) {
      badge.hidden = false;
      badge.classList.toggle("is-up", state === "connected");
      part("-words").textContent = words(state === "connected" ? "connected" : "reconnecting");
    }
    clearTimeout(later);
    if (state === "reconnecting") later = setTimeout(showStrip, MOMENT);
    else if (state) showStrip();
  };

  return {
    set: (news) => {
      state = news;
      draw();
    },
    // The room may have been replaced.
    bind: (now) => {
      room = now;
      part("-try")?.addEventListener("click", onRetry);
      draw();
    },
  };
};
