"""Under the pool line: how long the pool lasts, and on the right what of the table is shown and selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import var

from rota_tui.pieces import Piece, Tone, fit_line, width_of
from rota_tui.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from rota_tui.foreseeing import Ahead
    from rota_tui.pieces import Line, Locale

_GAP = 2


class RunwayLine(LinesView):
    """The forecast comes after the first frame; until then the line is empty."""

    DEFAULT_CSS = "RunwayLine { height: 1; padding: 0 1; }"

    now: var[float] = var(0.0, init=False)
    ahead: var[Ahead | None] = var(None, init=False)
    view: var[str] = var("", init=False)
    """How the table is sorted and narrowed, and how many rows are selected."""

    def __init__(self, locale: Locale) -> None:
        super().__init__()
        self._locale = locale

    def watch_now(self) -> None:
        self.renew()

    def watch_ahead(self) -> None:
        self.renew()

    def watch_view(self) -> None:
        self.renew()

    def lines(self, width: int) -> tuple[Line, ...]:
        glyphs = self._locale.glyphs
        right = fit_line((Piece(self.view, Tone.ACTIVE),), width, glyphs) if self.view else ()
        room = width - width_of(right) - (_GAP if right else 0)
        left: Line = ()
        if self.ahead is not None and room > 0:
            from rota_tui.foreseeing import runway_line  # with the forecast: not for the first frame

            left = fit_line(runway_line(self.ahead, self.now, self._locale, room), room, glyphs)
        if not right:
            return (left,)
        return ((*left, Piece(" " * (width - width_of(left) - width_of(right))), *right),)
