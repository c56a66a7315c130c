"""The keys that work now, on the last line: as many as fit, the ways out always.

One widget that draws a line, where Textual's Footer mounts two for each key and scrolls when they don't fit.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from rota_tui.widgets.steady import Steady

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import Binding
    from textual.screen import Screen

_ALWAYS = ("back", "help", "help-anywhere", "quit")


class KeyBar(Steady, Widget):
    """Follows the screen's active bindings; a click is the key."""

    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; padding: 0 1; background: $footer-background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.set_reactive(Widget.auto_links, False)
        self._shown: list[Binding] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen or not self.app.screen.is_mounted:
            return  # a mode that was just gone to is asked about actions too, and has no widgets yet
        if self._keys() != self._shown:
            self.refresh()

    def _keys(self) -> list[Binding]:
        """Those that are shown, one for each thing; where `?` is a letter, the other key of help instead."""
        working = [b for _, b, enabled, _ in self.screen.active_bindings.values() if enabled]
        helped = any(b.id == "help" for b in working)
        shown = [b for b in working if b.show or (b.id == "help-anywhere" and not helped)]
        once: dict[tuple[str, str], Binding] = {}
        for binding in shown:
            once.setdefault((binding.action, binding.description), binding)
        return list(once.values())

    def render(self) -> Content:
        shown = self._shown = self._keys()
        ends = [self._key(b) for b in shown if b.id in _ALWAYS]
        right = Content("  ").join(ends)
        room = self.content_region.width - right.cell_length - 2
        left = Content("")
        for key in self._grouped([b for b in shown if b.id not in _ALWAYS]):
            if left.cell_length + key.cell_length <= room:
                left = left + key + Content("  ")
        gap = max(0, self.content_region.width - left.cell_length - right.cell_length)
        return Content("").join([left, Content(" " * gap), right])

    def _grouped(self, bindings: list[Binding]) -> Iterator[Content]:
        """Each with its word; neighbours of one group side by side, with the group's."""
        for group, members in groupby(bindings, key=lambda b: b.group or b):
            *first, last = members
            names = [self.app.get_key_display(binding) for binding in (*first, last)]
            between = Content(" " if any(len(name) > 1 for name in names) else "")
            yield between.join([*(self._key(b, "") for b in first), self._key(last, group.description)])

    def _key(self, binding: Binding, word: str | None = None) -> Content:
        key = Content.styled(self.app.get_key_display(binding), "bold $footer-key-foreground")
        word = binding.description if word is None else word
        described = Content.styled(f" {word}" if word else "", "$footer-description-foreground")
        return (key + described).stylize(f"@click=app.simulate_key('{binding.key}')")
