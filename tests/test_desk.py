"""The agents' desk in the admin: the work list, the ticket page and its buttons, who may what."""

import datetime as dt
import re
import uuid

import pytest
from conftest import PASSWORD, answer, png_file, signed_in, submit
from django.contrib.auth.models import Group
from django.utils import timezone
from django.utils.html import escape
from post_office.models import Email

from accounts.models import Rank, User
from tickets.models import Holiday, Reply, Screenshot, ServiceWindow, Ticket

LIST = "/admin/tickets/ticket/"
WINDOWS = "/admin/tickets/servicewindow/"
HOLIDAYS = "/admin/tickets/holiday/"
PEOPLE = "/admin/accounts/user/"
Status = Ticket.Status


@pytest.fixture
def desk(agent):
    return signed_in(agent)


@pytest.fixture
def office(supervisor):
    return signed_in(supervisor)


def page(ticket):
    return f"{LIST}{ticket.pk}/change/"


def press(client, ticket, action, **fields):
    """Press a button of the ticket page."""
    post = {"action": action, "body": "", "submission_id": uuid.uuid4(), **fields}
    return client.post(page(ticket), post)


def state_of(ticket):
    ticket.refresh_from_db()
    return ticket.status, ticket.assignee, ticket.replies.count(), ticket.events.count()


def text_of(response):
    return response.content.decode()


def listed(client, **query):
    """The titles in the work list, in its order."""
    response = client.get(LIST, query)
    assert response.status_code == 200
    return re.findall(r'<bdi class="title"[^>]*>(.*?)</bdi>', text_of(response))


def hidden(html, name):
    return re.search(rf'name="{name}" value="(.*?)"', html)[1]


# The work list


def test_the_work_list_shows_what_an_agent_needs_to_choose(desk, ticket, agent):
    ticket.assign(agent, agent, at=timezone.now())
    html = text_of(desk.get(LIST))
    columns = re.findall(r'<th scope="col">(.*?)</th>', html)
    assert columns == [
        *("Title", "Status", "Waiting for", "Language", "Last word", "Handled by", "Rank")
    ]
    row = re.sub(r"<.*?>", " ", html[html.index("data-row") :])
    for word in (ticket.number, ticket.title, "Open", "Slovenščina", "Silver", "Ana Novak"):
        assert word in row


def test_who_waits_longest_stands_first(desk, silver):
    now = timezone.now()
    for title, hours in (("Second", 2), ("First", 3), ("Third", 1)):
        submit(silver, title=title, at=now - dt.timedelta(hours=hours))
    assert listed(desk) == ["First", "Second", "Third"]


def test_what_waits_for_support_stands_before_what_waits_for_the_member(desk, silver, agent):
    now = timezone.now()
    asked = submit(silver, title="Asked", at=now - dt.timedelta(days=9))
    answer(asked, agent, verb="ask", at=now - dt.timedelta(days=8))
    submit(silver, title="New", at=now)
    assert listed(desk) == ["New", "Asked"]
    assert listed(desk, view="all") == ["New", "Asked"]


def test_results_are_counted_for_a_search_only(desk, ticket):
    assert "found" not in text_of(desk.get(LIST))
    assert ">1 ticket found<" in text_of(desk.get(LIST, {"q": ticket.title}))


@pytest.mark.parametrize(
    ("query", "words"),
    [({}, "Nothing is here."), ({"q": "nic"}, "Clear"), ({"rank": "gold"}, "Clear")],
)
def test_an_empty_list_says_so_and_leads_back(desk, query, words):
    html = text_of(desk.get(LIST, query))
    assert words in html
    assert ("Nothing matches." in html) is bool(query)


def test_filters_and_pages_bear_their_own_names(office, silver):
    labels = re.findall(r'<label for="filter-\w+">(.*?)</label>', text_of(office.get(LIST)))
    assert labels == ["Status", "Language", "Handled by", "Waiting for", "Rank", "Topic"]
    assert "<h1>People</h1>" in text_of(office.get(PEOPLE))
    assert "<h1>Sonja Novak</h1>" in text_of(office.get(f"{PEOPLE}{silver.pk}/change/"))


