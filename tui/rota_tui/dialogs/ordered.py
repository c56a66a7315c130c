"""A list in a certain order: moved, added to, taken from; nothing is written until Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Label

from rota_tui.pieces import Piece, Tone, clean
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.line_table import Column, LineTable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.app import ComposeResult

    from rota_tui.pieces import Glyphs, Line


class OrderedTable(LineTable):
    """A row for each entry, with its place and what is to be said of it."""

    def __init__(self, about: Callable[[str], str], glyphs: Glyphs) -> None:
        super().__init__(glyphs, id="ordered")
        self._about = about

    def columns_for(self, width: int) -> tuple[Column, ...]:
        about = min(12, width // 4)
        return (
            Column("place", "", 3, right=True),
            Column("name", "Model", max(8, width - about - 3 - 2 * self.GAP), inside=True),
            Column("about", "", about),
        )

    def cells(self, key: str) -> tuple[Line, ...]:
        return (
            (Piece(str(self._places[key] + 1), Tone.QUIET),),
            (Piece(clean(key), Tone.NAME),),
            (Piece(clean(self._about(key)), Tone.QUIET),),
        )


class OrderedDialog(ModalScreen[tuple[str, ...] | None]):
    """Gives the entries in their new order, or None. Escape asks once more when something was changed."""

    CSS_PATH = "ordered.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "Save", id="list.save", priority=True, tooltip="Write the list as it stands"),
        Binding("a", "add", "Add", id="list.add", tooltip="Add one after the last"),
        Binding("d", "remove", "Take out", id="list.remove", tooltip="Take this one out"),
        Binding("delete", "remove", "Take out", show=False, tooltip="Take this one out"),
        Binding("J", "shift(1)", "Down", id="list.down", tooltip="Try this one later"),
        Binding("K", "shift(-1)", "Up", id="list.up", tooltip="Try this one sooner"),
        Binding("escape", "cancel", "Cancel", id="back", tooltip="Leave the list as it was"),
    ]

    table = getters.query_one(OrderedTable)
    told = getters.query_one(".dialog-error", Label)

    def __init__(
        self,
        title: str,
        help: str,
        entries: Sequence[str],
        pick: Callable[[], Awaitable[str | None]],
        about: Callable[[str], str],
        glyphs: Glyphs,
    ) -> None:
        super().__init__(classes="dialog")
        self._question = title
        self._help = help
        self._before = tuple(entries)
        self._pick = pick
        self._about = about
        self._glyphs = glyphs
        self._warned = False

    def compose(self) -> ComposeResult:
        with DialogBox("ordered-box"):
            yield Label(self._question, classes="dialog-title", markup=False)
            yield Label(self._help, classes="dialog-hint", markup=False)
            yield OrderedTable(self._about, self._glyphs)
            yield Label("", classes="dialog-error", markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        self.table.show_rows(self._before)
        self.table.focus()
        if not self._before:
            self._tell("There is none yet; a adds one.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in {"remove", "shift"}:
            return bool(self.table.keys)
        if action == "save":
            return self.app.screen is self  # priority keys are asked about under other dialogs too
        return super().check_action(action, parameters)

    @property
    def entries(self) -> tuple[str, ...]:
        return self.table.keys

    def _show(self, entries: Sequence[str], cursor: str | None) -> None:
        self.table.show_rows(entries)
        if cursor is not None:
            self.table.cursor_key = cursor
        self._warned = False
        changed = self.entries != self._before
        self._tell("Not saved yet; Enter saves." if changed else "")
        self.refresh_bindings()

    @work(group="side", exclusive=True, description="add to the list")
    async def action_add(self) -> None:
        name = await self._pick()
        if name is None:
            return
        if name in self.entries:
            self.table.cursor_key = name
            self._tell(f"{name} is in the list already.")
        else:
            self._show([*self.entries, name], name)

    def action_remove(self) -> None:
        if (here := self.table.cursor_key) is not None:
            self._show([name for name in self.entries if name != here], None)

    def action_shift(self, steps: int) -> None:
        if (here := self.table.cursor_key) is None:
            return
        entries = list(self.entries)
        place = entries.index(here)
        entries.insert(max(0, min(len(entries) - 1, place + steps)), entries.pop(place))
        self._show(entries, here)

    def action_save(self) -> None:
        self.dismiss(self.entries)

    def action_cancel(self) -> None:
        if self.entries != self._before and not self._warned:
            self._warned = True
            self._tell("It is not saved: Enter saves it, Escape once more drops the change.")
        else:
            self.dismiss(None)

    def _tell(self, text: str) -> None:
        self.told.update(clean(text))
