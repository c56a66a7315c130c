"""Whether the chat keeps up with a fast model, and how long its loop stalls meanwhile.

The whole way is real: the simulator in a process of its own, HTTP, the provider, the pool, the log, the chat pane.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench._simulator import MODEL, api_key, simulator
from tests.bench.row import Row

from rota.account import Kind
from rota.engine import open_engine
from rota.events import RequestServed
from rota.secret import Secret
from rota.settings import AnthropicSettings, ChatSettings, Settings
from rota.vault.memory import MemoryVault
from rota_tui.app import RotaApp
from rota_tui.conversation import Choice, Question
from rota_tui.widgets.chat_turn import ChatTurn

if TYPE_CHECKING:
    from rota.engine import Engine
    from rota_tui.screens.chat import ChatScreen

RATE = 2_000
"""Tokens a second."""
SECONDS = 6
PROBE = 0.005
"""Seconds between two looks at how long the loop was held."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One stream."""

    stall: float
    """The longest stretch of this thread's own work between two turns of the loop, so that a busy machine does not
    count."""
    busy: float
    """Seconds worked for a second of the stream."""
    rate: float
    """Tokens a second that came through."""
    behind: float
    """Seconds from the stream's end to the whole answer on the screen."""


def measure() -> list[Row]:
    rows = []
    for name, form in (("prose, lists and code", "mixed"), ("one long code block", "code")):
        with simulator(RATE) as described:
            run = asyncio.run(_stream(described, form))
        rows.append(
            Row(
                f"chat over HTTP, {RATE:,} tokens/s of {name}",
                f"{run.rate:,.0f} tokens/s, worst stall {run.stall * 1000:.0f} ms, {run.busy:.0%} of a core",
                f"≥ {RATE * 0.95:,.0f} tokens/s, < 100 ms, < 100%",
                run.stall < 0.1 and run.busy < 1.0 and run.rate >= RATE * 0.95,
                f"whole {run.behind:.1f} s after the last token",
            )
        )
    return rows


async def _stream(described: dict[str, Any], form: str) -> _Run:
    from rota_tui.screens.chat import ChatScreen

    urls = described["base_urls"]
    settings = Settings(
        anthropic=AnthropicSettings(api_url=urls["anthropic_api"], auth_url=urls["anthropic_auth"]),
        chat=ChatSettings(max_tokens=2 * RATE * SECONDS),
    )
    with tempfile.TemporaryDirectory() as home:
        async with open_engine(home=Path(home), settings=settings, vault=MemoryVault()) as engine:
            await engine.add_secret("anthropic", Kind.API_KEY, Secret(api_key(described)))
            app = RotaApp(engine, no_animation=True)
            async with app.run_test(size=(120, 40)) as pilot:
                await pilot.press("2")
                await pilot.pause(0.5)
                screen = app.screen
                assert isinstance(screen, ChatScreen)
                return await _answer(screen, engine, f"[[tokens={RATE * SECONDS}]] [[form={form}]]")


async def _answer(screen: ChatScreen, engine: Engine, order: str) -> _Run:
    turn = ChatTurn(Question(order), screen._locale)
    screen._add(turn)
    await asyncio.sleep(0.2)
    probe = asyncio.create_task(_worst_stall())
    worked = time.thread_time()
    await screen.ask_one(turn.answer, Choice(MODEL, "anthropic"), [], turn.question).wait()
    ended, worked = engine.clock.now(), time.thread_time() - worked
    served = next(event for event in reversed(await engine.recent()) if isinstance(event, RequestServed))
    await asyncio.sleep(0.2)  # what follows the end may stall as well
    probe.cancel()
    spoken = served.duration - (served.first_token or 0.0)
    return _Run(await probe, worked / served.duration, served.output_tokens / spoken, ended - served.at)


async def _worst_stall() -> float:
    worst, last = 0.0, time.thread_time()
    try:
        while True:
            await asyncio.sleep(PROBE)
            now = time.thread_time()
            worst, last = max(worst, now - last), now
    except asyncio.CancelledError:
        return worst
