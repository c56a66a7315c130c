"""The app: its modes, its keys, and how the core's news reaches the screens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.reactive import var

from rota.snapshot import Snapshot
from rota_tui.messages import CoreChanged
from rota_tui.pieces import ASCII, UNICODE, Locale
from rota_tui.themes import THEMES, variable_defaults
from rota_tui.widgets.mode_bar import ModeBar

if TYPE_CHECKING:
    from datetime import tzinfo

    from textual.screen import Screen

    from rota.engine import Engine
    from rota.events import Event

FRAME = 0.05
"""Seconds between two looks at the core: hundreds of events become one repaint."""

RECENT = 400
"""Events kept for the activity strip."""


class RotaApp(App[None]):
    """Modes, keys and wiring; everything else is in the screens."""

    CSS_PATH = "app.tcss"
    TITLE = "rota"
    # Textual declares these two as instance variables, so ClassVar is not for them.
    HORIZONTAL_BREAKPOINTS = [(0, "-small"), (60, "-narrow"), (100, "-wide"), (160, "-roomy")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (14, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "switch_mode('accounts')", "Accounts", show=False, id="mode-accounts"),
        Binding("question_mark", "help", "Help", key_display="?", id="help", tooltip="What works here"),
        Binding("q", "quit", "Quit", id="quit"),
    ]
    TITLES: ClassVar[tuple[tuple[str, str], ...]] = (("accounts", "Accounts"),)

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    recent: var[tuple[Event, ...]] = var((), init=False)

    def __init__(
        self, engine: Engine, *, ascii: bool = False, no_animation: bool = False, tz: tzinfo | None = None
    ) -> None:
        super().__init__()
        self.engine = engine
        settings = engine.settings.ui
        self.locale = Locale(tz, ASCII if ascii or settings.ascii else UNICODE)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = settings.theme if settings.theme in self.available_themes else "rota-dark"
        if no_animation or not settings.animations:
            self.animation_level = "none"
        self.set_keymap(dict(settings.keys))
        self.set_reactive(RotaApp.snapshot, engine.snapshot)
        self.set_reactive(RotaApp.now, engine.clock.now())
        self.add_mode("accounts", self._accounts_screen)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

    # --- modes --------------------------------------------------------------------------------------------

    def _accounts_screen(self) -> Screen[None]:
        from rota_tui.screens.accounts import AccountsScreen

        screen = AccountsScreen(self.engine, self.locale, self._mode_bar("accounts"))
        return screen.data_bind(RotaApp.now, RotaApp.snapshot, RotaApp.recent)

    def _mode_bar(self, here: str) -> ModeBar:
        bar = ModeBar(self.TITLES, here, lambda: self.engine.vault_kind, self.locale)
        return bar.data_bind(RotaApp.now, RotaApp.snapshot)

    async def on_mount(self) -> None:
        await self.switch_mode("accounts")
        self.set_interval(1, self.tick)
        self.follow()

    # --- the core's news ----------------------------------------------------------------------------------

    def tick(self) -> None:
        """Every countdown moves with this one clock."""
        self.now = self.engine.clock.now()

    @work(group="core", description="follow the core")
    async def follow(self) -> None:
        subscription = self.engine.subscribe()
        self.recent = tuple(await self.engine.recent(RECENT))
        async for batch in subscription:
            self.post_message(CoreChanged(batch.snapshot, tuple(batch.events), batch.dropped))
            await asyncio.sleep(FRAME)

    def on_core_changed(self, message: CoreChanged) -> None:
        self.now = self.engine.clock.now()
        self.snapshot = message.snapshot
        if message.events:
            self.recent = (*self.recent, *message.events)[-RECENT:]

    # --- keys ---------------------------------------------------------------------------------------------

    def get_key_display(self, binding: Binding) -> str:
        """Keys by their names where symbols cannot be drawn."""
        return binding.key_display or binding.key if self.locale.glyphs is ASCII else super().get_key_display(binding)

    def action_help(self) -> None:
        """Show what works here, or hide it again."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()
