"""The app: its modes, its keys, and how the core's news reaches the screens."""

from __future__ import annotations

import asyncio
import os
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.reactive import var

from rota.clock import FastClock
from rota.snapshot import Snapshot
from rota_tui.focusing import FocusKeeper
from rota_tui.look import USUAL_THEME, Look, tell_problems
from rota_tui.messages import CoreChanged, ModelRequested, TestRequested
from rota_tui.speaking import speak
from rota_tui.themes import THEMES, variable_defaults
from rota_tui.title import TerminalTitle, worst
from rota_tui.toasting import outdated
from rota_tui.typing_ahead import TypingAhead
from rota_tui.widgets.mode_bar import ModeBar
from rota_tui.wording import watched_kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from textual import events
    from textual.command import Provider
    from textual.driver import Driver
    from textual.events import DescendantBlur, DescendantFocus
    from textual.notifications import Notify
    from textual.screen import Screen
    from textual.widget import AwaitMount

    from rota.clock import Clock
    from rota.engine import Engine
    from rota.events import Event
    from rota_tui.pieces import Locale
    from rota_tui.screens.settings_editing import Place

FRAME = 0.1
"""Seconds between two looks at the core: hundreds of events become one repaint."""

TICK = 1.0
"""Seconds between two ticks of the one clock that moves every countdown."""

FAST_TICK = 0.25
"""The same where minutes pass in a second: more often than this nobody could read."""

POLL_AFTER = 0.3
"""Seconds until quotas are asked for: what that imports would hold up the first frame and the first key."""

TITLE_EVERY = 5.0
"""Seconds of the clock between two looks at what the terminal's title says."""

NOTICE_S = 20.0
"""Seconds that a word about the stores stays: it is read once."""

NOTICES = 3
"""Words about the stores that are said at once, the last one for all that are left."""

RECENT = 400
"""Events kept for the activity strip."""

SUSPEND: tuple[BindingType, ...] = (
    ()
    if os.name == "nt"
    else (
        Binding(
            "ctrl+z",
            "suspend_process",
            "Suspend",
            show=False,
            id="suspend",
            tooltip="Go back to the shell; all of rota stands still until fg",
        ),
    )
)
"""Not where there is no such thing as a suspended program."""


def tick_seconds(clock: Clock) -> float:
    """How often countdowns move: once a second of the clock, as far as eyes can follow."""
    return max(FAST_TICK, min(TICK, TICK / clock.speed)) if isinstance(clock, FastClock) else TICK


def _palette() -> type[Provider]:
    from rota_tui.commands import RotaCommands  # with every screen: not for the first frame

    return RotaCommands


