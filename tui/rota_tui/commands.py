"""The palette: every command of where one is, of the other modes and of the app, by what it does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Provider
from textual.content import Content

from rota_tui.fuzzy import match, subject, typed_words
from rota_tui.keymap import EVERYWHERE, commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from textual.app import App
    from textual.command import Hits
    from textual.dom import DOMNode
    from textual.screen import Screen

    from rota_tui.fuzzy import Match
    from rota_tui.keymap import Command

KEY_CELLS = 10
MOVING = ("table.", "back", "palette")
"""Ids of commands that nobody looks for by name."""


class Entry(NamedTuple):
    """One line of the palette."""

    about: str
    """What it does, in plain words."""
    where: str
    """The other mode that it is of; nothing for what works here."""
    key: str
    run: Callable[[], object]
    title: str = ""
    """What the line of keys calls it: it may be found by that too."""


class RotaCommands(Provider):
    """What the palette offers; it takes the place of Textual's own commands."""

    async def startup(self) -> None:
        self._entries = tuple(entries(self.app, self.screen))

    async def discover(self) -> Hits:
        # The palette shows what is found without words from the last to the first.
        for entry in self._entries:
            yield DiscoveryHit(_line(entry), entry.run, text=entry.about)

    async def search(self, query: str) -> Hits:
        words = typed_words(query)
        for entry in self._entries:
            found = match(words, subject(entry.about, entry.title, entry.where, entry.key))
            if found is not None:
                yield Hit(found.score, _line(entry, found), entry.run, text=entry.about)


def entries(app: App[object], screen: Screen[object]) -> Iterator[Entry]:
    """Every command once: those that work here, the modes, the other modes' commands, the app's."""
    said: set[tuple[str, str]] = set()
    for entry in _all(app, screen):
        if (entry.about, entry.where) not in said:
            said.add((entry.about, entry.where))
            yield entry


def _all(app: App[object], screen: Screen[object]) -> Iterator[Entry]:
    titles: Mapping[str, str] = {mode: title for _, mode, title in app.TITLES}  # type: ignore[attr-defined]
    for node, binding, enabled, _ in screen.active_bindings.values():
        about = binding.tooltip or binding.description
        moving = binding.system or not binding.id or binding.id.startswith(MOVING)
        if node is app or moving or not enabled:
            continue
        yield Entry(
            about, "", app.get_key_display(binding), partial(_act, app, binding.action, node), binding.description
        )
    for number, mode, title in app.TITLES:  # type: ignore[attr-defined]
        if mode != app.current_mode:
            yield Entry(f"Go to {title}", "", number, partial(app.switch_mode, mode))
    for mode, title in titles.items():
        for command in commands().values():
            on_screen = command.where == title and command.owner.__module__.startswith("rota_tui.screens.")
            if mode == app.current_mode or not on_screen or command.shares or command.id.startswith(MOVING):
                continue
            key = _shown(app, command)
            act = partial(_act_there, app, mode, command.action, command.about)
            yield Entry(command.about, title, key, act, command.title)
    for command in commands().values():
        if command.where == EVERYWHERE and not command.id.startswith(("mode-", *MOVING)):
            key = _shown(app, command)
            yield Entry(command.about, "", key, partial(_act, app, command.action, app), command.title)


def _shown(app: App[object], command: Command) -> str:
    """Its key, as the line of keys shows it."""
    key = app._keymap.get(command.id, command.keys[0]).partition(",")[0]
    return app.get_key_display(Binding(key, command.action))


async def _act(app: App[object], action: str, node: DOMNode) -> None:
    await app.run_action(action, node)


async def _act_there(app: App[object], mode: str, action: str, about: str) -> None:
    """Go to a mode and do it there, once it is up."""
    await app.switch_mode(mode)

    async def act() -> None:
        if app._check_action_state(action, app.screen):
            await app.run_action(action, app.screen)
        else:
            app.notify(f"{about}: there is nothing here now to do that with.", severity="warning")

    app.screen.call_after_refresh(act)


def _line(entry: Entry, found: Match | None = None) -> Content:
    about = Content(entry.about)
    for place in found.places if found is not None else ():
        about = about.stylize("$active", place, place + 1)
    key = Content.styled(entry.key.rjust(KEY_CELLS), "bold $footer-key-foreground")
    where = f"   {entry.where}" if entry.where else ""
    return Content.assemble(key, "   ", about, (where, "$quiet"))
