"""A setting's value, typed: checked by whoever writes it, told what is wrong, mended in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult


class ValueDialog(ModalScreen[str | None]):
    """Gives what was typed once `write` took it. Escape gives None and hands what was typed to `keep`."""

    CSS_PATH = "value.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, tooltip="Leave it as it is; what was typed is kept"),
    ]

    line = getters.query_one(Input)
    told = getters.query_one(".dialog-error", Label)

    def __init__(
        self,
        title: str,
        about: Sequence[str],
        *,
        value: str,
        write: Callable[[str], str],
        keep: Callable[[str], None],
        draft: str | None = None,
        placeholder: str = "",
    ) -> None:
        """
        Args:
            about: what it means, and what it may be.
            value: what it is now.
            write: takes what was typed; returns what is wrong with it, or nothing.
            keep: takes what was typed and not written.
            draft: what was typed the last time and not written.
        """
        super().__init__(classes="dialog")
        self._question = title
        self._about = about
        self._value = value
        self._write = write
        self._keep = keep
        self._draft = draft
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        begun = self._value if self._draft is None else self._draft
        with DialogBox("value-box"):
            yield Label(self._question, classes="dialog-title", markup=False)
            for paragraph in self._about:
                yield Label(paragraph, classes="dialog-text", markup=False)
            yield Input(begun, placeholder=self._placeholder, select_on_focus=self._draft is None)
            yield Label("", classes="dialog-error", markup=False)
            yield KeyHint("enter save   esc leave it")

    def on_mount(self) -> None:
        self.line.border_title = "Value"
        if self._draft is not None:
            now = f"; it is {self._value} now" if self._value else ""
            self._tell(f"This is what you typed before{now}.", calm=True)

    def on_input_changed(self) -> None:
        if not self.told.has_class("-busy"):
            self._tell("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if problem := self._write(event.value):
            self._tell(problem)
        else:
            self.dismiss(event.value)

    def _tell(self, text: str, *, calm: bool = False) -> None:
        self.told.set_class(calm, "-busy")
        self.told.update(text)

    def action_cancel(self) -> None:
        if self.line.value != self._value:
            self._keep(self.line.value)
        self.dismiss(None)
