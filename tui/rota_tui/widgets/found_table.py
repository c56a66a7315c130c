"""Logins that were found in other tools' files, as rows to choose from: what each is, and what would become of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rota.migrate import told
from rota.migrate.plan import Action
from rota_tui.pieces import Piece, Tone, clean
from rota_tui.widgets.line_table import Column, LineTable
from rota_tui.wording import kind_name, provider_name

if TYPE_CHECKING:
    from rota.migrate.plan import Plan, PlanItem
    from rota.migrate.records import Problem
    from rota_tui.pieces import Glyphs, Line

_PROBLEM = "problem:"
_WITH_PROVIDER = 84
_TONES = {
    Action.NEW: Tone.OK,
    Action.RENEWS: Tone.ACTIVE,
    Action.DEAD: Tone.LOW,
    Action.SAME: Tone.QUIET,
    Action.SKIPPED: Tone.QUIET,
}


def short(where: str) -> str:
    """A path with the home folder as `~`."""
    return clean(where).replace(str(Path.home()), "~")


_LEAST, _MOST = 5, 18
"""Lines of the table, with its header."""


class FoundTable(LineTable):
    """Keyed by `PlanItem.key`; what could not be used stands at the end."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._items: dict[str, PlanItem] = {}
        self._problems: dict[str, Problem] = {}
        self._wanted: frozenset[str] = frozenset()
        self._left_out: frozenset[str] = frozenset()

    def take(self, plan: Plan, left_out: frozenset[str]) -> None:
        """Show a plan of which these items are not to be brought in."""
        self._items = {item.key: item for item in plan.items}
        self._problems = {f"{_PROBLEM}{number}": problem for number, problem in enumerate(plan.problems)}
        self._wanted = frozenset(item.key for item in plan.wanted)
        self._left_out = left_out
        self.show_rows([*self._items, *self._problems])
        short = self.screen.has_class("-short")
        self.styles.height = "1fr" if short else max(_LEAST, min(_MOST, len(self.keys) + 1))

    @property
    def wanted(self) -> frozenset[str]:
        """The rows that can be chosen."""
        return self._wanted

    def columns_for(self, width: int) -> tuple[Column, ...]:
        provider = (Column("provider", "Provider", 9),) if width >= _WITH_PROVIDER else ()
        name = 24 if provider else 18
        action = 22 if provider else 17
        rest = width - 1 - name - action - sum(c.width + self.GAP for c in provider) - 3 * self.GAP
        return (
            Column("mark", "", 1),
            Column("name", "Login", name),
            *provider,
            Column("action", "Becomes", action),
            Column("where", "Found in", max(8, rest)),
        )

    def cells(self, key: str) -> tuple[Line, ...]:
        return tuple(
            (self._tail(self._cell(column.key, key)[0], column.width),)
            if column.key == "where"
            else self._cell(column.key, key)
            for column in self._columns
        )

    def _tail(self, piece: Piece, width: int) -> Piece:
        """A path's end, which tells more than its beginning."""
        if len(piece.text) <= width:
            return piece
        return Piece(self._glyphs.ellipsis + piece.text[1 - width :], piece.tone)

    def _cell(self, column: str, key: str) -> Line:
        if (problem := self._problems.get(key)) is not None:
            shown = {"mark": "!", "name": "cannot be read", "action": "", "where": short(problem.path)}
            return (Piece(shown.get(column, ""), Tone.SPENT if column == "mark" else Tone.QUIET),)
        item = self._items[key]
        chosen = key in self._wanted and key not in self._left_out
        row = told.row(item)
        match column:
            case "mark":
                return (Piece(self._glyphs.done, Tone.OK),) if chosen else ()
            case "name":
                return (Piece(row.name, Tone.NAME if chosen else Tone.QUIET),)
            case "provider":
                return (Piece(provider_name(row.provider), Tone.QUIET),)
            case "action" if key in self._wanted and not chosen:
                return (Piece("left out", Tone.QUIET),)
            case "action":
                return (Piece(row.action, _TONES[item.action]),)
            case _:
                return (Piece(short(row.where), Tone.QUIET),)

    def about(self, key: str | None) -> Line:
        """All that is known about a row, for the line below the table."""
        if (problem := self._problems.get(key or "")) is not None:
            return (Piece(short(str(problem)), Tone.LOW),)
        if (item := self._items.get(key or "")) is None:
            return ()
        notes = "".join(f" {note.rstrip('.')}." for note in item.record.notes)
        reason = item.reason if item.reason.startswith("rota ") else item.reason[:1].upper() + item.reason[1:]
        kind = f"{provider_name(item.record.provider)} {kind_name(item.record.credential.kind)}"
        return (Piece(f"{kind}. {short(reason)}.{short(notes)}", Tone.QUIET),)
