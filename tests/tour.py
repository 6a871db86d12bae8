"""A lived-in portal and the list of its pages, for stories that visit all of them."""

import datetime as dt
from typing import NamedTuple

from chatting import age, say, start
from conftest import answer, png_file, submit
from django.utils import timezone
from troubles import ENDINGS, announce, draft

from accounts.models import PeopleImport
from chat.models import Conversation, Presence
from tickets.models import CannedReply, Incident, Screenshot, Ticket, Topic


class Traces(NamedTuple):
    """What people have left in a lived-in portal."""

    asked: Ticket
    closed: Ticket
    whole: Ticket  # into which another was merged, with questions
    ended: Conversation
    talk: Conversation
    waiting: Conversation
    known: Incident
    file: PeopleImport


def live_in(silver, other_silver, gold, agent):
    """Issues and chats in every state."""
    now = timezone.now()
    shot = Screenshot.objects.upload(silver, png_file(width=640, height=400), now)
    asked = submit(silver, at=now - dt.timedelta(days=3), screenshots=[shot])
    question = "Kje se to zgodi?\nKako se naslov takrat konča?"
    answer(asked, agent, question, verb="ask", at=now - dt.timedelta(days=2))
    answer(asked, agent, "Isto kot v TI-1.", verb="note", at=now - dt.timedelta(days=2))
    for days, title in ((1, "Povezava za včlanitev odpre prazno stran"), (5, "Test")):
        submit(silver, title=title, at=now - dt.timedelta(days=days))
    for days in range(10, 17):
        opened = now - dt.timedelta(days=days)
        closed = submit(silver, title="Košarica prikazuje napačno valuto", at=opened)
        closed.close(agent, at=opened + dt.timedelta(days=1))
    submit(gold, title="Objednávku nelze zpracovat", at=now - dt.timedelta(hours=3))
    whole = _put_together(gold, agent, now)
    chats = _chats(silver, other_silver, gold, agent, now)
    return Traces(asked, closed, whole, *chats, _troubles(gold, agent, now), _file(now))


def _troubles(member, agent, now):
    """An incident that is over, one that goes on and affects ``member``, and a draft."""
    past = announce(agent, now - dt.timedelta(days=9))
    past.end(agent, ENDINGS, now - dt.timedelta(days=8), closes=False)
    known = announce(agent, now - dt.timedelta(hours=2))
    known.affect(Ticket.objects.owned_by(member).unfinished().first(), member, now)
    draft(agent, now)
    return known


def _file(now):
    """A file of the member record that was looked through."""
    return PeopleImport.objects.create(
        source="desk",
        state="checked",
        file_name="July.csv",
        counts={"created": 1, "updated": 1, "unchanged": 5, "deactivated": 0, "refused": 1},
        refused=[[4, "unknown rank: 'silber'"]],
        shown=[
            {"kind": "updated", "username": "sonja", "columns": {"rank": ["silver", "gold"]}},
        ],
        at=now,
    )


def _put_together(member, agent, now):
    """Two tickets that are one now, with two questions of which one is answered."""
    whole = submit(member, title="My team report is empty", at=now - dt.timedelta(hours=30))
    again = submit(member, title="Team report again", at=now - dt.timedelta(hours=20))
    answer(again, member, "It is the one for June.", at=now - dt.timedelta(hours=19))
    again.merge_into(agent, whole, at=now - dt.timedelta(hours=18))
    whole.set_topic(agent, Topic.objects.first(), at=now - dt.timedelta(hours=17))
    asked = ["Which browser do you use?", "Which month is empty?"]
    later = now - dt.timedelta(hours=16)
    question = answer(whole, agent, "Thank you.", verb="ask", questions=asked, at=later)
    first = question.questions.first()
    answer(whole, member, "", answers={first.pk: "Firefox"}, at=now - dt.timedelta(hours=15))
    return whole


def _chats(silver, other_silver, gold, agent, now):
    """One that is over and became a ticket, one that goes on, one that waits."""
    ended = start(silver, "Does the chat speak Slovenian?")
    ended.claim(agent)
    say(ended, agent, "In English only.")
    ended.to_ticket(agent, "sl", now)
    ended.close(silver)
    talk = start(other_silver, "The delivery date jumps back to August when I save my order.")
    talk.claim(agent)
    shot = Screenshot.objects.upload(other_silver, png_file(width=640, height=400), now)
    talk.post(other_silver, "It looks like this.", shot.uuid, [shot.uuid])
    say(talk, agent, "Which month are you trying to set?")
    talk.add_note(agent, "A retired product in the template blocks it.", shot.uuid)
    waiting = start(gold, "I cannot sign in on my phone.")
    age(Presence.objects, "seen_at", -3600)  # they stay as long as the tour takes
    age(Conversation.objects, "member_at", -3600)
    return ended, talk, waiting


