"""The door as a table: every address by persona and method; what is refused, how, and what is kept.

A new address without a row fails, and so does a row without an address.
"""

import base64
import datetime as dt
import hmac
import re
import struct
import time
import uuid

import live
import pytest
from chatting import start
from conftest import PASSWORD, answer, person, png_file, signed_in, submit
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone
from troubles import announce

from accounts.models import AuditEntry, ErasureRequest, PeopleImport, Rank, User
from helpdesk import brand
from tickets.models import CannedReply, Draft, Holiday, Screenshot, ServiceWindow, Ticket, Topic

LIST, NEW = "/technical-issues/", "/technical-issues/new/"
JSON = {"HTTP_ACCEPT": "application/json"}

# Columns: nobody, Premier, Silver (owner of ticket and picture), another member, staff without a
# group, agent, supervisor; first for GET, then for an empty POST.
TABLE = """
home                                   302 200 200 200 200 200 200 | 401 405 405 405 405 405 405
guide                                  302 200 200 200 200 200 200 | 401 405 405 405 405 405 405
preferences                            302 200 200 200 200 200 200 | 401 400 400 400 400 400 400
personal_data                          302 302 302 302 302 302 302 | 401 405 405 405 405 405 405
personal_data_download                 302 405 405 405 405 405 405 | 401 303 303 303 303 303 303
erasure_request                        302 405 405 405 405 405 405 | 401 303 303 303 303 303 303
set_language                           405 405 405 405 405 405 405 | 303 303 303 303 303 303 303
brand_stylesheet                       200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
tickets:ticket_list                    302 403 200 200 200 200 200 | 401 403 405 405 405 405 405
tickets:ticket_new                     302 403 200 200 200 200 200 | 401 403 400 400 400 400 400
tickets:draft_save                     302 403 405 405 405 405 405 | 401 403 200 200 200 200 200
tickets:draft_discard                  302 403 405 405 405 405 405 | 401 403 303 303 303 303 303
tickets:screenshot_upload              302 403 405 405 405 405 405 | 401 403 400 400 400 400 400
tickets:screenshot_detail              302 403 200 404 404 200 200 | 401 403 405 405 405 405 405
tickets:screenshot_delete              302 403 405 405 405 405 405 | 401 403 204 404 404 404 404
tickets:screenshot_redact              302 403 303 404 404 403 200 | 401 403 303 404 404 403 400
tickets:ticket_detail                  302 403 200 404 404 404 404 | 401 403 405 405 405 405 405
tickets:ticket_received                302 403 200 404 404 404 404 | 401 403 405 405 405 405 405
tickets:reply_create                   302 403 405 405 405 405 405 | 401 403 400 404 404 404 404
tickets:ticket_close                   302 403 405 405 405 405 405 | 401 403 303 404 404 404 404
tickets:ticket_reopen                  302 403 405 405 405 405 405 | 401 403 303 404 404 404 404
incidents:incident_list                302 200 200 200 200 200 200 | 401 405 405 405 405 405 405
incidents:incident_affects             302 403 200 200 200 200 200 | 401 403 303 303 303 303 303
chat:chat_start                        302 403 302 200 200 200 200 | 401 403 400 400 400 400 400
chat:question_ticket                   302 403 405 405 405 405 405 | 401 403 303 303 303 303 303
chat:conversation_detail               302 403 200 404 404 404 404 | 401 403 405 405 405 405 405
chat:message_list                      302 403 200 404 404 200 200 | 401 403 400 404 403 400 400
chat:conversation_end                  302 403 405 405 405 405 405 | 401 403 200 404 404 404 404
chat:conversation_ticket               302 403 405 405 405 405 405 | 401 403 303 404 404 404 404
chat:conversation_transcript           302 403 405 405 405 405 405 | 401 403 303 404 404 404 404
chat:conversation_rating               302 403 405 405 405 405 405 | 401 403 303 404 404 404 404
console:console                        302 403 403 403 403 200 200 | 401 403 403 403 403 405 405
console:console_next                   302 403 403 403 403 405 405 | 401 403 403 403 403 303 303
console:console_presence               302 403 403 403 403 405 405 | 401 403 403 403 403 303 303
console:console_conversation           302 403 403 403 403 200 200 | 401 403 403 403 403 405 405
console:console_claim                  302 403 403 403 403 405 405 | 401 403 403 403 403 303 303
console:console_release                302 403 403 403 403 405 405 | 401 403 403 403 403 403 303
console:console_transfer               302 403 403 403 403 405 405 | 401 403 403 403 403 400 400
console:console_notes                  302 403 403 403 403 405 405 | 401 403 403 403 403 400 400
console:console_end                    302 403 403 403 403 405 405 | 401 403 403 403 403 200 200
console:console_ticket                 302 403 403 403 403 405 405 | 401 403 403 403 403 303 303
console:console_language               302 403 403 403 403 405 405 | 401 403 403 403 403 403 403
^accounts/                             404 404 404 404 404 404 404 | 404 404 404 404 404 404 404
account_login                          200 302 302 302 302 302 302 | 200 302 302 302 302 302 302
account_logout                         302 200 200 200 200 200 200 | 302 302 302 302 302 302 302
account_inactive                       200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
account_signup                         404 404 404 404 404 404 404 | 404 404 404 404 404 404 404
account_reauthenticate                 302 200 200 200 200 200 200 | 401 200 200 200 200 200 200
account_email                          404 404 404 404 404 404 404 | 404 404 404 404 404 404 404
account_email_verification_sent        404 404 404 404 404 404 404 | 404 404 404 404 404 404 404
account_change_password                302 200 200 200 200 200 200 | 401 200 200 200 200 200 200
account_set_password                   302 302 302 302 302 302 302 | 401 302 302 302 302 302 302
account_reset_password                 200 200 200 200 200 200 200 | 200 200 200 200 200 200 200
account_confirm_login_code             404 404 404 404 404 404 404 | 404 404 404 404 404 404 404
account_confirm_email                  404 404 404 404 404 404 404 | 404 404 404 404 404 404 404
account_reset_password_from_key_done   200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
account_reset_password_from_key        200 200 200 200 200 200 200 | 200 200 200 200 200 200 200
account_reset_password_done            200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
mfa_index                              302 200 200 200 200 200 200 | 401 405 405 405 405 405 405
mfa_authenticate                       302 302 302 302 302 302 302 | 302 302 302 302 302 302 302
mfa_reauthenticate                     302 302 302 302 302 302 302 | 401 302 302 302 302 302 302
mfa_activate_totp                      302 302 302 302 302 302 302 | 401 302 302 302 302 302 302
mfa_deactivate_totp                    302 404 404 404 404 404 404 | 401 404 404 404 404 404 404
mfa_view_recovery_codes                302 404 404 404 404 404 404 | 401 405 405 405 405 405 405
mfa_generate_recovery_codes            302 302 302 302 302 302 302 | 401 302 302 302 302 302 302
mfa_download_recovery_codes            302 404 404 404 404 404 404 | 401 404 404 404 404 404 404
usersessions_list                      302 200 200 200 200 200 200 | 401 302 302 302 302 302 302
admin:index                            302 403 403 403 200 200 200 | 401 403 403 403 200 200 200
admin:figure_csv                       302 403 403 403 403 200 200 | 401 403 403 403 405 405 405
admin:login                            302 403 403 403 303 303 303 | 401 403 403 403 303 303 303
admin:logout                           302 403 403 403 405 405 405 | 401 403 403 403 200 200 200
admin:password_change                  302 403 403 403 303 303 303 | 401 403 403 403 303 303 303
admin:password_change_done             302 403 403 403 200 200 200 | 401 403 403 403 405 405 405
admin:autocomplete                     302 403 403 403 403 403 403 | 401 403 403 403 405 405 405
admin:jsi18n                           302 403 403 403 200 200 200 | 401 403 403 403 405 405 405
admin:view_on_site                     302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:auth_user_password_change        302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:accounts_user_changelist         302 403 403 403 403 200 200 | 401 403 403 403 403 200 200
admin:accounts_user_add                302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:accounts_user_history            302 403 403 403 403 200 200 | 401 403 403 403 403 200 200
admin:accounts_user_delete             302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:accounts_user_change             302 403 403 403 403 200 200 | 401 403 403 403 403 403 200
admin:accounts_user_export             302 403 403 403 403 403 302 | 401 403 403 403 403 403 303
admin:accounts_user_import             302 403 403 403 403 403 200 | 401 403 403 403 403 403 400
admin:accounts_user_import_detail      302 403 403 403 403 403 302 | 401 403 403 403 403 403 303
admin:accounts_user_shut_out           302 403 403 403 403 403 200 | 401 403 403 403 403 403 303
admin:accounts_user_let_in             302 403 403 403 403 403 200 | 401 403 403 403 403 403 303
admin:accounts_user_erase              302 403 403 403 403 403 302 | 401 403 403 403 403 403 303
admin:accounts_erasurerequest_changelist 302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:accounts_erasurerequest_add      302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:accounts_erasurerequest_history  302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:accounts_erasurerequest_delete   302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:accounts_erasurerequest_change   302 403 403 403 403 403 200 | 401 403 403 403 403 403 403
admin/accounts/erasurerequest/         302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin/accounts/user/                   302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:tickets_ticket_changelist        302 403 403 403 403 200 200 | 401 403 403 403 403 303 303
admin:tickets_ticket_next              302 403 403 403 405 405 405 | 401 403 403 403 403 303 303
admin:tickets_ticket_undo              302 403 403 403 405 405 405 | 401 403 403 403 403 303 303
admin:tickets_ticket_add               302 403 403 403 403 200 200 | 401 403 403 403 403 400 400
admin:tickets_ticket_history           302 403 403 403 403 200 200 | 401 403 403 403 405 405 405
admin:tickets_ticket_delete            302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:tickets_ticket_change            302 403 403 403 403 200 200 | 401 403 403 403 403 303 303
admin:tickets_ticket_pulse             302 403 403 403 405 405 405 | 401 403 403 403 403 200 200
admin/tickets/ticket/                  302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:tickets_servicewindow_changelist 302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_servicewindow_add        302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_servicewindow_history    302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_servicewindow_delete     302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_servicewindow_change     302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin/tickets/servicewindow/           302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:tickets_holiday_changelist       302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_holiday_add              302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_holiday_history          302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_holiday_delete           302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_holiday_change           302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin/tickets/holiday/                 302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:tickets_cannedreply_changelist   302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_cannedreply_add          302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_cannedreply_history      302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_cannedreply_delete       302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_cannedreply_change       302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin/tickets/cannedreply/             302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:tickets_cannedreply_preview      302 403 403 403 403 403 405 | 401 403 403 403 403 403 400
admin:tickets_topic_changelist         302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_topic_add                302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_topic_history            302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_topic_delete             302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_topic_change             302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin/tickets/topic/                   302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:tickets_incident_changelist      302 403 403 403 403 200 200 | 401 403 403 403 403 200 200
admin:tickets_incident_add             302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_incident_history         302 403 403 403 403 200 200 | 401 403 403 403 403 200 200
admin:tickets_incident_delete          302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:tickets_incident_change          302 403 403 403 403 200 200 | 401 403 403 403 403 403 200
admin:tickets_incident_publish         302 403 403 403 403 403 303 | 401 403 403 403 403 403 303
admin:tickets_incident_link            302 403 403 403 403 403 200 | 401 403 403 403 403 403 400
admin:tickets_incident_answer          302 403 403 403 403 403 200 | 401 403 403 403 403 403 400
admin:tickets_incident_end             302 403 403 403 403 403 200 | 401 403 403 403 403 403 400
admin/tickets/incident/                302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:tickets_ticketevent_changelist   302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:tickets_ticketevent_add          302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:tickets_ticketevent_history      302 403 403 403 303 303 303 | 401 403 403 403 303 303 303
admin:tickets_ticketevent_delete       302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:tickets_ticketevent_change       302 403 403 403 403 403 200 | 401 403 403 403 403 403 403
admin/tickets/ticketevent/             302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:accounts_auditentry_changelist   302 403 403 403 403 403 200 | 401 403 403 403 403 403 200
admin:accounts_auditentry_add          302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:accounts_auditentry_history      302 403 403 403 303 303 303 | 401 403 403 403 303 303 303
admin:accounts_auditentry_delete       302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:accounts_auditentry_change       302 403 403 403 403 403 200 | 401 403 403 403 403 403 403
admin/accounts/auditentry/             302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:chat_conversation_changelist     302 403 403 403 403 200 200 | 401 403 403 403 403 200 200
admin:chat_conversation_add            302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:chat_conversation_history        302 403 403 403 303 303 303 | 401 403 403 403 303 303 303
admin:chat_conversation_delete         302 403 403 403 403 403 403 | 401 403 403 403 403 403 403
admin:chat_conversation_change         302 403 403 403 403 200 200 | 401 403 403 403 403 403 403
admin/chat/conversation/               302 403 403 403 302 302 302 | 401 403 403 403 302 302 302
admin:app_list                         302 403 403 403 404 200 200 | 401 403 403 403 404 200 200
admin/                                 302 403 403 403 404 404 404 | 401 403 403 403 404 404 404
healthz                                200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
healthz/                               200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
readyz                                 200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
readyz/                                200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
"""
ROWS = {
    name: {"get": get.split(), "post": post.split()}
    for name, get, post in (
        re.fullmatch(r"(\S+) +([\d ]+)\| ([\d ]+)", line).groups()
        for line in TABLE.strip().splitlines()
    )
}
COLUMNS = {
    **{"nobody": 0, "inactive": 0, "premier": 1, "silver": 2, "other_silver": 3, "gold": 3},
    **{"groupless": 4, "agent": 5, "supervisor": 6, "superuser": 6},
}
# A regular expression cannot be reversed without a name; these are what it is there for.
NAMELESS = {"^accounts/": "/accounts/3rdparty/", "admin/": "/admin/nowhere/"}


