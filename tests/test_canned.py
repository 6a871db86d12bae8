"""Canned replies: a closed list of placeholders, three languages side by side, and who writes."""

import re

import pytest
from chatting import start
from conftest import signed_in
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError

from chat import desk
from tickets import seed
from tickets.models import CannedReply
from tickets.models.canned import PLACEHOLDERS

LIST, ADD = "/admin/tickets/cannedreply/", "/admin/tickets/cannedreply/add/"


def reply(**fields):
    return CannedReply.objects.create(**{"shortcut": "test", "text_en": "Hi {name}", **fields})


def page(reply):
    return f"{LIST}{reply.pk}/change/"


def listed(client, query=""):
    return set(re.findall(r">/([a-z-]+)</a>", client.get(LIST + query).content.decode()))


# --- The text ------------------------------------------------------------------------------------


def test_placeholders_are_replaced_and_nothing_else_is():
    text = CannedReply(text_sl="{name}, {{ name }} {% now %} {0.__class__} %(name)s {agent}")
    values = {"name": "Sonja", "agent": "Ana"}
    filled = text.filled("sl", values)
    assert filled == "Sonja, {{ name }} {% now %} {0.__class__} %(name)s Ana"


def test_what_stands_in_a_name_is_not_looked_at_again():
    text = CannedReply(text_en="Hello {name}, I am {agent}.")
    filled = text.filled("en", {"name": "{agent} \\1 {name}", "agent": "Ana"})
    assert filled == "Hello {agent} \\1 {name}, I am Ana."


@pytest.mark.parametrize(
    "text", ["Hi {nmae}", "Hi {", "}", "{}", "{{name}}", "{name!r}", "{ name }"]
)
def test_an_unknown_placeholder_is_refused(db, text):
    with pytest.raises(ValidationError) as refused:
        CannedReply(shortcut="x", text_en="Hi", text_cs=text).full_clean()
    assert list(refused.value.error_dict) == ["text_cs"]


def test_every_known_placeholder_has_a_value(silver, agent):
    text = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    reply(shortcut="all", text_en=text)
    chat = start(silver, language="sl")
    chat.claim(agent)
    entries = desk.console_page(agent, chat, chat.created_at)["canned"]
    (filled,) = [entry["text"] for entry in entries if entry["shortcut"] == "all"]
    assert "{" not in filled
    assert "Slovenščina" in filled
    assert f"{settings.PORTAL_URL}/technical-issues/new/" in filled


@pytest.mark.parametrize("shortcut", ["Hello", "1st", "two words", "č", "-x", "x\n"])
def test_a_shortcut_can_be_typed(db, shortcut):
    with pytest.raises(ValidationError):
        CannedReply(shortcut=shortcut, text_en="Hi").full_clean()


def test_there_is_a_column_for_every_language_of_the_portal():
    columns = {field.name for field in CannedReply._meta.fields}
    assert {f"text_{code}" for code, _name in settings.LANGUAGES} <= columns


# --- What is there from the first day ------------------------------------------------------------


def test_the_seeded_replies_are_complete_and_valid(seeded):
    assert CannedReply.objects.filter(shortcut=desk.LANGUAGE_REPLY).exists()
    for row in CannedReply.objects.all():
        row.full_clean()
        assert row.missing_languages == []


def test_seeding_again_changes_nothing_that_was_written_since(seeded):
    CannedReply.objects.exclude(shortcut="lang").delete()
    CannedReply.objects.update(text_en="Ours")
    seed.seed(apps)
    assert list(CannedReply.objects.values_list("shortcut", "text_en")) == [("lang", "Ours")]


# --- The pages of supervisors --------------------------------------------------------------------


def test_the_languages_stand_side_by_side(supervisor):
    shown = signed_in(supervisor).get(page(reply())).content.decode()
    (row,) = re.findall(r'<div class="form-row[^"]*field-text_en.*?</fieldset>', shown, re.DOTALL)
    assert re.findall(r'<textarea name="(\w+)"[^>]* lang="(\w+)"', row) == [
        ("text_en", "en"),
        ("text_cs", "cs"),
        ("text_sl", "sl"),
    ]


def test_an_unknown_placeholder_is_refused_with_the_text_kept(supervisor):
    row = reply()
    post = {"shortcut": "test", "text_en": "Hi {name}", "text_cs": "Ahoj {jmeno}", "text_sl": ""}
    answer = signed_in(supervisor).post(page(row), post)
    shown = answer.content.decode()
    row.refresh_from_db()
    assert (answer.status_code, row.text_cs) == (200, "")
    assert "Unknown placeholder: {jmeno}" in shown
    assert "Ahoj {jmeno}</textarea>" in shown


def test_a_supervisor_writes_a_reply_and_finds_what_is_not_translated(supervisor):
    client = signed_in(supervisor)
    post = {"shortcut": "cart", "text_en": "Empty\r\nthe cart", "text_cs": "Košík", "text_sl": ""}
    assert client.post(ADD, post).status_code == 302
    assert CannedReply.objects.get(shortcut="cart").text_en == "Empty\nthe cart"
    assert listed(client, "?missing=sl") == {"cart"}
    assert listed(client, "?missing=cs") == set()
    assert {"cart", "lang"} <= listed(client)
    assert listed(client, "?q=košík") == {"cart"}


def test_agents_use_replies_and_do_not_write_them(agent):
    client, row = signed_in(agent), reply()
    for address in (LIST, ADD, page(row)):
        assert client.get(address).status_code == 403
        assert client.post(address, {"text_en": "Mine"}).status_code == 403


def test_other_columns_cannot_be_asked_by_address(supervisor):
    answer = signed_in(supervisor).get(f"{LIST}?text_en__regex=.*")
    assert answer.status_code in {302, 400}
