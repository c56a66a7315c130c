"""Mode 2: ask a model, see the answer come, and who gave it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Label
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from rota_tui.conversation import Question
from rota_tui.pieces import ASCII, clean
from rota_tui.quiet_gc import collect_all
from rota_tui.screens.chat_asking import GROUP
from rota_tui.screens.chat_line import ChatLine
from rota_tui.slash import Command, Mistyped, correction, read_command
from rota_tui.widgets.activity_strip import ActivityStrip
from rota_tui.widgets.chat_turn import ChatTurn
from rota_tui.widgets.chat_welcome import ChatWelcome
from rota_tui.widgets.choice_line import ChoiceLine
from rota_tui.widgets.code_blocks import copy_code
from rota_tui.widgets.comparison import Comparison
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.prompt_input import PromptInput
from rota_tui.widgets.servers_panel import ServersPanel
from rota_tui.widgets.steady import Steady
from rota_tui.widgets.thin_scroll import ThinScroll
from rota_tui.widgets.toast_room import make_room
from rota_tui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from rota.engine import Engine
    from rota_tui.conversation import Choice, Exchange
    from rota_tui.pieces import Locale

_LATE_STOP = 0.7
"""Seconds after an answer's end in which Escape was meant to stop it."""


class Transcript(ThinScroll):
    """The conversation; with the focus here, single keys work."""

    HELP = """\
## The conversation

Arrows and page keys scroll, Tab goes through code blocks, reasoning and the lines beneath answers. `y` copies the
last code block, `Y` the last answer. Escape or `i` goes back to the question.
"""


