"""What the made-up people write: sentences with gaps, by language and topic.

The gaps are ``{order} {amount} {code} {day} {browser} {device} {name}``. Slovak and German stand
for the tickets in another language; those are answered in English.
"""

from __future__ import annotations

from typing import NamedTuple

from tickets.models import TicketLanguage


class Issue(NamedTuple):
    """An issue of one topic: how it is called and what is said about it first."""

    titles: list[str]
    openings: list[str]


class Phrases(NamedTuple):
    """``issues`` stand in the order of ``tickets.seed.TOPIC_NAMES``."""

    language: TicketLanguage
    issues: list[Issue]
    details: list[str]  # of a description
    member: list[str]
    agent: list[str]
    closing: list[str]  # an agent's last words
    asking: list[str]  # a question as the body of a reply
    questions: list[str]  # with boxes of their own
    answers: list[str]
    notes: list[str]


ENGLISH = Phrases(
    TicketLanguage.ENGLISH,
    [
        Issue(
            ["Cannot sign in since {day}", "Password reset mail never arrives", "Signed out again"],
            ["I cannot sign in on {device}.", "The page says my password is wrong, but it is not."],
        ),
        Issue(
            ["Enrolment of {name} stops at step three", "A new customer cannot be enrolled"],
            ["I try to enrol {name} and the form stops.", "The enrolment link shows an error."],
        ),
        Issue(
            ["Order {order} is missing", "Order cannot be placed", "Monthly order was not sent"],
            ["My order {order} does not show in the history.", "The cart loses order {order}."],
        ),
        Issue(
            ["Card charged twice for {order}", "Payment of {amount} fails", "Refund not received"],
            ["I was charged {amount} twice.", "The payment for order {order} is refused."],
        ),
        Issue(
            ["Delivery date of {order} is wrong", "Parcel sent to my old address"],
            ["The parcel {order} should have come on {day}.", "The courier has the old address."],
        ),
        Issue(
            ["Bonus report does not load", "Team report for {day} is empty"],
            ["The bonus report shows error {code}.", "My team report lacks everybody since {day}."],
        ),
        Issue(
            ["Website shows error {code}", "Pictures on the website do not load in {browser}"],
            ["Since {day} the website answers with {code}.", "In {browser} the menu stays closed."],
        ),
        Issue(
            ["Mobile app closes on start", "App on {device} shows error {code}"],
            ["The app on {device} closes after a second.", "After the update the app asks {code}."],
        ),
    ],
    [
        "I use {browser} on {device}.",
        "It worked until {day}.",
        "I tried three times, always with the same result.",
        "The message names the code {code}.",
        "The order number is {order}, the amount {amount}.",
        "{name} sees the same on another computer.",
        "Please help, my customers are waiting.",
    ],
    [
        "I have cleared the cache and it is still the same.",
        "It happened again on {day}, this time with {code}.",
        "The number is {order}.",
        "Thank you, I will try it tonight.",
        "Now it works in {browser}, but not on {device}.",
        "Is there any news?",
        "{name} confirms that it works again.",
        "I enclose what I see after the last step.",
    ],
    [
        "Hello, thank you for your message.",
        "We have passed order {order} to the team that looks after it.",
        "Please sign out, close {browser} and sign in again.",
        "The error {code} comes from an update on {day}.",
        "The amount of {amount} is on its way back to your card.",
        "Your delivery date is now {day}.",
        "We have opened the report again for you.",
        "It may take until {day} before you see the change.",
    ],
    [
        "The matter is settled, so we close the ticket.",
        "We have corrected it; please write again if it comes back.",
    ],
    [
        "Could you send us a picture of the whole page with the message?",
        "Which number does the order have, and when did you place it?",
        "Does it also happen in another browser than {browser}?",
    ],
    [
        "Which browser do you use?",
        "On which day did it happen first?",
        "What does the address line show?",
        "Which amount was charged?",
    ],
    ["{browser}, the newest one.", "On {day}.", "It says {code}.", "{amount}.", "Order {order}."],
    [
        "Same as {code} last week; the payment gateway refused the card.",
        "Asked {name} in billing, waiting for an answer until {day}.",
        "The log shows a session change at {order}.",
        "Known bug, fixed with the release of {day}.",
        "Careful: possibly a duplicate account.",
    ],
)

