"""The film that README shows: a pool that goes on when an account is spent, told in keys.

Each frame is taken when nothing moves any more and the world's clock stands still, so that the film is the same on
every run.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota_tui.screens.chat_asking import GROUP
from screenshots.stage import SOON_S, TRAFFIC, TURNS, Question, settle, shown, staged

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from rich.style import Style
    from textual.pilot import Pilot

    from rota_tui.app import RotaApp
    from screenshots.stage import Stage

SIZE = (120, 36)
PAST = TRAFFIC[:3]
"""What has happened before the film begins."""
PIECE_S = 0.4
"""Seconds of film between two frames of something that moves."""
OPUS = "anthropic/claude-opus-4-5"
LONG, SHORT = Question(0, "night-agent", OPUS, 2500), Question(0, "night-agent", OPUS, 200)
ASKED = ("Which ", "account ", "gives ", "this ", "answer?")

Row = tuple["Run", ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Cells beside each other that look the same."""

    text: str
    style: Style | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands on the screen from `at` on, in seconds of film."""

    at: float
    rows: tuple[Row, ...]


class Camera:
    """Takes frames of the app, and keeps those that show something new."""

    def __init__(self, stage: Stage, app: RotaApp, pilot: Pilot[None]) -> None:
        self._stage, self._app, self._pilot = stage, app, pilot
        self.frames: list[Frame] = []
        self.length = 0.0

    async def hold(self, seconds: float) -> None:
        """Show what there is for a while; the world's clock goes on with it, a second at a time."""
        while seconds > 0:
            step = min(1.0, seconds)
            await self._shoot(step)
            await self._stage.clock.advance(step)
            seconds -= step

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def follow(self, work: Awaitable[object], *, speed: float = 1.0) -> None:
        """Film until `work` has come to its end, `speed` seconds of the world in one of the film."""
        task = asyncio.ensure_future(work)
        moved = 0.0
        while not task.done():
            for _ in range(TURNS):
                await asyncio.sleep(0)
            due = self._stage.clock.next_in
            if due is None or due > SOON_S or task.done():
                await asyncio.sleep(0.001)
                continue
            await self._stage.clock.advance(due)
            moved += due / speed
            if moved >= PIECE_S:
                await self._shoot(moved)
                moved = 0.0
        await task
        await self._shoot(PIECE_S)

    async def _shoot(self, seconds: float) -> None:
        self._app.tick()
        await settle(self._pilot)
        rows = tuple(
            tuple(Run(segment.text, segment.style) for segment in strip if segment.text)
            for strip in self._app.screen._compositor.render_strips()
        )
        if not self.frames or self.frames[-1].rows != rows:
            self.frames.append(Frame(round(self.length, 3), rows))
        self.length += seconds


async def film() -> tuple[tuple[Frame, ...], float]:
    """All frames, and the length of the film in seconds."""
    async with staged(PAST) as stage, shown(stage, SIZE) as (app, pilot):
        camera = Camera(stage, app, pilot)
        await camera.hold(2)
        await camera.follow(stage.ask(LONG), speed=15)
        await camera.follow(stage.ask(SHORT), speed=2)
        await camera.hold(3)
        await camera.press("2")
        await camera.hold(1)
        for word in ASKED:
            await camera.press(*word)
            await camera.hold(0.2)
        await camera.press("enter")
        answering = [worker for worker in app.workers if worker.group == GROUP]
        await camera.follow(app.workers.wait_for_complete(answering))
        await camera.hold(3)
        await camera.press("escape", "3")
        await camera.hold(1.5)
        await camera.press("w")
        await camera.hold(3.5)
        await camera.press("escape", "t")
        await camera.hold(2)
        await camera.press("1")
        await camera.hold(2)
    return tuple(camera.frames), camera.length
