"""An input of one line that takes in all of what is pasted, where Textual's keeps only the first line of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Input

if TYPE_CHECKING:
    from textual import events


class LineInput(Input):
    """What is pasted in several lines becomes one, as long as there is room."""

    BETWEEN: ClassVar[str] = " "
    """What stands in place of white space that was pasted."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        text, (start, end) = self.BETWEEN.join(event.text.split()), sorted(self.selection)
        if self.max_length:
            text = text[: self.max_length - len(self.value) + end - start]
        self.replace(text, start, end)
