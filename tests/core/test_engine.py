"""The front door: what a library's user and every screen ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.engines import engine_on, sign_in
from tests.support.pool_world import request

from rota.clock import ManualClock
from rota.errors import ConfigError, UsageError
from rota.events import RequestServed, RequestStarted
from rota.opening import open_engine
from rota.pool.ask import Ask
from rota.settings import PoolSettings, Settings
from rota.simulator import World
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from pathlib import Path

SONNET = "claude-sonnet-4-5"


@pytest.fixture
def world() -> World:
    world = World(ManualClock())
    world.add_api_key("ada")
    return world


async def test_a_requests_story_is_found_by_the_start_of_its_id(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world)
        ids = [(await engine.chat(request(SONNET))).story.request_id for _ in range(2)]
        assert ids[0][:4] != ids[1][:4]
        story = await engine.why(ids[0][:6])
        assert [type(event) for event in story] == [RequestStarted, RequestServed]
        assert {event.request_id for event in story if isinstance(event, RequestServed)} == {ids[0]}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("zz", "There is no request zz in the log."),
        ("", "A request's id is needed."),
        ("r", "Several requests begin with r."),
    ],
)
async def test_an_id_that_names_no_single_request_is_refused(
    world: World, tmp_path: Path, asked: str, said: str
) -> None:
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world)
        for name in ("r1", "r2"):
            await engine.chat(request(SONNET), Ask(model=SONNET, request_id=name))
        with pytest.raises(UsageError) as caught:
            await engine.why(asked)
        assert str(caught.value) == said
        assert caught.value.hint


async def test_the_logged_demand_is_replayed_under_another_strategy(world: World, tmp_path: Path) -> None:
    world.add_api_key("bea")
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world)
        for _ in range(2):
            await engine.chat(request(SONNET, "not asked about"))
        assert isinstance(world.clock, ManualClock)
        await world.clock.advance(60)
        since = engine.clock.now()
        for number in range(6):
            await engine.chat(request(SONNET, f"question {number}"))
            await world.clock.advance(10)
        in_turn = await engine.replay("round-robin", since)
        staying = await engine.replay("auto", since)
        assert (in_turn.strategy, in_turn.requests, in_turn.served) == ("round-robin", 6, 6)
        assert sorted(in_turn.by_account.values()) == [3, 3]
        assert in_turn.switched > staying.switched
        with pytest.raises(ConfigError, match="no strategy called clairvoyant"):
            await engine.replay("clairvoyant", since)


async def test_a_strategy_that_is_not_there_is_said_when_the_home_is_opened(tmp_path: Path) -> None:
    settings = Settings(pool=PoolSettings(strategy="no-such"))
    with pytest.raises(ConfigError, match="no strategy called no-such"):
        async with open_engine(home=tmp_path, settings=settings, vault=MemoryVault()):
            pass


async def test_a_log_that_had_to_be_moved_aside_is_told_of_once(tmp_path: Path) -> None:
    async with open_engine(home=tmp_path, settings=Settings(), vault=MemoryVault()) as engine:
        assert engine.take_notices() == []
        log_file = engine.paths.log_file
    log_file.write_bytes(b"no database" * 1000)
    async with open_engine(home=tmp_path, settings=Settings(), vault=MemoryVault()) as engine:
        (told,) = engine.take_notices()
        assert "It was moved to" in told
        assert engine.take_notices() == []
