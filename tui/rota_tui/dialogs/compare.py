"""Who is asked side by side: two to four pairs of a model and an account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Label

from rota_tui.pieces import Piece, Tone
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.line_table import Column, LineTable
from rota_tui.wording import provider_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.app import ComposeResult

    from rota_tui.conversation import Choice
    from rota_tui.pieces import Glyphs, Line

MOST = 4


class _Sides(LineTable):
    """A row for each side, and empty ones up to the most."""

    def __init__(self, name_of: Callable[[Choice], str], glyphs: Glyphs) -> None:
        super().__init__(glyphs, id="sides")
        self._name_of = name_of
        self.choices: list[Choice] = []

    def take(self, choices: Sequence[Choice]) -> None:
        self.choices = list(choices)
        self.show_rows([str(place) for place in range(MOST)])

    def columns_for(self, width: int) -> tuple[Column, ...]:
        account = min(26, width // 3)
        return (
            Column("place", "", 1),
            Column("model", "Model", max(8, width - account - 10 - 1 - 3 * self.GAP)),
            Column("provider", "Provider", 10),
            Column("account", "Account", account),
        )

    def cells(self, key: str) -> tuple[Line, ...]:
        return tuple(self._cell(column.key, int(key)) for column in self._columns)

    def _cell(self, column: str, place: int) -> Line:
        choice = self.choices[place] if place < len(self.choices) else None
        match column:
            case "place":
                return (Piece(str(place + 1), Tone.QUIET),)
            case "model":
                return (Piece(choice.model, Tone.NAME) if choice else Piece(self._glyphs.absent, Tone.QUIET),)
            case "provider":
                return (Piece(provider_name(choice.provider), Tone.QUIET),) if choice else ()
            case _:
                return (Piece(self._name_of(choice)),) if choice else ()


class CompareDialog(ModalScreen[tuple["Choice", ...] | None]):
    """Gives the sides, or None. On an empty row, choosing a model or an account makes a new side."""

    CSS_PATH = "compare.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask", "Ask", priority=True, tooltip="Ask them all"),
        Binding("m", "model", "Model", tooltip="Choose this side's model"),
        Binding("a", "account", "Account", tooltip="Choose this side's account"),
        Binding("d", "remove", "Remove", tooltip="Leave this side out"),
        Binding("escape", "cancel", "Cancel"),
    ]

    def __init__(
        self,
        question: str,
        choices: Sequence[Choice],
        name_of: Callable[[Choice], str],
        pick_model: Callable[[Choice], Awaitable[Choice | None]],
        pick_account: Callable[[Choice], Awaitable[Choice | None]],
        glyphs: Glyphs,
    ) -> None:
        super().__init__(classes="dialog")
        self._question = question
        self._first = tuple(choices)
        self._pick_model = pick_model
        self._pick_account = pick_account
        self._table = _Sides(name_of, glyphs)

    def compose(self) -> ComposeResult:
        with DialogBox("sides-box"):
            yield Label("Ask side by side", classes="dialog-title", markup=False)
            yield Label(self._question, classes="dialog-hint", id="asked", markup=False)
            yield self._table
            yield Label("", classes="dialog-error", markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        self._table.take(self._first)
        self._table.focus()

    @property
    def _place(self) -> int:
        return int(self._table.cursor_key or 0)

    @property
    def _side(self) -> Choice:
        """The side under the cursor; a new one begins as the last."""
        choices = self._table.choices
        return choices[min(self._place, len(choices) - 1)]

    @work(group="side", exclusive=True, description="choose a model")
    async def action_model(self) -> None:
        self._put(await self._pick_model(self._side))

    @work(group="side", exclusive=True, description="choose an account")
    async def action_account(self) -> None:
        self._put(await self._pick_account(self._side))

    def _put(self, choice: Choice | None) -> None:
        if choice is None:
            return
        choices = list(self._table.choices)
        if self._place < len(choices):
            choices[self._place] = replace(choice)
        else:
            choices.append(choice)
        self._table.take(choices)
        self._tell("")

    def action_remove(self) -> None:
        choices = list(self._table.choices)
        if self._place < len(choices) and len(choices) > 1:
            del choices[self._place]
            self._table.take(choices)

    def action_ask(self) -> None:
        choices = tuple(self._table.choices)
        if len(set(choices)) < len(choices):
            self._tell("Two sides are the same; change one with m or a.")
        elif len(choices) < 2:
            self._tell("One side is no comparison; go to an empty row and press m or a.")
        else:
            self.dismiss(choices)

    def _tell(self, text: str) -> None:
        self.query_one(".dialog-error", Label).update(text)

    def action_cancel(self) -> None:
        self.dismiss(None)