def routes(patterns=None, prefix="", space=""):
    """Yield (row name, route, view) of every address that the portal answers."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, route, inner)
        else:
            name = space + pattern.name if pattern.name else re.split("[<(]", route)[0]
            yield name, route, pattern.callback


def address(name, route, values):
    """The address of a route that leads to the rows of ``values``."""
    if name in NAMELESS:
        return NAMELESS[name]
    model = re.search(r"(\w+)/<path:object_id>", route)
    values = {**values, "object_id": values[model[1]] if model else values["number"]}
    if "chat/" in route:
        values["uuid"] = values["chat"]
    if "redact/" in route:
        values["uuid"] = values["sent"]
    if "figures/" in route:
        values["key"] = "age"
    wanted = {key: values[key] for key in re.findall(r"<(?:\w+:)?(\w+)>", route)}
    if re.split("[<(]", route)[0] == name:
        return "/" + re.sub(r"<\w+:(\w+)>", lambda found: str(wanted[found[1]]), route)
    return reverse(name, kwargs=wanted)


@pytest.fixture
def addresses(ticket, upload, silver, supervisor):
    live.open_around_the_clock()
    holiday = Holiday.objects.create(date=dt.date(2026, 12, 25), name="Božič")
    values = {"number": ticket.pk, "uuid": upload.uuid, "digest": brand.digest(), "key": "set-key"}
    values |= {"id": ticket.member.pk, "user": ticket.member.pk, "ticket": ticket.pk}
    values |= {"servicewindow": ServiceWindow.objects.first().pk, "holiday": holiday.pk}
    values |= {"content_type_id": ContentType.objects.get_for_model(Ticket).pk, "uidb36": "1"}
    sent = Screenshot.objects.upload(silver, png_file(), ticket.created_at)
    answer(ticket, silver, screenshots=[sent])  # longer ago than its sender may change it
    values["sent"] = sent.uuid
    chat = start(silver)
    values |= {"app_label": "tickets", "chat": chat.uuid, "conversation": chat.pk}
    values["cannedreply"] = CannedReply.objects.get(shortcut="lang").pk
    entry = AuditEntry.objects.create(action=AuditEntry.Action.EXPORT, at=timezone.now())
    values |= {"topic": Topic.objects.first().pk, "auditentry": entry.pk}
    values["ticketevent"] = ticket.last_event
    values["erasurerequest"] = ErasureRequest.objects.file(silver, timezone.now()).pk
    values["pk"] = values["incident"] = announce(supervisor, timezone.now()).pk
    file = PeopleImport.objects.create(source="desk", state="checked", at=timezone.now())
    values["people_import"] = file.pk
    return {name: address(name, route, values) for name, route, _view in routes()}


@pytest.fixture
def groupless(seeded):
    return person("gal", Rank.WELLNESS_ADVOCATE, is_staff=True, member_id=None)


@pytest.fixture
def superuser(seeded):
    staff = {"is_staff": True, "is_superuser": True, "member_id": None}
    return person("root", Rank.WELLNESS_ADVOCATE, **staff)


@pytest.fixture
def inactive(seeded):
    return person("iva", Rank.GOLD, member_id="1000009")


@pytest.fixture
def nobody(db):
    return None


class Visitor:
    """Somebody's browser, in which every request is the first one: what it changed is undone."""

    def __init__(self, someone):
        self.client = signed_in(someone) if someone else Client()
        self.cookies = self.client.cookies.output(header="", sep=";")
        if someone and someone.username == "iva":
            User.objects.filter(pk=someone.pk).update(is_active=False)

    def ask(self, method, path, **extra):
        with transaction.atomic():
            response = getattr(self.client, method)(path, **extra)
            transaction.set_rollback(True)
        self.client.cookies.clear()
        self.client.cookies.load(self.cookies)
        return response


