"""The front page of the desk: whose figures, how they are drawn, said and taken along."""

import csv
import datetime as dt
import io
import itertools
import re

import pytest
from conftest import NOW, answer, person, signed_in, submit
from dashboarding import DAY, HOUR, Plots, busy_month, chat
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts import seed
from accounts.models import AuditEntry, ErasureRequest, PeopleImport, Rank
from helpdesk.dashboard import duties, plots, scales, sentences
from helpdesk.dashboard.choice import Choice
from helpdesk.dashboard.figures import MAKERS, gather
from tickets.models import Incident, ServiceWindow, TicketLanguage, Topic
from tickets.reports import Scope

PAGE = "/admin/"
SHARED = [key for key, maker in MAKERS.items() if maker.is_shared]


@pytest.fixture
def second(seeded):
    other = person("olga", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None)
    other.groups.add(Group.objects.get(name=seed.AGENTS))
    return other


@pytest.fixture
def busy(agent, second, silver, gold, other_silver):
    busy_month(agent, second, [silver, gold, other_silver])


def seen(someone, query=""):
    response = signed_in(someone).get(PAGE + query)
    assert response.status_code == 200
    return response


def drawn(someone, query=""):
    return Plots(seen(someone, query).content.decode()).figures


# --- Every drawing says what its table says, in its numbers and in its lengths ------------------


def agree(figure):
    """Every mark's number is its cell's."""
    marks = figure["rect"] + figure["circle"]
    for mark in marks:
        cell = figure["rows"][int(mark["data-key"])][int(mark["data-series"])]
        assert float(mark["data-value"]) == float(cell), mark
    return marks


def height_of(steps):
    """How high a value stands, told by the lowest and the highest line of the scale."""
    (low, y_low), (high, y_high) = steps[0], steps[-1]
    return lambda value: y_low + (y_high - y_low) * (value - low) / (high - low)


LINES = {
    "opened-closed": (1, 2),
    "first-reply": (2, 3),
    "resolution": (2, 3),
    "chat-wait": (2, 3),
}


@pytest.mark.parametrize("days", [7, 30, 90])
@pytest.mark.parametrize(("key", "columns"), LINES.items())
def test_a_line_stands_where_the_table_says(supervisor, busy, key, columns, days):
    figure = drawn(supervisor, f"?days={days}")[key]
    assert agree(figure)
    height = height_of(figure["steps"])
    filled = [
        (str(column), str(n))
        for column in columns
        for n, row in enumerate(figure["rows"])
        if row[column]
    ]
    assert sorted(filled) == sorted((m["data-series"], m["data-key"]) for m in figure["circle"])
    for mark in figure["circle"]:
        assert float(mark["cy"]) == pytest.approx(height(float(mark["data-value"])), abs=0.02)
    places = {}
    for mark in figure["circle"]:
        places.setdefault(mark["data-series"], []).append((mark["cx"], mark["cy"]))
    for curve in figure["curves"]:
        corners = [tuple(corner.split()) for corner in re.split("[ML]", curve["d"])[1:]]
        assert corners == places[curve["data-series"]]


def test_a_line_is_broken_where_nothing_was_measured():
    days = [dt.date(2026, 7, day) for day in (1, 2, 3, 4)]
    rows = [[day, HOUR if day.day != 2 else None] for day in days]
    words = [str(day) for day in days]
    series = [plots.Series(1, "median", "c1", "f1")]
    drawing = plots.lines(rows, words, series, str, 3600)
    assert drawing.curves[0].d.count("M") == 2
    assert [point.key for point in drawing.points] == ["0", "2", "3"]


@pytest.mark.parametrize("days", [7, 30, 90])
@pytest.mark.parametrize(("key", "series"), [("reopened", 1), ("chat-missed", 2)])
def test_upright_bars_are_as_high_as_the_table_says(supervisor, busy, key, series, days):
    figure = drawn(supervisor, f"?days={days}")[key]
    height = height_of(figure["steps"])
    assert len(agree(figure)) == len(figure["rows"]) * series
    assert any(float(mark["data-value"]) for mark in figure["rect"])
    for mark in figure["rect"]:
        top = float(mark["y"])
        assert top == pytest.approx(height(float(mark["data-value"])), abs=0.02)
        assert top + float(mark["height"]) == pytest.approx(height(0), abs=0.02)


