"""Forms of the chat: how it starts, and what is said in it."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.forms import LineField, PostForm, limits

from .text import normalise


def _is_seen(text: str) -> bool:
    """Whether there is anything to see: spaces, joiners, marks of direction alone are nothing."""
    return any(unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp", "Zs"} for char in text)


class SaidField(forms.CharField):
    """Text of the chat, as it will be stored: normalised, nothing stripped (DESIGN §5)."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=settings.MESSAGE_MAX_LENGTH, strip=False, **kwargs)

    def to_python(self, value: Any) -> str:
        return normalise(super().to_python(value))

    def validate(self, value: str) -> None:
        super().validate(value if _is_seen(value) else "")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"lang": "en", "dir": "auto"}  # no maxlength: what is too long is not cut unseen


class ChatForm(forms.Form):
    """The four questions before a chat (S50–S53); what is known is filled in (S55)."""

    name = LineField(
        label=gettext_lazy("What is your name?"),
        help_text=gettext_lazy("Enter your name..."),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
        error_messages={"required": gettext_lazy("Enter your name.")},
    )
    member_id = LineField(
        label=gettext_lazy("Member ID"),
        help_text=gettext_lazy("Enter your member ID..."),
        max_length=32,
        required=False,
    )
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        help_text=gettext_lazy("Enter your email address..."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": gettext_lazy("Enter your email address.")},
    )
    question = SaidField(
        label=gettext_lazy("How can we help?"),
        help_text=gettext_lazy("Enter your question in English."),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Enter your question.")},
    )
    submission_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_submission_id(self) -> uuid.UUID:
        return self.cleaned_data["submission_id"] or uuid.uuid4()


class MessageForm(PostForm):
    """What is said, with pictures sent along or uploaded before; the same for both sides."""

    body = SaidField(label=gettext_lazy("Write a message"), required=False)
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @property
    def max_pictures(self) -> int:
        return settings.SCREENSHOTS_PER_MESSAGE

    def clean_client_id(self) -> uuid.UUID:
        return self.cleaned_data["client_id"] or uuid.uuid4()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_blank = not cleaned.get("body", "x").strip()
        if is_blank and not (self.uploads or self.has_lost_uploads or self.errors):
            self.add_error("body", _("Write a message."))
        return cleaned


class NoteForm(forms.Form):
    """A note for colleagues."""

    body = SaidField(
        label=gettext_lazy("Internal note"),
        error_messages={"required": gettext_lazy("Write a note.")},
    )
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_client_id(self) -> uuid.UUID:
        return self.cleaned_data["client_id"] or uuid.uuid4()


_SWITCH = {"1": True, "on": True, "true": True, "0": False, "off": False, "false": False}


class PresenceForm(forms.Form):
    """How an agent takes chats; what is not posted stays as it is."""

    # The console itself needs one of the sockets that a person may have.
    MOST = settings.SOCKETS_PER_PERSON - 1

    accepting = forms.ChoiceField(choices=[(word, word) for word in _SWITCH], required=False)
    limit = forms.IntegerField(required=False, min_value=1, max_value=MOST)

    @property
    def choice(self) -> dict[str, bool | int]:
        """What was chosen, for ``Presence.choose``."""
        post, chosen = self.cleaned_data, {}
        if post["accepting"]:
            chosen["accepting"] = _SWITCH[post["accepting"]]
        if post["limit"] is not None:
            chosen["limit"] = post["limit"]
        return chosen


def message_limits() -> dict[str, Any]:
    """What the scripts of a composer need to know; the server judges all the same (D5)."""
    return {
        **limits(),
        "max_files": settings.SCREENSHOTS_PER_MESSAGE,
        "max_text": settings.MESSAGE_MAX_LENGTH,
    }