def pages(traces):
    """Addresses by persona and by the name of the page."""
    asked, closed, whole, ended, talk, waiting, known, file = traces
    person = f"/admin/accounts/user/{asked.member_id}"
    incident = f"/admin/tickets/incident/{known.pk}"
    shot = asked.screenshots.first()
    return {
        "silver": {
            "home": "/",
            "issues": "/technical-issues/",
            "issues-search": "/technical-issues/?q=kosarica",
            "issues-closed": "/technical-issues/?section=closed",
            "issue-new": "/technical-issues/new/",
            "issue-received": f"/technical-issues/{asked.pk}/received/",
            "issue": asked.get_absolute_url(),
            "issue-closed": closed.get_absolute_url(),
            "guide": "/guide/",
            "preferences": "/preferences/",
            "password": "/accounts/password/change/",
            "sessions": "/accounts/sessions/",
            "second-factor": "/accounts/2fa/",
            "sign-out": "/accounts/logout/",
            "error-404": "/technical-issues/999999/",
            "error-403": "/admin/",
            "chat-form": "/chat/",
            "chat-ended": ended.get_absolute_url(),
            "incidents": "/incidents/",
            "incident-affects": f"/incidents/{known.pk}/affects-me/",
        },
        "other_silver": {
            "issues-empty": "/technical-issues/",
            "chat": talk.get_absolute_url(),
        },
        "gold": {
            "chat-waiting": waiting.get_absolute_url(),
            "issue-questions": whole.get_absolute_url(),
        },
        "premier": {
            "not-eligible": "/technical-issues/",
            "home-below": "/",
            "incidents-below": "/incidents/",
        },
        "agent": {
            "desk-index": "/admin/",
            "desk-list": "/admin/tickets/ticket/",
            "desk-list-empty": "/admin/tickets/ticket/?q=nic",
            "desk-list-all": "/admin/tickets/ticket/?view=all&language=sl&pictures=1",
            "desk-list-closed": "/admin/tickets/ticket/?view=closed",
            "desk-file": "/admin/tickets/ticket/add/",
            "desk-follow-up": f"/admin/tickets/ticket/add/?follow_up={closed.pk}",
            "desk-ticket-merged": f"/admin/tickets/ticket/{whole.pk}/change/?view=all",
            "desk-ticket": f"/admin/tickets/ticket/{asked.pk}/change/",
            "desk-ticket-closed": f"/admin/tickets/ticket/{closed.pk}/change/",
            "desk-person-read": f"/admin/accounts/user/{asked.member_id}/change/",
            "home-desk": "/",
            "desk-incident-read": f"{incident}/change/",
            "desk-list-incident": f"/admin/tickets/ticket/?view=all&incident={known.pk}",
            "console": "/staff/chat/",
            "console-chat": f"/staff/chat/{talk.uuid}/",
            "desk-chats": "/admin/chat/conversation/",
            "desk-chat": f"/admin/chat/conversation/{ended.pk}/change/",
        },
        "supervisor": {
            "desk-window": "/admin/tickets/servicewindow/add/",
            "desk-windows": "/admin/tickets/servicewindow/",
            "desk-holiday": "/admin/tickets/holiday/add/",
            "desk-replies": "/admin/tickets/cannedreply/",
            "desk-reply-new": "/admin/tickets/cannedreply/add/",
            "desk-picture": f"/technical-issues/screenshots/{shot.uuid}/redact/",
            "desk-reply": f"/admin/tickets/cannedreply/{CannedReply.objects.first().pk}/change/",
            "desk-topics": "/admin/tickets/topic/",
            "desk-topic": f"/admin/tickets/topic/{Topic.objects.first().pk}/change/",
            "desk-topic-delete": f"/admin/tickets/topic/{Topic.objects.first().pk}/delete/",
            "desk-events": "/admin/tickets/ticketevent/",
            "desk-event": f"/admin/tickets/ticketevent/{asked.last_event}/change/",
            "desk-audit": "/admin/accounts/auditentry/",
            "console-all": "/staff/chat/",
            "desk-people": "/admin/accounts/user/",
            "desk-erasures": "/admin/accounts/erasurerequest/",
            "desk-person": f"{person}/change/",
            "desk-shut-out": f"{person}/shut-out/",
            "desk-let-in": f"{person}/let-in/",
            "desk-import": "/admin/accounts/user/import/",
            "desk-import-checked": f"/admin/accounts/user/import/{file.pk}/",
            "preferences-supervisor": "/preferences/",
            "dashboard": "/admin/",
            "dashboard-filtered": "/admin/?days=90&language=sl&rank=silver",
            "dashboard-agent": f"/admin/?agent={talk.agent_id}",
            "desk-incidents": "/admin/tickets/incident/",
            "desk-incident-new": "/admin/tickets/incident/add/",
            "desk-incident": f"{incident}/change/",
            "desk-incident-link": f"{incident}/link/",
            "desk-incident-answer": f"{incident}/answer/",
            "desk-incident-end": f"{incident}/end/",
            "desk-incident-publish": f"/admin/tickets/incident/{known.pk + 1}/publish/",
            "desk-incident-ended": f"/admin/tickets/incident/{known.pk - 1}/change/",
        },
    }
