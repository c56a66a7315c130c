"""Whether the chat keeps up with a fast model, and how long its loop stalls meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.row import Row

from rota.engine import open_engine
from rota.events import RequestServed
from rota.providers.base import Finish, Finished, TextDelta, Usage
from rota.simulator.phrases import CODE, SENTENCES
from rota.vault.memory import MemoryVault
from rota_tui.app import RotaApp
from rota_tui.conversation import Choice, Question
from rota_tui.widgets.chat_turn import ChatTurn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rota.engine import Engine
    from rota.pool.ask import Ask, Hop
    from rota.providers.base import ChatRequest, Delta
    from rota_tui.screens.chat import ChatScreen

RATE = 2_000
"""Tokens a second."""
SECONDS = 6.0
PROBE = 0.005
"""Seconds between two looks at how long the loop was held."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One stream: all times but `behind` are of this thread alone, so that a busy machine does not count."""

    stall: float
    """The longest stretch of work between two turns of the loop."""
    busy: float
    """Share of the stream's time that was worked."""
    behind: float
    """Seconds from the last token to the whole answer on the screen, by the wall clock."""


def measure() -> list[Row]:
    rows = []
    for name, make in (("prose, lists and code", _mixed), ("one long code block", _one_block)):
        run = asyncio.run(_stream(make()))
        rows.append(
            Row(
                f"chat, {RATE:,} tokens/s of {name}",
                f"worst stall {run.stall * 1000:.0f} ms, {run.busy:.0%} of the time busy",
                "< 100 ms, < 100%",
                run.stall < 0.1 and run.busy < 1.0,
                f"whole {run.behind:.1f} s after the last token",
            )
        )
    return rows


def _mixed() -> Iterator[str]:
    """Paragraphs, a list and code in turn, in pieces of about a token."""
    for number in itertools.count():
        parts = [" ".join(SENTENCES[(number + n + p) % len(SENTENCES)] for n in range(4)) for p in range(3)]
        parts.append("\n".join(f"- **{n}**: {SENTENCES[n % len(SENTENCES)]}" for n in range(3)))
        parts.append(CODE[number % len(CODE)])
        text = "\n\n".join(parts) + "\n\n"
        yield from (text[at : at + 4] for at in range(0, len(text), 4))


def _one_block() -> Iterator[str]:
    """A program without end."""
    yield "```python\n"
    for number in itertools.count():
        text = f"def step_{number}(items: list[int]) -> int:\n    return sum(items) + {number}  # one more\n\n"
        yield from (text[at : at + 4] for at in range(0, len(text), 4))


class _FastStream:
    """What the engine gives, without a network: tokens at the rate, by the clock."""

    request_id = "bench"
    story: RequestServed | None = None

    def __init__(self, tokens: Iterator[str]) -> None:
        self._tokens = tokens
        self.ended_at = 0.0

    async def __aiter__(self) -> AsyncIterator[Delta | Hop]:
        began, given = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - began) < SECONDS:
            for token in itertools.islice(self._tokens, int(elapsed * RATE) - given):
                given += 1
                yield TextDelta(token)
            await asyncio.sleep(0.001)
        self.ended_at = time.perf_counter()
        yield Finished(Finish.STOP, Usage(10, given), "model")
        self.story = RequestServed(
            at=time.time(),
            request_id=self.request_id,
            account_id="none",
            provider="anthropic",
            model="model",
            requested_model="model",
            duration=SECONDS,
            output_tokens=given,
        )


async def _stream(tokens: Iterator[str]) -> _Run:
    from rota_tui.screens.chat import ChatScreen

    with tempfile.TemporaryDirectory() as home:
        async with open_engine(home=Path(home), vault=MemoryVault()) as engine:
            app = RotaApp(engine, no_animation=True)
            async with app.run_test(size=(120, 40)) as pilot:
                await pilot.press("2")
                await pilot.pause(0.5)
                screen = app.screen
                assert isinstance(screen, ChatScreen)
                return await _answer(screen, engine, _FastStream(tokens))


async def _answer(screen: ChatScreen, engine: Engine, fast: _FastStream) -> _Run:
    @asynccontextmanager
    async def stream(request: ChatRequest, ask: Ask | None = None) -> AsyncIterator[_FastStream]:
        yield fast

    engine.stream = stream  # type: ignore[method-assign, assignment]
    turn = ChatTurn(Question("go"), screen._locale)
    screen._add(turn)
    await asyncio.sleep(0.2)
    probe = asyncio.create_task(_worst_stall())
    worked = time.thread_time()
    await screen.ask_one(turn.answer, Choice("model", "anthropic"), [], Question("go")).wait()
    behind, worked = time.perf_counter() - fast.ended_at, time.thread_time() - worked
    await asyncio.sleep(0.2)  # what follows the end may stall as well
    probe.cancel()
    return _Run(await probe, worked / SECONDS, behind)


async def _worst_stall() -> float:
    worst, last = 0.0, time.thread_time()
    try:
        while True:
            await asyncio.sleep(PROBE)
            now = time.thread_time()
            worst, last = max(worst, now - last), now
    except asyncio.CancelledError:
        return worst