def test_every_address_has_one_row_and_every_row_an_address():
    names = [name for name, _route, _view in routes()]
    assert sorted(names) == sorted(ROWS)


@pytest.mark.parametrize("persona", COLUMNS)
def test_who_may_go_where(persona, addresses, request):
    visitor, column = Visitor(request.getfixturevalue(persona)), COLUMNS[persona]
    for method in ("get", "post"):
        expected = {name: int(ROWS[name][method][column]) for name in addresses}
        answers = {name: visitor.ask(method, path).status_code for name, path in addresses.items()}
        assert answers == expected, method


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_our_views_know_no_other_methods(method, addresses, silver):
    shut = {"^accounts/": 404}
    ours = {
        name: 403 if name.startswith("console:") else shut.get(name, 405)
        for name, _route, view in routes()
        if view.__module__.startswith(
            ("helpdesk.views", "accounts.views", "tickets.views", "chat.views")
        )
    }
    visitor = Visitor(silver)
    answers = {name: visitor.ask(method, addresses[name]).status_code for name in ours}
    assert answers == ours


@pytest.mark.parametrize("section", ["signup", "email", "confirm-email", "3rdparty", "social"])
@pytest.mark.parametrize("rest", ["/", "/x/", "/x/y/"])
def test_accounts_come_from_the_member_record_alone(section, rest, client, silver):
    path = f"/accounts/{section}{rest}"
    assert client.get(path).status_code == 404
    assert signed_in(silver).post(path, {"email": "x@example.com"}).status_code == 404