@pytest.fixture
def four(silver, gold, agent, supervisor):
    """Four tickets that differ in everything there is a filter for."""
    now = timezone.now()
    mine = submit(silver, title="mine", language="sl", at=now - dt.timedelta(days=8))
    other = submit(silver, title="other", language="en", at=now - dt.timedelta(days=4))
    free = submit(gold, title="free", language="cs", at=now - dt.timedelta(days=2))
    submit(gold, title="closed", language="cs", at=now).close(agent, at=now)
    mine.assign(agent, agent, at=now)
    other.assign(agent, supervisor, at=now)
    answer(free, agent, verb="ask", at=now - dt.timedelta(days=2))


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({}, "mine other free"),
        ({"status": "open"}, "mine other"),
        ({"status": "awaiting_feedback"}, "free"),
        ({"status": "closed"}, "closed"),
        ({"view": "all"}, "closed free other mine"),
        ({"language": "sl"}, "mine"),
        ({"assignee": "me"}, "mine"),
        ({"assignee": "nobody"}, "free"),
        ({"rank": "gold"}, "free"),
        ({"age": "1"}, "mine other free"),
        ({"age": "3"}, "mine other"),
        ({"age": "7"}, "mine"),
        ({"age": "1", "rank": "silver", "assignee": "me"}, "mine"),
        ({"q": "closed"}, "closed"),
    ],
)
def test_the_work_list_can_be_narrowed(desk, four, query, titles):
    assert listed(desk, **query) == titles.split()


def test_the_work_list_can_be_narrowed_to_a_colleague(desk, four, supervisor):
    assert listed(desk, assignee=supervisor.pk) == ["other"]


@pytest.mark.parametrize(
    "query",
    [
        {"assignee": "9" * 30},
        {"assignee": "²"},
        {"assignee": "-1"},
        {"rank": "emperor"},
        {"age": "9999999"},
        {"status": "burnt"},
        {"topic": "9" * 30},
        {"topic": "-1"},
        {"pictures": "2"},
        {"view": "\0"},
        {"after": "9" * 30},
        {"q": "\0"},
        {"q": "9" * 300},
        {"o": "99.-99"},
        {"member__password__startswith": "md5"},
    ],
)
def test_a_forged_filter_is_never_an_error_of_the_desk(desk, ticket, query):
    response = desk.get(LIST, query, follow=True)
    assert response.status_code == 200
    assert (ticket.title in text_of(response)) is ("q" not in query or query["q"] == "\0")


@pytest.mark.parametrize("words", ["narocila", "placaj", "predpomn"])
def test_tickets_are_found_by_title_text_and_note(desk, ticket, gold, agent, words):
    submit(gold, title="Something else", description="Entirely")
    answer(ticket, agent, "Izprazniti predpomnilnik", verb="note")
    assert listed(desk, q=words) == [ticket.title]


def test_tickets_are_not_deleted_by_hand(office, ticket):
    address = f"{LIST}{ticket.pk}/delete/"
    assert office.get(address).status_code == 403
    assert office.post(address, {"post": "yes"}).status_code == 403
    assert Ticket.objects.get() == ticket


def test_forged_list_posts_change_nothing(office, ticket):
    before = state_of(ticket)
    forged = [
        {"action": "delete_selected", "_selected_action": ticket.pk, "post": "yes"},
        {"_save": "1", "form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-status": "closed"},
    ]
    for post in forged:
        office.post(LIST, {**post, "form-0-id": ticket.pk})
    assert state_of(ticket) == before


# The ticket page


def test_the_page_tells_who_asks_and_what_happened(desk, ticket, agent, silver):
    answer(ticket, agent, "Med nami.", verb="note")
    html = text_of(desk.get(page(ticket)))
    for words in (ticket.description, "Med nami.", silver.display_name, "1000002", "Silver"):
        assert escape(words) in html
    assert "Members cannot see this note." in html


def test_events_name_who_acted(desk, ticket, agent, supervisor, silver):
    now = timezone.now()
    ticket.assign(supervisor, agent, at=now)
    ticket.close(silver, at=now)
    html = re.sub(r"<.*?>", "", text_of(desk.get(page(ticket))))
    assert "Assigned to Ana Novak · by Eva Novak · " in html
    assert "Status changed: Closed · by Sonja Novak · " in html


