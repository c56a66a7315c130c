"""Who draws in the theme's colours only needs no translation of a terminal's own: a fifth of drawing a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.filter import ANSIToTruecolor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.filter import LineFilter
    from textual.widget import Widget
else:
    Widget = object  # Textual takes a widget's styles from its first base, which this is not to be


class OwnColours(Widget):
    """For widgets whose text is neither dim nor in one of a terminal's sixteen colours."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [wanted for wanted in super().get_line_filters() if not isinstance(wanted, ANSIToTruecolor)]
