"""The wish of a person to be forgotten, until a supervisor has fulfilled it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from .user import User


class ErasureRequestQuerySet(models.QuerySet):
    def file(self, person: User, at: datetime) -> ErasureRequest:
        """Note that ``person`` asks for erasure; asking twice keeps the first date."""
        request, _is_new = self.get_or_create(person=person, defaults={"requested_at": at})
        return request

    def withdraw(self, person: User) -> None:
        self.filter(person=person).delete()


class ErasureRequest(models.Model):
    """One for each person who asks. It goes with the erasure; the audit log tells of that."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="erasure_request",
        verbose_name=_("person"),
    )
    requested_at = models.DateTimeField(_("asked on"))

    objects = ErasureRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request for erasure")
        verbose_name_plural = _("requests for erasure")
        ordering = ["requested_at", "pk"]
        default_permissions = ["view"]
        permissions = [
            ("export_member", "Can download everything about a member"),
            ("erase_member", "Can erase a member"),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.requested_at:%Y-%m-%d}"

    @property
    def due_at(self) -> datetime:
        """Until when the law wants an answer (GDPR, Article 12(3))."""
        return self.requested_at + timedelta(days=settings.ERASURE_DAYS)
