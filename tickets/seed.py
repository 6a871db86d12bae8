"""Rows that tickets is never without: permissions of the groups, service hours, replies."""

from __future__ import annotations

from datetime import time
from typing import Any, NamedTuple

from accounts.seed import AGENTS, SUPERVISORS, grant

ACTS = ("view", "add", "change", "delete")
DESK = ["view_ticket", "change_ticket"]
HOURS = [f"{act}_{thing}" for thing in ("servicewindow", "holiday") for act in ACTS]
REPLIES = [f"{act}_cannedreply" for act in ACTS]
WINDOWS = [  # GMT (S16–S18)
    (time(6), time(13), "english_only"),
    (time(13), time(21), "language_support"),
]


class Text(NamedTuple):
    """A canned reply in the three languages."""

    shortcut: str
    en: str
    cs: str
    sl: str


REDACT = ["redact_screenshot"]
AUDIT = ["view_ticketevent"]
TOPICS = [f"{act}_topic" for act in ACTS]
TOPIC_NAMES = [
    ("Sign-in", "Přihlášení", "Prijava"),
    ("Enrolment", "Registrace", "Včlanitev"),
    ("Orders", "Objednávky", "Naročila"),
    ("Payments", "Platby", "Plačila"),
    ("Delivery", "Doručení", "Dostava"),
    ("Reports", "Přehledy", "Poročila"),
    ("Website", "Webové stránky", "Spletna stran"),
    ("Mobile app", "Mobilní aplikace", "Mobilna aplikacija"),
]

TEXTS = [
    Text(
        "hello",
        "Hello {name}, my name is {agent}. How can I help you?",
        "Dobrý den, jmenuji se {agent}. S čím vám mohu pomoci?",
        "Pozdravljeni, {name}, tukaj {agent}. Kako vam lahko pomagam?",
    ),
    Text(
        "lang",
        "The chat is in English only. You can write to us in your own language ({language}): "
        "choose “Submit a ticket in your language” here in the chat. What we have written so far "
        "is carried over into the form.",
        "Chat je pouze v angličtině. Ve svém jazyce ({language}) nám můžete poslat lístek: zde "
        "v chatu zvolte „Odeslat lístek ve svém jazyce“. Dosavadní konverzace se přenese do "
        "formuláře.",
        "Klepet je samo v angleščini. V svojem jeziku ({language}) lahko vložite zahtevek: "
        "tukaj v klepetu izberite »Vloži zahtevek v svojem jeziku«. Dosedanji pogovor se prenese "
        "v obrazec.",
    ),
    Text(
        "moment",
        "One moment, please. I am looking into it.",
        "Okamžik prosím, zjišťuji to.",
        "Samo trenutek, prosim, preverjam.",
    ),
    Text(
        "picture",
        "Could you send me a picture of what you see? You can paste or drop it into the chat.",
        "Můžete mi poslat snímek toho, co vidíte? Obrázek lze do chatu vložit ze schránky nebo "
        "přetáhnout.",
        "Mi lahko pošljete posnetek tega, kar vidite? V klepet ga lahko prilepite ali povlečete.",
    ),
    Text(
        "reload",
        "Please reload the page and try once more. Does the same thing happen?",
        "Načtěte prosím stránku znovu a zkuste to ještě jednou. Stane se totéž?",
        "Prosimo, osvežite stran in poskusite še enkrat. Se zgodi isto?",
    ),
    Text(
        "ticket",
        "This will take us longer. Please submit a ticket, so that we can follow it up: "
        "{ticket_link}",
        "Bude nám to trvat déle. Odešlete prosím lístek, abychom se tomu mohli věnovat: "
        "{ticket_link}",
        "To bo trajalo dlje. Prosimo, vložite zahtevek, da bomo lahko zadevo obravnavali: "
        "{ticket_link}",
    ),
    Text(
        "bye",
        "Thank you for your patience, {name}. Have a nice day.",
        "Děkujeme za trpělivost. Přejeme vám hezký den.",
        "Hvala za potrpežljivost, {name}. Želimo vam lep dan.",
    ),
]


def seed(apps: Any) -> None:
    """Everything below; run by tests."""
    seed_hours(apps)
    seed_replies(apps)
    seed_topics(apps)


def seed_hours(apps: Any) -> None:
    """Grant permissions and open the desk on weekdays; run by a migration."""
    grant(apps, AGENTS, "tickets", DESK)
    grant(apps, SUPERVISORS, "tickets", [*DESK, *HOURS])
    windows = apps.get_model("tickets", "ServiceWindow").objects
    if windows.exists():
        return
    for weekday in range(5):
        for start, end, kind in WINDOWS:
            windows.create(weekday=weekday, start=start, end=end, kind=kind)


def seed_replies(apps: Any) -> None:
    """Write the first canned replies and let supervisors look after them; run by a migration."""
    grant(apps, SUPERVISORS, "tickets", REPLIES)
    replies = apps.get_model("tickets", "CannedReply").objects
    if replies.exists():
        return
    for text in TEXTS:
        replies.create(shortcut=text.shortcut, text_en=text.en, text_cs=text.cs, text_sl=text.sl)


def seed_topics(apps: Any) -> None:
    """Write the first topics; supervisors look after them and after pictures; by a migration."""
    grant(apps, SUPERVISORS, "tickets", [*TOPICS, *REDACT, *AUDIT])
    topics = apps.get_model("tickets", "Topic").objects
    if topics.exists():
        return
    for en, cs, sl in TOPIC_NAMES:
        topics.create(name_en=en, name_cs=cs, name_sl=sl)
