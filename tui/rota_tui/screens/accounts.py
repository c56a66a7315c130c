"""Mode 1: every account at a glance, and what just happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.reactive import var
from textual.widgets import Input

from rota.snapshot import Snapshot
from rota_tui.pieces import ASCII
from rota_tui.screens.account_actions import AccountActions
from rota_tui.widgets.account_detail import AccountDetail
from rota_tui.widgets.accounts_table import AccountsTable, Marks, Order
from rota_tui.widgets.activity_strip import ActivityStrip
from rota_tui.widgets.cooldown_panel import CooldownPanel
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.pool_line import PoolLine
from rota_tui.widgets.too_small import TooSmall
from rota_tui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from rota.engine import Engine
    from rota.events import Event
    from rota.snapshot import AccountState
    from rota_tui.messages import AddRequested
    from rota_tui.pieces import Locale

FEW, SOME = 7, 16
"""Up to so many accounts the table is as tall as they need, on small and on large terminals."""

RANK_EVERY = 5.0
"""Seconds of the clock after which "next" is asked again although nothing happened: holds end by themselves."""


class AccountsScreen(AccountActions):
    """Table, detail of the row under the cursor, activity, cooldowns; the stylesheet says which fit."""

    CSS_PATH = "accounts.tcss"
    AUTO_FOCUS = "AccountsTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "Filter", id="filter-accounts", key_display="/", tooltip="Show only some accounts"
        ),
        Binding("s", "sort", "Sort", id="sort-accounts", tooltip="Sort by the next column"),
        Binding("escape", "back", "Back", id="back"),
    ]

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    recent: var[tuple[Event, ...]] = var((), init=False)
    marks: var[Marks] = var(Marks, init=False)
    account_id: var[str | None] = var(None, init=False)

    table = getters.query_one(AccountsTable)
    filter_input = getters.query_one("#filter", Input)

    def __init__(self, engine: Engine, locale: Locale, bar: Widget) -> None:
        super().__init__()
        self.engine = engine
        self._locale = locale
        self._bar = bar
        self._ranked_at = float("-inf")
        self.set_class(locale.glyphs is ASCII, "-ascii")

    def compose(self) -> ComposeResult:
        cls, locale, ticks = AccountsScreen, self._locale, self.engine.settings.pool.thresholds
        yield TooSmall()
        yield self._bar
        yield PoolLine(locale).data_bind(cls.now, cls.snapshot)
        yield Welcome(locale)
        with Container(id="body"):
            with Vertical(id="table-pane"):
                yield AccountsTable(locale, ticks, id="accounts").data_bind(cls.now, cls.snapshot, cls.marks)
                yield Input(placeholder="show only accounts with these words", id="filter", compact=True)
            detail = AccountDetail(locale, ticks, self.engine.ranking, id="detail")
            yield detail.data_bind(cls.now, cls.snapshot, cls.account_id)
            yield ActivityStrip(locale, id="activity").data_bind(cls.snapshot, cls.recent)
            yield CooldownPanel(locale, id="cooldowns").data_bind(cls.now, cls.snapshot)
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#detail").border_title = "Account"
        self.query_one("#activity").border_title = "Activity"
        self.query_one("#cooldowns").border_title = "Cooling"

    # --- state --------------------------------------------------------------------------------------------

    @property
    def current(self) -> AccountState | None:
        return self.snapshot.account(self.account_id) if self.account_id is not None else None

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        accounts = len(snapshot.listed())
        if self.has_class("-empty") is not (accounts == 0):
            self.set_class(accounts == 0, "-empty")
            (self.table if accounts else self.query_one(Welcome)).focus()
            self.refresh_bindings()
        self.set_class(accounts <= FEW, "-few")
        self.set_class(accounts <= SOME, "-some")
        self._rank()

    def watch_now(self, now: float) -> None:
        if abs(now - self._ranked_at) >= RANK_EVERY:
            self._rank()

    def _rank(self) -> None:
        snapshot, self._ranked_at = self.snapshot, self.now
        active = {choice.account_id for choice in snapshot.active.values()}
        following: set[str] = set()
        for provider in {state.account.provider for state in snapshot.listed()}:
            ranked = (candidate.account_id for candidate in self.engine.ranking(provider).candidates)
            following.update([account_id for account_id in ranked if account_id not in active][:1])
        self.marks = Marks(
            active=frozenset(filter(None, active)),
            next=frozenset(following),
            pinned=frozenset(c.account_id for c in snapshot.pinned.values() if c.account_id is not None),
        )

    def on_line_table_highlighted(self, event: AccountsTable.Highlighted) -> None:
        self.account_id = event.key
        self.refresh_bindings()

    def on_add_requested(self, event: AddRequested) -> None:
        self.action_add(event.provider)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going back needs somewhere to come from; filtering and sorting need rows."""
        if action == "back":
            return self.has_class("-detail") or self.has_class("-filter")
        if action in {"filter", "sort"}:
            return not self.has_class("-empty") and not self.has_class("-detail")
        return super().check_action(action, parameters)

    # --- looking around -----------------------------------------------------------------------------------

    def on_line_table_selected(self) -> None:
        self.add_class("-detail")
        self.query_one("#detail").focus()
        self.refresh_bindings()

    def action_back(self) -> None:
        if self.has_class("-detail"):
            self.remove_class("-detail")
        elif self.filter_input.value:
            self.filter_input.value = ""
        self.remove_class("-filter")
        self.table.focus()
        self.refresh_bindings()

    def action_sort(self) -> None:
        orders = list(Order)
        self.table.order = orders[(orders.index(self.table.order) + 1) % len(orders)]

    def action_filter(self) -> None:
        self.add_class("-filter")
        self.filter_input.focus()
        self.refresh_bindings()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.table.filter = event.value

    def on_input_submitted(self) -> None:
        self.set_class(bool(self.filter_input.value), "-filter")
        self.table.focus()
