"""Many processes at one home against one simulator: through limits, and with a tool that shares a login."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tests.support.engines import sign_in
from tests.support.foreign_files import NOW, Machine
from tests.support.processes import PATIENCE_S, SharedClock, led_clock, process
from tests.support.roles import crowd, opencode, sharer, stressed
from tests.support.simulated import seeded

from rota.engine import open_engine
from rota.events import CooldownStarted, RequestFailed, RequestServed, RequestStarted
from rota.simulator import SimulatorServer, World, refreshes_of, set_account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes import Process

    from rota.log import SqliteLog
    from rota.simulator.anthropic.state import RefreshToken

SPEED = 20.0
LIFE_S = 90.0
"""Of an access token, in fast time: renewed when a third is over."""
HELD_S = 20.0
"""How long a drained account takes to refill, in fast time."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a stress."""

    ends: Counter[str]
    """How requests ended, over all processes."""
    expiries: int
    limits: int
    wasted: int
    """Refresh tokens that were spent twice or refused."""
    ended_twice: int
    unfinished: int
    seconds: float


async def storm(
    home: Path,
    *,
    processes: int,
    in_flight: int,
    expiries: int,
    limits: int,
    accounts: int = 40,
    most_s: float = 300.0,
) -> Tally:
    """Run until there were so many expiries and limits, or called off after `most_s`."""
    clock = SharedClock(SPEED, time.time())
    world = World(clock)
    world.knobs.access_token_seconds = LIFE_S
    for number in range(accounts):
        world.add_subscription(f"a{number}", "max20")
    began = time.monotonic()
    async with SimulatorServer(world=world) as server, AsyncExitStack() as stack:
        async with open_engine(home=home, settings=stressed(server.root), clock=clock) as engine:
            await sign_in(engine, world)
        crowds = [
            await stack.enter_async_context(process(crowd, str(home), server.root, clock, in_flight))
            for _ in range(processes)
        ]
        for one in crowds:
            assert await one.hear() == "ready"
        for one in crowds:
            one.say("go")
        await _weather(world, expiries, limits, began + most_s)
        ends: Counter[str] = Counter()
        for said in await asyncio.gather(*(one.ask("stop") for one in crowds)):
            ends.update(said)
        assert [await one.ended() for one in crowds] == [0] * processes
        seconds = time.monotonic() - began
        async with open_engine(home=home, settings=stressed(server.root), clock=clock) as engine:
            events = await engine.journal.ask(lambda log: [event for _, event in cast("SqliteLog", log).since(0)])
    tokens = refreshes_of(world)
    told = Counter(e.request_id for e in events if isinstance(e, RequestServed | RequestFailed))
    return Tally(
        ends=ends,
        expiries=sum(token["spent"] for token in tokens),
        limits=sum(isinstance(event, CooldownStarted) for event in events),
        wasted=sum(token["spent"] > 1 or token["refused"] > 0 for token in tokens),
        ended_twice=sum(count > 1 for count in told.values()),
        unfinished=len({e.request_id for e in events if isinstance(e, RequestStarted)} - told.keys()),
        seconds=seconds,
    )


