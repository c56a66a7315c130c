"""One question put to several models or accounts at once: their answers side by side, and who did best at what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message

from rota_tui.conversation import Exchange
from rota_tui.formatting import count, usd
from rota_tui.pieces import Piece, Tone, clean, fit, fit_inside, fit_line, pad, plain
from rota_tui.served_line import moved_text, seconds, speed
from rota_tui.widgets.answer_view import AnswerView
from rota_tui.widgets.chat_turn import QuestionView
from rota_tui.widgets.lines_view import LinesView
from rota_tui.widgets.thin_scroll import ThinScroll

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

    from rota_tui.conversation import Choice, Question
    from rota_tui.pieces import Line, Locale
    from rota_tui.served import Figures

_COLUMNS = (("first token", 11), ("tokens/s", 8), ("in", 6), ("out", 6), ("cost or quota", 16))


class Lane(ThinScroll):
    """One of the answers; the one that is kept goes on with the conversation."""

    HELP = "## One answer of several\n\nEnter goes on with this one. Tab goes to the next."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "Go on with this", id="chat.keep-lane", tooltip="Go on with this answer"),
    ]
    DEFAULT_CSS = """
    Lane {
        height: 1fr;
        width: 1fr;
        padding: 0 1;
        border: round $rule;
        border-title-color: $quiet;
        scrollbar-size-vertical: 1;
        &:focus { border: round $active; }
        /* Else one that is shorter than its place would stand at the end of it. */
        AnswerView { min-height: 100%; }
        &.-kept { border-title-color: $active; border-title-style: bold; }
    }
    """

    class Kept(Message):
        """Somebody chose this answer to go on with."""

        def __init__(self, lane: Lane) -> None:
            super().__init__()
            self.lane = lane

        @property
        def control(self) -> Lane:
            return self.lane

    def __init__(self, choice: Choice, title: str, locale: Locale) -> None:
        super().__init__()
        self.choice = choice
        self.answer = AnswerView(locale, title=title, brief=True)
        self._title = clean(title)
        self._kept_sign = f"{locale.glyphs.done} "
        self.border_title = Content(self._title)

    def compose(self) -> ComposeResult:
        yield self.answer

    def tell_kept(self, kept: bool) -> None:
        """Whether the conversation goes on with this one: by a sign, not by colour alone."""
        self.set_class(kept, "-kept")
        self.border_title = Content(f"{self._kept_sign if kept else ''}{self._title}")

    def action_keep(self) -> None:
        self.post_message(self.Kept(self))


class _Results(LinesView):
    """A row for each answer; the best figure of a column has a sign."""

    DEFAULT_CSS = "_Results { width: 1fr; margin-top: 1; }"

    def __init__(self, rows: Callable[[], Sequence[tuple[str, Figures | None, str]]], locale: Locale) -> None:
        super().__init__()
        self._rows = rows
        self._locale = locale

    def lines(self, width: int) -> tuple[Line, ...]:
        return result_lines(self._rows(), width, self._locale)


def result_lines(rows: Sequence[tuple[str, Figures | None, str]], width: int, locale: Locale) -> tuple[Line, ...]:
    """The result table: title, figures once there are any, and a word for those without."""
    glyphs = locale.glyphs
    fixed = sum(cells + 2 for _, cells in _COLUMNS)
    name = max(10, min(44, width - fixed))
    known = [answer for _, answer, _ in rows if answer is not None]
    firsts = [a.first_token for a in known if a.first_token is not None]
    speeds = [a.speed for a in known if a.speed is not None]
    head = Piece(pad("", name, glyphs) + "".join(f"  {title:>{cells}}" for title, cells in _COLUMNS), Tone.QUIET)
    lines: list[Line] = [fit_line((head,), width, glyphs)]
    for title, answer, word in rows:
        shown = plain(fit_inside((Piece(title),), name, glyphs))
        start = Piece(pad(shown, name, glyphs), Tone.NAME)
        if answer is None:
            lines.append(fit_line((start, Piece(f"  {word}", Tone.QUIET)), width, glyphs))
            continue
        best_first = len(known) > 1 and answer.first_token is not None and answer.first_token == min(firsts)
        best_speed = len(known) > 1 and answer.speed is not None and answer.speed == max(speeds)
        cells = (
            (seconds(answer.first_token) if answer.first_token is not None else "?", best_first),
            (speed(answer.speed) if answer.speed is not None else "?", best_speed),
            (count(answer.input_tokens), False),
            (count(answer.output_tokens), False),
            (_spent(answer, locale), False),
        )
        figures = (
            Piece(f"  {fit(_signed(text, best, locale), width_, glyphs):>{width_}}", Tone.OK if best else Tone.PLAIN)
            for (text, best), (_, width_) in zip(cells, _COLUMNS, strict=True)
        )
        lines.append(fit_line((start, *figures), width, glyphs))
    return tuple(lines)


def _signed(text: str, best: bool, locale: Locale) -> str:
    """A figure, with a sign when it is the best of its column."""
    return f"{locale.glyphs.done} {text}" if best else text


def _spent(answer: Figures, locale: Locale) -> str:
    if answer.cost_usd is not None:
        about = f"{locale.glyphs.about} " if answer.estimated else ""
        return about + usd(answer.cost_usd) if answer.cost_usd else "free"
    return moved_text(answer.moved) if answer.moved is not None else "?"


class Comparison(Vertical):
    """A turn of the conversation with several answers; the kept one counts."""

    DEFAULT_CSS = """
    Comparison {
        width: 1fr;
        height: auto;
        .lanes { layout: grid; grid-size: 2; grid-gutter: 0 1; width: 1fr; }
        &.-replaced > * { opacity: 60%; }
    }
    """

    def __init__(self, question: Question, choices: Sequence[tuple[Choice, str]], locale: Locale) -> None:
        super().__init__(classes={2: "-two", 3: "-three", 4: "-four"}.get(len(choices), "-two"))
        self.question = question
        self.lanes = [Lane(choice, title, locale) for choice, title in choices]
        self._titles = [title for _, title in choices]
        self._locale = locale
        self._kept: Lane | None = None

    def compose(self) -> ComposeResult:
        yield QuestionView(self.question)
        with Container(classes="lanes"):
            yield from self.lanes
        yield _Results(self._rows, self._locale)

    @property
    def views(self) -> tuple[AnswerView, ...]:
        return tuple(lane.answer for lane in self.lanes)

    @property
    def kept(self) -> Lane:
        """The answer the conversation goes on with: the chosen one, else the first that has any text."""
        spoken = [lane for lane in self.lanes if lane.answer.text.strip()]
        return self._kept or (spoken or self.lanes)[0]

    @property
    def exchange(self) -> Exchange:
        return Exchange(self.question, self.kept.answer.text, replaced=self.has_class("-replaced"))

    def on_lane_kept(self, event: Lane.Kept) -> None:
        self._kept = event.lane
        self.mark()

    def mark(self) -> None:
        """Show the figures so far, and which answer is kept."""
        for lane in self.lanes:
            lane.tell_kept(lane is self.kept)
        self.query_one(_Results).renew()

    def _rows(self) -> list[tuple[str, Figures | None, str]]:
        rows = []
        for lane, title in zip(self.lanes, self._titles, strict=True):
            footer = lane.answer.footer
            word = "no answer" if footer.error is not None else "stopped" if footer.stopped else "answering"
            rows.append((title, footer.served, word))
        return rows
