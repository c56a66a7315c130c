"""What the pictures are taken of: the real app over a simulated world, at a time that stands still.

Everything that shows is made the way it is made for a person: accounts sign in, requests go through the pool over
HTTP, usage is polled. Only the clock is driven by hand, so that the pictures are the same on every run.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from rota import events
from rota.clock import ManualClock
from rota.demo import credential_of, settings_for
from rota.engine import open_engine
from rota.errors import RotaError
from rota.pool.pool import Ask
from rota.providers.base import ChatRequest, Message, Role, Text
from rota.simulator import base_urls, build_world, create_app, credentials_of
from rota.vault.memory import MemoryVault
from rota_tui.app import RotaApp
from screenshots.inprocess import InProcess
from screenshots.machine import machine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from textual.pilot import Pilot

    from rota.engine import Engine

NOW = 1_800_014_400.0
"""Friday 15 January 2027, 12:00 UTC."""

SOON_S = 3.0
"""Who sleeps longer than a model between two words is not waited for."""
WORDS = 20_000
"""Random words for ids: more than any past has facts."""
TURNS = 60
"""Turns of the event loop between two steps of the clock: enough for a piece of an answer to reach the screen."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request of the traffic before the picture."""

    after: float
    """Seconds since the one before."""
    client: str
    model: str
    tokens: int = 180
    account: str | None = None
    """Asked of this account alone, as from the test chat."""


SONNET, OPUS, HAIKU = "anthropic/claude-sonnet-4-5", "anthropic/claude-opus-4-5", "anthropic/claude-haiku-4-5"
FREE = "puter/openrouter:xiaomi/mimo-v2-flash:free"

TRAFFIC = (
    Question(60, "opencode", SONNET),
    Question(140, "night-agent", OPUS, 260),
    Question(100, "reviewer", HAIKU),
    Question(30, "chat", HAIKU, 40, "Studio Team"),
    Question(120, "docs-bot", FREE),
    Question(90, "opencode", SONNET, 220),
    Question(80, "script", "puter/gpt-5-nano", 90),
    Question(60, "night-agent", OPUS, 300),
    Question(40, "reviewer", HAIKU, 120),
)

_ASKERS = (("opencode", SONNET), ("night-agent", OPUS), ("opencode", SONNET), ("reviewer", HAIKU), ("docs-bot", FREE))

WORKDAY = tuple(
    Question(
        after, *_ASKERS[(burst + place) % len(_ASKERS)], tokens=(500 + 240 * (place % 5)) * (4 if burst == 5 else 1)
    )
    for burst, (pause, requests) in enumerate(((60, 9), (1500, 14), (2100, 6), (1300, 18), (2700, 11), (1500, 22)))
    for place, after in enumerate((pause, *(40 + 15 * (n % 4) for n in range(requests - 1))))
)
"""Five hours of traffic in bursts, for what is told over time."""


class Stage:
    """A world with a past, ready to be looked at."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock

    async def until(self, work: Awaitable[object]) -> None:
        """Let `work` come to its end, moving the clock for whoever sleeps on it."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(TURNS):
                await asyncio.sleep(0)
            due = self.clock.next_in
            if due is not None and due <= SOON_S and not task.done():
                await self.clock.advance(due)
            else:
                await asyncio.sleep(0.001)  # the log's thread is at work, or the screen draws
        await task

    async def ask(self, question: Question) -> None:
        """One request through the pool; a refusal is part of the past."""
        prompt = f"Why does this test fail? [[tokens={question.tokens}]]"
        request = ChatRequest(question.model, (Message(Role.USER, (Text(prompt),)),))
        try:
            only = self.engine.find(question.account).id if question.account is not None else None
            ask = Ask(question.model, account_id=only, session=question.client, client=question.client)
            async with self.engine.stream(request, ask) as stream:
                async for _ in stream:
                    pass
        except RotaError:
            pass  # its story is in the log

    async def live_through(self, questions: tuple[Question, ...]) -> None:
        for question in questions:
            await self.clock.advance(question.after)
            await self.until(self.ask(question))
        for state in self.engine.snapshot.listed():
            await self.until(self.engine.refresh_usage(state.id))
        await self.engine.journal.flush()


@asynccontextmanager
async def staged(questions: tuple[Question, ...] = TRAFFIC) -> AsyncIterator[Stage]:
    """A world that has lived through `questions`."""
    os.environ["TZ"] = "UTC"
    if hasattr(time, "tzset"):
        time.tzset()
    clock = ManualClock(NOW)
    with tempfile.TemporaryDirectory(prefix="rota-pictures-") as home:
        world = build_world("demo", seed=7, clock=clock)
        world.knobs.pace = 1.0
        settings = settings_for(base_urls("http://simulator.test"))
        settings = replace(settings, usage=replace(settings.usage, enabled=False))
        opened = open_engine(
            home=Path(home),
            settings=settings,
            clock=clock,
            vault=MemoryVault(),
            transport=InProcess(create_app(world)),
            seed=7,
        )
        logins = credentials_of(world)
        drawn = random.Random(7)
        words = [f"{drawn.getrandbits(48):012x}" for _ in range(WORDS)]
        with machine(Path(home) / "person", {login["label"]: login for login in logins}):
            # Ids that are the same on every run; and nothing behind, which would move with a real clock.
            async with opened as engine:
                with patch.object(events, "_words", words), patch.object(engine, "start_background"):
                    for login in logins:
                        await engine.add_credential(login["provider"], credential_of(login), label=login["label"])
                    stage = Stage(engine, clock)
                    await stage.live_through(questions)
                    yield stage


@asynccontextmanager
async def shown(
    stage: Stage, size: tuple[int, int], *, theme: str = "rota-dark"
) -> AsyncIterator[tuple[RotaApp, Pilot[None]]]:
    """The app on the stage, at a size and in a theme."""
    ui = replace(stage.engine.settings.ui, theme=theme, animations=False)
    stage.engine.settings = replace(stage.engine.settings, ui=ui)
    app = RotaApp(stage.engine, no_animation=True, tz=UTC)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield app, pilot


async def settle(pilot: Pilot[None]) -> None:
    """Let what was begun come to its end and be drawn."""
    for _ in range(6):
        await asyncio.sleep(0.05)
        await pilot.pause()