# --- Below the minimum rank (B6) -----------------------------------------------------------------


def test_premier_gets_the_page_that_explains_and_no_form(premier):
    response = signed_in(premier).get(NEW)
    page = response.content.decode()
    assert response.status_code == 403
    assert 'name="title"' not in page
    assert "<textarea" not in page
    assert 'type="file"' not in page
    assert reverse("account_change_password") in page


def test_the_page_names_how_many_open_issues_wait(premier):
    premier.language = "en"
    premier.save()
    submit(premier), submit(premier)
    submit(premier).close(premier, at=dt.datetime(2026, 7, 16, tzinfo=dt.UTC))
    assert "2 open issues of yours are kept." in signed_in(premier).get(LIST).content.decode()


def test_the_page_gives_back_what_was_typed_but_offers_no_sending(premier):
    post = {"title": "Naslov, ki se je skoraj izgubil", "description": "Dolgo besedilo"}
    page = signed_in(premier).post(NEW, post).content.decode()
    assert "Naslov, ki se je skoraj izgubil" in page
    assert "Dolgo besedilo" in page
    assert f'action="{NEW}"' not in page
    assert not Ticket.objects.exists()


def test_premier_can_still_change_the_password(premier):
    client = signed_in(premier)
    new = {"password1": "drevo-in-list-77", "password2": "drevo-in-list-77"}
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})
    premier.refresh_from_db()
    assert premier.check_password("drevo-in-list-77")


