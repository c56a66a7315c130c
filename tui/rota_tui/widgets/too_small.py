"""What a terminal shows that is too small for the screen: that it is, and how large it must be."""

from __future__ import annotations

from textual.message import Message
from textual.widgets import Static

MIN_WIDTH = 60
MIN_HEIGHT = 14


class TooSmall(Static):
    """Covers the screen; shown by the screen's `-small` class."""

    DEFAULT_CSS = """
    TooSmall {
        width: 1fr;
        height: 1fr;
        content-align: center middle;
        text-align: center;
        color: $quiet;
    }
    """

    class Gone(Message):
        """There is room for all the rest again."""

    def __init__(self) -> None:
        super().__init__(
            # Not q, which is a letter in a line, does other things in a dialog, and may be another key.
            f"rota needs {MIN_WIDTH} by {MIN_HEIGHT} cells.\nMake this terminal larger,\nor press ctrl+q to quit.",
            markup=False,
            id="too-small",
        )

    def on_hide(self) -> None:
        self.post_message(self.Gone())