@pytest.mark.parametrize("key", ["age", "language", "topic", "chat-tickets", "load"])
def test_bars_are_as_long_as_the_table_says(supervisor, busy, silver, agent, key):
    talk = chat(silver, timezone.now() - DAY, agent)
    submit(silver, at=timezone.now() - HOUR, from_chat=talk.uuid)
    figure = drawn(supervisor)[key]
    marks = agree(figure)
    by_series = {}
    for mark in marks:
        by_series.setdefault(mark["data-series"], []).append(mark)
    if key == "load":
        assert len(marks) == 5 * len(figure["rows"])
    else:
        assert len(marks) == len(figure["rows"])
    assert any(float(mark["data-value"]) for mark in marks)
    for bars in by_series.values():
        assert len({bar["x"] for bar in bars}) == 1
        longest = max(bars, key=lambda bar: float(bar["data-value"]))
        full, most = float(longest["width"]), float(longest["data-value"])
        for bar in bars:
            width = full * float(bar["data-value"]) / most if most else 0
            assert float(bar["width"]) == pytest.approx(width, abs=0.02)


def test_a_name_may_hold_anything(supervisor, busy, agent):
    agent.first_name = "{0} %s <b>&"
    agent.save(update_fields=["first_name"])
    Topic.objects.filter(pk=Topic.objects.first().pk).update(name_en="{x!r} %(n)s </svg><script>")
    page = seen(supervisor).content.decode()
    assert "{0} %s &lt;b&gt;&amp; Novak" in page
    assert "</svg><script>" not in page


def test_the_map_of_hours_is_as_dark_as_the_table_says(supervisor, busy):
    figure = drawn(supervisor)["chat-hours"]
    marks = agree(figure)
    assert len(marks) == 7 * 24
    assert sum(float(mark["data-value"]) for mark in marks) == 60
    most = max(float(mark["data-value"]) for mark in marks)
    for mark in marks:
        shade = max(plots.PALEST, float(mark["data-value"]) / most)
        assert float(mark["opacity"]) == pytest.approx(shade, abs=0.01)
        hour, day = int(mark["data-key"]), int(mark["data-series"]) - 1
        assert float(mark["x"]) == pytest.approx(plots.CELL_LEFT + plots.CELL * hour, abs=0.01)
        assert float(mark["y"]) == 6 + plots.CELL_HEIGHT * day


def test_the_service_hours_of_the_seed_are_one_frame(supervisor, busy):
    frames = drawn(supervisor)["chat-hours"]["frames"]
    assert len(frames) == 2  # and the one that explains it
    assert float(frames[0]["width"]) == pytest.approx(15 * plots.CELL + plots.GAP, abs=0.01)


def test_any_service_hours_have_their_frames(supervisor, busy):
    ServiceWindow.objects.all().delete()
    seven, noon, midnight = dt.time(7, 30), dt.time(12), dt.time(0)
    english = ServiceWindow.Kind.ENGLISH_ONLY
    for weekday, start, end in ((0, seven, noon), (0, dt.time(14), midnight), (6, seven, noon)):
        ServiceWindow.objects.create(weekday=weekday, start=start, end=end, kind=english)
    assert plots.joined([(w.weekday, w.start, w.end) for w in ServiceWindow.objects.all()]) == [
        plots.Span(0, 0, 7.5, 12),
        plots.Span(0, 0, 14, 24),
        plots.Span(6, 6, 7.5, 12),
    ]
    assert len(drawn(supervisor)["chat-hours"]["frames"]) == 4


def test_without_service_hours_the_map_has_no_frame_and_says_so(supervisor, busy):
    ServiceWindow.objects.all().delete()
    response = seen(supervisor)
    assert "There are no service hours." in response.content.decode()
    assert not Plots(response.content.decode()).figures["chat-hours"]["frames"]


