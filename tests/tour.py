"""A lived-in portal and the list of its pages, for stories that visit all of them."""

import datetime as dt
from typing import NamedTuple

from chatting import age, say, start
from conftest import answer, png_file, submit
from django.utils import timezone

from chat.models import Conversation, Presence
from tickets.models import CannedReply, Screenshot, Ticket, Topic


class Traces(NamedTuple):
    """What people have left in a lived-in portal."""

    asked: Ticket
    closed: Ticket
    whole: Ticket  # into which another was merged, with questions
    ended: Conversation
    talk: Conversation
    waiting: Conversation


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
    return Traces(asked, closed, whole, *_chats(silver, other_silver, gold, agent, now))


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
    asked, closed, whole, ended, talk, waiting = traces
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
        },
        "other_silver": {
            "issues-empty": "/technical-issues/",
            "chat": talk.get_absolute_url(),
        },
        "gold": {
            "chat-waiting": waiting.get_absolute_url(),
            "issue-questions": whole.get_absolute_url(),
        },
        "premier": {"not-eligible": "/technical-issues/", "home-below": "/"},
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
            "desk-person": f"/admin/accounts/user/{asked.member_id}/change/",
        },
    }
