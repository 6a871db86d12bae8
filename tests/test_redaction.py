"""Blacking out and removing a picture that was sent: who may, what is left, and what is not."""

import datetime as dt
import io
import json
import threading
import uuid

import pictures
import pytest
from conftest import NOW, answer, png, png_file, signed_in, submit
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from PIL import Image
from servers import needs_postgresql

from accounts.models import AuditEntry
from tickets.images import ImagesBusy, blacken
from tickets.models import Screenshot, Ticket, TicketEvent, TransitionError
from tickets.models import screenshot as model
from tickets.thread import entries_for_desk, entries_for_member

JSON = {"HTTP_ACCEPT": "application/json"}
LEFT_HALF = (0.0, 0.0, 50.0, 100.0)
LATER = NOW + dt.timedelta(minutes=9)
TOO_LATE = NOW + dt.timedelta(minutes=11)

pytestmark = pytest.mark.usefixtures("silver_reads_english")


def sent(author, ticket=None, data=None, verb="reply", at=NOW, **size):
    """A picture that ``author`` sent, with a new ticket or with a reply or note to ``ticket``."""
    file = SimpleUploadedFile("slika.png", data or png(**size), "image/png")
    shot = Screenshot.objects.upload(author, file, at)
    if ticket is None:
        submit(author, screenshots=[shot], at=at)
    else:
        answer(ticket, author, verb=verb, screenshots=[shot], at=at)
    shot.refresh_from_db()
    return shot


@pytest.fixture
def shot(silver):
    return sent(silver, data=pictures.picture(size=(640, 480)))


@pytest.fixture
def fresh(silver):
    """Sent a moment ago, for stories that go through the page."""
    return sent(silver, data=pictures.picture(size=(640, 480)), at=timezone.now())


def editor(shot):
    return f"{shot.get_absolute_url()}redact/"


def stored(field):
    with field.open("rb") as file:
        return Image.open(io.BytesIO(file.read()))


def names(shot):
    return {shot.picture.name, shot.thumb.name}


def exists(shot, which):
    return {name for name in which if shot.picture.storage.exists(name)}


def change(shot, someone, **fields):
    return signed_in(someone).post(editor(shot), fields)


def typed(*box):
    return dict(zip("xywh", box, strict=True))


# --- Painting ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_box_is_black_and_the_rest_is_not(kind, mode):
    if (kind, mode) == ("JPEG", "RGBA"):
        return
    data = pictures.picture(kind, size=(640, 480), mode=mode)
    with blacken(io.BytesIO(data), [LEFT_HALF]) as said:
        for image in (Image.open(said.content), Image.open(said.thumb)):
            assert image.format == kind
            assert image.getbbox() is not None
            middle = image.width // 2
            left = image.convert("RGB").crop((0, 0, middle - 4, image.height))
            assert max(high for _low, high in left.getextrema()) < 8
            right = image.convert("RGB").getpixel((image.width - 3, 3))
            assert max(right) > 60
        if mode == "RGBA":
            assert Image.open(said.content).getpixel((2, 2)) == (0, 0, 0, 255)


def test_a_box_covers_every_pixel_it_touches():
    data = pictures.saved(Image.new("RGB", (7, 7), "white"), "PNG")
    with blacken(io.BytesIO(data), [(20.0, 20.0, 30.0, 30.0)]) as said:
        image = Image.open(said.content)
        assert sorted(image.getcolors()) == [(9, (0, 0, 0)), (40, (255, 255, 255))]
        assert image.getpixel((1, 1)) == image.getpixel((3, 3)) == (0, 0, 0)


def test_what_comes_out_carries_nothing_else():
    data = pictures.picture("JPEG", exif=pictures.exif_with_place(), comment=b"SECRETWORD")
    with blacken(io.BytesIO(data), [LEFT_HALF]) as said:
        for path in (said.content, said.thumb):
            assert b"SECRET" not in path.read_bytes()
            assert not Image.open(path).getexif()


def test_a_stored_picture_larger_than_any_upload_can_be_blacked_out(monkeypatch):
    monkeypatch.setattr("tickets.images.MAX_BYTES", 100)
    with blacken(io.BytesIO(pictures.picture(size=(640, 480))), [LEFT_HALF]) as said:
        assert said.size > 100


# --- The verbs -----------------------------------------------------------------------------------


