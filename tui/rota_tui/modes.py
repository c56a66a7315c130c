"""The five modes: their keys, and their screens, each made when it is first shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.reactive import var

from rota.snapshot import Snapshot
from rota_tui.widgets.mode_bar import ModeBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen
    from textual.widget import AwaitMount

    from rota.engine import Engine
    from rota.events import Event
    from rota_tui.look import Look
    from rota_tui.pieces import Locale
    from rota_tui.screens.settings_editing import Place


class ModesApp(App[Any]):
    """What every screen is bound to: the clock, the core's snapshot and the last events."""

    DEFAULT_MODE = "accounts"
    # Textual declares these two as instance variables, so ClassVar is not for them.
    HORIZONTAL_BREAKPOINTS = [(0, "-small"), (60, "-narrow"), (100, "-wide"), (160, "-roomy")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (14, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "switch_mode('accounts')", "Accounts", show=False, id="mode-accounts", tooltip="Go to Accounts"),
        Binding("2", "switch_mode('chat')", "Chat", show=False, id="mode-chat", tooltip="Go to Chat"),
        Binding("3", "switch_mode('activity')", "Activity", show=False, id="mode-activity", tooltip="Go to Activity"),
        Binding("4", "switch_mode('models')", "Models", show=False, id="mode-models", tooltip="Go to Models"),
        Binding("5", "switch_mode('settings')", "Settings", show=False, id="mode-settings", tooltip="Go to Settings"),
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

    engine: Engine
    look: Look
    _settings_place: Place | None = None
    """Where somebody is in the settings: kept while the screen is made anew."""

    @property
    def locale(self) -> Locale:
        return self.look.locale()

    def add_modes(self) -> None:
        """Say how each screen is made."""
        self.factories: dict[str, Callable[[], Screen[None]]] = {
            "accounts": self._accounts_screen,
            "chat": self._chat_screen,
            "activity": self._activity_screen,
            "models": self._models_screen,
            "settings": self._settings_screen,
        }
        for mode, factory in self.factories.items():
            self.add_mode(mode, factory)

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
        return screen.data_bind(ModesApp.now, ModesApp.snapshot, ModesApp.recent)

    def _chat_screen(self) -> Screen[None]:
        from rota_tui.screens.chat import ChatScreen  # with Markdown and the pool: not for the first frame

        screen = ChatScreen(self.engine, self.locale, self._mode_bar("chat"))
        return screen.data_bind(ModesApp.now, ModesApp.snapshot, ModesApp.recent)

    def _activity_screen(self) -> Screen[None]:
        from rota_tui.screens.activity import ActivityScreen  # not for the first frame

        screen = ActivityScreen(self.engine, self.locale, self._mode_bar("activity"))
        return screen.data_bind(ModesApp.now, ModesApp.snapshot, ModesApp.recent)

    def _models_screen(self) -> Screen[None]:
        from rota_tui.screens.models import ModelsScreen  # not for the first frame

        screen = ModelsScreen(self.engine, self.locale, self._mode_bar("models"))
        return screen.data_bind(ModesApp.now, ModesApp.snapshot)

    def _settings_screen(self) -> Screen[None]:
        from rota_tui.screens.settings import SettingsScreen  # not for the first frame
        from rota_tui.screens.settings_editing import Place

        if self._settings_place is None:
            self._settings_place = Place()
        screen = SettingsScreen(self.engine, self.locale, self._mode_bar("settings"), self._settings_place)
        return screen.data_bind(ModesApp.now, ModesApp.snapshot)

    def _mode_bar(self, here: str) -> ModeBar:
        bar = ModeBar(self.TITLES, here, lambda: self.engine.vault_kind, self.locale)
        return bar.data_bind(ModesApp.now, ModesApp.snapshot)

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
