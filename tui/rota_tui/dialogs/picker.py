"""A question answered by choosing a row: typing narrows, the arrows move, Enter takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint
from rota_tui.widgets.line_table import LineTable

if TYPE_CHECKING:
    from textual.app import ComposeResult


KEYS = "enter choose   esc back"


class PickerDialog(ModalScreen[str | None]):
    """Gives the chosen row's key, or None. Subclasses make the table and say how it is searched."""

    CSS_PATH = "picker.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]
    AUTO_FOCUS = "Input"

    table = getters.query_one(LineTable)
    hint = getters.query_one(KeyHint)

    def __init__(self, title: str, *, placeholder: str, keys: str = KEYS, typed: str = "") -> None:
        super().__init__(classes="dialog")
        self._question = title
        self._placeholder = placeholder
        self.keys = keys
        self._typed = typed

    def make_table(self) -> LineTable:
        """The rows to choose from."""
        raise NotImplementedError

    def search(self, typed: str) -> None:
        """Narrow the rows to what was typed."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Fill the table, once it is there."""

    def answer(self, key: str) -> str:
        """What a chosen row means."""
        return key

    def compose(self) -> ComposeResult:
        with DialogBox("picker-box"):
            yield Label(self._question, classes="dialog-title", markup=False)
            yield Input(self._typed, placeholder=self._placeholder, select_on_focus=False)
            table = self.make_table()
            table.can_focus = False
            yield table
            yield KeyHint(self.keys)

    def on_mount(self) -> None:
        self.search(self._typed)
        self.prepare()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.search(event.value)

    def on_input_submitted(self) -> None:
        self.table.action_select()

    def on_line_table_selected(self, event: LineTable.Selected) -> None:
        self.dismiss(self.answer(event.key))

    def action_move(self, steps: int) -> None:
        self.table.action_move(steps)

    def action_page(self, direction: int) -> None:
        self.table.action_page(direction)

    def action_cancel(self) -> None:
        self.dismiss(None)
