"""A lived-in portal and the list of its pages, for stories that visit all of them."""

import datetime as dt

from conftest import answer, png_file, submit
from django.utils import timezone

from tickets.models import Screenshot


def live_in(silver, gold, agent):
    """Issues in every state; returns one that awaits feedback and one that is closed."""
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
    return asked, closed


def pages(asked, closed):
    """Addresses by persona and by the name of the page."""
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
        },
        "other_silver": {"issues-empty": "/technical-issues/"},
        "premier": {"not-eligible": "/technical-issues/", "home-below": "/"},
        "agent": {
            "desk-index": "/admin/",
            "desk-list": "/admin/tickets/ticket/",
            "desk-list-empty": "/admin/tickets/ticket/?q=nic",
            "desk-ticket": f"/admin/tickets/ticket/{asked.pk}/change/",
            "desk-ticket-closed": f"/admin/tickets/ticket/{closed.pk}/change/",
            "desk-person-read": f"/admin/accounts/user/{asked.member_id}/change/",
            "home-desk": "/",
        },
        "supervisor": {
            "desk-window": "/admin/tickets/servicewindow/add/",
            "desk-windows": "/admin/tickets/servicewindow/",
            "desk-holiday": "/admin/tickets/holiday/add/",
            "desk-people": "/admin/accounts/user/",
            "desk-person": f"/admin/accounts/user/{asked.member_id}/change/",
        },
    }
