"""What the chat says before anything was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

if TYPE_CHECKING:
    from rota_tui.pieces import Locale

_WAYS = (
    ("ctrl+o", "which model", "ctrl+t", "which account"),
    ("ctrl+g", "attach a file", "ctrl+b", "several side by side"),
    ("ctrl+r", "ask again", "esc", "stop, or leave the line"),
)


class ChatWelcome(Widget):
    """In place of a conversation."""

    DEFAULT_CSS = "ChatWelcome { width: 1fr; height: 1fr; content-align: center middle; }"

    anybody: reactive[bool] = reactive(True)
    """Whether there is an account that could answer."""

    def __init__(self, locale: Locale) -> None:
        super().__init__()
        self._locale = locale

    def render(self) -> Content:
        if not self.anybody:
            told = Content.from_markup("[bold $active]esc[/], [bold $active]1[/], [bold $active]a[/] adds one.")
            lines = [Content("There is no account that could answer yet."), Content(""), told]
            return self._block(lines)
        keys: list[Content] = []
        for one, does, other, also in _WAYS:
            left = Content.assemble((f"{one:>6}", "bold $active"), f"  {does:<16}")
            keys.append(Content.assemble(left, (f"{other:>6}", "bold $active"), f"  {also:<24}"))
        lines = [
            Content("Ask any model through any account."),
            Content.styled("Beneath each answer stands who gave it, how fast, and what it cost.", "$quiet"),
            Content(""),
            *keys,
        ]
        return self._block(lines)

    def _block(self, lines: list[Content]) -> Content:
        """Lines centred over one another; `content-align` centres the block."""
        width = min(self.size.width, max(line.cell_length for line in lines))
        padded = [line.pad_left((width - line.cell_length) // 2) for line in lines]
        return Content("\n").join(line.pad_right(width - line.cell_length) for line in padded)
