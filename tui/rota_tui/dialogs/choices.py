"""Choosing one of a few named values, and a theme with the app wearing it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota_tui.dialogs.picker import KEYS, PickerDialog
from rota_tui.fuzzy import match, subject, typed_words
from rota_tui.pieces import Piece, Tone, clean
from rota_tui.widgets.line_table import Column, LineTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.theme import Theme

    from rota_tui.pieces import Glyphs, Line


class ChoiceTable(LineTable):
    """A row for each choice: its name, and what is to be said of it."""

    def __init__(self, choices: Mapping[str, str], current: str, glyphs: Glyphs) -> None:
        super().__init__(glyphs, id="choices")
        self._choices = choices
        self._current = current
        self._subjects = {name: subject(name, about) for name, about in choices.items()}

    def search(self, typed: str) -> None:
        """Show only what fits, the best first."""
        words = typed_words(typed)
        found = {name: m.score for name, s in self._subjects.items() if (m := match(words, s)) is not None}
        keys = sorted(found, key=lambda name: -found[name]) if words else list(self._choices)
        if words and keys:
            self.cursor_key = keys[0]
        self.show_rows(keys)

    def columns_for(self, width: int) -> tuple[Column, ...]:
        name = min(26, max(len(each) for each in self._choices) + 2, width // 2)
        return (Column("name", "Choice", name), Column("about", "", max(4, width - name - self.GAP)))

    def cells(self, key: str) -> tuple[Line, ...]:
        now = key == self._current
        mark = Piece(f"{self._glyphs.done} " if now else "  ", Tone.ACTIVE)
        return (
            (mark, Piece(clean(key), Tone.NAME if now else Tone.PLAIN)),
            (Piece(clean(self._choices[key]), Tone.QUIET),),
        )


class ChoiceDialog(PickerDialog):
    """Gives the chosen name, or None."""

    def __init__(
        self, title: str, choices: Mapping[str, str], glyphs: Glyphs, *, current: str, keys: str = KEYS
    ) -> None:
        super().__init__(title, placeholder="type to narrow", keys=keys)
        self._table = ChoiceTable(choices, current, glyphs)
        self._current = current
        self._rows = len(choices)

    def make_table(self) -> LineTable:
        return self._table

    def prepare(self) -> None:
        # As tall as its rows: a title, the line, a header, the hint, and the space between.
        self.query_one(".picker-box").styles.height = self._rows + 11
        if self._current in self._table.keys:
            self._table.cursor_key = self._current

    def search(self, typed: str) -> None:
        self._table.search(typed)


class ThemeDialog(ChoiceDialog):
    """The app wears the theme under the cursor; Escape gives it back its own."""

    CSS_PATH = ["picker.tcss", "choices.tcss"]  # type: ignore[assignment]  # noqa: RUF012 - Textual takes both forms

    def __init__(self, themes: Sequence[Theme], glyphs: Glyphs, *, current: str) -> None:
        told = {theme.name: _told(theme) for theme in themes}
        super().__init__("Which theme?", told, glyphs, current=current, keys="enter take it   esc as before")
        self._before = current

    def on_line_table_highlighted(self, event: LineTable.Highlighted) -> None:
        if event.key is not None and event.key != self.app.theme:
            self.app.theme = event.key

    def action_cancel(self) -> None:
        self.app.theme = self._before
        super().action_cancel()


def _told(theme: Theme) -> str:
    told = "dark" if theme.dark else "light"
    if theme.name == "rota-contrast":
        return "high contrast"
    return f"{told}, rota's" if theme.name.startswith("rota-") else told