CZECH = Phrases(
    TicketLanguage.CZECH,
    [
        Issue(
            ["Nemohu se přihlásit od {day}", "Nepřišel e-mail k obnovení hesla", "Stále odhlášení"],
            ["Nedaří se mi přihlásit, používám {device}.", "Stránka hlásí chybné heslo."],
        ),
        Issue(
            ["Registrace se zastaví: {name}", "Nelze dokončit registraci nového zákazníka"],
            ["Registrace ({name}) skončí chybou.", "Odkaz k registraci ukazuje chybu {code}."],
        ),
        Issue(
            ["Objednávka {order} chybí", "Objednávku nelze zpracovat", "Věrnostní objednávka"],
            ["Objednávka {order} není v historii.", "Košík ztrácí objednávku {order}."],
        ),
        Issue(
            ["Dvojí platba za {order}", "Platba {amount} se nezdařila", "Vrácení peněz nepřišlo"],
            ["Karta byla zatížena dvakrát, {amount}.", "Platba za {order} byla zamítnuta."],
        ),
        Issue(
            ["Datum doručení {order} nesouhlasí", "Zásilka odešla na starou adresu"],
            ["Zásilka {order} měla přijít {day}.", "Dopravce má moji předchozí adresu."],
        ),
        Issue(
            ["Přehled bonusů se nenačte", "Přehled týmu ke dni {day} je prázdný"],
            ["Přehled bonusů hlásí chybu {code}.", "V přehledu týmu od {day} nikdo není."],
        ),
        Issue(
            ["Webové stránky hlásí chybu {code}", "Obrázky se nezobrazují ({browser})"],
            ["Od {day} stránky odpovídají {code}.", "Nabídka se neotevře, prohlížeč {browser}."],
        ),
        Issue(
            ["Mobilní aplikace se zavírá", "Aplikace hlásí chybu {code} ({device})"],
            ["Aplikace se po vteřině zavře, {device}.", "Po aktualizaci se objeví {code}."],
        ),
    ],
    [
        "Používám {browser}, zařízení {device}.",
        "Do {day} vše fungovalo.",
        "Zkoušeno třikrát, vždy se stejným výsledkem.",
        "Hlášení uvádí kód {code}.",
        "Číslo objednávky je {order}, částka {amount}.",
        "Stejně to vidí i {name} na jiném počítači.",
        "Prosím o pomoc, zákazníci čekají.",
    ],
    [
        "Mezipaměť je vymazaná, ale nic se nezměnilo.",
        "Stalo se to znovu {day}, tentokrát s kódem {code}.",
        "Číslo je {order}.",
        "Děkuji, večer to vyzkouším.",
        "{browser} už funguje, {device} bohužel ne.",
        "Je něco nového?",
        "{name} potvrzuje, že už je to v pořádku.",
        "Přikládám, co vidím po posledním kroku.",
    ],
    [
        "Dobrý den, děkujeme za zprávu.",
        "Objednávku {order} jsme předali týmu, který ji má na starosti.",
        "Odhlaste se prosím, zavřete {browser} a přihlaste se znovu.",
        "Chybu {code} způsobila aktualizace ze dne {day}.",
        "Částka {amount} se vrací na vaši kartu.",
        "Nové datum doručení je {day}.",
        "Přehled jsme vám znovu zpřístupnili.",
        "Může trvat do {day}, než změnu uvidíte.",
    ],
    [
        "Věc je vyřízena, lístek uzavíráme.",
        "Chybu jsme opravili; kdyby se vrátila, napište nám prosím.",
    ],
    [
        "Můžete nám poslat snímek celé stránky s hlášením?",
        "Jaké číslo má objednávka a kdy jste ji odeslali?",
        "Děje se to i v jiném prohlížeči než {browser}?",
    ],
    [
        "Jaký prohlížeč používáte?",
        "Kdy se to stalo poprvé?",
        "Co ukazuje adresní řádek?",
        "Jaká částka byla stržena?",
    ],
    ["{browser}, nejnovější.", "Dne {day}.", "Píše {code}.", "{amount}.", "Objednávka {order}."],
    [
        "Stejné jako {code} minulý týden; platební brána odmítla kartu.",
        "Dotaz na účtárnu ({name}), čekáme do {day}.",
        "V logu je změna relace u {order}.",
        "Známá chyba, opraví ji vydání {day}.",
        "Pozor, možná zdvojený účet.",
    ],
)

