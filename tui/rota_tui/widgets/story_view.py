"""One event told whole, broken into the lines that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll

from rota_tui.pieces import wrap
from rota_tui.story import hanging
from rota_tui.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from rota_tui.pieces import Line


_LEAST = 32
"""Cells that a line has room for, however narrow the place."""


class _Told(LinesView):
    """The lines."""

    def __init__(self) -> None:
        super().__init__()
        self.told: Sequence[Line] = ()

    def lines(self, width: int) -> tuple[Line, ...]:
        return tuple(part for line in self.told for part in wrap(line, max(_LEAST, width), hanging(line)))


class StoryView(VerticalScroll, can_focus=True):
    """Scrolls when it is longer than its place."""

    HELP = """\
## The story of a request

Each line has the seconds since the request came in. A try that failed says why and what came next; indented beneath
is what it led to: a cooldown, another account taking over. At the end, who could have served, in the order of the
strategy's scores. **Escape** goes back to the log.
"""
    DEFAULT_CSS = "StoryView { scrollbar-size-vertical: 1; }"

    def compose(self) -> ComposeResult:
        yield _Told()

    def tell(self, lines: Sequence[Line], *, anew: bool = True) -> None:
        """Show these; `anew` from the top."""
        told = self.query_one(_Told)
        told.told = lines
        told.renew()
        if anew:
            self.scroll_home(animate=False)
