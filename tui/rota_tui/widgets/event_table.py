"""The activity log as rows, the newest first, each event a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from rota_tui.feed import request_of
from rota_tui.formatting import DAY, clock, stamp
from rota_tui.pieces import Line, Piece, Tone, clean
from rota_tui.telling import sentence
from rota_tui.widgets.line_table import Column, LineTable
from rota_tui.wording import short_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from rota.events import Event
    from rota_tui.feed import Feed
    from rota_tui.pieces import Locale

_WITH_REQUEST = 100


class EventTable(LineTable):
    """Keyed by the events' ids. On the first row the cursor stays with the newest event."""

    HELP = """\
## Activity

Everything that happened, newest first, in every rota on this machine. **Enter** tells the whole story of a row: for a
request every try, why it failed, who could have served and what was waited for. The log goes on behind a pause: what
waits is counted.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Story", id="activity.story", tooltip="Tell the whole story of this row"),
    ]

    def __init__(self, feed: Feed, label: Callable[[str], str], locale: Locale, *, id: str | None = None) -> None:
        super().__init__(locale.glyphs, id=id)
        self._feed = feed
        self._label = label
        self._locale = locale
        self.today = 0.0
        """The time by which older rows show their day."""

    def show(self, *, follow: bool) -> None:
        """Take the feed's rows. With `follow` the cursor goes with the newest, else the rows in sight stay."""
        keys, before = self._feed.keys, self.keys
        top = round(self.scroll_y)
        newest = follow and (not before or self.cursor_key == before[0])
        above = keys.index(before[0]) if before and not newest and self._feed.get(before[0]) is not None else 0
        self.show_rows(keys)
        if newest and keys:
            self.cursor_key = keys[0]
            self.scroll_to(y=0, animate=False)
        elif above and top:
            self.scroll_to(y=top + above, animate=False)

    def columns_for(self, width: int) -> tuple[Column, ...]:
        request = [Column("request", "Request", 12)] if width >= _WITH_REQUEST else []
        taken = 9 + self.GAP + sum(column.width + self.GAP for column in request)
        return (Column("when", "When", 9), Column("what", "What happened", max(8, width - taken)), *request)

    def cells(self, key: str) -> tuple[Line, ...]:
        if (event := self._feed.get(key)) is None:
            return tuple(() for _ in self._columns)
        return tuple(self._cell(column, event) for column in self._columns)

    def _cell(self, column: Column, event: Event) -> Line:
        match column.key:
            case "when":
                return (Piece(self._when(event.at), Tone.QUIET),)
            case "what":
                said = sentence(event, self._label, self._locale.tz, called=short_model)
                if said is None:
                    return (Piece(type(event).__name__, Tone.QUIET),)
                return (Piece(f"{self._glyphs.dot} ", said.tone), *said.line)
            case _:
                return (Piece(clean(request_of(event) or ""), Tone.QUIET),)

    def _when(self, at: float) -> str:
        """To the second while that tells rows apart, else the day."""
        if abs(self.today - at) < DAY / 2:
            return stamp(at, self._locale.tz)
        return clock(at, self.today, self._locale.tz)
