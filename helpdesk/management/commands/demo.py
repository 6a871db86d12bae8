"""A portal full of people and issues to look around in: made once, then served (DESIGN §8)."""

from __future__ import annotations

import io
import os
import socket
import threading
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from PIL import Image, ImageDraw, ImageFont

from accounts.models import Rank, User
from accounts.seed import AGENTS, SUPERVISORS
from helpdesk.chat_stories import CHAT_STORIES, tell
from helpdesk.desk_stories import FILED, prepare_desk
from helpdesk.incident_stories import LATE_MAILS, slow_checkout, tell_incident
from helpdesk.past_stories import Past
from tickets.models import Screenshot, Ticket
from tickets.models.event import Verb

from .run_jobs import run_forever

SESAME = "leaf-and-stem"  # everybody's password
HOST = "127.0.0.1"
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:148.0) Gecko/20100101 Firefox/148.0 · 1280×720"
)


class Person(NamedTuple):
    username: str
    name: str  # given and family name
    language: str
    role: Rank | str  # a member's rank, or the group of staff
    advice: str


PEOPLE = [
    Person("maja", "Maja Kovač", "sl", Rank.SILVER, "issues in all states: answer, reopen, submit"),
    Person("tomas", "Tomáš Beneš", "cs", Rank.SILVER, "another Silver: sees nothing of Maja's"),
    Person("emily", "Emily Carter", "en", Rank.GOLD, "an issue with pictures, hers to follow"),
    Person("jana", "Jana Dvořáková", "cs", Rank.PREMIER, "below Silver: the page that says so"),
    Person("nina", "Nina Horvat", "sl", AGENTS, "the desk and the chat console"),
    Person("marek", "Marek Svoboda", "cs", AGENTS, "the same desk in Czech"),
    Person("sarah", "Sarah Whitfield", "en", SUPERVISORS, "also service hours, holidays, people"),
]
TIME_ZONES = {**settings.MARKET_TIME_ZONES, "en": "Europe/London"}


class Picture(NamedTuple):
    """What somebody saw. The words keep to the letters that Pillow's own font has."""

    file: str
    address: str
    headline: str
    text: str
    button: str


class Step(NamedTuple):
    """What happened then. ``head``: who, verb, how many working days ago, at what time (GMT)."""

    head: str
    body: str = ""
    picture: Picture | None = None


class Story(NamedTuple):
    """A ticket. ``head``: member, language, how many working days ago, at what time (GMT)."""

    head: str
    title: str
    description: str
    steps: list[Step]
    picture: Picture | None = None


TIMEOUT = Picture(
    "zaslon.png",
    "https://shop.example.com/sl/kosarica/oddaja",
    "Napaka 504",
    "Oddaja ni uspela. Poskusite znova.",
    "Nazaj",
)
EMPTY = Picture(
    "porocilo.png",
    "https://office.example.com/sl/ekipa/porocilo",
    "Ni podatkov",
    "Za izbrano obdobje ni podatkov.",
    "Znova",
)
BROKEN_FORM = Picture(
    "chyba.png",
    "https://shop.example.com/cs/registrace/krok-3",
    "Chyba 500",
    "Chyba serveru. Zkuste to znovu.",
    "Znovu",
)
BONUS = Picture(
    "bonus-report.webp",
    "https://office.example.com/en/reports/bonus",
    "Something went wrong",
    "The report could not be loaded. Reference: BR-2291.",
    "Try again",
)
CONSOLE = Picture(
    "after-clearing-cache.jpg",
    "https://office.example.com/en/reports/bonus?period=last",
    "Session expired",
    "Please sign in again to see this report.",
    "Sign in",
)
CART = Picture(
    "cart.png",
    "https://shop.example.com/en/cart",
    "Your cart: GBP 84.50",
    "The delivery address is in Slovenia.",
    "Checkout",
)

