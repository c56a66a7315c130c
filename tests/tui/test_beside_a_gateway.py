"""The app beside a gateway of another rota on the same home: what callers do is on the screen as it happens."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any

from tests.support.gatewayed import CLAUDE, Gatewayed, gatewayed, key_and_puter

from rota.engine import open_engine
from rota.simulator import Fault
from rota.vault.memory import MemoryVault
from rota_tui.app import RotaApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot


@asynccontextmanager
async def beside(home: Path) -> AsyncIterator[tuple[Gatewayed, Pilot[None]]]:
    """A gateway, and the app on another engine that knows it by the log alone."""
    vault = MemoryVault()
    async with (
        gatewayed(home, key_and_puter, vault=vault) as it,
        open_engine(home=home, settings=it.engine.settings, vault=vault) as looking,
        RotaApp(looking, tz=UTC, no_animation=True).run_test(size=(140, 40)) as pilot,
    ):
        yield it, pilot


def text(pilot: Pilot[None]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def shown(pilot: Pilot[None], condition: Callable[[str], object]) -> None:
    """Wait until it stands on the screen."""
    try:
        async with asyncio.timeout(30):
            while not condition(text(pilot)):
                await pilot.pause(0.02)
    except TimeoutError:
        raise AssertionError(f"It was never shown:\n{text(pilot)}") from None


async def test_a_request_is_on_the_screen_while_it_is_served_and_when_it_is_answered(tmp_path: Path) -> None:
    async with beside(tmp_path) as (it, pilot):
        it.force(Fault("stall", path="/v1/messages", seconds=600, after=8))
        openai, anthropic = await it.openai(), await it.anthropic()
        question: list[Any] = [{"role": "user", "content": "[[tokens=30]] hi"}]
        await shown(pilot, lambda text: f"gateway :{it.gateway.port}" in text)
        stream = await openai.chat.completions.create(model=CLAUDE, messages=question, stream=True)
        await shown(pilot, lambda text: "serving 1" in text)
        await stream.close()
        await shown(pilot, lambda text: "serving 1" not in text)
        await pilot.press("3")
        await shown(pilot, lambda text: f"{CLAUDE} got no answer: The caller went away" in text)
        await anthropic.messages.create(model="puter/gpt-5-nano", messages=question, max_tokens=20)
        await shown(pilot, lambda text: "carol answered gpt-5-nano" in text)
        assert "hi" not in text(pilot).split()


async def test_every_one_of_many_requests_is_told_with_its_id(tmp_path: Path) -> None:
    async with beside(tmp_path) as (it, pilot):
        await pilot.press("3")
        http = await it.http()
        body = {"model": CLAUDE, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
        answers = await asyncio.gather(*(http.post("/v1/chat/completions", json=body) for _ in range(12)))
        ids = [answer.headers["x-request-id"] for answer in answers]
        assert len(set(ids)) == 12
        await shown(pilot, lambda text: all(each in text for each in ids))
