"""Everything about a member in one archive, and nothing about anybody else."""

import gc
import io
import json
import tracemalloc
import uuid
import zipfile

import pytest
from conftest import NOW, submit
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from whole_life import ADDRESS, lived

from accounts.models import AuditEntry
from helpdesk.privacy.archive import write_archive
from helpdesk.privacy.register import HELD, NOT_HELD, all_models, label, person_fields
from helpdesk.privacy.story import Story
from tickets.models import Reply, Screenshot, Ticket, TicketEvent


@pytest.fixture
def member(agent):
    return lived(agent)


def archive(someone):
    target = io.BytesIO()
    write_archive(someone, target, NOW, lambda line: None)
    return zipfile.ZipFile(target)


def rows(found, name):
    return json.loads(found.read(f"data/{name.lower()}.json"))


def test_every_table_is_declared_once():
    names = [label(model) for model in all_models()]
    assert sorted(names) == sorted([*HELD, *NOT_HELD])


def test_a_table_with_a_column_for_people_can_hold_something_about_them():
    assert not [
        label(model) for model in all_models() if person_fields(model) and label(model) in NOT_HELD
    ]


def test_the_archive_has_a_file_for_every_table_that_holds_something(member):
    files = set(archive(member).namelist())
    assert not {f"data/{name.lower()}.json" for name in HELD} - files


def test_no_row_that_names_the_member_is_missing(member):
    found = archive(member)
    for model in all_models():
        for column in person_fields(model):
            expected = set(
                model._base_manager.filter(**{column.name: member}).values_list("pk", flat=True)
            )
            told = {row["id"] for row in rows(found, label(model))} if expected else set()
            assert expected <= told, (label(model), column.name)


def test_no_row_comes_twice(member):
    found = archive(member)
    for name in set(HELD) - {"sessions.Session"}:
        ids = [row["id"] for row in rows(found, name)]
        assert len(ids) == len(set(ids)), name


def test_the_texts_of_the_member_are_there_and_a_neighbours_are_not(member, silver):
    submit(silver, title="Sosedov naslov", description="Sosedova težava")
    everything = text_of(archive(member))
    for word in ("Skrivnostna napaka", "Skrivnosten odgovor", "Zasebna razlaga", "Zasebni osnutek"):
        assert word in everything
    for word in ("Dear Zvonimira", "is on holiday", "Spoštovana Zvonimira", "prijazna"):
        assert word in everything
    assert "Sosed" not in everything
    assert "sonja" not in everything


def text_of(found, but=""):
    texts = [name for name in found.namelist() if not name.startswith(("pictures/", but or "-"))]
    return "\n".join(found.read(name).decode() for name in texts)


def test_agents_are_technical_support(member, agent):
    found = archive(member)
    kinds = {row["kind"]: row for row in rows(found, "tickets.Reply")}
    assert kinds["question"]["author"] == "technical support"
    assert kinds["reply"]["author"] == "you"
    assert kinds["note"]["body"] == "technical support pravi: Zdenka je prijazna."
    assert "Ana" not in text_of(found, but="data/post_office.email.json")  # it was sent so
    assert "ana@example.com" not in text_of(found)
    events = rows(found, "tickets.TicketEvent")
    assert {event["address"] for event in events} == {None, ADDRESS}
    assert [event["data"] for event in events if event["verb"] == "assign"] == [{}]


def test_who_looked_at_a_picture_is_not_told_but_that_somebody_did(member):
    looked = [
        row for row in rows(archive(member), "accounts.AuditEntry") if row["action"] == "picture"
    ]
    assert [(row["actor"], row["address"]) for row in looked] == [("technical support", None)]


def test_no_secret_leaves(member):
    everything = text_of(archive(member))
    assert member.password not in everything
    assert "zasebni ključ" not in everything
    assert "skrivnostni-ključ" not in everything
    assert Session.objects.get().session_key not in everything


def test_the_pictures_are_in_full_and_the_page_shows_them(member):
    found = archive(member)
    pictures = [name for name in found.namelist() if name.startswith("pictures/")]
    assert len(pictures) == Screenshot.objects.count() == 4
    page = found.read("index.html").decode()
    shown = [name for name in pictures if f'src="{name}"' in page]
    assert len(shown) == 3  # the fourth belongs to a draft
    shot = Screenshot.objects.first()
    with shot.picture.open("rb") as file:
        assert found.read(f"pictures/{shot.uuid}.png") == file.read()


