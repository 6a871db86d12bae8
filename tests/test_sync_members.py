"""Members come from the member record: a CSV file, taken over as a whole or not at all."""

import datetime as dt
import io
import re
import tracemalloc

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from conftest import PASSWORD, signed_in
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone, translation
from post_office.models import Email

from accounts.members import CHUNK, COLUMNS
from accounts.models import PeopleImport, Rank, User

PLAIN = [name for name in COLUMNS if name != "password"]
MAJA = {
    "username": "maja",
    "email": "maja@example.com",
    "member_id": "4807151",
    "rank": "silver",
    "language": "sl",
    "time_zone": "Europe/Ljubljana",
    "first_name": "Maja",
    "last_name": "Kovač",
    "is_active": "true",
}
EMIL = {**MAJA, "username": "emil", "email": "emil@example.com", "member_id": "3316042"}


@pytest.fixture
def sync(seeded, tmp_path):
    """Write a file of ``rows`` and take it over; return what the command printed."""

    def run(*rows, columns=None, **options):
        columns = columns or [*PLAIN, *(["password"] if "password" in rows[0] else [])]
        lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
        return run_text("\n".join(",".join(line) for line in lines), **options)

    def run_text(text, encoding="utf-8", **options):
        (tmp_path / "members.csv").write_bytes(text.encode(encoding))
        output = io.StringIO()
        path = str(tmp_path / "members.csv")
        call_command("sync_members", path, stdout=output, stderr=output, **options)
        return output.getvalue()

    run.text = run_text
    return run


def sign_in(username, password):
    client = Client()
    answer = client.post("/accounts/login/", {"login": username, "password": password})
    return client if answer.status_code == 302 else None


def ask_for_reset(email):
    Email.objects.all().delete()
    Client().post("/accounts/password/reset/", {"email": email})
    return Email.objects.filter(to__contains=email).first()


def everybody():
    return list(User.objects.order_by("pk").values())


# --- Works ------------------------------------------------------------------------------------


def test_a_new_member_is_who_the_record_says(sync):
    assert "1 created, 0 updated" in sync(MAJA)
    maja = User.objects.get(username="maja")
    assert (maja.email, maja.member_id, maja.get_full_name()) == (
        *("maja@example.com", "4807151", "Maja Kovač"),
    )
    assert (maja.rank, maja.language, maja.time_zone) == (Rank.SILVER, "sl", "Europe/Ljubljana")
    assert maja.rank_since == timezone.now().date()
    assert maja.has_portal_access
    assert not maja.has_usable_password()


def test_a_second_run_changes_nothing(sync):
    sync(MAJA, EMIL)
    before = everybody()
    assert "0 created, 0 updated, 2 unchanged, 0 deactivated, 0 refused" in sync(MAJA, EMIL)
    assert everybody() == before


def test_changes_of_the_record_are_taken_over(sync):
    sync(MAJA)
    new = {"email": "kovac@example.com", "member_id": "77", "last_name": "Zupan", "is_active": "no"}
    assert "0 created, 1 updated" in sync({**MAJA, **new})
    maja = User.objects.get()
    assert (maja.email, maja.member_id, maja.last_name, maja.is_active) == (
        *("kovac@example.com", "77", "Zupan", False),
    )


def test_rank_since_moves_with_the_rank_and_only_then(sync):
    sync(MAJA)
    User.objects.update(rank_since=dt.date(2026, 1, 1))
    sync({**MAJA, "last_name": "Zupan"})
    assert User.objects.get().rank_since == dt.date(2026, 1, 1)
    sync({**MAJA, "rank": "blue_diamond"})
    assert User.objects.get().rank == Rank.BLUE_DIAMOND
    assert User.objects.get().rank_since == timezone.now().date()


def test_what_people_chose_themselves_survives(sync):
    sync(MAJA)
    User.objects.update(language="en", time_zone="America/Denver")
    assert "1 unchanged" in sync(MAJA)
    maja = User.objects.get()
    assert (maja.language, maja.time_zone) == ("en", "America/Denver")