def test_members_words_are_marked_as_theirs(desk, ticket):
    assert "<span>Member</span>" in text_of(desk.get(page(ticket)))


def test_the_status_is_no_field(desk, ticket):
    before = state_of(ticket)
    assert 'name="status"' not in text_of(desk.get(page(ticket)))
    forged = {"status": "closed", "title": "x", "member": 1, "closed_at_0": "2026-01-01"}
    for button in ("_save", "_continue", "_saveasnew", "_addanother"):
        desk.post(page(ticket), {**forged, button: "1"})
    assert state_of(ticket) == before


@pytest.mark.parametrize(
    ("action", "kind", "status", "mails"),
    [
        ("reply", "reply", Status.OPEN, 1),
        ("ask", "question", Status.AWAITING_FEEDBACK, 1),
        ("note", "note", Status.OPEN, 0),
    ],
)
def test_the_button_says_what_becomes_of_the_text(desk, ticket, agent, action, kind, status, mails):
    before = Email.objects.count()
    sent = press(desk, ticket, action, body="Kateri brskalnik?", screenshots=[png_file()])
    reply = Reply.objects.get()
    assert (sent.status_code, sent["Location"]) == (303, f"{page(ticket)}#reply-{reply.pk}")
    assert (reply.author, reply.kind, reply.body) == (agent, kind, "Kateri brskalnik?")
    assert reply.screenshots.count() == 1
    assert Email.objects.count() - before == mails
    assert state_of(ticket)[0] == status


@pytest.mark.parametrize(
    ("mode", "action"), [("note", "reply"), ("note", "ask"), ("note", "finish"), ("reply", "note")]
)
def test_a_button_that_contradicts_the_tab_sends_nothing(desk, ticket, mode, action):
    before = Email.objects.count()
    refused = press(desk, ticket, action, mode=mode, body="Med nami.")
    html = text_of(refused)
    assert refused.status_code == 400
    assert "Nothing was sent" in html
    assert ">\nMed nami.</textarea>" in html
    assert re.search(r'name="mode" value="note" checked', html)
    assert (ticket.replies.count(), Email.objects.count()) == (0, before)


@pytest.mark.parametrize(("mode", "action"), [("note", "note"), ("reply", "reply")])
def test_a_button_of_its_tab_sends(desk, ticket, mode, action):
    assert press(desk, ticket, action, mode=mode, body="Da.").status_code == 303
    assert ticket.replies.get().kind == action


def test_the_tab_survives_every_other_button(desk, ticket):
    html = text_of(press(desk, ticket, "take", mode="note", body="Half a"))
    assert re.search(r'name="mode" value="note" checked', html)


def test_one_button_sends_the_reply_and_closes(desk, ticket):
    post = {"action": "finish", "body": "Popravljeno.", "submission_id": uuid.uuid4()}
    for _press in range(2):
        assert desk.post(page(ticket), post).status_code == 303
    assert state_of(ticket)[0] == Status.CLOSED
    assert [reply.body for reply in ticket.replies.all()] == ["Popravljeno."]


def test_a_reply_that_cannot_be_sent_closes_nothing(desk, ticket):
    assert press(desk, ticket, "finish").status_code == 400
    assert state_of(ticket)[0] == Status.OPEN


@pytest.mark.parametrize("with_text", [True, False])
def test_closing_waits_for_what_is_not_sent_yet(desk, ticket, agent, with_text):
    upload = Screenshot.objects.upload(agent, png_file(), timezone.now())
    unsent = {"body": "Še tole."} if with_text else {"uploads": [upload.uuid]}
    refused = press(desk, ticket, "close", **unsent)
    html = text_of(refused)
    assert refused.status_code == 409
    assert ("The text is not sent yet." if with_text else "The files are not sent yet.") in html
    assert (">\nŠe tole.</textarea>" if with_text else str(upload.uuid)) in html
    assert state_of(ticket)[0] == Status.OPEN


def test_taking_handing_over_and_letting_go(desk, ticket, agent, supervisor):
    press(desk, ticket, "take")
    assert state_of(ticket)[1] == agent
    press(desk, ticket, "assign", assignee=supervisor.pk)
    assert state_of(ticket)[1] == supervisor
    press(desk, ticket, "assign", assignee="")
    assert state_of(ticket)[1] is None


