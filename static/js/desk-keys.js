// Single keys of the ticket page. What a key presses stands on the page; if it does not, the key does nothing.
import { keys } from "./keys.js";

const find = (selector) => document.querySelector(selector);
const click = (selector) => () => find(selector)?.click();

const write = (mode) => () => {
  const tab = find(`#desk-form [name=mode][value=${mode}]`);
  if (!tab) return;
  tab.click();
  find("#id_body").focus();
};

// Canned replies and questions are for the member.
const replyWith = (selector) => () => {
  const button = find(selector);
  if (!button) return;
  find("#desk-form [name=mode][value=reply]").click();
  button.click();
};

if (find("[data-keys]") && find("[data-keys-open]")) {
  keys({
    r: write("reply"),
    i: write("note"),
    q: replyWith("[data-question-add]:not([hidden])"),
    c: replyWith("[data-canned-open]"),
    a: click("button[name=action][value=take]"),
    n: click("[data-take-next]"),
    "]": click("a[data-next]"),
    "[": click("a[data-previous]"),
    u: click("a[data-list]"),
  });
}
