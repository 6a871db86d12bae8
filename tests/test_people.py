"""People and holidays in the admin: what a supervisor may type, and what is refused."""

import pytest
from conftest import signed_in
from django.db import IntegrityError, transaction

from accounts.models import User
from tickets.models import Holiday


def test_a_username_that_differs_by_case_alone_is_refused(supervisor, silver):
    client = signed_in(supervisor)
    post = {"username": silver.username.upper(), "email": "x@example.com"}
    page = client.post("/admin/accounts/user/add/", {**post, "usable_password": "false"})
    assert page.status_code == 200
    assert User.objects.filter(username__iexact=silver.username).count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(username=silver.username.upper())


@pytest.mark.parametrize("name", ["So\x07nja", "Sonja\nNovak", "So\x85nja"])
def test_names_take_no_control_characters(supervisor, silver, name):
    path = f"/admin/accounts/user/{silver.pk}/change/"
    post = {"username": silver.username, "email": silver.email, "first_name": name}
    post |= {"last_name": "Novak", "language": "sl", "time_zone": "Europe/Ljubljana"}
    page = signed_in(supervisor).post(path, {**post, "is_active": "on"})
    silver.refresh_from_db()
    assert page.status_code == 200
    assert silver.first_name == "Sonja"


def test_a_holiday_takes_no_control_characters(supervisor):
    post = {"date": "2026-12-25", "name": "Bo\x1bžič"}
    page = signed_in(supervisor).post("/admin/tickets/holiday/add/", post)
    assert page.status_code == 200
    assert not Holiday.objects.exists()
