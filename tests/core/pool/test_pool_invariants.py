"""Whatever the providers answer: each request ends once, nobody is used while held, nothing is left behind."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.pool_world import Pooled, pooled, request, waited

from rota.errors import RotaError
from rota.events import RequestFailed, RequestServed, RequestStarted
from rota.fold import fold
from rota.pool.ask import Ask
from rota.pool.rules import Order
from rota.pool.strategies import STRATEGIES
from rota.simulator import Fault, World
from rota.simulator.credentials import refreshes_of
from rota.snapshot import Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from rota.events import Event

CLAUDE = ("limited-5h", "limited-7d", "limited-model", "throttle", "overloaded", "stream-error", "truncated")
CLAUDE_ODD = ("revoked", "invalid-token", "forbidden", "low-credit", "html", "garbage", "empty", "policy-third-party")
PUTER = ("exhausted", "too-many-requests", "upstream-429", "model-not-found", "subscriber-only", "moderation", "drop")
PUTER_ODD = ("bad-token", "needs-email", "suspended", "plain-403", "db-unavailable", "internal", "fake-chat")
MODELS = ("claude-sonnet-4-5", "claude-fable-5", "puter/gpt-5-nano", "openrouter:qwen/qwen3-coder:free")


def build(world: World) -> None:
    for name in ("plan", "plan2"):
        world.add_subscription(name, "max20")
    for name in ("key", "key2"):
        world.add_api_key(name)
    world.add_profile("console", access_seconds=20.0)
    world.add_puter("guest", "guest")
    world.add_puter("free")
    world.add_puter("paid", "paid")
    world.knobs.latency = 0.2


async def one(it: Pooled, rng: random.Random) -> str:
    """One request as a client may make it; some leave early."""
    model = rng.choice(MODELS)
    ask = Ask(model=model, session=f"s{rng.randrange(12)}", fallback=rng.choice([None, None, False]))
    try:
        if rng.random() < 0.5:
            await it.pool.complete(request(model), ask)
            return "served"
        async with it.pool.stream(request(model), ask) as stream:
            leave = rng.random() < 0.2
            async for _ in stream:
                if leave:
                    return "left"
        return "served"
    except RotaError as error:
        return type(error).__name__


def held_uses(told: list[Event]) -> list[RequestStarted]:
    """The tries that began at an account that was known to be held for that model."""
    snapshot, wrong = Snapshot(), []
    for event in told:
        if isinstance(event, RequestStarted):
            held = snapshot.accounts[event.account_id].held(event.at, event.model)
            if held is not None or snapshot.model_hold(event.provider, event.model, event.at) is not None:
                wrong.append(event)
        snapshot = fold(snapshot, event)
    return wrong


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_random_answers_break_no_promise(tmp_path: Path, strategy: str, seed: int, order: Order) -> None:
    rng = random.Random(f"{strategy} {seed} {order}")
    rules: dict[str, Any] = {"strategy": strategy, "orders": {"anthropic": order, "puter": order}, "deadline_s": 90.0}
    chain = {"puter": ("gpt-5-nano", "gpt-4o-mini"), "anthropic": ("claude-haiku-4-5", "puter/gpt-5-nano")}
    async with pooled(tmp_path, build, route_subscriptions=True, fallback_models=chain, seed=seed, **rules) as it:
        for _ in range(5):
            for _ in range(12):
                provider = rng.choice(["anthropic", "puter"])
                often, seldom = (CLAUDE, CLAUDE_ODD) if provider == "anthropic" else (PUTER, PUTER_ODD)
                name = rng.choice(seldom if rng.random() < 0.15 else often)
                seconds = rng.choice([None, 2.0, 30.0])
                it.force(Fault(name, provider=provider, times=rng.randint(1, 3), seconds=seconds))
            work = asyncio.gather(*(one(it, rng) for _ in range(16)))
            ends = await waited(it, asyncio.wait_for(work, None), 400)
            assert len(ends) == 16
            it.world.faults.clear()
            await it.clock.advance(rng.choice([1.0, 61.0, 900.0]))

        told = [e for e in it.told if isinstance(e, RequestServed | RequestFailed)]
        assert max(Counter(e.request_id for e in told).values()) == 1
        assert len(told) == 5 * 16
        assert held_uses(it.told) == []
        assert len(it.snapshot.in_flight) == 0
        assert {label: it.pool._means.gate.inside(id_) for label, id_ in it.ids.items()} == dict.fromkeys(it.ids, 0)
        assert all(r["spent"] + r["refused"] <= 1 for r in refreshes_of(it.world))
