// Canned replies: a slash opens the list, what follows narrows it; the arrows choose, Enter inserts, Escape closes.
// In chats the reply in the member's language is an act of its own and is sent at once: onLanguage().
// isOff() says when a slash is just a slash. Returned is what opens the list at the cursor.
const TOKEN = /(^|\s)\/([\w-]*)$/u;
const LANGUAGE = "lang";

export const canned = (form, { onLanguage = null, isOff = () => false } = {}) => {
  const field = form.querySelector("textarea");
  const box = form.querySelector("[data-canned]");
  const options = [...box.querySelectorAll("[role=option]")];
  let shown = [];
  let chosen = null;
  let isDismissed = false;
  let isOurSlash = false;

  const typed = () => (isOff() ? undefined : field.value.slice(0, field.selectionStart).match(TOKEN)?.[2]);

  const choose = (option) => {
    chosen = option;
    for (const other of options) other.ariaSelected = String(other === option);
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };

  const close = () => {
    box.hidden = true;
    choose(null);
  };

  const look = () => {
    const word = typed();
    if (word === undefined) isDismissed = isOurSlash = false;
    shown = word === undefined || isDismissed ? [] : options.filter(({ dataset }) => dataset.shortcut.startsWith(word.toLowerCase()));
    for (const option of options) option.hidden = !shown.includes(option);
    if (!shown.length) return close();
    box.hidden = false;
    return choose(shown.includes(chosen) ? chosen : shown[0]);
  };

  const insert = (option) => {
    const isLanguage = onLanguage && option.dataset.shortcut === LANGUAGE;
    const end = field.selectionStart;
    const text = isLanguage ? "" : option.querySelector("[data-text]").textContent;
    field.setRangeText(text, end - typed().length - 1, end, "end");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
    if (isLanguage) onLanguage();
  };

  const step = (by) => choose(shown.at((shown.indexOf(chosen) + by) % shown.length));
  const dismiss = () => {
    isDismissed = true;
    close();
    if (isOurSlash && typed() === "") field.setRangeText("", field.selectionStart - 1, field.selectionStart, "end");
    isOurSlash = false;
  };
  const KEYS = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: () => insert(chosen), Tab: () => insert(chosen), Escape: dismiss };

  // Before the composer hears the same key.
  field.addEventListener("keydown", (event) => {
    if (box.hidden || event.isComposing || event.ctrlKey || event.metaKey || !KEYS[event.key]) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    KEYS[event.key]();
  });
  field.addEventListener("input", look);
  field.addEventListener("click", look);
  field.addEventListener("blur", close);
  box.addEventListener("pointerdown", (event) => event.preventDefault());
  box.addEventListener("click", ({ target }) => {
    const option = target.closest("[role=option]");
    if (option) insert(option);
  });

  return () => {
    isDismissed = false;
    isOurSlash = true;
    field.focus();
    const follows = /\S$/u.test(field.value.slice(0, field.selectionStart));
    field.setRangeText(follows ? " /" : "/", field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
};
