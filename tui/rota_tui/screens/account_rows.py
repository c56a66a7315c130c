"""Which rows of the accounts stand there, in which order, and which of them are selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.widgets import Input

from rota.snapshot import Snapshot
from rota_tui.screens.account_actions import AccountActions
from rota_tui.widgets.accounts_table import AccountsTable, Order

if TYPE_CHECKING:
    from rota.snapshot import AccountState

_ON_ROWS = frozenset(("filter", "sort", "reverse", "select", "select_all"))


class AccountRows(AccountActions):
    """Sorting, filtering and selecting change nothing but what is looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "Filter", id="filter-accounts", key_display="/", tooltip="Show only some accounts"
        ),
        Binding("s", "sort", "Sort", id="sort-accounts", tooltip="Sort by the next column"),
        Binding(
            "S", "reverse", "Turn around", id="sort-accounts-backwards", show=False, tooltip="The other way round"
        ),
        Binding("space", "select", "Select", id="select-account", tooltip="Select this account, for one more thing"),
        Binding(
            "ctrl+a", "select_all", "Select all", id="select-all-accounts", show=False, tooltip="Select all shown"
        ),
    ]

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    account_id: var[str | None] = var(None, init=False)
    """The account under the cursor."""
    view: var[str] = var("", init=False)
    """How the table is sorted and narrowed, and how many rows are selected, in words."""

    table = getters.query_one(AccountsTable)

    @property
    def current(self) -> AccountState | None:
        return self.snapshot.account(self.account_id) if self.account_id is not None else None

    @property
    def targets(self) -> list[AccountState]:
        if marked := self.table.chosen:  # asked for every key of the bar: rows are gone through only when they must
            found = (self.snapshot.account(key) for key in self.table.keys if key in marked)
            if chosen := [state for state in found if state is not None]:
                return chosen
        return [state] if (state := self.current) is not None else []

    @property
    def movable(self) -> str:
        table = self.table
        if table.order is not Order.OWN or table.backwards:
            return "Rows move in your own order: press s until it is back."
        return "Rows move when all are shown: Escape ends the filter." if table.filter else ""

    def check_rows(self, action: str) -> bool:
        """Whether a key that is about rows works: there must be rows, and they must be what is looked at."""
        if action in ("select", "select_all") and not self.table.keys:
            return False
        return action not in _ON_ROWS or not (
            self.has_class("-empty") or self.has_class("-detail") or isinstance(self.focused, Input)
        )

    def prune(self) -> None:
        """Accounts that are gone are no longer selected."""
        gone = {key for key in self.table.chosen if self.snapshot.account(key) is None}
        if gone:
            self._select(self.table.chosen - gone)

    # --- keys ---------------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        orders = list(Order)
        self.table.order = orders[(orders.index(self.table.order) + 1) % len(orders)]
        self.tell_view()

    def action_reverse(self) -> None:
        self.table.backwards = not self.table.backwards
        self.tell_view()

    def action_select(self) -> None:
        """Select or unselect the row under the cursor, and go on to the next."""
        if self.account_id is not None:
            self._select(self.table.chosen ^ {self.account_id})
            self.table.action_move(1)

    def action_select_all(self) -> None:
        shown = frozenset(self.table.keys)
        self._select(frozenset() if shown <= self.table.chosen else self.table.chosen | shown)

    def unselect(self) -> None:
        """Select nothing."""
        self._select(frozenset())

    def _select(self, chosen: frozenset[str]) -> None:
        self.table.chosen = chosen
        self.tell_view()
        self.refresh_bindings()

    async def action_filter(self) -> None:
        if not self.query(Input):
            words = Input(placeholder="show only accounts with these words", id="filter", compact=True)
            await self.query_one("#table-pane").mount(words)
        self.add_class("-filter")
        self.query_one(Input).focus()
        self.refresh_bindings()

    async def end_filter(self) -> None:
        """Show every account again."""
        self.remove_class("-filter")
        self.table.filter = ""
        self.tell_view()
        await self.query(Input).remove()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.table.filter = event.value
        self.tell_view()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        if not event.value:
            await self.end_filter()
        self.table.focus()
        self.refresh_bindings()

    def tell_view(self) -> None:
        """Say what differs from all accounts in their own order."""
        table, sep = self.table, f" {self._locale.glyphs.sep} "
        parts: list[str] = []
        chosen = sum(key in table.chosen for key in table.keys)
        if table.chosen:
            hidden = len(table.chosen) - chosen
            parts.append(f"{chosen} selected" + (f", {hidden} not shown" if hidden else ""))
        if table.filter:
            parts.append(f"{len(table.keys)} of {len(self.snapshot.listed())} shown")
        if table.order is not Order.OWN or table.backwards:
            parts.append(f"by {table.order} {table.arrow}")
        self.view = sep.join(parts)
