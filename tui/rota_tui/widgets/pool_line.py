"""The pool in words, on one line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.reactive import var

from rota.snapshot import Snapshot
from rota_tui.lasting import Lasting
from rota_tui.pieces import fit_line
from rota_tui.widgets.lines_view import LinesView
from rota_tui.wording import pool_line, pool_of

if TYPE_CHECKING:
    from rota.account import Kind
    from rota_tui.pieces import Line, Locale


class PoolLine(LinesView):
    """How many accounts there are, can serve, are cooling and for how long, need somebody, or are off."""

    DEFAULT_CSS = "PoolLine { height: 1; padding: 0 1; }"

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    def __init__(self, locale: Locale, watched: frozenset[Kind]) -> None:
        super().__init__()
        self._pool = Lasting(partial(pool_of, watched=watched))
        self._locale = locale

    def watch_snapshot(self) -> None:
        self.renew()

    def watch_now(self) -> None:
        self.renew()

    def lines(self, width: int) -> tuple[Line, ...]:
        line = pool_line(self._pool.at(self.snapshot, self.now), self.now, self._locale)
        return (fit_line(line, width, self._locale.glyphs),)
