"""`--ascii`: whatever is opened, in whatever size, no other character is drawn; what others wrote stays as it is."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import HOUR, NOW, Opened, account, opened, quota

from rota.account import Kind
from rota.errors import Meaning
from rota.events import AccountSwitched, CooldownStarted, Event
from rota_tui.widgets.too_small import MIN_HEIGHT, MIN_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DRAWN = {"tui/rota_tui/pieces.py", "tui/rota_tui/widgets/welcome.py"}
"""Where the characters are that have a plain one beside them."""
ASCII_KEYS = {
    "Accounts": (
        "enter",
        "escape",
        "o",
        "escape",
        "s",
        "S",
        "space",
        "escape",
        "r",
        *("a", "enter", "enter", "x", "y", "z", "enter", "escape", "escape", "escape"),
        *("a", "enter", "down", "enter", "y", "escape", "escape", "escape"),
        *("a", "down", "enter", "down", "enter", "t", "escape", "escape", "escape"),
        *("d", "down", "space", "h", "escape"),
        *("m", "escape"),
        *("l", "escape"),
        *("P", "escape"),
        *("slash", "w", "enter", "slash", "escape"),
        *("question_mark", "end", "escape"),
        *("ctrl+p", "a", "down", "escape"),
    ),
    "Chat": (
        "2",
        *("ctrl+o", "n", "down", "escape"),
        *("ctrl+t", "down", "escape"),
        *("ctrl+b", "down", "escape"),
        *("ctrl+g", "x", "enter", "escape"),
        *("f1", "end", "escape", "escape"),
    ),
    "Activity": (
        "3",
        *("enter", "escape", "w", "escape", "space", "space"),
        *("a", "down", "escape", "f", "escape", "e", "escape"),
        *("slash", "w", "enter", "escape", "escape"),
        *("t", "u", "plus", "minus", "minus", "left", "tab", "escape"),
    ),
    "Models": ("4", "down", "slash", "c", "l", "enter", "enter", "4", "question_mark", "escape"),
    "Settings": (
        "5",
        *("t", "down", "escape", "m", "down", "enter", "escape", "escape", "o", "o"),
        *("slash", *"chain", "enter", "down", "enter", "escape", "escape"),
        *("down", "enter", "escape", "down", "enter", "escape"),
    ),
}


def busy() -> list[Event]:
    """Accounts of every state, one cooling, a switch, and a request with its story."""
    return [
        account("work", kind=Kind.SUBSCRIPTION, plan="Max 5x", position=0.0),
        account("spare", position=1.0),
        account("lab", provider="puter", kind=Kind.PUTER, plan="Free", position=2.0),
        quota("work", h5=1.0, d7=0.31),
        quota("lab", month=0.4),
        AccountSwitched(
            at=NOW - 600, provider="anthropic", account_id="spare", previous_id="work", reason="5h spent"
        ),
        CooldownStarted(
            at=NOW - 60, account_id="lab", until=NOW + HOUR, meaning=Meaning.LIMITED, reason="month spent"
        ),
    ]


def strange(it: Opened) -> list[str]:
    """The lines that have other characters in them."""
    return [line for line in it.text().splitlines() if not line.isascii()]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("mode", ASCII_KEYS)
async def test_every_mode_and_dialog_is_drawn_in_plain_characters(
    tmp_path: Path, size: tuple[int, int], mode: str
) -> None:
    async with opened(tmp_path, *busy(), size=size, ascii=True) as it:
        pressed: list[str] = []
        for key in ASCII_KEYS[mode]:
            await it.press(key)
            pressed.append(key)
            assert strange(it) == [], f"after {' '.join(pressed)}"


@pytest.mark.parametrize("mode", ["1", "2", "3", "4", "5"])
async def test_a_terminal_that_is_too_small_is_told_so_in_plain_characters(tmp_path: Path, mode: str) -> None:
    async with opened(tmp_path, *busy(), size=(80, 24), ascii=True) as it:
        await it.press(mode)
        await it.pilot.resize_terminal(MIN_WIDTH - 20, MIN_HEIGHT - 4)
        await it.settled()
        assert f"rota needs {MIN_WIDTH} by {MIN_HEIGHT} cells." in it.text()
        assert strange(it) == []


async def test_the_keys_of_the_last_line_have_the_names_they_have_in_dialogs(tmp_path: Path) -> None:
    async with opened(tmp_path, *busy(), size=(80, 24), ascii=True) as it:
        await it.press("enter")
        assert " esc Back " in it.text().splitlines()[-1]
        await it.press("2")
        keys = it.text().splitlines()[-1]
        assert keys.startswith(" enter Send  esc Leave line  ^o Model")


def said_by(path: Path) -> Iterator[str]:
    """What a module may say: its strings, but for what is written about its code."""
    tree = ast.parse(path.read_text("utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_what_rota_says_is_written_in_plain_characters() -> None:
    """An error, an alert or a help text comes onto the screen as it is; only what is drawn has two forms."""
    folders = (ROOT / "core/rota", ROOT / "tui/rota_tui")
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    app = [path for path in paths if not {"simulator", "cli"} & set(path.parts)]
    found = {
        (path.relative_to(ROOT).as_posix(), text)
        for path in app
        for text in said_by(path)
        if not text.isascii() and text.isprintable()
    }
    assert {(path, text) for path, text in found if path not in DRAWN} == {
        ("core/rota/gateway/openai/reply.py", "\u25fd"),
        ("core/rota/providers/anthropic/texts.py", "\u2019"),
    }
