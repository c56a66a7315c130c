"""Other keys for commands: pressed, written, told when they are wrong, and in force at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import account, opened

from rota import config
from rota.settings import UiSettings
from rota_tui.dialogs.add_account import AddAccountDialog
from rota_tui.dialogs.help import HelpLines
from rota_tui.dialogs.keys import KeyDialog
from rota_tui.keymap import commands, normal, problems, shown
from rota_tui.pieces import plain

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]

NORMAL = [
    ("a", "a"),
    ("A", "A"),
    ("?", "question_mark"),
    ("/", "slash"),
    ("ctrl+n", "ctrl+n"),
    ("shift+f5", "shift+f5"),
    ("alt+enter", "alt+enter"),
    ("ctrl++", "ctrl+plus"),
    ("question_mark", "question_mark"),
    ("ctr+n", None),  # no such modifier
    ("return!", None),
    ("ctrl+", None),
    ("", None),
]


@pytest.mark.parametrize(("typed", "key"), NORMAL)
def test_a_key_is_known_by_its_name_or_its_character(typed: str, key: str | None) -> None:
    assert normal(typed) == key


WRONG = [
    ({}, []),
    ({"add-account": "ctrl+n"}, []),
    ({"add-account": "ctrl+n,insert"}, []),
    ({"add-acount": "ctrl+n"}, ["ui.keys.add-acount: there is no such command. Nearest: add-account"]),
    ({"add-account": "ctr+n"}, ["ui.keys.add-account: ctr+n is no key. Nearest: ctrl+n"]),
    ({"add-account": ""}, ["ui.keys.add-account: nothing is no key."]),
    ({"add-account": "u"}, ["ui.keys.add-account: u is already use-account (Use this account for new sessions)."]),
    ({"add-account": "q"}, ["ui.keys.add-account: q is already quit (Leave rota)."]),
    ({"add-account": "u", "use-account": "a"}, []),  # they change places
    ({"settings.theme": "f"}, []),  # what Models calls f is elsewhere
    (
        {"activity.export": "enter"},
        [f"ui.keys.activity.export: enter is already {of}" for of in ("activity.story", "table.s")],
    ),
    (
        {"table.up": "t"},
        [f"ui.keys.table.up: t is already {of}" for of in ("activity.t", "activity.l", "settings.t")],
    ),
    ({"activity.export": "ctrl+i"}, ["ui.keys.activity.export: terminals send ctrl+i as tab, so it never comes."]),
    ({"activity.export": "ctrl+p"}, ["ui.keys.activity.export: ctrl+p is the palette's key."]),
    ({"quit": "ctrl+q"}, []),
    ({"chat.stop": "x"}, ["ui.keys.chat.stop: its key has other meanings too"]),
]


@pytest.mark.parametrize(("keymap", "told"), WRONG)
def test_what_is_wrong_with_a_key_map_is_said_with_the_nearest(keymap: dict[str, str], told: list[str]) -> None:
    found = problems(keymap)
    assert len(found) == len(told)
    assert all(said.startswith(begins) for said, begins in zip(found, told, strict=True)), found


def test_every_command_has_a_name_of_its_own_a_key_and_words() -> None:
    for command in commands().values():
        assert command.keys, command
        assert command.about, command
        assert all(normal(key) == key for key in command.keys), command
        assert shown(command.keys)


@pytest.mark.parametrize("size", SIZES)
async def test_a_command_gets_another_key_by_pressing_it_and_it_works_at_once(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(tmp_path, account("work"), size=size) as it:
        await it.press("5", "m", *"add an account", "enter")
        assert isinstance(it.app.screen, KeyDialog)
        await it.press("ctrl+n")
        assert it.line("Add an account: ctrl+n from now on.")
        assert config.load(it.engine.paths, {}).ui.keys == {"add-account": "ctrl+n"}
        await it.press("escape", "1", "ctrl+n")
        assert isinstance(it.app.screen, AddAccountDialog)


async def test_a_key_that_is_taken_is_told_and_taken_over_only_when_pressed_again(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("5", "m", *"add an account", "enter", "u")
        assert it.line("u is already: Use this account for new sessions.")
        await it.press("escape")
        assert it.engine.settings.ui.keys == {}
        await it.press("enter", "u", "u")
        assert it.engine.settings.ui.keys == {"add-account": "u"}
        assert "is already use-account" in it.toasts()[-1]


async def test_a_key_that_never_comes_or_means_one_thing_everywhere_is_not_taken(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("5", "m", *"add an account", "enter", "tab")
        assert it.line("Tab is the key to the next part of the screen.")
        await it.press("tab")
        assert isinstance(it.app.screen, KeyDialog)
        await it.press("ctrl+n", "enter")
        assert it.line("It is ctrl+n. Press the new key.")


async def test_many_problems_of_a_key_map_are_told_in_a_few_lines(tmp_path: Path) -> None:
    keys = {f"nothing.of.the.kind.{number}": "x" for number in range(9)}
    async with opened(tmp_path, account("work"), settings={"ui": UiSettings(animations=False, keys=keys)}) as it:
        for _ in range(1500):
            if it.toasts():
                break
            await it.pilot.pause(0.02)
        first, _, last = it.toasts()[0].splitlines()
        assert "kind.0: there is no such command" in first
        assert last == "And 7 more like it: `rota config keys` tells them all."


async def test_the_usual_key_comes_back(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("5", "m", *"add an account", "enter", "ctrl+n")
        assert it.engine.settings.ui.keys == {"add-account": "ctrl+n"}
        await it.press("ctrl+r")
        assert it.line("a again.")
        assert it.engine.settings.ui.keys == {}
        await it.press("escape", "1", "a")
        assert isinstance(it.app.screen, AddAccountDialog)


async def test_a_wrong_key_map_is_told_when_the_app_opens(tmp_path: Path) -> None:
    keys = {"add-acount": "ctrl+n"}
    async with opened(tmp_path, account("work"), settings={"ui": UiSettings(animations=False, keys=keys)}) as it:
        for _ in range(1500):
            if it.toasts():
                break
            await it.pilot.pause(0.02)
        assert "there is no such command. Nearest: add-account" in it.toasts()[0]


async def test_help_and_the_palette_show_the_other_key(tmp_path: Path) -> None:
    from rota_tui.commands import entries

    keys = {"add-account": "ctrl+n"}
    async with opened(tmp_path, account("work"), settings={"ui": UiSettings(animations=False, keys=keys)}) as it:
        found = [entry.key for entry in entries(it.app, it.app.screen) if entry.about == "Add an account"]
        assert found == ["^n"]
        await it.press("question_mark")
        told = [plain(line).strip() for line in it.app.screen.query_one(HelpLines).lines(76)]
        assert told[told.index("Here") + 1] == "^n  Add an account"


async def test_the_strip_says_with_which_key_all_of_the_activity_is_shown(tmp_path: Path) -> None:
    keys = {"mode-activity": "f9"}
    async with opened(tmp_path, account("work"), settings={"ui": UiSettings(animations=False, keys=keys)}) as it:
        assert it.line("f9 shows all")
