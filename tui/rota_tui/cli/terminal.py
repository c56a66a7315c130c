"""How this terminal reads: its width, colours, characters and time zone; and lines drawn for it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rota_tui.pieces import ASCII, UNICODE, Line, Locale, Piece, Tone, fit_line, plain, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo
    from typing import IO

_SGR = {
    Tone.QUIET: "2",
    Tone.NAME: "1",
    Tone.OK: "32",
    Tone.LOW: "33",
    Tone.SPENT: "31",
    Tone.COOLING: "36",
    Tone.ACTIVE: "1;36",
}

PIPED_WIDTH = 80
GAP = "  "
"""Between two columns."""


@dataclass(frozen=True, slots=True)
class Look:
    """How and where lines are shown."""

    width: int
    tz: tzinfo | None = None
    """None is the machine's own."""
    colour: bool = False
    ascii: bool = False
    wide: bool = False
    """Whether lines may go past the width: nobody cuts what is piped into another program."""
    locale: Locale = field(init=False, default=Locale())

    def __post_init__(self) -> None:
        object.__setattr__(self, "locale", Locale(tz=self.tz, glyphs=ASCII if self.ascii else UNICODE))


def look(*, ascii: bool = False, stream: IO[str] | None = None) -> Look:
    """How standard output is to be written to."""
    out = stream or sys.stdout
    width = PIPED_WIDTH
    if out.isatty():
        import shutil

        width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns
    return Look(width=width, colour=colourful(out), ascii=ascii or not unicode(out), wide=not out.isatty())


def colourful(stream: IO[str]) -> bool:
    """Whether colours are wanted there: a terminal, and nobody said no (`NO_COLOR`, a dumb terminal)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def unicode(stream: IO[str]) -> bool:
    encoding: Any = getattr(stream, "encoding", None) or "ascii"
    return str(encoding).lower().replace("-", "") in {"utf8", "utf16"}


def rendered(lines: Iterable[Line], look: Look) -> str:
    """The lines as text, without a final newline."""
    fitted = (line if look.wide else fit_line(line, look.width, look.locale.glyphs) for line in lines)
    return "\n".join(_render(line, look.colour).rstrip() for line in fitted)


def columns(
    rows: Sequence[Sequence[Piece]],
    *,
    right: frozenset[int] = frozenset(),
    width: int | None = None,
    spare: Sequence[int] = (),
) -> list[Line]:
    """Rows with their cells aligned.

    Args:
        right: the columns that are aligned right.
        width: what a line may take; None is as much as it needs.
        spare: the columns that are left out, in this order, for as long as a line takes more.
    """
    widths = [max(width_of((row[i],)) for row in rows if i < len(row)) for i in range(max(map(len, rows), default=0))]
    out: set[int] = set()
    for column in spare:
        kept = [each for i, each in enumerate(widths) if i not in out]
        if width is None or sum(kept) + len(GAP) * (len(kept) - 1) <= width:
            break
        out.add(column)
    lines: list[Line] = []
    for row in rows:
        cells: list[Piece] = []
        for i, piece in enumerate(row):
            if i in out:
                continue
            gap = " " * (widths[i] - width_of((piece,)))
            text = f"{gap}{piece.text}" if i in right else f"{piece.text}{gap}"
            cells += [Piece(text, piece.tone), Piece(GAP)]
        lines.append(tuple(cells[:-1]))
    return lines


def _render(line: Line, colour: bool) -> str:
    if not colour:
        return plain(line)
    return "".join(f"\x1b[{sgr}m{p.text}\x1b[0m" if (sgr := _SGR.get(p.tone)) else p.text for p in line)
