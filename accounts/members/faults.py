"""What may be wrong with a file of the member record, or with a row of it."""

from __future__ import annotations


class FileRefused(Exception):
    """Nothing of the file was taken over; the text says why."""


class RowRefused(Exception):
    """The row cannot be taken over; the text says why."""