def test_closing_and_reopening(desk, ticket):
    assert press(desk, ticket, "close").status_code == 303
    assert state_of(ticket)[0] == Status.CLOSED
    html = text_of(desk.get(page(ticket)))
    assert 'value="reopen"' in html
    assert 'value="reply"' not in html
    press(desk, ticket, "reopen")
    assert state_of(ticket)[0] == Status.OPEN


def test_a_reply_to_an_issue_closed_meanwhile_is_kept_and_refused(desk, ticket, silver):
    ticket.close(silver, at=timezone.now())
    refused = press(desk, ticket, "reply", body="Poskusite znova.")
    assert refused.status_code == 409
    assert "This issue is closed. Reopen it first." in text_of(refused)
    assert ">\nPoskusite znova.</textarea>" in text_of(refused)


@pytest.mark.parametrize(
    ("action", "words"), [("ask", "Write a reply."), ("note", "Write a note.")]
)
def test_an_empty_text_is_refused(desk, ticket, action, words):
    refused = press(desk, ticket, action, body=" ")
    assert refused.status_code == 400
    assert words in text_of(refused)


def test_pressing_twice_sends_once(desk, ticket):
    post = {"action": "ask", "body": "Kateri brskalnik?", "submission_id": uuid.uuid4()}
    for _press in range(2):
        assert desk.post(page(ticket), post).status_code == 303
    assert ticket.replies.count() == 1


def test_an_answer_from_a_stale_page_waits_until_the_news_is_read(desk, ticket, supervisor):
    seen = hidden(text_of(desk.get(page(ticket))), "seen")
    newer = answer(ticket, supervisor, "Že rešujem.", verb="note")
    refused = press(desk, ticket, "reply", body="Kateri brskalnik?", seen=seen)
    html = text_of(refused)
    assert refused.status_code == 409
    assert html.count("Že rešujem.") == 2
    assert ">\nKateri brskalnik?</textarea>" in html
    assert hidden(html, "seen") == str(newer.pk)
    press(desk, ticket, "reply", body="Kateri brskalnik?", seen=newer.pk)
    assert ticket.replies.count() == 2


@pytest.mark.parametrize("action", ["take", "assign", "close", "reopen", "nonsense"])
def test_what_was_typed_survives_every_other_button(desk, ticket, agent, action):
    upload = Screenshot.objects.upload(agent, png_file(), timezone.now())
    html = text_of(press(desk, ticket, action, body="Half a", seen=7, uploads=[upload.uuid]))
    assert ">\nHalf a</textarea>" in html
    assert hidden(html, "seen") == "7"
    assert hidden(html, "uploads") == str(upload.uuid)
    assert not ticket.replies.exists()


@pytest.mark.parametrize(
    "action", ["", "submit", "delete", "delete_selected", "_move", "__class__", "reply;close"]
)
def test_a_forged_button_does_nothing(desk, ticket, action):
    before = state_of(ticket)
    answered = desk.post(page(ticket), {"action": action}, follow=True)
    assert "Choose what to do with the ticket." in text_of(answered)
    assert state_of(ticket) == before


@pytest.mark.parametrize("assignee", ["x", "0", "9" * 30, "{member}"])
def test_a_ticket_is_handed_to_agents_only(desk, ticket, silver, assignee):
    press(desk, ticket, "assign", assignee=assignee.format(member=silver.pk))
    assert state_of(ticket)[1] is None


def test_an_agents_own_ticket_is_handled_as_a_members(desk, agent):
    own = submit(agent, title="The desk is slow")
    html = text_of(desk.get(page(own)))
    assert 'value="ask"' not in html
    press(desk, own, "ask", body="What now?")
    press(desk, own, "assign", assignee=agent.pk)
    assert state_of(own) == (Status.OPEN, None, 0, 1)


@pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 30, "x", "_5F", "1%00"])
def test_any_other_number_in_the_address_is_404(desk, ticket, number):
    assert desk.get(f"{LIST}{number}/change/").status_code == 404
    assert desk.post(f"{LIST}{number}/change/", {"action": "close"}).status_code == 404


# Who may what


