"""The parts of an answer that are not its text: tries before it, reasoning, tool calls, and the line beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from rota.errors import ProviderError
from rota_tui.formatting import count, took
from rota_tui.pieces import Piece, Tone, clean, fit_line, wrap
from rota_tui.served_line import (
    flow,
    hop_lines,
    problem_lines,
    problem_story,
    problem_words,
    served_lines,
    stopped_lines,
    story_lines,
)
from rota_tui.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from rota.errors import RotaError
    from rota.pool.ask import Hop
    from rota.providers.base import ToolCallDelta
    from rota_tui.pieces import Line, Locale
    from rota_tui.served import Figures

_MAX_CALL_LINES = 8
_CHARACTERS_A_TOKEN = 4


def about_tokens(characters: int, locale: Locale) -> str:
    """How many tokens a text has, roughly."""
    return f"{locale.glyphs.about} {count(max(1, characters // _CHARACTERS_A_TOKEN))} tokens"


class HopsView(LinesView):
    """Tries that failed before the answer began, as they happen."""

    DEFAULT_CSS = "HopsView { width: 1fr; display: none; &.-some { display: block; } }"

    def __init__(self, locale: Locale) -> None:
        super().__init__()
        self._locale = locale
        self.hops: list[Hop] = []
        self._asked = ""

    def add(self, hops: list[Hop], asked: str) -> None:
        if hops:
            self._asked = asked
            self.hops.extend(hops)
            self.add_class("-some")
            self.refresh(layout=True)

    def lines(self, width: int) -> tuple[Line, ...]:
        return hop_lines(self.hops, self._asked, width, self._locale)


class _FoldTitle(Static, can_focus=True):
    """The line that folds and unfolds the reasoning."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "fold", "Reasoning", id="chat.reasoning", tooltip="Show or hide the reasoning"),
    ]

    def action_fold(self) -> None:
        self.query_ancestor(ReasoningFold).toggle()

    def on_click(self) -> None:
        self.action_fold()


class ReasoningFold(Vertical):
    """What the model thought aloud, folded; its text is laid out only while it is open."""

    DEFAULT_CSS = """
    ReasoningFold {
        width: 1fr;
        height: auto;
        display: none;
        color: $quiet;
        &.-some { display: block; }
        _FoldTitle { width: auto; height: 1; &:focus { color: $foreground; text-style: bold; } }
        #thoughts { display: none; width: 1fr; height: auto; padding: 0 0 0 2; text-style: italic; }
        &.-open #thoughts { display: block; }
    }
    """

    def __init__(self, locale: Locale) -> None:
        super().__init__()
        self._locale = locale
        self._parts: list[str] = []
        self._length = 0
        self._thinking = True

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def compose(self) -> ComposeResult:
        yield _FoldTitle(markup=False)
        yield Static(id="thoughts", markup=False)

    def add(self, text: str) -> None:
        if not text:
            return
        self._parts.append(text)
        self._length += len(text)
        self.add_class("-some")
        self._renew()

    def end(self) -> None:
        """The thinking is over."""
        if self._thinking:
            self._thinking = False
            self._renew()

    def toggle(self) -> None:
        self.toggle_class("-open")
        self._renew()

    def _renew(self) -> None:
        is_open = self.has_class("-open")
        glyphs = self._locale.glyphs
        mark = glyphs.down if is_open else glyphs.active
        doing = "thinking" if self._thinking else "reasoning"
        told = f"{mark} {doing} {glyphs.sep} {about_tokens(self._length, self._locale)}"
        self.query_one(_FoldTitle).update(Content(told))
        if is_open:
            self.query_one("#thoughts", Static).update(Content(self.text.strip()))


class CallsView(LinesView):
    """Tools that the model asked for, with their arguments."""

    DEFAULT_CSS = "CallsView { width: 1fr; display: none; &.-some { display: block; } }"

    def __init__(self, locale: Locale) -> None:
        super().__init__()
        self._locale = locale
        self.calls: dict[int, tuple[str, str]] = {}
        """Name and arguments as JSON text, by the call's index."""

    def add(self, pieces: list[ToolCallDelta]) -> None:
        for piece in pieces:
            name, arguments = self.calls.get(piece.index, ("", ""))
            self.calls[piece.index] = (name or piece.name or "", arguments + piece.arguments)
        if pieces:
            self.add_class("-some")
            self.refresh(layout=True)

    def lines(self, width: int) -> tuple[Line, ...]:
        glyphs = self._locale.glyphs
        lines: list[Line] = []
        for name, arguments in self.calls.values():
            call = (Piece("calls ", Tone.QUIET), Piece(clean(name), Tone.ACTIVE), Piece(f" {clean(arguments)}"))
            wrapped = wrap(call, width, 6)
            lines.extend(fit_line(line, width, glyphs) for line in wrapped[:_MAX_CALL_LINES])
            if len(wrapped) > _MAX_CALL_LINES:
                lines.append((Piece(f"      {glyphs.ellipsis}", Tone.QUIET),))
        return tuple(lines)