SLOVENIAN = Phrases(
    TicketLanguage.SLOVENIAN,
    [
        Issue(
            ["Prijava ne uspe od {day}", "Sporočilo za novo geslo ne pride", "Stran me odjavi"],
            ["Ne morem se prijaviti, naprava {device}.", "Stran javi, da geslo ni pravilno."],
        ),
        Issue(
            ["Včlanitev se ustavi: {name}", "Nove stranke ni mogoče včlaniti"],
            ["Včlanitev ({name}) se konča z napako.", "Povezava za včlanitev kaže {code}."],
        ),
        Issue(
            ["Naročilo {order} manjka", "Naročila ni mogoče obdelati", "Mesečno naročilo ne odide"],
            ["Naročila {order} ni v zgodovini.", "Košarica izgubi naročilo {order}."],
        ),
        Issue(
            ["Dvojna obremenitev za {order}", "Plačilo {amount} ne uspe", "Vračilo ni prišlo"],
            ["Kartica je dvakrat obremenjena, {amount}.", "Plačilo za {order} je zavrnjeno."],
        ),
        Issue(
            ["Datum dostave {order} ni pravi", "Paket je šel na stari naslov"],
            ["Paket {order} bi moral priti {day}.", "Dostavljavec ima prejšnji naslov."],
        ),
        Issue(
            ["Poročilo o bonusih se ne naloži", "Poročilo ekipe za {day} je prazno"],
            ["Poročilo o bonusih javi napako {code}.", "V poročilu ekipe od {day} ni nikogar."],
        ),
        Issue(
            ["Spletna stran javi napako {code}", "Slike se ne prikažejo ({browser})"],
            ["Od {day} spletna stran odgovori s {code}.", "Meni se ne odpre, brskalnik {browser}."],
        ),
        Issue(
            ["Mobilna aplikacija se zapre", "Aplikacija javi napako {code} ({device})"],
            ["Aplikacija se po sekundi zapre, {device}.", "Po posodobitvi se pokaže {code}."],
        ),
    ],
    [
        "Uporabljam {browser}, naprava {device}.",
        "Do {day} je vse delovalo.",
        "Trije poskusi, vedno enak izid.",
        "Sporočilo navaja kodo {code}.",
        "Številka naročila je {order}, znesek {amount}.",
        "Enako vidi tudi {name} na drugem računalniku.",
        "Prosim za pomoč, stranke čakajo.",
    ],
    [
        "Predpomnilnik je prazen, a je še vedno enako.",
        "Zgodilo se je znova {day}, tokrat s kodo {code}.",
        "Številka je {order}.",
        "Hvala, zvečer poskusim znova.",
        "{browser} zdaj deluje, {device} pa ne.",
        "Je kaj novega?",
        "{name} potrjuje, da spet deluje.",
        "Prilagam, kaj vidim po zadnjem koraku.",
    ],
    [
        "Pozdravljeni, hvala za sporočilo.",
        "Naročilo {order} smo predali ekipi, ki zanj skrbi.",
        "Prosimo, odjavite se, zaprite {browser} in se znova prijavite.",
        "Napako {code} je povzročila posodobitev z dne {day}.",
        "Znesek {amount} se vrača na vašo kartico.",
        "Novi datum dostave je {day}.",
        "Poročilo smo vam znova odprli.",
        "Do {day} lahko traja, da bo sprememba vidna.",
    ],
    [
        "Zadeva je urejena, zahtevek zapiramo.",
        "Napaka je odpravljena; če se vrne, nam prosimo pišite.",
    ],
    [
        "Nam lahko pošljete sliko cele strani s sporočilom?",
        "Katero številko ima naročilo in kdaj ste ga oddali?",
        "Se to zgodi tudi v drugem brskalniku kot {browser}?",
    ],
    [
        "Kateri brskalnik uporabljate?",
        "Kdaj se je zgodilo prvič?",
        "Kaj kaže naslovna vrstica?",
        "Kateri znesek je bil odtegnjen?",
    ],
    ["{browser}, najnovejši.", "Dne {day}.", "Piše {code}.", "{amount}.", "Naročilo {order}."],
    [
        "Enako kot {code} prejšnji teden; plačilni prehod je kartico zavrnil.",
        "Vprašano v računovodstvu ({name}), čakamo do {day}.",
        "V dnevniku je menjava seje pri {order}.",
        "Znana napaka, odpravi jo izdaja {day}.",
        "Pozor, morda podvojen račun.",
    ],
)
SLOVAK = ENGLISH._replace(
    language=TicketLanguage.OTHER,
    issues=[
        Issue(["Neviem sa prihlásiť od {day}"], ["Prihlásenie zlyhá, zariadenie {device}."]),
        Issue(["Registrácia zákazníka zlyhá"], ["Registrácia ({name}) skončí chybou {code}."]),
        Issue(["Objednávka {order} sa nezobrazuje"], ["V histórii chýba objednávka {order}."]),
        Issue(["Platba {amount} neprešla"], ["Platba za {order} bola zamietnutá."]),
        Issue(["Zásielka {order} mešká"], ["Zásielka mala prísť {day}."]),
        Issue(["Prehľad bonusov je prázdny"], ["Prehľad bonusov hlási chybu {code}."]),
        Issue(["Stránka hlási chybu {code}"], ["Od {day} stránka odpovedá {code}."]),
        Issue(["Mobilná aplikácia sa zatvára"], ["Aplikácia sa zatvorí, {device}."]),
    ],
    details=["Píšem po slovensky, dúfam, že to nevadí.", "Používam {browser}.", "Kód je {code}."],
    member=["Ďakujem, skúsim to večer.", "Číslo je {order}.", "Stále rovnaké, {code}."],
    answers=["Dňa {day}.", "{browser}, najnovší."],
)

