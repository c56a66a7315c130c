"""The account under the cursor, whole: identity, every window, its work, and why it is or is not next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual import work
from textual.containers import ScrollableContainer
from textual.reactive import var

from rota.errors import RotaError
from rota.snapshot import Snapshot
from rota_tui.holds import past_holds
from rota_tui.lasting import calm_until
from rota_tui.pieces import fit_line
from rota_tui.widgets.detail_lines import past_lines, quota_lines, who_lines, why_lines, work_lines
from rota_tui.widgets.lines_view import LinesView
from rota_tui.widgets.sight import in_sight
from rota_tui.widgets.steady import Steady
from rota_tui.wording import label_of, reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.screen import Screen

    from rota.account import Kind
    from rota.events import Event
    from rota.pool.strategy import Ranking
    from rota.snapshot import AccountState
    from rota_tui.holds import Past
    from rota_tui.pieces import Line, Locale


class _Section(LinesView):
    """One part of the detail; its lines are cut to its width."""

    def __init__(self, make: Callable[[int], tuple[Line, ...]], locale: Locale, *, id: str) -> None:
        super().__init__(id=id)
        self._make = make
        self._locale = locale

    def lines(self, width: int) -> tuple[Line, ...]:
        return tuple(fit_line(line, width, self._locale.glyphs) for line in self._make(width))


class AccountDetail(Steady, ScrollableContainer, can_focus=True):
    """Five sections; the screen's stylesheet says whether they stand under one another or side by side."""

    HELP = """\
## One account

Every window with where its figures come from and how old they are, and beneath it how fast it is used and when that
ends (reckoned, with the range in brackets); what was held and why; who serves next in which order, with its
scores: low ones first, but who is near a limit last. Escape goes back to the table.
"""
    DEFAULT_CSS = """
    AccountDetail {
        layout: grid;
        grid-size: 1;
        grid-rows: auto;
        grid-gutter: 1 4;
        scrollbar-size-vertical: 1;
        _Section { width: 1fr; }
    }
    """

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    account_id: var[str | None] = var(None, init=False)
    rankings: var[Mapping[str, Ranking]] = var(dict, init=False)

    def __init__(
        self,
        locale: Locale,
        ticks: Mapping[str, float],
        watched: frozenset[Kind],
        strategy: Callable[[], str],
        past_of: Callable[[str], Awaitable[Sequence[Event]]],
        *,
        id: str | None = None,
    ) -> None:
        """`strategy` names what the scores are of; `past_of` gives an account's cooldowns, oldest first."""
        super().__init__(id=id)
        self._locale = locale
        self._ticks = ticks
        self._watched = watched
        self._strategy = strategy
        self._past_of = past_of
        self._past: tuple[str | None, tuple[Past, ...]] = (None, ())
        """Whose cooldowns are known, and which they were."""
        self._asked: tuple[object, ...] = ()
        self._first = _Section(self._who, locale, id="who")
        """The only one that counts seconds."""
        more = {"quota": self._quota, "work": self._work, "why": self._why, "past": self._holds}
        self._others = {name: _Section(make, locale, id=name) for name, make in more.items()}
        self._calm = (0.0, 0.0)
        """From when until when the others tell the same, if nothing happens."""

    def compose(self) -> ComposeResult:
        yield self._first
        yield from self._others.values()

    def on_resize(self) -> None:
        self._renew()

    def watch_snapshot(self) -> None:
        self._renew()

    def watch_now(self, _before: float, now: float) -> None:
        since, until = self._calm
        if not since <= now < until:
            self._renew()
        elif self.display and in_sight(self, self._renew):
            self._first.renew()

    def watch_rankings(self) -> None:
        self._renew()

    def watch_account_id(self) -> None:
        self.scroll_home(animate=False)
        self._renew()

    def _renew(self, _screen: Screen[object] | None = None) -> None:
        if self.display and in_sight(self, self._renew):
            self._ask_for_past()
            state = self._state
            self._calm = self.now, calm_until(state, self.now) if state is not None else self.now
            for section in (self._first, *self._others.values()):
                section.renew()

    def _ask_for_past(self) -> None:
        """Look into the log again when it is another account, or another hold."""
        state = self._state
        wanted = (state.id, state.hold, state.model_holds) if state is not None else ()
        if wanted and wanted != self._asked and self.is_attached:
            self._asked = wanted
            self._learn_past(wanted[0])

    @work(group="past", exclusive=True, description="look up cooldowns")
    async def _learn_past(self, account_id: str) -> None:
        try:
            events = await self._past_of(account_id)
        except RotaError:
            return  # the log is in trouble, which is said elsewhere
        self._past = account_id, tuple(past_holds(events))
        self._others["past"].renew()

    @property
    def _state(self) -> AccountState | None:
        return self.snapshot.account(self.account_id) if self.account_id is not None else None

    def _who(self, _width: int) -> tuple[Line, ...]:
        if (state := self._state) is None:
            return ()
        why = reason(
            state,
            self.now,
            self._locale.tz,
            serving=self.snapshot.serving(state.id, self.now),
            watched=state.account.kind in self._watched,
        )
        return who_lines(state, why, self.now, self._locale)

    def _quota(self, width: int) -> tuple[Line, ...]:
        if (state := self._state) is None:
            return ()
        return quota_lines(state, width, self.now, self._locale, self._ticks)

    def _work(self, _width: int) -> tuple[Line, ...]:
        if (state := self._state) is None:
            return ()
        today = datetime.fromtimestamp(self.now, self._locale.tz).replace(hour=0, minute=0, second=0, microsecond=0)
        return work_lines(state, today.timestamp(), self.now, self._locale)

    def _why(self, width: int) -> tuple[Line, ...]:
        if (state := self._state) is None or (ranking := self.rankings.get(state.account.provider)) is None:
            return ()
        return why_lines(state, ranking, self._label, self._strategy(), width, self.now, self._locale)

    def _holds(self, _width: int) -> tuple[Line, ...]:
        account_id, past = self._past
        return past_lines(past, self.now, self._locale) if account_id == self.account_id else ()

    def _label(self, account_id: str) -> str:
        return label_of(self.snapshot, account_id)
