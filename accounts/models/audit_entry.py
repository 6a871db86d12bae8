"""The audit log: what somebody did or looked at that no other table tells."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """What somebody did or looked at that no other table tells: append-only.

    ``about`` names the thing, such as ``TI-1042``; ``data`` holds details, never text that
    somebody wrote.
    """

    class Action(models.TextChoices):
        SIGN_IN = "sign_in", _("Signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
        DENIED = "denied", _("Access denied")
        PICTURE = "picture", _("Picture opened")
        EXPORT = "export", _("List exported")
        EXPORT_MEMBER = "export_member", _("Data of a member downloaded")
        ERASE_MEMBER = "erase_member", _("Member erased")
        SHUT_OUT = "shut_out", _("Person shut out")
        LET_IN = "let_in", _("Person let in again")
        IMPORT = "import", _("People imported")

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,  # audit_actor begins with it
    )
    action = models.CharField(_("Action"), max_length=20, choices=Action.choices)
    about = models.CharField(_("about"), max_length=100, blank=True)
    data = models.JSONField(default=dict)
    address = models.GenericIPAddressField(_("address"), null=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    action__in=[
                        *("sign_in", "sign_in_failed", "denied", "picture", "export"),
                        *("export_member", "erase_member", "shut_out", "let_in", "import"),
                    ]
                ),
                name="auditentry_action_known",
            )
        ]
        # The search of supervisors walks each of them backwards and stops after a page.
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["action", "at", "id"], name="audit_action"),
            models.Index(fields=["actor", "at", "id"], name="audit_actor"),
            models.Index(fields=["about", "at", "id"], name="audit_about"),
            models.Index(fields=["address", "at", "id"], name="audit_address"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.about} {self.at:%Y-%m-%d %H:%M}"
