"""Help for where one is, and that what is bound is said: every screen and dialog is walked through by keys."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from tests.support.app_places import PLACES
from tests.support.app_world import Opened, account, opened

from rota_tui.dialogs.help import HelpDialog, HelpLines
from rota_tui.helping import ABOUT, groups
from rota_tui.pieces import plain
from rota_tui.screens.accounts import AccountsScreen

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


async def go(it: Opened, place: str) -> None:
    await it.press(*PLACES[place])


@pytest.mark.parametrize("place", PLACES)
async def test_every_key_says_what_it_does_means_one_thing_and_help_tells_it(tmp_path: Path, place: str) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press(*PLACES[place])
        screen = it.app.screen
        meanings: defaultdict[tuple[object, str], set[str]] = defaultdict(set)
        for node, binding, enabled, _ in screen.active_bindings.values():
            ours = type(node).__module__.startswith("rota_tui")
            if not enabled or binding.system or not ours:
                continue
            assert binding.tooltip or binding.description, binding
            whose, _, action = binding.action.partition("(")[0].rpartition(".")
            target = {"app": it.app, "screen": screen}.get(whose, node)
            assert hasattr(target, f"action_{action}") or hasattr(target, f"_action_{action}"), binding
            meanings[node, binding.key].add(binding.action)
        assert meanings
        assert all(len(actions) == 1 for actions in meanings.values())
        assert any(each.__name__ in ABOUT for each in type(screen).__mro__), type(screen).__name__
        told = [means for group in groups(it.app, screen, "") for _, means in group.keys]
        assert not [means for means in told if " " in means and means.istitle()]
        assert not {"Left", "Right", "Page left", "Page right"} & set(told)  # there is nothing to either side
        await it.press("f1")
        assert isinstance(it.app.screen, HelpDialog)
        assert it.line("Help")
        await it.press("f1")
        assert it.app.screen is screen


@pytest.mark.parametrize("size", SIZES)
async def test_help_of_the_accounts_explains_keys_and_marks(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, account("work"), size=size) as it:
        await it.press("question_mark")
        assert it.line("Who serves now")
        assert it.line("Add an account")
        shown = it.app.screen.query_one(HelpLines)
        told = " ".join(plain(line) for line in shown.lines(76))
        await it.press("end")
        assert it.line("arrows scroll   esc close")
        for words in ("serves new sessions now", "is next in line", "where rota moves", "not known", "a forecast"):
            assert words in told
        for key in ("question_mark", "escape", "q"):
            await it.press(key)
            assert isinstance(it.app.screen, AccountsScreen)
            await it.press("question_mark")
        assert isinstance(it.app.screen, HelpDialog)


async def test_a_question_mark_opens_help_in_a_dialog_and_is_a_letter_in_a_line(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("d", "question_mark")
        assert isinstance(it.app.screen, HelpDialog)
        await it.press("escape", "escape", "l", "question_mark")
        assert not isinstance(it.app.screen, HelpDialog)
        assert it.line("?")


async def test_the_line_of_keys_names_another_key_of_help_where_a_question_mark_is_a_letter(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        assert it.line("? Help")
        await it.press("2")
        assert it.line("f1 Help")
        await it.press("escape")
        assert it.line("? Help")


async def test_help_names_what_does_not_work_now(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), size=(120, 62)) as it:
        await it.press("question_mark")
        assert it.line("Not now")
        assert it.line("Sign in to this account again")


async def test_help_can_be_read_in_plain_characters(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), ascii=True) as it:
        await it.press("question_mark")
        assert it.line("serves new sessions now").count(">") >= 1
