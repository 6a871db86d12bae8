// Characters left, or too many. The sentence for a number is the sample of the same plural class.
const locale = document.documentElement.lang;
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

const sentence = (template, count) => {
  const sample = [...template.content.children].find(({ dataset }) => plurals.select(Number(dataset.sample)) === plurals.select(count));
  return sample.textContent.replace(sample.dataset.sample, numbers.format(count));
};

for (const box of document.querySelectorAll("[data-counter]")) {
  const field = document.getElementById(box.dataset.counter);
  const limit = Number(box.dataset.limit);
  const text = box.querySelector("[data-counter-text]");
  const status = box.querySelector("[data-counter-status]");
  let pause;

  const show = () => {
    const left = limit - [...field.value].length;
    const over = left < 0;
    const words = sentence(box.querySelector(over ? "[data-counter-over]" : "[data-counter-left]"), Math.abs(left));
    text.textContent = left <= limit / 4 ? words : "";
    text.classList.toggle("is-over", over);
    return text.textContent;
  };

  // Spoken only after a pause in typing.
  field.addEventListener("input", () => {
    const words = show();
    clearTimeout(pause);
    pause = setTimeout(() => { status.textContent = words; }, 1000);
  });
  show();
}
