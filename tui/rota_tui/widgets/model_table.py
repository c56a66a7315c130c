"""Models as rows: what they hold, what they cost, what they can; searched as fast as one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota_tui.formatting import UNKNOWN, count, usd
from rota_tui.fuzzy import Match, match, subject, typed_words
from rota_tui.pieces import Piece, Tone, clean
from rota_tui.widgets.line_table import Column, LineTable
from rota_tui.wording import provider_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.providers.base import Model
    from rota_tui.fuzzy import Subject
    from rota_tui.pieces import Glyphs, Line

AS_TYPED = "="
"""Key of the row that takes what was typed for a model's name."""

_WITH_ABILITIES = 84


def key_of(model: Model) -> str:
    return f"{model.provider}/{model.id}"


class ModelTable(LineTable):
    """Keyed by `provider/id`."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self.models: dict[str, Model] = {}
        self._subjects: dict[str, Subject] = {}
        self._matches: dict[str, Match] = {}
        self.typed = ""
        """What was searched for."""

    def take(self, models: Iterable[Model]) -> None:
        """The catalogue to search."""
        self.models = {key_of(model): model for model in models}
        self._subjects = {key: _subject(model) for key, model in self.models.items()}
        self.search(self.typed)

    def search(self, typed: str) -> None:
        """Show only what fits, the best first; a name that no catalogue lists may be used as it is."""
        self.typed = typed.strip()
        words = typed_words(typed)
        self._matches = {}
        if not words:
            keys = list(self.models)
        else:
            found = {key: m for key, s in self._subjects.items() if (m := match(words, s)) is not None}
            keys = sorted(found, key=lambda key: -found[key].score)
            self._matches = found
        if self.typed and not any(self.models[key].id == self.typed for key in keys):
            keys.append(AS_TYPED)
        self.cursor_key = keys[0] if keys and (words or self.cursor_key not in self.models) else self.cursor_key
        self.show_rows(keys)

    def columns_for(self, width: int) -> tuple[Column, ...]:
        abilities = width >= _WITH_ABILITIES
        fixed = 9 + 7 + 8 + 8 + 4 * self.GAP + (17 + self.GAP if abilities else 0)
        columns = [
            Column("id", "Model", max(8, width - fixed), inside=True),
            Column("provider", "Provider", 9),
            Column("context", "Context", 7, right=True),
            Column("in", "$/M in", 8, right=True),
            Column("out", "$/M out", 8, right=True),
        ]
        if abilities:
            columns.append(Column("can", "Can", 17))
        return tuple(columns)

    def cells(self, key: str) -> tuple[Line, ...]:
        model = self.models.get(key)
        if model is None:
            taken = (Piece(f"use {clean(self.typed)} as it is", Tone.QUIET),)
            return tuple(taken if column.key == "id" else () for column in self._columns)
        return tuple(self._cell(column, model) for column in self._columns)

    def _cell(self, column: Column, model: Model) -> Line:
        match column.key:
            case "id":
                return _marked(model.id, self._matches.get(key_of(model)))
            case "provider":
                return (Piece(provider_name(model.provider), Tone.QUIET),)
            case "context":
                return (Piece(count(model.context) if model.context else UNKNOWN, Tone.QUIET),)
            case "in" if model.free:
                return (Piece("free", Tone.OK),)
            case "out" if model.free:
                return ()
            case "in":
                return _price(model.input_usd)
            case "out":
                return _price(model.output_usd)
            case _:
                can = (("tools", model.tools), ("sees", model.vision), ("thinks", model.reasoning))
                return (Piece(" ".join(word for word, able in can if able), Tone.QUIET),)


def _subject(model: Model) -> Subject:
    free = "free" if model.free else ""
    return subject(model.id, model.name, model.provider, model.vendor or "", free, *model.aliases)


def _price(dollars: float | None) -> Line:
    if dollars is None:
        return (Piece(UNKNOWN, Tone.QUIET),)
    return (Piece(usd(dollars).removeprefix("$")),)


def _marked(name: str, found: Match | None) -> Line:
    """The name with the letters that were typed standing out."""
    if found is None or not found.places:
        return (Piece(clean(name)),)
    pieces: list[Piece] = []
    places = set(found.places)
    for at, letter in enumerate(name):
        tone = Tone.ACTIVE if at in places else Tone.PLAIN
        if pieces and pieces[-1].tone is tone:
            pieces[-1] = Piece(pieces[-1].text + clean(letter), tone)
        else:
            pieces.append(Piece(clean(letter), tone))
    return tuple(pieces)