@pytest.mark.parametrize(
    ("highest", "unit", "steps"),
    [
        (0, 1, [0, 1]),
        (1, 1, [0, 1]),
        (3, 1, [0, 1, 2, 3]),
        (7, 1, [0, 2, 4, 6, 8]),
        (101, 1, [0, 50, 100, 150]),
        (9_000, 3_600, [0, 3_600, 7_200, 10_800]),
    ],
)
def test_a_scale_has_few_round_steps(highest, unit, steps):
    assert scales.scale_to(highest, unit).steps == steps


def test_words_at_the_ends_of_lines_do_not_touch():
    texts = scales.end_labels([(100, "a", ""), (101, "b", ""), (176, "c", ""), (175, "d", "")])
    heights = sorted(float(text.y) for text in texts)
    assert all(b - a >= scales.LINE_HEIGHT for a, b in itertools.pairwise(heights))
    assert heights[-1] <= scales.BOTTOM + 4


@pytest.mark.parametrize("language", ["en", "cs", "sl"])
def test_an_empty_period_is_said_and_not_drawn(supervisor, language):
    with translation.override(language):
        today = timezone.now().date()
        scope = Scope(first=today - 6 * DAY, last=today)
        found = gather(scope, timezone.now(), team=True)
        nothing = sentences.nothing()
    assert [figure.key for figure in found.figures] == list(MAKERS)
    assert all(figure.drawing is None for figure in found.figures if figure.key != "load")
    said = {figure.key: figure.sentence for figure in found.figures}
    assert [key for key, sentence in said.items() if sentence != nothing] == ["age"]


# --- Whose figures ------------------------------------------------------------------------------


def test_a_supervisor_sees_the_team(supervisor, busy, agent):
    page = seen(supervisor)
    assert list(Plots(page.content.decode()).figures) == list(MAKERS)
    assert "<h1>Dashboard</h1>" in page.content.decode()
    assert f"agent={agent.pk}" in page.content.decode()


def test_an_agent_sees_their_own_share_only(agent, second, busy):
    page = seen(agent, f"?agent={second.pk}").content.decode()
    assert "<h1>Your share</h1>" in page
    assert list(Plots(page).figures) == SHARED
    assert second.display_name not in page
    assert "agent=" not in page
    own = Plots(page).figures["load"]["rows"]
    assert [row[0] for row in own] == [agent.display_name]


def test_a_supervisor_looks_at_one_share_and_returns(supervisor, busy, agent, second):
    page = seen(supervisor, f"?days=90&rank=gold&agent={agent.pk}").content.decode()
    assert "The figures of one agent" in page
    assert 'href="?days=90&amp;rank=gold">Back to the whole team' in page
    assert list(Plots(page).figures) == SHARED
    assert Plots(page).figures["load"]["rows"][0][0] == agent.display_name


def test_a_share_is_the_same_for_both_who_may_see_it(supervisor, agent, busy):
    theirs, own = drawn(supervisor, f"?agent={agent.pk}"), drawn(agent)
    assert {key: figure["rows"] for key, figure in theirs.items()} == {
        key: figure["rows"] for key, figure in own.items()
    }


def test_nobody_has_no_share(agent):
    today = NOW.date()
    with pytest.raises(ValueError, match="nobody"):
        gather(Scope(first=today, last=today), NOW, team=False)


def test_staff_without_a_desk_see_no_figures_and_no_error(seeded):
    bare = person("bara", Rank.SILVER, is_staff=True)
    page = seen(bare).content.decode()
    assert "<figure" not in page
    assert 'class="tiles"' not in page
    url = reverse("admin:figure_csv", args=["age"])
    assert signed_in(bare).get(url).status_code == 403


# --- What is asked for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        *("days=abc", "days=0", "days=365", "days=7%00", "days=٧", "days="),
        *("rank=foo", "rank=", "rank=%00", "rank=SILVER", "language=xx", "language=%F0%9F%8C%BF"),
        *("agent=99999999999999999999", "agent=-1", "agent=0", "agent=²", "agent=1%00", "agent="),
        *(f"agent={'9' * 5000}", "agent=2147483648", "days=7&days=abc", "other=1"),
    ],
)
def test_what_is_no_choice_is_the_default(supervisor, query):
    choice = seen(supervisor, f"?{query}").context["choice"]
    assert (choice.days, choice.rank, choice.language, choice.agent) == (30, None, "", None)


