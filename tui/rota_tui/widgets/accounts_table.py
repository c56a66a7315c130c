"""The accounts, one row each: who serves, how much is left, when it comes back, who is next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from textual.reactive import var

from rota.account import Health, Kind
from rota.quota import spent_until
from rota.snapshot import Snapshot
from rota_tui.formatting import DAY, MINUTE, age, count
from rota_tui.lasting import calm_until
from rota_tui.pieces import Line, Piece, Tone, width_of
from rota_tui.widgets.line_table import Column, LineTable
from rota_tui.widgets.quota_gauge import cell_width, gauge_cell
from rota_tui.widgets.sight import in_sight
from rota_tui.wording import plan_of, provider_name, reason, tightest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.screen import Screen

    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState
    from rota_tui.pieces import Locale
    from rota_tui.widgets.quota_gauge import Ticks
    from rota_tui.wording import Reason

WIDE = 100
"""Cells from which plan, resets, today and last are shown."""
VERY_WIDE = 128
"""Cells from which the provider has a column of its own."""

_SHORT_WINDOWS = {Kind.SUBSCRIPTION}
_LONG_WINDOWS = {Kind.SUBSCRIPTION, Kind.PUTER, Kind.PUTER_GUEST}


class Order(StrEnum):
    """How the rows are sorted, in words."""

    OWN = "own order"
    ACCOUNT = "name"
    STATE = "soonest ready"
    USED = "most used"
    TODAY = "most served today"
    LAST = "last used"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Marks:
    """Who serves new sessions, who would be next, and who is pinned: account ids."""

    active: frozenset[str] = frozenset()
    next: frozenset[str] = frozenset()
    pinned: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Row:
    """The cells of a row, of which only a countdown changes with each second."""

    of: tuple[AccountState, int]
    since: float
    until: float
    ticks: bool
    """Whether its state is a countdown."""
    cells: list[Line]


class AccountsTable(LineTable):
    """Keyed by account id."""

    HELP = """\
## Accounts

Each row is one account: a gauge for what is **used** of its main windows, one reason for its state, and the mark of
who serves new sessions and who is next. The tick in a gauge is where rota moves on. Moving the cursor changes
nothing.

