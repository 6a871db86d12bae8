"""Topics: one label in three languages, looked after by supervisors, never lost unnoticed."""

import re

import pytest
from conftest import NOW, signed_in, submit
from django.utils import translation

from tickets.models import Topic

LIST, ADD = "/admin/tickets/topic/", "/admin/tickets/topic/add/"
NAMES = {"name_en": "Invoices", "name_cs": "Faktury", "name_sl": "Računi"}


@pytest.fixture
def topic(seeded):
    return Topic.objects.create(**NAMES)


def change(topic):
    return f"{LIST}{topic.pk}/change/"


def delete(topic):
    return f"{LIST}{topic.pk}/delete/"


def open_counts(shown):
    return re.findall(r'class="field-open_tickets">([^<]*)<', shown)


def test_the_three_names_stand_side_by_side(supervisor, topic):
    shown = signed_in(supervisor).get(change(topic)).content.decode()
    (row,) = re.findall(r'<div class="form-row[^"]*field-name_en.*?</fieldset>', shown, re.DOTALL)
    assert re.findall(r'name="(name_\w+)"', row) == ["name_en", "name_cs", "name_sl"]


def test_a_supervisor_adds_a_topic_and_readers_see_it_in_their_language(supervisor):
    assert signed_in(supervisor).post(ADD, NAMES).status_code == 302
    with translation.override("cs"):
        assert str(Topic.objects.get(name_en="Invoices")) == "Faktury"


@pytest.mark.parametrize("typed", ["Faktury", "FAKTURY", " faktury  "])
def test_a_name_that_differs_in_capitals_is_taken(supervisor, topic, typed):
    post = {"name_en": "Bills", "name_cs": typed, "name_sl": "Drugo"}
    shown = signed_in(supervisor).post(ADD, post).content.decode()
    assert "There is already a topic called “" in shown
    assert "Bills" in shown
    assert not Topic.objects.filter(name_en="Bills").exists()


def test_capitals_beyond_ascii_are_capitals_too(supervisor):
    client = signed_in(supervisor)
    client.post(ADD, {"name_en": "One", "name_cs": "Žádosti", "name_sl": "Ena"})
    shown = client.post(ADD, {"name_en": "Two", "name_cs": "ŽÁDOSTI", "name_sl": "Dve"})
    assert "There is already a topic called “ŽÁDOSTI”." in shown.content.decode()


def test_a_topic_keeps_its_own_name(supervisor, topic):
    assert signed_in(supervisor).post(change(topic), NAMES).status_code == 302
    renamed = {**NAMES, "name_en": "INVOICES"}
    assert signed_in(supervisor).post(change(topic), renamed).status_code == 302


@pytest.mark.parametrize("missing", NAMES)
def test_every_language_needs_a_name(supervisor, missing):
    answer = signed_in(supervisor).post(ADD, {**NAMES, missing: " "})
    assert answer.status_code == 200
    assert not Topic.objects.filter(name_sl="Računi").exists()


def test_the_list_counts_open_tickets(supervisor, silver, topic):
    Topic.objects.exclude(pk=topic.pk).delete()
    for _again in range(3):
        submit(silver).set_topic(supervisor, topic, at=NOW)
    silver.tickets.first().close(silver, at=NOW)
    unused = Topic.objects.create(name_en="Zebra", name_cs="Zebra", name_sl="Zebra")
    assert str(unused) == "Zebra"
    assert open_counts(signed_in(supervisor).get(LIST).content.decode()) == ["2", "0"]


def test_an_unused_topic_goes_at_a_word(supervisor, topic):
    client = signed_in(supervisor)
    assert "No ticket has this topic." in client.get(delete(topic)).content.decode()
    assert client.post(delete(topic), {"post": "yes"}).status_code == 302
    assert not Topic.objects.filter(pk=topic.pk).exists()


def test_deleting_says_how_many_tickets_lose_their_label(supervisor, silver, topic):
    tickets = [submit(silver), submit(silver)]
    for ticket in tickets:
        ticket.set_topic(supervisor, topic, at=NOW)
    client = signed_in(supervisor)
    assert "2 tickets lose this topic." in client.get(delete(topic)).content.decode()
    client.post(delete(topic), {"post": "yes"})
    assert set(silver.tickets.values_list("topic", flat=True)) == {None}


def test_a_topic_of_very_many_tickets_is_not_deleted(supervisor, silver, topic, settings):
    settings.COUNT_CAP = 1
    for _again in range(2):
        submit(silver).set_topic(supervisor, topic, at=NOW)
    answer = signed_in(supervisor).post(delete(topic), {"post": "yes"}, follow=True)
    assert "it cannot be deleted, only renamed" in answer.content.decode()
    assert Topic.objects.filter(pk=topic.pk).exists()


def test_no_action_deletes_many_at_once(supervisor, topic):
    forged = {"action": "delete_selected", "_selected_action": [topic.pk], "post": "yes"}
    signed_in(supervisor).post(LIST, forged)
    assert Topic.objects.filter(pk=topic.pk).exists()


def test_agents_use_topics_and_do_not_change_them(agent, topic):
    client = signed_in(agent)
    for address in (LIST, ADD, change(topic), delete(topic)):
        assert client.get(address).status_code == 403
        assert client.post(address, NAMES).status_code == 403
