"""Canned replies: a closed list of placeholders, three languages side by side, and who writes."""

import datetime as dt
import re

import pytest
from chatting import start
from conftest import NOW, signed_in, submit
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError

from chat import desk
from tickets import seed
from tickets.desk.canned import values
from tickets.models import CannedReply
from tickets.models.canned import PLACEHOLDERS, Coverage

LIST, ADD = "/admin/tickets/cannedreply/", "/admin/tickets/cannedreply/add/"
PREVIEW = f"{LIST}preview/"
LATER = NOW + dt.timedelta(days=1)


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


@pytest.mark.parametrize(("language", "name"), [("sl", "Slovenščina"), ("other", "Jiný jazyk")])
def test_a_ticket_has_a_value_for_every_placeholder(silver, agent, language, name):
    ticket = submit(silver, language=language)
    found = values(ticket, agent, "cs")
    assert tuple(found) == PLACEHOLDERS
    assert found["name"] == "Sonja Novak"
    assert found["language"] == name
    assert found["ticket_link"] == f"{settings.PORTAL_URL}/technical-issues/{ticket.pk}/"


# --- Whether a translation still holds -----------------------------------------------------------


@pytest.fixture
def written(db):
    """A reply in three languages, all written at the same moment."""
    row = CannedReply(shortcut="test", text_en="Hi", text_cs="Ahoj", text_sl="Zdravo")
    row.revise(at=NOW)
    return row


def test_what_is_written_together_is_up_to_date(written):
    assert (written.missing_languages, written.outdated_languages) == ([], [])


def test_a_new_english_text_puts_translations_out_of_date(written):
    written.text_en = "Hello"
    written.revise(at=LATER)
    assert written.outdated_languages == ["Čeština", "Slovenščina"]
    assert list(CannedReply.objects.outdated("cs")) == [written]


def test_a_translation_found_still_right_is_up_to_date(written):
    written.text_en = "Hello"
    written.revise(at=LATER, still_right=["sl"])
    assert written.outdated_languages == ["Čeština"]
    assert not CannedReply.objects.outdated("sl").exists()


def test_a_new_translation_is_up_to_date(written):
    written.text_en = "Hello"
    written.revise(at=LATER)
    written.text_cs = "Dobrý den"
    written.revise(at=LATER + dt.timedelta(hours=1))
    assert written.outdated_languages == ["Slovenščina"]


def test_english_is_never_ticked_as_still_right(written):
    written.revise(at=LATER, still_right=["en"])
    assert (written.checked_en, written.outdated_languages) == (NOW, [])


def test_saving_without_a_change_checks_nothing(written):
    written.for_chat = False
    written.revise(at=LATER)
    assert {written.checked_en, written.checked_cs, written.checked_sl} == {NOW}


def test_a_translation_taken_away_is_missing_and_not_out_of_date(written):
    written.text_en, written.text_cs = "Hello", ""
    written.revise(at=LATER)
    assert written.coverage("cs") == Coverage.MISSING
    assert not CannedReply.objects.outdated("cs").exists()


def test_replies_from_before_checks_were_noted_are_up_to_date(seeded):
    assert not any(row.outdated_languages for row in CannedReply.objects.all())
    assert not CannedReply.objects.outdated("sl").exists()


def test_the_first_new_english_text_shows_old_translations_as_out_of_date(seeded):
    row = CannedReply.objects.get(shortcut="bye")
    row.text_en = "Bye"
    row.revise(at=NOW)
    assert set(CannedReply.objects.outdated("sl")) == {row}


def test_the_row_and_the_list_agree_on_what_is_out_of_date(written):
    reply(shortcut="none")
    written.text_en = "Hello"
    written.revise(at=LATER, still_right=["cs"])
    for code in ("cs", "sl"):
        slow = {row for row in CannedReply.objects.all() if row.coverage(code) == "outdated"}
        assert set(CannedReply.objects.outdated(code)) == slow


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


def edited(row, **fields):
    texts = {f"text_{code}": getattr(row, f"text_{code}") for code, _name in settings.LANGUAGES}
    return {"shortcut": row.shortcut, **texts, **fields}


def test_the_refusal_says_whose_box_it_is(supervisor):
    row = reply()
    shown = signed_in(supervisor).post(page(row), edited(row, text_sl="Zdravo {ime}"))
    assert "Slovenščina: Unknown placeholder: {ime}" in shown.content.decode()


def test_a_ticked_box_keeps_a_translation(supervisor, written):
    client = signed_in(supervisor)
    client.post(page(written), edited(written, text_en="Hello", still_sl="on"))
    written.refresh_from_db()
    assert written.outdated_languages == ["Čeština"]
    assert "the English text changed on" in client.get(page(written)).content.decode()


def test_where_a_reply_is_offered_is_chosen(supervisor, written):
    signed_in(supervisor).post(page(written), edited(written, for_tickets="on"))
    assert written in CannedReply.objects.for_tickets()
    assert written not in CannedReply.objects.for_chats()


