"""Markdown of an answer, streamed; its code blocks take the focus and can be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownFence

if TYPE_CHECKING:
    from markdown_it.token import Token
    from textual import events

PLAIN_FROM = 6_000
"""Characters from which a code block stays uncoloured: colouring it again with every frame would stall the app."""


class CodeFence(MarkdownFence, can_focus=True):
    """A code block under its language; `y` copies it."""

    HELP = "## Code\n\n`y` copies this block, Tab goes on to the next, Escape goes back to the question."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy code", id="chat.copy-block", tooltip="Copy this code block"),
        Binding("enter", "copy", "Copy code", id="chat.take-block", show=False),
    ]

    def __init__(self, markdown: Markdown, token: Token, code: str) -> None:
        super().__init__(markdown, token, code)
        self.border_title = Content(token.info.split()[0] if token.info.strip() else "")

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        if len(code) > PLAIN_FROM:
            return Content(code)
        return super().highlight(code, language.split()[0] if language.strip() else "", ansi=ansi, dark=dark)

    def on_focus(self) -> None:
        self.border_subtitle = Content("y copies")

    def on_blur(self) -> None:
        self.border_subtitle = ""

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2:
            self.action_copy()

    def action_copy(self) -> None:
        copy_code(self)


def copy_code(fence: CodeFence) -> None:
    """Put a block's code on the clipboard and say so."""
    code = fence.code.rstrip("\n")
    fence.app.copy_to_clipboard(code)
    lines = code.count("\n") + 1
    fence.notify(f"Copied {lines} line{'s' * (lines != 1)} of code.")


class AnswerMarkdown(Markdown):
    """Links are opened only for web addresses: the text is a model's."""

    # Textual declares it as an instance variable, so ClassVar is not for it.
    BLOCKS = {**Markdown.BLOCKS, "fence": CodeFence, "code_block": CodeFence}  # noqa: RUF012

    def __init__(self, *, plain: bool = False) -> None:
        """`plain` draws with ASCII characters only."""
        super().__init__(open_links=False)
        if plain:
            self.BULLETS = ["* ", "- ", "+ "]

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        event.stop()
        if event.href.startswith(("http://", "https://")):
            self.app.open_url(event.href)