STORIES = [
    Story(
        "maja sl 2 15:20",
        "Naročila ni mogoče oddati",
        "Ko v košarici kliknem »Oddaj naročilo«, se stran dolgo nalaga, nato se pokaže "
        "napaka 504.\n\nPoskusila sem trikrat, v Chromu in v Firefoxu. Denar s kartice ni bil "
        "odtegnjen.",
        [
            Step("nina assign 2 16:05"),
            Step(
                "nina note 2 16:10",
                "Isti čas kot izpad plačilnega sistema. Preverjam pri kolegih.",
            ),
            Step(
                "nina reply 1 14:30",
                "Pozdravljeni,\n\nhvala za sliko. Napako smo ponovili in jo odpravljamo. Izdelki "
                "v košarici ostanejo shranjeni; javimo vam, ko bo oddaja spet mogoča.",
            ),
        ],
        TIMEOUT,
    ),
    Story(
        "maja sl 1 09:40",
        "Poročilo o ekipi je prazno",
        "Od včeraj je poročilo o ekipi prazno, čeprav so člani oddali naročila. Na sliki je "
        "izbran tekoči mesec.",
        [],
        EMPTY,
    ),
    Story(
        "maja sl 9 17:15",
        "Račun se ne odpre",
        "Pri zadnjem naročilu kliknem »Račun«, odpre se prazna stran.",
        [
            Step(
                "nina reply 8 13:45",
                "Pozdravljeni, račun smo izdali znova. Prosimo, poskusite še enkrat.",
            ),
            Step("nina close 8 13:46"),
            Step(
                "maja reopen 1 18:05",
                "Danes je stran spet prazna, tudi v drugem brskalniku.",
            ),
        ],
    ),
    Story(
        "maja sl 5 11:10",
        "Točke zadnjega naročila niso pripisane",
        "Naročilo je plačano in odposlano, točk pa na računu še ni.",
        [
            Step("nina assign 5 13:20"),
            Step(
                "nina ask 4 15:00",
                "Pozdravljeni, katera je številka naročila? Če lahko, dodajte sliko zaslona s "
                "podrobnostmi naročila.",
            ),
        ],
    ),
    Story(
        "maja sl 3 08:25",
        "Povezava za vpis nove stranke ne deluje",
        "Stranki sem poslala povezavo za vpis, a se ji odpre začetna stran brez obrazca.",
        [
            Step(
                "nina ask 2 17:40",
                "Pozdravljeni, v katerem brskalniku in na kateri napravi je stranka odprla "
                "povezavo?",
            ),
        ],
    ),
    Story(
        "maja sl 30 10:00",
        "Naslov za dostavo se ne shrani",
        "Spremenim hišno številko, shranim, in stran spet pokaže staro.",
        [
            Step(
                "nina reply 29 13:10",
                "Pozdravljeni, napaka je odpravljena, naslov se zdaj shrani.",
            ),
            Step("nina close 28 14:00"),
        ],
    ),
    Story(
        "maja sl 26 12:30",
        "Ne prejemam potrditev naročil",
        "Že dve naročili nista prinesli potrditve po e-pošti. Preverila sem tudi vsiljeno pošto.",
        [
            Step(
                "nina ask 25 16:20",
                "Pozdravljeni, ali v nastavitvah vidite pravilen e-poštni naslov?",
            ),
            Step("maja reply 24 07:50", "V naslovu je bila napaka. Hvala!"),
            Step("maja close 24 07:52"),
        ],
    ),
    Story(
        "maja en 23 09:05",
        "The cart shows the wrong currency",
        "I pay in euros, but today the cart shows pounds. The delivery address is unchanged.",
        [
            Step(
                "sarah reply 22 10:15",
                "Hello Maja,\n\nthe market of your account was read wrongly after an update. It is "
                "corrected; please sign out and in once.",
            ),
            Step("maja reply 22 11:40", "It works, thank you."),
            Step("sarah close 22 12:00"),
        ],
        CART,
    ),
    Story(
        "maja sl 19 14:45",
        "Koda za popust ni sprejeta",
        "Koda iz sporočila velja do konca meseca, košarica pa jo zavrne.",
        [
            Step(
                "nina reply 18 13:30",
                "Pozdravljeni, koda je bila vezana na drug trg. Na vaš račun smo dodali novo.",
            ),
            Step("nina close 17 15:05"),
        ],
    ),
    Story(
        "maja sl 15 18:30",
        "Prijava po menjavi gesla ne uspe",
        "Geslo sem zamenjala na telefonu. Na računalniku me stran z novim ne spusti naprej.",
        [
            Step(
                "nina reply 14 14:20",
                "Pozdravljeni, brskalnik je še pošiljal staro shranjeno geslo. Izbrišite ga in ga "
                "vnesite ročno.",
            ),
            Step("maja reply 14 16:00", "Res je, zdaj deluje."),
            Step("nina close 13 13:15"),
        ],
    ),
    Story(
        "maja sl 10 07:35",
        "Dvojna obremenitev kartice",
        "Za isto naročilo vidim na kartici dva enaka zneska.",
        [
            Step(
                "nina reply 9 13:55",
                "Pozdravljeni, drugi znesek je bil le rezervacija in ga bo banka sprostila.",
            ),
            Step("nina close 6 13:00"),
        ],
    ),
    Story(
        "maja sl 7 16:50",
        "Katalog se v telefonu ne prilagodi zaslonu",
        "Besedilo sega čez rob, gumba za nakup ne vidim.",
        [
            Step("nina reply 5 14:40", "Pozdravljeni, prikaz je popravljen."),
            Step("nina close 4 13:30"),
        ],
    ),
    Story(
        "tomas cs 1 10:55",
        "Nelze dokončit registraci nového zákazníka",
        "Ve třetím kroku registrace se po kliknutí na „Pokračovat“ objeví chyba 500. Zkoušel jsem "
        "to dnes dvakrát, vždy se stejným výsledkem.",
        [Step("marek assign 1 13:25")],
        BROKEN_FORM,
    ),
    Story(
        "tomas cs 6 08:15",
        "Věrnostní objednávka se neodeslala",
        "Objednávka měla odejít minulý týden, v přehledu je ale stále jako naplánovaná.",
        [
            Step("marek assign 6 13:05"),
            Step(
                "marek note 5 13:35",
                "V logu platební brány je zamítnutá karta. Nejdřív se zeptat na platnost karty.",
            ),
            Step(
                "marek ask 5 13:50",
                "Dobrý den, neskončila v posledních týdnech platnost karty uložené u objednávky?",
            ),
        ],
    ),
    Story(
        "tomas other 12 12:10",
        "Objednávka sa nezobrazuje v histórii",
        "Píšem po slovensky, dúfam, že to nevadí. Posledná objednávka v histórii chýba, hoci tovar "
        "už prišiel.",
        [
            Step(
                "marek reply 11 14:15",
                "Dobrý den, slovensky rozumíme. Historie se počítá přes noc, zítra tam objednávka "
                "bude.",
            ),
            Step("tomas close 10 06:45"),
        ],
    ),
    Story(
        "tomas cs 21 17:30",
        "Faktura má špatnou adresu",
        "Na faktuře je moje předchozí adresa, v profilu mám už dva měsíce novou.",
        [
            Step("marek reply 20 13:40", "Dobrý den, opravenou fakturu posíláme."),
            Step("marek close 20 13:41"),
        ],
    ),
    Story(
        "emily en 3 08:40",
        "The bonus report does not load",
        "The bonus report has shown an error since this morning. Other reports open as usual.",
        [
            Step("marek assign 3 09:30"),
            Step(
                "marek ask 3 09:45",
                "Hello Emily,\n\ncould you clear the browser's cache and open the report once "
                "more? If it fails again, please send a picture of what you see.",
            ),
            Step(
                "emily reply 2 07:20",
                "I cleared the cache. Now it asks me to sign in, although I am signed in.",
                CONSOLE,
            ),
            Step(
                "marek note 2 09:10",
                "Same reference as two others this week. Sarah, is this the session change?",
            ),
        ],
        BONUS,
    ),
    Story(
        "emily en 8 19:10",
        "Shared wish list is empty for the recipient",
        "I share a wish list by its link. I see six products, the recipient sees none.",
        [
            Step(
                "sarah ask 7 08:30",
                "Hello Emily, does the recipient live in the same market as you?",
            ),
        ],
    ),
    Story(
        "emily en 16 11:00",
        "Cannot change the date of a monthly order",
        "The calendar opens, but every day is grey.",
        [
            Step(
                "sarah reply 15 10:20",
                "Hello Emily, the date can be changed until two days before dispatch. Yours was "
                "due the next day; the calendar is open again now.",
            ),
            Step("emily reply 15 12:35", "That explains it. Thank you."),
            Step("emily close 15 12:36"),
        ],
    ),
]


