"""A line that is there only while something stands in the way of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import var

from rota.snapshot import Snapshot
from rota_tui.pieces import fit_line, wrap
from rota_tui.trouble import silent, trouble_line
from rota_tui.widgets.lines_view import LinesView
from rota_tui.widgets.sight import in_sight

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

    from rota.errors import RotaError
    from rota_tui.pieces import Line, Locale
    from rota_tui.trouble import Silent

_MOST = 2
"""Lines that it may take; what is cut off is in the notes and in the detail."""


class TroubleLine(LinesView):
    """Stays as long as its cause does, where a note goes away."""

    DEFAULT_CSS = "TroubleLine { height: auto; padding: 0 1; }"

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    def __init__(self, locale: Locale, problem: Callable[[], RotaError | None]) -> None:
        """`problem` says what is wrong with the log."""
        super().__init__()
        self._locale = locale
        self._problem = problem
        self._looked_at: object = None
        self._silent: Silent = {}
        self._told: Line = ()
        self.display = False

    def watch_snapshot(self) -> None:
        self._look()

    def watch_now(self) -> None:
        self._look()

    def _look(self, _screen: Screen[object] | None = None) -> None:
        if not in_sight(self, self._look):
            return
        if self._looked_at is not self.snapshot.accounts:
            self._looked_at, self._silent = self.snapshot.accounts, silent(self.snapshot.listed())
        self._told = trouble_line(self._problem(), self._silent, self.now, self._locale)
        self.display = bool(self._told)
        self.renew()

    def lines(self, width: int) -> tuple[Line, ...]:
        if not self._told:
            return ()
        told = wrap(self._told, width, 2)
        if len(told) <= _MOST:
            return told
        rest = (piece for part in told[_MOST - 1 :] for piece in part)
        return (*told[: _MOST - 1], fit_line(tuple(rest), width, self._locale.glyphs))
