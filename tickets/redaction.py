"""The form that blacks out: rectangles as numbers, which a script may draw and anybody may type."""

from __future__ import annotations

import json
import math
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .models.screenshot import Box

MAX_BOXES = 50
MAX_JSON = 16 * 1024  # characters
SIDES = ("x", "y", "w", "h")
WHOLE = 100.0  # per cent


class RedactForm(forms.Form):
    """Rectangles in per cent of the picture, from ``boxes`` (JSON) and rows of ``x, y, w, h``.

    What lies outside the picture is cut off. ``rows`` are the typed numbers, kept as typed.
    """

    boxes = forms.CharField(required=False, max_length=MAX_JSON, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = self._typed_rows() if self.is_bound else []

    def clean_boxes(self) -> list[list[Any]]:
        try:
            drawn = json.loads(self.cleaned_data["boxes"] or "[]")
        except (ValueError, RecursionError):
            raise _unreadable() from None
        if not isinstance(drawn, list) or not all(isinstance(box, list) for box in drawn):
            raise _unreadable()
        return drawn

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        typed = [row for row in self.rows if any(row)]
        boxes = [*cleaned.get("boxes", []), *typed]
        if self.errors:
            return cleaned
        if not boxes:
            raise ValidationError(_("Mark at least one place in the picture."))
        if len(boxes) > MAX_BOXES:
            raise ValidationError(
                _("Too many rectangles. Largest number: %(n)s.") % {"n": MAX_BOXES}
            )
        cleaned["boxes"] = [_box(box) for box in boxes]
        return cleaned

    def _typed_rows(self) -> list[tuple[str, ...]]:
        """Row by row; a list that is too short is filled up with nothing."""
        columns = [[value.strip()[:20] for value in self.data.getlist(side)] for side in SIDES]
        count = min(max(map(len, columns)), MAX_BOXES + 1)
        filled = [[*column, *[""] * count] for column in columns]
        return [tuple(column[index] for column in filled) for index in range(count)]


def _box(values: list[Any] | tuple[str, ...]) -> Box:
    """Cut the rectangle to the picture; raises ``ValidationError`` if nothing is left."""
    if len(values) != len(SIDES):
        raise _unreadable()
    left, top, width, height = map(_number, values)
    right, bottom = min(left + width, WHOLE), min(top + height, WHOLE)
    left, top = max(left, 0.0), max(top, 0.0)
    if right <= left or bottom <= top:
        raise ValidationError(_("A rectangle lies outside the picture or has no size."))
    return left, top, right - left, bottom - top


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _unreadable()
    try:
        number = float(value.replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise _unreadable() from None
    if not math.isfinite(number):
        raise _unreadable()
    return number


def _unreadable() -> ValidationError:
    return ValidationError(_("Give every rectangle four numbers from 0 to 100."))
