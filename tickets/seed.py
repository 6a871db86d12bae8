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
    """A canned reply in the three languages, and where it is offered."""

    shortcut: str
    en: str
    cs: str
    sl: str
    for_chat: bool = False
    for_tickets: bool = False


REDACT = ["redact_screenshot"]
AUDIT = ["view_ticketevent"]
INCIDENTS = [f"{act}_incident" for act in ("view", "add", "change")]
FIGURES = ["view_dailyfigures"]
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
        for_chat=True,
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
        for_chat=True,
    ),
    Text(
        "moment",
        "One moment, please. I am looking into it.",
        "Okamžik prosím, zjišťuji to.",
        "Samo trenutek, prosim, preverjam.",
        for_chat=True,
    ),
    Text(
        "picture",
        "Could you send me a picture of what you see? You can paste or drop it into the chat.",
        "Můžete mi poslat obrázek toho, co vidíte? Do chatu ho lze vložit ze schránky nebo "
        "přetáhnout.",
        "Mi lahko pošljete sliko tega, kar vidite? V klepet jo lahko prilepite ali povlečete.",
        for_chat=True,
    ),
    Text(
        "reload",
        "Please reload the page and try once more. Does the same thing happen?",
        "Načtěte prosím stránku znovu a zkuste to ještě jednou. Stane se totéž?",
        "Prosimo, osvežite stran in poskusite še enkrat. Se zgodi isto?",
        for_chat=True,
        for_tickets=True,
    ),
    Text(
        "ticket",
        "This will take us longer. Please submit a ticket, so that we can follow it up: "
        "{ticket_link}",
        "Bude nám to trvat déle. Odešlete prosím lístek, abychom se tomu mohli věnovat: "
        "{ticket_link}",
        "To bo trajalo dlje. Prosimo, vložite zahtevek, da bomo lahko zadevo obravnavali: "
        "{ticket_link}",
        for_chat=True,
    ),
    Text(
        "bye",
        "Thank you for your patience, {name}. Have a nice day.",
        "Děkujeme za trpělivost. Přejeme vám hezký den.",
        "Hvala za potrpežljivost, {name}. Želimo vam lep dan.",
        for_chat=True,
    ),
    Text(
        "received",
        "Hello {name},\n\nThank you for your report. We have started to look into it and will "
        "write to you here as soon as we know more.",
        "Dobrý den,\n\nděkujeme za nahlášení. Věc jsme začali prověřovat, a jakmile budeme vědět "
        "víc, napíšeme vám sem.",
        "Pozdravljeni, {name},\n\nhvala za sporočilo. Zadevo smo začeli preverjati in vam bomo "
        "pisali tukaj, takoj ko bomo vedeli več.",
        for_tickets=True,
    ),
    Text(
        "steps",
        "Hello {name},\n\nTo find the cause we need to see it the way you do. Please write step by "
        "step what you click, what happens then, and what you expected to happen.",
        "Dobrý den,\n\nabychom našli příčinu, potřebujeme postupovat stejně jako vy. Napište "
        "prosím krok za krokem, na co klikáte, co se potom stane a co se mělo stát.",
        "Pozdravljeni, {name},\n\nda najdemo vzrok, moramo zadevo videti tako kot vi. Prosimo, "
        "opišite po korakih, kaj kliknete, kaj se nato zgodi in kaj bi se moralo zgoditi.",
        for_tickets=True,
    ),
    Text(
        "screenshot",
        "Hello {name},\n\nPlease send us a screenshot of the whole page with the error message. "
        "You can add it to your reply here: {ticket_link}\n\nHide passwords and card numbers "
        "before you send it.",
        "Dobrý den,\n\npošlete nám prosím snímek celé stránky s chybovým hlášením. Můžete ho "
        "přidat ke své odpovědi zde: {ticket_link}\n\nPřed odesláním zakryjte hesla a čísla karet.",
        "Pozdravljeni, {name},\n\nprosimo, pošljite nam posnetek celotne strani s sporočilom o "
        "napaki. Dodate ga lahko svojemu odgovoru tukaj: {ticket_link}\n\nPred pošiljanjem "
        "zakrijte gesla in številke kartic.",
        for_tickets=True,
    ),
    Text(
        "browser",
        "Which browser and which device do you use? Does the same thing happen in another browser "
        "or on another device?",
        "Jaký prohlížeč a jaké zařízení používáte? Děje se totéž i v jiném prohlížeči nebo na "
        "jiném zařízení?",
        "Kateri brskalnik in katero napravo uporabljate? Se isto zgodi tudi v drugem brskalniku "
        "ali na drugi napravi?",
        for_tickets=True,
    ),
    Text(
        "cache",
        "Please clear the cache of your browser: press Ctrl+Shift+Delete (on a Mac "
        "Cmd+Shift+Delete), choose cached images and files, and confirm. Then open the page again. "
        "Does the same thing happen?",
        "Vymažte prosím mezipaměť prohlížeče: stiskněte Ctrl+Shift+Delete (na Macu "
        "Cmd+Shift+Delete), zvolte obrázky a soubory v mezipaměti a potvrďte. Potom stránku znovu "
        "otevřete. Stane se totéž?",
        "Prosimo, izbrišite predpomnilnik brskalnika: pritisnite Ctrl+Shift+Delete (na Macu "
        "Cmd+Shift+Delete), izberite predpomnjene slike in datoteke ter potrdite. Nato stran znova "
        "odprite. Se zgodi isto?",
        for_tickets=True,
    ),
    Text(
        "fixed",
        "Hello {name},\n\nWe have found and removed the cause. Please try it once more. If it "
        "still does not work, reply here: {ticket_link}\n\n{agent}",
        "Dobrý den,\n\npříčinu jsme našli a odstranili. Zkuste to prosím ještě jednou. Pokud to "
        "stále nefunguje, odpovězte zde: {ticket_link}\n\n{agent}",
        "Pozdravljeni, {name},\n\nvzrok smo našli in odpravili. Prosimo, poskusite še enkrat. Če "
        "še vedno ne deluje, odgovorite tukaj: {ticket_link}\n\n{agent}",
        for_tickets=True,
    ),
    Text(
        "waiting",
        "Hello {name},\n\nWe are still waiting for your answer to our last question. You can reply "
        "here: {ticket_link}",
        "Dobrý den,\n\nstále čekáme na vaši odpověď na náš poslední dotaz. Odpovědět můžete zde: "
        "{ticket_link}",
        "Pozdravljeni, {name},\n\nše vedno čakamo na vaš odgovor na naše zadnje vprašanje. "
        "Odgovorite lahko tukaj: {ticket_link}",
        for_tickets=True,
    ),
    Text(
        "closing",
        "Hello {name},\n\nWe have not heard from you, so we are closing this issue. You can open "
        "it again for 14 days; later, submit a follow-up ticket: {issues_link}",
        "Dobrý den,\n\nprotože od vás nemáme odpověď, lístek uzavíráme. Znovu ho můžete otevřít "
        "do 14 dnů, později odešlete navazující lístek: {issues_link}",
        "Pozdravljeni, {name},\n\nker od vas nismo prejeli odgovora, zahtevek zapiramo. Znova ga "
        "lahko odprete še 14 dni, pozneje pa vložite povezan zahtevek: {issues_link}",
        for_tickets=True,
    ),
    Text(
        "together",
        "Hello {name},\n\nYour other ticket is about the same issue, so we are putting the two "
        "together. You find everything here: {ticket_link}",
        "Dobrý den,\n\nváš další lístek se týká téhož problému, proto oba spojujeme. Vše najdete "
        "zde: {ticket_link}",
        "Pozdravljeni, {name},\n\nvaš drugi zahtevek se nanaša na isto težavo, zato ju združujemo. "
        "Vse najdete tukaj: {ticket_link}",
        for_tickets=True,
    ),
]


