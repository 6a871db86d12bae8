"""Signing in: one answer for every name, few tries, one session at a time to be sure of."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PASSWORD, person
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import connections
from django.test import Client, RequestFactory
from post_office.models import Email

from accounts import throttle
from accounts.models import Rank, User

LOGIN, LOGOUT = "/accounts/login/", "/accounts/logout/"
RESET, SESSIONS = "/accounts/password/reset/", "/accounts/sessions/"
NEW_PASSWORD = "drevo-in-list-77"
LIMIT = 5  # tries of one account in five minutes (SECURITY E)


class CountingHasher(MD5PasswordHasher):
    """Django's cheap hasher, which says how often it ran."""

    runs: list[str] = []

    def encode(self, password, salt):
        self.runs.append(password)
        return super().encode(password, salt)


@pytest.fixture
def hashed(house, settings):
    """The passwords that reached the hasher since the story began."""
    settings.PASSWORD_HASHERS = ["test_sign_in.CountingHasher"]
    CountingHasher.runs.clear()
    return CountingHasher.runs


def sign_in(username, password=PASSWORD, client=None, **headers):
    post = {"login": username, "password": password}
    return (client or Client()).post(LOGIN, post, **headers)


def is_signed_in(client):
    return client.get("/preferences/").status_code == 200


# --- One answer for every name -------------------------------------------------------------------


@pytest.fixture
def names(seeded):
    person("ziva", Rank.SILVER)
    person("iva", Rank.SILVER, is_active=False)
    person("uma", Rank.SILVER).set_unusable_password()
    new = person("nova", Rank.SILVER)
    new.set_unusable_password()
    new.save()
    CountingHasher.runs.clear()


@pytest.mark.parametrize(
    "username", ["ziva", "ZIVA", "iva", "nova", "nobody", "čšž", "a@b.example"]
)
def test_every_name_costs_one_hash(username, hashed, names):
    sign_in(username, "wrong-password")
    assert len(hashed) == 1


def test_the_right_password_costs_one_hash_too(hashed, names):
    sign_in("ziva")
    assert hashed == [PASSWORD]


@pytest.mark.parametrize("username", ["ziva", "iva", "nova"])
def test_known_and_unknown_names_get_the_same_answer(username, names):
    known, unknown = sign_in(username, "wrong"), sign_in("nobody", "wrong")
    assert known.status_code == unknown.status_code
    assert _bare(known, username) == _bare(unknown, "nobody")


def _bare(response, username):
    page = response.content.decode().replace(username, "NAME")
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", page)


# --- Few tries -----------------------------------------------------------------------------------


def test_five_tries_of_an_account_reach_the_hasher(hashed, silver):
    hashed.clear()
    for number in range(12):
        sign_in("sonja", f"wrong-{number}", REMOTE_ADDR=f"198.51.100.{number}")
    assert len(hashed) == LIMIT
    assert not is_signed_in(_client_after("sonja"))


def _client_after(username):
    client = Client()
    sign_in(username, client=client)
    return client


@pytest.mark.parametrize(
    "spelling",
    [
        lambda n: {"username": "sonja" if n % 2 else "SONJA"},
        lambda n: {"username": " " * n + "sonja"},
        lambda n: {"username": "sonja", "HTTP_HOST": f"localhost:{8000 + n}"},
        lambda n: {"username": "sonja", "HTTP_HOST": ["testserver", "localhost"][n % 2]},
        lambda n: {"username": "sonja", "HTTP_USER_AGENT": f"agent {n}"},
    ],
    ids=["case", "spaces", "port", "host", "browser"],
)
def test_nothing_makes_the_count_begin_anew(spelling, hashed, silver):
    hashed.clear()
    for number in range(12):
        sign_in(password="wrong", REMOTE_ADDR=f"198.51.100.{number}", **spelling(number))
    assert len(hashed) <= LIMIT


def test_the_admins_door_is_no_second_door(hashed, silver, agent):
    hashed.clear()
    client, post = Client(), {"username": "sonja", "password": "wrong", "login": "sonja"}
    for number in range(12):
        client.post("/admin/login/", post, REMOTE_ADDR=f"198.51.100.{number}")
    client.force_login(agent)
    client.post("/admin/login/", post)
    assert hashed == []


