// A line above the first message of each day, in the time zone of the page's own times.
const locale = document.documentElement.lang;
const written = new Intl.DateTimeFormat(locale === "en" ? "en-GB" : locale, { day: "numeric", month: locale === "en" ? "short" : "long", year: "numeric", timeZone: "UTC" });
const today = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "day");

const zoned = (zone, options) => {
  try {
    return new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat("sv-SE", options);
  }
};

export const days = (list, zone) => {
  const calendar = zoned(zone, { year: "numeric", month: "2-digit", day: "2-digit" });
  const dayOf = (line) => calendar.format(new Date(line.querySelector("time").dateTime));

  const label = (divider) => {
    const words = written.format(new Date(`${divider.dataset.day}T00:00Z`));
    const isToday = divider.dataset.day === calendar.format(new Date());
    divider.firstElementChild.textContent = isToday ? `${today[0].toLocaleUpperCase(locale)}${today.slice(1)}, ${words}` : words;
  };

  const draw = (day) => {
    const divider = document.createElement("p");
    divider.className = "divider";
    divider.dataset.day = day;
    divider.append(document.createElement("span"));
    return divider;
  };

  // Brings the dividers in line with the lines of the list.
  return () => {
    let before = "";
    for (const line of list.querySelectorAll("[data-seq]")) {
      const day = dayOf(line);
      const above = line.previousElementSibling;
      const stands = above?.dataset.day ?? above?.previousElementSibling?.dataset.day;
      if (day !== before && stands !== day) line.before(draw(day));
      before = day;
    }
    for (const divider of list.querySelectorAll("[data-day]")) label(divider);
  };
};

export const clock = (zone) => {
  const time = zoned(zone, { hour: "2-digit", minute: "2-digit" });
  return (at) => time.format(new Date(at)).replace(/^0(?=\d:)/, locale === "en" ? "0" : "");
};
