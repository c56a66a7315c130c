"""What is drawn line by line: selected with the mouse, beside a scrollbar, and when only time passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import HOUR, NOW, account, opened, quota
from tests.support.chat_world import chatting

from rota.account import Kind
from rota.errors import Meaning
from rota.events import CooldownStarted, QuotaObserved
from rota.quota import QuotaWindow, Source
from rota.settings import PoolSettings

if TYPE_CHECKING:
    from pathlib import Path

    from rich.color import Color
    from tests.support.app_world import Opened
    from tests.support.chat_world import Chat
    from textual.widget import Widget


def background(it: Opened, x: int, y: int) -> object:
    """The colour behind a cell of the screen."""
    return it.app.screen.get_style_at(x, y).bgcolor


def colours(it: Chat, widget: Widget) -> set[Color | None]:
    """What a widget's text is drawn in."""
    x, y, width, _ = widget.region
    return {it.app.screen.get_style_at(x + n, y).color for n in range(width)} - {None}


@pytest.mark.parametrize("words", ["2 accounts", "Last 24 hours"])
async def test_text_is_marked_where_the_mouse_was_drawn_over_it_and_copied(tmp_path: Path, words: str) -> None:
    async with opened(tmp_path, account("work"), account("spare"), size=(120, 40)) as it:
        y, line = next((y, line) for y, line in enumerate(it.text().splitlines()) if words in line)
        x = line.index(words)
        before = background(it, x, y)
        await it.pilot.mouse_down(offset=(x, y))
        await it.pilot.hover(offset=(x + len(words) - 1, y))
        await it.pilot.mouse_up(offset=(x + len(words) - 1, y))
        await it.settled()
        assert it.line(words)
        assert background(it, x, y) != before
        assert background(it, x + len(words) + 1, y) == before
        await it.press("ctrl+c")
        assert it.app.clipboard == words


async def test_a_scrollbar_that_comes_and_goes_leaves_no_hole_behind(tmp_path: Path) -> None:
    people = [account(f"work-{n:02}", position=float(n)) for n in range(60)]
    async with opened(tmp_path, *people, size=(120, 40)) as it:
        table = it.app.screen.query_one("#accounts")
        for keys, scrolls in ((("slash", *"work-07", "enter"), False), (("escape",), True)):
            await it.press(*keys)
            assert table.show_vertical_scrollbar is scrolls
            assert {strip.cell_length for strip in it.app.screen._compositor.render_strips()} == {120}


async def test_a_window_is_empty_at_the_second_of_its_reset(tmp_path: Path) -> None:
    window = QuotaWindow("5h", "5h", 0.62, NOW - 60, Source.HEADERS, resets_at=NOW + 7, length=5 * HOUR)
    seen = QuotaObserved(at=NOW - 60, account_id="work", windows=(window,))
    async with opened(tmp_path, account("work", kind=Kind.SUBSCRIPTION), seen, size=(120, 40)) as it:
        for _ in range(6):
            await it.pass_time(1)
        assert "62%" in it.row("work")
        await it.pass_time(1)
        assert "62%" not in it.row("work")


async def test_a_hold_counts_down_each_second_and_is_over_at_its_end(tmp_path: Path) -> None:
    held = CooldownStarted(
        at=NOW, account_id="spare", until=NOW + 7, meaning=Meaning.LIMITED, reason="a minute's limit"
    )
    async with opened(tmp_path, account("work"), account("spare"), held, size=(120, 40)) as it:
        for left in range(6, 0, -1):
            await it.pass_time(1)
            assert f"00:0{left}" in it.row("spare")
        await it.pass_time(1)
        assert "ready" in it.row("spare")


async def test_what_is_told_in_minutes_is_not_long_out_of_date(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), quota("work", age=50.0, h5=0.62), size=(120, 40)) as it:
        assert "headers now" in it.text()
        for _ in range(15):
            await it.pass_time(1)
        assert "headers 1m" in it.text()


async def test_who_is_next_is_somebody_else_at_the_second_a_hold_ends(tmp_path: Path) -> None:
    held = CooldownStarted(at=NOW, account_id="work", until=NOW + 7, meaning=Meaning.LIMITED, reason="limited")
    seen = quota("work", h5=0.1, d7=0.1), quota("spare", h5=0.3, d7=0.6)
    async with opened(tmp_path, account("work"), account("spare"), *seen, held, size=(120, 40)) as it:
        for _ in range(6):
            await it.pass_time(1)
        assert it.row("spare").split()[0] == "↲"
        await it.pass_time(1)
        assert it.row("work").split()[0] == "↲"


async def test_seconds_in_the_reason_for_who_is_next_are_not_long_out_of_date(tmp_path: Path) -> None:
    window = QuotaWindow("7d", "7d", 0.5, NOW - HOUR, Source.HEADERS, resets_at=NOW + 40, length=168 * HOUR)
    seen = QuotaObserved(at=NOW - HOUR, account_id="work", windows=(window,))
    settings = {"pool": PoolSettings(strategy="soonest-reset")}
    async with opened(tmp_path, account("work"), seen, size=(120, 40), settings=settings) as it:
        assert "resets in 40 s" in it.text()
        for _ in range(25):
            await it.pass_time(1)
        assert any(f"resets in {left} s" in it.text() for left in range(15, 21))


async def test_an_answer_that_another_stands_for_is_pale_to_its_last_line(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", size=(120, 60)) as it:
        await it.ask_and_wait("Once more please [[tokens=9]]")
        before = colours(it, it.answer.footer)
        await it.pilot.press("ctrl+r")
        await it.until(lambda: len(it.screen.turns) == 2 and it.ended)
        earlier, later = (turn.views[-1].footer for turn in it.screen.turns)
        assert colours(it, later) == before
        assert not colours(it, earlier) & before


async def test_keys_are_offered_for_what_a_larger_terminal_shows_too(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), size=(80, 24)) as it:
        await it.press("3")
        assert " Zoom" not in it.text()
        for size, offered in (((160, 50), True), ((80, 24), False)):
            await it.pilot.resize_terminal(*size)
            await it.settled()
            assert (" Zoom" in it.text()) is offered


async def test_back_is_offered_in_models_only_while_there_is_something_to_go_back_from(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("4")
        assert "Back" not in it.text()
        await it.press("slash", "z", "q", "enter")
        assert "Back" in it.text()
        await it.press("escape")
        assert "Back" not in it.text()