async def _weather(world: World, expiries: int, limits: int, until: float) -> None:
    """Drain accounts at random while their tokens end by themselves, until there was enough of both."""
    rng = random.Random(5)
    drained, drought = 0, False
    while time.monotonic() < until:
        await asyncio.sleep(0.05)
        spent = sum(token["spent"] for token in refreshes_of(world))
        if spent >= expiries and drained >= limits * 1.2:
            return
        if not drought and spent >= expiries / 2:
            drought = True  # for once nobody can serve
            for name in world.subscriptions:
                set_account(world, name, {"five_hour": {"utilization": 1.0, "resets_in": 2 * HELD_S}})
        full = [name for name, plan in world.subscriptions.items() if plan.five_hour.utilization(world.now()) < 1.0]
        due = max(1, round(limits * 1.2 * min(1.0, spent / expiries)) - drained)
        for name in rng.sample(full, min(due, 4, max(0, len(full) - len(world.subscriptions) // 2))):
            set_account(world, name, {"five_hour": {"utilization": 1.0, "resets_in": HELD_S}})
            drained += 1


# --- a login shared with OpenCode -------------------------------------------------------------------------

ACCESS_S = 8 * 3600.0


async def shared_login(folder: Path, *, expiries: int) -> list[str]:
    """Two rotas and OpenCode, which rewrites its file all the time, through expiries; returns what went wrong."""
    clock, machine, rng = led_clock(NOW), Machine(folder / "person"), random.Random(7)
    world = World(clock)
    ada = world.add_subscription("ada", "max20", email="ada@example.com")
    given = seeded(world, "ada")
    entry = {
        "type": "oauth",
        "refresh": given["refresh_token"],
        "access": given["secret"],
        "expires": int(given["expires_at"] * 1000),
    }
    machine.write(machine.auth, {"openai": {"type": "api", "key": "sk-other"}, "anthropic": entry})
    wrong: list[str] = []
    async with SimulatorServer(world=world) as server, AsyncExitStack() as stack:
        home, person, urls = str(folder / "rota"), str(machine.home), server.base_urls
        rotas = [await stack.enter_async_context(process(sharer, home, person, server.root, clock)) for _ in range(2)]
        tool = await stack.enter_async_context(process(opencode, str(machine.auth), urls["anthropic_auth"], clock))
        for each in (*rotas, tool):
            assert await each.hear() == "ready"
        assert len(await rotas[0].ask("import")) == 1
        for each in rotas:
            await each.ask("watch")
        for number in range(expiries):
            clock.lead(ACCESS_S - rng.choice([0.0, 20.0, 200.0]))
            who = rng.choice([[tool], [rng.choice(rotas)], rotas])
            wrong += await _renewed(who, tool, machine, ada.refresh, number)
            await asyncio.gather(*(each.ask("rest") for each in rotas))
            if wrong:
                return wrong
        said = await asyncio.gather(*(each.ask(4) for each in rotas))
        wrong += [end for ends in said for end in ends if end != "answered"]
        for each in (*rotas, tool):
            assert await each.ask("stop") == "stopped"
            assert await each.ended() == 0
    tokens = refreshes_of(world)
    wrong += [f"token {n} was spent {t['spent']} and refused {t['refused']} times" for n, t in enumerate(tokens[:-1])
              if (t["spent"], t["refused"]) != (1, 0)]  # fmt: skip
    return wrong


async def _renewed(
    who: list[Process], tool: Process, machine: Machine, tokens: dict[str, RefreshToken], number: int
) -> list[str]:
    """Let the login be renewed once; returns what went wrong until its successor is in OpenCode's file for good."""
    until = time.monotonic() + PATIENCE_S
    if who == [tool]:
        await tool.ask("renew")
    while len(tokens) < number + 2:
        # Again and again: a rota that has just taken a login over from OpenCode uses it for as long as it lasts.
        said = await asyncio.gather(*(each.ask(4) for each in who))
        if wrong := [end for ends in said for end in ends if end != "answered"]:
            return wrong
        if time.monotonic() > until:
            return [f"round {number}: nobody renewed the login"]
    for wait in (False, True):
        if wait:
            await tool.ask("finish")  # what it wrote from an old reading, it has written by now
        while await asyncio.to_thread(_in_file, machine) != next(reversed(tokens)):
            if time.monotonic() > until:
                return [f"round {number}: OpenCode's file does not get the newest of {len(tokens)} tokens"]
            await asyncio.sleep(0.005)
    return []


def _in_file(machine: Machine) -> str | None:
    try:
        token: str = json.loads(machine.auth.read_text())["anthropic"]["refresh"]
    except ValueError:  # OpenCode is writing
        return None
    return token
