"""Tones become colours: the theme variable and the component class of each."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.visual import Visual

from rota_tui.pieces import Tone, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.css.styles import RulesMap
    from textual.style import Style
    from textual.visual import RenderOptions

    from rota_tui.pieces import Line, Piece

_STYLES = {
    Tone.PLAIN: "",
    Tone.QUIET: "$quiet",
    Tone.NAME: "bold",
    Tone.OK: "$quota-ok",
    Tone.LOW: "$quota-low",
    Tone.SPENT: "$quota-spent",
    Tone.COOLING: "$cooling",
    Tone.ACTIVE: "$active",
}


def to_content(line: Iterable[Piece]) -> Content:
    """A line in the theme's colours; its text is never taken for markup."""
    return Content.assemble(*((piece.text, _STYLES[piece.tone]) for piece in line))


def stacked(lines: Iterable[Iterable[Piece]]) -> Content:
    """Lines under one another."""
    return Content("\n").join(to_content(line) for line in lines)


class Drawn(Visual):
    """Lines that were cut to their width; one that stands where it stood is not made again.

    Content looks for places to break it at every time, which for a countdown is most of what a second costs.
    """

    def __init__(self, lines: tuple[Line, ...], before: Drawn | None) -> None:
        """`before` is what was drawn last, in the same theme."""
        self._lines = lines
        self._before = before
        self._style: Style | None = None
        self._styles: Mapping[Tone, Style] = {}
        self._strips: dict[tuple[int, Line], Strip] = {}

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return max(map(width_of, self._lines), default=0)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return len(self._lines)

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        before, self._before = self._before, None
        if options.selection is not None:
            return stacked(self._lines).render_strips(width, height, style, options)
        if style != self._style:
            self._style, self._strips = style, {}
            if before is not None and before._style == style:
                self._styles = before._styles
                self._strips = {key: strip for key in enumerate(self._lines) if (strip := before._strips.get(key))}
            else:
                self._styles = {tone: style + (style + options.get_style(name)) for tone, name in _STYLES.items()}
        return [self._strip(*key) for key in enumerate(self._lines[:height])]

    def _strip(self, y: int, line: Line) -> Strip:
        """A line with the places of its text, by which it is selected."""
        if (strip := self._strips.get((y, line))) is None:
            segments, x = [], 0
            for tone, pieces in groupby(line, key=attrgetter("tone")):
                if text := "".join(piece.text for piece in pieces):
                    segments.append(Segment(text, self._styles[tone].rich_style_with_offset(x, y)))
                    x += len(text)
            strip = self._strips[y, line] = Strip(segments)
        return strip
