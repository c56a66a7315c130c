"""What lines are made of: pieces of text in a tone, the characters drawn beside them, foreign text made to fit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo


class Tone(StrEnum):
    """What a piece of text means; each is one colour of the theme."""

    PLAIN = "plain"
    QUIET = "quiet"
    NAME = "name"
    OK = "ok"
    LOW = "low"
    SPENT = "spent"
    COOLING = "cooling"
    ACTIVE = "active"


class Piece(NamedTuple):
    """A stretch of text in one tone."""

    text: str
    tone: Tone = Tone.PLAIN


Line: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that are drawn rather than read."""

    active: str = "▶"
    pointer: str = "›"
    next: str = "↲"
    pinned: str = "◆"
    chosen: str = "■"
    dot: str = "●"
    ring: str = "○"
    done: str = "✓"
    failed: str = "×"
    sep: str = "·"
    times: str = "×"
    full: str = "━"
    half: str = "╾"
    empty: str = "─"
    tick_empty: str = "┴"
    tick_full: str = "┷"
    unknown: str = "┄"
    ellipsis: str = "…"
    about: str = "≈"
    absent: str = "–"
    sparks: str = "▁▂▃▄▅▆▇█"
    up: str = "▲"
    down: str = "▼"
    serving: str = "▂▃▄▅▆▇█"
    cooling: str = "░"
    spent: str = "▓"
    out: str = "×"
    idle: str = "─"
    reset: str = "◇"
    now: str = "│"


UNICODE = Glyphs()
ASCII = Glyphs(
    active=">",
    pointer=">",
    next="+",
    pinned="#",
    chosen="x",
    dot="*",
    ring="o",
    done="+",
    failed="x",
    sep="-",
    times="x",
    full="=",
    half=">",
    empty="-",
    tick_empty="|",
    tick_full="|",
    unknown=".",
    ellipsis="~",
    about="~",
    absent="-",
    sparks="_.:-=+*#",
    up="^",
    down="v",
    serving="=",
    cooling="~",
    spent="#",
    out="x",
    idle=".",
    reset="^",
    now="|",
)


@dataclass(frozen=True, slots=True)
class Locale:
    """How this person and terminal read: time zone and character set."""

    tz: tzinfo | None = None
    """None is the machine's own, with its summer time."""
    glyphs: Glyphs = UNICODE


_JOINERS = "\u200c\u200d"
"""What joins letters of some scripts, and people into families: the only invisible characters that stay."""


def clean(text: str) -> str:
    """Foreign text on one line, its control characters shown instead of obeyed."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff]")


def clean_block(text: str) -> str:
    """Foreign text of many lines: line breaks and tabs stay, other control characters are shown instead of obeyed."""
    return _UNFIT.sub(lambda found: "" if found[0] == "\r" else _shown(found[0]), text)


def _shown(char: str) -> str:
    if char in "\n\r\t\u2028\u2029":
        return " "
    if ord(char) < 0x20:
        return chr(0x2400 + ord(char))
    if char in _JOINERS or char.isprintable():
        return char
    return " " if unicodedata.category(char) == "Zs" else "\ufffd"


def fit(text: str, width: int, glyphs: Glyphs) -> str:
    """Foreign text cut to at most `width` cells, with an ellipsis when it was longer."""
    text = clean(text)
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    kept = text[:width]
    while kept and cell_len(kept) > width - 1:
        kept = kept[:-1]
    return kept + glyphs.ellipsis


def fit_inside(line: Line, width: int, glyphs: Glyphs) -> Line:
    """A line cut to at most `width` cells inside it: names of one maker begin alike and differ at their ends."""
    if width_of(line) <= width:
        return line
    end = 2 * max(0, width - 1) // 3
    chars = [Piece(char, piece.tone) for piece in line for char in clean(piece.text)]
    kept: list[Piece] = []
    while chars and end - cell_len(chars[-1].text) >= 0:
        kept.insert(0, chars.pop())
        end -= cell_len(kept[0].text)
    start = fit_line(line, width - width_of(kept), glyphs)
    return (*start, *(Piece("".join(p.text for p in same), tone) for tone, same in groupby(kept, attrgetter("tone"))))


def width_of(line: Iterable[Piece]) -> int:
    """How many cells a line takes."""
    return sum(cell_len(piece.text) for piece in line)


def fit_line(line: Line, width: int, glyphs: Glyphs) -> Line:
    """A line cut to at most `width` cells."""
    kept: list[Piece] = []
    left = width
    for piece in line:
        text = clean(piece.text)
        needed = cell_len(text)
        if needed > left:
            if cut := fit(text, left, glyphs):
                kept.append(Piece(cut, piece.tone))
            break
        kept.append(Piece(text, piece.tone))
        left -= needed
    return tuple(kept)


def wrap(line: Line, width: int, indent: int) -> tuple[Line, ...]:
    """A line broken between words, and within those that are wider than a line; what follows is indented."""
    lines: list[list[Piece]] = [[]]
    room = width
    for word in _words(line):
        needed = width_of(word)
        if needed > room and room < width - indent and word[0].text.startswith(" "):
            word[0] = Piece(word[0].text.lstrip(), word[0].tone)
            lines.append([Piece(" " * indent)])
            room, needed = width - indent, width_of(word)
        if needed <= room:
            lines[-1].extend(word)
            room -= needed
            continue
        for char, tone in ((char, piece.tone) for piece in word for char in piece.text):
            if cell_len(char) > room:
                lines.append([Piece(" " * indent)])
                room = width - indent
            lines[-1].append(Piece(char, tone))
            room -= cell_len(char)
    return tuple(tuple(part) for part in lines)


def _words(line: Line) -> list[list[Piece]]:
    """Words with the spaces before them; one may change its tone in the middle."""
    words: list[list[Piece]] = []
    for piece in line:
        for number, part in enumerate(piece.text.split(" ")):
            if number:
                words.append([Piece(f" {part}", piece.tone)])
            elif part and words:
                words[-1].append(Piece(part, piece.tone))
            elif part:
                words.append([Piece(part, piece.tone)])
    return words


def plain(line: Iterable[Piece]) -> str:
    """A line as bare text."""
    return "".join(piece.text for piece in line)


def pad(text: str, width: int, glyphs: Glyphs) -> str:
    """Foreign text in exactly `width` cells."""
    text = fit(text, width, glyphs)
    return text + " " * (width - cell_len(text))