@pytest.mark.parametrize("rank", Rank)
def test_the_ladder_opens_at_silver(rank, seeded):
    someone = person("lea", rank)
    expected = 200 if rank >= Rank.SILVER else 403
    assert signed_in(someone).get(LIST).status_code == expected


def test_the_minimum_rank_is_a_setting(premier, silver, settings):
    settings.PORTAL_MIN_RANK = "gold"
    assert signed_in(silver).get(LIST).status_code == 403
    settings.PORTAL_MIN_RANK = "elite"
    assert signed_in(premier).get(LIST).status_code == 200


def test_rank_in_headers_forms_and_cookies_changes_nothing(premier):
    client = signed_in(premier)
    client.cookies.load({"rank": "15", "is_staff": "1", "has_portal_access": "true"})
    claims = {"HTTP_X_RANK": "15", "HTTP_REMOTE_USER": "ana", "HTTP_X_FORWARDED_USER": "ana"}
    assert client.get(f"{LIST}?rank=15&is_staff=1", **claims).status_code == 403
    post = {"rank": "15", "is_staff": "on", "title": "T", "description": "D", "language": "en"}
    assert client.post(NEW, post, **claims).status_code == 403
    premier.refresh_from_db()
    assert (premier.rank, premier.is_staff) == (Rank.PREMIER, False)


