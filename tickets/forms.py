"""Forms of tickets: they keep what was typed and the pictures that were good."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import throttle
from accounts.models import User
from accounts.text import normalise_newlines, validate_line, validate_text

from .images import MAX_BYTES, MEGABYTE, ImageRefused
from .models import Draft, Screenshot, TicketLanguage


class LineField(forms.CharField):
    """One line of plain text."""

    default_validators = [validate_line]


class TitleField(LineField):
    """A title without the language prefix; ``typed_language`` is the one that was typed (S40)."""

    typed_language: TicketLanguage | None = None

    def to_python(self, value: Any) -> str:
        self.typed_language, title = TicketLanguage.split(super().to_python(value))
        return title


class ProseField(forms.CharField):
    """Plain text with line breaks, each counted as one character as browsers do."""

    default_validators = [validate_text]
    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return normalise_newlines(super().to_python(value)).strip()


class PictureInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Any number of files; they are judged one by one when they are stored."""

    widget = PictureInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        return [file for file in data or [] if file]


class PostForm(forms.Form):
    """Text with pictures: files sent along, and uploads made before.

    Every good picture is kept as an upload of ``owner`` even if the form is not valid, and listed
    in ``uploads``. Raises ``TooMany`` and ``ImagesBusy`` from ``is_valid``.
    """

    screenshots = PicturesField(
        label=gettext_lazy("Add a supporting image"),
        required=False,
        widget=PictureInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    submission_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, owner: User, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner, self.at = owner, at
        self.uploads: list[Screenshot] = []
        if self.is_bound:
            self._keep_uploads()

    @property
    def max_pictures(self) -> int:
        return settings.SCREENSHOTS_PER_POST

    def clean_submission_id(self) -> uuid.UUID:
        return self.cleaned_data["submission_id"] or uuid.uuid4()

    def clean(self) -> dict[str, Any]:
        if self.has_lost_uploads:
            self.add_error("screenshots", _("A picture is no longer available. Add it again."))
        files = self.cleaned_data.get("screenshots", [])
        if len(self.uploads) + len(files) > self.max_pictures:
            message = _("Too many files. Largest number: %(n)s.")
            self.add_error("screenshots", message % {"n": self.max_pictures})
            files = files[: max(0, self.max_pictures - len(self.uploads))]
        for file in files:
            self._store(file)
        return self.cleaned_data

    def _keep_uploads(self) -> None:
        """Take the uploads named in the post, without those to be removed."""
        wanted = parse_uuids(self.data.getlist("uploads"))
        removed = parse_uuids(self.data.getlist("remove"))
        Screenshot.objects.uploaded_by(self.owner, removed & wanted).discard()
        wanted -= removed
        self.uploads = list(Screenshot.objects.uploaded_by(self.owner, wanted))
        self.has_lost_uploads = len(self.uploads) < len(wanted)

    def _store(self, file: UploadedFile) -> None:
        throttle.hit("uploads", self.owner.pk)
        try:
            self.uploads.append(Screenshot.objects.upload(self.owner, file, self.at))
        except ImageRefused as refused:
            self.add_error("screenshots", f"{file.name}: {refused.message}")


class TicketForm(PostForm):
    """A new technical issue, in the lettered steps A–D of the guides (S71)."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language of the ticket"),
        choices=TicketLanguage.choices,
        widget=forms.Select(attrs={"data-title-language": ""}),
    )
    title = TitleField(
        label=gettext_lazy("Title"),
        max_length=settings.TITLE_MAX_LENGTH,
        error_messages={"required": gettext_lazy("Enter a title.")},
    )
    description = ProseField(
        label=gettext_lazy("Detailed description of the issue"),
        max_length=settings.TEXT_MAX_LENGTH,
        help_text=gettext_lazy(
            "Describe the steps before the error, what happened and what should have happened."
        ),
        error_messages={
            "required": gettext_lazy("Describe the steps that led to the error."),
        },
    )
    context = forms.BooleanField(
        label=gettext_lazy("Technical details sent with the ticket"), required=False
    )
    viewport = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    field_order = ["language", "title", "description", "screenshots", "context"]

    def __init__(self, *args: Any, user_agent: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user_agent = user_agent

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if typed := self.fields["title"].typed_language:
            cleaned["language"] = typed.value
        return cleaned

    @property
    def technical_details(self) -> str:
        """What the browser tells about itself, if the member agreed."""
        if not self.cleaned_data.get("context"):
            return ""
        details = [self.user_agent, self.cleaned_data.get("viewport", "")]
        printable = "".join(
            char for char in " · ".join(filter(None, details)) if char.isprintable()
        )
        return printable[:400]


class DraftForm(forms.ModelForm):
    """What is saved while a member types: nothing is required, nothing is judged but storable."""

    title = LineField(required=False, max_length=200)
    description = ProseField(required=False, max_length=2 * settings.TEXT_MAX_LENGTH)

    class Meta:
        model = Draft
        fields = ["language", "title", "description"]


class ReplyForm(PostForm):
    body = ProseField(
        label=gettext_lazy("Your reply"),
        max_length=settings.TEXT_MAX_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order = ["body", "screenshots"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "body" in cleaned and (fault := self.fault_of(cleaned["body"])):
            self.add_error("body", fault)
        return cleaned

    def fault_of(self, body: str) -> str:
        """What to say of a text that is there or missing; empty if it is as it should be."""
        return "" if body or self.uploads else _("Write a reply.")


class ReopenForm(forms.Form):
    reason = ProseField(
        label=gettext_lazy("Why do you reopen the issue?"),
        max_length=settings.TEXT_MAX_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    submission_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_submission_id(self) -> uuid.UUID:
        return self.cleaned_data["submission_id"] or uuid.uuid4()


class DeskForm(ReplyForm):
    """An agent's answer. The button pressed says what becomes of it.

    ``mode`` is the tab the text was written under, if any: a note must not be sent as a reply by
    mistake, nor the other way round. ``close`` takes no text, so that none is lost with it.
    """

    ACTIONS = ("reply", "ask", "finish", "note", "close")
    mode = forms.ChoiceField(choices=[("reply", "reply"), ("note", "note")], required=False)
    action = forms.ChoiceField(choices=[(action, action) for action in ACTIONS])
    field_order = ["body", "screenshots", "mode", "action"]

    @property
    def is_note(self) -> bool:
        """Whether the text is meant for colleagues; in doubt it is."""
        return "note" in (self["mode"].value(), self["action"].value())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        mode, action = cleaned.get("mode"), cleaned.get("action")
        if mode and action != "close" and (mode == "note") != (action == "note"):
            message = _("Nothing was sent: the button is for the other kind of text. Choose again.")
            self.add_error(None, message)
        return cleaned

    def fault_of(self, body: str) -> str:
        action = self.cleaned_data.get("action")
        if action == "close" and body:
            return _("The text is not sent yet. Send it first or empty the box.")
        if action == "close":
            return _("The files are not sent yet. Send or remove them.") if self.uploads else ""
        if action == "note" and not (body or self.uploads):
            return _("Write a note.")
        return super().fault_of(body)


class AssignForm(forms.Form):
    assignee = forms.ModelChoiceField(
        label=pgettext_lazy("desk", "Handled by"),
        queryset=get_user_model().objects.none(),
        required=False,
        empty_label=gettext_lazy("Unassigned"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = get_user_model().objects.agents()


def limits() -> dict[str, Any]:
    """What the scripts of a form need to know; the server judges all the same (D5)."""
    return {
        "max_files": settings.SCREENSHOTS_PER_POST,
        "max_bytes": MAX_BYTES,
        "max_size": f"{MAX_BYTES // MEGABYTE}\u00a0MB",
        "max_title": settings.TITLE_MAX_LENGTH,
        "max_text": settings.TEXT_MAX_LENGTH,
        "types": "PNG, JPEG, WebP",
        "accept": "image/jpeg,image/png,image/webp",
    }


def parse_uuids(values: list[str]) -> set[uuid.UUID]:
    """The well-formed UUIDs among ``values``; at most a hundred are looked at."""
    found = set()
    for value in values[:100]:
        try:
            found.add(uuid.UUID(value))
        except ValueError:
            continue
    return found
