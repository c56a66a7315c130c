"""What a dialog stands in: where the terminal has no room for all of it, it scrolls above its line of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import ScrollableContainer

if TYPE_CHECKING:
    from textual.widget import Widget


class DialogBox(ScrollableContainer, can_focus=False):
    """As high as what is in it, as far as there is room; the keys and what has the focus stay in sight."""

    DEFAULT_CSS = """
    DialogBox {
        layout: vertical;
        overflow: hidden auto;
        scrollbar-size-vertical: 1;
        KeyHint, KeyBar { dock: bottom; }
    }
    """

    def __init__(self, classes: str = "") -> None:
        super().__init__(classes=f"dialog-box {classes}".strip())

    def on_descendant_focus(self) -> None:
        # Textual scrolls to it too, but to where it was before a new question was laid out.
        self.call_after_refresh(self._show_focused)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_focused)

    def _show_focused(self) -> None:
        focused: Widget | None = self.screen.focused if self.is_attached else None
        if focused is not None and 0 < focused.region.height <= self.container_size.height and self.max_scroll_y:
            self.screen.scroll_to_widget(focused, animate=False)
