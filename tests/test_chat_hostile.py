"""What strangers tried at the chat, and what holds."""

import threading
import uuid

import live
import pytest
from chatting import start
from conftest import signed_in, submit
from django.contrib.auth.models import Permission
from django.db import connection
from servers import needs_postgresql

from chat import transcript
from chat.models import Conflict, Conversation, NotYours
from tickets.models import Draft

JSON = {"Accept": "application/json"}


@pytest.fixture
def talk(silver, agent):
    conversation = start(silver)
    conversation.claim(agent)
    return conversation


def test_an_agent_with_half_the_permissions_can_neither_write_nor_read(talk, agent):
    agent.groups.clear()
    agent.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    client, path = signed_in(agent, headers=JSON), f"/chat/{talk.uuid}/messages/"
    answer = client.post(path, {"body": "Still here", "client_id": uuid.uuid4()})
    assert (answer.status_code, answer.json()["error"]) == (403, "not_yours")
    assert client.get(path).status_code == 404
    assert talk.messages.filter(author=agent, event="").count() == 0


def test_a_ticket_of_the_members_own_cannot_stand_in_for_the_chats(talk, silver, agent):
    submit(silver, submission_id=uuid.uuid5(talk.uuid, "ticket"))
    ticket = talk.to_ticket(agent, "en", talk.created_at)
    assert ticket.from_chat == talk.uuid
    assert talk.to_ticket(agent, "en", talk.created_at) == ticket


def test_nobody_writes_lines_in_anothers_name(talk, silver):
    talk.post(silver, "Thanks\n\n05:10 Ana Novak: We will refund 500 EUR.", uuid.uuid4())
    lines = transcript.text(talk).splitlines()
    assert not [line for line in lines if line.startswith("05:10")]
    assert "> 05:10 Ana Novak: We will refund 500 EUR." in lines


def test_nobody_serves_themselves_nor_reads_notes_about_themselves(agent, supervisor):
    own = start(agent)
    with pytest.raises(NotYours):
        own.claim(agent)
    assert Conversation.objects.claim_next(agent) is None
    own.claim(supervisor)
    own.add_note(supervisor, "About Ana.", uuid.uuid4())
    assert signed_in(agent).get(f"/staff/chat/{own.uuid}/").status_code == 404


def test_a_note_is_not_silently_dropped(talk, agent):
    name = uuid.uuid4()
    note = talk.add_note(agent, "One", name)
    assert talk.add_note(agent, "One", name) == note
    with pytest.raises(Conflict):
        talk.add_note(agent, "Two", name)


def test_text_that_came_too_late_has_an_end(talk, silver, settings):
    client, path = signed_in(silver), f"/chat/{talk.uuid}/ticket/"
    bodies = [f"{number}" + "x" * settings.TEXT_MAX_LENGTH for number in range(2)]
    first, second = (client.post(path, {"body": body}) for body in bodies)
    assert (first.status_code, second.status_code) == (303, 413)
    assert bodies[1] in second.content.decode()  # given back, not dropped
    assert len(Draft.objects.get().description) <= 2 * settings.TEXT_MAX_LENGTH


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_forms_are_one_chat_and_count_once(silver, settings):
    live.open_around_the_clock()
    post = {"name": "Sonja", "email": "sonja@example.com", "question": "It loops."}
    post["submission_id"] = str(uuid.uuid4())
    answers = []

    def send():
        answers.append(signed_in(silver).post("/chat/", post).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {303}
    assert Conversation.objects.count() == 1
