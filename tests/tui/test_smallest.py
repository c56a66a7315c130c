"""Dialogs on the smallest terminal that the app takes: the keys and what has the focus are in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_places import PLACES
from tests.support.app_world import Opened, account, opened
from textual.containers import ScrollableContainer

from rota_tui.dialogs.secret_input import SecretInput
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.key_hint import KeyHint
from rota_tui.widgets.too_small import MIN_HEIGHT, MIN_WIDTH

if TYPE_CHECKING:
    from pathlib import Path

    from textual.geometry import Region
    from textual.widget import Widget

SMALLEST = (MIN_WIDTH, MIN_HEIGHT)
SIGN_IN = ("1", "a", "enter", "down", "enter", "y")
DIALOGS = {place: keys for place, keys in PLACES.items() if len(keys) > 1 and keys != ("2", "escape")} | {
    "how to sign in": SIGN_IN[:3],
    "a key": ("1", "a", "enter", "enter"),
    "the notice": SIGN_IN[:5],
    "what a key of a command is": ("5", "m", "enter"),
    "help": ("1", "question_mark"),
    "side by side": ("2", "h", "i", "ctrl+b"),
}


def keys_of(it: Opened) -> Region:
    """Where the dialog's line of keys is."""
    lines: list[Widget] = [*it.app.screen.query(KeyHint), *it.app.screen.query(KeyBar)]
    return lines[-1].region


def box_of(it: Opened) -> Region:
    """What is in sight of the dialog."""
    box = it.app.screen.query(".dialog-box").first()
    return box.region.shrink(box.styles.border.spacing)


@pytest.mark.parametrize("size", [SMALLEST, (80, 16)])
@pytest.mark.parametrize("dialog", DIALOGS)
async def test_keys_and_what_has_the_focus_are_in_sight(tmp_path: Path, dialog: str, size: tuple[int, int]) -> None:
    async with opened(tmp_path, account("work"), account("spare"), size=size) as it:
        await it.press(*DIALOGS[dialog])
        keys, box = keys_of(it), box_of(it)
        assert keys.area
        assert it.app.screen.region.contains_region(box)
        assert box.contains_region(keys)
        if (focused := it.app.focused) is not None and not isinstance(focused, ScrollableContainer):
            assert box.contains_region(focused.region)
            assert not focused.region.overlaps(keys)


async def test_a_sign_in_shows_its_keys_and_the_line_for_pasting_and_scrolls(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), size=SMALLEST) as it:
        await it.press(*SIGN_IN)
        assert it.line("Sign in to a Claude subscription")
        assert it.line("esc cancel")
        await it.press("end")
        assert it.line("paste the code here")
        await it.press("home")
        assert it.line("Sign in to a Claude subscription")
        await it.press("p")
        assert isinstance(it.app.focused, SecretInput)
        assert it.line("paste the code here")
        assert it.line("esc cancel")


async def test_a_dialog_keeps_the_focus_in_sight_when_the_terminal_becomes_smaller(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), size=(80, 24)) as it:
        await it.press("d")
        await it.pilot.resize_terminal(*SMALLEST)
        await it.settled()
        assert it.line("Keep")
        assert it.line("y remove")
