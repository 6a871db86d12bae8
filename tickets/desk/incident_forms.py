"""What a supervisor writes about a known incident: in every language, or numbers of tickets."""

from __future__ import annotations

import re
import uuid
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..forms import ProseField
from ..models.notice import TEXT_LENGTH, is_written
from ..models.queries import NUMBER

MOST_NUMBERS = 200  # tickets of one post
_SPACED = re.compile(r"\bTI\s*[-–]\s*|#\s*", re.IGNORECASE)


class TypedNumber(NamedTuple):
    """What was typed, and the number that it means, if it means one."""

    typed: str
    number: int | None


class LinkForm(forms.Form):
    """Numbers of tickets as they come from anywhere: with commas, spaces or line by line."""

    numbers = ProseField(
        label=gettext_lazy("Numbers of the tickets"),
        max_length=5_000,
        help_text=gettext_lazy("For example: TI-1042, 1043"),
        error_messages={"required": gettext_lazy("Enter the number of a ticket.")},
        widget=forms.Textarea({"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_numbers(self) -> list[TypedNumber]:
        named = re.split(r"[\s,;]+", _SPACED.sub("TI-", self.cleaned_data["numbers"]))
        typed = list(dict.fromkeys(filter(None, named)))
        if not typed:
            raise ValidationError(self.fields["numbers"].error_messages["required"])
        if len(typed) > MOST_NUMBERS:
            raise ValidationError(_("Enter %(n)s numbers at most.") % {"n": MOST_NUMBERS})
        found = [(text, NUMBER.match(text)) for text in typed]
        return [TypedNumber(text, int(number[1]) if number else None) for text, number in found]


class WrittenField(ProseField):
    """Prose that can be seen: what has no visible character is as good as empty."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return text if is_written(text) else ""


class TextsForm(forms.Form):
    """A text in every language of the portal."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in settings.LANGUAGES:
            missing = _("%(language)s: write the text.") % {"language": name}
            self.fields[f"text_{code}"] = WrittenField(
                label=name,
                max_length=TEXT_LENGTH,
                error_messages={"required": missing},
                widget=forms.Textarea({"rows": 6, "lang": code, "dir": "auto"}),
            )

    @property
    def texts(self) -> dict[str, str]:
        """What was written, by language."""
        return {code: self.cleaned_data[f"text_{code}"] for code, _name in settings.LANGUAGES}

    @property
    def boxes(self) -> list[forms.BoundField]:
        return [self[f"text_{code}"] for code, _name in settings.LANGUAGES]


class AnswerForm(TextsForm):
    submission_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_submission_id(self) -> uuid.UUID:
        return self.cleaned_data["submission_id"] or uuid.uuid4()


class EndForm(TextsForm):
    closes = forms.BooleanField(label=gettext_lazy("Close the linked tickets"), required=False)
