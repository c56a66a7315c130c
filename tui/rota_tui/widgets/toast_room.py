"""Room for what is said in the corner: it stands over nothing that is typed or read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets._toast import Toast, ToastRack

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.widget import Widget


def make_room(screen: Screen[None], *, gives: Widget, clear: Widget) -> None:
    """Let toasts stand above `clear`, in lines that `gives`, right above it, is shorter by for so long."""
    rack = next((child for child in screen.children if isinstance(child, ToastRack)), None)
    if rack is None:
        return  # nothing is said in the corner, as in pictures

    def place(_: Screen[object]) -> None:
        if clear.region:
            rack.styles.margin = (0, 0, screen.size.height - clear.region.y, 0)
            rows = sum(toast.outer_size.height for toast in rack.query(Toast)) if rack.display else 0
            gives.styles.margin = (0, 0, rows, 0)

    screen.screen_layout_refresh_signal.subscribe(clear, place)
