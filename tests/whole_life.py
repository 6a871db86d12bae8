"""A member of whom every table that can hold something holds something, and a neighbour."""

import datetime as dt
import uuid

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from chatting import say, start
from conftest import NOW, answer, person, png_file, submit
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from post_office.models import STATUS, Email, Log

from accounts.models import AuditEntry, ErasureRequest, PeopleImport, Rank, User
from chat import emails as chat_emails
from chat.models import Presence
from tickets.models import (
    AffectedTicket,
    AnswerDraft,
    Draft,
    ImportedTicket,
    Incident,
    Notice,
    ReadMark,
    Screenshot,
    Ticket,
    TicketPresence,
)

ADDRESS = "198.51.100.23"
# What must be in no table and no file after an erasure; also within other words.
SECRETS = [
    *("zdenka", "zvonimira", "zupančič", "zupancic", "7654321", ADDRESS),
    *("skrivnostn", "zasebn"),
]


def lived(agent):
    """Zdenka, who has used everything; each text of hers holds a word of ``SECRETS``."""
    member = person(
        "zdenka",
        Rank.GOLD,
        first_name="Zvonimira",
        last_name="Zupančič",
        email="zdenka.zupancic@example.com",
        member_id="7654321",
        language="sl",
    )
    tickets(member, agent)
    chats(member, agent)
    account(member, agent)
    return member


def tickets(member, agent):
    first = submit(
        member,
        title="Skrivnostna napaka",
        description="Moje ime je Zvonimira Zupančič, številka 7654321.",
        technical_details="zasebni brskalnik",
        address=ADDRESS,
        screenshots=[Screenshot.objects.upload(member, png_file("zasebna.png"), NOW)],
    )
    hour = NOW + dt.timedelta(hours=1)
    asked = answer(first, agent, "Gospa Zupančič, prosimo:", "ask", questions=["Skrivnostno?"])
    question = asked.questions.get()
    answer(first, member, "Zasebna razlaga", answers={question.pk: "Skrivnosten odgovor"}, at=hour)
    shot = Screenshot.objects.upload(agent, png_file("skrivnostna.png"), NOW)
    answer(first, agent, "Ana Novak pravi: Zdenka je prijazna.", "note", screenshots=[shot])
    first.assign(agent, agent, at=hour)
    second = submit(member, title="Zasebno vprašanje")
    second.merge_into(agent, first, at=hour)
    ImportedTicket.objects.create(old_number="A-1", ticket=second)
    incident = Incident.objects.create(title_en="Slow", started_at=NOW, created_by=member)
    AffectedTicket.objects.create(incident=incident, ticket=first, at=NOW)
    Notice.objects.create(incident=incident, kind="reply", text_en="We know", by=member, at=NOW)
    AnswerDraft.objects.create(
        ticket=first,
        author=agent,
        body="Spoštovana Zvonimira",
        questions=["Zasebno?"],
        saved_at=NOW,
    )
    draft = Draft.objects.create(owner=member, title="Zasebni osnutek", saved_at=NOW)
    Screenshot.objects.upload(member, png_file("zasebni-osnutek.png"), NOW, draft)
    TicketPresence.objects.create(ticket=first, agent=member, seen_at=NOW)
    ReadMark.objects.move(member.pk, first.pk, 1)
    audit = {"actor": agent, "about": first.number, "address": "192.0.2.5", "at": NOW}
    AuditEntry.objects.create(action=AuditEntry.Action.PICTURE, **audit)


def chats(member, agent):
    chat = start(
        member,
        "My name is Zvonimira.",
        given_member_id="7654321",
        browser="skrivnostni brskalnik",
    )
    chat.claim(agent)
    shot = Screenshot.objects.upload(member, png_file("zasebna-klepet.png"), NOW)
    chat.post(member, "Skrivnostna beseda", uuid.uuid4(), [shot.uuid])
    say(chat, agent, "Dear Zvonimira")
    chat.add_note(agent, "Zupančič is on holiday", uuid.uuid4())
    chat.refresh_from_db()
    chat_emails.transcript(chat)
    chat.close(member)


def account(member, agent):
    address = EmailAddress.objects.create(user=member, email=member.email, primary=True)
    EmailConfirmation.objects.create(email_address=address, key="skrivnostni-ključ", sent=NOW)
    Authenticator.objects.create(user=member, type="totp", data={"secret": "zasebni ključ"})
    session = SessionStore()
    session["_auth_user_id"] = str(member.pk)
    session["account_authentication_methods"] = [{"method": "password", "username": "zdenka"}]
    session.create()
    UserSession.objects.create(
        user=member, ip=ADDRESS, user_agent="zasebni brskalnik", session_key=session.session_key
    )
    member.groups.add(Group.objects.create(name="Testers"))
    member.user_permissions.add(Permission.objects.first())
    Presence.objects.create(agent=member, seen_at=NOW)
    ErasureRequest.objects.file(member, NOW)
    PeopleImport.objects.create(
        source="desk",
        state="done",
        by=member,
        shown=["created zdenka: 7654321"],
        refused=["Line 2: zdenka.zupancic@example.com"],
        reason="zasebno",
        at=NOW,
    )
    AuditEntry.objects.create(
        actor=member, action=AuditEntry.Action.SIGN_IN, address=ADDRESS, at=NOW
    )
    LogEntry.objects.create(
        user=agent,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(member.pk),
        object_repr="Zvonimira Zupančič",
        action_flag=CHANGE,
        change_message="skrivnostno",
    )
    mail = Email.objects.filter(to=member.email).first()
    Email.objects.filter(pk=mail.pk).update(status=STATUS.failed)
    Log.objects.create(email=mail, status=STATUS.failed, message="550 zdenka.zupancic@example.com")
    old = Email.objects.create(
        from_email="support@example.com",
        to=["zdenka.prej@example.com"],
        subject=f"[TI-{Ticket.objects.owned_by(member).first().pk}] New reply",
        message="Zasebno",
    )
    assert old.pk