def test_a_member_is_nobodys_agent(supervisor, silver):
    assert seen(supervisor, f"?agent={silver.pk}").context["choice"].agent is None


def test_the_filters_narrow_every_figure(supervisor, busy):
    everything = drawn(supervisor)["opened-closed"]["rows"]
    narrow = drawn(supervisor, "?days=30&language=cs&rank=gold")
    languages = {row[0]: int(row[1]) for row in narrow["language"]["rows"]}
    assert languages.pop("Čeština") > 0
    assert not any(languages.values())
    rows = narrow["opened-closed"]["rows"]
    assert sum(int(row[1]) for row in everything) > sum(int(row[1]) for row in rows) > 0


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "16 Jun – 15 Jul 2026, all markets"),
        ("cs", "16. 6. – 15. 7. 2026, všechny trhy"),
        ("sl", "16. 6. – 15. 7. 2026, vsi trgi"),
    ],
)
def test_the_range_is_told_as_the_language_tells_dates(language, said):
    with translation.override(language):
        choice = Choice(dt.date(2026, 7, 15), 30, "", None, None, team=True)
        assert choice.summary.replace("\xa0", " ") == said
        narrow = Choice(dt.date(2026, 1, 3), 7, TicketLanguage.CZECH, Rank.GOLD, None, team=True)
        assert "Čeština" in narrow.summary
        assert "2025" in narrow.summary


def test_ninety_days_are_told_by_the_week(supervisor, busy):
    rows = drawn(supervisor, "?days=90")["opened-closed"]["rows"]
    assert len(rows) == 13
    daily = drawn(supervisor, "?days=30")["opened-closed"]["rows"]
    assert len(daily) == 30
    assert sum(int(row[1]) for row in rows) == sum(int(row[1]) for row in daily) == 40


# --- The numbers of this moment -----------------------------------------------------------------


def test_the_tiles_tell_this_moment(supervisor, silver, agent):
    now = timezone.now()
    old = submit(silver, at=now - 16 * DAY - HOUR)
    asked = submit(silver, at=now - 2 * DAY)
    answer(asked, agent, verb="ask", at=now - DAY)
    done = submit(silver, at=now - 3 * DAY)
    answer(done, agent, at=now - 3 * DAY + 3.2 * HOUR)
    done.close(agent, at=now - 2 * DAY)
    found = {tile.label: tile for tile in seen(supervisor).context["board"].tiles}
    assert found["Open now"].value == "1"
    assert found["Awaiting Feedback"].value == "1"
    assert found["Longest wait"].value == "16\xa0d"
    assert found["Longest wait"].note == old.number
    assert found["Longest wait"].url == reverse("admin:tickets_ticket_change", args=[old.pk])
    assert found["Closed"].value == "1"
    assert found["Median first reply"].value == "3.2\xa0h"
    assert found["Chats waiting"].value == "0"


def test_an_empty_desk_has_tiles_too(supervisor):
    found = {tile.label: tile for tile in seen(supervisor).context["board"].tiles}
    assert found["Longest wait"].value == "–"
    assert found["Median first reply"].value == "–"


def test_duties_are_told_to_those_who_may(supervisor, agent, silver):
    now = timezone.now()
    ErasureRequest.objects.file(silver, now)
    Incident.objects.create(
        title_en="Orders fail", started_at=now, published_at=now, created_by=supervisor
    )
    labels = [duty.label for duty in seen(supervisor).context["duties"]]
    assert labels == ["Known incidents", "Requests for erasure", "People synchronised"]
    assert [duty.value for duty in seen(supervisor).context["duties"]][:2] == ["1", "1"]
    labels = [duty.label for duty in seen(agent).context["duties"]]
    assert labels == ["Unassigned", "Chats waiting", "Known incidents"]


