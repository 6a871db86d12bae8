"""Which questions the admin's addresses may ask."""

from typing import Any

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
