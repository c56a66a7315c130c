"""Names and what each stands for: added, changed and taken out, each written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Label

from rota_tui.dialogs.value import ValueDialog
from rota_tui.pieces import Piece, Tone, clean
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.line_table import Column, LineTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult

    from rota_tui.pieces import Glyphs, Line


class NamedTable(LineTable):
    """A row for each name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Change", id="names.change", tooltip="Change what this name stands for"),
    ]

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs, id="named")
        self.values: dict[str, str] = {}

    def take(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)
        self.show_rows(list(self.values))

    def columns_for(self, width: int) -> tuple[Column, ...]:
        name = min(24, width // 3)
        return (Column("name", "Name", name), Column("value", "Stands for", max(4, width - name - self.GAP)))

    def cells(self, key: str) -> tuple[Line, ...]:
        return ((Piece(clean(key), Tone.NAME),), (Piece(clean(self.values[key])),))


class NamedDialog(ModalScreen[None]):
    """Each change is written by `write` and `remove` when it is made; Escape closes."""

    CSS_PATH = "ordered.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", id="names.add", tooltip="Add a name"),
        Binding("d", "remove", "Take out", id="names.remove", tooltip="Take this name out"),
        Binding("delete", "remove", "Take out", show=False, tooltip="Take this name out"),
        Binding("escape", "close", "Close", id="back", tooltip="Back to the settings"),
    ]

    table = getters.query_one(NamedTable)
    told = getters.query_one(".dialog-error", Label)

    def __init__(
        self,
        title: str,
        about: tuple[str, str],
        read: Callable[[], Mapping[str, str]],
        write: Callable[[str, str], str],
        remove: Callable[[str], str],
        glyphs: Glyphs,
    ) -> None:
        """
        Args:
            about: what the names are for, and what they may stand for.
            read: gives the names as they are now.
            write: takes a name and what it stands for; returns what is wrong, or nothing.
            remove: takes a name out; returns as `write` does.
        """
        super().__init__(classes="dialog ordered-dialog")
        self._question = title
        self._about = about
        self._read = read
        self._write = write
        self._remove = remove
        self._glyphs = glyphs
        self._drafts: dict[str, str] = {}
        """What was typed and not written, by the name it was typed for; nothing for a new one."""

    def compose(self) -> ComposeResult:
        with DialogBox("ordered-box"):
            yield Label(self._question, classes="dialog-title", markup=False)
            yield Label(self._about[0], classes="dialog-hint", markup=False)
            yield NamedTable(self._glyphs)
            yield Label("", classes="dialog-error", markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        self._show()
        self.table.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.table.keys) if action == "remove" else super().check_action(action, parameters)

    def _show(self, cursor: str | None = None) -> None:
        self.table.take(self._read())
        if cursor in self.table.keys:
            self.table.cursor_key = cursor
        self.told.update("" if self.table.keys else "There is none yet; a adds one.")
        self.refresh_bindings()

    def action_add(self) -> None:
        self._ask("", "", "name = what it stands for")

    def on_line_table_selected(self, event: LineTable.Selected) -> None:
        event.stop()
        self._ask(event.key, f"{event.key} = {self.table.values[event.key]}", "")

    @work(group="side", exclusive=True, description="name something")
    async def _ask(self, name: str, value: str, placeholder: str) -> None:
        def keep(text: str) -> None:
            self._drafts[name] = text

        dialog = ValueDialog(
            "A name and what it stands for",
            (f"Write name = value. Allowed: {self._about[1]}.",),
            value=value,
            write=self._take,
            keep=keep,
            draft=self._drafts.get(name),
            placeholder=placeholder,
        )
        done = await self.app.push_screen_wait(dialog)
        if done is not None:
            self._drafts.pop(name, None)
            self._show(done.partition("=")[0].strip())

    def _take(self, text: str) -> str:
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value:
            return "It takes a name, = and what the name stands for."
        return self._write(name, value)

    def action_remove(self) -> None:
        if (name := self.table.cursor_key) is not None:
            problem = self._remove(name)
            self._show()
            if problem:
                self.told.update(clean(problem))

    def action_close(self) -> None:
        self.dismiss(None)
