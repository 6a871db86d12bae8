"""A canned reply as a member of a real ticket would read it, before it is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User

from ..forms import ProseField
from ..models import CannedReply, Ticket
from ..models.canned import MAX_LENGTH, validate_placeholders
from ..models.queries import NUMBER
from .canned import values


class ReplyTextField(ProseField):
    """The text of one language: an unknown placeholder is refused by the name of its box."""

    def validate(self, value: str) -> None:
        super().validate(value)
        try:
            validate_placeholders(value)
        except ValidationError as unknown:
            fault = {"language": self.label, "fault": unknown.messages[0]}
            raise ValidationError(_("%(language)s: %(fault)s") % fault, unknown.code) from None


class PreviewForm(forms.Form):
    """The texts as they stand in the editor, and the ticket to fill them with."""

    number = forms.CharField(
        label=gettext_lazy("Ticket number"),
        max_length=30,
        error_messages={"required": gettext_lazy("Enter the number of a ticket.")},
    )

    def __init__(self, *args: Any, agent: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent = agent
        for code, name in settings.LANGUAGES:
            text = ReplyTextField(label=name, max_length=MAX_LENGTH, required=False)
            self.fields[f"text_{code}"] = text

    def clean_number(self) -> Ticket:
        typed = self.cleaned_data["number"]
        number = NUMBER.match(typed)
        rows = Ticket.objects.visible_to(self.agent).select_related("member")
        ticket = rows.filter(pk=int(number[1])).first() if number else None
        if ticket is None:
            raise ValidationError(_("There is no ticket %(number)s.") % {"number": typed})
        return ticket

    def filled(self) -> list[dict[str, str]]:
        """Each language with its text as the member of the ticket would get it."""
        names = [f"text_{code}" for code, _name in settings.LANGUAGES]
        reply = CannedReply(**{name: self.cleaned_data[name] for name in names})
        ticket = self.cleaned_data["number"]
        return [
            {
                "language": code,
                "name": name,
                "text": reply.filled(code, values(ticket, self.agent, code)),
            }
            for code, name in settings.LANGUAGES
        ]


def preview_page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """Show the posted texts filled for the posted ticket; nothing is saved.

    A script asks for the part that it puts into the editor, by ``fragment``.
    """
    form = PreviewForm(request.POST, agent=request.user)
    is_valid = form.is_valid()
    context = {
        **frame,
        "title": _("Preview"),
        "ticket": form.cleaned_data.get("number"),
        "texts": form.filled() if is_valid else [],
        "faults": [fault for faults in form.errors.values() for fault in faults],
    }
    name = "_preview.html" if "fragment" in request.POST else "preview.html"
    template = f"admin/tickets/cannedreply/{name}"
    return TemplateResponse(request, template, context, status=200 if is_valid else 400)
