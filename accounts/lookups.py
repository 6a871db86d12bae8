"""What all lists of the admin share: which questions an address may ask, and who may change."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Choices, Model, QuerySet
from django.http import HttpRequest


class FiltersOnly:
    """Lets a list be filtered by its own filters; any other lookup in the address is refused.

    Django allows every lookup on the model's own columns: regular expressions over all texts,
    casts that fail, guesses at what is stored.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        own = {
            f"{entry}__exact" if isinstance(entry, str) else entry.parameter_name
            for entry in self.list_filter
        }
        return lookup in own and "\0" not in str(value)


class ReadOnly:
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ChoicesFilter(admin.SimpleListFilter):
    """Rows whose column ``parameter_name`` holds one of ``kinds``; other values filter nothing."""

    kinds: ClassVar[type[Choices]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return self.kinds.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in self.kinds.values:
            return queryset
        return queryset.filter(**{self.parameter_name: self.value()})
