"""A widget that shows lines made for its width, and repaints only when they read differently."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from rota_tui.pieces import plain, width_of
from rota_tui.widgets.sight import in_sight
from rota_tui.widgets.steady import Unframed
from rota_tui.widgets.tones import STYLES, stacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.content import Content
    from textual.filter import LineFilter
    from textual.geometry import Size
    from textual.screen import Screen
    from textual.selection import Selection
    from textual.style import Style

    from rota_tui.pieces import Line, Tone


class LinesView(Unframed, Widget):
    """Subclasses say their lines for a width; `renew` is called when what they are made from has changed."""

    DEFAULT_CSS = "LinesView { height: auto; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(Widget.auto_links, False)
        self._shown: tuple[Line, ...] = ()
        self._for: int | None = None
        """The width that they were made for; none when they are to be made anew."""
        self._tones: dict[Tone, Style] = {}
        """Styles are looked up once a theme."""

    def lines(self, width: int) -> tuple[Line, ...]:
        """What to show in `width` cells, each line cut to it."""
        raise NotImplementedError

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width)) if width else 0

    def renew(self) -> None:
        """Repaint the lines that read differently, and lay out again only when their number changed."""
        if not self.is_attached or not in_sight(self, self._seen_again):
            return
        width = self._width()
        lines, shown = self.lines(width), self._shown
        if lines == shown and width == self._for:
            return
        if len(lines) != len(shown) or width != self._for:
            self.refresh(layout=len(lines) != len(shown) and self.styles.is_auto_height)
        else:
            pairs = enumerate(zip(lines, shown, strict=True))
            self.refresh(*(Region(0, y, width, 1) for y, (line, before) in pairs if line != before))
        self._shown, self._for = lines, width

    def _seen_again(self, _screen: Screen[object]) -> None:
        self.renew()

    def on_resize(self) -> None:
        self.renew()

    def _width(self) -> int:
        # Not `content_region`: for a widget out of sight it has the whole screen laid out.
        return max(0, self.outer_size.width - self.styles.gutter.width) or self.app.size.width

    # --- drawing ------------------------------------------------------------------------------------------

    def drawn(self, crop: Region, filters: Sequence[LineFilter]) -> list[Strip]:
        if self._for != (width := self._width()):
            self._shown, self._for = self.lines(width), width
        return super().drawn(crop, filters)

    def render_line(self, y: int) -> Strip:
        if self.text_selection is not None:
            return Widget.render_line(self, y).adjust_cell_length(self._width(), self.blank)
        segments, x = [], 0
        line = self._shown[y] if y < len(self._shown) else ()
        for tone, pieces in groupby(line, key=attrgetter("tone")):
            if text := "".join(piece.text for piece in pieces):
                # With the places of the text, by which it is selected.
                segments.append(Segment(text, self._style(tone).rich_style_with_offset(x, y)))
                x += len(text)
        strip = Strip(segments, width_of(line))
        return strip.adjust_cell_length(self._width(), self.blank)

    def render(self) -> Content:
        """What is drawn while some of it is selected."""
        return stacked(self._shown)

    def _style(self, tone: Tone) -> Style:
        if (style := self._tones.get(tone)) is None:
            own = self.visual_style
            style = self._tones[tone] = own + (own + self._get_style(STYLES[tone]))
        return style

    def _set_dirty(self, *regions: Region) -> None:
        if not regions:
            self._for = None
        super()._set_dirty(*regions)

    def notify_style_update(self) -> None:
        """The theme or a class changed: nothing is drawn as it was."""
        super().notify_style_update()
        self._tones.clear()

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        return selection.extract("\n".join(map(plain, self._shown))), "\n"