class RotaApp(App[Any]):
    """Modes, keys and wiring; everything else is in the screens.

    It gives back what it was left for: `messages.DEMO`, or nothing.
    """

    # The first screen's styles come with the app's: a screen that brings its own has all of them parsed once more.
    CSS_PATH = ["app.tcss", "screens/accounts.tcss"]  # noqa: RUF012
    TITLE = "rota"
    DEFAULT_MODE = "accounts"
    COMMANDS = {_palette}  # noqa: RUF012
    # Textual declares these two as instance variables, so ClassVar is not for them.
    HORIZONTAL_BREAKPOINTS = [(0, "-small"), (60, "-narrow"), (100, "-wide"), (160, "-roomy")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (14, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "switch_mode('accounts')", "Accounts", show=False, id="mode-accounts", tooltip="Go to Accounts"),
        Binding("2", "switch_mode('chat')", "Chat", show=False, id="mode-chat", tooltip="Go to Chat"),
        Binding("3", "switch_mode('activity')", "Activity", show=False, id="mode-activity", tooltip="Go to Activity"),
        Binding("4", "switch_mode('models')", "Models", show=False, id="mode-models", tooltip="Go to Models"),
        Binding("5", "switch_mode('settings')", "Settings", show=False, id="mode-settings", tooltip="Go to Settings"),
        Binding("question_mark", "help", "Help", key_display="?", id="help", tooltip="What works here"),
        # Where "?" is typed like any letter.
        Binding("f1", "help", "Help", show=False, priority=True, id="help-anywhere", tooltip="What works here"),
        Binding("q", "quit", "Quit", id="quit", tooltip="Leave rota"),
        *SUSPEND,
    ]
    TITLES: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("1", "accounts", "Accounts"),
        ("2", "chat", "Chat"),
        ("3", "activity", "Activity"),
        ("4", "models", "Models"),
        ("5", "settings", "Settings"),
    )

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    recent: var[tuple[Event, ...]] = var((), init=False)

    def __init__(
        self, engine: Engine, *, ascii: bool = False, no_animation: bool = False, tz: tzinfo | None = None
    ) -> None:
        super().__init__()
        self.engine = engine
        self._focus = FocusKeeper()
        self._ahead = TypingAhead(self)
        self._problem = ""
        """What was last said about the log; empty while all is well."""
        self._title_of: tuple[object, ...] = ()
        self._title_at = float("-inf")
        """What the terminal's title was made from, and when."""
        self._settings_place: Place | None = None
        """Where somebody is in the settings: kept while the screen is made anew."""
        settings = engine.settings.ui
        self.look = Look(engine.settings, ascii=ascii, no_animation=no_animation, tz=tz)
        self.terminal_title = TerminalTitle(self._write_terminal)
        for theme in THEMES:
            self.register_theme(theme)
        # Set without its watcher, which would have the stylesheets parsed once more before the first frame.
        name = settings.theme if settings.theme in self.available_themes else USUAL_THEME
        self.set_reactive(App.theme, name)
        self.stylesheet.set_variables(self.get_css_variables())
        if self.look.still:
            self.animation_level = "none"
        self.look.mark(self)
        self.set_keymap(dict(settings.keys))
        self.set_reactive(RotaApp.snapshot, engine.snapshot)
        self.set_reactive(RotaApp.now, engine.clock.now())
        self.factories: dict[str, Callable[[], Screen[None]]] = {
            "accounts": self._accounts_screen,
            "chat": self._chat_screen,
            "activity": self._activity_screen,
            "models": self._models_screen,
            "settings": self._settings_screen,
        }
        for mode, factory in self.factories.items():
            self.add_mode(mode, factory)

    @property
    def locale(self) -> Locale:
        return self.look.locale()

    def get_driver_class(self) -> type[Driver]:
        driver = super().get_driver_class()
        if driver.__name__ != "LinuxDriver":
            return driver
        from rota_tui.driver import RestingDriver  # not where there is no such terminal

        return RestingDriver

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

    # --- modes --------------------------------------------------------------------------------------------

    def _accounts_screen(self) -> Screen[None]:
        from rota_tui.screens.accounts import AccountsScreen

        screen = AccountsScreen(self.engine, self.locale, self._mode_bar("accounts"))
        # It is made with the styles as they are and for the size that is there: Textual would parse all styles again,
        # and style every widget again at the first resize (each a tenth of the first frame).
        screen._css_update_count = self._css_update_count
        # Nobody has styled the app yet, whose colour everything takes that has none of its own.
        self.stylesheet.apply(self)
        for length, steps in zip(self.size, (self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS), strict=True):
            screen.add_class(max((least, name) for least, name in steps if length >= least)[1])
        return screen.data_bind(RotaApp.now, RotaApp.snapshot, RotaApp.recent)

    def _chat_screen(self) -> Screen[None]:
        from rota_tui.screens.chat import ChatScreen  # with Markdown and the pool: not for the first frame

        screen = ChatScreen(self.engine, self.locale, self._mode_bar("chat"))
        return screen.data_bind(RotaApp.now, RotaApp.snapshot, RotaApp.recent)

    def _activity_screen(self) -> Screen[None]:
        from rota_tui.screens.activity import ActivityScreen  # not for the first frame

        screen = ActivityScreen(self.engine, self.locale, self._mode_bar("activity"))
        return screen.data_bind(RotaApp.now, RotaApp.snapshot, RotaApp.recent)

    def _models_screen(self) -> Screen[None]:
        from rota_tui.screens.models import ModelsScreen  # not for the first frame

        screen = ModelsScreen(self.engine, self.locale, self._mode_bar("models"))
        return screen.data_bind(RotaApp.now, RotaApp.snapshot)

    def _settings_screen(self) -> Screen[None]:
        from rota_tui.screens.settings import SettingsScreen  # not for the first frame
        from rota_tui.screens.settings_editing import Place

        if self._settings_place is None:
            self._settings_place = Place()
        screen = SettingsScreen(self.engine, self.locale, self._mode_bar("settings"), self._settings_place)
        return screen.data_bind(RotaApp.now, RotaApp.snapshot)

    def _mode_bar(self, here: str) -> ModeBar:
        bar = ModeBar(self.TITLES, here, lambda: self.engine.vault_kind, self.locale)
        return bar.data_bind(RotaApp.now, RotaApp.snapshot)

    def switch_mode(self, mode: str) -> AwaitMount:
        """Whoever asks for it, and a click is the clicked widget's, the screen is made as the app's own."""
        with self._context():
            return super().switch_mode(mode)

    def _load_screen_css(self, screen: Screen[Any]) -> None:
        """Add the styles that a screen brings to those there are, of which Textual would parse all once more."""
        for path in map(str, screen.css_path):
            if not self.stylesheet.has_source(path):
                self.stylesheet.add_source(Path(path).read_text(encoding="utf-8"), read_from=(path, ""))
        super()._load_screen_css(screen)

    def on_mount(self) -> None:
        self.set_interval(tick_seconds(self.engine.clock), self.tick)
        self.set_timer(POLL_AFTER, self._begin)
        self.app_resume_signal.subscribe(self, self._draw_again)
        self.follow()

    def _draw_again(self, _app: App[Any]) -> None:
        """The shell has had the terminal; Textual draws only what changes from then on."""
        self.screen.refresh()

    def _begin(self) -> None:
        self.engine.start_background()
        tell_problems(self, self.engine.settings)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Without animation no cursor blinks either."""
        self._focus.note(event.widget)
        if self.animation_level == "none" and hasattr(event.widget, "cursor_blink"):
            event.widget.cursor_blink = False

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self._focus.lost(event.widget)

    def on_notify(self, event: Notify) -> None:
        """Say nothing twice at once, and leave the screen to be read."""
        for old in outdated(self._notifications, event.notification):
            self._unnotify(old, refresh=False)  # Textual draws them all anew for the new one

    def on_too_small_gone(self) -> None:
        for screen in self.screen_stack:
            self._focus.give_back(screen)

    # --- the core's news ----------------------------------------------------------------------------------

    def tick(self) -> None:
        """Every countdown moves with this one clock."""
        self.now = self.engine.clock.now()
        self.take_settings()
        self.speak_up()
        self._say_title()

    def take_settings(self) -> None:
        """Go on by what was changed, here or in another program."""
        if self.look.take(self, self.engine.settings, self.factories):
            self._renew()

    def on_settings_changed(self) -> None:
        self.take_settings()

    @work(group="look", description="make screens anew")
    async def _renew(self) -> None:
        await self.look.renew(self, self.factories)

    def _say_title(self) -> None:
        """It tells minutes, so it is looked at every few seconds and when something has happened."""
        made_of = self.snapshot, self.engine.settings
        if all(map(is_, made_of, self._title_of)) and 0 <= self.now - self._title_at < TITLE_EVERY:
            return
        self._title_of, self._title_at = made_of, self.now
        alerts, settings = self.engine.settings.alerts, self.engine.settings.anthropic
        watched = watched_kinds(route_subscriptions=settings.route_subscriptions)
        says = alerts.enabled and alerts.title
        self.terminal_title.say(worst(self.snapshot, self.now, self.locale, watched) if says else "")

    def _write_terminal(self, text: str) -> None:
        # As Textual's own bell does it: nothing public writes to the terminal.
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)

    def on_unmount(self) -> None:
        self.terminal_title.restore()

    def _fatal_error(self) -> None:
        """End; `run_app` says why, without what every variable held, which is Textual's way."""
        self._close_messages_no_wait()

    def speak_up(self) -> None:
        """Say once what is wrong with the stores, and when it is over."""
        notices = self.engine.take_notices()
        if len(notices) > NOTICES:
            notices[NOTICES - 1 :] = [f"And {len(notices) - NOTICES + 1} more like it: `rota doctor` tells them all."]
        for notice in notices:
            self.notify(notice, severity="warning", timeout=NOTICE_S, markup=False)
        problem = self.engine.journal.problem
        told = problem.in_full if problem is not None else ""
        if told != self._problem:
            if told:
                self.notify(told, title="The log", severity="error", timeout=NOTICE_S, markup=False)
            else:
                self.notify("It is written again; nothing was lost.", title="The log", markup=False)
            self._problem = told

    @work(group="core", description="follow the core")
    async def follow(self) -> None:
        with self.engine.subscribe() as subscription:
            self.recent = tuple(await self.engine.recent(RECENT))
            told = {event.id for event in self.recent}
            self.snapshot = self.engine.snapshot
            async for batch in subscription:
                events = tuple(event for event in batch.events if event.id not in told)
                self.post_message(CoreChanged(batch.snapshot, events, batch.dropped))
                await asyncio.sleep(FRAME)

    def on_core_changed(self, message: CoreChanged) -> None:
        self.snapshot = message.snapshot
        if message.events:
            self.recent = (*self.recent, *message.events)[-RECENT:]
            speak(self, message.events, self.engine.settings.alerts, self.engine.clock.now(), self.locale.tz)

    async def on_test_requested(self, message: TestRequested) -> None:
        from rota_tui.screens.chat import ChatScreen

        await self.switch_mode("chat")
        if isinstance(self.screen, ChatScreen):
            self.screen.ask_account(message.account_id)

    async def on_why_requested(self) -> None:
        from rota_tui.screens.activity import ActivityScreen

        await self.switch_mode("activity")
        if isinstance(self.screen, ActivityScreen):
            self.screen.action_last_switch()

    async def on_model_requested(self, message: ModelRequested) -> None:
        from rota_tui.screens.chat import ChatScreen

        await self.switch_mode("chat")
        if isinstance(self.screen, ChatScreen):
            self.screen.ask_model(message.provider, message.model)
            self.screen.action_write()

    # --- keys ---------------------------------------------------------------------------------------------

    def push_screen(self, *args: Any, **options: Any) -> Any:
        """From here on keys go to what is pushed."""
        self._ahead.asks()
        return super().push_screen(*args, **options)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, Key) and not event.is_forwarded and event.key != "ctrl+q" and self._ahead.keep(event):
            return
        await super().on_event(event)

    def action_help_quit(self) -> None:
        """Where ctrl+c copies nothing: say how one leaves from here."""
        works = [binding for _, binding, enabled, _ in self.screen.active_bindings.values() if enabled]
        key = next((self.get_key_display(b) for b in works if b.id == "quit"), "ctrl+q")
        self.notify(f"Press {key} to quit.", markup=False)

    def get_key_display(self, binding: Binding) -> str:
        """Keys by their names where symbols cannot be drawn."""
        shown = super().get_key_display(binding)
        return shown if shown.isascii() or not self.look.plain else binding.key

    def on_key(self, event: Key) -> None:
        """A dialog shuts out the app's keys, but neither the question what works in it nor the way to the shell."""
        if self._ahead.keep(event):
            event.prevent_default()
        elif event.key == "question_mark" and self.screen.is_modal:
            event.prevent_default()
            self.action_help()
        elif event.key == "ctrl+z" and SUSPEND and self.screen.is_modal:
            event.prevent_default()
            self.action_suspend_process()

    def action_command_palette(self) -> None:
        """Textual's own, with words of ours in its line."""
        from textual.command import CommandPalette  # not for the first frame

        if not CommandPalette.is_open(self):
            self.push_screen(CommandPalette(placeholder="Type what you want to do", id="--command-palette"))

    def action_help(self) -> None:
        """Show what works here; the same key hides it again."""
        from rota_tui.dialogs.help import HelpDialog  # not for the first frame

        if isinstance(self.screen, HelpDialog):
            self.screen.dismiss(None)
        elif self.screen.id != "--command-palette":
            self.push_screen(HelpDialog(self.screen, self.locale))