class AnswerFooter(LinesView, can_focus=True):
    """The line beneath an answer: what is going on, then what it came to. Enter tells the whole path."""

    HELP = """\
## Beneath an answer

Who answered, with which model, how soon, how fast, how much, and what it cost or moved. Enter tells every try with
its reason, and why this account was chosen.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "details", "Details", id="chat.details", tooltip="Tell how this answer came about"),
    ]
    DEFAULT_CSS = """
    AnswerFooter {
        width: 1fr;
        &:focus { background: $block-cursor-background; }
    }
    """

    def __init__(self, locale: Locale, *, brief: bool = False) -> None:
        super().__init__()
        self._locale = locale
        self._brief = brief
        """Whether the figures of a whole answer are told elsewhere."""
        self._live: Line = ()
        self._who, self._model = "", ""
        self._served: Figures | None = None
        self._error: RotaError | None = None
        self._error_at = 0.0
        self.alone = ""
        """The one account that was asked, when it failed."""
        self._stopped = ""
        self._open = False

    @property
    def served(self) -> Figures | None:
        return self._served

    @property
    def error(self) -> RotaError | None:
        return self._error

    @property
    def over(self) -> bool:
        """Whether the answer came to an end, of whichever kind."""
        return self._served is not None or self._error is not None or self.stopped

    @property
    def stopped(self) -> bool:
        return bool(self._stopped)

    def why_not_whole(self, now: float, locale: Locale) -> str:
        """Why there is no whole answer, and who had begun one; empty when there is one."""
        if self._error is not None:
            words = " ".join(problem_words(self._error, now, locale, self.alone)).strip()
            begun = (self._who, self._model) if self._who and isinstance(self._error, ProviderError) else ()
        else:
            words, begun = self._stopped, (self._who, self._model) if self._who else ()
        return f" {locale.glyphs.sep} ".join((*begun, words))

    def tell(self, who: str, model: str, elapsed: float, characters: int) -> None:
        """What is going on; `who` is empty until an account was leased."""
        glyphs = self._locale.glyphs
        self._who, self._model = who, model
        named: list[Line] = [(Piece(clean(who) or "asking", Tone.NAME),), (Piece(clean(model), Tone.QUIET),)]
        counted: list[Line] = [(Piece(took(elapsed), Tone.QUIET),)]
        if characters:
            counted.append((Piece(about_tokens(characters, self._locale), Tone.QUIET),))
        # Beside others there may be no room for all of it; a title says there who was asked.
        first, *rest = counted + named if self._brief else named + counted
        self._live = flow([(Piece(f"{glyphs.ring} ", Tone.ACTIVE), *first), *rest], 10_000, self._locale)[0]
        self.renew()

    def serve(self, answer: Figures) -> None:
        self._served, self._live = answer, ()
        self.refresh(layout=True)

    def fail(self, error: RotaError, at: float, alone: str) -> None:
        self._error, self._error_at, self._live, self.alone = error, at, (), alone
        self.refresh(layout=True)

    def stop(self, told: str) -> None:
        self._stopped, self._live = told, ()
        self.refresh(layout=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "details":
            return self._served is not None or self._error is not None
        return super().check_action(action, parameters)

    def action_details(self) -> None:
        if self._served is not None or self._error is not None:
            self._open = not self._open
            self.refresh(layout=True)

    def on_click(self) -> None:
        self.action_details()

    def lines(self, width: int) -> tuple[Line, ...]:
        locale = self._locale
        if self._live:
            return (fit_line(self._live, width, locale.glyphs),)
        if self._served is not None:
            more = story_lines(self._served, width, locale) if self._open else ()
            return (*served_lines(self._served, width, locale, brief=self._brief), *more)
        if self._error is not None:
            more = problem_story(self._error, self._error_at, width, locale) if self._open else ()
            return (
                *problem_lines(self._error, self._error_at, width, locale, who=self._who, alone=self.alone),
                *more,
            )
        if self._stopped:
            return stopped_lines(self._who, self._model, self._stopped, width, locale)
        return ()
