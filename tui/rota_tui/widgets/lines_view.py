"""A widget that shows lines made for its width, and repaints only when they read differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from rota_tui.widgets.sight import in_sight
from rota_tui.widgets.tones import stacked

if TYPE_CHECKING:
    from textual.content import Content
    from textual.geometry import Size
    from textual.screen import Screen

    from rota_tui.pieces import Line


class LinesView(Widget):
    """Subclasses say their lines for a width; `renew` is called when what they are made from has changed."""

    DEFAULT_CSS = "LinesView { height: auto; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Line, ...] = ()

    def lines(self, width: int) -> tuple[Line, ...]:
        """What to show in `width` cells."""
        raise NotImplementedError

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width)) if width else 0

    def render(self) -> Content:
        self._shown = self.lines(self._width())
        return stacked(self._shown)

    def renew(self) -> None:
        """Repaint when the lines read differently, and lay out again only when their number changed."""
        if not self.is_attached or not in_sight(self, self._seen_again):
            return
        lines = self.lines(self._width())
        if lines != self._shown:
            self.refresh(layout=len(lines) != len(self._shown) and self.styles.is_auto_height)

    def _seen_again(self, _screen: Screen[object]) -> None:
        self.renew()

    def on_resize(self) -> None:
        self.renew()

    def _width(self) -> int:
        # Not `content_region`: for a widget out of sight it has the whole screen laid out.
        return max(0, self.outer_size.width - self.gutter.width) or self.app.size.width
