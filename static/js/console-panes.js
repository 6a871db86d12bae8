// On a narrow screen queue, talk and member are tabs; the links lead to them without scripts, too.
export const panes = (desk, tabs) => {
  const links = [...tabs.querySelectorAll("[data-tab]")];
  const show = (name) => {
    desk.dataset.pane = name;
    for (const link of links) {
      if (link.dataset.tab === name) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  tabs.addEventListener("click", (event) => {
    const link = event.target.closest("[data-tab]");
    if (!link) return;
    event.preventDefault();
    show(link.dataset.tab);
    desk.dispatchEvent(new Event("pane-shown"));
  });
  return show;
};
