"""Choosing who answers: any account, or a certain one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota_tui.dialogs.picker import PickerDialog
from rota_tui.widgets.server_table import ANY, ServerTable

if TYPE_CHECKING:
    from rota.account import Kind
    from rota.snapshot import Snapshot
    from rota_tui.pieces import Locale
    from rota_tui.widgets.line_table import LineTable
    from rota_tui.widgets.quota_gauge import Ticks


class AccountPicker(PickerDialog):
    """Gives an account's id, or `*` for any."""

    def __init__(
        self,
        snapshot: Snapshot,
        provider: str,
        now: float,
        locale: Locale,
        ticks: Ticks,
        *,
        watched: frozenset[Kind],
        any_words: str,
        current: str | None = None,
        typed: str = "",
    ) -> None:
        super().__init__(
            "Who answers?",
            placeholder="search by name, provider or plan",
            typed=typed,
        )
        self._current = current
        self._servers = ServerTable(
            snapshot, provider, now, locale, ticks, watched=watched, any_words=any_words, id="servers"
        )

    def make_table(self) -> LineTable:
        return self._servers

    def prepare(self) -> None:
        self.table.cursor_key = self._current if self._current in self.table.keys else ANY

    def search(self, typed: str) -> None:
        self._servers.search(typed)