def test_preferences_change_nothing_but_preferences(silver):
    client = signed_in(silver)
    before = User.objects.filter(pk=silver.pk).values().get()
    wanted = {"language": "cs", "time_zone": "Europe/Prague", "appearance": "dark"}
    forged = {"rank": 15, "is_staff": "on", "is_superuser": "on", "is_active": "", "username": "x"}
    forged |= {"member_id": "7", "email": "x@example.com", "groups": "1", "password": "x", "pk": 1}
    assert client.post("/preferences/", {**forged, **wanted}).status_code == 303
    after = User.objects.filter(pk=silver.pk).values().get()
    assert after == {**before, "language": "cs", "time_zone": "Europe/Prague"}


# --- Nobody's session ----------------------------------------------------------------------------


def test_an_anonymous_deep_link_returns_after_sign_in(client, ticket):
    path = f"{LIST}{ticket.pk}/?q=narocila"
    door = client.get(path, follow=True).content.decode()
    form = door.partition('<form class="stack" method="post" action="/accounts/login/">')[2]
    target = re.search(r'name="next" value="([^"]+)"', form)[1]
    post = {"login": "sonja", "password": PASSWORD, "next": target}
    response = client.post(reverse("account_login"), post, follow=True)
    assert response.redirect_chain == [(path, 302)]
    assert response.status_code == 200


FOREIGN = ["https://evil.example/", "//evil.example", r"/\evil.example", "https:///evil.example"]
FOREIGN += ["javascript:alert(1)", "\thttps://evil.example", "https://testserver@evil.example/"]


@pytest.mark.parametrize("target", FOREIGN)
def test_next_leads_to_no_other_host(target, client, silver):
    credentials = {"login": "sonja", "password": PASSWORD, "next": target}
    answers = [client.post(reverse("account_login"), credentials)]
    answers.append(client.get(reverse("account_login"), {"next": target}))
    answers.append(client.post(reverse("set_language"), {"language": "sl", "next": target}))
    answers.append(client.post(reverse("account_logout"), {"next": target}))
    assert [answer["Location"] for answer in answers] == ["/", "/", "/", "/accounts/login/"]


def fields_of(page):
    """What a browser would send from the form that holds the text."""
    held = {field.name: field.value for field in page.context["held"].fields}
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]
    return {**held, "csrfmiddlewaretoken": token}


def typed():
    text = {"title": "Plačilo ne gre", "description": "Prva vrstica\n<b>druga</b>"}
    return {**text, "language": "sl", "submission_id": str(uuid.uuid4())}


def test_a_lost_session_costs_nothing_that_was_typed(silver):
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("account_login"))
    token = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    page = client.post(NEW, {**typed(), **token, "screenshots": png_file()})
    assert page.status_code == 401
    assert "Prva vrstica\n&lt;b&gt;druga&lt;/b&gt;" in page.content.decode()
    assert [Ticket.objects.count(), Draft.objects.count(), Screenshot.objects.count()] == [0, 0, 0]
    fields = fields_of(page)
    client.force_login(silver)  # in the other tab
    assert client.post(NEW, fields).status_code == 303
    assert Ticket.objects.get().description == "Prva vrstica\n<b>druga</b>"


