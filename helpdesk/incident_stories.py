"""The known incidents of the demo: one that is over, and one that goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from accounts.models import User
from tickets.incidents import deliver
from tickets.models import Incident, ReadMark, Ticket

Moment = Callable[[str], datetime]  # from working days before now and a time (GMT)
BY = "sarah"


class MeToo(NamedTuple):
    """Whom it affects. ``head``: family name, language, working days ago, time (GMT)."""

    head: str
    words: str

    @property
    def filed(self) -> str:
        return " ".join(self.head.split()[-2:])


class IncidentStory(NamedTuple):
    """``times`` are those of its beginning, its announcement and its end, if it is over."""

    times: list[str]
    title: dict[str, str]
    text: dict[str, str]
    affected: list[MeToo]
    ending: dict[str, str]


LATE_MAILS = IncidentStory(
    ["14 08:20", "14 09:30", "14 15:40"],
    {
        "en": "Order confirmations arrive late",
        "cs": "Potvrzení objednávek přicházejí se zpožděním",
        "sl": "Potrditve naročil prihajajo z zamudo",
    },
    {
        "en": "Confirmations by e-mail arrive up to three hours late. The orders themselves are "
        "complete; please do not place them again.",
        "cs": "Potvrzení e-mailem přicházejí se zpožděním až tří hodin. Samotné objednávky jsou "
        "v pořádku, neodesílejte je prosím znovu.",
        "sl": "Potrditve po e-pošti prihajajo z zamudo do treh ur. Naročila so v redu; prosimo, "
        "ne oddajte jih znova.",
    },
    [
        MeToo("Morgan en 14 09:50", "I ordered at half past eight and have no confirmation yet."),
        MeToo("Horák cs 14 10:25", "Objednávka je v přehledu, ale potvrzení nepřišlo."),
        MeToo("Žagar sl 14 11:40", "Potrditve za včerajšnje naročilo še vedno ni."),
    ],
    {
        "en": "All confirmations have been sent, and new ones arrive within minutes again.",
        "cs": "Všechna potvrzení jsou odeslána a nová opět přicházejí během několika minut.",
        "sl": "Vse potrditve so poslane, nove spet prihajajo v nekaj minutah.",
    },
)


def slow_checkout(now: datetime) -> IncidentStory:
    """The one that goes on: since this morning, or since the last evening at the desk."""
    at = now.astimezone(UTC)
    is_today = at.weekday() < 5 and at.hour >= 11
    day, began, announced, first, second = (
        ("0", "09:10", "09:25", "09:40", "10:05")
        if is_today
        else ("1", "19:45", "19:55", "20:05", "20:30")
    )
    return IncidentStory(
        [f"{day} {began}", f"{day} {announced}"],
        {
            "en": "Checkout is slow",
            "cs": "Odeslání objednávky trvá dlouho",
            "sl": "Oddaja naročila je počasna",
        },
        {
            "en": f"Since {began} GMT placing an order takes a minute or longer. Your cart is "
            "kept. Please do not send the order twice; we are working on it.",
            "cs": f"Od {began} GMT trvá odeslání objednávky minutu i déle. Obsah košíku zůstává "
            "uložen. Neodesílejte prosím objednávku dvakrát; na nápravě pracujeme.",
            "sl": f"Od {began} GMT oddaja naročila traja minuto ali dlje. Vsebina košarice ostane "
            "shranjena. Prosimo, naročila ne oddajte dvakrat; napako odpravljamo.",
        },
        [
            MeToo(f"Reed en {day} {first}", "The wheel turns for minutes after I press Pay."),
            MeToo(f"Veselá cs {day} {second}", "Po kliknutí na „Zaplatit“ se dlouho nic neděje."),
        ],
        {},
    )


def tell_incident(story: IncidentStory, cast: dict[str, User], moment: Moment) -> None:
    """Lead the incident through its verbs."""
    by, (began, announced, *ended) = cast[BY], story.times
    words = {f"title_{code}": title for code, title in story.title.items()}
    words |= {f"text_{code}": text for code, text in story.text.items()}
    incident = Incident.objects.create(created_by=by, started_at=moment(began), **words)
    incident.publish(by, moment(announced))
    for affected in story.affected:
        family, language, *_when = affected.head.split()
        incident.file_short(
            User.objects.get(last_name=family, is_staff=False),
            language=language,
            description=affected.words,
            submission_id=uuid.uuid4(),
            at=moment(affected.filed),
        )
    for end in ended:
        incident.end(by, story.ending, moment(end), closes=True)
        while deliver(moment(end)):
            pass
        for ticket in Ticket.objects.filter(affected__incident=incident):
            for person in [ticket.member, *(user for user in cast.values() if user.is_staff)]:
                ReadMark.objects.move(person.pk, ticket.pk, ticket.last_event)