GERMAN = ENGLISH._replace(
    language=TicketLanguage.OTHER,
    issues=[
        Issue(["Anmeldung schlägt seit {day} fehl"], ["Die Anmeldung auf {device} schlägt fehl."]),
        Issue(["Kunde lässt sich nicht einschreiben"], ["Für {name} erscheint {code}."]),
        Issue(["Bestellung {order} fehlt"], ["Die Bestellung {order} steht nicht im Verlauf."]),
        Issue(["Zahlung über {amount} abgelehnt"], ["Die Karte wurde zweimal belastet."]),
        Issue(["Lieferung {order} verspätet"], ["Das Paket sollte am {day} kommen."]),
        Issue(["Bonusübersicht lädt nicht"], ["Die Übersicht meldet {code}."]),
        Issue(["Webseite meldet Fehler {code}"], ["Seit {day} antwortet die Seite mit {code}."]),
        Issue(["App schließt sich sofort"], ["Die App auf {device} schließt sich."]),
    ],
    details=[
        "Ich hoffe, Deutsch ist in Ordnung.",
        "Ich benutze {browser}.",
        "Der Code ist {code}.",
    ],
    member=["Danke, ich versuche es heute Abend.", "Die Nummer ist {order}.", "Noch immer {code}."],
    answers=["Am {day}.", "{browser}, die neueste Fassung."],
)

BROWSERS = ["Firefox", "Chrome", "Safari", "Edge", "Opera", "Samsung Internet", "Vivaldi"]
DEVICES = ["iPhone 14", "iPad", "Galaxy S23", "Windows 11", "MacBook", "Pixel 8", "Xiaomi 13", "PC"]
GIVEN = {
    "en": [
        "Emily",
        "James",
        "Olivia",
        "Harry",
        "Sarah",
        "Thomas",
        "Grace",
        "Oliver",
        "Lucy",
        "Daniel",
        "Hannah",
        "Peter",
    ],
    "cs": [
        "Jana",
        "Tomáš",
        "Eva",
        "Jiří",
        "Lenka",
        "Petr",
        "Hana",
        "Ondřej",
        "Zuzana",
        "Marek",
        "Kateřina",
        "Václav",
    ],
    "sl": [
        "Maja",
        "Luka",
        "Nina",
        "Žiga",
        "Ana",
        "Matej",
        "Špela",
        "Jure",
        "Katja",
        "Boštjan",
        "Urška",
        "Andrej",
    ],
}
FAMILY = {
    "en": [
        "Carter",
        "Whitfield",
        "Hughes",
        "Bennett",
        "Clarke",
        "Foster",
        "Morgan",
        "Reed",
        "Walsh",
        "Turner",
        "Ellis",
    ],
    "cs": [
        "Novotný",
        "Dvořák",
        "Černý",
        "Procházka",
        "Kučera",
        "Veselý",
        "Horák",
        "Němec",
        "Pokorný",
        "Hájek",
        "Růžička",
    ],
    "sl": [
        "Kovač",
        "Horvat",
        "Krajnc",
        "Zupančič",
        "Potočnik",
        "Mlakar",
        "Vidmar",
        "Golob",
        "Božič",
        "Kralj",
        "Žagar",
    ],
}