@pytest.mark.parametrize(
    ("language", "zone"), [("cs", "Europe/Prague"), ("sl", "Europe/Ljubljana"), ("", "UTC")]
)
def test_an_unnamed_time_zone_is_that_of_the_market(sync, language, zone):
    sync({**MAJA, "language": language, "time_zone": ""})
    assert User.objects.get().language == (language or "en")
    assert User.objects.get().time_zone == zone


def test_without_a_password_the_reset_mail_lets_one_in(sync, settings):
    settings.PORTAL_URL = "https://help.example.com"
    sync({**MAJA, "email": "Maja@Example.com"})
    mail = ask_for_reset("maja@example.com")
    link = re.search(r"https://help\.example\.com(/accounts/password/reset/key/\S+)", mail.message)
    client = Client()
    form = client.get(link[1], follow=True)
    words = {"password1": "lipa-in-hrast-77", "password2": "lipa-in-hrast-77"}
    client.post(form.redirect_chain[-1][0], words)
    assert sign_in("maja", "lipa-in-hrast-77").get("/technical-issues/").status_code == 200
    assert "1 unchanged" in sync(MAJA)
    assert sign_in("maja", "lipa-in-hrast-77")


def test_with_a_hash_one_is_in_at_once(sync):
    sync({**MAJA, "password": make_password(PASSWORD)})
    assert sign_in("maja", PASSWORD).get("/technical-issues/").status_code == 200


def test_a_password_is_reset_only_by_another_hash(sync):
    row = {**MAJA, "password": make_password(PASSWORD)}
    sync(row)
    assert "1 unchanged" in sync(row)
    assert "1 unchanged" in sync({**MAJA, "password": ""})
    assert sign_in("maja", PASSWORD)
    assert "1 updated" in sync({**MAJA, "password": make_password("another-one-5")})
    assert sign_in("maja", "another-one-5")


def test_an_old_address_no_longer_opens_the_door(sync):
    sync(MAJA)
    assert ask_for_reset("maja@example.com")
    assert EmailAddress.objects.exists()  # allauth has remembered it
    sync({**MAJA, "email": "new@example.com"})
    assert ask_for_reset("maja@example.com") is None
    assert ask_for_reset("new@example.com")


def test_a_dry_run_says_what_would_change_and_changes_nothing(sync):
    sync({**MAJA, "password": make_password(PASSWORD)})
    before = everybody()
    rows = {**MAJA, "rank": "gold", "password": make_password("secret-8")}, {**EMIL, "password": ""}
    output = sync(*rows, dry_run=True, deactivate_missing=True)
    assert "updated maja: rank silver → gold, password old → new" in output
    assert "created emil" in output
    assert "Dry run, nothing was changed: 1 created, 1 updated" in output
    assert "$" not in output
    assert everybody() == before


def test_members_missing_from_the_file_stay_unless_told_otherwise(sync, agent):
    sync(MAJA, EMIL)
    sync(MAJA)
    assert User.objects.get(username="emil").is_active
    output = sync(MAJA, deactivate_missing=True)
    assert "0 created, 0 updated, 1 unchanged, 1 deactivated" in output
    assert not User.objects.get(username="emil").is_active
    agent.refresh_from_db()
    assert agent.is_active
    assert "0 deactivated" in sync(MAJA, deactivate_missing=True)


def test_a_bad_row_does_not_make_its_person_missing(sync):
    sync(MAJA, EMIL)
    sync(MAJA, {**EMIL, "rank": "silber"}, skip_bad=True, deactivate_missing=True)
    assert User.objects.get(username="emil").is_active


def test_more_rows_than_a_chunk(sync):
    rows = [{**MAJA, "username": f"m{n}", "member_id": f"{n}"} for n in range(CHUNK + 1)]
    assert f"{CHUNK + 1} created" in sync(*rows)
    assert f"{CHUNK + 1} updated" in sync(*({**row, "rank": "gold"} for row in rows))
    assert User.objects.filter(rank=Rank.GOLD).count() == CHUNK + 1
    assert f"{CHUNK} deactivated" in sync(rows[0] | {"rank": "gold"}, deactivate_missing=True)


