// What the page has to say about a message just sent is said below it, with the focus, and not far above.
const messages = document.querySelector("main > .messages, .messagelist");
const entry = document.getElementById(location.hash.slice(1));

const say = () => {
  messages.focus({ preventScroll: true });
  messages.scrollIntoView({ block: "nearest" });
};

if (messages && entry?.closest(".thread")) {
  document.getElementById("reply").before(messages);
  messages.tabIndex = -1;
  // Until then the browser itself moves to the address's own place.
  window.addEventListener("load", say);
}
