// The system's own notifications: asked for by a click, without the words of the message, none while the tab is seen.
const isOffered = () => "Notification" in window;

const show = (room) => {
  const state = isOffered() ? Notification.permission : "denied";
  const button = room.querySelector("[data-notify]");
  if (!button) return;
  const hadFocus = button === document.activeElement;
  const said = room.querySelector(state === "granted" ? "[data-notify-on]" : "[data-notify-blocked]");
  button.hidden = state !== "default";
  said.hidden = state === "default";
  if (hadFocus && button.hidden) {
    said.tabIndex = -1;
    said.focus();
  }
};

export const notifySwitch = (room) => {
  show(room);
  room.querySelector("[data-notify]")?.addEventListener("click", async () => {
    await Notification.requestPermission();
    show(room);
  });
};

export const notify = (text, tag) => {
  if (!document.hidden || !isOffered() || Notification.permission !== "granted") return;
  try {
    const notice = new Notification(text, { tag, lang: document.documentElement.lang });
    notice.addEventListener("click", () => {
      window.focus();
      notice.close();
    });
  } catch {
    // Phones: installed pages only.
  }
};
