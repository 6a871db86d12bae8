"""The list of people: who signs in, and with a second factor or without."""

import datetime as dt

import pytest
from allauth.mfa.models import Authenticator
from conftest import person, signed_in
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Rank, User

LIST = "/admin/accounts/user/"


@pytest.fixture
def desk(supervisor):
    supervisor.language = "en"
    supervisor.save(update_fields=["language"])
    return signed_in(supervisor)


def factor(someone, kind=Authenticator.Type.TOTP):
    Authenticator.objects.create(user=someone, type=kind, data={})


def listed(desk, query=""):
    page = desk.get(f"{LIST}?{query}")
    assert page.status_code == 200
    return {row.username for row in page.context["cl"].result_list}


def test_every_row_tells_sign_in_and_second_factor(desk, agent, silver):
    factor(agent)
    User.objects.filter(pk=agent.pk).update(last_login=dt.datetime(2026, 7, 15, tzinfo=dt.UTC))
    page = desk.get(f"{LIST}?q=ana").content.decode()
    assert ">15 Jul 2026</time>" in page
    assert '<td class="field-second_factor">Yes</td>' in page
    assert '<td class="field-at_desk">Yes</td>' in page
    page = desk.get(f"{LIST}?q=sonja").content.decode()
    assert '<td class="field-last_sign_in">Never</td>' in page
    assert '<td class="field-second_factor">–</td>' in page
    assert '<td class="field-may_sign_in">Yes</td>' in page


def test_staff_without_a_second_factor_are_found(desk, agent, silver, gold):
    factor(agent)
    factor(gold, Authenticator.Type.WEBAUTHN)
    factor(silver, Authenticator.Type.RECOVERY_CODES)  # which are none of their own
    assert listed(desk, "second_factor=staff-without") == {"eva"}
    assert listed(desk, "second_factor=yes") == {"ana", "gita"}
    assert listed(desk, "second_factor=no") == {"eva", "sonja"}
    assert len(listed(desk, "second_factor=x")) == 4


def test_who_has_not_signed_in_for_long_is_found(desk, agent, silver, gold):
    now = timezone.now()
    for someone, days in ((agent, 89), (silver, 91)):
        last = now - dt.timedelta(days=days)
        User.objects.filter(pk=someone.pk).update(last_login=last)
    assert listed(desk, "signed_in=never") == {"gita"}
    assert listed(desk, "signed_in=long-ago") == {"sonja"}


def test_a_page_asks_few_questions_however_long_it_is(desk):
    crowd = [User(username=f"m{n}", rank=Rank.SILVER) for n in range(120)]
    User.objects.bulk_create(crowd)
    for query in ("", "second_factor=no", "signed_in=never&q=m", "_facets=True", "o=7.8"):
        desk.get(f"{LIST}?{query}")
        with CaptureQueriesContext(connection) as asked:
            desk.get(f"{LIST}?{query}")
        assert len(asked) <= 12, query


@pytest.mark.parametrize("query", ["second_factor=\0", "signed_in=%00", "has_second_factor=1"])
def test_other_questions_are_refused(desk, query):
    assert desk.get(f"{LIST}?{query}").status_code in {200, 302, 400}


def test_the_list_still_filters_by_what_it_did(desk, silver):
    person("petra", Rank.PREMIER, member_id="1")
    assert listed(desk, f"rank__exact={Rank.SILVER}") == {"sonja"}
    assert listed(desk, "is_staff__exact=1") == {"eva"}
