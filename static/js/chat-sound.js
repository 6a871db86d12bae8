// A short tone, only for those who asked for it; of several tabs with the same chat one plays.
import { keep, recall, watch } from "./chat-memory.js";

const KEY = "chat-sound";
let context;
let isFirst = true;

export const isOn = () => recall(KEY, false);

export const beep = () => {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  const at = context.currentTime;
  const volume = context.createGain();
  const tone = context.createOscillator();
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.2, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.4);
  tone.frequency.setValueAtTime(659, at);
  tone.frequency.setValueAtTime(880, at + 0.12);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.42);
};

// The lock passes on as this tab closes.
export const takeTurns = (name) => {
  if (!navigator.locks) return;
  isFirst = false;
  navigator.locks.request(name, () => {
    isFirst = true;
    return new Promise(() => {});
  });
};

export const isSpeaker = () => isFirst;

export const play = () => {
  if (isOn() && isFirst) beep();
};

// A check box, or a button whose words tell the state.
const show = (control, words) => {
  control.hidden = false;
  if (control.type === "checkbox") control.checked = isOn();
  else {
    control.ariaPressed = String(isOn());
    control.querySelector("[data-sound-words]").textContent = words(isOn() ? "sound_on" : "sound_off");
  }
};

export const soundSwitches = (room, words) => {
  const controls = [...room.querySelectorAll("[data-sound]")];
  const refresh = () => controls.forEach((control) => show(control, words));
  for (const control of controls) {
    control.addEventListener("click", () => {
      keep(KEY, isOn() ? null : true);
      refresh();
      if (isOn()) beep();
    });
  }
  room.querySelector("[data-sound-test]")?.addEventListener("click", beep);
  watch(KEY, refresh);
  refresh();
};
