"""A simulated world on a manual clock, and a client that reaches it without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.simulated import reach

from rota.clock import ManualClock
from rota.simulator import World, build_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(clock: ManualClock) -> World:
    return build_world("default", clock=clock)


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with reach(world) as client:
        yield client
