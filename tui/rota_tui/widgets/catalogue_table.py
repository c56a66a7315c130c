"""The whole catalogue as rows: what each model holds, costs and can, and who can serve it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import var

from rota.snapshot import Snapshot
from rota_tui.formatting import UNKNOWN, count
from rota_tui.pieces import Piece, Tone
from rota_tui.servers import Servers, serving_line
from rota_tui.widgets.line_table import Column
from rota_tui.widgets.model_table import AS_TYPED, ModelTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.account import Kind
    from rota.providers.base import Model
    from rota_tui.pieces import Glyphs, Line

_WITH_PROVIDER = 90
_WITH_OUTPUT = 100
_WITH_ABILITIES = 116
_LONGEST_NAME = 72
"""Cells beyond which the figures would stand too far from the name they belong to."""


class CatalogueTable(ModelTable):
    """Keyed by `provider/id`; only what a catalogue lists."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Ask it", id="models.ask", tooltip="Open this model in the chat"),
    ]

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    def __init__(self, glyphs: Glyphs, watched: frozenset[Kind], *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._watched = watched
        self._servers: Servers | None = None
        self.chain: frozenset[str] = frozenset()
        """Keys of the models in a fallback chain."""
        self.told: frozenset[str] = frozenset()
        """The columns that there is room for, by key; without that of the provider names have more, or nine in ten
        would look like another's."""

    @property
    def servers(self) -> Servers:
        if self._servers is None:
            self._servers = Servers(self.snapshot, self.now, self._watched)
        return self._servers

    def watch_snapshot(self) -> None:
        self._look_again()

    def watch_now(self) -> None:
        self._look_again()

    def _look_again(self) -> None:
        self._servers = None
        self.refresh_rows()

    def show_rows(self, keys: Sequence[str]) -> None:
        super().show_rows([key for key in keys if key != AS_TYPED])

    def columns_for(self, width: int) -> tuple[Column, ...]:
        output, abilities = width >= _WITH_OUTPUT, width >= _WITH_ABILITIES
        middle = [
            *([Column("provider", "Provider", 9)] if width >= _WITH_PROVIDER else []),
            Column("context", "Context", 7, right=True),
            *([Column("output", "Output", 6, right=True)] if output else []),
            Column("in", "$/M in", 7, right=True),
            Column("out", "$/M out", 7, right=True),
            *([Column("can", "Can", 17)] if abilities else []),
        ]
        self.told = frozenset(column.key for column in middle)
        left = width - sum(column.width + self.GAP for column in middle) - self.GAP
        serves = 22 if output else 15
        name = max(8, min(_LONGEST_NAME, left - serves))
        return (
            Column("id", "Model", name, inside=True),
            *middle,
            Column("serves", "Served by", max(serves, left - name)),
        )

    def _cell(self, column: Column, model: Model) -> Line:
        match column.key:
            case "output":
                return (Piece(count(model.max_output) if model.max_output else UNKNOWN, Tone.QUIET),)
            case "serves":
                return serving_line(self.servers.of(model), self.now, column.width)
            case "id":
                line = super()._cell(column, model)
                chained = f"{model.provider}/{model.id}" in self.chain
                return (*line, Piece(f" {self._glyphs.next}", Tone.QUIET)) if chained else line
        return super()._cell(column, model)