def test_the_old_files_go_and_the_new_ones_are_black(
    shot, silver, django_capture_on_commit_callbacks
):
    old, uuid_before = names(shot), shot.uuid
    with django_capture_on_commit_callbacks(execute=True):
        shot.blacken(silver, [LEFT_HALF], at=LATER, address="192.0.2.7")
        assert exists(shot, old) == old  # until the row is certain
    shot.refresh_from_db()
    assert not exists(shot, old)
    assert exists(shot, names(shot)) == names(shot)
    assert names(shot).isdisjoint(old)
    assert (shot.uuid, shot.width, shot.height) == (uuid_before, 640, 480)
    assert shot.size == shot.picture.size
    for image in (stored(shot.picture), stored(shot.thumb)):
        assert pictures.corners(image)[1:3] == ["green", "blue"]
        assert image.convert("RGB").getpixel((1, 1)) == (0, 0, 0)


def test_the_history_says_who_and_from_where(shot, silver):
    shot.blacken(silver, [LEFT_HALF], at=LATER, address="192.0.2.7")
    event = TicketEvent.objects.get(verb="redact")
    assert event.data == {"screenshot": str(shot.uuid), "how": "blackened"}
    assert (event.actor, event.address, event.at, event.public) == (
        silver,
        "192.0.2.7",
        LATER,
        True,
    )


def test_a_removed_picture_leaves_a_row_and_no_file(
    shot, silver, django_capture_on_commit_callbacks
):
    old = names(shot)
    with django_capture_on_commit_callbacks(execute=True):
        shot.remove(silver, at=LATER)
    shot.refresh_from_db()
    assert not exists(shot, old)
    assert (shot.name, shot.picture.name, shot.thumb.name, shot.size) == ("", "", "", 0)
    assert shot.removed_at == LATER
    assert TicketEvent.objects.get(verb="redact").data["how"] == "removed"
    assert not Ticket.objects.get().has_pictures


def test_a_removed_picture_is_neither_removed_nor_changed_again(shot, silver, supervisor):
    shot.remove(silver, at=LATER)
    other = Screenshot.objects.get(pk=shot.pk)
    for someone in (silver, supervisor):
        with pytest.raises(TransitionError):
            other.remove(someone, at=LATER)
        with pytest.raises(TransitionError):
            other.blacken(someone, [LEFT_HALF], at=LATER)
    assert TicketEvent.objects.filter(verb="redact").count() == 1


def test_a_row_read_before_the_removal_changes_nothing(shot, silver, supervisor):
    stale = Screenshot.objects.get(pk=shot.pk)
    shot.remove(silver, at=LATER)
    with pytest.raises(TransitionError):
        stale.remove(supervisor, at=LATER)
    assert TicketEvent.objects.filter(verb="redact").count() == 1


def meanwhile(monkeypatch, act):
    """Let ``act`` happen once, after the child has painted and before its files are taken."""
    honest, done = Screenshot._store, []

    def store(self, picture):
        honest(self, picture)
        if not done:
            done.append(True)
            act()

    monkeypatch.setattr(Screenshot, "_store", store)


def test_of_two_at_once_both_boxes_are_black(shot, silver, supervisor, monkeypatch):
    other = Screenshot.objects.get(pk=shot.pk)
    meanwhile(monkeypatch, lambda: other.blacken(supervisor, [(60.0, 0.0, 40.0, 40.0)], at=LATER))
    shot.blacken(silver, [(0.0, 0.0, 40.0, 40.0)], at=LATER)
    shot.refresh_from_db()
    assert pictures.corners(stored(shot.picture)) == [None, None, "blue", "yellow"]
    assert pictures.corners(stored(shot.thumb)) == [None, None, "blue", "yellow"]
    assert TicketEvent.objects.filter(verb="redact").count() == 2


def test_a_picture_removed_meanwhile_does_not_come_back(
    shot, silver, supervisor, monkeypatch, django_capture_on_commit_callbacks
):
    other = Screenshot.objects.get(pk=shot.pk)
    meanwhile(monkeypatch, lambda: other.remove(supervisor, at=LATER))
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(TransitionError):
        shot.blacken(silver, [LEFT_HALF], at=LATER)
    folder = shot.picture.storage
    left = [f"{top}/{name}" for top in model._folders(folder) for name in folder.listdir(top)[1]]
    assert left == []
    assert Screenshot.objects.get().removed_at == LATER