def test_a_byte_order_mark_windows_lines_and_blank_lines_are_read(sync):
    text = ",".join(PLAIN) + "\r\n\r\n" + ",".join(MAJA[name] for name in PLAIN) + "\r\n"
    assert "1 created" in sync.text(text, encoding="utf-8-sig")


# --- Staff ------------------------------------------------------------------------------------


def test_of_staff_only_the_members_record_changes(sync, agent):
    password, email = agent.password, agent.email
    row = {**MAJA, "username": agent.username, "rank": "gold", "is_active": "false"}
    assert "1 updated" in sync({**row, "password": make_password("chosen-by-the-file")})
    agent.refresh_from_db()
    assert (agent.rank, agent.member_id, agent.last_name) == (Rank.GOLD, "4807151", "Kovač")
    assert (agent.password, agent.email, agent.is_active) == (password, email, True)
    assert agent.is_staff
    assert [group.name for group in agent.groups.all()] == ["Agents"]


def test_a_dismissed_agent_is_not_let_in_again(sync, agent):
    User.objects.update(is_active=False)
    sync({**MAJA, "username": agent.username})
    agent.refresh_from_db()
    assert not agent.is_active


def test_nobody_becomes_staff(sync):
    for column in ("is_staff", "is_superuser", "groups"):
        with pytest.raises(CommandError, match=f"unknown columns: '{column}'"):
            sync({**MAJA, column: "true"}, columns=[*PLAIN, column])
    assert not User.objects.exists()


# --- Rejects ----------------------------------------------------------------------------------

BAD = [
    ({"rank": "silber"}, "unknown rank: 'silber'"),
    ({"rank": ""}, "unknown rank: ''"),
    ({"email": "maja"}, "email: Enter a valid email address"),
    ({"email": "a@example.com b@example.com"}, "email: "),
    ({"language": "de"}, "unknown language: 'de'"),
    ({"time_zone": "Europe/Maribor"}, "unknown time zone"),
    ({"time_zone": "../etc/passwd"}, "unknown time zone"),
    ({"username": ""}, "username: This field cannot be blank"),
    ({"username": "m" * 151}, "username: Ensure this value has at most 150"),
    ({"username": "ma ja"}, "username: "),
    ({"username": "ma\x00ja"}, "username: "),
    ({"member_id": "9" * 33}, "member_id: "),
    ({"last_name": "Ko\x07vač"}, "last_name: The text contains characters"),
    ({"first_name": '"Ma\nja"'}, "first_name: Write this on one line"),
    ({"is_active": ""}, "is_active: '' is neither true nor false"),
    ({"is_active": "maybe"}, "is_active: 'maybe'"),
    ({"password": "plain-text-1"}, "password: not a hash"),
    ({"password": "rot13$salt$hash"}, "password: not a hash"),
    ({"password": "md5$salt"}, "password: not a hash"),
    ({"password": "md5$$"}, "password: not a hash"),
    ({"password": "!unusable"}, "password: not a hash"),
]


@pytest.mark.parametrize(("fault", "reason"), BAD)
def test_a_bad_row_is_named_by_its_line_and_refuses_the_file(sync, capsys, fault, reason):
    good = {**EMIL, "password": ""}
    with pytest.raises(CommandError, match=r"Bad rows: 1\. Nothing"):
        sync(good, {**MAJA, "password": "", **fault})
    assert not User.objects.exists()
    output = sync(good, {**MAJA, "password": "", **fault}, skip_bad=True)
    assert re.search(rf"Line [34]: {re.escape(reason)}", output)
    assert "1 created, 0 updated, 0 unchanged, 0 deactivated, 1 refused" in output
    assert User.objects.get().username == "emil"


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({"username": "maja"}, "username: the same as in line 2"),
        ({"username": "MAJA"}, "username: the same as in line 2"),
        ({"member_id": "4807151"}, "member_id: the same as in line 2"),
    ],
)
def test_a_repetition_in_the_file_is_refused(sync, second, reason):
    assert f"Line 3: {reason}" in sync(MAJA, {**EMIL, **second}, skip_bad=True)
    assert User.objects.get().username == "maja"


