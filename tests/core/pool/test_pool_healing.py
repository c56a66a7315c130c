"""How holds end: by newer figures, by a person, by the next try; also when rota was restarted meanwhile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.support.pool_world import Pooled, pooled, refused

from rota.events import CooldownLifted
from rota.settings import UsageSettings
from rota.simulator import Fault, World, set_account
from rota.usage import Poller

if TYPE_CHECKING:
    from pathlib import Path

SONNET, FABLE = "claude-sonnet-4-5", "claude-fable-5"
NANO = "puter/gpt-5-nano"


def one_plan(world: World) -> None:
    world.add_subscription("a", "max20")


def one_puter(world: World) -> None:
    world.knobs.turn({"metering_lags": False})
    world.add_puter("a", "paid")


def one_key(world: World) -> None:
    world.add_api_key("a")


async def polled(it: Pooled) -> None:
    poller = Poller(it.journal, it.credentials, it.providers, UsageSettings(), it.clock, random.Random(1))
    assert await poller.ask("id-a", by_person=True) is None


async def test_newer_figures_end_a_hold_that_an_earlier_run_began(tmp_path: Path) -> None:
    async with pooled(tmp_path, one_puter, fallback=False) as it:
        set_account(it.world, "a", {"remaining": 0})
        await refused(it, NANO)
        assert it.state("a").hold is not None
        clock = it.clock
    async with pooled(tmp_path, one_puter, fallback=False, clock=clock) as it:
        assert it.state("a").hold is not None
        await clock.advance(120)
        await polled(it)
        assert it.state("a").hold is None
        assert await it.ask(NANO) == "a"


async def test_newer_figures_end_the_hold_of_one_model(tmp_path: Path) -> None:
    async with pooled(tmp_path, one_plan, route_subscriptions=True) as it:
        await polled(it)
        it.force(Fault("limited-model"))
        await refused(it, FABLE)
        assert it.state("a").held(it.clock.now(), FABLE) is not None
        await it.clock.advance(60)
        set_account(it.world, "a", {"scoped": {"utilization": 1.0, "resets_in": 86_400.0}})
        await polled(it)
        assert it.state("a").held(it.clock.now(), FABLE) is not None
        await it.clock.advance(60)
        set_account(it.world, "a", {"scoped": {"utilization": 0.02, "resets_in": 86_400.0}})
        await polled(it)
        assert it.state("a").held(it.clock.now(), FABLE) is None
        assert await it.ask(FABLE) == "a"


async def test_room_in_the_accounts_own_windows_says_nothing_of_a_models_limit(tmp_path: Path) -> None:
    async with pooled(tmp_path, one_plan, route_subscriptions=True) as it:
        it.force(Fault("limited-model"))
        await refused(it, FABLE)
        await it.clock.advance(60)
        assert await it.ask(SONNET) == "a"
        assert it.state("a").held(it.clock.now(), FABLE) is not None


async def test_figures_that_are_still_spent_end_no_hold(tmp_path: Path) -> None:
    async with pooled(tmp_path, one_puter, fallback=False) as it:
        set_account(it.world, "a", {"remaining": 0})
        await refused(it, NANO)
        await it.clock.advance(120)
        await polled(it)
        assert it.state("a").hold is not None
        await refused(it, NANO)


async def test_a_hold_that_a_person_lifted_stays_lifted_after_a_restart(tmp_path: Path) -> None:
    async with pooled(tmp_path, one_plan, route_subscriptions=True) as it:
        it.force(Fault("limited-5h"))
        await refused(it, SONNET)
        it.journal.publish(CooldownLifted(at=it.clock.now(), account_id="id-a", reason="lifted by you"))
        clock = it.clock
    async with pooled(tmp_path, one_plan, route_subscriptions=True, clock=clock) as it:
        assert it.state("a").hold is None
        await clock.advance(60)
        set_account(it.world, "a", {"five_hour": {"utilization": 0.1, "resets_in": 9000.0}})
        await polled(it)
        assert await it.ask(SONNET) == "a"


async def test_a_limit_that_nobody_can_look_up_is_tried_again_after_its_cap_and_forgotten_once_answered(
    tmp_path: Path,
) -> None:
    async with pooled(tmp_path, one_key) as it:
        it.force(Fault("spend-cap", account="a"))
        await refused(it, SONNET)
        hold = it.state("a").hold
        assert hold is not None
        assert hold.until - it.clock.now() <= it.pool._means.rules.cooldown_cap_s
        assert it.state("a").strikes == 1
        await it.clock.advance(hold.until - it.clock.now())
        assert await it.ask(SONNET) == "a"
        assert it.state("a").strikes == 0