def test_who_loses_every_race_is_told_to_wait(shot, silver, monkeypatch):
    monkeypatch.setattr(Screenshot, "_replaces", lambda *_: False)
    with pytest.raises(ImagesBusy):
        shot.blacken(silver, [LEFT_HALF], at=LATER)


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_threads_lose_no_box(shot, silver, supervisor):
    jobs = [(silver, (0.0, 0.0, 40.0, 40.0)), (supervisor, (60.0, 0.0, 40.0, 40.0))]

    def paint(someone, box):
        Screenshot.objects.get(pk=shot.pk).blacken(someone, [box], at=LATER)
        connection.close()

    threads = [threading.Thread(target=paint, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shot.refresh_from_db()
    assert pictures.corners(stored(shot.picture)) == [None, None, "blue", "yellow"]
    assert TicketEvent.objects.filter(verb="redact").count() == 2


def test_a_file_that_cannot_be_deleted_stops_nobody(
    shot, silver, monkeypatch, django_capture_on_commit_callbacks
):
    def refuse(_name):
        raise PermissionError

    monkeypatch.setattr(shot.picture.storage, "delete", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        shot.remove(silver, at=LATER)
    assert Screenshot.objects.get().removed_at == LATER


# --- Who may, and how long -----------------------------------------------------------------------


def test_a_member_may_for_ten_minutes(shot, silver):
    assert shot.may_change(silver, NOW + dt.timedelta(minutes=10))
    assert not shot.may_change(silver, NOW + dt.timedelta(minutes=10, seconds=1))
    with pytest.raises(TransitionError):
        shot.remove(silver, at=TOO_LATE)
    assert not Screenshot.objects.get().removed_at


def test_the_ten_minutes_begin_with_the_reply_that_carries_it(silver, ticket):
    shot = sent(silver, ticket, at=NOW + dt.timedelta(hours=5))
    assert shot.may_change(silver, NOW + dt.timedelta(hours=5, minutes=9))


def test_a_supervisor_may_at_any_time_and_everywhere(shot, supervisor, agent, ticket):
    note = sent(agent, ticket, verb="note")
    assert shot.may_change(supervisor, NOW + dt.timedelta(days=400))
    assert note.may_change(supervisor, NOW + dt.timedelta(days=400))


def test_others_may_not(shot, other_silver, agent, silver, ticket):
    assert not shot.may_change(other_silver, LATER)
    assert not shot.may_change(agent, LATER)
    theirs = sent(agent, ticket)
    assert not theirs.may_change(agent, LATER)
    assert not theirs.may_change(silver, LATER)  # in their ticket, but not theirs
    with pytest.raises(PermissionDenied):
        shot.remove(agent, at=LATER)


def test_what_was_not_sent_is_not_changed_but_deleted(upload, silver, supervisor):
    for someone in (silver, supervisor):
        assert not upload.may_change(someone, NOW)
        assert signed_in(someone).get(editor(upload)).status_code == 404


def test_the_member_never_hears_of_a_picture_in_a_note(agent, supervisor, ticket, silver):
    note = sent(agent, ticket, verb="note")
    before = Ticket.objects.get(pk=ticket.pk).last_public_event
    note.remove(supervisor, at=LATER)
    ticket.refresh_from_db()
    assert ticket.last_public_event == before
    assert not [entry for entry in entries_for_member(ticket) if "picture" in entry.event_text]
    assert "A picture was removed" in [e.event_text for e in entries_for_desk(ticket, agent)]
    assert signed_in(silver).get(editor(note)).status_code == 404


# --- The page ------------------------------------------------------------------------------------


def test_a_member_blacks_out_and_lands_at_the_reply(silver, ticket):
    shot = sent(silver, ticket, at=timezone.now(), data=pictures.picture(size=(640, 480)))
    page = signed_in(silver).get(ticket.get_absolute_url()).content.decode()
    assert editor(shot) in page
    response = change(shot, silver, action="blacken", **typed("0", "0", "50", "100"))
    assert response.status_code == 303
    assert response["Location"] == f"{ticket.get_absolute_url()}#reply-{shot.reply_id}"
    shot.refresh_from_db()
    assert pictures.corners(stored(shot.picture)) == [None, "green", "blue", None]
    page = signed_in(silver).get(ticket.get_absolute_url()).content.decode()
    assert "Something was blacked out in a picture" in page


def test_a_supervisor_lands_on_the_desk(fresh, supervisor):
    response = change(fresh, supervisor, boxes=json.dumps([[0, 0, 50, 100]]))
    assert response["Location"] == f"/admin/tickets/ticket/{fresh.ticket_id}/change/"
    desk = signed_in(supervisor).get(response["Location"]).content.decode()
    assert editor(fresh) in desk


def test_an_agent_is_offered_nothing_and_refused(fresh, agent):
    desk = signed_in(agent).get(f"/admin/tickets/ticket/{fresh.ticket_id}/change/")
    assert editor(fresh) not in desk.content.decode()
    assert signed_in(agent).get(editor(fresh)).status_code == 403
    for post in ({"action": "remove"}, typed("0", "0", "50", "50")):
        assert change(fresh, agent, **post).status_code == 403
    assert names(Screenshot.objects.get()) == names(fresh)


def test_a_stranger_hears_that_there_is_nothing(fresh, other_silver):
    assert signed_in(other_silver).get(editor(fresh)).status_code == 404
    assert change(fresh, other_silver, action="remove").status_code == 404
    assert (
        signed_in(other_silver)
        .get(f"/technical-issues/screenshots/{uuid.uuid4()}/redact/")
        .status_code
        == 404
    )


def test_after_ten_minutes_the_member_is_led_back_with_the_reason(shot, silver):
    client = signed_in(silver)
    assert editor(shot) not in client.get(shot.ticket.get_absolute_url()).content.decode()
    for response in (
        client.get(editor(shot), follow=True),
        client.post(editor(shot), {"action": "remove"}, follow=True),
        client.post(editor(shot), typed("0", "0", "9", "9"), follow=True),
    ):
        assert response.redirect_chain == [(shot.ticket.get_absolute_url(), 303)]
        assert "only for 10 min after sending" in response.content.decode()
    assert names(Screenshot.objects.get()) == names(shot)
    answered = client.post(editor(shot), {"action": "remove"}, **JSON)
    assert (answered.status_code, answered.json()["error"]) == (409, "impossible")


def test_a_removed_picture_is_a_place_in_the_thread_and_nothing_else(fresh, silver, agent):
    sent(silver, fresh.ticket, at=timezone.now())
    client = signed_in(silver)
    response = client.post(editor(fresh), {"action": "remove"}, follow=True)
    page = response.content.decode()
    assert "The picture is removed." in page
    assert page.count("Picture removed") == 1
    assert "1 file<" in page
    assert str(fresh.uuid) not in page
    for someone in (silver, agent):
        visitor = signed_in(someone)
        assert visitor.get(fresh.get_absolute_url()).status_code == 404
        assert visitor.get(fresh.thumb_url).status_code == 404
    assert client.get(editor(fresh)).status_code == 303
    desk = signed_in(agent).get(f"/admin/tickets/ticket/{fresh.ticket_id}/change/")
    assert "Picture removed" in desk.content.decode()


def test_removed_pictures_are_not_copied(silver, ticket):
    gone, stays = sent(silver, ticket), sent(silver, ticket)
    gone.remove(silver, at=LATER)
    copies = Screenshot.objects.filter(pk__in=[gone.pk, stays.pk]).copy_for(silver, LATER)
    assert [copy.size for copy in copies] == [stays.size]


def test_a_merged_ticket_keeps_its_mark_while_the_other_part_has_a_picture(
    silver, agent, supervisor
):
    duplicate, target = sent(silver).ticket, sent(silver)
    duplicate.merge_into(agent, target.ticket, at=LATER)
    target.refresh_from_db()
    target.remove(supervisor, at=LATER)
    target.ticket.refresh_from_db()
    assert target.ticket.has_pictures
    other = duplicate.screenshots.get()
    response = change(other, supervisor, action="remove")
    assert response["Location"] == f"/admin/tickets/ticket/{target.ticket_id}/change/"


def test_the_thread_asks_no_query_for_each_picture(silver, django_assert_max_num_queries):
    ticket, now = submit(silver), timezone.now()
    for _count in range(5):
        sent(silver, ticket, at=now)
    client = signed_in(silver)
    client.get(ticket.get_absolute_url())
    with django_assert_max_num_queries(16) as few:
        client.get(ticket.get_absolute_url())
    sent(silver, ticket, at=now)
    with django_assert_max_num_queries(len(few)):
        client.get(ticket.get_absolute_url())


# --- Numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "corners"),
    [
        (("0", "0", "40", "40"), [None, "green", "blue", "yellow"]),
        (("0,0", "0,0", "40,5", "40,5"), [None, "green", "blue", "yellow"]),
        (("-20", "-20", "60", "60"), [None, "green", "blue", "yellow"]),
        (("60", "60", "1e9", "500"), ["red", "green", None, "yellow"]),
    ],
)
def test_a_rectangle_is_cut_to_the_picture(numbers, corners, fresh, silver):
    assert change(fresh, silver, **typed(*numbers)).status_code == 303
    fresh.refresh_from_db()
    assert pictures.corners(stored(fresh.picture)) == corners


def test_typed_and_drawn_ones_count_together(fresh, silver):
    post = {
        "x": ["0", "", "60"],
        "y": ["0", "", "60"],
        "w": ["40", "", "40"],
        "h": ["40", "", "40"],
    }
    post["boxes"] = json.dumps([[60, 0, 40, 40]])
    assert change(fresh, silver, **post).status_code == 303
    fresh.refresh_from_db()
    assert pictures.corners(stored(fresh.picture)) == [None, None, None, "yellow"]


HOSTILE_ROWS = [
    (("", "", "", ""), "Mark at least one place"),
    (("0", "0", "", ""), "four numbers"),
    (("a", "0", "5", "5"), "four numbers"),
    (("nan", "0", "5", "5"), "four numbers"),
    (("0", "0", "inf", "5"), "four numbers"),
    (("0", "0", "0", "5"), "outside the picture"),
    (("0", "0", "-5", "5"), "outside the picture"),
    (("100", "0", "5", "5"), "outside the picture"),
    (("-50", "-50", "20", "20"), "outside the picture"),
    (("<b>", "'", "9" * 5000, "{{ x }}"), "four numbers"),
]


@pytest.mark.parametrize(("numbers", "said"), HOSTILE_ROWS)
def test_impossible_numbers_are_refused_and_kept(numbers, said, fresh, silver):
    response = change(fresh, silver, **typed(*numbers))
    assert response.status_code == 400
    assert said in response.content.decode()
    assert [row[0] for row in response.context["rows"]][:1] == [numbers[0]]
    assert names(Screenshot.objects.get()) == names(fresh)
    assert not TicketEvent.objects.filter(verb="redact").exists()


HOSTILE_BOXES = [
    *("{", "null", "5", '"x"', "{}", '{"0": [1, 2, 3, 4]}', "[1, 2, 3, 4]", "[[1, 2, 3]]"),
    *("[[1, 2, 3, 4, 5]]", "[[NaN, 0, 5, 5]]", "[[0, 0, Infinity, 5]]", "[[true, 0, 5, 5]]"),
    *("[[null, 0, 5, 5]]", "[[[1], 0, 5, 5]]", "[[{}, 0, 5, 5]]", "[[1e400, 0, 5, 5]]"),
    *("[" * 9000, f"[[{'9' * 400}, 0, 5, 5]]", f"[[{'9' * 5000}, 0, 5, 5]]"),
    json.dumps([[0, 0, 1, 1]] * 51),
    json.dumps([[0, 0, 1, 1]] * 100_000),
    "[[0,\0 0, 5, 5]]",
]


@pytest.mark.parametrize("boxes", HOSTILE_BOXES, ids=range(len(HOSTILE_BOXES)))
def test_hostile_boxes_are_refused(boxes, fresh, silver):
    response = change(fresh, silver, boxes=boxes)
    assert response.status_code == 400
    assert "data-focus-summary" in response.content.decode()
    assert names(Screenshot.objects.get()) == names(fresh)
    told = signed_in(silver).post(editor(fresh), {"boxes": boxes}, **JSON)
    assert (told.status_code, told.json()["error"]) == (400, "invalid")


def test_ten_thousand_rows_are_refused(fresh, silver):
    post = {side: ["1"] * 200 for side in "xywh"}
    assert change(fresh, silver, **post).status_code == 400


def test_another_row_is_given_without_script(fresh, silver):
    response = change(fresh, silver, action="more", **typed("1", "2", "3", "4"))
    assert response.status_code == 200
    assert response.context["rows"] == [("1", "2", "3", "4"), ("", "", "", "")]
    assert names(Screenshot.objects.get()) == names(fresh)


def test_an_unknown_action_without_boxes_changes_nothing(fresh, silver):
    assert change(fresh, silver, action="delete").status_code == 400
    assert names(Screenshot.objects.get()) == names(fresh)


def test_painting_has_a_limit(fresh, silver, settings):
    settings.LIMITS = {**settings.LIMITS, "uploads": "1/hour"}
    assert change(fresh, silver, **typed("0", "0", "9", "9")).status_code == 303
    assert change(fresh, silver, **typed("0", "0", "9", "9")).status_code == 429


def test_a_lost_file_is_said_and_can_still_be_removed(fresh, silver):
    fresh.picture.storage.delete(fresh.picture.name)
    response = signed_in(silver).post(editor(fresh), typed("0", "0", "9", "9"), follow=True)
    assert "no longer available" in response.content.decode()
    assert change(fresh, silver, action="remove").status_code == 303
    assert Screenshot.objects.get().removed_at


def test_a_store_that_is_full_is_said(fresh, silver, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fresh.picture.storage, "_save", full)
    response = signed_in(silver).post(editor(fresh), typed("0", "0", "9", "9"), follow=True)
    assert "could not be changed just now" in response.content.decode()
    assert names(Screenshot.objects.get()) == names(fresh)


def test_a_file_that_is_no_picture_any_more_is_said(fresh, silver):
    storage = fresh.picture.storage
    storage.delete(fresh.picture.name)
    storage.save(fresh.picture.name, ContentFile(b"broken"))
    response = signed_in(silver).post(editor(fresh), typed("0", "0", "9", "9"), follow=True)
    assert "Upload a valid image" in response.content.decode()


# --- What agents look at is written down ---------------------------------------------------------


def reads():
    return list(AuditEntry.objects.filter(action="picture").order_by("pk"))


def test_an_agent_who_opens_a_picture_is_written_down(shot, agent):
    signed_in(agent).get(shot.get_absolute_url(), REMOTE_ADDR="192.0.2.7")
    entry = reads()[0]
    assert (entry.actor, entry.about) == (agent, shot.ticket.number)
    assert (entry.data, entry.address) == ({"screenshot": str(shot.uuid)}, "192.0.2.7")


def test_thumbnails_and_own_pictures_are_not_written_down(shot, agent, silver, ticket):
    own = sent(agent, ticket)
    signed_in(agent).get(shot.thumb_url)
    signed_in(agent).get(own.get_absolute_url())
    signed_in(agent).head(shot.get_absolute_url())
    signed_in(silver).get(shot.get_absolute_url())
    signed_in(silver).get(own.get_absolute_url())
    assert reads() == []


def test_a_picture_loaded_again_within_a_minute_is_one_read(shot, agent, supervisor):
    for someone in (agent, agent, supervisor):
        signed_in(someone).get(shot.get_absolute_url())
    assert [entry.actor for entry in reads()] == [agent, supervisor]
    AuditEntry.objects.update(at=timezone.now() - dt.timedelta(seconds=61))
    signed_in(agent).get(shot.get_absolute_url())
    assert len(reads()) == 3


def test_what_was_refused_or_is_lost_was_not_read(shot, other_silver, agent):
    signed_in(other_silver).get(shot.get_absolute_url())
    shot.picture.storage.delete(shot.picture.name)
    assert signed_in(agent).get(shot.get_absolute_url()).status_code == 404
    assert reads() == []


def test_a_picture_that_waits_has_no_ticket_to_name(upload, agent):
    assert png_file().size
    signed_in(agent).get(upload.get_absolute_url())
    assert [entry.about for entry in reads()] == [""]


# --- Before it is done ---------------------------------------------------------------------------


def test_blacking_out_asks_first(fresh, silver):
    page = signed_in(silver).get(editor(fresh)).content.decode()
    asked = page.index("Black out for ever</summary>")
    assert asked < page.index("Yes, black out</button>") < page.index("</details>", asked)


def test_only_a_ticket_from_a_chat_speaks_of_the_chat(fresh, silver):
    said = "it stays in the chat"
    assert said not in signed_in(silver).get(editor(fresh)).content.decode()
    Ticket.objects.update(from_chat=uuid.uuid4())
    assert said in signed_in(silver).get(editor(fresh)).content.decode()