`s` sorts by the next column, `S` turns the order around, `/` shows only some. Space selects rows: what you press then
is done to all that are selected; Escape ends the selection.
"""

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    marks: var[Marks] = var(Marks, init=False)
    order: var[Order] = var(Order.OWN, init=False)
    backwards: var[bool] = var(False, init=False)
    filter: var[str] = var("", init=False)
    chosen: var[frozenset[str]] = var(frozenset(), init=False)
    """The selected rows, shown or not."""

    def __init__(self, locale: Locale, ticks: Ticks, watched: frozenset[Kind], *, id: str | None = None) -> None:
        super().__init__(locale.glyphs, id=id)
        self._locale = locale
        self._ticks = ticks
        self._watched = watched
        self._bar = 6
        self._resets = False
        self._midnight = 0.0
        self._serving: dict[str, int] = {}
        self._calm: dict[str, _Row] = {}

    # --- what is bound down -------------------------------------------------------------------------------

    def watch_snapshot(self, before: Snapshot, snapshot: Snapshot) -> None:
        if not (snapshot is before and self.keys) and in_sight(self, self._seen_again):
            self._seen_again()

    def _seen_again(self, _screen: Screen[object] | None = None) -> None:
        self._count_serving()
        keys = self._sorted()
        if keys != self.keys:
            self._calm.clear()
            self.show_rows(keys)
        else:
            self.refresh_rows()

    def watch_now(self, _before: float, now: float) -> None:
        midnight = datetime.fromtimestamp(now, self._locale.tz).replace(hour=0, minute=0, second=0, microsecond=0)
        self._midnight = midnight.timestamp()
        self._count_serving()
        self.refresh_rows()

    def watch_marks(self) -> None:
        self._calm.clear()
        self.refresh_rows()

    def watch_order(self) -> None:
        self.relayout()
        self.show_rows(self._sorted())

    def watch_backwards(self) -> None:
        self.relayout()
        self.show_rows(self._sorted())

    def watch_filter(self) -> None:
        self.show_rows(self._sorted())

    def watch_chosen(self, before: frozenset[str], chosen: frozenset[str]) -> None:
        self._calm.clear()
        if bool(before) is bool(chosen):
            self.refresh_rows()
        else:
            self.relayout()  # the column of marks comes or goes

    def _count_serving(self) -> None:
        self._serving = {}
        for request in self.snapshot.in_flight.values():
            if self.now - request.since <= 15 * MINUTE:
                self._serving[request.account_id] = self._serving.get(request.account_id, 0) + 1

    # --- order --------------------------------------------------------------------------------------------

    def _sorted(self) -> tuple[str, ...]:
        wanted = self.filter.casefold().split()
        shown = [s for s in self.snapshot.listed() if all(word in _searchable(s) for word in wanted)]
        if (key := self._sort_key()) is not None:
            shown.sort(key=key)
        if self.backwards:
            shown.reverse()
        return tuple(state.id for state in shown)

    def _sort_key(self) -> Callable[[AccountState], tuple[float, str]] | None:
        now = self.now
        keys: Mapping[Order, Callable[[AccountState], tuple[float, str]]] = {
            Order.ACCOUNT: lambda s: (0.0, s.account.label.casefold()),
            Order.PROVIDER: lambda s: (0.0, f"{s.account.provider} {s.account.label.casefold()}"),
            Order.STATE: lambda s: (_ready_at(s, now), s.account.label.casefold()),
            Order.USED: lambda s: (-_most_used(s, now), s.account.label.casefold()),
            Order.TODAY: lambda s: (-s.requests_since(self._midnight), s.account.label.casefold()),
            Order.LAST: lambda s: (-(s.last_used_at or 0.0), s.account.label.casefold()),
        }
        return keys.get(self.order)

    # --- drawing ------------------------------------------------------------------------------------------

    def columns_for(self, width: int) -> tuple[Column, ...]:
        self._calm.clear()
        arrow = f" {self.arrow}"
        sorted_by = {order: arrow if order is self.order else "" for order in Order}
        mark = Column("mark", "", 2 if self.chosen else 1)
        account = f"Account{sorted_by[Order.ACCOUNT]}"
        short, long = f"5h used{sorted_by[Order.USED]}", "Week, month"
        state_title = f"State{sorted_by[Order.STATE]}"
        if width < WIDE:
            self._bar, self._resets = 6, False
            used = cell_width(self._bar, reset=False)
            left = width - mark.width - 2 * used - 4 * self.GAP
            state = min(27, max(12, left - 12))
            return (
                mark,
                Column("label", account, max(6, left - state)),
                Column("short", short, used),
                Column("long", long, used),
                Column("state", state_title, state),
            )
        provider = width >= VERY_WIDE
        plan, state = (12, 27)
        fixed = mark.width + plan + state + 6 + 5 + (10 if provider else 0) + (8 if provider else 7) * self.GAP
        self._bar, self._resets = 6, True
        left = width - fixed - 2 * cell_width(6, reset=True)
        self._bar += max(0, min(8, (left - 20) // 2))
        used = cell_width(self._bar, reset=True)
        label = max(10, min(32, width - fixed - 2 * used))
        state += max(0, min(12, width - fixed - 2 * used - label))
        columns = [mark, Column("label", account, label)]
        if provider:
            columns.append(Column("provider", f"Provider{sorted_by[Order.PROVIDER]}", 10))
        return (
            *columns,
            Column("plan", "Plan", plan),
            Column("short", short, used),
            Column("long", long, used),
            Column("state", state_title, state),
            Column("today", f"Today{sorted_by[Order.TODAY].strip()}", 6, right=True),
            Column("last", f"Last{sorted_by[Order.LAST].strip()}", 5, right=True),
        )

    @property
    def arrow(self) -> str:
        """Which way the rows are sorted."""
        return self._glyphs.up if self.backwards else self._glyphs.down

    def cells(self, key: str) -> tuple[Line, ...]:
        state, now = self.snapshot.accounts[key], self.now
        of = state, self._serving.get(key, 0)
        row = self._calm.get(key)
        if row is None or row.of != of or not row.since <= now < row.until:
            why = self._why(state, now)
            cells = [self._cell(column, state, now, why) for column in self._columns]
            row = self._calm[key] = _Row(of, now, calm_until(state, now), why.ticks, cells)
        elif row.ticks:
            place = next(place for place, column in enumerate(self._columns) if column.key == "state")
            row.cells[place] = self._reason(self._why(state, now), self._columns[place].width)
        return tuple(row.cells)

    def _cell(self, column: Column, state: AccountState, now: float, why: Reason) -> Line:
        account = state.account
        match column.key:
            case "mark":
                return self._mark(state.id)
            case "label":
                return (Piece(account.label, Tone.NAME if account.enabled else Tone.QUIET),)
            case "provider":
                return (Piece(provider_name(account.provider), Tone.QUIET),)
            case "plan":
                return (Piece(self._plan(state), Tone.QUIET),)
            case "short":
                return self._gauge(_short_window(state), state, _SHORT_WINDOWS)
            case "long":
                return self._gauge(_long_window(state), state, _LONG_WINDOWS)
            case "state":
                return self._reason(why, column.width)
            case "today":
                today = state.requests_since(self._midnight)
                return (Piece(count(today), Tone.PLAIN if today else Tone.QUIET),)
            case _:
                last = state.last_used_at
                return (Piece(age(now - last) if last is not None else self._glyphs.absent, Tone.QUIET),)

    def _mark(self, account_id: str) -> Line:
        """Whether it is selected, while any is, and who serves."""
        if not self.chosen:
            return self._role(account_id)
        chosen = Piece(self._glyphs.chosen if account_id in self.chosen else " ", Tone.NAME)
        return (chosen, *self._role(account_id))

    def _role(self, account_id: str) -> Line:
        if account_id in self.marks.pinned:
            return (Piece(self._glyphs.pinned, Tone.ACTIVE),)
        if account_id in self.marks.active:
            return (Piece(self._glyphs.active, Tone.ACTIVE),)
        if account_id in self.marks.next:
            return (Piece(self._glyphs.next, Tone.QUIET),)
        return ()

    def _plan(self, state: AccountState) -> str:
        plan = plan_of(state.account)
        alone = any(column.key == "provider" for column in self._columns)
        return (
            plan
            if alone or state.account.provider == "anthropic"
            else f"{provider_name(state.account.provider)} {plan}"
        )

    def _gauge(self, window: QuotaWindow | None, state: AccountState, having: set[Kind]) -> Line:
        if window is None and state.account.kind not in having:
            return (Piece(self._glyphs.absent, Tone.QUIET),)
        return gauge_cell(window, self._bar, self.now, self._locale, self._ticks, reset=self._resets)

    def _why(self, state: AccountState, now: float) -> Reason:
        return reason(
            state,
            now,
            self._locale.tz,
            serving=self._serving.get(state.id, 0),
            pinned=state.id in self.marks.pinned,
            watched=state.account.kind in self._watched,
        )

    def _reason(self, why: Reason, width: int) -> Line:
        line = why.line(width, self._glyphs)
        extra = f" {self._glyphs.sep} {why.extra}"
        if why.extra and width_of(line) + len(extra) <= width:
            return (*line, Piece(extra, Tone.QUIET))
        return line


def _short_window(state: AccountState) -> QuotaWindow | None:
    return state.windows.get("5h")


def _long_window(state: AccountState) -> QuotaWindow | None:
    """The week's or the month's window of the whole account."""
    known = [w for key in ("7d", "month") if (w := state.windows.get(key)) is not None]
    return known[0] if known else None


def _searchable(state: AccountState) -> str:
    account = state.account
    words = (account.label, account.email, account.provider, account.plan, account.organization, account.kind)
    return " ".join(word for word in words if word).casefold()


def _most_used(state: AccountState, now: float) -> float:
    window = tightest(state.windows.values(), now)
    return window.utilization or 0.0 if window is not None else -1.0


def _ready_at(state: AccountState, now: float) -> float:
    """When it can serve: now for the ready, far away for those that wait for a person."""
    if not state.account.enabled:
        return now + 2000 * DAY
    if state.account.health is not Health.READY:
        return now + 1000 * DAY
    hold = state.held(now)
    return hold.until if hold is not None else spent_until(state.windows.values(), None, now) or now
