"""Tones become colours: the theme variable and the component class of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from rota_tui.pieces import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota_tui.pieces import Piece

STYLES = {
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
    return Content.assemble(*((piece.text, STYLES[piece.tone]) for piece in line))


def stacked(lines: Iterable[Iterable[Piece]]) -> Content:
    """Lines under one another."""
    return Content("\n").join(to_content(line) for line in lines)
