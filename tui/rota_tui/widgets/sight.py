"""Who is in a mode that is not shown does nothing, and catches up when it is shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen
    from textual.widget import Widget


def in_sight(widget: Widget, catch_up: Callable[[Screen[object]], None]) -> bool:
    """Whether a widget's screen is shown; `catch_up` is called when it is again, with the screen shown."""
    if not widget.is_running or widget.screen.is_current:
        return True
    signal = widget.app.screen_change_signal
    signal.unsubscribe(widget)  # or each tick out of sight would add another call to the catching up
    signal.subscribe(widget, catch_up)
    return False
