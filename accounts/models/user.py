"""People: who they are, which rank they hold, and whether the portal is open to them."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..text import validate_line

if TYPE_CHECKING:
    from datetime import datetime


class Rank(models.IntegerChoices):
    """The ladder of ranks, lowest first (GLOSSARY §3); only the order is compared."""

    WELLNESS_ADVOCATE = 1, pgettext_lazy("rank", "Wellness Advocate")
    MANAGER = 2, pgettext_lazy("rank", "Manager")
    DIRECTOR = 3, pgettext_lazy("rank", "Director")
    EXECUTIVE = 4, pgettext_lazy("rank", "Executive")
    ELITE = 5, pgettext_lazy("rank", "Elite")
    PREMIER = 6, pgettext_lazy("rank", "Premier")
    SILVER = 7, pgettext_lazy("rank", "Silver")
    GOLD = 8, pgettext_lazy("rank", "Gold")
    PLATINUM = 9, pgettext_lazy("rank", "Platinum")
    DIAMOND = 10, pgettext_lazy("rank", "Diamond")
    BLUE_DIAMOND = 11, pgettext_lazy("rank", "Blue Diamond")
    PRESIDENTIAL_DIAMOND = 12, pgettext_lazy("rank", "Presidential Diamond")
    DOUBLE_DIAMOND = 13, pgettext_lazy("rank", "Double Diamond")
    DOUBLE_BLUE_DIAMOND = 14, pgettext_lazy("rank", "Double Blue Diamond")
    DOUBLE_PRESIDENTIAL_DIAMOND = 15, pgettext_lazy("rank", "Double Presidential Diamond")

    @property
    def code(self) -> str:
        """The lower-case code used in files and settings, such as ``blue_diamond``."""
        return self.name.lower()

    @classmethod
    def from_code(cls, code: str) -> Rank:
        """Return the rank of ``code``; raises ``ValueError`` for an unknown one."""
        try:
            return cls[code.strip().upper()]
        except KeyError:
            raise ValueError(f"unknown rank: {code!r}") from None

    @classmethod
    def minimum(cls) -> Rank:
        """The rank from which the portal is open (S4, S6)."""
        return cls.from_code(settings.PORTAL_MIN_RANK)


def validate_time_zone(value: str) -> None:
    """Refuse anything that is not an IANA zone this machine knows."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Choose a time zone from the list."), code="invalid")


def default_time_zone() -> str:
    return settings.DEFAULT_TIME_ZONE


class PortalUserManager(UserManager):
    """Django's manager with the portal's vocabulary."""

    def agents(self) -> models.QuerySet[User]:
        """Active staff who may work on tickets."""
        return self.with_perm("tickets.change_ticket").filter(is_staff=True)


class User(AbstractUser):
    """A member or a member of staff. The rank comes from the member record and nowhere else."""

    member_id = models.CharField(_("Member ID"), max_length=32, unique=True, null=True, blank=True)
    rank = models.PositiveSmallIntegerField(
        _("rank"), choices=Rank.choices, default=Rank.WELLNESS_ADVOCATE
    )
    rank_since = models.DateField(_("rank since"), null=True, blank=True)
    language = models.CharField(
        _("Language"), max_length=8, choices=settings.LANGUAGES, default="en"
    )
    time_zone = models.CharField(
        _("Time zone"), max_length=64, default=default_time_zone, validators=[validate_time_zone]
    )
    works_in = models.JSONField(
        _("works in"), default=list, blank=True, help_text=_("Languages an agent answers in.")
    )
    shut_out_at = models.DateTimeField(null=True, editable=False)  # by a supervisor
    wants_figures = models.BooleanField(_("Weekly figures by email"), default=False)
    figures_sent_on = models.DateField(null=True, editable=False)  # the Monday they were of

    objects = PortalUserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_once",
                violation_error_message=_("A person with this username exists already."),
            ),
            models.CheckConstraint(condition=Q(rank__in=Rank.values), name="user_rank_known"),
            models.CheckConstraint(
                condition=Q(language__in=[code for code, _name in settings.LANGUAGES]),
                name="user_language_known",
            ),
        ]
        indexes = [
            models.Index(Lower("email"), name="user_email_lower"),
            models.Index(
                fields=["first_name", "last_name", "id"],
                condition=Q(is_staff=True),
                name="user_staff",
            ),
            models.Index(fields=["rank", "id"], name="user_rank"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def has_portal_access(self) -> bool:
        """Whether tickets and chat are open to this person: active, and staff or ranked enough."""
        return self.is_active and (self.is_staff or self.rank >= Rank.minimum())

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def zone(self) -> tzinfo:
        """Where the person lives; UTC if this machine no longer knows it."""
        try:
            return zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return UTC

    def set_rank(self, rank: Rank, at: datetime) -> bool:
        """Take over ``rank`` from the member record; return whether it changed. Does not save."""
        if self.rank == rank:
            return False
        self.rank, self.rank_since = rank, at.date()
        return True

    def clean(self) -> None:
        super().clean()
        for name in ("first_name", "last_name"):
            try:
                validate_line(getattr(self, name))
            except ValidationError as error:
                raise ValidationError({name: error}) from None
        self.member_id = self.member_id or None
        self.email = self.email.lower()  # allauth looks addresses up in lower case