class ChatScreen(Steady, ChatLine):
    """The conversation, the question line, and on a wide terminal who could answer and what goes on."""

    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "PromptInput"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="chat.stop", tooltip="Stop the answer and keep what has come"),
        Binding("escape", "leave", "Leave line", id="chat.leave", tooltip="Let single keys work: 1, ?, q, y"),
        Binding("escape", "write", "Write", id="chat.write", tooltip="Back to the question"),
        Binding("i", "write", "Write", id="chat.insert", show=False),
        Binding("ctrl+o", "choose_model", "Model", id="chat.model", tooltip="Choose the model"),
        Binding("ctrl+t", "choose_account", "Account", id="chat.account", tooltip="Choose who answers"),
        Binding("ctrl+r", "again", "Again", id="chat.again", tooltip="Ask the last question again"),
        Binding("ctrl+b", "compare", "Side by side", id="chat.compare", tooltip="Ask several at once"),
        Binding("ctrl+g", "attach", "Attach", id="chat.attach", tooltip="Attach a file or an image"),
        Binding("ctrl+s", "save", "Save", id="chat.save", tooltip="Save the conversation as Markdown"),
        Binding("ctrl+l", "clear", "Clear", id="chat.clear", tooltip="Begin a new conversation"),
        Binding("y", "copy_code", "Copy code", id="chat.copy-code", tooltip="Copy the last code block"),
        Binding("Y", "copy_answer", "Copy answer", id="chat.copy-answer", tooltip="Copy the last answer"),
    ]

    transcript = getters.query_one(Transcript)
    choice_line = getters.query_one(ChoiceLine)

    def __init__(self, engine: Engine, locale: Locale, bar: Widget) -> None:
        super().__init__()
        self.engine = engine
        self._locale = locale
        self._bar = bar
        self._ended_at = float("-inf")
        self._told_early = False
        """Whether it stands above the question that an answer is still coming."""
        self.set_class(locale.glyphs is ASCII, "-ascii")
        self.add_class("-new")

    def compose(self) -> ComposeResult:
        cls, locale, ticks = ChatScreen, self._locale, self.engine.settings.pool.thresholds
        yield TooSmall()
        yield self._bar
        yield ChoiceLine(locale).data_bind(cls.choice)
        with Horizontal(id="body"):
            with Vertical(id="talk"):
                yield ChatWelcome(locale)
                with Transcript(id="transcript"):
                    yield Vertical(id="turns")
                with Vertical(id="ask"):
                    yield Label("", id="notice", markup=False)
                    yield PromptInput(id="prompt")
            with Vertical(id="side"):
                servers = ServersPanel(locale, ticks, self.watched, id="servers")
                yield servers.data_bind(cls.now, cls.snapshot, cls.ranking, cls.choice)
                yield ActivityStrip(locale, wrapped=True, id="activity").data_bind(cls.snapshot, cls.recent)
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#servers").border_title = "Who can answer"
        self.query_one("#activity").border_title = "Activity"
        ask = self.query_one("#ask")
        ask.border_title = "Question"
        make_room(self, gives=self.transcript, clear=ask)
        self.learn_models()

    # --- state --------------------------------------------------------------------------------------------

    @property
    def turns(self) -> list[ChatTurn | Comparison]:
        return [turn for turn in self.query_one("#turns").children if isinstance(turn, ChatTurn | Comparison)]

    def watch_snapshot(self) -> None:
        super().watch_snapshot()
        self.query_one(ChatWelcome).anybody = bool(self.snapshot.listed())

    def watch_choice(self) -> None:
        super().watch_choice()
        self.show_choice()
        self.refresh_bindings()

    def watch_ranking(self) -> None:
        self.show_choice()

    def ask_account(self, account_id: str) -> None:
        super().ask_account(account_id)
        self.prompt.focus()

    def models_known(self) -> None:
        self.show_choice()

    def show_choice(self) -> None:
        line, choice = self.choice_line, self.choice
        line.model = self.model_of(choice) if choice is not None else None
        line.account = self.label_of(choice.account_id) if choice is not None else ""
        line.next_label = self.label_of(self.ranking.chosen) if self.ranking is not None else ""
        line.thinks = self.effort

    def tell(self, text: str) -> None:
        super().tell(text)
        self._told_early = False

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.worker.group == GROUP:
            if event.worker.is_finished:
                self._ended_at = time.monotonic()
            self.prompt.free = not self.asking
            if self.prompt.free and self._told_early:
                self.tell("")
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape stops, leaves or comes back; what needs an answer waits for one."""
        match action:
            case "stop":
                return self.asking
            case "leave":
                return not self.asking and self.focused is self.prompt
            case "write":
                return self.focused is not self.prompt and not self.asking
            case "again":
                return bool(self.turns) and not self.asking
            case "choose_model" | "choose_account":
                return self.choice is not None
            case "compare":
                return self.choice is not None and not self.asking
            case "save" | "copy_answer" | "clear":
                return bool(self.turns)
            case "copy_code":
                return any(view.last_code is not None for turn in self.turns for view in turn.views)
        return super().check_action(action, parameters)

    # --- asking -------------------------------------------------------------------------------------------

    def on_prompt_input_submitted(self, event: PromptInput.Submitted) -> None:
        self.tell("")
        match read_command(event.text):
            case Command(name=name, argument=argument):
                if self.obey(name, argument):
                    self.prompt.accept(event.text.strip() if name == "attach" and argument else "")
                return
            case Mistyped() as slip:
                self.tell(correction(slip))
                return
        if not event.text.strip() and not self._attached:
            self._toggle_details()
        elif (question := self._question(event.text)) is not None:
            self.prompt.accept(event.text.strip())
            self._ask(question, self._exchanges())

    def _question(self, text: str) -> Question | None:
        """What is in the line, if it may go out now; what is attached goes along."""
        if self.choice is None:
            self.tell("There is no account yet. Escape, then 1, then a adds one.")
        elif self.asking:
            self.tell("An answer is still coming; Escape stops it.")
            self._told_early = True
        else:
            question = Question(text.strip(), tuple(self._attached))
            self._attached.clear()
            self.show_attached()
            return question
        return None

    def _exchanges(self) -> list[Exchange]:
        return [turn.exchange for turn in self.turns]

    def _ask(self, question: Question, before: Sequence[Exchange], note: str = "") -> None:
        assert self.choice is not None  # noqa: S101 - checked by every caller
        turn = ChatTurn(question, self._locale, note=note)
        self._add(turn)
        turn.call_after_refresh(self.ask_one, turn.answer, self.choice, before, question)

    def _add(self, turn: ChatTurn | Comparison) -> None:
        self.remove_class("-new")
        self.set_class(isinstance(turn, Comparison), "-comparing")
        self.query_one("#turns").mount(turn)
        self.transcript.anchor()
        self.refresh_bindings()

    def action_stop(self) -> None:
        self.stop_asking()

    def action_again(self) -> None:
        """The last question once more, of whoever is chosen now; its earlier answer no longer counts."""
        last = self.turns[-1]
        before = self._exchanges()[:-1]
        last.add_class("-replaced")
        self._ask(last.question, before, note="asked again")

    @work(group="choose", exclusive=True, description="choose who is compared")
    async def action_compare(self) -> None:
        from rota_tui.dialogs.compare import CompareDialog  # not needed for the first frame

        text = self.prompt.text.strip() if read_command(self.prompt.text) is None else ""
        if not text and not self._attached and not self.turns:
            self.tell("Type the question first, then compare.")
            return
        asked = text or (self.turns[-1].question.text if not self._attached else "")
        sides = self._sides()
        glyphs = self._locale.glyphs
        dialog = CompareDialog(clean(asked), sides, self.name_of, self.pick_model, self.pick_account, glyphs)
        choices = await self.app.push_screen_wait(dialog)
        if choices is None:
            return
        if text or self._attached:
            if (question := self._question(text)) is None:
                return
            self.prompt.accept(text)
            before = self._exchanges()
        else:
            question, before = self.turns[-1].question, self._exchanges()[:-1]
            self.turns[-1].add_class("-replaced")
        comparison = Comparison(question, list(zip(choices, self._titles(choices), strict=True)), self._locale)
        self._add(comparison)
        comparison.call_after_refresh(self.ask_several, comparison, before, question)

    def _sides(self) -> list[Choice]:
        """To begin with: the present model on the accounts that are ready for it, as many as three."""
        assert self.choice is not None  # noqa: S101 - the key is off without a choice
        ready = [c.account_id for c in self.ranking.candidates] if self.ranking is not None else []
        first = self.choice.account_id
        ids = [first, *(i for i in ready if i != first)] if first is not None else ready
        return [self._with_account(self.choice, i) for i in ids[:3]] or [self.choice]

    def _titles(self, choices: Sequence[Choice]) -> list[str]:
        """Each side by what tells it from the others: its account, its model, or both."""
        if len({(c.provider, c.model) for c in choices}) == 1:
            return [self.name_of(c) for c in choices]
        if len({c.account_id for c in choices}) == 1 or all(c.account_id is None for c in choices):
            return [c.model for c in choices]
        return [f"{self.name_of(c)} {self._locale.glyphs.sep} {c.model}" for c in choices]

    def on_lane_kept(self) -> None:
        self.notify("The conversation goes on with this answer.")

    # --- looking and keeping ------------------------------------------------------------------------------

    def action_leave(self) -> None:
        if time.monotonic() - self._ended_at > _LATE_STOP:
            self.transcript.focus()

    def action_write(self) -> None:
        self.prompt.focus()

    def _toggle_details(self) -> None:
        if self.turns:
            self.turns[-1].views[0].footer.action_details()
            self.transcript.anchor()

    def action_copy_code(self) -> None:
        fences = [view.last_code for turn in self.turns for view in turn.views]
        copy_code([fence for fence in fences if fence is not None][-1])

    def action_copy_answer(self) -> None:
        self.app.copy_to_clipboard(self.turns[-1].exchange.answer)
        self.notify("Copied the answer.")

    @work(group="save", exclusive=True, description="save the conversation")
    async def action_save(self, where: str = "") -> None:
        """In the folder where the app was started, or where it was said."""
        from rota_tui.transcript import as_markdown, save  # not needed for the first frame

        now, tz = self.engine.clock.now(), self._locale.tz
        turns = [(turn.question, [view.told(now, self._locale) for view in turn.views]) for turn in self.turns]
        text = as_markdown(turns, now, tz)
        try:
            path = await asyncio.to_thread(save, text, where, now, tz)
        except OSError as error:
            told = f"Not saved: {error.filename or 'this folder'} cannot be written ({error.strerror or error})."
            self.notify(f"{told} Say where with /save PATH.", severity="error", markup=False)
            if where:
                self.prompt.give_back(f"/save {where}")
        else:
            self.notify(f"Saved as {path}.", markup=False)

    @work(group="clear", exclusive=True, description="begin a new conversation")
    async def action_clear(self) -> None:
        """The question line keeps what is in it."""
        self.stop_asking()
        for worker in [w for w in self.workers if w.group == GROUP]:
            with suppress(WorkerCancelled, WorkerFailed):
                await worker.wait()
        await self.query_one("#turns").remove_children()
        self.remove_class("-comparing")
        collect_all()
        self.add_class("-new")
        self.prompt.focus()
        self.refresh_bindings()

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()