def test_an_agent_is_told_what_waits_for_anybody(agent, supervisor, silver, gold):
    submit(silver)
    submit(gold).assign(agent, agent, at=NOW)
    submit(gold).merge_into(supervisor, submit(gold), at=NOW)
    chat(silver, NOW, None, status="waiting", ending="", closed_at=None)
    found = {duty.label: duty for duty in seen(agent).context["duties"]}
    assert (found["Unassigned"].value, found["Chats waiting"].value) == ("2", "1")
    listed = signed_in(agent).get(found["Unassigned"].url)
    assert len(listed.context["rows"]) == 2
    assert found["Chats waiting"].url == reverse("console:console")


@pytest.mark.parametrize(
    ("state", "age", "grave", "note"),
    [
        ("done", HOUR, False, "New: 2, changed: 1, deactivated: 0, refused: 0"),
        ("done", 3 * DAY, True, "New: 2, changed: 1, deactivated: 0, refused: 0"),
        ("refused", HOUR, True, "Refused: nothing changed"),
        ("checked", HOUR, True, ""),
    ],
)
def test_the_last_file_of_people_is_told(supervisor, state, age, grave, note):
    now = timezone.now()
    PeopleImport.objects.create(
        source="command", state=state, at=now - age, ended_at=now - age,
        counts={"created": 2, "updated": 1, "unchanged": 7, "deactivated": 0, "refused": 0},
    )  # fmt: skip
    with translation.override("en"):
        told = duties.duties(supervisor, now)[-1]
    assert (told.grave, told.note) == (grave, note)
    assert (told.value == "never") == (state == "checked")


def test_what_the_desk_listed_is_still_reached(supervisor):
    page = seen(supervisor).content.decode()
    for name in ("tickets_ticket", "tickets_topic", "accounts_user", "chat_conversation"):
        assert reverse(f"admin:{name}_changelist") in page


# --- Numbers to take along ----------------------------------------------------------------------


def table(response):
    text = response.content.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


@pytest.mark.parametrize("key", MAKERS)
def test_a_file_holds_what_the_table_holds(supervisor, busy, key):
    response = signed_in(supervisor).get(reverse("admin:figure_csv", args=[key]) + "?days=7")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    head, *rows = table(response)
    assert rows == drawn(supervisor, "?days=7")[key]["rows"]
    assert len(set(head)) == len(head)
    entry = AuditEntry.objects.get(action=AuditEntry.Action.EXPORT)
    assert (entry.about, entry.data) == (f"figures {key}", {"count": len(rows)})


def test_the_head_tells_the_unit(supervisor, busy):
    head = table(signed_in(supervisor).get(reverse("admin:figure_csv", args=["first-reply"])))[0]
    assert head == ["Day", "Count", "Median [s]", "9 in 10 within [s]"]


def test_a_name_that_is_a_formula_is_taken_for_a_name(supervisor, agent, busy):
    agent.first_name = "=1+1"
    agent.save(update_fields=["first_name"])
    rows = table(signed_in(supervisor).get(reverse("admin:figure_csv", args=["load"])))[1:]
    assert "'=1+1 Novak" in [row[0] for row in rows]


def test_a_file_needs_the_rights_of_its_page(agent, silver, busy):
    for key in MAKERS:
        response = signed_in(agent).get(reverse("admin:figure_csv", args=[key]))
        assert response.status_code == (200 if key in SHARED else 404), key
    assert signed_in(agent).get("/admin/figures/nothing.csv").status_code == 404
    assert signed_in(silver).get("/admin/figures/age.csv").status_code == 403
    assert signed_in(agent).post("/admin/figures/age.csv").status_code == 405


# --- How much it costs --------------------------------------------------------------------------


def queries(someone, query=""):
    client = signed_in(someone)
    client.get(PAGE + query)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(PAGE + query).status_code == 200
    return len(asked)


def test_the_page_asks_at_most_twenty_five_questions(supervisor, agent, busy):
    assert queries(supervisor) <= 25
    everything = f"?days=90&language=sl&rank=silver&agent={agent.pk}"
    assert queries(supervisor, everything) <= 25
    assert queries(supervisor, "?days=90&language=sl&rank=silver") <= 25
    assert queries(agent, everything) <= 25
