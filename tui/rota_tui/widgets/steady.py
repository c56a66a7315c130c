"""What stays as it was drawn costs nothing when something else on the screen is drawn again.

For any change Textual asks every widget between the first and the last changed line for all its lines. Each answers
from its cache, but has them translated from a terminal's own colours and looks up styles, borders and sizes on the
way: with a countdown at the top and one at the bottom that is a third of all drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.filter import ANSIToTruecolor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.filter import LineFilter
    from textual.geometry import Region
    from textual.strip import Strip
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
            self._kept = crop, filters, super().render_lines(crop)
        return self._kept[2]

    def _set_dirty(self, *regions: Region) -> None:
        # By this Textual empties its own cache of lines, whatever the reason.
        self._kept = None
        super()._set_dirty(*regions)
