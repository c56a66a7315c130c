"""Removing accounts: which, what goes, what stays at the provider and where to end it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.style import Style
from textual.widgets import Button, Label, Static

from rota.leftovers import remains
from rota_tui.pieces import Piece, Tone, clean
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint
from rota_tui.widgets.line_table import Column, LineTable
from rota_tui.wording import kind_of, provider_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from rota.account import Account
    from rota_tui.pieces import Glyphs, Line, Locale


@dataclass(frozen=True, slots=True)
class Removal:
    """What a person wants gone."""

    account_ids: tuple[str, ...]
    purge: bool
    """Their history too."""


class _Marked(LineTable):
    """The accounts, those to go with a mark."""

    def __init__(self, glyphs: Glyphs, accounts: Sequence[Account]) -> None:
        super().__init__(glyphs)
        self._accounts = {account.id: account for account in accounts}
        self.chosen: frozenset[str] = frozenset()

    def on_mount(self) -> None:
        self.show_rows(list(self._accounts))

    def columns_for(self, width: int) -> tuple[Column, ...]:
        rest = width - 1 - 9 - 14 - 3 * self.GAP
        return (
            Column("mark", "", 1),
            Column("label", "Account", max(8, rest)),
            Column("provider", "Provider", 9),
            Column("kind", "Kind", 14),
        )

    def cells(self, key: str) -> tuple[Line, ...]:
        account, chosen = self._accounts[key], key in self.chosen
        beside = f"  {clean(account.email)}" if account.email and account.email != account.label else ""
        name = (Piece(clean(account.label), Tone.SPENT if chosen else Tone.PLAIN), Piece(beside, Tone.QUIET))
        shown: dict[str, Line] = {
            "mark": (Piece(self._glyphs.failed, Tone.SPENT),) if chosen else (),
            "label": name,
            "provider": (Piece(provider_name(account.provider), Tone.QUIET),),
            "kind": (Piece(kind_of(account), Tone.QUIET),),
        }
        return tuple(shown[column.key] for column in self._columns)


class RemoveDialog(ModalScreen[Removal | None]):
    """Space chooses more, `a` all of them; the safe answer is the one that Enter gives first."""

    CSS_PATH = "remove_accounts.tcss"
    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "keep", "Keep", show=False),
        Binding("y", "remove", "Remove", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("space", "choose", "Choose", show=False, priority=True),
        Binding("a", "choose_all", "All", show=False),
        Binding("h", "purge", "History too", show=False),
        Binding("left,right", "app.focus_next", "Other answer", show=False),
    ]

    table = getters.query_one(_Marked)

    def __init__(self, accounts: Sequence[Account], chosen: Sequence[str], locale: Locale) -> None:
        """`chosen` are the accounts that are marked to begin with, at least one."""
        super().__init__(classes="dialog")
        self._accounts = {account.id: account for account in accounts}
        self._first = frozenset(chosen)
        self._began_at = chosen[0]
        self._locale = locale
        self._purge = False

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Label("", classes="dialog-title", markup=False)
            table = _Marked(self._locale.glyphs, list(self._accounts.values()))
            table.chosen = self._first
            table.can_focus = False
            table.styles.height = min(8, len(self._accounts) + 1)
            yield table
            with VerticalScroll(can_focus=False):
                yield Static(id="told")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Keep", id="no", compact=True)
                yield Button("Remove", id="yes", variant="error", compact=True)
            yield KeyHint()

    def on_mount(self) -> None:
        self.table.cursor_key = self._began_at
        self._say()

    @property
    def chosen(self) -> list[Account]:
        return [account for account in self._accounts.values() if account.id in self.table.chosen]

    def _say(self) -> None:
        chosen = self.chosen
        match chosen:
            case []:
                title = "Remove nothing?"
            case [one]:
                title = f"Remove {clean(one.label)}?"
            case _ if len(chosen) == len(self._accounts):
                title = f"Remove all {len(chosen)} accounts? rota is then signed in nowhere."
            case _:
                title = f"Remove {len(chosen)} accounts?"
        self.query_one(".dialog-title", Label).update(title)
        self.query_one("#yes", Button).disabled = not chosen
        self.query_one("#told", Static).update(self._told(chosen))
        history = "keep the history" if self._purge else "history too"
        removing = f"y remove   h {history}   " if chosen else ""
        self.query_one(KeyHint).say(f"{removing}space choose   a all   esc keep")
        self.table.refresh()

    def _told(self, chosen: Sequence[Account]) -> Content:
        secret, name = ("its secret", "its name") if len(chosen) == 1 else ("their secrets", "their names")
        history = "The history goes too." if self._purge else f"The history stays, without {name}."
        lines = [Content(f"Goes: {secret}, deleted from the vault. {history}")] if chosen else [Content("")]
        for stays, url in dict.fromkeys(remains(account.kind, account.provider) for account in chosen):
            lines.append(Content.assemble(("Stays: ", "$quota-low"), f"{stays} ", (url, Style(link=url))))
        return Content("\n").join(lines)

    # --- keys ---------------------------------------------------------------------------------------------

    def _choose(self, keys: frozenset[str]) -> None:
        self.table.chosen = keys
        self.table.show_rows(self.table.keys)
        self._say()

    def action_choose(self) -> None:
        if (key := self.table.cursor_key) is not None:
            self._choose(self.table.chosen ^ {key})

    def action_choose_all(self) -> None:
        everything = frozenset(self._accounts)
        self._choose(self._first if self.table.chosen == everything else everything)

    def action_move(self, steps: int) -> None:
        self.table.action_move(steps)

    def action_purge(self) -> None:
        self._purge = not self._purge
        self._say()

    def action_keep(self) -> None:
        self.dismiss(None)

    def action_remove(self) -> None:
        if chosen := self.chosen:
            self.dismiss(Removal(tuple(account.id for account in chosen), self._purge))

    def on_line_table_selected(self) -> None:
        self.action_choose()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self.action_remove()
        else:
            self.action_keep()