def test_members_have_no_desk(ticket, silver, other_silver):
    for member in (silver, other_silver):
        client = signed_in(member)
        for address in ("/admin/", LIST, page(ticket), WINDOWS, PEOPLE):
            assert client.get(address).status_code == 403
        assert press(client, ticket, "close").status_code == 403
    assert state_of(ticket)[0] == Status.OPEN


def test_staff_without_the_permission_have_no_tickets(ticket, agent):
    agent.groups.clear()
    client = signed_in(agent)
    assert client.get(LIST).status_code == 403
    assert client.get(page(ticket)).status_code in (403, 404)
    assert press(client, ticket, "close").status_code in (403, 404)
    assert state_of(ticket)[0] == Status.OPEN


def test_agents_see_but_do_not_change_and_supervisors_run_the_house(desk, office, silver):
    someone = f"{PEOPLE}{silver.pk}/change/"
    for address in (WINDOWS, f"{WINDOWS}add/", HOLIDAYS, f"{HOLIDAYS}add/", f"{PEOPLE}add/"):
        assert desk.get(address).status_code == 403
        assert desk.post(address, {}).status_code == 403
        assert office.get(address).status_code == 200
    desk.post(someone, {"first_name": "Changed"})
    assert desk.get(f"{PEOPLE}{silver.pk}/password/").status_code == 403
    silver.refresh_from_db()
    assert silver.first_name == "Sonja"


def person_form(someone, **forged):
    """What the form of a person posts, with more fields than it has."""
    kept = ("username", "first_name", "last_name", "email", "language", "time_zone", "rank")
    fields = {name: getattr(someone, name) for name in kept}
    return {**fields, "member_id": "7", "is_active": "on", **forged}


def powers():
    return {
        "is_staff": "on",
        "is_superuser": "on",
        "groups": list(Group.objects.values_list("pk", flat=True)),
        "user_permissions": [1, 2, 3],
    }


def test_a_supervisor_looks_after_people_and_makes_nobody_staff(office, silver):
    office.post(f"{PEOPLE}{silver.pk}/change/", person_form(silver, first_name="Eva", **powers()))
    silver.refresh_from_db()
    assert silver.first_name == "Eva"
    assert (silver.is_staff, silver.is_superuser) == (False, False)
    assert not silver.groups.exists()
    assert not silver.user_permissions.exists()


def test_the_member_record_is_not_written_by_hand(office, silver):
    office.post(f"{PEOPLE}{silver.pk}/change/", person_form(silver, rank=Rank.GOLD))
    silver.refresh_from_db()
    assert (silver.member_id, silver.rank) == ("1000002", Rank.SILVER)


def test_languages_and_zone_of_an_agent_are_chosen_from_lists(office, agent):
    someone = f"{PEOPLE}{agent.pk}/change/"
    office.post(someone, person_form(agent, works_in=["cs", "sl"], time_zone="Europe/Prague"))
    agent.refresh_from_db()
    assert (agent.works_in, agent.time_zone) == (["cs", "sl"], "Europe/Prague")
    for wrong in ({"works_in": ["xx"]}, {"time_zone": "Mars/Olympus"}):
        assert office.post(someone, person_form(agent, **wrong)).status_code == 200


def test_an_old_name_of_a_zone_is_kept(office, silver):
    silver.time_zone = "Europe/Belfast"
    silver.save()
    saved = office.post(f"{PEOPLE}{silver.pk}/change/", person_form(silver))
    assert saved.status_code == 302


def test_a_password_is_shown_to_those_who_may_set_it(desk, office, silver, agent):
    pages = [f"{PEOPLE}{someone.pk}/change/" for someone in (silver, agent)]
    shown = [
        "field-password" in text_of(client.get(path)) for client in (desk, office) for path in pages
    ]
    assert shown == [False, False, True, False]


def test_a_supervisor_adds_people_and_makes_none_of_them_staff(office):
    secret = {"usable_password": "true", "password1": "k3-list-in-steblo", "email": "n@example.com"}
    secret["password2"] = secret["password1"]
    office.post(f"{PEOPLE}add/", {"username": "nova", **secret, **powers()})
    added = User.objects.get(username="nova")
    assert (added.is_staff, added.is_superuser, added.groups.count()) == (False, False, 0)