def test_an_agent_cannot_become_another_by_the_admins_door(agent, supervisor):
    client = Client()
    client.force_login(agent)
    client.post("/admin/login/", {"username": "eva", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(agent.pk)


def test_signing_in_properly_uses_up_nothing(silver):
    for _again in range(LIMIT + 2):
        assert sign_in("sonja").status_code == 302


def test_an_address_tries_ten_names_a_minute(hashed, db):
    for number in range(14):
        sign_in(f"name-{number}", "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    assert len(hashed) == 10


def test_behind_a_proxy_the_entry_of_the_proxy_counts(hashed, db, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(14):
        sign_in(f"name-{number}", "wrong", HTTP_X_FORWARDED_FOR=f"{number}.0.0.1, 203.0.113.9")
    assert len(hashed) == 10
    sign_in("another", "wrong", HTTP_X_FORWARDED_FOR="203.0.113.9, 203.0.113.10")
    assert len(hashed) == 11


def test_many_other_names_do_not_push_a_count_out(hashed, silver):
    for number in range(LIMIT):
        sign_in("sonja", "wrong", REMOTE_ADDR=f"198.51.100.{number}")
    client = Client()
    for number in range(150):
        sign_in(
            f"name-{number}", "wrong", client, REMOTE_ADDR=f"198.18.{number % 256}.{number % 251}"
        )
    hashed.clear()
    sign_in("sonja", "wrong", REMOTE_ADDR="198.51.100.99")
    assert hashed == []


def test_parallel_tries_share_one_count(hashed, transactional_db, silver):
    hashed.clear()

    def attempt(number):
        sign_in("sonja", "wrong", REMOTE_ADDR=f"198.51.100.{number}")
        connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(32)))
    assert 1 <= len(hashed) <= LIMIT


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, "192.0.2.1", None, "192.0.2.1"),
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (0, "2001:DB8::1", None, "2001:db8::1"),
        (0, "::ffff:192.0.2.1", None, "192.0.2.1"),
        (0, "", "203.0.113.9", None),
        (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "198.51.100.1,203.0.113.9 ", "203.0.113.9"),
        (1, "10.0.0.1", None, "10.0.0.1"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "203.0.113.9, <script>", None),
        (2, "10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "10.0.0.1", "203.0.113.9", "10.0.0.1"),
    ],
)
def test_whose_address_is_believed(proxies, remote, forwarded, expected, settings):
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **headers)
    assert throttle.client_address(request) == expected


# --- What a used-up limit answers ----------------------------------------------------------------


def refused(response):
    return response.status_code == 429 and int(response["Retry-After"]) > 0


def test_too_many_tries_answer_429_and_when_to_come_back(silver):
    answers = [sign_in("sonja", "wrong") for _again in range(LIMIT + 1)]
    assert [answer.status_code for answer in answers[:LIMIT]] == [200] * LIMIT
    assert refused(answers[LIMIT])


def test_too_many_sign_ins_from_an_address_answer_429(db):
    answers = [Client().post(LOGIN, {"login": f"name-{n}"}) for n in range(31)]
    assert refused(answers[30])


def test_too_many_resets_of_an_address_answer_429(silver):
    answers = [Client().post(RESET, {"email": "sonja@example.com"}) for _again in range(6)]
    assert refused(answers[5])
    assert Email.objects.count() == 5


def test_too_many_issues_answer_429_with_the_text(silver, client, settings):
    settings.LIMITS = {**settings.LIMITS, "tickets": "1/hour"}
    client.force_login(silver)
    post = {"language": "sl", "title": "Prva", "description": "Prvo besedilo"}
    assert client.post("/technical-issues/new/", post).status_code == 303
    again = client.post("/technical-issues/new/", {**post, "description": "Drugo besedilo"})
    assert refused(again)
    assert "Drugo besedilo" in again.content.decode()
    assert again.headers["Cache-Control"] == "private, no-store"


# --- Without Redis -------------------------------------------------------------------------------


@pytest.fixture
def dead_redis(house, settings):
    nobody_listens = "redis://127.0.0.1:1/0"
    backend = "helpdesk.cache.SteadyRedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": nobody_listens}}
    settings.REDIS_URL = nobody_listens
    throttle._shared_storage.cache_clear()
    cache.clear()
    yield
    cache.clear()
    throttle._shared_storage.cache_clear()
    throttle._memory.storage.reset()


def test_sign_in_works_without_redis(dead_redis, silver, client):
    assert sign_in("sonja", client=client).status_code == 302
    assert is_signed_in(client)


def test_tries_are_counted_without_redis(dead_redis, hashed, silver):
    hashed.clear()
    for number in range(12):
        sign_in("sonja", "wrong", REMOTE_ADDR=f"198.51.100.{number}")
    assert len(hashed) == LIMIT


def test_limits_are_counted_without_redis(dead_redis, settings):
    settings.LIMITS = {"tickets": "2/hour"}
    throttle.hit("tickets", 1), throttle.hit("tickets", 1), throttle.hit("tickets", 2)
    with pytest.raises(throttle.TooMany) as used_up:
        throttle.hit("tickets", 1)
    assert 0 < used_up.value.retry_after <= 3600


# --- Sessions ------------------------------------------------------------------------------------


def test_the_session_is_a_new_one_after_sign_in(silver, client):
    planted = SessionStore()
    planted["note"] = "known to somebody else"
    planted.create()
    client.cookies["sessionid"] = planted.session_key
    sign_in("sonja", client=client)
    assert client.cookies["sessionid"].value != planted.session_key
    thief = Client()
    thief.cookies["sessionid"] = planted.session_key
    assert not is_signed_in(thief)


def test_a_session_name_nobody_gave_out_is_not_taken(silver, client):
    client.cookies["sessionid"] = "a" * 32
    sign_in("sonja", client=client)
    assert client.cookies["sessionid"].value != "a" * 32


