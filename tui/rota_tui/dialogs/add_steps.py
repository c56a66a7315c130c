"""The questions of adding an account: which provider, which way, the notice, the secret, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.style import Style
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from rota.errors import RotaError
from rota_tui.dialogs.line_input import LineInput
from rota_tui.dialogs.secret_input import SecretInput
from rota_tui.dialogs.step import Step
from rota_tui.dialogs.ways import providers, ways_of
from rota_tui.pieces import clean
from rota_tui.wording import kind_name, organization_name, provider_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from rota.account import Account
    from rota.accounts import Added
    from rota.engine import Engine
    from rota_tui.dialogs.ways import Way


_HANDLING = "It is shown to nobody, checked, then kept in the vault."


class _Options(OptionList):
    """Tells its question at once that it is answered: the next key may be there already."""

    def action_select(self) -> None:
        super().action_select()
        if isinstance(self.parent, Step):
            self.parent.answered = True


class ChoiceStep(Step):
    """A few answers with what each is for; gives the chosen one's id."""

    options = getters.query_one(OptionList)

    def __init__(self, title: str, choices: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self.begins_at: str | None = None
        """The id of what was chosen the last time."""

    @property
    def title(self) -> str:
        return self._title

    def compose(self) -> ComposeResult:
        yield _Options(*(Option(_two_lines(name, about), id=key) for key, name, about in self._choices), compact=True)

    def on_mount(self) -> None:
        keys = [key for key, _, _ in self._choices]
        self.options.highlighted = keys.index(self.begins_at) if self.begins_at in keys else 0
        self.options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.answer(event.option.id)


def choose_provider() -> ChoiceStep:
    return ChoiceStep("Add an account", [(key, name, about) for key, (name, about) in providers().items()])


def choose_way(provider: str) -> ChoiceStep:
    ways = [(way.id, way.title, way.about) for way in ways_of(provider)]
    return ChoiceStep(f"Add an account of {provider_name(provider)}", ways)


def _two_lines(name: str, about: str) -> Content:
    return Content.assemble((name, "bold"), "\n", (about, "$quiet"))


class NoticeStep(Step):
    """What the provider's rules say, and a yes to it; the safe answer has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "Yes", show=False),
        Binding("n", "decline", "No", show=False),
        Binding("left,right", "app.focus_next", "Other answer", show=False),
    ]

    def __init__(self, title: str, text: str, *, yes: str) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._yes = yes

    @property
    def title(self) -> str:
        return self._title

    @property
    def keys(self) -> str:
        return "y yes   n no   esc back"

    def compose(self) -> ComposeResult:
        yield Static(self._text, markup=False, classes="dialog-text")
        with Horizontal(classes="dialog-buttons"):
            yield Button("No, go back", id="no", compact=True)
            yield Button(self._yes, id="yes", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.answer(event.button.id == "yes")

    def action_decline(self) -> None:
        self.answer(False)

    def action_agree(self) -> None:
        self.answer(True)


class SecretStep(Step):
    """A key or token, pasted unseen; the provider is asked whose it is before anything is kept."""

    secret = getters.query_one(SecretInput)
    told = getters.query_one("#told", Label)

    def __init__(self, engine: Engine, way: Way) -> None:
        super().__init__()
        self._engine = engine
        self._way = way

    @property
    def title(self) -> str:
        return f"{provider_name(self._way.provider)} {self._way.secret}"

    @property
    def keys(self) -> str:
        return "enter check and keep   esc back"

    def compose(self) -> ComposeResult:
        way = self._way
        made_at = Content.assemble("Made at ", (way.where, Style(link=way.where)))
        alone = Content(f"It is sent to {provider_name(way.provider)} alone.")
        yield Static(made_at if way.where else alone, classes="dialog-hint")
        yield SecretInput(placeholder=f"paste it here: {way.begins}".rstrip(": "), id="secret")
        yield Label(_HANDLING, id="told", classes="-calm", markup=False)

    def on_mount(self) -> None:
        self.secret.focus()

    def on_secret_input_changed(self) -> None:
        self._tell(_HANDLING, calm=True)

    def on_secret_input_submitted(self) -> None:
        if not self.secret.take():
            self._tell(f"Paste the {self._way.secret} first.")
            return
        self._tell(f"Asking {provider_name(self._way.provider)} whose it is", calm=True)
        self.secret.disabled = True
        self._add()

    @work(group="add", exclusive=True, description="add an account")
    async def _add(self) -> None:
        try:
            added = await self._engine.add_secret(self._way.provider, self._way.kind, self.secret.take())
        except RotaError as error:
            self._tell(error.in_full)
            self.secret.disabled = False
            self.secret.focus()
        else:
            self.answer(added)

    def _tell(self, text: str, *, calm: bool = False) -> None:
        self.told.update(text)
        self.told.set_class(calm, "-calm")


class DoneStep(Step):
    """Who it is now, a name for it, and whether there is another one to add. Gives True for another."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "another", "Add another", show=False)]

    told = getters.query_one("#told", Label)

    def __init__(self, engine: Engine, added: Added, again: Account | None = None) -> None:
        super().__init__()
        self._engine = engine
        self._added = added
        self._again = again

    @property
    def title(self) -> str:
        return f"{clean(self._added.label)} {'signed in again' if self._added.renewed else 'added'}"

    @property
    def keys(self) -> str:
        return "enter done   ctrl+n add another"

    def compose(self) -> ComposeResult:
        identity = self._added.identity
        name = identity.email or identity.name
        organization = organization_name(identity.organization, identity.email)
        what = identity.plan if name or organization else kind_name(identity.kind)
        # The title says its label, which mostly is its name.
        told = [clean(part) for part in (name, what, organization) if part and part != self._added.label]
        if facts := ", ".join(told):
            yield Label(facts, markup=False, classes="dialog-hint")
        if identity.gate:
            yield Label(clean(identity.gate), markup=False, classes="dialog-error")
        if self._added.renewed:
            yield Label("rota had this account; its login was replaced.", classes="dialog-hint")
        else:
            yield LineInput(self._added.label, max_length=60, id="name", select_on_focus=True)
        if self._again is not None and self._again.id != self._added.account_id:
            yield Label(
                f"That is another account: {clean(self._again.label)} still needs its own sign-in.",
                markup=False,
                classes="dialog-error",
            )
        yield Label("", id="told", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield Button("Add another", id="another", compact=True)
            yield Button("Done", id="done", variant="primary", compact=True)

    def on_mount(self) -> None:
        for name in self.query(Input):
            name.border_title = "Name"
        (self.query(Input).first() if self.query(Input) else self.query_one("#done", Button)).focus()

    def on_input_submitted(self) -> None:
        self._finish(another=False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self._finish(another=event.button.id == "another")

    def action_another(self) -> None:
        self._finish(another=True)

    @work(group="add", exclusive=True, description="name an account")
    async def _finish(self, *, another: bool) -> None:
        label = next((name.value.strip() for name in self.query(Input)), "")
        if label and label != self._added.label:
            try:
                await (await self._engine.accounts()).label(self._added.account_id, label)
            except RotaError as error:
                self.told.update(error.in_full)
                return
        self.answer(another)
