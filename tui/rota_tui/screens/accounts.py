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
from rota_tui.widgets.accounts_table import AccountsTable, Marks, Order
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.pool_line import PoolLine
from rota_tui.widgets.too_small import TooSmall
from rota_tui.widgets.welcome import Welcome
from rota_tui.wording import watched_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.widget import Widget

    from rota.engine import Engine
    from rota.events import Event
    from rota.pool.strategy import Ranking
    from rota.snapshot import AccountState
    from rota_tui.messages import AddRequested
    from rota_tui.pieces import Locale

FEW, SOME = 7, 16
"""Up to so many accounts the table is as tall as they need, on small and on large terminals."""

RANK_EVERY = 5.0
"""Seconds of the clock after which "next" is asked again although nothing happened: holds end by themselves."""

OFFER_AFTER = 0.4
"""Seconds until other tools' files are looked for: what that imports would hold up the first key."""


class AccountsScreen(AccountActions):
    """Table, detail of the row under the cursor, activity, cooldowns; the stylesheet says which fit.

    Its `accounts.tcss` is read with the app's.
    """

    AUTO_FOCUS = ""  # the table, or without accounts the ways in: see `on_mount`
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
    rankings: var[Mapping[str, Ranking]] = var(dict, init=False)
    """By provider: who would serve next, and why."""
    marks: var[Marks] = var(Marks, init=False)
    account_id: var[str | None] = var(None, init=False)

    table = getters.query_one(AccountsTable)

    def __init__(self, engine: Engine, locale: Locale, bar: Widget) -> None:
        super().__init__()
        self.engine = engine
        self._locale = locale
        self._bar = bar
        self._ranked_at = float("-inf")
        self._filled = False
        self._liftable = False
        self._watched = watched_kinds(route_subscriptions=engine.settings.anthropic.route_subscriptions)
        self.set_class(locale.glyphs is ASCII, "-ascii")
        self._size_up(engine.snapshot)

    def compose(self) -> ComposeResult:
        cls, locale = AccountsScreen, self._locale
        yield TooSmall()
        yield self._bar
        yield PoolLine(locale, self._watched).data_bind(cls.now, cls.snapshot)
        yield Welcome(locale)
        with Container(id="body"), Vertical(id="table-pane"):
            table = AccountsTable(locale, self.engine.settings.pool.thresholds, self._watched, id="accounts")
            yield table.data_bind(cls.now, cls.snapshot, cls.marks)
        yield KeyBar()

    def on_mount(self) -> None:
        (self.query_one(Welcome) if self.has_class("-empty") else self.table).focus()
        self.call_after_refresh(self._fill)

    async def _fill(self) -> None:
        """What the first frame does without: the panels around the table, and who is next."""
        from rota_tui.widgets.account_detail import AccountDetail
        from rota_tui.widgets.activity_strip import ActivityStrip
        from rota_tui.widgets.cooldown_panel import CooldownPanel

        cls, locale = AccountsScreen, self._locale
        detail = AccountDetail(locale, self.engine.settings.pool.thresholds, self._watched, id="detail")
        strip, cooldowns = ActivityStrip(locale, id="activity"), CooldownPanel(locale, id="cooldowns")
        detail.border_title, strip.border_title, cooldowns.border_title = "Account", "Activity", "Cooling"
        await self.query_one("#body").mount(
            detail.data_bind(cls.now, cls.snapshot, cls.account_id, cls.rankings),
            strip.data_bind(cls.snapshot, cls.recent),
            cooldowns.data_bind(cls.now, cls.snapshot),
        )
        self._filled = True
        self._rank()
        if self.has_class("-empty"):
            self.set_timer(OFFER_AFTER, self.offer_imports)

    # --- state --------------------------------------------------------------------------------------------

    @property
    def current(self) -> AccountState | None:
        return self.snapshot.account(self.account_id) if self.account_id is not None else None

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        was_empty = self.has_class("-empty")
        self._size_up(snapshot)
        if self.has_class("-empty") is not was_empty:
            (self.table if was_empty else self.query_one(Welcome)).focus()
            self.refresh_bindings()
        self._ranked_at = float("-inf")
        self._mark()

    def _size_up(self, snapshot: Snapshot) -> None:
        """Tell the stylesheet how many accounts there are."""
        accounts = len(snapshot.listed())
        self.set_class(accounts == 0, "-empty")
        self.set_class(accounts <= FEW, "-few")
        self.set_class(accounts <= SOME, "-some")

    def watch_now(self, now: float) -> None:
        if abs(now - self._ranked_at) >= RANK_EVERY:
            self._rank()
        if (liftable := bool(self.held_here())) is not self._liftable:
            self._liftable = liftable
            self.refresh_bindings()

    def _rank(self) -> None:
        """Ask who is next, at most once a tick: it looks at every account."""
        if self._filled:
            self._ranked_at = self.now
            providers = {state.account.provider for state in self.snapshot.listed()}
            self.rankings = {provider: self.engine.ranking(provider) for provider in providers}
            self._mark()

    def _mark(self) -> None:
        pinned = {
            provider: choice.account_id for provider, choice in self.snapshot.pinned.items() if choice.account_id
        }
        active = {choice.account_id for provider, choice in self.snapshot.active.items() if provider not in pinned}
        following = [
            next((c.account_id for c in ranking.candidates if c.account_id not in active), None)
            for provider, ranking in self.rankings.items()
            if provider not in pinned
        ]
        self.marks = Marks(*(frozenset(filter(None, ids)) for ids in (active, following, pinned.values())))

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
            return not (self.has_class("-empty") or self.has_class("-detail") or isinstance(self.focused, Input))
        return super().check_action(action, parameters)

    # --- looking around -----------------------------------------------------------------------------------

    def on_line_table_selected(self) -> None:
        self.add_class("-detail")
        self.query_one("#detail").focus()
        self.refresh_bindings()

    async def action_back(self) -> None:
        if self.has_class("-detail"):
            self.remove_class("-detail")
        else:
            self.remove_class("-filter")
            self.table.filter = ""
            await self.query(Input).remove()
        self.table.focus()
        self.refresh_bindings()

    def action_sort(self) -> None:
        orders = list(Order)
        self.table.order = orders[(orders.index(self.table.order) + 1) % len(orders)]

    async def action_filter(self) -> None:
        if not self.query(Input):
            words = Input(placeholder="show only accounts with these words", id="filter", compact=True)
            await self.query_one("#table-pane").mount(words)
        self.add_class("-filter")
        self.query_one(Input).focus()
        self.refresh_bindings()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.table.filter = event.value

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value:
            self.table.focus()
        else:
            await self.action_back()
