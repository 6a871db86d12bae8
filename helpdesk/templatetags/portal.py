"""Small words of the templates."""

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """The icon ``name`` of the sprite; always decoration, never the only word."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f"icon {classes}".strip(),
        staticfiles_storage.url("icons.svg"),
        name,
    )


@register.filter
def filesize_short(size: int) -> str:
    """``size`` in bytes as *412 kB* or *1.2 MB*, in the reader's number format."""
    if size < 1_000_000:
        return f"{number_format(max(1, round(size / 1000)))}\u00a0kB"
    return f"{number_format(size / 1_000_000, decimal_pos=1)}\u00a0MB"


_BROWSERS = {
    "Firefox": "Firefox",
    "Edg": "Edge",
    "OPR": "Opera",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


@register.filter
def user_agent_short(agent: str) -> str:
    """A browser's long introduction as *Firefox, Windows*; unknown ones cut short."""
    found = [
        next((name for sign, name in signs.items() if sign in agent), "")
        for signs in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(filter(None, found)) or agent[:40]
