"""The last things that happened, in words, the newest first as in the whole log of mode 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import var

from rota.snapshot import Snapshot
from rota_tui.formatting import clock, stamp
from rota_tui.pieces import Piece, Tone, fit_line, width_of, wrap
from rota_tui.telling import sentence
from rota_tui.widgets.lines_view import LinesView
from rota_tui.wording import label_of, short_model

if TYPE_CHECKING:
    from rota.events import Event
    from rota_tui.pieces import Line, Locale
    from rota_tui.telling import Said


class ActivityStrip(LinesView):
    """As many events as fit; equal answers in a row are one line with a count."""

    DEFAULT_CSS = "ActivityStrip { height: 1fr; }"

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    recent: var[tuple[Event, ...]] = var((), init=False)

    def __init__(self, locale: Locale, *, wrapped: bool = False, id: str | None = None) -> None:
        """`wrapped` tells every event whole, over more lines and without seconds, where the strip is narrow."""
        super().__init__(id=id)
        self._locale = locale
        self._wrapped = wrapped

    def watch_recent(self) -> None:
        self.renew()

    def lines(self, width: int) -> tuple[Line, ...]:
        height = self.content_region.height or 1
        told: list[tuple[Said, int]] = []
        for event in reversed(self.recent):
            said = sentence(event, self._label, self._locale.tz, called=short_model)
            if said is None:
                continue
            if told and said.same_as and said.same_as == told[-1][0].same_as:
                told[-1] = (told[-1][0], told[-1][1] + 1)
                continue
            if len(told) == height:
                break
            told.append((said, 1))
        lines: tuple[Line, ...] = ()
        for said, times in told:
            block = self._block(said, times, width)
            if len(lines) + len(block) > height:
                break
            lines = (*lines, *block)
        return lines or ((Piece("Nothing has happened yet.", Tone.QUIET),),)

    def _block(self, said: Said, times: int, width: int) -> tuple[Line, ...]:
        glyphs, tz = self._locale.glyphs, self._locale.tz
        counted = (Piece(f"  {glyphs.times}{times}", Tone.QUIET),) if times > 1 else ()
        time = clock(said.at, said.at, tz) if self._wrapped else f"{stamp(said.at, tz)} "
        start = (Piece(f"{time} ", Tone.QUIET), Piece(f"{glyphs.dot} ", said.tone))
        if self._wrapped:
            return wrap((*start, *said.line, *counted), width, width_of(start))
        return (fit_line((*start, *said.line, *counted), width, glyphs),)

    def _label(self, account_id: str) -> str:
        return label_of(self.snapshot, account_id)
