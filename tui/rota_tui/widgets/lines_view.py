"""A widget that shows lines made for its width, and repaints only when they read differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.widget import Widget

from rota_tui.pieces import plain
from rota_tui.widgets.sight import in_sight
from rota_tui.widgets.steady import Steady
from rota_tui.widgets.tones import Drawn

if TYPE_CHECKING:
    from textual.geometry import Size
    from textual.screen import Screen
    from textual.selection import Selection

    from rota_tui.pieces import Line


class LinesView(Steady, Widget):
    """Subclasses say their lines for a width; `renew` is called when what they are made from has changed."""

    DEFAULT_CSS = "LinesView { height: auto; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(Widget.auto_links, False)
        self._shown: tuple[Line, ...] = ()
        self._drawn: Drawn | None = None
        self._made: tuple[int, tuple[Line, ...]] | None = None
        """Lines that were found to differ, with their width: the repaint they asked for takes them."""

    def lines(self, width: int) -> tuple[Line, ...]:
        """What to show in `width` cells."""
        raise NotImplementedError

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width)) if width else 0

    def render(self) -> Drawn:
        width, made, self._made = self._width(), self._made, None
        self._shown = made[1] if made is not None and made[0] == width else self.lines(width)
        self._drawn = Drawn(self._shown, self._drawn)
        return self._drawn

    def notify_style_update(self) -> None:
        """The theme or a class changed: nothing is drawn as it was."""
        super().notify_style_update()
        self._drawn = None

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        return selection.extract("\n".join(map(plain, self._shown))), "\n"

    def renew(self) -> None:
        """Repaint the lines that read differently, and lay out again only when their number changed."""
        self._made = None
        if not self.is_attached or not in_sight(self, self._seen_again):
            return
        width = self._width()
        lines = self.lines(width)
        if lines == self._shown:
            return
        self._made = width, lines
        if len(lines) != len(self._shown):
            self.refresh(layout=self.styles.is_auto_height)
        else:
            pairs = enumerate(zip(lines, self._shown, strict=True))
            self.refresh(*(Region(0, y, width, 1) for y, (line, shown) in pairs if line != shown))

    def _seen_again(self, _screen: Screen[object]) -> None:
        self.renew()

    def on_resize(self) -> None:
        self.renew()

    def _width(self) -> int:
        # Not `content_region`: for a widget out of sight it has the whole screen laid out.
        return max(0, self.outer_size.width - self.gutter.width) or self.app.size.width
