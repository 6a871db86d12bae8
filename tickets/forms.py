"""Forms of tickets: they keep what was typed and the pictures that were good."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import throttle
from accounts.models import User
from accounts.text import normalise_newlines, validate_line, validate_text

from .images import MAX_BYTES, MEGABYTE, ImageRefused
from .models import Draft, Question, Screenshot, Ticket, TicketLanguage

MODES = [("reply", "reply"), ("note", "note")]  # the tabs of an agent's answer
MOST_STRAYS = 20  # answers to questions that are not open, as an old page may hold


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


class TextsInput(forms.Textarea):
    """Several boxes of one name; the template draws them."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name)


class QuestionsField(forms.Field):
    """Questions to the member in the order of their boxes; empty boxes do not count."""

    widget = TextsInput

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.prose = ProseField(required=False, max_length=max_length)

    def clean(self, value: list[str] | None) -> list[str]:
        texts, faults = [], []
        for text in filled(value):
            try:
                texts.append(self.prose.clean(text))
            except forms.ValidationError as refused:
                where = _("Question %(n)s") % {"n": len(texts) + len(faults) + 1}
                faults.append(f"{where}: {' '.join(refused.messages)}")
        if len(texts) + len(faults) > settings.QUESTIONS_PER_REPLY:
            message = _("Too many questions. Largest number: %(n)s.")
            faults.append(message % {"n": settings.QUESTIONS_PER_REPLY})
        if faults:
            raise forms.ValidationError(faults)
        return texts


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
    in ``uploads``. ``sent_before`` are those that went with the same post already: a double click
    or a retry. Raises ``TooMany`` and ``ImagesBusy`` from ``is_valid``.
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
        self.sent_before: list[Screenshot] = []
        self._wanted = 0
        if self.is_bound:
            self._keep_uploads()

    @property
    def max_pictures(self) -> int:
        return settings.SCREENSHOTS_PER_POST

    @property
    def has_pictures(self) -> bool:
        return bool(self.uploads or self.sent_before)

    @property
    def has_lost_uploads(self) -> bool:
        return len(self.uploads) + len(self.sent_before) < self._wanted

    def clean_submission_id(self) -> uuid.UUID:
        return self.cleaned_data["submission_id"] or uuid.uuid4()

    def clean(self) -> dict[str, Any]:
        self.sent_before = [shot for shot in self.sent_before if self._went_with(shot)]
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
        self._wanted = len(wanted)
        if missing := wanted - {shot.uuid for shot in self.uploads}:
            posted = parse_uuids(self.data.getlist("submission_id"))
            sent = Screenshot.objects.sent_with(self.owner, posted).filter(uuid__in=missing)
            self.sent_before = list(sent.select_related("ticket", "reply"))

    def _went_with(self, shot: Screenshot) -> bool:
        """Whether ``shot`` was sent with this very text; another text is another post."""
        if shot.reply:
            return shot.reply.body == self.cleaned_data.get("body")
        return shot.ticket.description == self.cleaned_data.get("description")

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
    """A reply, with a box of its own for each of ``questions``.

    A posted text whose question is not among them gets a box too, so that no text is ever lost.
    """

    ANSWER = re.compile(r"answer-([1-9][0-9]{0,17})")
    body = ProseField(
        label=gettext_lazy("Your reply"),
        max_length=settings.TEXT_MAX_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order = ["body", "screenshots"]

    def __init__(self, *args: Any, questions: Iterable[Question] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._questions = {question.pk: question for question in questions}
        boxes = [pk for pk, question in self._questions.items() if not question.answered_in_id]
        if self.is_bound:
            boxes += self.answered(self.data)
        self._boxes = {pk: f"answer-{pk}" for pk in boxes}
        for name in self._boxes.values():
            self.fields[name] = ProseField(max_length=settings.TEXT_MAX_LENGTH, required=False)
        self.order_fields([*self._boxes.values(), *self.field_order])

    @classmethod
    def answered(cls, data: QueryDict) -> list[int]:
        """The ids of the questions whose boxes hold something in ``data``."""
        names = filter(None, map(cls.ANSWER.fullmatch, data))
        return [int(name[1]) for name in names if (data.get(name[0]) or "").strip()]

    @property
    def boxes(self) -> list[tuple[forms.BoundField, Question | None]]:
        """The box of each answer, and its question if that is known."""
        return [(self[name], self._questions.get(pk)) for pk, name in self._boxes.items()]

    def said_in(self, ticket: Ticket | None) -> tuple[str, dict[int, str]]:
        """The words and the answers by question for ``ticket``.

        An answer to a question of another ticket belongs to the words, below its question.
        """
        words, answers = [], {}
        for pk, name in self._boxes.items():
            text, question = self._written(name), self._questions.get(pk)
            if text and question and question.reply.ticket_id != (ticket and ticket.pk):
                words.append(f"{question.text}\n{text}")
            elif text and ticket:
                answers[pk] = text
            elif text:
                words.append(text)
        return "\n\n".join(filter(None, [*words, self._written("body")])), answers

    def fits(self, ticket: Ticket) -> bool:
        """Whether what becomes the text of a reply to ``ticket`` is short enough; else an error."""
        words, answers = self.said_in(ticket)
        late = [text for pk, text in answers.items() if not self._is_open(pk)]
        try:
            MaxLengthValidator(settings.TEXT_MAX_LENGTH)("\n\n".join(filter(None, [*late, words])))
        except forms.ValidationError as refused:
            self.add_error("body", refused)
        return self.is_valid()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if sum(not self._is_open(pk) for pk in self._boxes) > MOST_STRAYS:
            self.add_error(None, _("Too many answers to questions that are not open."))
        if "body" in cleaned and (fault := self.fault_of(cleaned["body"])):
            self.add_error(next(iter(self._boxes.values()), "body"), fault)
        return cleaned

    def fault_of(self, body: str) -> str:
        """What to say of a text that is there or missing; empty if it is as it should be."""
        answered = [name in self.errors or self._written(name) for name in self._boxes.values()]
        if body or self.has_pictures or any(answered):
            return ""
        return _("Answer a question or write a reply.") if answered else _("Write a reply.")

    def _is_open(self, pk: int) -> bool:
        question = self._questions.get(pk)
        return bool(question and not question.answered_in_id)

    def _written(self, name: str) -> str:
        return self.cleaned_data.get(name, "")


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


class AffectsForm(forms.Form):
    """What happens at the member's during a known incident; every field may be empty."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language of the ticket"),
        choices=TicketLanguage.choices,
        required=False,
    )
    description = ProseField(
        label=gettext_lazy("What happens on your side?"),
        max_length=settings.TEXT_MAX_LENGTH,
        required=False,
    )
    submission_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_submission_id(self) -> uuid.UUID:
        return self.cleaned_data["submission_id"] or uuid.uuid4()


class DeskForm(ReplyForm):
    """An agent's answer. The button pressed says what becomes of it.

    ``mode`` is the tab the text was written under, if any: a note must not be sent as a reply by
    mistake, nor the other way round. ``close`` takes no text, so that none is lost with it, and
    ``questions`` go with ``ask`` alone.
    """

    ACTIONS = ("reply", "ask", "finish", "note", "close")
    mode = forms.ChoiceField(choices=MODES, required=False)
    questions = QuestionsField(max_length=settings.QUESTION_MAX_LENGTH)
    action = forms.ChoiceField(choices=[(action, action) for action in ACTIONS])
    field_order = ["body", "questions", "screenshots", "mode", "action"]

    @property
    def is_note(self) -> bool:
        """Whether the text is meant for colleagues; in doubt it is."""
        return "note" in (self["mode"].value(), self["action"].value())

    @property
    def question_boxes(self) -> list[str]:
        """What stands in the boxes: everything that was typed, and empty ones up to the limit."""
        typed = filled(self["questions"].value())
        return typed + [""] * (settings.QUESTIONS_PER_REPLY - len(typed))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        mode, action = cleaned.get("mode"), cleaned.get("action")
        if mode and action != "close" and (mode == "note") != (action == "note"):
            message = _("Nothing was sent: the button is for the other kind of text. Choose again.")
            self.add_error(None, message)
        elif action != "ask" and cleaned.get("questions"):
            self.add_error(
                "questions",
                _(
                    "Questions go only with “Send and wait for feedback”. Choose this button, or "
                    "empty the question boxes."
                ),
            )
        return cleaned

    def fault_of(self, body: str) -> str:
        action = self.cleaned_data.get("action")
        if action == "close" and body:
            return _("The text is not sent yet. Send it first or empty the box.")
        if action == "close":
            return _("The files are not sent yet. Send or remove them.") if self.uploads else ""
        if action == "note" and not (body or self.has_pictures):
            return _("Write a note.")
        if action == "ask" and filled(self["questions"].value()):
            return ""
        return super().fault_of(body)


class AnswerDraftForm(forms.Form):
    """What is kept while an agent types: nothing is judged but whether it can be stored."""

    mode = forms.ChoiceField(choices=MODES, required=False)
    body = ProseField(required=False, max_length=2 * settings.TEXT_MAX_LENGTH)
    questions = QuestionsField(max_length=2 * settings.QUESTION_MAX_LENGTH)

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or "reply"


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


def filled(texts: list[str] | None) -> list[str]:
    """Those of ``texts`` that are more than space."""
    return [text for text in texts or [] if text.strip()]


def parse_uuids(values: list[str]) -> set[uuid.UUID]:
    """The well-formed UUIDs among ``values``; at most a hundred are looked at."""
    found = set()
    for value in values[:100]:
        try:
            found.add(uuid.UUID(value))
        except ValueError:
            continue
    return found