def seed(apps: Any) -> None:
    """Everything below; run by the migration and by tests."""
    grant(apps, AGENTS, "tickets", [*DESK, "view_incident"])
    rights = [*DESK, *HOURS, *REPLIES, *TOPICS, *REDACT, *AUDIT, *INCIDENTS, *FIGURES]
    grant(apps, SUPERVISORS, "tickets", rights)
    seed_hours(apps)
    seed_replies(apps)
    seed_topics(apps)


def seed_hours(apps: Any) -> None:
    """Open the desk on weekdays."""
    windows = apps.get_model("tickets", "ServiceWindow").objects
    if windows.exists():
        return
    for weekday in range(5):
        for start, end, kind in WINDOWS:
            windows.create(weekday=weekday, start=start, end=end, kind=kind)


def seed_replies(apps: Any) -> None:
    """Write the first canned replies."""
    replies = apps.get_model("tickets", "CannedReply").objects
    if replies.exists():
        return
    for text in TEXTS:
        replies.create(
            shortcut=text.shortcut,
            text_en=text.en,
            text_cs=text.cs,
            text_sl=text.sl,
            for_chat=text.for_chat,
            for_tickets=text.for_tickets,
        )


def seed_topics(apps: Any) -> None:
    """Write the first topics."""
    topics = apps.get_model("tickets", "Topic").objects
    if topics.exists():
        return
    for en, cs, sl in TOPIC_NAMES:
        topics.create(name_en=en, name_cs=cs, name_sl=sl)
