"""The keys of a dialog on its last line, in the colours of the app's own."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label

APART = "   "
_CALLED = {"esc": "escape", "arrows": ""}
"""What Textual calls keys that are written otherwise; empty for what is no single key."""


class KeyHint(Label):
    """`enter choose   esc back`: the first word of each is the key, and a click is the key.

    A note before them stays plain.
    """

    DEFAULT_CSS = "KeyHint { width: 1fr; color: $quiet; }"

    def __init__(self, keys: str = "", note: str = "") -> None:
        super().__init__(_styled(keys, note), classes="dialog-keys")
        self.set_reactive(Widget.auto_links, False)

    def say(self, keys: str, note: str = "") -> None:
        """Other keys work now, or there is something else to say before them."""
        self.update(_styled(keys, note))


def _styled(keys: str, note: str) -> Content:
    told = [Content(note)] if note else []
    return Content(APART).join([*told, *(_key(part) for part in keys.split(APART) if part)])


def _key(part: str) -> Content:
    key, space, does = part.partition(" ")
    told = Content.assemble((key, "bold $footer-key-foreground"), space, does)
    called = _CALLED.get(key, key)
    return told.stylize(f"@click=app.simulate_key('{called}')") if called else told
