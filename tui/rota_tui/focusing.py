"""Who had the focus, for when a terminal was too small to show it: Textual takes it from what is hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.widget import Widget


class FocusKeeper:
    """Remembers one widget a screen."""

    def __init__(self) -> None:
        self._had: WeakKeyDictionary[Screen[Any], Widget] = WeakKeyDictionary()

    def note(self, widget: Widget) -> None:
        """It has the focus now, unless it is gone since."""
        if widget.is_attached:
            self._had[widget.screen] = widget

    def lost(self, widget: Widget) -> None:
        """It has the focus no more; when that is because it was hidden, what is still to be seen gets it."""
        if widget.is_attached and widget.screen.focused is None and not widget.is_on_screen:
            widget.screen.focus_next()

    def give_back(self, screen: Screen[Any]) -> None:
        """All of the screen is to be seen again: focus what had the focus, or what stands in its place."""
        if screen.focused is None and (widget := self._had.get(screen)) is not None and widget.is_attached:
            if screen.is_modal or widget.is_on_screen:
                screen.set_focus(widget, scroll_visible=False)
            else:
                screen.focus_next()
