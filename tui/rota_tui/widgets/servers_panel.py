"""Beside the chat: the accounts that could answer, in the order they would, and why the others cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import var

from rota.account import Kind
from rota.quota import binding
from rota.snapshot import Snapshot
from rota_tui.formatting import gauge, percent
from rota_tui.pieces import Piece, Tone, fit_line, pad
from rota_tui.widgets.lines_view import LinesView
from rota_tui.widgets.quota_gauge import tick_of, used_share, window_tone
from rota_tui.wording import reason

if TYPE_CHECKING:
    from rota.pool.strategy import Ranking
    from rota.snapshot import AccountState
    from rota_tui.conversation import Choice
    from rota_tui.pieces import Line, Locale
    from rota_tui.widgets.quota_gauge import Ticks


class ServersPanel(LinesView):
    """The first is next; the one that is asked for by name stands out."""

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    ranking: var[Ranking | None] = var(None, init=False)
    choice: var[Choice | None] = var(None, init=False)

    def __init__(self, locale: Locale, ticks: Ticks, watched: frozenset[Kind], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._locale = locale
        self._ticks = ticks
        self._watched = watched
        self._renewing = False

    def watch_snapshot(self) -> None:
        self._renew_once()

    def watch_now(self) -> None:
        self._renew_once()

    def watch_ranking(self) -> None:
        self._renew_once()

    def watch_choice(self) -> None:
        self._renew_once()

    def _renew_once(self) -> None:
        """What comes together, as a snapshot and its ranking do, is drawn together."""
        if not self._renewing:
            self._renewing = True
            self.call_next(self._renew)

    def _renew(self) -> None:
        self._renewing = False
        self.renew()

    def lines(self, width: int) -> tuple[Line, ...]:
        height = max(4, self.app.size.height // 2 - 3)
        ids = self._ordered()
        if not ids:
            return ((Piece("No account serves this provider.", Tone.QUIET),),)
        lines: list[Line] = []
        for place, account_id in enumerate(ids):
            block = self._account(self.snapshot.accounts[account_id], width, first=place == 0)
            if len(lines) + len(block) > height - (place + 1 < len(ids)):
                lines.append((Piece(f"  and {len(ids) - place} more", Tone.QUIET),))
                break
            lines.extend(block)
        return tuple(fit_line(line, width, self._locale.glyphs) for line in lines)

    def _ordered(self) -> list[str]:
        ranking, choice = self.ranking, self.choice
        if ranking is None or choice is None:
            return []
        ids = [c.account_id for c in ranking.candidates] + [e.account_id for e in ranking.excluded]
        if choice.account_id is not None:
            ids = [choice.account_id, *(i for i in ids if i != choice.account_id)]
        return [i for i in ids if self.snapshot.account(i) is not None]

    def _account(self, state: AccountState, width: int, *, first: bool) -> list[Line]:
        glyphs, now, choice = self._locale.glyphs, self.now, self.choice
        serving = self.snapshot.serving(state.id, now)
        named = choice is not None and choice.account_id is not None
        excluded = self.ranking is not None and self.ranking.why_not(state.id) is not None
        mark = Piece(f"{glyphs.active} " if serving else f"{glyphs.next} " if first and not excluded else "  ")
        window = binding(state.windows.values(), choice.model if choice is not None else None, now)
        bar = max(4, min(12, width - 26))
        label_width = max(8, width - 2 - bar - 6)
        quiet = named and not first
        label = Piece(pad(state.account.label, label_width, glyphs), Tone.QUIET if quiet else Tone.NAME)
        meter: Line = (Piece("no figures yet", Tone.QUIET),) if state.account.kind is Kind.SUBSCRIPTION else ()
        if window is not None:
            share = used_share(window, now)
            drawn = gauge(share, bar, glyphs, tick_of(window, self._ticks), window_tone(window, now))
            meter = (*drawn, Piece(f" {percent(share):>4}", Tone.QUIET))
        lines: list[Line] = [(Piece(mark.text, Tone.ACTIVE), label, Piece(" "), *meter)]
        why = reason(state, now, self._locale.tz, serving=serving, watched=state.account.kind in self._watched)
        if why.text != "ready":
            lines.append((Piece("  "), Piece(why.text, why.tone)))
        elif excluded and self.ranking is not None and (barred := self.ranking.why_not(state.id)) is not None:
            lines.append((Piece("  "), Piece(barred.reason, Tone.QUIET)))
        return lines
