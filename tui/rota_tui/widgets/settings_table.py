"""Every setting as a row under its section's line: its value, who decides it, what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from rota.config.sources import Source
from rota_tui.pieces import Piece, Tone, clean, fit_line, width_of
from rota_tui.setting_rows import HEAD, section_about, value_line, with_heads
from rota_tui.widgets.line_table import Column, LineTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual.strip import Strip

    from rota_tui.pieces import Line, Locale
    from rota_tui.setting_rows import Row

_NAME, _WIDE_NAME, _FROM = 21, 28, 11
_WIDE, _WITH_SOURCE = 96, 150
"""Cells from which names are whole with their entries, and from which who set it is a column; below that the line
under the table says so."""
_SAID = {Source.DEFAULT: "", Source.FILE: "file", Source.ENVIRONMENT: "environment"}


class SettingsTable(LineTable):
    """Keyed by the settings' dotted names; the cursor passes over the sections' lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Change", id="settings.change", tooltip="Change this setting"),
    ]

    def __init__(self, locale: Locale, *, id: str | None = None) -> None:
        super().__init__(locale.glyphs, id=id)
        self._locale = locale
        self.rows: dict[str, Row] = {}

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.rows.get(self.cursor_key or "")

    @property
    def room_for_value(self) -> int:
        """Cells that a value has in its row."""
        return next((column.width for column in self._columns if column.key == "value"), self.size.width)

    def take(self, shown: Sequence[Row]) -> None:
        """Show these rows under their sections' lines."""
        self.rows = {row.key: row for row in shown}
        keys = with_heads(shown)
        if self.cursor_key not in self.rows:
            self.cursor_key = shown[0].key if shown else None
        self.show_rows(keys)

    def columns_for(self, width: int) -> tuple[Column, ...]:
        name = _NAME if width < _WIDE else _WIDE_NAME
        source = [Column("from", "Set by", _FROM)] if width >= _WITH_SOURCE else []
        rest = max(12, width - name - self.GAP - len(source) * (_FROM + self.GAP))
        value = max(24 if width >= _WIDE else 16, min(44, rest // 3))
        return (
            Column("name", "Setting", name, inside=True),
            Column("value", "Now", value),
            *source,
            Column("about", "What it does", rest - value - self.GAP),
        )

    def cells(self, key: str) -> tuple[Line, ...]:
        row = self.rows[key]
        return tuple(self._cell(column.key, row) for column in self._columns)

    def _cell(self, column: str, row: Row) -> Line:
        match column:
            case "name":
                mark = f"{self._glyphs.dot} " if row.changed else "  "
                return (Piece(mark, Tone.ACTIVE), Piece(clean(row.name), Tone.NAME if row.changed else Tone.PLAIN))
            case "value":
                return value_line(row, self._locale)
            case "from":
                tone = Tone.LOW if row.source is Source.ENVIRONMENT else Tone.QUIET
                return (Piece(_SAID[row.source], tone),)
        return (Piece(row.setting.help if row.setting is not None else row.told, Tone.QUIET),)

    # --- the sections' lines ------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        place = y - 1 + round(self.scroll_y)
        if y > 0 and 0 <= place < len(self._keys) and (key := self._keys[place]).startswith(HEAD):
            return self._head(key.removeprefix(HEAD), self._base())
        return super().render_line(y)

    def _head(self, section: str, base: Style) -> Strip:
        from rich.segment import Segment
        from textual.strip import Strip

        width = self.size.width
        told: Line = (Piece(section, Tone.ACTIVE), Piece(f"  {section_about(section)}", Tone.QUIET))
        line = fit_line(told, width - 2 * self.MARGIN - 4, self._glyphs)
        rule = Piece(" " + self._glyphs.empty * max(0, width - 2 * self.MARGIN - width_of(line) - 1), Tone.QUIET)
        segments = [Segment(" " * self.MARGIN, base)]
        segments += [Segment(piece.text, self._style(piece.tone, base)) for piece in (*line, rule)]
        return Strip(segments).adjust_cell_length(width, base)

    def _go(self, place: int) -> None:
        """Go to a row, or to the next one beyond a section's line."""
        if not self._keys:
            return
        here = self._places.get(self.cursor_key or "", 0)
        place = max(0, min(len(self._keys) - 1, place))
        step = 1 if place > here or place == 0 else -1
        while 0 <= place < len(self._keys) and self._keys[place].startswith(HEAD):
            place += step
        if 0 <= place < len(self._keys):
            super()._go(place)
        elif self._places.get(self.cursor_key or "", 0) == 1:
            self.scroll_to(y=0, animate=False)
