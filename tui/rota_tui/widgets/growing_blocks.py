"""Blocks of Markdown that grow where they stand: a step of an answer costs what it changed, not what is there.

Textual's own ask for a layout of the whole screen with every step, and its lists are made anew with every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets._markdown import (  # public by their names in the stylesheets only
    MarkdownBullet,
    MarkdownBulletList,
    MarkdownList,
    MarkdownListItem,
    MarkdownOrderedList,
    MarkdownParagraph,
)
from textual.widgets.markdown import MarkdownBlock, MarkdownFence

from rota_tui.widgets.steady import Steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from textual.app import ComposeResult
    from textual.content import Content
    from textual.widgets import Static


def show(view: Static, content: Content) -> None:
    """Put content in its place; laid out again only when it no longer takes the lines it had."""
    # Not `size`: for a widget out of sight it has the whole screen laid out.
    width, height = (view.outer_size - view.gutter.totals) if view.is_attached else (0, 0)
    view.update(content, layout=not width or content.get_height({}, width) != height)


class Paragraph(Steady, MarkdownParagraph):
    """Words that come on the line that is there are only painted."""

    def set_content(self, content: Content) -> None:
        self._content = content
        show(self, content)


class BulletList(MarkdownBulletList):
    """Symbols by depth."""

    def compose(self) -> ComposeResult:
        yield from _rows(_items(self), bullets)
        self._blocks.clear()

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        await _update(self, block, bullets)


class OrderedList(MarkdownOrderedList):
    """Counted from its first number."""

    def compose(self) -> ComposeResult:
        yield from _rows(_items(self), numbers)
        self._blocks.clear()

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        await _update(self, block, numbers)


Items: TypeAlias = "Sequence[MarkdownListItem]"


def bullets(items: Items) -> list[str]:
    return [item.bullet for item in items]


def numbers(items: Items) -> list[str]:
    """All as wide as the widest."""
    first = int(items[0].bullet) if items and items[0].bullet.isdecimal() else 1
    told = [f"{number}. " for number, _ in enumerate(items, first)]
    return [number.rjust(max(map(len, told)) + 1) for number in told]


def _items(block: MarkdownBlock) -> Items:
    return [item for item in block._blocks if isinstance(item, MarkdownListItem)]


def _rows(items: Items, symbols: Callable[[Items], list[str]], known: int = 0) -> Iterator[Widget]:
    """A row for each item after those known: its symbol, and beside it its blocks."""
    for item, symbol in list(zip(items, symbols(items), strict=True))[known:]:
        bullet = MarkdownBullet()
        bullet.symbol = symbol
        yield Horizontal(bullet, Vertical(*item._blocks))


async def _update(shown: MarkdownList, block: MarkdownBlock, symbols: Callable[[Items], list[str]]) -> None:
    """Bring a list to what it is now: the items it has stay, but for the last one, which may have grown."""
    rows = list(shown.children)
    items = _items(block) if type(block) is type(shown) else []
    if not rows or len(items) < len(rows):
        await _replace(shown, block)
        return
    for row, symbol in zip(rows, symbols(items), strict=False):
        bullet = row.children[0]
        if isinstance(bullet, MarkdownBullet) and bullet.symbol != symbol:
            bullet.symbol = symbol
            bullet.refresh(layout=True)
    await _grow(rows[-1].children[-1], items[len(rows) - 1]._blocks)
    await shown.mount_all(_rows(items, symbols, known=len(rows)))


async def _grow(item: Widget, blocks: Sequence[MarkdownBlock]) -> None:
    """Bring the blocks of an item to what they are now: those before its last stay."""
    have = [child for child in item.children if isinstance(child, MarkdownBlock)]
    if len(blocks) < len(have):
        await item.remove_children()
        have = []
    if have:
        last, now = have[-1], blocks[len(have) - 1]
        if type(last) is type(now) and isinstance(now, MarkdownParagraph | MarkdownFence | MarkdownList):
            await last._update_from_block(now)
        else:
            await _replace(last, now)
    if len(blocks) > len(have):
        await item.mount_all(blocks[len(have) :])


async def _replace(last: Widget, block: MarkdownBlock) -> None:
    """Put another block in the place of the last one."""
    place = last.query_ancestor(Widget)
    await last.remove()
    await place.mount(block)
