"""What the app wears by the settings, put on at once when they change: colours, characters, movement, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota_tui.pieces import ASCII, UNICODE, Locale
from rota_tui.themes import THEMES
from rota_tui.toasting import in_short

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from textual.app import App
    from textual.screen import Screen

    from rota.settings import Settings

USUAL_THEME = THEMES[0].name
TOLD_S = 20.0
SETTINGS = "settings"
BETWEEN = "between"
"""The mode without anything in it, for the moment in which the shown one is made anew."""


class Look:
    """Follows the settings for the app. What the command line asked for stays, whatever they say."""

    def __init__(self, settings: Settings, *, ascii: bool, no_animation: bool, tz: tzinfo | None) -> None:
        self._ascii = ascii
        self._no_animation = no_animation
        self._tz = tz
        self._seen = settings
        self._stale: set[str] = set()
        """Modes whose screens were made for an earlier look."""
        self._renewing = False

    def locale(self) -> Locale:
        """How this person and terminal read."""
        return Locale(self._tz, ASCII if self._ascii or self._seen.ui.ascii else UNICODE)

    @property
    def plain(self) -> bool:
        """Whether only plain characters may be drawn."""
        return self.locale().glyphs is ASCII

    def mark(self, app: App[object]) -> None:
        """Tell the stylesheets which characters may be drawn."""
        app.set_class(self.plain, "-ascii-only")

    @property
    def still(self) -> bool:
        """Whether nothing may move by itself."""
        return self._no_animation or not self._seen.ui.animations

    def take(self, app: App[object], settings: Settings, modes: dict[str, Callable[[], Screen[None]]]) -> bool:
        """Put on what has changed; says whether screens are to be made anew."""
        before, self._seen = self._seen, settings
        if before is not settings:
            self._put_on(app, before, settings)
            if before.ui.ascii != settings.ui.ascii:
                self._stale = set(modes)
            elif _drawn_with(before) != _drawn_with(settings):
                self._stale |= set(modes) - {SETTINGS}
        return bool(self._stale) and not self._renewing

    def _put_on(self, app: App[object], before: Settings, after: Settings) -> None:
        if before.ui.theme != after.ui.theme:
            app.theme = after.ui.theme if after.ui.theme in app.available_themes else USUAL_THEME
        app.animation_level = "none" if self.still else "full"
        self.mark(app)
        if before.ui.keys != after.ui.keys:
            app.set_keymap(dict(after.ui.keys))
        if (before.ui.keys, before.ui.theme) != (after.ui.keys, after.ui.theme):
            tell_problems(app, after)

    async def renew(self, app: App[object], modes: dict[str, Callable[[], Screen[None]]]) -> None:
        """Make anew the screens that may be; one with a conversation or a question open waits for its end."""
        if self._renewing:
            return
        self._renewing = True
        try:
            await self._renew(app, modes)
        finally:
            self._renewing = False

    async def _renew(self, app: App[object], modes: dict[str, Callable[[], Screen[None]]]) -> None:
        for mode in sorted(self._stale):
            try:
                base, *above = app.get_screen_stack(mode)
            except KeyError:
                self._stale.discard(mode)  # it was never looked at
                continue
            if above or getattr(base, "turns", None):
                continue
            self._stale.discard(mode)
            if shown := mode == app.current_mode:
                app.add_mode(BETWEEN, _empty)  # a mode that is shown cannot be taken away
                await app.switch_mode(BETWEEN)
            await app.remove_mode(mode)
            app.add_mode(mode, modes[mode])
            if shown:
                await app.switch_mode(mode)
                await app.remove_mode(BETWEEN)


def _empty() -> Screen[None]:
    from textual.screen import Screen

    return Screen()


def _drawn_with(settings: Settings) -> tuple[object, ...]:
    """What the screens that show accounts are made with and do not ask for again."""
    return (settings.pool.thresholds, settings.anthropic.route_subscriptions)


def tell_problems(app: App[object], settings: Settings) -> None:
    """Say what is wrong with the key map and the theme, if anything is."""
    told: list[str] = []
    if settings.ui.theme not in app.available_themes:
        told.append(f"There is no theme {settings.ui.theme}; Settings lists those there are.")
    if settings.ui.keys:
        from rota_tui.keymap import problems  # brings in every screen

        told.extend(problems(settings.ui.keys))
    if told:
        said = "\n".join(in_short(told, "rota config keys"))
        app.notify(said, title="Settings", severity="warning", timeout=TOLD_S, markup=False)
