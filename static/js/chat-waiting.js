// The place in the queue, as figure, words and range; told to the announcer at most every half minute, merged.
const PAUSE = 30_000;
const locale = document.documentElement.lang;
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

// One voice for all news: what comes too soon waits and is said in its last form.
export const announcer = (element) => {
  let saidAt = -PAUSE;
  let later;
  const say = (text) => {
    saidAt = performance.now();
    element.textContent = text;
  };
  return (text, { atOnce = false } = {}) => {
    clearTimeout(later);
    const rest = saidAt + PAUSE - performance.now();
    if (atOnce || rest <= 0) say(text);
    else later = setTimeout(say, rest, text);
  };
};

const aheadWords = (samples, n) => {
  const sample = [...samples.content.children].find(({ dataset }) => plurals.select(Number(dataset.sample)) === plurals.select(n));
  return sample.textContent.replace(sample.dataset.sample, numbers.format(n));
};

const waitWords = (wait, words) => {
  if (!wait) return words("nobody");
  const [a, b] = wait.map((minutes) => numbers.format(minutes));
  return wait[0] ? words("wait", { a, b }) : words("wait_up_to", { b });
};

// Shows {position, wait} in a [data-place]; returns the function that does.
export const waitingRoom = (place, words, announce, setTitle) => {
  const part = (name) => place.querySelector(`[data-place-${name}]`);
  const brand = document.title.slice(document.title.lastIndexOf(" – "));
  let shown = "";
  return ({ position, wait }) => {
    const key = JSON.stringify([position, wait]);
    if (key === shown) return;
    shown = key;
    const figure = position ?? "–";
    const said = position ? words("place", { n: numbers.format(position) }) : "";
    part("figure").textContent = figure;
    part("words").textContent = said && `${said}. `;
    part("ahead").textContent = position > 1 ? aheadWords(part("samples"), position - 1) : words("next");
    part("wait").textContent = wait ? waitWords(wait, words) : ""; // else a notice says it
    setTitle(`${position ? `(${position}) ` : ""}${words("queue")}${brand}`);
    announce([said, waitWords(wait, words)].filter(Boolean).join(". "));
  };
};
