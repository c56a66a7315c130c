"""A question with its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from rota_tui.conversation import Exchange
from rota_tui.pieces import clean_block
from rota_tui.widgets.answer_view import AnswerView
from rota_tui.widgets.steady import Steady

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from rota_tui.conversation import Question
    from rota_tui.pieces import Locale


class QuestionView(Steady, Static):
    """What was asked, and what went along with it."""

    DEFAULT_CSS = """
    QuestionView {
        width: 1fr;
        height: auto;
        padding: 0 1;
        margin-bottom: 1;
        border-left: outer $active;
        text-style: bold;
    }
    """

    def __init__(self, question: Question, note: str = "") -> None:
        lines = [Content(clean_block(question.text))] if question.text else []
        told = [attachment.told for attachment in question.attached]
        lines += [Content.styled(text, "not bold $quiet") for text in [*told, *([note] if note else [])]]
        super().__init__(Content("\n").join(lines), markup=False)


class ChatTurn(Steady, Vertical):
    """Its `exchange` is what of it belongs to the conversation."""

    DEFAULT_CSS = """
    ChatTurn {
        width: 1fr;
        height: auto;
        &.-replaced > * { opacity: 60%; }
    }
    """

    def __init__(self, question: Question, locale: Locale, *, note: str = "") -> None:
        super().__init__()
        self.question = question
        self.answer = AnswerView(locale)
        self._note = note

    def compose(self) -> ComposeResult:
        yield QuestionView(self.question, self._note)
        yield self.answer

    @property
    def exchange(self) -> Exchange:
        return Exchange(self.question, self.answer.text, replaced=self.has_class("-replaced"))

    @property
    def views(self) -> tuple[AnswerView, ...]:
        return (self.answer,)