def test_chats_are_offered_only_what_is_meant_for_them(silver, agent):
    reply(shortcut="mail", for_chat=False)
    chat = start(silver)
    chat.claim(agent)
    offered = desk.console_page(agent, chat, chat.created_at)["canned"]
    assert "mail" not in {entry["shortcut"] for entry in offered}


def cells(shown, column):
    found = re.findall(rf'class="field-{column}">(.*?)</td>', shown, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]


def test_the_list_says_in_words_what_is_missing_and_out_of_date(supervisor, written):
    CannedReply.objects.exclude(pk=written.pk).delete()
    written.text_en, written.text_cs = "Hello", ""
    written.revise(at=LATER)
    shown = signed_in(supervisor).get(LIST).content.decode()
    assert (cells(shown, "czech"), cells(shown, "slovenian")) == (
        ["Čeština: Missing"],
        ["Slovenščina: Out of date"],
    )
    assert shown.count("#close") == shown.count("#clock") == 1
    assert "1 of 1 replies lacks Czech." in shown
    assert "In 1 of 1 replies Slovenian is out of date." in shown


def test_the_totals_count_all_replies_whatever_is_searched(supervisor):
    CannedReply.objects.all().delete()
    for number in range(3):
        reply(shortcut=f"bare-{number}", text_cs="Ahoj")
    reply(shortcut="full", text_cs="Ahoj", text_sl="Zdravo")
    shown = signed_in(supervisor).get(f"{LIST}?q=full").content.decode()
    assert "3 of 4 replies lack Slovenian." in shown
    assert "Czech" not in shown


def test_a_complete_set_says_so(supervisor):
    shown = signed_in(supervisor).get(LIST).content.decode()
    assert "Every reply is translated and up to date." in shown


def test_outdated_replies_can_be_listed(supervisor, written):
    written.text_en = "Hello"
    written.revise(at=LATER, still_right=["cs"])
    client = signed_in(supervisor)
    assert listed(client, "?outdated=sl") == {"test"}
    assert listed(client, "?outdated=cs") == set()
    assert "test" not in listed(client, "?for_chat__exact=0")


# --- Preview -------------------------------------------------------------------------------------


def test_a_preview_shows_unsaved_texts_with_the_values_of_a_ticket(supervisor, ticket):
    post = {"number": ticket.number, "text_en": "Hi {name}: {ticket_link}", "text_sl": "{agent}"}
    answer = signed_in(supervisor).post(PREVIEW, post)
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert f"Hi Sonja Novak: {settings.PORTAL_URL}/technical-issues/{ticket.pk}/" in shown
    assert "Eva Novak" in shown
    assert "No translation." in shown
    assert not CannedReply.objects.filter(text_en__startswith="Hi {name}:").exists()


@pytest.mark.parametrize("form", ["TI-{}", "#{}", " {} ", "ti-{}"])
def test_a_ticket_is_named_as_people_write_its_number(supervisor, ticket, form):
    post = {"number": form.format(ticket.pk), "text_en": "Hi"}
    assert signed_in(supervisor).post(PREVIEW, post).status_code == 200


def test_a_script_gets_the_part_it_shows(supervisor, ticket):
    post = {"number": ticket.pk, "text_en": "Hi", "fragment": "1"}
    shown = signed_in(supervisor).post(PREVIEW, post).content.decode()
    assert shown.strip().startswith('<div class="preview">')


@pytest.mark.parametrize("number", ["TI-999999", "abc", "0", "-1", "9" * 25, "<b>"])
def test_a_preview_needs_a_ticket_that_is_there(supervisor, number):
    answer = signed_in(supervisor).post(PREVIEW, {"number": number, "text_en": "Hi"})
    assert answer.status_code == 400
    assert "There is no ticket" in answer.content.decode()
    assert "<b>" not in answer.content.decode()


def test_a_preview_names_unknown_placeholders_and_their_box(supervisor, ticket):
    post = {"number": ticket.pk, "text_en": "Hi", "text_cs": "Ahoj {jmeno}"}
    answer = signed_in(supervisor).post(PREVIEW, post)
    assert answer.status_code == 400
    assert "Čeština: Unknown placeholder: {jmeno}" in answer.content.decode()


def test_a_preview_escapes_what_people_wrote(supervisor, silver, ticket):
    silver.first_name = "<script>alert(1)</script>"
    silver.save()
    post = {"number": ticket.pk, "text_en": "Hi {name} <img src=x>"}
    shown = signed_in(supervisor).post(PREVIEW, post).content.decode()
    assert "<script>alert" not in shown
    assert "<img src=x>" not in shown


def test_a_preview_is_for_those_who_write_replies_and_see_the_ticket(agent, supervisor, ticket):
    post = {"number": ticket.pk, "text_en": "Hi"}
    assert signed_in(agent).post(PREVIEW, post).status_code == 403
    supervisor.groups.clear()
    codename = "change_cannedreply"
    supervisor.user_permissions.add(Permission.objects.get(codename=codename))
    assert signed_in(supervisor).post(PREVIEW, post).status_code == 400


def test_a_preview_is_posted(supervisor):
    assert signed_in(supervisor).get(PREVIEW).status_code == 405
