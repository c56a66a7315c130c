"""The app: its keys, its looks, and how the core's news reaches the screens."""

from __future__ import annotations

import asyncio
import os
from operator import is_
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Key

from rota.clock import FastClock
from rota_tui.focusing import FocusKeeper
from rota_tui.look import USUAL_THEME, Look, tell_problems
from rota_tui.messages import CoreChanged, ModelRequested, TestRequested
from rota_tui.modes import ModesApp
from rota_tui.speaking import speak
from rota_tui.themes import THEMES, variable_defaults
from rota_tui.title import TerminalTitle, worst
from rota_tui.toasting import in_short, outdated
from rota_tui.typing_ahead import TypingAhead
from rota_tui.wording import watched_kinds

if TYPE_CHECKING:
    from datetime import tzinfo

    from textual import events
    from textual.command import Provider
    from textual.driver import Driver
    from textual.events import DescendantBlur, DescendantFocus
    from textual.notifications import Notify

    from rota.clock import Clock
    from rota.engine import Engine

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


class RotaApp(ModesApp):
    """Keys and wiring; everything else is in the screens.

    It gives back what it was left for: `messages.DEMO`, or nothing.
    """

    # The first screen's styles come with the app's: a screen that brings its own has all of them parsed once more.
    CSS_PATH = ["app.tcss", "screens/accounts.tcss"]  # noqa: RUF012
    TITLE = "rota"
    COMMANDS = {_palette}  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="help", tooltip="What works here"),
        # Where "?" is typed like any letter.
        Binding("f1", "help", "Help", show=False, priority=True, id="help-anywhere", tooltip="What works here"),
        Binding("q", "quit", "Quit", id="quit", tooltip="Leave rota"),
        *SUSPEND,
    ]

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
        self.set_reactive(ModesApp.snapshot, engine.snapshot)
        self.set_reactive(ModesApp.now, engine.clock.now())
        self.add_modes()

    def get_driver_class(self) -> type[Driver]:
        driver = super().get_driver_class()
        if driver.__name__ != "LinuxDriver":
            return driver
        from rota_tui.driver import RestingDriver  # not where there is no such terminal

        return RestingDriver

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

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
        for notice in in_short(self.engine.take_notices(), "rota doctor"):
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
