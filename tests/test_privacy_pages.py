"""Everybody can take their data along or ask to be forgotten; supervisors do it for them."""

import datetime as dt
import io
import zipfile

import pytest
from conftest import PASSWORD, signed_in, submit
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from whole_life import lived

from accounts.models import AuditEntry, ErasureRequest, User
from tickets.models import Ticket

PAGE, DOWNLOAD, ERASURE = (
    "/preferences/data/",
    "/preferences/data/download/",
    "/preferences/data/erasure/",
)


def fresh(someone):
    """Somebody who has just typed their password."""
    client = signed_in(someone)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def archive(response):
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


# --- The member's own page -----------------------------------------------------------------------


@pytest.mark.parametrize("who", ["premier", "silver", "agent"])
def test_everybody_of_every_rank_takes_their_data_along(who, request):
    someone = request.getfixturevalue(who)
    client = fresh(someone)
    assert client.get(PAGE).status_code == 200
    response = client.post(DOWNLOAD)
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    assert f"member-{someone.pk}-" in response["Content-Disposition"]
    assert response["Cache-Control"] == "private, no-store"
    assert someone.username in archive(response).read("index.html").decode()
    noted = AuditEntry.objects.get(action="export_member")
    assert (noted.actor, noted.about) == (someone, f"person {someone.pk}")


def test_the_password_is_asked_again_when_it_was_long_ago(silver):
    client = signed_in(silver)  # by a session that has shown no password
    asked = client.get(PAGE)
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    for address in (DOWNLOAD, ERASURE):
        response = client.post(address)
        assert (response.status_code, response["Location"]) == (303, PAGE)
    assert not ErasureRequest.objects.exists()
    there = client.post(asked["Location"], {"password": PASSWORD})
    assert there["Location"] == PAGE
    assert client.post(DOWNLOAD).status_code == 200


def test_downloads_are_counted(silver, settings):
    settings.LIMITS = {**settings.LIMITS, "exports": "2/hour"}
    client = fresh(silver)
    assert [client.post(DOWNLOAD).status_code for _try in range(3)] == [200, 200, 429]


def test_a_member_asks_for_erasure_and_withdraws_it(silver):
    client = fresh(silver)
    assert client.post(ERASURE, {"action": "ask"})["Location"] == PAGE
    first = ErasureRequest.objects.get()
    assert first.person == silver
    client.post(ERASURE, {"action": "ask"})
    assert ErasureRequest.objects.get() == first
    page = client.get(PAGE).content.decode()
    assert 'value="withdraw"' in page
    assert 'value="ask"' not in page
    client.post(ERASURE, {"action": "withdraw"})
    client.post(ERASURE, {"action": "withdraw"})
    assert not ErasureRequest.objects.exists()
    assert User.objects.get(pk=silver.pk).is_active


def test_staff_take_their_data_along_but_ask_for_no_erasure(agent):
    client = fresh(agent)
    assert 'value="ask"' not in client.get(PAGE).content.decode()
    assert client.post(ERASURE).status_code == 403
    assert not ErasureRequest.objects.exists()


def test_the_preferences_lead_there(silver):
    assert PAGE in signed_in(silver).get("/preferences/").content.decode()


# --- The desk ------------------------------------------------------------------------------------


def desk(name, someone):
    return reverse(f"admin:accounts_user_{name}", args=[someone.pk])


def test_the_page_of_a_person_leads_to_both(supervisor, agent, silver):
    ErasureRequest.objects.file(silver, timezone.now())
    page = signed_in(supervisor).get(desk("change", silver)).content.decode()
    assert desk("export", silver) in page
    assert page.count(desk("erase", silver)) == 2  # also beside the request
    page = signed_in(supervisor).get(desk("change", agent)).content.decode()
    assert desk("export", agent) not in page
    page = signed_in(agent).get(desk("change", silver)).content.decode()
    assert desk("erase", silver) not in page


def test_a_supervisor_hands_the_archive_over(supervisor, silver):
    submit(silver)
    client = fresh(supervisor)
    assert client.get(desk("export", silver)).status_code == 200
    page = archive(client.post(desk("export", silver))).read("index.html").decode()
    assert '<html lang="sl">' in page  # the member's language, not the supervisor's
    noted = AuditEntry.objects.get(action="export_member")
    assert (noted.actor, noted.about) == (supervisor, f"person {silver.pk}")


def test_a_supervisor_erases_who_asked(supervisor, agent):
    member = lived(agent)
    client = fresh(supervisor)
    listed = client.get(reverse("admin:accounts_erasurerequest_changelist")).content.decode()
    assert desk("erase", member) in listed
    page = client.get(desk("erase", member))
    counts = {str(name): count for name, count in page.context["groups"]}
    assert (counts["Tickets"], counts["Pictures"], counts["Chats"]) == (2, 4, 1)
    response = client.post(desk("erase", member), {"username": " Zdenka "})
    assert response["Location"] == reverse("admin:accounts_user_changelist")
    member.refresh_from_db()
    assert member.username == f"erased-{member.pk}"
    assert set(Ticket.objects.values_list("title", flat=True)) == {"[…]"}
    noted = AuditEntry.objects.get(action="erase_member")
    assert (noted.actor, noted.address) == (supervisor, "127.0.0.1")
    assert not ErasureRequest.objects.exists()
    assert "zdenka" not in str([session.get_decoded() for session in Session.objects.all()])
    assert client.get(desk("erase", member)).context["is_erased"]


@pytest.mark.parametrize("typed", ["", "sonj", "eva"])
def test_nobody_is_erased_by_a_slip(typed, supervisor, silver):
    response = fresh(supervisor).post(desk("erase", silver), {"username": typed})
    assert response.status_code == 400
    assert User.objects.get(pk=silver.pk).is_active


def test_both_ask_for_the_password_again(supervisor, silver):
    client = signed_in(supervisor)
    for name in ("export", "erase"):
        page = desk(name, silver)
        assert client.get(page)["Location"].startswith(reverse("account_reauthenticate"))
        response = client.post(page, {"username": "sonja"})
        assert (response.status_code, response["Location"]) == (303, page)
    assert User.objects.get(pk=silver.pk).is_active
    assert "sonja" not in str([session.get_decoded() for session in Session.objects.all()])


def test_agents_may_neither_and_nobody_erases_staff(agent, supervisor, silver):
    for name in ("export", "erase"):
        assert fresh(agent).get(desk(name, silver)).status_code == 403
        assert fresh(supervisor).get(desk(name, agent)).status_code == 403
        assert fresh(supervisor).post(desk(name, agent), {"username": "ana"}).status_code == 403
    assert User.objects.get(pk=agent.pk).is_active


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "9" * 5_000, "٣", "1_0"])
def test_nonsense_is_nobody(number, supervisor):
    client = fresh(supervisor)
    for name in ("export", "erase"):
        assert client.get(f"/admin/accounts/user/{number}/{name}/").status_code == 404


def test_requests_are_listed_with_the_day_they_are_due(supervisor, silver):
    at = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
    ErasureRequest.objects.file(silver, at)
    page = signed_in(supervisor).get(reverse("admin:accounts_erasurerequest_changelist"))
    assert "31 Jul 2026" in page.content.decode()