def test_a_supervisor_raises_not_even_themselves(office, supervisor):
    office.post(f"{PEOPLE}{supervisor.pk}/change/", person_form(supervisor, **powers()))
    supervisor.refresh_from_db()
    assert not supervisor.is_superuser
    assert [group.name for group in supervisor.groups.all()] == ["Supervisors"]


def test_a_supervisor_has_no_hand_on_a_superuser(office, seeded):
    root = User.objects.create_superuser("root", "root@example.com", PASSWORD)
    office.post(f"{PEOPLE}{root.pk}/change/", person_form(root, email="eva@example.com"))
    assert office.get(f"{PEOPLE}{root.pk}/password/").status_code == 403
    new = {"usable_password": "true", "password1": "k3-list-in-steblo"}
    office.post(f"{PEOPLE}{root.pk}/password/", {**new, "password2": new["password1"]})
    root.refresh_from_db()
    assert root.email == "root@example.com"
    assert root.check_password(PASSWORD)


def test_people_are_not_deleted(office, silver):
    assert office.post(f"{PEOPLE}{silver.pk}/delete/", {"post": "yes"}).status_code == 403
    delete = {"action": "delete_selected", "_selected_action": silver.pk, "post": "yes"}
    office.post(PEOPLE, delete)
    assert User.objects.filter(pk=silver.pk).exists()


# Hours and holidays


def window(start, end, weekday=0):
    return {"weekday": weekday, "start": start, "end": end, "kind": "english_only"}


@pytest.mark.parametrize(
    ("start", "end", "taken"),
    [
        ("05:00", "06:00", True),
        ("21:00", "00:00", True),
        ("05:00", "06:01", False),
        ("20:59", "22:00", False),
        ("07:00", "08:00", False),
        ("00:00", "00:00", False),
        ("04:00", "03:00", False),
        ("04:00", "04:00", False),
    ],
)
def test_service_windows_of_a_day_do_not_overlap(office, start, end, taken):
    before = ServiceWindow.objects.count()
    answered = office.post(f"{WINDOWS}add/", window(start, end))
    assert (answered.status_code == 302) is taken
    assert ServiceWindow.objects.count() - before == taken


def test_a_window_is_entered_in_plain_fields_and_refused_once(office):
    form = text_of(office.get(f"{WINDOWS}add/"))
    assert form.count('<input type="time"') == 2
    assert "DateTimeShortcuts" not in form
    refused = text_of(office.post(f"{WINDOWS}add/", window("06:00", "09:00")))
    assert refused.count('class="errorlist') == 1
    assert 'value="06:00"' in refused


def test_the_same_window_on_a_free_day_is_taken(office):
    assert office.post(f"{WINDOWS}add/", window("06:00", "13:00", weekday=6)).status_code == 302


def test_a_window_can_be_moved_within_its_own_time(office):
    row = ServiceWindow.objects.filter(weekday=0).first()
    moved = window("06:30", "12:30")
    assert office.post(f"{WINDOWS}{row.pk}/change/", moved).status_code == 302
    row.refresh_from_db()
    assert (row.start, row.end) == (dt.time(6, 30), dt.time(12, 30))


def test_a_holiday_is_entered_once(office):
    for status in (302, 200):
        post = {"date": "2026-12-25", "name": "Christmas"}
        assert office.post(f"{HOLIDAYS}add/", post).status_code == status
    assert Holiday.objects.count() == 1


# What the pages cost


@pytest.mark.parametrize("count", [1, 40])
def test_the_desk_asks_the_database_as_often_for_many_as_for_one(
    desk, silver, agent, count, django_assert_max_num_queries
):
    tickets = [submit(silver, title=f"Issue {n}") for n in range(count)]
    for ticket in tickets:
        ticket.assign(agent, agent, at=timezone.now())
        answer(tickets[0], agent)
        answer(tickets[0], agent, verb="note")
    User.objects.bulk_create(
        User(username=f"m{n}", rank=Rank.SILVER, password="!") for n in range(count)
    )
    with django_assert_max_num_queries(12):
        desk.get(LIST)
    with django_assert_max_num_queries(12):
        desk.get(LIST, {"q": "issue", "assignee": "me"})
    with django_assert_max_num_queries(15):
        desk.get(page(tickets[0]))
