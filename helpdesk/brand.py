"""The brand by settings: colours derived so that text stays readable, in light and dark (UX F3)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache

from django.conf import settings

HEX = re.compile(r"#[0-9a-fA-F]{6}")
AA = 4.5  # WCAG 1.4.3, contrast of text
SURFACE = {"light": "#ffffff", "dark": "#1e1826"}
SUNKEN = {"light": "#f4f1f7", "dark": "#282032"}  # the side panel, where links stand too
INK = {"light": "#ffffff", "dark": "#1b0f28"}  # text on a filled button

DEFAULT = ("#5a2d82", "#2f6b4f")
Colour = tuple[int, int, int]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours ``#rrggbb``, 1 to 21 (WCAG 2.2)."""
    brighter, darker = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def readable(colour: str, theme: str) -> str:
    """``colour`` or its nearest step towards black or white that is readable as a link.

    It must stand out from the surface, from the side panel and from its own soft tint.
    """
    towards = "#000000" if theme == "light" else "#ffffff"

    def is_readable(shade: str) -> bool:
        grounds = (SURFACE[theme], SUNKEN[theme], _soft(shade, theme))
        return all(contrast(shade, ground) >= AA for ground in grounds)

    return _first(colour, towards, is_readable)


def stylesheet() -> str:
    """The rules that set the brand's colours and radius; the rest of the look derives from them.

    The default palette is drawn by hand in tokens.css and needs none.
    """
    if (settings.PORTAL_BRAND_PRIMARY, settings.PORTAL_BRAND_ACCENT) == DEFAULT:
        return f"@layer tokens {{ :root {{ --r-field: {settings.PORTAL_BRAND_RADIUS}px; }} }}\n"
    light, dark = _tokens("light"), _tokens("dark")
    return (
        "@layer tokens {\n"
        f"  :root {{ {light} --r-field: {settings.PORTAL_BRAND_RADIUS}px; }}\n"
        f"  @media (prefers-color-scheme: dark) {{"
        f' :root:not([data-theme="light"]) {{ {dark} }} }}\n'
        f'  :root[data-theme="dark"] {{ {dark} }}\n'
        "}\n"
    )


@cache
def digest() -> str:
    """The name under which the stylesheet may be cached for ever."""
    return hashlib.sha256(stylesheet().encode()).hexdigest()[:16]


def _tokens(theme: str) -> str:
    brand = readable(settings.PORTAL_BRAND_PRIMARY, theme)
    leaf = readable(settings.PORTAL_BRAND_ACCENT, theme)
    towards = "#000000" if theme == "light" else "#ffffff"
    ink = max(INK["light"], INK["dark"], key=lambda text: contrast(text, brand))
    return (
        f"--brand: {brand}; --brand-hover: {_mix(brand, towards, 0.24)}; --on-brand: {ink}; "
        f"--brand-soft: {_soft(brand, theme)}; --leaf: {leaf}; --leaf-soft: {_soft(leaf, theme)};"
    )


def _soft(colour: str, theme: str) -> str:
    return _mix(SURFACE[theme], colour, 0.1 if theme == "light" else 0.15)


def _first(colour: str, towards: str, accepts: Callable[[str], bool]) -> str:
    shades = (_mix(colour, towards, step / 50) for step in range(51))
    return next(shade for shade in shades if accepts(shade))


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _rgb(colour: str) -> Colour:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _luminance(colour: Colour) -> float:
    parts = (value / 255 for value in colour)
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
