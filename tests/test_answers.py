"""How the portal says no: in its frame, with what was typed, in words that fit."""

import pytest
from conftest import signed_in
from django.urls import reverse

from accounts.forms import PreferencesForm
from helpdesk.templatetags.portal import user_agent_short

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149 Safari/537"
)
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/149.0 Safari/537.36 Edg/149.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"


def test_an_address_that_only_takes_posts_says_so_in_the_frame(silver, ticket):
    silver.language = "en"
    silver.save()
    page = signed_in(silver).get(f"{ticket.get_absolute_url()}replies/")
    assert (page.status_code, page["Allow"]) == (405, "POST")
    assert "Nothing to see at this address" in page.content.decode()


def test_with_json_asked_for_a_wrong_method_is_json(silver):
    client = signed_in(silver)
    answer = client.get(reverse("tickets:draft_save"), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")


def test_a_note_that_met_no_session_comes_back_as_a_note(client, ticket):
    typed = {"action": "note", "body": "Same as yesterday.", "seen": "0"}
    page = client.post(reverse("admin:tickets_ticket_change", args=[ticket.pk]), typed)
    text = page.content.decode()
    assert page.status_code == 401
    assert "Same as yesterday." in text
    assert "Internal note" in text
    assert "Save internal note" in text
    assert "Send again" not in text


def test_kept_pictures_are_counted_on_the_page_that_gives_the_text_back(client, upload):
    typed = {"title": "Half", "description": "a sentence", "uploads": [str(upload.uuid)]}
    page = client.post(reverse("tickets:ticket_new"), typed)
    assert "Files kept: 1" in page.content.decode()


def test_text_that_only_this_page_holds_has_no_language_switch_beside_it(client):
    page = client.post(reverse("tickets:ticket_new"), {"title": "Half"})
    assert 'name="language"' not in page.content.decode()


@pytest.mark.parametrize(
    ("agent", "short"),
    [
        (CHROME, "Chrome, Linux"),
        (EDGE, "Edge, Windows"),
        (IPHONE, "Safari, iPhone"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_browser_is_named_in_two_words(agent, short):
    assert user_agent_short(agent) == short


def test_zones_in_use_are_offered_once_and_the_markets_first(silver):
    groups = PreferencesForm(instance=silver).fields["time_zone"].choices
    names = [name for _region, rows in groups for name, _city in rows]
    assert "Europe/Ljubljana" in dict(groups[0][1])
    assert len(names) == len(set(names))
    assert {"Europe/Kiev", "Asia/Katmandu", "Australia/ACT"}.isdisjoint(names)


def test_an_old_zone_that_somebody_has_stays_a_choice(silver):
    silver.time_zone = "Europe/Kiev"
    groups = PreferencesForm(instance=silver).fields["time_zone"].choices
    assert groups[0][1] == [("Europe/Kiev", "Europe/Kiev")]