class Command(BaseCommand):
    help = "Fill the embedded database with people and issues, print the sign-ins and serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = urlsplit(settings.PORTAL_URL).port or 8000
        parser.add_argument("--port", type=int, default=port, help=f"default {port}")
        parser.add_argument("--no-serve", action="store_true", help="only fill the database")

    def handle(self, *, port: int, no_serve: bool, **options: Any) -> None:
        if "PORTAL_URL" not in os.environ:
            settings.PORTAL_URL = f"http://127.0.0.1:{port}"  # links in mails lead to this demo
        _refuse_other_databases()
        call_command("migrate", verbosity=0, interactive=False)
        populate(timezone.now())
        self.stdout.write("\n".join(_sign_ins(port)))
        if not no_serve:
            self._serve(port)

    def _serve(self, port: int) -> None:
        _refuse_taken(port)
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)  # WhiteNoise warns if it is absent
        threading.Thread(target=run_forever, daemon=True).start()
        self.stdout.write("Serving. Stop with Ctrl+C.")
        self.stdout.flush()
        call_command("runserver", f"{HOST}:{port}", use_reloader=False, stdout=io.StringIO())


def _refuse_other_databases() -> None:
    """The password is public: its people belong into no database that anybody relies on."""
    file = Path(str(connection.settings_dict["NAME"])).resolve()
    if connection.vendor != "sqlite" or file.parent != settings.DATA_DIR or settings.HARDENED:
        raise CommandError(
            "The demo fills the embedded database only. Unset DATABASE_URL and PORTAL_URL."
        )


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(f"Port {port}: {error.strerror}. Try --port {port + 1}.") from error


