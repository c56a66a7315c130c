"""Where a question is typed: Enter sends, other Enters break the line, up and down bring earlier questions back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.widgets import TextArea

if TYPE_CHECKING:
    from collections.abc import Callable


class PromptInput(TextArea):
    """Nothing typed is lost: what was begun, or changed while looking back, is still there on the way forward."""

    HELP = """\
## The question

Enter sends it; shift+enter or ctrl+j begins a new line. Up on the first line brings earlier questions back, down on
the last line returns to what you had begun. A question may also begin with a command: `/attach PATH`, `/model NAME`,
`/account NAME`, `/think low|medium|high|off`, `/copy`, `/save PATH`, `/clear`. Escape leaves the line, so that
single keys work; Escape again comes back.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Send", id="chat.send", priority=True, tooltip="Send the question"),
        # Not on the last line of the screen: a question has to wait, but the key must not break the line.
        Binding(
            "enter",
            "submit_early",
            "Command",
            id="chat.command",
            priority=True,
            show=False,
            tooltip="Do what a command says while an answer comes",
        ),
        Binding(
            "shift+enter,ctrl+j,alt+enter",
            "new_line",
            "New line",
            id="chat.new-line",
            priority=True,
            show=False,
            tooltip="Begin a new line",
        ),
        Binding("backspace", "delete_left_or_attachment", "Delete", show=False, id="chat.backspace"),
    ]

    free: var[bool] = var(True, init=False)
    """Whether a question can be sent: none is being answered."""

    @dataclass
    class Submitted(Message):
        """Enter was pressed; the text stays until `accept` takes it."""

        prompt: PromptInput
        text: str

        @property
        def control(self) -> PromptInput:
            return self.prompt

    @dataclass
    class EmptyBackspace(Message):
        """Backspace was pressed where there was nothing to delete."""

        prompt: PromptInput

        @property
        def control(self) -> PromptInput:
            return self.prompt

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id, compact=True, highlight_cursor_line=False, show_line_numbers=False, placeholder="Ask anything"
        )
        self._asked: list[str] = []
        self._place = 0
        """Which question is shown; the number of questions is the one being written."""
        self._drafts: dict[int, str] = {}
        """Texts that were changed while looking through the questions, and the one being written."""

    # --- sending ------------------------------------------------------------------------------------------

    # Keys with priority are acted on before those that are still on their way here: both wait for these, or Enter
    # would overtake what was typed, or came over a slow line, in one go.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "submit":
                return self.free
            case "submit_early":
                return not self.free
        return super().check_action(action, parameters)

    def action_submit(self) -> None:
        self.call_later(lambda: self.post_message(self.Submitted(self, self.text)))

    def action_submit_early(self) -> None:
        self.action_submit()

    def action_new_line(self) -> None:
        self.call_later(self._begin_line)

    def _begin_line(self) -> None:
        start, end = self.selection
        self._replace_via_keyboard("\n", start, end)

    def action_delete_left_or_attachment(self) -> None:
        if self.text:
            self.action_delete_left()
        else:
            self.post_message(self.EmptyBackspace(self))

    def accept(self, remembered: str) -> None:
        """Empty the line after its text went out; `remembered` can be recalled."""
        begun = self._drafts.get(len(self._asked), "") if self._place < len(self._asked) else ""
        if remembered and (not self._asked or self._asked[-1] != remembered):
            self._asked.append(remembered)
        self._drafts.clear()
        self._place = len(self._asked)
        self.text = begun
        self.move_cursor(self.document.end)

    def give_back(self, text: str) -> None:
        """Put back what could not be done, unless something else is being written by now."""
        self.text = self.text or text
        self.move_cursor(self.document.end)

    # --- taking back --------------------------------------------------------------------------------------

    def undo(self) -> None:
        self._from_the_top(super().undo)

    def redo(self) -> None:
        self._from_the_top(super().redo)

    def _from_the_top(self, change: Callable[[], None]) -> None:
        # Where the text gets shorter Textual moves the cursor last, and falls when a scrollbar goes before that and
        # the cursor's line is no more (its issue 6686).
        text, selection = self.text, self.selection
        self.move_cursor((0, 0))
        change()
        if self.text == text:  # there was nothing to take back
            self.selection = selection

    # --- looking back -------------------------------------------------------------------------------------

    def action_cursor_up(self, select: bool = False) -> None:
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self._recall(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self._recall(1)
        else:
            super().action_cursor_down(select)

    def _recall(self, steps: int) -> None:
        place = self._place + steps
        if not 0 <= place <= len(self._asked):
            return
        self._drafts[self._place] = self.text
        self._place = place
        self.text = self._drafts.get(place, self._asked[place] if place < len(self._asked) else "")
        self.move_cursor((0, 0) if steps < 0 else self.document.end)
        if steps < 0:
            self.action_cursor_line_end()
