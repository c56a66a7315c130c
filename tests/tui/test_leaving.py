"""Leaving rota: what it says of that is so wherever it says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import account, opened

from rota.settings import UiSettings

if TYPE_CHECKING:
    from pathlib import Path


# the keys that lead there, what is said
PLACES = [
    ((), "Press q to quit."),
    (("2",), "Press ctrl+q to quit."),  # a q would be a letter
]


@pytest.mark.parametrize(("keys", "said"), PLACES)
async def test_ctrl_c_says_the_key_that_leaves_from_here(tmp_path: Path, keys: tuple[str, ...], said: str) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press(*keys, "ctrl+c")
        assert it.toasts()[-1:] == [said]
        await it.pilot.press(said.split()[1])
        assert it.app._exit


async def test_ctrl_c_says_the_key_that_one_chose_for_leaving(tmp_path: Path) -> None:
    mine = UiSettings(animations=False, keys={"quit": "f10"})
    async with opened(tmp_path, account("work"), settings={"ui": mine}) as it:
        await it.press("ctrl+c")
        assert it.toasts() == ["Press f10 to quit."]


@pytest.mark.parametrize("keys", [(), ("2",), ("a",), ("l",), ("d",)])
async def test_a_terminal_that_is_too_small_names_a_key_that_leaves(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press(*keys)
        await it.pilot.resize_terminal(59, 13)
        await it.settled()
        assert it.text().isascii()
        assert it.line("or press ctrl+q to quit.")
        await it.pilot.press("ctrl+q")
        assert it.app._exit


async def test_an_empty_rota_says_once_how_one_gets_help_and_leaves(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        assert it.text().lower().count("? help") == 1
        assert it.text().lower().count("q quit") == 1
