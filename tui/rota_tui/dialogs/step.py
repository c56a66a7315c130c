"""One question of a dialog that asks several: what it is called, which keys it has, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.message import Message

if TYPE_CHECKING:
    from rich.repr import Result


class Step(Vertical):
    """The dialog shows one at a time; Escape takes it away again."""

    DEFAULT_CSS = "Step { height: auto; }"
    TITLE: ClassVar[str] = ""

    answered = False

    @dataclass
    class Answered(Message):
        """The question was answered."""

        step: Step
        answer: object

        def __rich_repr__(self) -> Result:
            # An answer may have come from a secret: logs print messages.
            yield "step", self.step

    @dataclass
    class KeysChanged(Message):
        """Other keys work now."""

        step: Step

    @property
    def title(self) -> str:
        return self.TITLE

    @property
    def keys(self) -> str:
        """The keys that work here, for the dialog's last line."""
        return "enter choose   esc back"

    def back(self) -> bool:
        """Take Escape for itself; True when that was all there was to do."""
        return False

    def answer(self, value: object) -> None:
        self.answered = True
        self.post_message(self.Answered(self, value))
