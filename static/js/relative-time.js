// Times of the last seven days read "yesterday"; the server's words stay in the title and return on paper.
const STEPS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
const WEEK = 7 * 86_400;
const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const justNow = document.querySelector("[data-just-now]")?.dataset.justNow;
const times = [...document.querySelectorAll("time[data-relative]")];
const written = new Map(times.map((time) => [time, time.textContent]));

const ago = (seconds) => {
  const [unit, size] = STEPS.find(([, length]) => seconds >= length) ?? [];
  return unit ? format.format(-Math.floor(seconds / size), unit) : justNow;
};

// Calendar days, so that last night is "yesterday" and not "9 hours ago".
const daysBetween = (then, now) => Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86_400_000);

const relative = (then, now) => {
  const seconds = (now - then) / 1000;
  if (seconds < 0 || seconds >= WEEK) return null;
  const days = daysBetween(then, now);
  return days > 0 && seconds >= 6 * 3_600 ? format.format(-days, "day") : ago(seconds);
};

const showAbsolute = () => times.forEach((time) => { time.textContent = written.get(time); });

const showRelative = () => {
  for (const time of times) {
    const words = relative(new Date(time.dateTime), new Date());
    time.textContent = words ?? written.get(time);
    if (words && !time.closest("[title]")) time.title = written.get(time);
  }
};

if (times.length) {
  showRelative();
  setInterval(showRelative, 60_000);
  window.addEventListener("beforeprint", showAbsolute);
  window.addEventListener("afterprint", showRelative);
}
