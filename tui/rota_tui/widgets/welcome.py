"""What an empty rota says: what it does, and the ways in, each one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from rota_tui.messages import AddRequested, DemoRequested
from rota_tui.pieces import ASCII, clean

if TYPE_CHECKING:
    from rota_tui.pieces import Locale

_NAMED = 2
"""So many finds are named, the rest counted."""


_MARK = (
    "┏━┓ ┏━┓ ╺┳╸ ┏━┓",
    "┣┳┛ ┃ ┃  ┃  ┣━┫",
    "╹┗╸ ┗━┛  ╹  ╹ ╹",
)
"""The name in large, for the first thing a person sees."""


class Welcome(Widget, can_focus=True):
    """Shown while there is no account."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # The ways in stand in the middle of the screen.
        Binding(
            "d",
            "demo",
            "Demo",
            show=False,
            id="welcome.demo",
            tooltip="Look around in a simulated world; q comes back",
        ),
        Binding("t", "add('puter')", "Puter", show=False, id="welcome.puter", tooltip="Add an account of Puter"),
    ]
    DEFAULT_CSS = """
    Welcome { width: 1fr; height: 1fr; content-align: center middle; }
    """

    found: reactive[tuple[str, ...]] = reactive((), init=False)
    """What other tools have on this machine, in people's words."""

    def __init__(self, locale: Locale) -> None:
        super().__init__(id="welcome")
        self._locale = locale

    def render(self) -> Content:
        lines = [
            *(Content.styled(line, "$active") for line in self._mark()),
            Content(""),
            Content("All your AI accounts in one place: what is left of every quota,"),
            Content("when it comes back, and one account taking over from another."),
            Content(""),
            _way("a", "add an account: Anthropic or Puter"),
            _way("m", f"import {self._finds()}" if self.found else "import from OpenCode, Claude Code and others"),
            _way("d", "look around in the demo: a simulated world, no account needed"),
        ]
        width = max(line.cell_length for line in lines)
        return Content("\n").join(line.pad_right(width - line.cell_length) for line in lines)

    def _mark(self) -> tuple[str, ...]:
        return ("rota",) if self._locale.glyphs is ASCII else _MARK

    def _finds(self) -> str:
        named = [clean(what) for what in self.found[:_NAMED]]
        rest = len(self.found) - len(named)
        return f"what is here: {', '.join(named)}{f' and {rest} more' if rest else ''}"

    def action_demo(self) -> None:
        self.post_message(DemoRequested())

    def action_add(self, provider: str) -> None:
        self.post_message(AddRequested(provider))


def _way(key: str, words: str) -> Content:
    return Content.assemble((key, "bold $active"), f"  {words}")
