"""An answer that comes in pieces reads as one that came at once, and what is there stays where it is."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets.markdown import MarkdownBlock

from rota_tui.widgets.code_blocks import Page
from rota_tui.widgets.growing_blocks import BulletList, Paragraph

WORDS = "Some words with **bold** and `code` that go on for so long that they have to be broken over two lines.\n\n"
BULLETS = "- one with words\n- two that goes on for so long that it has to be broken over two lines or even three\n"
NESTED = "  - inner\n  - inner too\n\n    a paragraph in it\n\n    ```python\n    x = 1\n    ```\n- three\n\n"
NUMBERS = "".join(f"{n}. number {n}\n" for n in range(7, 12)) + "\n"
TABLE = "- a line\n  ====\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
CODE = "```python\ndef f():\n    return 1\n```\n\nThe end."
WHOLE = WORDS + BULLETS + NESTED + NUMBERS + TABLE + CODE


class Reader(App[None]):
    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Page()

    @property
    def page(self) -> Page:
        return self.query_one(Page)

    def read(self) -> list[str]:
        """What stands on the screen."""
        return ["".join(segment.text for segment in strip) for strip in self.screen._compositor.render_strips()]


@pytest.mark.parametrize("size", [4, 23])
async def test_an_answer_in_pieces_reads_as_one_that_came_at_once(size: int) -> None:
    async with Reader().run_test(size=(60, 80)) as pilot:
        app = pilot.app
        assert isinstance(app, Reader)
        for start in range(0, len(WHOLE), size):
            await app.page.append(WHOLE[start : start + size])
            if start % 3 == 0:  # now and then it is painted in between
                await pilot.pause()
        await pilot.pause()
        in_pieces = app.read()
        await app.page.update(WHOLE)
        await pilot.pause()
        assert in_pieces == app.read()
        assert any("11. number 11" in line for line in in_pieces)
        assert any(" 7. number 7" in line for line in in_pieces)
        assert any("The end." in line for line in in_pieces)


async def test_items_that_are_there_stay_when_the_list_grows() -> None:
    async with Reader().run_test(size=(60, 30)) as pilot:
        app = pilot.app
        assert isinstance(app, Reader)
        await app.page.append("- one\n- two\n  - inner\n- thr")
        there = list(app.page.query(MarkdownBlock))
        await app.page.append("ee\n- four\n")
        await pilot.pause()
        now = list(app.page.query(MarkdownBlock))
        assert now[: len(there)] == there
        assert len(now) == len(there) + 1
        told = [line.strip() for line in app.read() if line.strip()]
        assert told == ["• one", "• two", "▪ inner", "• three", "• four"]


async def test_an_item_whose_last_block_becomes_another_kind_is_shown_as_that() -> None:
    async with Reader().run_test(size=(60, 30)) as pilot:
        app = pilot.app
        assert isinstance(app, Reader)
        await app.page.append("- one\n- Title\n")
        await app.page.append("  =====\n")
        await pilot.pause()
        item = app.page.query_one(BulletList).children[-1].query_exactly_one(Vertical)
        assert [block.name for block in item.children] == ["heading_open"]


async def test_a_word_on_the_same_line_has_nothing_laid_out_and_one_on_the_next_line_has() -> None:
    async with Reader().run_test(size=(60, 30)) as pilot:
        app = pilot.app
        assert isinstance(app, Reader)
        await app.page.append("A few words")
        await pilot.pause()
        paragraph = app.page.query_one(Paragraph)
        laid_out = paragraph._layout_updates
        await app.page.append(" and more")
        await pilot.pause()
        assert paragraph._layout_updates == laid_out
        assert any("A few words and more" in line for line in app.read())
        await app.page.append(" and so many more that the line is too short for all of them")
        await pilot.pause()
        assert paragraph._layout_updates > laid_out
        assert any("for all of them" in line for line in app.read())