def test_an_expired_page_gives_the_text_back_with_a_fresh_token(silver):
    client = signed_in(silver, enforce_csrf_checks=True)
    page = client.post(NEW, typed())
    assert page.status_code == 403
    assert "Prva vrstica\n&lt;b&gt;druga&lt;/b&gt;" in page.content.decode()
    assert not Ticket.objects.exists()
    assert client.post(NEW, fields_of(page)).status_code == 303


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/change/"])
def test_no_refusal_gives_a_password_back(path, silver):
    post = {"login": "sonja", "title": "t", "password": "skrivnost", "oldpassword": "skrivnost"}
    page = Client(enforce_csrf_checks=True).post(path, {**post, "password1": "skrivnost"})
    assert page.status_code == 403
    assert "skrivnost" not in page.content.decode()


@pytest.mark.parametrize("path", ["/language/", "/accounts/logout/", "/preferences/", LIST])
def test_every_post_needs_its_token(path, silver):
    client = signed_in(silver, enforce_csrf_checks=True)
    assert client.post(path, {"language": "cs"}).status_code == 403
    assert client.get("/").status_code == 200  # still signed in


# --- Refusals for scripts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "method", "path", "status", "code"),
    [
        ("nobody", "get", LIST, 401, "signed_out"),
        ("nobody", "post", NEW, 401, "signed_out"),
        ("nobody", "get", "/admin/", 401, "signed_out"),
        ("nobody", "post", "/accounts/password/change/", 401, "signed_out"),
        ("premier", "get", LIST, 403, "rank"),
        ("premier", "post", "/technical-issues/screenshots/", 403, "rank"),
        ("silver", "get", "/admin/", 403, "forbidden"),
        ("silver", "get", f"{LIST}99999999/", 404, "not_found"),
        ("silver", "get", "/nowhere/", 404, "not_found"),
        ("silver", "post", NEW, 400, "invalid"),
    ],
)
def test_scripts_are_refused_in_json(persona, method, path, status, code, request):
    response = Visitor(request.getfixturevalue(persona)).ask(method, path, **JSON)
    assert (response.status_code, response.json()["error"]) == (status, code)
    assert response.json()["errors"]


def test_a_script_without_its_token_hears_csrf(silver):
    response = signed_in(silver, enforce_csrf_checks=True).post(NEW, typed(), **JSON)
    assert (response.status_code, response.json()["error"]) == (403, "csrf")


# --- Everything is read again at every request ---------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "status"), [("is_active", False, 302), ("rank", Rank.PREMIER, 403)]
)
def test_a_member_is_judged_anew_at_every_request(field, value, status, silver):
    client = signed_in(silver)
    assert client.get(LIST).status_code == 200
    User.objects.filter(pk=silver.pk).update(**{field: value})
    assert client.get(LIST).status_code == status


@pytest.mark.parametrize("loss", ["group", "staff", "active"])
def test_an_agent_is_judged_anew_at_every_request(loss, agent, ticket):
    client, page = signed_in(agent), f"/admin/tickets/ticket/{ticket.pk}/change/"
    assert client.get(page).status_code == 200
    if loss == "group":
        agent.groups.clear()
    else:
        User.objects.filter(pk=agent.pk).update(**{f"is_{loss}": False})
    assert client.get(page).status_code == (302 if loss == "active" else 403)
    assert client.post(page, {"action": "close"}).status_code == (401 if loss == "active" else 403)
    ticket.refresh_from_db()
    assert not ticket.is_closed


# --- The second factor of staff ------------------------------------------------------------------

SETUP = "/accounts/2fa/totp/activate/"
ALLOWED = {"mfa_activate_totp", "account_logout", "account_reauthenticate"}
ALLOWED |= {"set_language", "brand_stylesheet"}


