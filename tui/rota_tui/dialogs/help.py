"""Help for where one is: what it is for, which keys work and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from textual import getters
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label

from rota_tui.helping import about, groups, marks
from rota_tui.pieces import Piece, Tone, clean, wrap
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint
from rota_tui.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen

    from rota_tui.helping import Group
    from rota_tui.pieces import Line, Locale

_KEYS = 16
_TWO_COLUMNS = 104


class HelpLines(LinesView):
    """The sentence, then each group under its title; in two columns where there is room."""

    def __init__(self, sentence: str, told: tuple[Group, ...]) -> None:
        super().__init__(id="help")
        self._sentence = sentence
        self._told = told

    def lines(self, width: int) -> tuple[Line, ...]:
        sentence = wrap((Piece(self._sentence),), width, 0) if self._sentence else ()
        gap = ((),) if sentence else ()
        if width < _TWO_COLUMNS or len(self._told) < 2:
            return (*sentence, *gap, *_column(self._told, width))
        half = (width - 4) // 2
        left, right = _column(self._told[:1], half), _column(self._told[1:], half)
        count = max(len(left), len(right))
        both = (
            (*_padded(left[at] if at < len(left) else (), half + 4), *(right[at] if at < len(right) else ()))
            for at in range(count)
        )
        return (*sentence, *gap, *both)


def _column(told: tuple[Group, ...], width: int) -> tuple[Line, ...]:
    lines: list[Line] = []
    for group in told:
        if lines:
            lines.append(())
        lines.append((Piece(group.title, Tone.ACTIVE),))
        for key, means in group.keys:
            keys = Piece(clean(key).rjust(_KEYS - 2) if cell_len(key) <= _KEYS - 2 else clean(key), Tone.NAME)
            lines.extend(wrap((keys, Piece("  "), Piece(clean(means))), width, _KEYS))
    return tuple(lines)


def _padded(line: Line, width: int) -> Line:
    taken = sum(cell_len(piece.text) for piece in line)
    return (*line, Piece(" " * max(0, width - taken)))


class HelpDialog(ModalScreen[None]):
    """Of the screen or dialog that was on top when it was asked for."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", show=False, tooltip="Back to where you were"),
    ]
    AUTO_FOCUS = "VerticalScroll"

    scroll = getters.query_one(VerticalScroll)

    def __init__(self, screen: Screen[Any], locale: Locale) -> None:
        super().__init__(classes="dialog")
        app = screen.app
        titles = {mode: title for _, mode, title in getattr(app, "TITLES", ())}
        self._place = _title(screen) or titles.get(app.current_mode or "", "")
        told = groups(app, screen, "" if screen.is_modal else self._place)
        drawn = marks(screen, locale.glyphs)
        self._lines = HelpLines(about(screen), told if drawn is None else (*told[:1], drawn, *told[1:]))

    def compose(self) -> ComposeResult:
        with DialogBox("help-box"):
            yield Label(f"Help: {self._place}" if self._place else "Help", classes="dialog-title", markup=False)
            with VerticalScroll():
                yield self._lines
            yield KeyHint("arrows scroll   esc close")

    def action_close(self) -> None:
        self.dismiss(None)


def _title(screen: Screen[Any]) -> str:
    """What a dialog is called."""
    if not screen.is_modal:
        return ""
    labels = screen.query(".dialog-title").results(Label)
    return next((str(label.content) for label in labels), "this dialog")
