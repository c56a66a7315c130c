"""Mode 1: every account at a glance, and what just happened."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.reactive import var
from textual.widgets import Input

from rota.clock import FastClock
from rota_tui.formatting import MINUTE
from rota_tui.lasting import next_moment
from rota_tui.messages import DEMO, WhyRequested
from rota_tui.pieces import ASCII
from rota_tui.screens.account_rows import AccountRows
from rota_tui.widgets.accounts_table import AccountsTable, Marks
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.pool_line import PoolLine
from rota_tui.widgets.runway_line import RunwayLine
from rota_tui.widgets.steady import Steady
from rota_tui.widgets.too_small import TooSmall
from rota_tui.widgets.trouble_line import TroubleLine
from rota_tui.widgets.welcome import Welcome
from rota_tui.wording import watched_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.widget import Widget

    from rota.engine import Engine
    from rota.events import Event
    from rota.pool.strategy import Ranking
    from rota.snapshot import AccountState, Snapshot
    from rota_tui.foreseeing import Ahead
    from rota_tui.messages import AddRequested
    from rota_tui.pieces import Locale
    from rota_tui.widgets.cooldown_panel import CooldownPanel

FEW, SOME = 7, 16
"""Up to so many accounts the table is as tall as they need, on small and on large terminals."""

RANK_EVERY = 30.0
"""Seconds of the clock after which "next" is asked again although nothing happened, no hold ended and nothing was
reset: what is left has to last for less and less time."""
RANK_SOON = 5.0
"""The same while the reasons tell seconds: within a minute of what happened last or comes next."""

FORESEE_EVERY = 10.0
"""Real seconds between two forecasts while things happen: one takes a tenth of a second at 200 accounts."""
FORESEE_ANYWAY = 60.0
"""The same when nothing does: time alone changes what is left."""

PAST = 24
"""Events of cooldowns that the detail's history is made from."""

OFFER_AFTER = 0.4
"""Seconds until other tools' files are looked for: what that imports would hold up the first key."""