@pytest.mark.parametrize(("box", "stays"), [({}, False), ({"remember": "on"}, True)])
def test_the_box_decides_whether_the_browser_stays_signed_in(box, stays, silver, client):
    client.post(LOGIN, {"login": "sonja", "password": PASSWORD, **box})
    assert bool(client.cookies["sessionid"]["max-age"]) is stays


def test_signing_out_takes_a_post_and_ends_the_session_for_good(silver, client):
    sign_in("sonja", client=client)
    old = client.cookies["sessionid"].value
    client.get(LOGOUT)
    assert is_signed_in(client)
    client.post(LOGOUT)
    client.cookies["sessionid"] = old
    assert not is_signed_in(client)


def test_speaking_another_language_takes_a_post(silver, client):
    sign_in("sonja", client=client)
    assert client.get("/language/", {"language": "cs"}).status_code == 405
    client.get("/", {"language": "cs"}, headers={"accept-language": "cs"})
    silver.refresh_from_db()
    assert silver.language == "sl"
    client.post("/language/", {"language": "cs"})
    silver.refresh_from_db()
    assert silver.language == "cs"


def test_a_new_password_keeps_this_session_and_ends_the_others(silver):
    here, elsewhere = Client(), Client()
    sign_in("sonja", client=here), sign_in("sonja", client=elsewhere)
    new = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


def test_the_sessions_page_names_browsers_in_short(silver):
    here = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537"})
    sign_in("sonja", client=here)
    page = here.get(SESSIONS).content.decode()
    assert "<strong>Chrome, Linux</strong>" in page
    assert '<p class="wrap-anywhere">Mozilla/5.0 (X11; Linux x86_64)' in page


def test_other_sessions_are_ended_on_the_sessions_page(silver):
    here, elsewhere = Client(), Client()
    sign_in("sonja", client=here), sign_in("sonja", client=elsewhere)
    assert is_signed_in(here)
    assert is_signed_in(elsewhere)
    here.post(SESSIONS)
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


def test_the_language_of_the_person_is_spoken_and_remembered(silver, client):
    client.cookies["django_language"] = "cs"
    assert '<html lang="cs"' in client.get(LOGIN).content.decode()
    sign_in("sonja", client=client)
    assert '<html lang="sl"' in client.get("/").content.decode()
    client.post(LOGOUT)
    assert client.cookies["django_language"].value == "sl"
    assert '<html lang="sl"' in client.get(LOGIN).content.decode()


# --- A forgotten password ------------------------------------------------------------------------


def test_a_reset_of_an_unknown_address_says_the_same_and_sends_nothing(silver):
    known = Client().post(RESET, {"email": "sonja@example.com"}, follow=True)
    assert Email.objects.count() == 1
    unknown = Client().post(RESET, {"email": "nobody@example.com"}, follow=True)
    assert Email.objects.count() == 1
    assert known.redirect_chain == unknown.redirect_chain
    assert _bare(known, "sonja") == _bare(unknown, "nobody")


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HOST": "localhost:1234"},
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {"HTTP_FORWARDED": "host=evil.example;proto=https"},
    ],
)
def test_reset_links_come_from_the_portals_address(headers, silver, settings):
    settings.PORTAL_URL = "https://help.example.com"
    Client().post(RESET, {"email": "sonja@example.com"}, **headers)
    mail = Email.objects.get()
    links = re.findall(r"https?://[^\s\"<]+", mail.message + mail.html_message)
    assert links
    assert {link.split("/accounts/")[0] for link in links} == {"https://help.example.com"}


def test_a_foreign_host_is_answered_with_400(silver):
    assert (
        Client().post(RESET, {"email": "sonja@example.com"}, HTTP_HOST="evil.example").status_code
        == 400
    )
    assert not Email.objects.exists()


def test_the_mail_leads_to_a_new_password_and_works_once(silver, client):
    User.objects.filter(pk=silver.pk).update(password="!")  # synchronised without one
    client.post(RESET, {"email": "sonja@example.com"})
    path = re.search(r"/accounts/password/reset/key/\S+", Email.objects.get().message)[0]
    form = client.get(path, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert sign_in("sonja", NEW_PASSWORD).status_code == 302
    page = Client().get(path, follow=True).content.decode()
    assert 'name="password1"' not in page


def test_a_new_password_is_told_once_also_after_a_reload(silver, client):
    client.post(RESET, {"email": "sonja@example.com"})
    path = re.search(r"/accounts/password/reset/key/\S+", Email.objects.get().message)[0]
    form = client.get(path, follow=True).redirect_chain[-1][0]
    done = client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}, follow=True)
    assert "messages" in done.content.decode()
    assert "lead" not in done.content.decode()
    again = client.get(done.redirect_chain[-1][0]).content.decode()
    assert 'class="lead"' in again


def test_a_mail_that_led_on_does_not_leave_its_key_in_the_address(silver, client):
    client.post(RESET, {"email": "sonja@example.com"})
    path = re.search(r"/accounts/password/reset/key/\S+", Email.objects.get().message)[0]
    key = path.rstrip("/").rpartition("/")[2]
    landed = client.get(path, follow=True)
    assert key not in landed.redirect_chain[-1][0]
    assert key not in landed.content.decode()
