"""What the dashboard says: numbers and sentences in three languages."""

import datetime as dt

import pytest
from django.utils import translation

from helpdesk.dashboard import amounts, sentences, tiles

COUNTS = (0, 1, 2, 3, 5, 101)
PLURALS = {
    (tiles.unassigned, "en"): [
        "none unassigned",
        "1 unassigned ticket",
        "2 unassigned tickets",
        "3 unassigned tickets",
        "5 unassigned tickets",
        "101 unassigned tickets",
    ],
    (tiles.unassigned, "cs"): [
        "vše přiřazeno",
        "1 nepřiřazený lístek",
        "2 nepřiřazené lístky",
        "3 nepřiřazené lístky",
        "5 nepřiřazených lístků",
        "101 nepřiřazených lístků",
    ],
    (tiles.unassigned, "sl"): [
        "vse dodeljeno",
        "1 nedodeljen zahtevek",
        "2 nedodeljena zahtevka",
        "3 nedodeljeni zahtevki",
        "5 nedodeljenih zahtevkov",
        "101 nedodeljen zahtevek",
    ],
    (tiles.over_target, "en"): [
        "none over target",
        "1 chat over target",
        "2 chats over target",
        "3 chats over target",
        "5 chats over target",
        "101 chats over target",
    ],
    (tiles.over_target, "cs"): [
        "žádný nad cílovou dobu",
        "1 chat nad cílovou dobu",
        "2 chaty nad cílovou dobu",
        "3 chaty nad cílovou dobu",
        "5 chatů nad cílovou dobu",
        "101 chatů nad cílovou dobu",
    ],
    (tiles.over_target, "sl"): [
        "noben nad ciljnim časom",
        "1 klepet nad ciljnim časom",
        "2 klepeta nad ciljnim časom",
        "3 klepeti nad ciljnim časom",
        "5 klepetov nad ciljnim časom",
        "101 klepet nad ciljnim časom",
    ],
    (sentences.oldest_unassigned, "en"): [
        "The oldest unassigned ticket has been waiting for less than a day.",
        "The oldest unassigned ticket has been waiting 1 day.",
        "The oldest unassigned ticket has been waiting 2 days.",
        "The oldest unassigned ticket has been waiting 3 days.",
        "The oldest unassigned ticket has been waiting 5 days.",
        "The oldest unassigned ticket has been waiting 101 days.",
    ],
    (sentences.oldest_unassigned, "cs"): [
        "Nejstarší nepřiřazený lístek čeká méně než den.",
        "Nejstarší nepřiřazený lístek čeká 1 den.",
        "Nejstarší nepřiřazený lístek čeká 2 dny.",
        "Nejstarší nepřiřazený lístek čeká 3 dny.",
        "Nejstarší nepřiřazený lístek čeká 5 dní.",
        "Nejstarší nepřiřazený lístek čeká 101 dní.",
    ],
    (sentences.oldest_unassigned, "sl"): [
        "Najstarejši nedodeljeni zahtevek čaka manj kot en dan.",
        "Najstarejši nedodeljeni zahtevek čaka 1 dan.",
        "Najstarejši nedodeljeni zahtevek čaka 2 dneva.",
        "Najstarejši nedodeljeni zahtevek čaka 3 dni.",
        "Najstarejši nedodeljeni zahtevek čaka 5 dni.",
        "Najstarejši nedodeljeni zahtevek čaka 101 dan.",
    ],
    (sentences.older_than_a_week, "en"): [
        "No open ticket is older than a week.",
        "1 open ticket is older than a week.",
        "2 open tickets are older than a week.",
        "3 open tickets are older than a week.",
        "5 open tickets are older than a week.",
        "101 open tickets are older than a week.",
    ],
    (sentences.older_than_a_week, "cs"): [
        "Žádný otevřený lístek není starší než týden.",
        "1 otevřený lístek je starší než týden.",
        "2 otevřené lístky jsou starší než týden.",
        "3 otevřené lístky jsou starší než týden.",
        "5 otevřených lístků je starších než týden.",
        "101 otevřených lístků je starších než týden.",
    ],
    (sentences.older_than_a_week, "sl"): [
        "Noben odprt zahtevek ni starejši od tedna dni.",
        "1 odprt zahtevek je starejši od tedna dni.",
        "2 odprta zahtevka sta starejša od tedna dni.",
        "3 odprti zahtevki so starejši od tedna dni.",
        "5 odprtih zahtevkov je starejših od tedna dni.",
        "101 odprt zahtevek je starejši od tedna dni.",
    ],
    (sentences.tickets_opened, "en"): [
        "No data for this period.",
        "1 ticket opened.",
        "2 tickets opened.",
        "3 tickets opened.",
        "5 tickets opened.",
        "101 tickets opened.",
    ],
    (sentences.tickets_opened, "cs"): [
        "Za toto období nejsou žádná data.",
        "Otevřen 1 lístek.",
        "Otevřeny 2 lístky.",
        "Otevřeny 3 lístky.",
        "Otevřeno 5 lístků.",
        "Otevřeno 101 lístků.",
    ],
    (sentences.tickets_opened, "sl"): [
        "Za to obdobje ni podatkov.",
        "Odprt je bil 1 zahtevek.",
        "Odprta sta bila 2 zahtevka.",
        "Odprti so bili 3 zahtevki.",
        "Odprtih je bilo 5 zahtevkov.",
        "Odprt je bil 101 zahtevek.",
    ],
    (sentences.tickets_reopened, "en"): [
        "No ticket was reopened.",
        "1 ticket reopened.",
        "2 tickets reopened.",
        "3 tickets reopened.",
        "5 tickets reopened.",
        "101 tickets reopened.",
    ],
    (sentences.tickets_reopened, "cs"): [
        "Žádný lístek nebyl znovu otevřen.",
        "Znovu otevřen 1 lístek.",
        "Znovu otevřeny 2 lístky.",
        "Znovu otevřeny 3 lístky.",
        "Znovu otevřeno 5 lístků.",
        "Znovu otevřeno 101 lístků.",
    ],
    (sentences.tickets_reopened, "sl"): [
        "Noben zahtevek ni bil znova odprt.",
        "Znova odprt je bil 1 zahtevek.",
        "Znova odprta sta bila 2 zahtevka.",
        "Znova odprti so bili 3 zahtevki.",
        "Znova odprtih je bilo 5 zahtevkov.",
        "Znova odprt je bil 101 zahtevek.",
    ],
    (sentences.ended_with_a_ticket, "en"): [
        "No chat ended with a ticket.",
        "1 chat ended with a ticket.",
        "2 chats ended with a ticket.",
        "3 chats ended with a ticket.",
        "5 chats ended with a ticket.",
        "101 chats ended with a ticket.",
    ],
    (sentences.ended_with_a_ticket, "cs"): [
        "Žádný chat neskončil odesláním lístku.",
        "1 chat skončil odesláním lístku.",
        "2 chaty skončily odesláním lístku.",
        "3 chaty skončily odesláním lístku.",
        "5 chatů skončilo odesláním lístku.",
        "101 chatů skončilo odesláním lístku.",
    ],
    (sentences.ended_with_a_ticket, "sl"): [
        "Noben klepet se ni končal z vložitvijo zahtevka.",
        "1 klepet se je končal z vložitvijo zahtevka.",
        "2 klepeta sta se končala z vložitvijo zahtevka.",
        "3 klepeti so se končali z vložitvijo zahtevka.",
        "5 klepetov se je končalo z vložitvijo zahtevka.",
        "101 klepet se je končal z vložitvijo zahtevka.",
    ],
}


