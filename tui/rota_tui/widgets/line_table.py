"""A table of one-line rows that draws only the rows in sight and repaints only those that changed.

A DataTable repaints every visible cell when one changes, which at a hundred live countdowns costs more than the
whole idle budget; here a tick costs as much as the text that really moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from rota_tui.pieces import Line, Piece, Tone, fit_inside, fit_line, width_of
from rota_tui.widgets.sight import in_sight
from rota_tui.widgets.steady import Unframed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual import events
    from textual.filter import LineFilter
    from textual.screen import Screen

    from rota_tui.pieces import Glyphs


@dataclass(frozen=True, slots=True)
class Column:
    """A column of fixed width; `right` aligns to the right."""

    key: str
    title: str
    width: int
    right: bool = False
    inside: bool = False
    """Whether what is too long is cut inside it, so that its end stays."""


class LineTable(Unframed, ScrollView, can_focus=True, inherit_bindings=False):
    """Keyed rows under fixed columns. Subclasses say the columns for a width and the cells of a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page-down"),
        Binding("home", "end(-1)", "First", show=False, id="table.first"),
        Binding("end", "end(1)", "Last", show=False, id="table.last"),
        Binding("enter", "select", "Details", id="table.select", tooltip="Show everything about this row"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--header",
        "line-table--cursor",
        *(f"tone--{tone}" for tone in Tone),
    }
    DEFAULT_CSS = """
    LineTable {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $surface;
        .line-table--header { color: $quiet; }
        .line-table--cursor { background: $row-cursor-blurred; }
        &:focus .line-table--cursor {
            background: $row-cursor;
            color: $row-cursor-text;
        }
        &:nocolor .line-table--cursor { text-style: reverse; }
        .tone--quiet { color: $quiet; }
        .tone--name { text-style: bold; }
        .tone--ok { color: $quota-ok; }
        .tone--low { color: $quota-low; }
        .tone--spent { color: $quota-spent; }
        .tone--cooling { color: $cooling; }
        .tone--active { color: $active; }
    }
    """
    GAP = 2
    """Cells between columns."""
    MARGIN = 1
    """Cells before the first column and after the last."""
    MADE = 1000
    """Cells that are kept as they were drawn."""

    cursor_key: reactive[str | None] = reactive(None, init=False)

    @dataclass
    class Highlighted(Message):
        """The cursor came to another row, or to none."""

        table: LineTable
        key: str | None

        @property
        def control(self) -> LineTable:
            return self.table

    @dataclass
    class Selected(Message):
        """Enter or a second click on a row."""

        table: LineTable
        key: str

        @property
        def control(self) -> LineTable:
            return self.table

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._keys: tuple[str, ...] = ()
        self._places: dict[str, int] = {}
        self._columns: tuple[Column, ...] = ()
        self._width = 0
        """Cells of a line: what the scrollbar covers is not drawn, or each line would be cut there."""
        self._filled = 0
        """Cells to the end of the last column."""
        self._drawn: dict[str, tuple[Line, ...]] = {}
        """The cells of each row in sight, as last drawn."""
        self._styles: dict[tuple[str, object], Style] = {}
        """Styles are looked up once a theme, not once a cell."""
        self._made: dict[tuple[int, Line, Style], tuple[Segment, ...]] = {}
        """Cells as they were drawn, by column: most of a row stays when its countdown moves."""

    # --- what a subclass says -----------------------------------------------------------------------------

    def columns_for(self, width: int) -> tuple[Column, ...]:
        """The columns that fit into `width` cells."""
        raise NotImplementedError

    def cells(self, key: str) -> tuple[Line, ...]:
        """What a row shows now, a line for each column."""
        raise NotImplementedError

    # --- rows ---------------------------------------------------------------------------------------------

    @property
    def keys(self) -> tuple[str, ...]:
        """The rows, in order."""
        return self._keys

    def show_rows(self, keys: Sequence[str]) -> None:
        """Take rows and their order; the cursor stays on its row, or near where it was."""
        before, was_empty = self._places.get(self.cursor_key or "", 0), not self._keys
        self._keys = tuple(keys)
        self._places = {key: place for place, key in enumerate(self._keys)}
        self._drawn.clear()
        self.virtual_size = Size(self.size.width, len(self._keys) + 1)
        if self.cursor_key not in self._places:
            self.cursor_key = self._keys[min(before, len(self._keys) - 1)] if self._keys else None
        self._follow_cursor()
        self.refresh()
        if was_empty is not (not self._keys):
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a row there is nothing to open."""
        return bool(self._keys) if action == "select" else super().check_action(action, parameters)

    def refresh_rows(self) -> None:
        """Repaint the rows in sight whose text is no longer what was drawn."""
        if not in_sight(self, self._seen_again):
            return
        top = round(self.scroll_y)
        drawn, self._drawn = self._drawn, {}
        width, height = self.size
        changed: list[Region] = []
        for y, key in enumerate(self._keys[top : top + height - 1], start=1):
            if (before := drawn.get(key)) is not None:
                cells = self._drawn[key] = self.cells(key)
                if cells != before:
                    changed.append(Region(0, y, width, 1))
        if changed:  # without a region it would be the whole table
            self.refresh(*changed)

    def _seen_again(self, _screen: Screen[object]) -> None:
        self.refresh_rows()

    # --- drawing ------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._take_columns()
        self.virtual_size = Size(self.size.width, len(self._keys) + 1)
        self._follow_cursor()
        self.refresh()

    def relayout(self) -> None:
        """Ask for the columns again, when what decides them has changed."""
        self._take_columns()
        self.refresh()

    def _take_columns(self) -> None:
        self._columns = self.columns_for(self.outer_size.width - 2 * self.MARGIN)
        self._filled = self.MARGIN + sum(column.width + self.GAP for column in self._columns) - self.GAP
        self._drawn.clear()
        self._made.clear()

    def drawn(self, crop: Region, filters: Sequence[LineFilter]) -> list[Strip]:
        if (width := self.outer_size.width - self.scrollbar_size_vertical) != self._width:
            self._width = width
            self._made.clear()
        return super().drawn(crop, filters)

    def render_line(self, y: int) -> Strip:
        if not self._columns:  # the first frame is drawn before the first resize is told
            self._take_columns()
        place = y - 1 + round(self.scroll_y)
        if y == 0:
            style = self.get_component_rich_style("line-table--header")
            return self._strip([(Piece(c.title, Tone.QUIET),) for c in self._columns], style)
        if not 0 <= place < len(self._keys):
            return Strip.blank(self._width, self._base())
        key = self._keys[place]
        if (cells := self._drawn.get(key)) is None:
            cells = self._drawn[key] = self.cells(key)
        return self._strip(cells, self._base(cursor=key == self.cursor_key))

    def _strip(self, cells: Sequence[Line], base: Style) -> Strip:
        segments: list[Segment] = []
        for place, cell in enumerate(cells):
            segments += self._made.get((place, cell, base)) or self._make(place, cell, base)
        return Strip(segments, max(self._filled, self._width)).adjust_cell_length(self._width, base)

    def _make(self, place: int, cell: Line, base: Style) -> tuple[Segment, ...]:
        """A cell with the blanks around it, those beside one another as one: the fewer parts, the sooner drawn."""
        column, after = self._columns[place], self.GAP
        line = (fit_inside if column.inside else fit_line)(cell, column.width, self._glyphs)
        before = 0 if place else self.MARGIN
        if place == len(self._columns) - 1:
            after = max(0, self._width - self._filled)
        if column.right:
            before += column.width - width_of(line)
        else:
            after += column.width - width_of(line)
        blanks = Segment(" " * before, base), Segment(" " * after, base)
        pieces = (Segment(piece.text, self._style(piece.tone, base)) for piece in line)
        made = tuple(part for part in (blanks[0], *pieces, blanks[1]) if part.text)
        if len(self._made) >= self.MADE:
            self._made.clear()
        self._made[place, cell, base] = made
        return made

    def notify_style_update(self) -> None:
        """The theme, the focus or a class changed."""
        super().notify_style_update()
        self._styles.clear()
        self._made.clear()

    def _base(self, *, cursor: bool = False) -> Style:
        """A row's own style."""
        if (style := self._styles.get(("", cursor))) is None:
            style = self.get_component_rich_style("line-table--cursor") if cursor else self.rich_style
            self._styles["", cursor] = style
        return style

    def _style(self, tone: Tone, base: Style) -> Style:
        if tone is Tone.PLAIN or base.reverse:  # turned around, each tone would be a background of its own
            return base
        if (style := self._styles.get((tone, base))) is None:
            style = self._styles[tone, base] = base + self.get_component_rich_style(f"tone--{tone}", partial=True)
        return style

    # --- moving -------------------------------------------------------------------------------------------

    def watch_cursor_key(self, before: str | None, key: str | None) -> None:
        self._follow_cursor()
        self._refresh_row(before)
        self._refresh_row(key)
        self.post_message(self.Highlighted(self, key))

    def _refresh_row(self, key: str | None) -> None:
        """Repaint one row, if it is there and in sight; scrolling repaints all of them."""
        place = self._places.get(key or "")
        if place is not None and 0 <= (y := place - round(self.scroll_y) + 1) < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _follow_cursor(self) -> None:
        place = self._places.get(self.cursor_key or "")
        rows = self.size.height - 1
        if place is None or rows <= 0:
            return
        top = round(self.scroll_y)
        if place < top:
            self.scroll_to(y=place, animate=False, force=True)
        elif place >= top + rows:
            # By force: a table that was narrowed has no scrollbar yet, and would not scroll without one.
            self.scroll_to(y=place - rows + 1, animate=False, force=True)

    def _go(self, place: int) -> None:
        if self._keys:
            self.cursor_key = self._keys[max(0, min(len(self._keys) - 1, place))]

    def action_move(self, steps: int) -> None:
        self._go(self._places.get(self.cursor_key or "", 0) + steps)

    def action_page(self, direction: int) -> None:
        self._go(self._places.get(self.cursor_key or "", 0) + direction * max(1, self.size.height - 2))

    def action_end(self, direction: int) -> None:
        self._go(0 if direction < 0 else len(self._keys) - 1)

    def action_select(self) -> None:
        if self.cursor_key is not None:
            self.post_message(self.Selected(self, self.cursor_key))

    def on_click(self, event: events.Click) -> None:
        place = event.y - 1 + round(self.scroll_y)
        if event.y == 0 or not 0 <= place < len(self._keys):
            return
        self._go(place)
        if event.chain == 2:
            self.action_select()
