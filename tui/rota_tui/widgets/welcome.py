"""What an empty rota says: what it does, and the ways in, each one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from rota_tui.messages import AddRequested

if TYPE_CHECKING:
    from rota_tui.pieces import Locale

_WAYS = (
    ("a", "add an Anthropic API key", "anthropic"),
    ("t", "add a Puter token", "puter"),
)


class Welcome(Widget, can_focus=True):
    """Shown while there is no account."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add('anthropic')", "Anthropic API key", id="welcome.anthropic"),
        Binding("t", "add('puter')", "Puter token", id="welcome.puter"),
    ]
    DEFAULT_CSS = """
    Welcome { width: 1fr; height: 1fr; content-align: center middle; }
    """

    def __init__(self, locale: Locale) -> None:
        super().__init__(id="welcome")
        self._locale = locale

    def render(self) -> Content:
        lines = [
            Content.styled("rota", "bold $active"),
            Content(""),
            Content("All your AI accounts in one place: what is left of every quota,"),
            Content("when it comes back, and one account taking over from another."),
            Content(""),
        ]
        for key, words, _provider in _WAYS:
            lines.append(Content.assemble((key, "bold $active"), f"  {words}"))
        lines += [Content(""), Content.styled("To look around without an account: rota demo", "$quiet")]
        width = max(line.cell_length for line in lines)
        return Content("\n").join(line.pad_right(width - line.cell_length) for line in lines)

    def action_add(self, provider: str) -> None:
        self.post_message(AddRequested(provider))
