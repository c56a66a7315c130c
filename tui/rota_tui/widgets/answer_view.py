"""One answer as it comes: failed tries, reasoning, text, tool calls, and what it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from rota_tui.pieces import ASCII
from rota_tui.transcript import Told
from rota_tui.widgets.answer_parts import AnswerFooter, CallsView, HopsView, ReasoningFold
from rota_tui.widgets.code_blocks import CodeFence, Page
from rota_tui.widgets.steady import Steady
from rota_tui.widgets.steady_stream import SteadyStream

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from rota.errors import RotaError
    from rota_tui.asking import Heard
    from rota_tui.pieces import Locale
    from rota_tui.served import Figures


class AnswerView(Steady, Vertical):
    """Fed frame by frame; what has come stays, however it ends."""

    DEFAULT_CSS = """
    AnswerView {
        width: 1fr;
        height: auto;
        .pages { height: auto; }
    }
    """

    def __init__(self, locale: Locale, *, title: str = "", brief: bool = False) -> None:
        super().__init__()
        self.title = title
        # Made here: the table beneath a comparison may ask for them before they are mounted.
        self.hops = HopsView(locale)
        self.reasoning = ReasoningFold(locale)
        self.calls = CallsView(locale)
        self.footer = AnswerFooter(locale, brief=brief)
        self._locale = locale
        self._parts: list[str] = []
        self._heard = 0
        self._stream: SteadyStream | None = None

    def compose(self) -> ComposeResult:
        yield self.hops
        yield self.reasoning
        yield Vertical(classes="pages")
        yield self.calls
        yield self.footer

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return "".join(self._parts)

    @property
    def last_code(self) -> CodeFence | None:
        """The last code block."""
        fences = list(self.query(CodeFence))
        return fences[-1] if fences else None

    def told(self, now: float, locale: Locale) -> Told:
        """The answer as it goes into a file."""
        calls = tuple(self.calls.calls.values())
        note = self.footer.why_not_whole(now, locale)
        return Told(self.title, self.text, self.reasoning.text, calls, self.footer.served, note)

    def show(self, heard: Heard, asked: str, who: str, model: str, elapsed: float) -> None:
        """Add what came within a frame.

        Args:
            asked: the model that was asked for.
            who, model: the account and model it comes from, as far as that is known.
        """
        self.hops.add(heard.hops, asked)
        self.reasoning.add(heard.reasoning)
        self.calls.add(heard.calls)
        self._heard += len(heard.text) + len(heard.reasoning)
        if heard.text:
            self.reasoning.end()
            self._parts.append(heard.text)
            if self._stream is None:
                self._stream = SteadyStream(self._turn)
            self._stream.write(heard.text)
        self.footer.tell(who, model, elapsed, self._heard)

    async def settle(self) -> None:
        """Everything that has come is on the screen; call it before the end is told."""
        self.reasoning.end()
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.drain()
        for page in self.query(Page):
            page.whole = True

    async def _turn(self, continues: bool) -> Page:
        """A new page; the one before is whole."""
        before = next(reversed(list(self.query(Page))), None)
        if before is not None:
            before.whole = True
        page = Page(before if continues else None, plain=self._locale.glyphs is ASCII)
        await self.query_one(".pages").mount(page)
        return page

    def serve(self, answer: Figures) -> None:
        """It is whole."""
        self.footer.serve(answer)

    def fail(self, error: RotaError, at: float, alone: str) -> None:
        """There is none, or it broke off; `alone` is the one account that was asked, empty where any might answer."""
        self.footer.fail(error, at, alone)

    def stop(self, elapsed: float) -> None:
        """Somebody stopped it."""
        kept = "what had come is kept" if self._parts else "nothing had come yet"
        self.footer.stop(f"stopped after {elapsed:.1f} s, {kept}")