def test_what_belongs_to_somebody_else_is_refused(sync):
    sync(MAJA)
    taken = {**EMIL, "member_id": MAJA["member_id"]}
    assert "Line 2: member_id: 4807151 belongs to maja" in sync(taken, skip_bad=True)
    namesake = {**EMIL, "username": "Maja"}
    assert "Line 2: username: Maja differs from maja in case" in sync(namesake, skip_bad=True)
    assert User.objects.count() == 1


@pytest.mark.parametrize("turned", [False, True])
def test_a_member_id_given_up_is_free_in_the_next_run_only(sync, monkeypatch, turned):
    monkeypatch.setattr("accounts.members.synchronisation.CHUNK", 1)
    sync(MAJA)
    rows = [{**MAJA, "member_id": "1"}, {**EMIL, "member_id": MAJA["member_id"]}]
    rows = rows[::-1] if turned else rows
    assert "4807151 belongs to maja" in sync(*rows, skip_bad=True)
    assert "1 created" in sync(*rows)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "columns are missing: username"),
        ("username;email;rank\nmaja;maja@example.com;silver", "columns are missing"),
        (",".join([*PLAIN, "shoe_size"]), "unknown columns: 'shoe_size'"),
        (",".join([*PLAIN, "email"]), "a column appears twice"),
        (",".join(PLAIN) + '\nmaja,"unclosed,\n', "not CSV"),
    ],
)
def test_what_is_no_such_file_is_refused(sync, text, reason):
    with pytest.raises(CommandError, match=reason):
        sync.text(text)


def test_another_encoding_is_refused(sync):
    with pytest.raises(CommandError, match="not UTF-8"):
        sync.text(",".join(PLAIN) + "\nmaja,Kovač", encoding="cp1250")


@pytest.mark.parametrize("line", ["maja,maja@example.com", "maja" + "," * 9])
def test_a_row_of_another_width_is_refused(sync, line):
    output = sync.text(",".join(PLAIN) + "\n" + line, skip_bad=True)
    assert "Line 2: not as many fields as the header" in output