def peak(chats):
    return sentences.peak(8, chats)


PLURALS |= {
    (peak, "en"): [
        "No data for this period.",
        "Peak: 08:00–09:00 GMT, 1 chat",
        *(f"Peak: 08:00–09:00 GMT, {n} chats" for n in (2, 3, 5, 101)),
    ],
    (peak, "cs"): [
        "Za toto období nejsou žádná data.",
        "Špička: 8:00–9:00 GMT, 1 chat",
        "Špička: 8:00–9:00 GMT, 2 chaty",
        "Špička: 8:00–9:00 GMT, 3 chaty",
        "Špička: 8:00–9:00 GMT, 5 chatů",
        "Špička: 8:00–9:00 GMT, 101 chatů",
    ],
    (peak, "sl"): [
        "Za to obdobje ni podatkov.",
        "Konica: 8:00–9:00 GMT, 1 klepet",
        "Konica: 8:00–9:00 GMT, 2 klepeta",
        "Konica: 8:00–9:00 GMT, 3 klepeti",
        "Konica: 8:00–9:00 GMT, 5 klepetov",
        "Konica: 8:00–9:00 GMT, 101 klepet",
    ],
}


@pytest.mark.parametrize(("say", "language"), PLURALS)
def test_numbers_are_said_as_the_language_says_them(say, language):
    with translation.override(language):
        said = [say(n).replace("\xa0", " ") for n in COUNTS]
    assert said == PLURALS[say, language]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "4.1~min 3.2~h 2.3~d 12,345 50% +5 −5 0"),
        ("cs", "4,1~min 3,2~h 2,3~d 12~345 50~% +5 −5 0"),
        ("sl", "4,1~min 3,2~h 2,3~d 12.345 50~% +5 −5 0"),
    ],
)
def test_amounts_are_written_as_the_language_writes_them(language, said):
    with translation.override(language):
        found = [
            amounts.duration(dt.timedelta(minutes=4.1)),
            amounts.duration(dt.timedelta(hours=3.2)),
            amounts.duration(dt.timedelta(days=2.3)),
            amounts.whole(12_345),
            amounts.percent(50.0),
            *(amounts.signed(n) for n in (5, -5, 0)),
        ]
    assert " ".join(found) == said.replace("~", "\N{NO-BREAK SPACE}")
