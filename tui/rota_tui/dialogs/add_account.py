"""Adding accounts, or signing in to one again: one question at a time, and nothing kept before it was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Label

from rota.accounts import Added
from rota_tui.dialogs.add_steps import ChoiceStep, DoneStep, NoticeStep, SecretStep, choose_provider, choose_way
from rota_tui.dialogs.sign_in_step import SignInStep
from rota_tui.dialogs.step import Step
from rota_tui.dialogs.ways import Way, way_called, way_of
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from rota.account import Account
    from rota.engine import Engine
    from rota_tui.pieces import Locale


class AddAccountDialog(ModalScreen[tuple[Added, ...]]):
    """Gives what was added or renewed. Escape goes back a question, and at the first leaves.

    Args:
        provider: answered already.
        again: the account whose login is to be renewed.
    """

    CSS_PATH = "add_account.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", show=False)]

    box = getters.query_one(DialogBox)
    heading = getters.query_one(".dialog-title", Label)
    keys = getters.query_one(KeyHint)

    def __init__(
        self, engine: Engine, locale: Locale, provider: str | None = None, again: Account | None = None
    ) -> None:
        super().__init__(classes="dialog")
        self._engine = engine
        self._locale = locale
        self._again = again
        self._way = way_of(again.kind, again.provider) if again is not None else None
        first = choose_provider if provider is None else lambda: choose_way(provider)
        self._trail: list[Callable[[], Step]] = [first]
        """The questions asked so far, to go back to."""
        self._chosen: dict[str, str] = {}
        """The last answers, by question."""
        self._added: list[Added] = []
        self._mounting = True

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Label("", classes="dialog-title", markup=False)
            yield KeyHint()

    async def on_mount(self) -> None:
        if self._way is not None:
            self._trail = [self._step_of(self._way)]
        await self._show()

    @property
    def between_questions(self) -> bool:
        """Whether one was answered and the next cannot be yet: what is typed is meant for that one."""
        return self._mounting or any(step.answered for step in self.query(Step))

    # --- one question after another -----------------------------------------------------------------------

    async def _ask(self, step: Callable[[], Step]) -> None:
        self._trail.append(step)
        await self._show()

    async def _show(self) -> None:
        step = self._trail[-1]()
        if isinstance(step, ChoiceStep):
            step.begins_at = self._chosen.get(step.title)
        self._mounting = True
        async with self.batch():
            await self.query(Step).remove()
            self.heading.update(self._title(step))
            self.keys.say(step.keys)
            await self.box.mount(step, before=self.keys)
        self.app.call_later(self._mounted)  # the app gives the focus, which was asked for before

    def _mounted(self) -> None:
        self._mounting = False

    def _title(self, step: Step) -> str:
        again = self._again
        return f"{step.title} again, as {again.label}" if again and isinstance(step, SignInStep) else step.title

    def _step_of(self, way: Way) -> Callable[[], Step]:
        if way.notice:
            from rota.login.anthropic import NOTICE  # with HTTP behind it: only for whom it concerns

            return lambda: NoticeStep("Before you sign in to a Claude subscription", NOTICE, yes="Yes, sign in")
        return self._entrance(way)

    def _entrance(self, way: Way) -> Callable[[], Step]:
        if way.browser:
            return lambda: SignInStep(self._engine, way, self._locale)
        return lambda: SecretStep(self._engine, way)

    async def on_step_answered(self, event: Step.Answered) -> None:
        match event.step, event.answer:
            case ChoiceStep(), str(key):
                self._chosen[event.step.title] = key
                self._way = way_called(key)
                await self._ask(self._step_of(self._way) if self._way else lambda: choose_way(key))
            case NoticeStep(), True if self._way is not None:
                await self._ask(self._entrance(self._way))
            case ((SecretStep() | SignInStep()), Added() as added):
                self._added.append(added)
                self._trail = [lambda: DoneStep(self._engine, added, self._again)]
                await self._show()
            case DoneStep(), True:
                self._again = None
                self._chosen.clear()
                self._trail = [choose_provider]
                await self._show()
            case DoneStep(), _:
                self.dismiss(tuple(self._added))
            case _:
                await self.action_back()

    def on_step_keys_changed(self, event: Step.KeysChanged) -> None:
        self.keys.say(event.step.keys)

    async def action_back(self) -> None:
        if any(step.back() for step in self.query(Step)):
            return
        self._trail.pop()
        if self._trail:
            await self._show()
        else:
            self.dismiss(tuple(self._added))