def test_a_lost_picture_does_not_spoil_the_archive(member):
    shot = Screenshot.objects.filter(ticket__isnull=False).first()
    shot.picture.storage.delete(shot.picture.name)
    page = archive(member).read("index.html").decode()
    assert "Ta slika ni več" in page or "no longer available" in page


def test_the_page_speaks_the_members_language_and_asks_no_other_host(member):
    page = archive(member).read("index.html").decode()
    assert '<html lang="sl">' in page
    assert "Zahtevki" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert "<style" not in page


def test_markup_in_a_text_stays_text(silver):
    submit(silver, title="<b>krepko</b>", description='<img src=x onerror="alert(1)">')
    page = archive(silver).read("index.html").decode()
    assert "<b>krepko" not in page
    assert "<img src=x" not in page


def test_what_an_agent_did_for_others_is_only_mentioned(agent, member):
    found = archive(agent)
    assert [row["names_you_as"] for row in rows(found, "tickets.Ticket")] == [["assignee"]]
    assert "Skrivnostna" not in text_of(found)
    assert "Zvonimira" not in text_of(found)
    told = rows(found, "tickets.Reply")
    assert {row["id"] for row in told} == set(
        Reply.objects.filter(author=agent).values_list("pk", flat=True)
    )
    assert not any("body" in row for row in told)


def test_the_command_writes_the_file_and_a_line_of_the_audit_log(member, tmp_path):
    out = io.StringIO()
    path = tmp_path / "all.zip"
    call_command("export_member", "ZDENKA", out=str(path), stdout=out)
    assert zipfile.is_zipfile(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "tickets.Ticket: 2" in out.getvalue()
    noted = AuditEntry.objects.get(action="export_member")
    assert (noted.about, noted.actor) == (f"person {member.pk}", None)
    assert [entry.name for entry in tmp_path.iterdir() if "zip" in entry.name] == ["all.zip"]


def test_the_command_overwrites_nothing_and_knows_its_people(member, tmp_path):
    (tmp_path / "all.zip").write_text("dragoceno")
    with pytest.raises(CommandError, match="exists"):
        call_command("export_member", "zdenka", out=str(tmp_path / "all.zip"))
    with pytest.raises(CommandError, match="Nobody"):
        call_command("export_member", "nihče", out=str(tmp_path / "new.zip"))
    with pytest.raises(CommandError):
        call_command("export_member", "zdenka", out=str(tmp_path / "no" / "new.zip"))
    assert (tmp_path / "all.zip").read_text() == "dragoceno"


def test_memory_does_not_grow_with_the_tickets(agent, silver, tmp_path, monkeypatch):
    parts = Story.parts

    def without_garbage(story):
        for part in parts(story):
            gc.collect()  # rows that know each other wait for it; what is held stays
            yield part

    monkeypatch.setattr(Story, "parts", without_garbage)
    many_tickets(silver, agent, 150)
    archive(silver)  # what is loaded once is loaded now
    few = peak_of_archive(silver, tmp_path)
    many_tickets(silver, agent, 450)
    assert peak_of_archive(silver, tmp_path) < 1.5 * few


def peak_of_archive(member, folder):
    tracemalloc.start()
    try:
        with open(folder / "all.zip", "wb") as target:
            write_archive(member, target, NOW, lambda line: None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def many_tickets(member, agent, count):
    """Rows as they would be after years, without the verbs that would take as long."""
    long_text = "Dolgo besedilo. " * 200
    tickets = Ticket.objects.bulk_create(
        Ticket(
            member=member,
            rank=member.rank,
            language="sl",
            title=f"Napaka {number}",
            description=long_text,
            submission_id=uuid.uuid4(),
            created_at=NOW,
            waiting_since=NOW,
        )
        for number in range(count)
    )
    Reply.objects.bulk_create(
        Reply(
            ticket=ticket,
            author=member if turn % 2 else agent,
            body=long_text,
            submission_id=uuid.uuid4(),
            at=NOW,
        )
        for ticket in tickets
        for turn in range(4)
    )
    TicketEvent.objects.bulk_create(
        TicketEvent(ticket=ticket, actor=member, verb="submit", data={"to": "open"}, at=NOW)
        for ticket in tickets
    )
