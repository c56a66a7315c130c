"""What stays as it was drawn costs nothing when something else on the screen is drawn again.

For any change Textual asks every widget between the first and the last changed line for all its lines. Each answers
from its cache, but has them translated from a terminal's own colours and looks up styles, borders and sizes on the
way: with a countdown at the top and one at the bottom that is a third of all drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.filter import LineFilter
    from textual.geometry import Region
    from textual.widget import Widget
else:
    Widget = object  # Textual takes a widget's styles from its first base, which this is not to be


class Steady(Widget):
    """For widgets whose text is neither dim nor in one of a terminal's sixteen colours."""

    _kept: tuple[Region, Sequence[LineFilter], list[Strip]] | None = None
    """Which lines were asked for, what was done to their colours, and how they were drawn."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [wanted for wanted in super().get_line_filters() if not isinstance(wanted, ANSIToTruecolor)]

    def render_lines(self, crop: Region) -> list[Strip]:
        filters = self.get_line_filters()
        if self._kept is None or self._kept[:2] != (crop, filters):
            self._kept = crop, filters, self.drawn(crop, filters)
        return self._kept[2]

    def drawn(self, crop: Region, filters: Sequence[LineFilter]) -> list[Strip]:
        """The lines that are asked for."""
        return super().render_lines(crop)

    def _set_dirty(self, *regions: Region) -> None:
        # By this Textual empties its own cache of lines, whatever the reason.
        self._kept = None
        super()._set_dirty(*regions)


class Unframed(Steady):
    """For widgets that give whole lines in their own background, and are neither tinted nor hatched.

    With nothing around them but blanks at the sides, and not in something pale, their lines are drawn as they are:
    each line that is drawn again takes Textual by the looks of border, outline, tint, hatch and opacity, which took
    as long as the line itself.
    """

    _lines: dict[int, Strip] | None = None
    """The lines that are as they were drawn last."""
    blank = Style()
    """Of cells without text."""
    _framed = False

    def render_line(self, y: int) -> Strip:
        """A line as wide as the widget without its padding."""
        raise NotImplementedError

    def drawn(self, crop: Region, filters: Sequence[LineFilter]) -> list[Strip]:
        if self._lines is None:
            self._lines, self.blank = {}, Style(bgcolor=self.background_colors[1].rich_color)
            edges, padding = (*self.styles.border, *self.styles.outline), self.styles.padding
            self._framed = any(edge for edge, _ in edges) or bool(padding.height) or self.opacity < 1
        if self._framed:
            return super().drawn(crop, filters)
        strips = [self._lines.get(y) or self._line(y, self._lines) for y in crop.line_range]
        if crop.width != self.outer_size.width:
            strips = [strip.crop(*crop.column_span) for strip in strips]
        for wanted in filters:
            strips = [strip.apply_filter(wanted, self.background_colors[1]) for strip in strips]
        return strips

    def _line(self, y: int, lines: dict[int, Strip]) -> Strip:
        strip, padding = self.render_line(y), self.styles.padding
        if padding.left or padding.right:
            left, right = (Segment(" " * cells, self.blank) for cells in (padding.left, padding.right))
            strip = Strip([left, *strip, right], strip.cell_length + padding.width)
        lines[y] = strip
        return strip

    def _set_dirty(self, *regions: Region) -> None:
        if not regions:
            self._lines = None
        elif self._lines is not None:
            for y in (y for region in regions for y in region.line_range):
                self._lines.pop(y, None)
        super()._set_dirty(*regions)
