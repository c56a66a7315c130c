"""A yes-or-no question about something that is not easily undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Button, Label

from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult


class ConfirmDialog(ModalScreen[bool]):
    """The safe answer has the focus; `y` and `n` answer too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "No", show=False),
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("left,right", "app.focus_next", "Other answer", show=False),
    ]

    def __init__(self, title: str, paragraphs: Sequence[str], *, yes: str, no: str = "Keep it") -> None:
        super().__init__(classes="dialog")
        self._question = title
        self._paragraphs = paragraphs
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Label(self._question, classes="dialog-title", markup=False)
            for paragraph in self._paragraphs:
                yield Label(paragraph, classes="dialog-text", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(self._no, id="no", compact=True)
                yield Button(self._yes, id="yes", variant="error", compact=True)
            yield KeyHint(f"y {self._yes.lower()}   esc {self._no.lower()}")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)
