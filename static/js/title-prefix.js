// The chip before the title names the chosen language; a prefix typed by hand is taken out and chosen instead.
const JOINER = /^\s*[-–—:]\s*(\S.*)$/;
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

for (const box of document.querySelectorAll("[data-title-prefix]")) {
  const select = document.getElementById(box.dataset.titlePrefix);
  const chip = box.querySelector("[data-title-chip]");
  const title = box.querySelector("input");

  const show = () => {
    const { prefix } = select.selectedOptions[0].dataset;
    chip.hidden = !prefix;
    chip.textContent = prefix ? `${prefix} –` : "";
    chip.lang = title.lang = prefix ? select.value : "";
  };

  const strip = () => {
    const typed = title.value.normalize("NFC").trimStart();
    for (const option of select.options) {
      const { prefix } = option.dataset;
      if (!prefix || fold(typed.slice(0, prefix.length)) !== fold(prefix)) continue;
      const [, rest] = typed.slice(prefix.length).match(JOINER) ?? [];
      if (!rest) continue;
      title.value = rest;
      select.value = option.value;
      title.dispatchEvent(new Event("input", { bubbles: true }));
      show();
      return;
    }
  };

  select.addEventListener("change", show);
  title.addEventListener("change", strip);
  show();
  strip();
}