class AccountsScreen(Steady, AccountRows):
    """Table, detail of the row under the cursor, activity, cooldowns; the stylesheet says which fit.

    Its `accounts.tcss` is read with the app's.
    """

    AUTO_FOCUS = ""  # the table, or without accounts the ways in: see `on_mount`
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "cooling", "Cooling", id="show-cooling", tooltip="What is held, and lifting it", show=False),
        Binding("w", "why", "Why", id="why-switched", tooltip="Why the last switch of accounts happened"),
        Binding("escape", "back", "Back", id="back"),
    ]

    now: var[float] = var(0.0, init=False)
    recent: var[tuple[Event, ...]] = var((), init=False)
    rankings: var[Mapping[str, Ranking]] = var(dict, init=False)
    """By provider: who would serve next, and why."""
    marks: var[Marks] = var(Marks, init=False)
    ahead: var[Ahead | None] = var(None, init=False)

    def __init__(self, engine: Engine, locale: Locale, bar: Widget) -> None:
        super().__init__()
        self.engine = engine
        self._locale = locale
        self._bar = bar
        self._ranked_at = self._rank_again = float("-inf")
        """When it was asked who is next, and when that may be somebody else though nothing happens."""
        self._foreseen: tuple[float, Snapshot | None] = (float("-inf"), None)
        """When the forecast was made last, and of what."""
        self._filled = False
        self._accounts = 0
        self._liftable = False
        self._watched = watched_kinds(route_subscriptions=engine.settings.anthropic.route_subscriptions)
        self.set_class(locale.glyphs is ASCII, "-ascii")
        self._size_up(engine.snapshot)

    def compose(self) -> ComposeResult:
        cls, locale = AccountsScreen, self._locale
        yield TooSmall()
        yield self._bar
        yield PoolLine(locale, self._watched).data_bind(cls.now, cls.snapshot)
        yield RunwayLine(locale).data_bind(cls.now, cls.ahead, cls.view)
        yield TroubleLine(locale, lambda: self.engine.journal.problem).data_bind(cls.now, cls.snapshot)
        yield Welcome(locale)
        with Container(id="body"), Vertical(id="table-pane"):
            table = AccountsTable(locale, self.engine.settings.pool.thresholds, self._watched, id="accounts")
            yield table.data_bind(cls.now, cls.snapshot, cls.marks)
        yield KeyBar()

    def on_mount(self) -> None:
        (self.query_one(Welcome) if self.has_class("-empty") else self.table).focus()
        # By way of the app, which takes calls when its start is over: before that nothing is drawn to come after.
        self.app.call_later(self.call_later, self.call_after_refresh, self._fill)

    async def _fill(self) -> None:
        """What the first frame does without: the panels around the table, and who is next."""
        from rota_tui.widgets.account_detail import AccountDetail
        from rota_tui.widgets.activity_strip import ActivityStrip
        from rota_tui.widgets.cooldown_panel import CooldownPanel

        cls, locale = AccountsScreen, self._locale
        pool = self.engine.settings.pool
        detail = AccountDetail(
            locale,
            pool.thresholds,
            self._watched,
            lambda: self.engine.settings.pool.strategy,
            self._past_of,
            id="detail",
        )
        strip, cooldowns = ActivityStrip(locale, id="activity"), CooldownPanel(locale, id="cooldowns")
        detail.border_title, strip.border_title, cooldowns.border_title = "Account", "Activity", "Cooling"
        await self.query_one("#body").mount(
            detail.data_bind(cls.now, cls.snapshot, cls.account_id, cls.rankings),
            strip.data_bind(cls.snapshot, cls.recent),
            cooldowns.data_bind(cls.now, cls.snapshot),
        )
        self._filled = True
        self._name_the_way()
        self._rank()
        self._look_ahead()
        if self.has_class("-empty"):
            self.set_timer(OFFER_AFTER, self.offer_imports)

    # --- state --------------------------------------------------------------------------------------------

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        were, was_empty = self._accounts, self.has_class("-empty")
        self._size_up(snapshot)
        if self.has_class("-empty") is not was_empty:
            (self.table if was_empty else self.query_one(Welcome)).focus()
            self.refresh_bindings()
        self._rank_again = float("-inf")
        if self._accounts < were:
            self._rank()  # who is gone is not next
            self._foreseen = float("-inf"), snapshot
        self._mark()
        self.prune()
        self._look_ahead()

    def _size_up(self, snapshot: Snapshot) -> None:
        """Tell the stylesheet how many accounts there are."""
        accounts = self._accounts = len(snapshot.listed())
        self.set_class(accounts == 0, "-empty")
        self.set_class(accounts <= FEW, "-few")
        self.set_class(accounts <= SOME, "-some")

    def watch_now(self, now: float) -> None:
        if not self._ranked_at <= now < self._rank_again:
            self._rank()
        self._look_ahead()
        if (liftable := bool(self.held())) is not self._liftable:
            self._liftable = liftable
            self.refresh_bindings()

    def _rank(self) -> None:
        """Ask who is next, at most once a tick and only while it shows: it looks at every account."""
        if self._filled and self.is_current:
            self._ranked_at = self.now
            moment = next_moment(self.snapshot, self.now)
            calm = min(moment - self.now, self.now - self.snapshot.latest) >= MINUTE
            self._rank_again = min(moment, self.now + (RANK_EVERY if calm else RANK_SOON))
            providers = {state.account.provider for state in self.snapshot.listed()}
            self.rankings = {provider: self.engine.ranking(provider) for provider in providers}
            self._mark()

    def _name_the_way(self) -> None:
        """Say with the key in force where all of the activity is."""
        found = self.query("#activity")
        keys = [b for _, b, *_ in self.active_bindings.values() if b.id == "mode-activity"]
        if found and keys:
            found.first().border_subtitle = f"{self.app.get_key_display(keys[0])} shows all"

    def on_screen_resume(self) -> None:
        self._name_the_way()
        self._rank()
        self._look_ahead()

    def _mark(self) -> None:
        pinned = {
            provider: choice.account_id for provider, choice in self.snapshot.pinned.items() if choice.account_id
        }
        active = {
            choice.account_id
            for provider, choice in self.snapshot.active.items()
            if provider not in pinned and self._could(provider, choice.account_id)
        }
        following = [
            next((c.account_id for c in ranking.candidates if c.account_id not in active), None)
            for provider, ranking in self.rankings.items()
            if provider not in pinned
        ]
        self.marks = Marks(*(frozenset(filter(None, ids)) for ids in (active, following, pinned.values())))

    def _could(self, provider: str, account_id: str | None) -> bool:
        """Whether it may serve now, as far as that was asked: who is off or spent serves no new sessions."""
        ranking = self.rankings.get(provider)
        return ranking is None or any(each.account_id == account_id for each in ranking.candidates)

    def _look_ahead(self) -> None:
        """Ask for a new forecast when there is reason to, not too often, and only while it shows."""
        at, of = self._foreseen
        speed = self.engine.clock.speed if isinstance(self.engine.clock, FastClock) else 1.0
        wait = FORESEE_ANYWAY if of is self.snapshot else FORESEE_EVERY
        if self._filled and self.is_current and not 0 <= self.now - at < wait * speed:
            self._foreseen = self.now, self.snapshot
            self._foresee()

    @work(group="forecast", exclusive=True, description="forecast the pool")
    async def _foresee(self) -> None:
        from rota_tui.foreseeing import look_ahead  # not needed for the first frame

        # In a thread, so that keys do not wait for it.
        self.ahead = await asyncio.to_thread(look_ahead, self.snapshot.listed(), self.now)

    async def _past_of(self, account_id: str) -> list[Event]:
        """The cooldowns of an account, from the log, oldest first."""
        from rota_tui.holds import HISTORY

        return await self.engine.journal.ask(lambda log: log.recent(PAST, HISTORY, account_id))

    def on_line_table_highlighted(self, event: AccountsTable.Highlighted) -> None:
        self.account_id = event.key
        self.refresh_bindings()

    def on_add_requested(self, event: AddRequested) -> None:
        self.action_add(event.provider)

    def on_demo_requested(self) -> None:
        self.app.exit(DEMO)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going back needs somewhere to come from; what is about rows needs rows."""
        if action == "back":
            return self._inside or self.has_class("-filter") or bool(self.table.chosen)
        if action in ("cooling", "why"):
            return not self.has_class("-empty")
        if action == "select" and self._of_cooling():
            return False
        if not self.check_rows(action):
            return False
        return super().check_action(action, parameters)

    # --- looking around -----------------------------------------------------------------------------------

    def on_line_table_selected(self) -> None:
        self.add_class("-detail")
        self.query_one("#detail").focus()
        self.refresh_bindings()

    @property
    def targets(self) -> list[AccountState]:
        """In a panel, the account that is looked at there."""
        if self._of_cooling():
            from rota_tui.widgets.cooldown_panel import CooldownPanel

            held = self.query_one(CooldownPanel).chosen
            state = self.snapshot.account(held.account_id or "") if held is not None else None
            return [] if state is None else [state]
        if self.has_class("-detail"):
            return [] if self.current is None else [self.current]
        return super().targets

    @property
    def _inside(self) -> bool:
        """Whether a panel is looked at rather than the table."""
        return self.has_class("-detail") or self.has_class("-cooling") or self._of_cooling()

    def _of_cooling(self) -> bool:
        return self.focused is not None and self.focused.id == "cooldowns"

    def action_why(self) -> None:
        self.post_message(WhyRequested())

    async def action_back(self) -> None:
        """Out of a panel, then out of the selection, then out of the filter."""
        if self._inside:
            self.remove_class("-detail", "-cooling")
        elif self.table.chosen and not isinstance(self.focused, Input):
            self.unselect()
        else:
            await self.end_filter()
        self.table.focus()
        self.refresh_bindings()

    def action_cooling(self) -> None:
        """To what is held; where there is little room for it beside the rest, in the place of something else."""
        self.remove_class("-detail")
        self.set_class(not (self.has_class("-roomy") and self.has_class("-tall")), "-cooling")
        self.query_one("#cooldowns").focus()
        self.refresh_bindings()

    def on_cooldown_panel_lift_requested(self, event: CooldownPanel.LiftRequested) -> None:
        held = event.held
        if not held.liftable:
            self.notify(f"{held.name} has nothing left: only the reset brings it back.", markup=False)
        elif held.account_id is not None:
            account_id = held.account_id
            told = self.told_lifted(held.name, [account_id])
            self.command(lambda accounts: accounts.lift(account_id, held.model), told)
        else:
            model = held.model or ""
            self.command(lambda accounts: accounts.lift_model(held.provider, model), f"{model} may serve again.")