def test_a_missing_file_is_told(seeded, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("sync_members", str(tmp_path / "nothing.csv"))


def test_a_file_without_people_deactivates_nobody(sync, silver):
    with pytest.raises(CommandError, match="names nobody"):
        sync.text(",".join(PLAIN) + "\n", deactivate_missing=True)
    silver.refresh_from_db()
    assert silver.is_active


# --- The record of runs ------------------------------------------------------------------------


def test_a_run_is_on_record(sync):
    sync(MAJA, {**EMIL, "rank": "silber"}, skip_bad=True)
    run = PeopleImport.objects.get()
    assert (run.source, run.state, run.by, run.file_name) == (
        *("command", "done", None, "members.csv"),
    )
    assert (run.counts["created"], run.counts["refused"], run.lines) == (1, 1, 2)
    assert run.refused == [[3, "unknown rank: 'silber'"]]
    assert (run.shown, run.file.name) == ([], "")
    assert run.at <= run.ended_at


def test_a_dry_run_is_not(sync):
    sync(MAJA, dry_run=True)
    assert not PeopleImport.objects.exists()


def test_a_refused_run_is_on_record_with_its_reason(sync):
    for text, reason in (("", "columns are missing"), (csv_of(MAJA, {**EMIL, "rank": "x"}), "Bad")):
        with pytest.raises(CommandError):
            sync.text(text)
        run = PeopleImport.objects.first()
        assert run.state == "refused"
        assert reason in run.reason
        assert run.counts["created"] == 0
    assert run.counts["refused"] == 1
    assert not User.objects.exists()


def test_a_file_that_cannot_be_read_is_on_record(seeded, tmp_path):
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(CommandError):
            call_command("sync_members", str(path))
    assert list(PeopleImport.objects.values_list("state", flat=True)) == ["refused", "refused"]
    assert "No such file" in PeopleImport.objects.last().reason


def test_the_command_speaks_english_whoever_runs_it(sync):
    with translation.override("cs"), pytest.raises(CommandError, match="Bad rows: 1"):
        sync({**MAJA, "username": ""})
    assert PeopleImport.objects.get().refused[0][1] == "username: This field cannot be blank."


def test_progress_is_counted_when_asked_for(sync, monkeypatch):
    monkeypatch.setattr("accounts.management.commands.sync_members.PROGRESS", CHUNK)
    assert "500 rows read\n1000 rows read\n" in sync(*crowd(1_001), progress=True)
    assert "rows read" not in sync(*crowd(1_001))


# --- Out means out -----------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["missing", "row"])
def test_who_is_shut_out_is_signed_out_at_once(sync, way):
    row = {**EMIL, "password": make_password(PASSWORD)}
    sync({**MAJA, "password": make_password(PASSWORD)}, row)
    inside, other = sign_in("emil", PASSWORD), sign_in("maja", PASSWORD)
    if way == "missing":
        sync(MAJA, deactivate_missing=True)
    else:
        sync(MAJA, {**EMIL, "is_active": "no"})
    assert inside.get("/").status_code == 302
    assert other.get("/").status_code == 200
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)


def test_a_dry_run_signs_nobody_out(sync):
    rows = [{**row, "password": make_password(PASSWORD)} for row in (MAJA, EMIL)]
    sync(*rows)
    inside = sign_in("emil", PASSWORD)
    sync(MAJA, deactivate_missing=True, dry_run=True)
    assert inside.get("/").status_code == 200


# --- Many --------------------------------------------------------------------------------------


def crowd(count):
    return [
        {**MAJA, "username": f"m{n}", "member_id": f"{n}", "email": f"m{n}@example.com"}
        for n in range(count)
    ]


def csv_of(*rows):
    return "\n".join(",".join(row.get(name, name) for name in PLAIN) for row in ({}, *rows))


def test_a_night_with_changes_bad_rows_and_people_who_left(sync, supervisor):
    people = crowd(2_000)
    assert "2000 created" in sync(*people)
    file = [{**row, "rank": "gold"} for row in people[:500]] + people[500:1_980]
    for place, fault in ((600, {"rank": "x"}), (700, {"email": "x"}), (800, {"is_active": "x"})):
        file[place] = {**file[place], **fault}
    told = "0 created, 500 updated, 1477 unchanged, 20 deactivated, 3 refused"
    options = {"skip_bad": True, "deactivate_missing": True}
    output = sync(*file, dry_run=True, **options)
    assert f"Dry run, nothing was changed: {told}." in output
    assert output.count("rank silver → gold") == 500
    assert output.count("deactivated m19") == 20
    silver = {"rank": Rank.SILVER, "is_active": True}
    assert not User.objects.filter(is_staff=False).exclude(**silver).exists()
    assert f"{told}." in sync(*file, **options)
    members = User.objects.filter(is_staff=False)
    assert members.filter(rank=Rank.GOLD).count() == 500
    assert members.filter(is_active=False).count() == 20
    assert User.objects.get(username="m600").is_active
    front_page = signed_in(supervisor).get("/admin/").content.decode()
    assert "New: 0, changed: 500, deactivated: 20, refused: 3" in front_page
    assert "0 updated, 1977 unchanged, 0 deactivated, 3 refused" in sync(*file, **options)


def test_of_many_people_only_few_are_in_memory_at_once(sync):
    people = crowd(5_000)
    tracemalloc.start()
    sync(*people)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 15 * 2**20
