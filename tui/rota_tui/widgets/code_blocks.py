"""Markdown of an answer, in pages; its code blocks take the focus and can be copied."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from markdown_it import MarkdownIt
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.css.query import NoMatches
from textual.message import Message
from textual.widgets import Label, Markdown
from textual.widgets.markdown import MarkdownFence

from rota_tui.widgets.growing_blocks import BulletList, OrderedList, Paragraph, show
from rota_tui.widgets.steady import Steady

if TYPE_CHECKING:
    from markdown_it.token import Token
    from textual import events
    from textual.geometry import Size


class CodeFence(Steady, MarkdownFence, can_focus=True):
    """A code block under its language; `y` copies it, with the pages it goes on in."""

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
        return super().highlight(code, language.split()[0] if language.strip() else "", ansi=ansi, dark=dark)

    def set_content(self, content: Content) -> None:
        self._content = content
        with suppress(NoMatches):  # before it is mounted, which takes the code as it is then
            show(self.query_one("#code-content", Label), content)

    @property
    def page(self) -> Page:
        return self.query_ancestor(Page)

    @property
    def own_code(self) -> str:
        """The code on this page; `code` lacks the blank lines at its end."""
        return self._token.content

    @property
    def whole_code(self) -> str:
        """The code from the block's first page to its last."""
        pages = [self.page]
        fences: list[CodeFence] = [self]
        while (before := pages[0].continues) is not None and pages[0].fences[0] is fences[0]:
            pages.insert(0, before)
            fences.insert(0, before.fences[-1])
        while (after := pages[-1].continued) is not None and pages[-1].fences[-1] is fences[-1]:
            if not after.fences:
                break  # it is only being begun
            pages.append(after)
            fences.append(after.fences[0])
        return "".join(fence.own_code for fence in fences)

    def on_focus(self) -> None:
        self.border_subtitle = Content("y copies")
        self.page.need()
        self.call_after_refresh(self.scroll_visible, animate=False)

    def on_blur(self) -> None:
        self.border_subtitle = ""

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2:
            self.action_copy()

    def action_copy(self) -> None:
        copy_code(self)


def copy_code(fence: CodeFence) -> None:
    """Put a block's code on the clipboard and say so."""
    code = fence.whole_code.rstrip("\n")
    fence.app.copy_to_clipboard(code)
    lines = code.count("\n") + 1
    fence.notify(f"Copied {lines} line{'s' * (lines != 1)} of code.")


def _parser() -> MarkdownIt:
    """Markdown without HTML: what a model says in angle brackets is shown, where HTML would be left out."""
    return MarkdownIt("gfm-like").disable(["html_block", "html_inline"])


class Page(Steady, Markdown):
    """A stretch of an answer. Out of sight it can be kept as blank space of its height.

    Links are opened only for web addresses: the text is a model's.
    """

    # Textual declares it as an instance variable, so ClassVar is not for it.
    BLOCKS = {  # noqa: RUF012
        **Markdown.BLOCKS,
        "paragraph_open": Paragraph,
        "bullet_list_open": BulletList,
        "ordered_list_open": OrderedList,
        "fence": CodeFence,
        "code_block": CodeFence,
    }

    class Opened(Message):
        """A new page was begun."""

    class Needed(Message):
        """The page was frozen, and is wanted."""

    def __init__(self, continues: Page | None = None, *, plain: bool = False) -> None:
        """`continues` is the page whose code this one takes up; `plain` draws with ASCII characters only."""
        super().__init__(parser_factory=_parser, open_links=False)
        self.continues = continues
        self.continued: Page | None = None
        if continues is not None:
            continues.continued = self
        self.whole = False
        """Whether nothing more will be written to it."""
        self.frozen = False
        """Whether it is blank space now."""
        self._kept_height = 0
        if plain:
            self.BULLETS = ["* ", "- ", "+ "]

    def on_mount(self) -> None:
        self.post_message(self.Opened())

    @property
    def fences(self) -> list[CodeFence]:
        return list(self.query(CodeFence))

    # --- out of sight -------------------------------------------------------------------------------------

    @property
    def is_container(self) -> bool:
        return super().is_container and not self.frozen

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._kept_height if self.frozen else super().get_content_height(container, viewport, width)

    def freeze(self) -> None:
        """Lay out blank space instead of its blocks, once it is whole."""
        height = self.outer_size.height - self.gutter.height
        if self.whole and not self.frozen and height > 0 and not self.has_focus_within:
            self.frozen, self._kept_height = True, height
            self.refresh(layout=True)

    def thaw(self) -> None:
        if self.frozen:
            self.frozen = False
            self.refresh(layout=True)

    def need(self) -> None:
        """Be whole at once: something in it was focused."""
        if self.frozen:
            self.thaw()
            self.post_message(self.Needed())

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        event.stop()
        if event.href.startswith(("http://", "https://")):
            self.app.open_url(event.href)
