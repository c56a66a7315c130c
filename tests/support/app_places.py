"""Every screen and dialog of the app, by the keys that lead there where there is an account."""

from __future__ import annotations

PLACES = {
    "accounts": ("1",),
    "chat": ("2",),
    "chat, beside the line": ("2", "escape"),
    "activity": ("3",),
    "models": ("4",),
    "settings": ("5",),
    "add an account": ("1", "a"),
    "import": ("1", "m"),
    "remove": ("1", "d"),
    "label": ("1", "l"),
    "choose a model": ("2", "ctrl+o"),
    "choose an account": ("2", "ctrl+t"),
    "attach": ("2", "ctrl+g"),
    "themes": ("5", "t"),
    "keys": ("5", "m"),
    "a strategy": ("5", "slash", *"pool.strategy", "enter", "enter"),
    "a value": ("5", "slash", *"retry_cap", "enter", "enter"),
    "a chain": ("5", "slash", *"fallback_models.puter", "enter", "enter"),
    "names": ("5", "slash", *"aliases", "enter", "enter"),
    "a confirmation": ("5", "slash", *"route_sub", "enter", "enter"),
}
