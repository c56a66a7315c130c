"""Importing from other tools: found, chosen, shown in full, done, and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Label

from rota.errors import RotaError
from rota.migrate.plan import Plan
from rota_tui.dialogs.add_steps import NoticeStep
from rota_tui.dialogs.confirm import ConfirmDialog
from rota_tui.dialogs.import_steps import FoundStep, InFullStep, ReportStep, reported, taken_back
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from rota.engine import Engine
    from rota_tui.dialogs.step import Step
    from rota_tui.pieces import Locale


class ImportDialog(ModalScreen[None]):
    """The table shows at once what the files say, and again when the providers have been asked."""

    CSS_PATH = "import_accounts.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("d", "in_full", "See it in full", show=False),
        Binding("z", "undo", "Undo", show=False),
    ]

    box = getters.query_one(DialogBox)
    heading = getters.query_one(".dialog-title", Label)
    told = getters.query_one("#told", Label)
    keys = getters.query_one(KeyHint)

    def __init__(self, engine: Engine, locale: Locale) -> None:
        super().__init__(classes="dialog")
        self._engine = engine
        self._found = FoundStep(locale, bool(engine.snapshot.imports))
        self._step: Step = self._found
        self._chosen: Plan | None = None

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Label("", classes="dialog-title", markup=False)
            yield self._found
            yield Label("", id="told", markup=False)
            yield KeyHint()

    def on_mount(self) -> None:
        self.add_class("-whole")
        self._say()
        self._look()

    @work(group="look", exclusive=True, description="look at what other tools have")
    async def _look(self) -> None:
        try:
            desk = await self._engine.imports()
            self._found.take(await desk.plan(online=False), checking=True)
            self._found.take(await desk.plan(), checking=False)
        except RotaError as error:
            self._tell(error.in_full)

    # --- one step after another ---------------------------------------------------------------------------

    async def _show(self, step: Step) -> None:
        """Show a step in the table's place; the table keeps what was chosen."""
        async with self.batch():
            if self._step is not self._found:
                await self._step.remove()
            self._found.display = step is self._found
            self._step = step
            self.set_class(not isinstance(step, NoticeStep | ReportStep), "-whole")
            if step is self._found:
                self._found.show_again()
            else:
                await self.box.mount(step, after=self._found)
            self._tell("")
            self._say()

    def _say(self) -> None:
        self.heading.update(self._step.title)
        self.keys.say(self._step.keys)

    async def on_step_answered(self, event: Step.Answered) -> None:
        match event.step, event.answer:
            case FoundStep(), Plan() as plan:
                self._chosen = plan
                if plan.needs_notice:
                    from rota.login.anthropic import NOTICE  # with HTTP behind it: only for whom it concerns

                    await self._show(
                        NoticeStep("Before a Claude subscription is imported", NOTICE, yes="Yes, import")
                    )
                else:
                    self._apply(plan)
            case NoticeStep(), True if self._chosen is not None:
                self._apply(self._chosen)
            case ReportStep(), _:
                self.dismiss(None)
            case _:
                await self._show(self._found)

    def on_step_keys_changed(self) -> None:
        self._say()

    @work(group="import", exclusive=True, description="import accounts")
    async def _apply(self, plan: Plan) -> None:
        self._tell("Importing", calm=True)
        try:
            desk = await self._engine.imports()
            report = await desk.apply(plan, change_files=self._found.rewrite, tighten_files=self._found.tighten)
        except RotaError as error:
            await self._show(self._found)
            self._tell(f"{error.in_full} Everything is as before.")
        else:
            await self._show(reported(report))

    # --- keys ---------------------------------------------------------------------------------------------

    async def action_back(self) -> None:
        if any(worker.group == "import" and worker.is_running for worker in self.workers):
            self.workers.cancel_group(self, "import")
            await self._show(self._found)
            self._tell("The import was cancelled; everything is as before.", calm=True)
        elif isinstance(self._step, FoundStep | ReportStep):
            self.dismiss(None)
        else:
            await self._show(self._found)

    async def action_in_full(self) -> None:
        found = self._found
        if self._step is found and (plan := found.plan) is not None and not plan.empty:
            await self._show(InFullStep(plan, rewrite=found.rewrite, tighten=found.tighten))

    def action_undo(self) -> None:
        if isinstance(self._step, ReportStep) and self._step.undoable:
            self._undo()
        elif self._step is self._found and self._found.undoable:
            self._ask_undo()

    @work(group="dialog", exclusive=True, description="ask before an import is taken back")
    async def _ask_undo(self) -> None:
        asked = ConfirmDialog(
            "Take the last import back?",
            ("Its accounts, its settings and the files that it rewrote go back to what they were.",),
            yes="Take it back",
        )
        if await self.app.push_screen_wait(asked):
            self._undo()

    @work(group="undo", exclusive=True, description="take an import back")
    async def _undo(self) -> None:
        try:
            undone = await (await self._engine.imports()).undo()
        except RotaError as error:
            self._tell(error.in_full)
        else:
            await self._show(taken_back(undone))

    def _tell(self, text: str, *, calm: bool = False) -> None:
        self.told.update(text)
        self.told.set_class(calm, "-calm")
