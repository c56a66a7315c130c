"""Accounts as rows to choose one from: any of them, or a certain one, with what is left and why it can or cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rota.quota import binding
from rota_tui.pieces import Piece, Tone
from rota_tui.widgets.line_table import Column, LineTable
from rota_tui.widgets.quota_gauge import cell_width, gauge_cell
from rota_tui.wording import WATCHED_ONLY, plan_of, provider_name, reason

if TYPE_CHECKING:
    from rota.account import Kind
    from rota.snapshot import AccountState, Snapshot
    from rota_tui.pieces import Line, Locale
    from rota_tui.widgets.quota_gauge import Ticks

ANY = "*"
"""Key of the row for whichever account the pool finds."""

_BAR = 6


class ServerTable(LineTable):
    """Keyed by account id. The provider's own accounts come first; another's means another model."""

    def __init__(
        self,
        snapshot: Snapshot,
        provider: str,
        now: float,
        locale: Locale,
        ticks: Ticks,
        *,
        watched: frozenset[Kind],
        any_words: str,
        id: str | None = None,
    ) -> None:
        super().__init__(locale.glyphs, id=id)
        self._locale = locale
        self._ticks = ticks
        self._now = now
        self._provider = provider
        self._watched = watched
        self._any_words = any_words
        self.states = {s.id: s for s in sorted(snapshot.listed(), key=lambda s: s.account.provider != provider)}

    def search(self, typed: str) -> None:
        """Show only accounts with these words."""
        words = typed.casefold().split()
        keys = [key for key, state in self.states.items() if all(w in _searchable(state) for w in words)]
        self.show_rows(keys if words else [ANY, *keys])

    def columns_for(self, width: int) -> tuple[Column, ...]:
        used = cell_width(_BAR, reset=False)
        left = width - used - 3 * self.GAP
        state = min(30, max(14, left * 2 // 5))
        plan = min(16, max(9, left // 5))
        return (
            Column("label", "Account", max(8, left - state - plan)),
            Column("plan", "Plan", plan),
            Column("used", "Used", used),
            Column("state", "State", state),
        )

    def cells(self, key: str) -> tuple[Line, ...]:
        return tuple(self._cell(column.key, self.states.get(key)) for column in self._columns)

    def _cell(self, column: str, state: AccountState | None) -> Line:
        if state is None:
            anyone = {"label": Piece("any", Tone.NAME), "state": Piece(self._any_words, Tone.QUIET)}.get(column)
            return (anyone,) if anyone is not None else ()
        own = state.account.provider == self._provider
        match column:
            case "label":
                return (Piece(state.account.label, Tone.NAME if own else Tone.QUIET),)
            case "plan":
                plan = plan_of(state.account)
                return (Piece(plan if own else f"{provider_name(state.account.provider)} {plan}", Tone.QUIET),)
            case "used":
                window = binding(state.windows.values(), None, self._now)
                return gauge_cell(window, _BAR, self._now, self._locale, self._ticks, reset=False) if window else ()
            case _:
                return self._reason(state, next(c.width for c in self._columns if c.key == column))

    def _reason(self, state: AccountState, width: int) -> Line:
        why = reason(state, self._now, self._locale.tz, watched=state.account.kind in self._watched)
        if why.text == WATCHED_ONLY:
            why = replace(why, text="only when chosen")
        return why.line(width, self._locale.glyphs)


def _searchable(state: AccountState) -> str:
    account = state.account
    return " ".join(filter(None, (account.label, account.email, account.provider, account.plan))).casefold()
