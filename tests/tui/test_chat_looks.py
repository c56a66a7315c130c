"""The chat where colours or symbols are missing, and with as many sides as there can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.chat_world import chatting
from textual.color import Color

from rota_tui.dialogs.compare import CompareDialog
from rota_tui.dialogs.model_picker import ModelPicker
from rota_tui.pieces import Locale
from rota_tui.widgets.comparison import Comparison, result_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.chat_world import Chat

SIZES = [(80, 24), (120, 40), (200, 60)]


async def side_by_side(it: Chat) -> Comparison:
    """Ask everybody who is ready, and wait for their answers."""
    await it.type("Which is faster? [[tokens=30]]")
    await it.pilot.press("ctrl+b")
    await it.until(lambda: isinstance(it.app.screen, CompareDialog))
    await it.pilot.press("enter")
    await it.until(lambda: it.ended)
    comparison = it.screen.turns[-1]
    assert isinstance(comparison, Comparison)
    await it.until(lambda: "tokens/s" in it.talk())
    return comparison


@pytest.mark.parametrize("size", SIZES)
async def test_plain_characters_are_enough_for_a_conversation(tmp_path: Path, size: tuple[int, int]) -> None:
    async with chatting(tmp_path, "console", "carol", size=size, ascii=True) as it:
        assert it.text().isascii(), [c for c in it.text() if not c.isascii()]
        await it.ask_and_wait("[[reasoning]] [[tokens=12]]")
        rota = [line for line in it.text().splitlines() if not line.isascii()]
        assert rota == []


async def test_the_best_figures_and_the_kept_answer_are_told_by_signs(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", "console-small", size=(120, 40)) as it:
        comparison = await side_by_side(it)
        await it.until(lambda: str(comparison.lanes[0].border_title).startswith("✓ "))
        assert not str(comparison.lanes[1].border_title).startswith("✓")
        assert "✓" in it.talk().split("cost or quota")[1]  # beside the quickest first token at least
        comparison.lanes[1].focus()
        await it.pilot.press("enter")
        await it.until(lambda: str(comparison.lanes[1].border_title).startswith("✓ "))
        assert not str(comparison.lanes[0].border_title).startswith("✓")


async def test_four_models_are_asked_side_by_side_and_no_fifth_is_offered(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", size=(200, 60)) as it:
        await it.type("Which is best? [[tokens=10]]")
        await it.pilot.press("ctrl+b")
        await it.until(lambda: isinstance(it.app.screen, CompareDialog))
        for name in ("sonnet", "opus", "haiku"):
            await it.pilot.press("down", "m")
            await it.until(lambda: isinstance(it.app.screen, ModelPicker))
            await it.until(lambda: "models   enter choose" in it.text())
            await it.pilot.press(*name, "enter")
            await it.until(lambda: isinstance(it.app.screen, CompareDialog))
        await it.pilot.press("down", "enter")
        await it.until(lambda: it.ended)
        comparison = it.screen.turns[-1]
        assert isinstance(comparison, Comparison)
        assert len(comparison.lanes) == 4
        assert len([v for v in comparison.views if v.footer.served]) == 4


@pytest.mark.parametrize("size", SIZES)
async def test_short_answers_side_by_side_begin_at_the_top_and_say_who_gave_them(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with chatting(tmp_path, "console", "console-small", size=size) as it:
        it.say("Short.", times=2)
        await it.type("Which is faster?")
        await it.pilot.press("ctrl+b")
        await it.until(lambda: isinstance(it.app.screen, CompareDialog))
        await it.pilot.press("enter")
        await it.until(lambda: it.ended)
        await it.until(lambda: "tokens/s" in it.talk())
        lines = it.text().splitlines()
        titles = next(at for at, line in enumerate(lines) if "╭─ ✓ console" in line)
        assert lines[titles + 1].count("Short.") == 2
        assert it.talk().count("● console") == 2


async def test_a_table_of_results_shows_in_what_names_that_begin_alike_differ(tmp_path: Path) -> None:
    rows = [(f"console · claude-opus-4-{minor}", None, "answering") for minor in (5, 8)]
    first, second = ("".join(p.text for p in line)[:19] for line in result_lines(rows, 76, Locale())[1:])
    assert first != second


async def test_a_line_of_keys_names_nothing_twice_and_nothing_that_does_not_work(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_stop()
        it.answer.footer.focus()
        await it.pilot.pause()
        assert "Details" not in it.text().splitlines()[-1]
        it.world.knobs.pace = 0.0
        it.screen.prompt.focus()
        await it.ask_and_wait("And now? [[tokens=4]]")
        it.answer.footer.focus()
        await it.pilot.pause()
        assert it.text().splitlines()[-1].count("Details") == 1


async def test_without_an_account_no_key_offers_to_choose_one(tmp_path: Path) -> None:
    async with chatting(tmp_path) as it:
        keys = it.text().splitlines()[-1]
        assert "Attach" in keys
        assert "Model" not in keys
        assert "Account" not in keys


async def test_without_colours_the_chat_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with chatting(tmp_path, "console", size=(120, 40)) as it:
        await it.ask_and_wait("[[tokens=12]]")
        assert it.app.no_color
        assert "first token" in it.talk()


async def test_in_high_contrast_the_line_that_waits_for_a_question_can_be_read(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        it.app.theme = "rota-contrast"
        await it.pilot.pause()
        style = it.screen.prompt.get_component_rich_style("text-area--placeholder")
        ground = it.screen.prompt.background_colors[1]
        assert style.color is not None
        assert style.color.triplet is not None
        assert abs(Color(*style.color.triplet).brightness - ground.brightness) > 0.7
