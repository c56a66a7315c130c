"""A question answered with a line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from rota_tui.dialogs.line_input import LineInput
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult


class PromptDialog(ModalScreen[str | None]):
    """Enter gives the text, Escape gives None; an empty line is told and asked again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    def __init__(
        self,
        title: str,
        *,
        value: str = "",
        hint: str = "",
        max_length: int = 60,
        check: Callable[[str], str] | None = None,
    ) -> None:
        """`check` says what is wrong with a text, in words; empty lets it through."""
        super().__init__(classes="dialog")
        self._question = title
        self._value = value
        self._hint = hint
        self._max_length = max_length
        self._check = check

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Label(self._question, classes="dialog-title", markup=False)
            yield LineInput(self._value, max_length=self._max_length, select_on_focus=True)
            yield Label(self._hint, classes="dialog-hint", markup=False)
            yield KeyHint("enter save   esc back")

    def on_input_changed(self, event: Input.Changed) -> None:
        full = f"It can be {self._max_length} characters long."
        self._tell(full if len(event.value) >= self._max_length else self._hint)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        wrong = "Type something, or press Escape." if not text else self._check(text) if self._check else ""
        if wrong:
            self._tell(wrong)
        else:
            self.dismiss(text)

    def _tell(self, text: str) -> None:
        self.query_one(".dialog-hint", Label).update(text)

    def action_cancel(self) -> None:
        self.dismiss(None)
