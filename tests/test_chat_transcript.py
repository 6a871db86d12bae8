"""The transcript by mail: to the account alone, complete, in English within the reader's frame."""

import datetime as dt

import pytest
from chatting import say, start
from conftest import signed_in
from post_office.models import Email

from chat.models import Conversation
from tickets.models import Ticket

DAY = dt.datetime(2020, 8, 3, 12, 4, tzinfo=dt.UTC)


@pytest.fixture
def chat(silver, agent):
    """An ended conversation of 3 August 2020."""
    conversation = start(silver, "My order\npage loops.", email="elsewhere@example.org")
    conversation.claim(agent)
    say(conversation, agent, "Hello Sonja. 1 < 2 & <b>bold</b>")
    conversation.close(silver)
    Conversation.objects.filter(pk=conversation.pk).update(created_at=DAY)
    conversation.messages.update(at=DAY)
    return conversation


def ask(client, conversation, **extra):
    return client.post(f"/chat/{conversation.uuid}/transcript/", **extra)


def html_of(mail):
    return mail.html_message


def test_it_goes_to_the_account_and_nowhere_else(silver, chat):
    client = signed_in(silver)
    answer = ask(client, chat)
    assert (answer.status_code, answer["Location"]) == (303, chat.get_absolute_url())
    assert Email.objects.get().to == ["sonja@example.com"]
    assert "sonja@example.com" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "3 Aug 2020"), ("cs", "3.\xa08.\xa02020"), ("sl", "3. 8. 2020")],
)
def test_the_frame_is_the_readers_and_the_words_are_english(language, day, silver, chat):
    silver.language = language
    silver.save()
    ask(signed_in(silver), chat)
    mail = Email.objects.get()
    assert mail.subject.replace("\xa0", " ").endswith(day.replace("\xa0", " "))
    assert f'<html lang="{language}">' in html_of(mail)
    assert '<blockquote lang="en"' in html_of(mail)
    assert "Live chat, 3 Aug 2020. Times are GMT." in mail.message
    assert "12:04 Sonja Novak: My order\n> page loops." in mail.message
    assert "12:04 Ana Novak joined the chat." in mail.message
    assert chat.get_absolute_url() in mail.message


def test_nothing_that_was_said_is_markup_or_subject(silver, chat):
    ask(signed_in(silver), chat)
    mail = Email.objects.get()
    assert "1 < 2 & <b>bold</b>" in mail.message
    assert "1 &lt; 2 &amp; &lt;b&gt;bold&lt;/b&gt;" in html_of(mail)
    assert "order" not in mail.subject


def test_a_long_chat_is_mailed_whole_though_a_ticket_loses_its_middle(silver, agent):
    chat = start(silver)
    chat.claim(agent)
    for n in range(8):
        say(chat, agent, f"part {n} " + "x" * 3900)
    ask(signed_in(silver), chat)
    message = Email.objects.get().message
    assert [f"part {n} " in message for n in range(8)] == [True] * 8
    ticket = chat.to_ticket(agent, "en", DAY)
    assert "part 2 " not in ticket.description
    assert Ticket.objects.count() == 1


def test_ten_transcripts_an_hour_are_enough(silver, chat):
    client = signed_in(silver)
    codes = [ask(client, chat).status_code for _mail in range(11)]
    assert codes == [303] * 10 + [429]
    assert Email.objects.count() == 10


def test_an_account_without_address_is_told_so(silver, chat):
    silver.email = ""
    silver.save()
    answer = ask(signed_in(silver), chat, headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert not Email.objects.exists()


def test_nobody_else_can_have_it(other_silver, agent, chat):
    for stranger in (other_silver, agent):
        assert ask(signed_in(stranger), chat).status_code == 404
    assert not Email.objects.exists()