def populate(now: datetime) -> None:
    """Make the people and their tickets as of ``now``, or nothing if they exist."""
    known = User.objects.filter(username__in=[person.username for person in PEOPLE]).count()
    if known == len(PEOPLE):
        return
    if known:
        raise CommandError(
            "Some names of the demo are taken. Remove .data/db.sqlite3 to begin anew."
        )
    with transaction.atomic():
        cast = dict(_people(now))
        _tell_all(cast, now)
        for chat in CHAT_STORIES:
            tell(chat, cast, _moment(now, chat.began))


def _tell_all(cast: dict[str, User], now: datetime) -> None:
    """Tell the stories among what else happened, in the order of time."""
    goes_on = slow_checkout(now)
    heads = [*(story.head for story in STORIES), *FILED]
    heads += [one.filed for one in (*LATE_MAILS.affected, *goes_on.affected)]
    past = Past(cast, [_moment(now, head) for head in heads], now)
    reach = partial(_reach, past, now)
    scenes = [(story.head, partial(_tell, story, cast, now)) for story in STORIES]
    scenes.append((LATE_MAILS.times[0], partial(tell_incident, LATE_MAILS, cast, reach)))
    for head, scene in sorted(scenes, key=lambda scene: _moment(now, scene[0])):
        reach(head)
        scene()
    prepare_desk(cast, reach, now)
    tell_incident(goes_on, cast, reach)
    past.tell_until(now)
    past.tell_chats()


def _reach(past: Past, now: datetime, head: str) -> datetime:
    """The moment of ``head``, once all that came in before it is there."""
    at = _moment(now, head)
    past.tell_until(at)
    return at


def _people(now: datetime) -> Iterator[tuple[str, User]]:
    groups = {group.name: group for group in Group.objects.all()}
    encoded = make_password(SESAME)  # once: a hash takes as long as it should
    for number, person in enumerate(PEOPLE, 1):
        first_name, last_name = person.name.split()
        user = User(
            username=person.username,
            password=encoded,
            email=f"{person.username}@example.com",
            first_name=first_name,
            last_name=last_name,
            language=person.language,
            time_zone=TIME_ZONES[person.language],
        )
        if isinstance(person.role, Rank):
            user.member_id = f"{4807151 * number % 9_000_000 + 1_000_000}"
            user.set_rank(person.role, now - timedelta(days=97 * number))
        else:
            user.is_staff, user.works_in = True, sorted({"en", person.language})
        user.save()
        if user.is_staff:
            user.groups.add(groups[person.role])
        yield person.username, user


def _tell(story: Story, cast: dict[str, User], now: datetime) -> None:
    who, language, _days, _clock = story.head.split()
    member, at = cast[who], _moment(now, story.head)
    ticket = Ticket.objects.submit(
        member,
        language=language,
        title=story.title,
        description=story.description,
        submission_id=uuid.uuid4(),
        at=at,
        screenshots=_uploads(story.picture, member, at),
        technical_details=BROWSER if story.picture else "",
    )
    for step in story.steps:
        _apply(step, ticket, cast, _moment(now, step.head))


