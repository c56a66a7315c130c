"""rota's own colours: a dark, a light and a high-contrast theme, and the variables they add to Textual's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.color import Color
from textual.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterable

DARK = Theme(
    name="rota-dark",
    primary="#6fc3b2",
    secondary="#5d8fb5",
    accent="#6fc3b2",
    success="#7dbb8b",
    warning="#dfb164",
    error="#e2798a",
    foreground="#ccd2dc",
    background="#11141a",
    surface="#161a21",
    panel="#1d222b",
    dark=True,
    variables={
        "quota-ok": "#7dbb8b",
        "quota-low": "#dfb164",
        "quota-spent": "#e2798a",
        "cooling": "#79b0e6",
        "active": "#6fc3b2",
        "quiet": "#798391",
        "rule": "#2a313c",
        "block-cursor-background": "#232b36",
        "block-cursor-foreground": "#eef1f5",
        "block-cursor-blurred-background": "#1b2129",
        "block-cursor-blurred-foreground": "#ccd2dc",
        "row-cursor": "#232b36",
        "row-cursor-text": "#eef1f5",
        "row-cursor-blurred": "#1b2129",
        "footer-background": "#11141a",
        "footer-key-foreground": "#6fc3b2",
        "footer-description-foreground": "#8a94a3",
        "border": "#6fc3b2",
        "border-blurred": "#2a313c",
        "scrollbar": "#2a313c",
        "scrollbar-background": "#161a21",
    },
)

LIGHT = Theme(
    name="rota-light",
    primary="#0f766a",
    secondary="#3f6f96",
    accent="#0f766a",
    success="#2b7646",
    warning="#925e00",
    error="#b8324a",
    foreground="#2b313b",
    background="#f6f5f1",
    surface="#fcfbf8",
    panel="#eceae4",
    dark=False,
    variables={
        "quota-ok": "#2b7646",
        "quota-low": "#925e00",
        "quota-spent": "#b8324a",
        "cooling": "#1f66ad",
        "active": "#0f766a",
        "quiet": "#69707c",
        "rule": "#d9d6ce",
        "block-cursor-background": "#e3ebe6",
        "block-cursor-foreground": "#12161c",
        "block-cursor-blurred-background": "#efeee9",
        "block-cursor-blurred-foreground": "#2b313b",
        "row-cursor": "#e3ebe6",
        "row-cursor-text": "#12161c",
        "row-cursor-blurred": "#efeee9",
        "footer-background": "#f6f5f1",
        "footer-key-foreground": "#0f766a",
        "footer-description-foreground": "#5d6470",
        "border": "#0f766a",
        "border-blurred": "#d9d6ce",
        "scrollbar": "#d0cdc4",
        "scrollbar-background": "#fcfbf8",
    },
)

CONTRAST = Theme(
    name="rota-contrast",
    primary="#00ffff",
    secondary="#ffffff",
    accent="#00ffff",
    success="#00ff66",
    warning="#ffd700",
    error="#ff8a8a",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1a1a1a",
    dark=True,
    text_alpha=1.0,
    variables={
        "quota-ok": "#00ff66",
        "quota-low": "#ffd700",
        "quota-spent": "#ff8a8a",
        "cooling": "#7fc8ff",
        "active": "#00ffff",
        "quiet": "#d0d0d0",
        "rule": "#ffffff",
        "block-cursor-background": "#003f4a",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#2a2a2a",
        "block-cursor-blurred-foreground": "#ffffff",
        "row-cursor": "#003f4a",
        "row-cursor-text": "#ffffff",
        "row-cursor-blurred": "#2a2a2a",
        "footer-background": "#000000",
        "footer-key-foreground": "#00ffff",
        "footer-description-foreground": "#ffffff",
        "border": "#00ffff",
        "border-blurred": "#ffffff",
        "scrollbar": "#ffffff",
        "scrollbar-background": "#000000",
    },
)

THEMES = (DARK, LIGHT, CONTRAST)


def names() -> list[str]:
    """Every theme there is: rota's own, then Textual's."""
    from textual.theme import BUILTIN_THEMES  # the first frame needs none of them

    return [*(theme.name for theme in THEMES), *sorted(BUILTIN_THEMES)]


READABLE = 4.5
"""The least contrast of text to what is behind it (WCAG 2, level AA)."""
STANDING_BACK = 0.85
"""Quiet text has at most so much of the contrast of the theme's own; where that has little, both would be one."""


def variable_defaults(theme: Theme) -> dict[str, str]:
    """rota's variables for a theme that does not know them: its own colours, moved until they can be read as text."""
    foreground = theme.foreground or ("#e0e0e0" if theme.dark else "#202020")
    background = theme.background or ("#121212" if theme.dark else "#efefef")
    surface = theme.surface or ("#1e1e1e" if theme.dark else "#f5f5f5")

    def mixed(colour: str, share: float) -> str:
        """So much of a colour on the background; as text, one with an alpha would not be mixed."""
        return Color.parse(background).blend(Color.parse(colour), share).hex

    # Calm enough for every tone on it: a theme's own cursor is made for text of one colour.
    cursor, blurred = mixed(theme.primary, 0.16), mixed(foreground, 0.08)
    plain, all_of_them = (background, surface), (background, surface, cursor, blurred)

    def tone(colour: str | None) -> str:
        """A colour of the theme, towards black or white until it can be read on all that is behind a tone."""
        start, end = Color.parse(colour or theme.primary), Color.parse("#ffffff" if theme.dark else "#000000")
        if start.ansi is not None:  # the terminal's own
            return colour or theme.primary
        steps = (start.blend(end, step / 50) for step in range(51))
        return next((each.hex for each in steps if _least(each, all_of_them) >= READABLE), end.hex)

    wanted = min(READABLE, STANDING_BACK * _least(Color.parse(foreground), plain))
    quiet = (mixed(foreground, share / 100) for share in range(60, 100))
    return {
        "quota-ok": tone(theme.success),
        "quota-low": tone(theme.warning),
        "quota-spent": tone(theme.error),
        "cooling": tone(theme.secondary),
        "active": tone(theme.accent),
        "quiet": next((each for each in quiet if _least(Color.parse(each), plain) >= wanted), foreground),
        "rule": mixed(foreground, 0.2),
        "row-cursor": cursor,
        "row-cursor-text": foreground,
        "row-cursor-blurred": blurred,
    }


def _least(colour: Color, grounds: Iterable[str]) -> float:
    return min(contrast(colour, Color.parse(ground)) for ground in grounds)


def contrast(one: Color, other: Color) -> float:
    """The ratio of two colours' light, 1 to 21, as WCAG 2 reckons it."""
    dark, light = sorted((_light(one), _light(other)))
    return (light + 0.05) / (dark + 0.05)


def _light(colour: Color) -> float:
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
