"""The palette: every command by what it does, nothing twice, and choosing one does it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import Opened, account, opened
from textual.command import CommandList, CommandPalette
from textual.widgets import OptionList

from rota_tui.commands import entries
from rota_tui.dialogs.choices import ThemeDialog
from rota_tui.screens.settings import SettingsScreen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


async def until(it: Opened, what: str, holds: Callable[[], bool]) -> None:
    for _ in range(1500):
        if holds():
            return
        await it.pilot.pause(0.02)
    raise AssertionError(what)


async def palette(it: Opened, *typed: str) -> list[str]:
    """Open it, type, and give what it offers once that is there."""
    await it.pilot.press("ctrl+p")
    await until(it, "the palette opens", lambda: isinstance(it.app.screen, CommandPalette))
    await it.pilot.press(*typed)
    group = CommandPalette._GATHER_COMMANDS_GROUP
    words = "".join(typed)

    def gathered() -> bool:
        busy = any(worker.group == group and worker.is_running for worker in it.app.workers)
        line = it.app.screen.query_one("CommandInput")
        return (
            not busy
            and getattr(line, "value", None) == words
            and it.app.screen.query_one(CommandList).option_count > 0
        )

    await until(it, "commands are offered", gathered)
    listed = it.app.screen.query_one(OptionList)
    return [str(listed.get_option_at_index(at).prompt) for at in range(listed.option_count)]


@pytest.mark.parametrize("size", SIZES)
async def test_it_offers_what_works_here_the_modes_and_the_other_modes_commands(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(tmp_path, account("work"), size=size) as it:
        offered = await palette(it)
        text = "\n".join(offered)
        for told in ("Add an account", "Go to Settings", "Leave rota", "What works here"):
            assert told in text
        assert any("Choose the colours" in line and "Settings" in line for line in offered)
        assert it.line("Add an account")
        await it.press("ctrl+end")
        assert it.line(offered[-1].split("   ")[-1])
        await it.press("escape")
        assert not isinstance(it.app.screen, CommandPalette)


@pytest.mark.parametrize("mode", ["1", "2", "3", "4", "5"])
async def test_nothing_is_offered_twice_and_everything_has_words_and_a_key(tmp_path: Path, mode: str) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press(mode)
        offered = [(entry.about, entry.where) for entry in entries(it.app, it.app.screen)]
        assert sorted(set(offered)) == sorted(offered)
        assert all(entry.about and entry.key for entry in entries(it.app, it.app.screen))


async def test_typing_narrows_and_enter_does_it(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        (first, *_) = await palette(it, *"settings")
        assert "Go to Settings" in first
        await it.pilot.press("enter")
        await until(it, "the settings are shown", lambda: isinstance(it.app.screen, SettingsScreen))


async def test_a_command_of_another_mode_goes_there_and_does_it(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await palette(it, *"colours")
        await it.pilot.press("enter")
        await until(it, "themes are offered", lambda: isinstance(it.app.screen, ThemeDialog))
        await it.press("escape")
        assert isinstance(it.app.screen, SettingsScreen)


async def test_a_command_is_found_by_what_the_line_of_keys_calls_it(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        (first, *_) = await palette(it, *"theme")
        assert "Choose the colours, seeing them" in first


async def test_what_cannot_be_done_there_now_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await palette(it, *"last answer")
        await it.pilot.press("enter")
        await until(it, "it is said", lambda: any("nothing here now" in toast for toast in it.toasts()))


async def test_textuals_own_commands_are_not_offered(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        text = "\n".join(await palette(it))
        for own in ("Screenshot", "Maximize", "Show help for the focused widget"):
            assert own not in text
        await asyncio.sleep(0)
