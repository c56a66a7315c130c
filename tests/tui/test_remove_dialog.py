"""Removing accounts by keys: asked first, one or several or all, and what stays is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import Opened, account, opened

from rota.account import Kind

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


def labels(it: Opened) -> list[str]:
    return [state.account.label for state in it.engine.snapshot.listed()]


@pytest.mark.parametrize("size", SIZES)
async def test_what_goes_and_what_stays_is_said_before_one_is_removed(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, account("one"), account("two"), size=size) as it:
        await it.press("d")
        assert it.line("Remove one?")
        assert it.line("deleted from the vault")
        assert it.line("platform.claude.com/settings/keys")
        await it.press("y")
        assert labels(it) == ["two"]
        assert await it.vault.names() == {"account/two"}
        assert "1 one" not in it.text(), "who is gone is not next"
        assert "one removed. The key itself stays valid" in it.toasts()[-1]


async def test_enter_and_escape_keep_everything(tmp_path: Path) -> None:
    async with opened(tmp_path, account("one")) as it:
        for key in ("enter", "escape", "n"):
            await it.press("d", key)
            assert labels(it) == ["one"]


async def test_several_are_chosen_and_each_kind_says_what_stays(tmp_path: Path) -> None:
    puter = account("mine", provider="puter", kind=Kind.PUTER)
    async with opened(tmp_path, account("one"), account("two"), puter) as it:
        await it.press("d", "down", "down", "space")
        assert it.line("Remove 2 accounts?")
        assert it.line("Manage sessions")
        await it.press("y")
        assert labels(it) == ["one"]
        assert it.toasts()[-1].startswith("mine and two removed. ")


async def test_all_of_them_are_one_key_and_said_in_words(tmp_path: Path) -> None:
    async with opened(tmp_path, account("one"), account("two")) as it:
        await it.press("d", "a")
        assert it.line("rota is then signed in nowhere")
        await it.press("y")
        assert labels(it) == []
        assert not await it.vault.names()


async def test_nothing_chosen_removes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, account("one")) as it:
        await it.press("d")
        assert it.line("y remove   h history too   space choose   a all   esc keep")
        await it.press("space", "y")
        assert it.line("Remove nothing?")
        assert "y remove" not in it.text()
        await it.press("escape")
        assert labels(it) == ["one"]


async def test_the_history_goes_only_when_asked(tmp_path: Path) -> None:
    async with opened(tmp_path, account("one"), account("two")) as it:
        await it.press("d")
        assert it.line("The history stays")
        await it.press("h")
        assert it.line("The history goes too.")
        assert it.line("h keep the history")
