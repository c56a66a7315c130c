"""Adding an account by pasting its key or token; the provider is asked whose it is before anything is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList
from textual.widgets.option_list import Option

from rota.account import Kind
from rota.accounts import Added
from rota.errors import RotaError
from rota_tui.dialogs.secret_input import SecretInput

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from rota.engine import Engine


@dataclass(frozen=True, slots=True)
class Way:
    """One way to add an account."""

    provider: str
    kind: Kind
    title: str
    asks: str
    where: str


WAYS = (
    Way(
        "anthropic",
        Kind.API_KEY,
        "Anthropic API key",
        "sk-ant-…",
        "Made at platform.claude.com/settings/keys. Paste it below; it is checked, then kept in the vault.",
    ),
    Way(
        "puter",
        Kind.PUTER,
        "Puter token",
        "eyJ…",
        "The token of a Puter sign-in. Paste it below; it is checked, then kept in the vault.",
    ),
)


class AddAccountDialog(ModalScreen[Added | None]):
    """Choose what, paste it, done. What was typed stays until it worked or Escape was pressed."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    ways = getters.query_one("#ways", OptionList)
    secret = getters.query_one("#secret", SecretInput)
    label = getters.query_one("#label", Input)
    where = getters.query_one("#where", Label)
    told = getters.query_one("#told", Label)

    def __init__(self, engine: Engine, provider: str | None = None) -> None:
        super().__init__(classes="dialog")
        self._engine = engine
        self._chosen = next((i for i, way in enumerate(WAYS) if way.provider == provider), None)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box"):
            yield Label("Add an account", classes="dialog-title")
            yield OptionList(*(Option(way.title) for way in WAYS), id="ways", compact=True, markup=False)
            yield Label("", id="where", classes="dialog-hint", markup=False)
            yield SecretInput(id="secret")
            yield Input(placeholder="optional", id="label", max_length=60)
            yield Label("", id="told", classes="dialog-error", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Add", id="add", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.secret.border_title, self.label.border_title = "Key or token", "Label"
        self.ways.highlighted = self._chosen or 0
        (self.ways if self._chosen is None else self.secret).focus()

    @property
    def way(self) -> Way:
        return WAYS[self.ways.highlighted or 0]

    def on_option_list_option_highlighted(self) -> None:
        self.where.update(self.way.where)
        self.secret.placeholder = self.way.asks
        self._tell("")

    def on_option_list_option_selected(self) -> None:
        self.secret.focus()

    def on_secret_input_submitted(self) -> None:
        self._begin()

    def on_input_submitted(self) -> None:
        self._begin()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "add":
            self._begin()
        else:
            self.action_cancel()

    def action_cancel(self) -> None:
        self.workers.cancel_node(self)
        self.dismiss(None)

    def _begin(self) -> None:
        if not self.secret.take():
            self._tell(f"Paste the {self.way.title} first.")
            self.secret.focus()
            return
        self._tell(f"Asking {self.way.provider.capitalize()} whose it is…", busy=True)
        self._add()

    @work(group="add", exclusive=True, description="add an account")
    async def _add(self) -> None:
        way = self.way
        try:
            added = await self._engine.add_secret(
                way.provider, way.kind, self.secret.take(), label=self.label.value.strip() or None
            )
        except RotaError as error:
            self._tell(f"{error} {error.hint}".strip())
            self.secret.focus()
        else:
            self.dismiss(added)

    def _tell(self, text: str, *, busy: bool = False) -> None:
        self.told.update(text)
        self.told.set_class(busy, "-busy")
        for widget in (self.ways, self.secret, self.label, self.query_one("#add", Button)):
            widget.disabled = busy