def _apply(step: Step, ticket: Ticket, cast: dict[str, User], at: datetime) -> None:
    who, verb, _days, _clock = step.head.split()
    actor = cast[who]
    if verb == Verb.ASSIGN:
        ticket.assign(actor, actor, at=at)
    elif verb == Verb.CLOSE:
        ticket.close(actor, at=at)
    else:
        write = getattr(ticket, Verb(verb).value)
        pictures = _uploads(step.picture, actor, at)
        write(actor, step.body, submission_id=uuid.uuid4(), at=at, screenshots=pictures)


def _moment(now: datetime, head: str) -> datetime:
    """The time at the end of ``head``, on the day that lies so many working days before ``now``."""
    days, clock = head.split()[-2:]
    day, left = now.astimezone(UTC).date(), int(days)
    while left:
        day -= timedelta(days=1)
        left -= day.weekday() < 5
    return datetime.combine(day, time.fromisoformat(clock), UTC)


def _uploads(picture: Picture | None, owner: User, at: datetime) -> list[Screenshot]:
    if picture is None:
        return []
    return [Screenshot.objects.upload(owner, SimpleUploadedFile(picture.file, draw(picture)), at)]


def draw(picture: Picture) -> bytes:
    """Draw a browser window that shows ``picture``, with the metadata a screenshot tool leaves."""
    image = Image.new("RGB", (1280, 720), "#f4f4f6")
    pen = ImageDraw.Draw(image)
    _draw_window(pen, picture.address)
    _draw_page(pen)
    pen.rounded_rectangle((360, 230, 1200, 560), 12, fill="white", outline="#d5d5dc", width=2)
    pen.ellipse((400, 274, 448, 322), fill="#b3261e")
    pen.text((424, 298), "!", "white", ImageFont.load_default(34), anchor="mm")
    pen.text((472, 298), picture.headline, "#1d1b20", ImageFont.load_default(38), anchor="lm")
    pen.text((400, 372), picture.text, "#49454f", ImageFont.load_default(24))
    pen.rounded_rectangle((400, 460, 600, 514), 8, fill="#2f6b4f")
    pen.text((500, 487), picture.button, "white", ImageFont.load_default(22), anchor="mm")
    exif = Image.Exif()
    exif[0x010E] = "drawn for the demo"  # ImageDescription: gone once it is stored
    content = io.BytesIO()
    kind = Image.registered_extensions()[Path(picture.file).suffix]
    image.save(content, kind, exif=exif, quality=88)
    return content.getvalue()


def _draw_window(pen: ImageDraw.ImageDraw, address: str) -> None:
    pen.rectangle((0, 0, 1280, 64), fill="#dfe1e6")
    for left, colour in ((22, "#e5675c"), (50, "#e3b341"), (78, "#58a55c")):
        pen.ellipse((left, 24, left + 16, 40), fill=colour)
    pen.rounded_rectangle((124, 14, 1250, 50), 18, fill="white")
    pen.text((146, 32), address, "#3c4043", ImageFont.load_default(18), anchor="lm")


def _draw_page(pen: ImageDraw.ImageDraw) -> None:
    """The head and the menu of the page behind the message, as bars."""
    pen.rectangle((0, 64, 1280, 140), fill="#5a2d82")
    pen.rounded_rectangle((40, 86, 220, 118), 6, fill="#8d68ad")
    for left in (820, 950, 1080):
        pen.rounded_rectangle((left, 94, left + 96, 110), 6, fill="#8d68ad")
    for top in range(200, 620, 52):
        pen.rounded_rectangle((48, top, 288, top + 20), 6, fill="#dcdce2")
    pen.rounded_rectangle((360, 176, 700, 204), 6, fill="#dcdce2")


def _sign_ins(port: int) -> Iterator[str]:
    address = f"http://{HOST}:{port}"
    yield ""
    yield f"  {'User name':<11}{'Who':<29}{'Language':<10}Try"
    for person in PEOPLE:
        role = person.role.label if isinstance(person.role, Rank) else person.role.removesuffix("s")
        who = f"{person.name}, {role}"
        yield f"  {person.username:<11}{who:<29}{person.language:<10}{person.advice}"
    yield ""
    yield f"  Password   {SESAME}   (everybody's)"
    yield f"  Portal     {address}/"
    yield f"  Desk       {address}/admin/"
    yield f"  Mails      {settings.EMAIL_FILE_PATH}"
    if urlsplit(settings.PORTAL_URL).netloc != f"{HOST}:{port}":
        yield f"             (their links lead to {settings.PORTAL_URL}: set PORTAL_URL to change)"
    yield ""
