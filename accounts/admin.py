"""People in the admin: supervisors look after them; ranks come from the member record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.timezone import localtime, now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from .imports import people_import, people_import_detail
from .logs import ActorFilter, DateRangeFilter, LogAdmin
from .lookups import ChoicesFilter, FiltersOnly, ReadOnly
from .models import AuditEntry, ErasureRequest, User
from .zones import zone_choices

_STAFF = ("is_staff", "is_superuser", "groups", "user_permissions")
_RECORD = ("member_id", "rank", "rank_since")
_NOT = "–"


class PersonForm(UserChangeForm):
    time_zone = forms.ChoiceField(label=_("Time zone"))
    works_in = forms.MultipleChoiceField(
        label=capfirst(_("works in")),
        choices=settings.LANGUAGES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Languages an agent answers in."),
    )

    class Meta(UserChangeForm.Meta):
        help_texts = {"is_active": _("Whether the person may sign in.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("time_zone"):
            field.choices = zone_choices(self.instance.time_zone)


class SecondFactorFilter(ChoicesFilter):
    """Staff without a second factor are what a supervisor looks for."""

    class Has(TextChoices):
        STAFF_WITHOUT = "staff-without", _("Staff without one")
        YES = "yes", _("Yes")
        NO = "no", _("No")

    title = _("Second factor")
    parameter_name, kinds = "second_factor", Has

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case self.Has.STAFF_WITHOUT:
                return queryset.filter(is_staff=True, has_second_factor=False)
            case self.Has.YES | self.Has.NO:
                return queryset.filter(has_second_factor=self.value() == self.Has.YES)
        return queryset


class SignInFilter(ChoicesFilter):
    """Whose account nobody uses."""

    class Last(TextChoices):
        NEVER = "never", pgettext_lazy("sign-in", "Never")
        LONG_AGO = "long-ago", _("More than 90 days ago")

    title = _("Last sign-in")
    parameter_name, kinds = "signed_in", Last

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case self.Last.NEVER:
                return queryset.filter(last_login=None)
            case self.Last.LONG_AGO:
                return queryset.filter(last_login__lt=now() - timedelta(days=90))
        return queryset


@admin.register(User)
class PersonAdmin(FiltersOnly, UserAdmin):
    """A supervisor may not make staff: only a superuser sees those fields as editable."""

    form = PersonForm
    list_display = [
        *("username", "full_name", "rank", "language", "may_sign_in", "at_desk"),
        *("last_sign_in", "second_factor"),
    ]
    list_filter = [
        *("rank", "language", "is_active", "is_staff"),
        *(SecondFactorFilter, SignInFilter),
    ]
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["username", "first_name", "last_name", "email", "member_id"]
    filter_horizontal = []
    autocomplete_fields = []
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "language", "time_zone"]}),
        (_("Member record"), {"fields": _RECORD}),
        (_("Desk"), {"fields": ["works_in", *_STAFF]}),
        (_("Access"), {"fields": ["is_active", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "usable_password", "password1", "password2"]})
    ]
    readonly_fields = ["last_login", "date_joined"]

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        one = wrap(people_import_detail)
        own = [
            path("import/", wrap(people_import), name="accounts_user_import"),
            path("import/<int:people_import>/", one, name="accounts_user_import_detail"),
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Recovery codes are no second factor of their own."""
        factors = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        own = Authenticator.objects.filter(user=OuterRef("pk"), type__in=factors)
        return super().get_queryset(request).annotate(has_second_factor=Exists(own))

    @admin.display(description=_("Last sign-in"), ordering="last_login")
    def last_sign_in(self, person: User) -> str:
        if person.last_login is None:
            return pgettext("sign-in", "Never")
        day = date_format(localtime(person.last_login))
        return format_html('<time datetime="{}">{}</time>', person.last_login.isoformat(), day)

    @admin.display(description=User._meta.get_field("is_active").verbose_name, ordering="is_active")
    def may_sign_in(self, person: User) -> str:
        return _("Yes") if person.is_active else _("No")

    @admin.display(description=_("Staff"), ordering="is_staff")
    def at_desk(self, person: User) -> str:
        return _("Yes") if person.is_staff else _NOT

    @admin.display(description=_("Second factor"))
    def second_factor(self, person: User) -> str:
        return _("Yes") if person.has_second_factor else _NOT

    @admin.display(description=_("Name"), ordering="last_name")
    def full_name(self, person: User) -> str:
        return person.display_name

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Forget what allauth noted of an address that changes: it would still reset passwords."""
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).delete()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        fields += ["is_active"] if obj else []  # more hangs on it: helpdesk/people shuts out
        if request.user.is_superuser:
            return fields
        # The record comes from elsewhere; the name and address of staff open the desk.
        identity = ["username", "email"] if obj and obj.is_staff else []
        return [*fields, *_STAFF, *_RECORD, *identity]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list:
        """Leave the password out for those who may not set it."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self._may_set_password(request, obj):
            return fieldsets
        return [(None, {"fields": ["username"]}), *fieldsets[1:]]

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """A supervisor sets passwords of members, not of staff."""
        person = self.get_object(request, id)
        if person and not self._may_set_password(request, person):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def _may_set_password(self, request: HttpRequest, person: User) -> bool:
        is_above = person.is_staff and not request.user.is_superuser
        return self.has_change_permission(request, person) and not is_above

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only a superuser changes somebody who has more rights than a supervisor."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (request.user.is_superuser or obj is None or not obj.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


class ActionFilter(ChoicesFilter):
    title = pgettext_lazy("log", "What")
    parameter_name, kinds = "action", AuditEntry.Action


@admin.register(AuditEntry)
class AuditEntryAdmin(LogAdmin):
    """The audit log: what no other table tells."""

    list_display = ["when", "who", "what", "about_what", "origin"]
    fields = ["when", "who", "what", "about_what", "details", "origin"]
    readonly_fields = fields
    list_filter = [ActionFilter, ActorFilter, DateRangeFilter]
    list_select_related = ["actor"]

    def about(self, words: str) -> Q:
        """Also the entries about a ticket, by its number however it is written."""
        number = words.upper().removeprefix("TI-").lstrip("#").strip()
        return super().about(words) | Q(about__in={words[:100], f"TI-{number}"[:100]})

    @admin.display(description=pgettext_lazy("log", "What"))
    def what(self, entry: AuditEntry) -> str:
        return entry.get_action_display()

    @admin.display(description=pgettext_lazy("log", "About what"))
    def about_what(self, entry: AuditEntry) -> str:
        return entry.about or "–"

    @admin.display(description=pgettext_lazy("log", "Details"))
    def details(self, entry: AuditEntry) -> str:
        return format_html_join(", ", "<code>{} {}</code>", sorted(entry.data.items())) or "–"


@admin.register(ErasureRequest)
class ErasureRequestAdmin(FiltersOnly, ReadOnly, admin.ModelAdmin):
    """Who asked to be forgotten, the oldest first; it is done on the page of the person."""

    list_display = ["person_link", "requested_at", "due"]
    list_display_links = None
    list_select_related = ["person"]
    fields = readonly_fields = list_display

    @admin.display(description=_("person"))
    def person_link(self, request: ErasureRequest) -> str:
        page = reverse("admin:accounts_user_erase", args=[request.person_id])
        return format_html('<a href="{}"><bdi>{}</bdi></a>', page, request.person)

    @admin.display(description=_("due by"))
    def due(self, request: ErasureRequest) -> str:
        return date_format(localtime(request.due_at))