def code_of(secret):
    """What an authenticator app shows for ``secret`` now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def test_staff_without_a_second_factor_are_led_to_its_set_up(agent, addresses, settings):
    settings.MFA_REQUIRED_FOR_STAFF = True
    visitor = Visitor(agent)
    for name, path in addresses.items():
        for method in ("get", "post"):
            led = visitor.ask(method, path).headers.get("Location") == SETUP
            assert led is (name not in ALLOWED), (method, name)


def test_members_need_no_second_factor(silver, settings):
    settings.MFA_REQUIRED_FOR_STAFF = True
    assert signed_in(silver).get(LIST).status_code == 200


def test_an_agent_sets_up_the_second_factor_and_is_asked_for_it(agent, client, settings):
    settings.MFA_REQUIRED_FOR_STAFF, settings.MFA_TOTP_TOLERANCE = True, 1
    credentials = {"login": "ana", "password": PASSWORD}
    client.post(reverse("account_login"), credentials)
    password_page = client.get(SETUP)["Location"]
    assert password_page.startswith(reverse("account_reauthenticate"))
    assert client.post(password_page, {"password": PASSWORD})["Location"] == SETUP
    secret = client.get(SETUP).context["form"].secret
    client.post(SETUP, {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200
    client.post(reverse("account_logout"))
    asked = client.post(reverse("account_login"), credentials)
    assert asked["Location"] == reverse("mfa_authenticate")
    assert client.get("/admin/").status_code == 302
    cache.clear()  # a code is good for one use
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200


# --- What is another's ---------------------------------------------------------------------------


def test_foreign_ids_in_a_form_take_nothing(silver, gold, upload):
    draft = Draft.objects.create(owner=silver, title="Skrito", saved_at=dt.datetime.now(dt.UTC))
    client = signed_in(gold)
    assert "Skrito" not in client.get(NEW, {"draft": draft.uuid}).content.decode()
    assert client.post(NEW, {**typed(), "uploads": [upload.uuid]}).status_code == 400
    assert client.post(NEW, {**typed(), "draft": draft.uuid}).status_code == 303
    client.post("/technical-issues/draft/discard/", {"draft": draft.uuid})
    upload.refresh_from_db()
    assert (upload.ticket, upload.owner) == (None, silver)
    assert Draft.objects.get().title == "Skrito"


FORGED = {"is_staff": "on", "is_superuser": "on", "groups": "1", "user_permissions": "1"}


def test_a_supervisor_makes_neither_staff_nor_ranks(supervisor, silver):
    page = reverse("admin:accounts_user_change", args=[silver.pk])
    fields = {"username": "sonja", "language": "sl", "time_zone": "UTC", "member_id": "7"}
    fields |= {"rank": Rank.GOLD, "is_active": "on", **FORGED}
    assert signed_in(supervisor).post(page, fields).status_code == 302
    silver.refresh_from_db()
    assert (silver.time_zone, silver.rank) == ("UTC", Rank.SILVER)
    assert silver.member_id == "1000002"
    assert (silver.is_staff, silver.is_superuser) == (False, False)
    assert not silver.groups.exists()


def test_a_supervisor_who_adds_a_person_adds_no_colleague(supervisor):
    secret = {"password1": "drevo-in-list-77", "password2": "drevo-in-list-77"}
    fields = {"username": "nova", "usable_password": "true", **secret, **FORGED}
    signed_in(supervisor).post(reverse("admin:accounts_user_add"), fields)
    added = User.objects.get(username="nova")
    assert (added.is_staff, added.is_superuser) == (False, False)
    assert not added.groups.exists()


def test_a_supervisor_sets_passwords_of_members_only(supervisor, silver, agent):
    client = signed_in(supervisor)
    pages = [reverse("admin:auth_user_password_change", args=[row.pk]) for row in (silver, agent)]
    assert [client.get(page).status_code for page in pages] == [200, 403]


@pytest.mark.parametrize("view", ["accounts_user_change", "auth_user_password_change"])
def test_a_supervisor_cannot_touch_a_superuser(view, supervisor, superuser):
    page = reverse(f"admin:{view}", args=[superuser.pk])
    secret = {"password1": "drevo-in-list-77", "password2": "drevo-in-list-77"}
    assert signed_in(supervisor).post(page, {"username": "x", **secret}).status_code == 403
    superuser.refresh_from_db()
    assert (superuser.username, superuser.check_password(PASSWORD)) == ("root", True)


def test_the_groups_of_the_desk_are_not_superusers(agent, supervisor):
    for name in ("Agents", "Supervisors"):
        codes = set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))
        assert not {code for code in codes if code.endswith(("_group", "_permission"))}
        assert not {"delete_user", "delete_ticket", "add_ticket"} & codes
