"""What the agents of the demo have done beyond answering: topics, a merge, questions, reading."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from accounts.models import User
from tickets.models import ReadMark, Ticket, Topic

TOPICS = {
    "Naročila ni mogoče oddati": "Orders",
    "Poročilo o ekipi je prazno": "Reports",
    "Točke zadnjega naročila niso pripisane": "Orders",
    "Povezava za vpis nove stranke ne deluje": "Enrolment",
    "Naslov za dostavo se ne shrani": "Delivery",
    "The cart shows the wrong currency": "Payments",
    "Prijava po menjavi gesla ne uspe": "Sign-in",
    "Dvojna obremenitev kartice": "Payments",
    "Nelze dokončit registraci nového zákazníka": "Enrolment",
    "Věrnostní objednávka se neodeslala": "Orders",
    "The bonus report does not load": "Reports",
    "Cannot change the date of a monthly order": "Delivery",
}
AGAIN = (
    "Oddaja naročila še vedno ne uspe",
    "Poskusila sem tudi zvečer v drugem brskalniku. Po kliku na Oddaj se po minuti znova pokaže "
    "napaka 504, košarica pa ostane polna.",
)
BLANK = (
    "Po přihlášení se zobrazí prázdná stránka",
    "Od včerejška vidím po přihlášení na telefonu jen bílou stránku. Na počítači vše funguje.",
)
ASKED = "Dobrý den, děkujeme za zprávu. Abychom chybu našli, potřebujeme vědět dvě věci:"
QUESTIONS = [
    "Jaký telefon a který prohlížeč používáte?",
    "Stane se to i v anonymním okně prohlížeče?",
]
FILED = BLANK_AT, AGAIN_AT = ("1 11:40", "1 19:10")  # working days before now, and a time (GMT)
READ_AFTER_DAYS = 5


def prepare_desk(cast: dict[str, User], moment: Callable[[str], datetime], now: datetime) -> None:
    """Label tickets, merge one, ask in another, and let everybody have read what is older.

    ``moment("1 11:40")`` is that time on the working day that lies one before now.
    """
    topics = {topic.name_en: topic for topic in Topic.objects.all()}
    own = Ticket.objects.filter(member__in=cast.values())
    for ticket in own.filter(title__in=TOPICS).order_by("pk"):
        agent = ticket.assignee or cast["nina"]
        ticket.set_topic(agent, topics[TOPICS[ticket.title]], at=ticket.events.latest("pk").at)
    first = Ticket.objects.get(member=cast["maja"], title="Naročila ni mogoče oddati")
    blank = _file(cast["tomas"], "cs", BLANK, moment(BLANK_AT))
    blank.assign(cast["marek"], cast["marek"], at=moment("1 12:10"))
    blank.ask(
        cast["marek"],
        ASKED,
        questions=QUESTIONS,
        submission_id=uuid.uuid4(),
        at=moment("1 12:12"),
    )
    again = _file(cast["maja"], "sl", AGAIN, moment(AGAIN_AT))
    again.merge_into(cast["nina"], first, at=moment("1 19:40"))
    for ticket in own:
        if (now - (ticket.last_reply_at or ticket.created_at)).days >= READ_AFTER_DAYS:
            for person in [ticket.member, *(user for user in cast.values() if user.is_staff)]:
                ReadMark.objects.move(person.pk, ticket.pk, ticket.last_event)


def _file(member: User, language: str, words: tuple[str, str], at: datetime) -> Ticket:
    title, description = words
    return Ticket.objects.submit(
        member,
        language=language,
        title=title,
        description=description,
        submission_id=uuid.uuid4(),
        at=at,
    )
