"""What the processes of the stress tests do."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.engines import settings_for
from tests.support.pool_world import request

from rota.account import Kind
from rota.engine import open_engine
from rota.errors import AllSpent, Meaning, ProviderError, RotaError
from rota.events import CooldownStarted
from rota.pool.ask import Ask, Hop, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.processes import Line

    from rota.clock import Clock
    from rota.engine import Engine
    from rota.pool.ask import Lease
    from rota.providers.base import Reply
    from rota.settings import Settings

SONNET = "claude-sonnet-4-5"
ROUTED = {"anthropic": SONNET, "puter": "puter/gpt-5-nano"}
"""A model of each provider."""


def stressed(root: str) -> Settings:
    """Settings under which waits are not what ends a request: its deadline is counted in fast time."""
    plain = settings_for(root)
    pool = replace(plain.pool, strategy="round-robin", refresh_ahead_s=60.0, deadline_s=100_000.0)
    return replace(plain, pool=pool, usage=replace(plain.usage, enabled=False))


async def crowd(line: Line, home: str, root: str, clock: Clock, in_flight: int) -> None:
    """Keep so many requests in flight until told to stop; then say what became of them."""
    ends: Counter[str] = Counter()
    over = asyncio.Event()
    async with open_engine(home=Path(home), settings=stressed(root), clock=clock, seed=os.getpid()) as engine:
        await engine.services()
        line.say("ready")
        await line.hear()
        clients = [asyncio.create_task(_client(engine, clock, number, ends, over)) for number in range(in_flight)]
        await line.hear()
        over.set()
        await asyncio.gather(*clients)
    line.say(ends)


async def _client(engine: Engine, clock: Clock, number: int, ends: Counter[str], over: asyncio.Event) -> None:
    while not over.is_set():
        try:
            await _one(engine, clock, f"{os.getpid()} {number} {ends.total() // 5}", ends)
            ends["answered"] += 1
        except AllSpent:
            ends["all spent"] += 1
            await clock.sleep(1.0)
        except ProviderError as error:
            ends[f"{error.failure.meaning}: {error}"] += 1
        except RotaError as error:
            ends[f"{type(error).__name__}: {error}"] += 1


async def _one(engine: Engine, clock: Clock, session: str, ends: Counter[str]) -> None:
    """One request, as the gateway makes it; notes when it is sent to an account that is known to be held."""

    async def send(lease: Lease) -> Reply:
        state = engine.snapshot.account(lease.account.id)
        if state is None or state.held(clock.now(), lease.model) is not None:
            ends["sent to a held account"] += 1
        return await lease.provider.complete(request(lease.model), lease.credential)

    pool = (await engine.services()).pool
    async with pool.run(Ask(model=SONNET, session=session)) as run:
        while isinstance(got := await run.attempt(send), Hop):
            pass
        run.observed(got.windows)
        run.served(Outcome(model=got.model, output_tokens=got.usage.output_tokens))


# --- a login shared with OpenCode -------------------------------------------------------------------------

_ELSEWHERE = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "CLAUDE_CONFIG_DIR", "ANTHROPIC_CONFIG_DIR")
OPENCODES_CLIENT = "9d1c250a-e61b-44d9-88ed-5944d1962f5e"
_KEYS = ("ANTHROPIC_API_KEY", "PUTER_AUTH_TOKEN", "OPENCODE_AUTH_CONTENT")


def live_in(person: str) -> None:
    """Take this folder for the person's own, with nothing else around."""
    os.environ["HOME"] = os.environ["USERPROFILE"] = person
    for name in (*_ELSEWHERE, *_KEYS):
        os.environ.pop(name, None)


@contextmanager
def in_person(person: str) -> Iterator[None]:
    """The same for a while."""
    before = dict(os.environ)
    live_in(person)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def sharer(line: Line, home: str, person: str, root: str, clock: Clock) -> None:
    """A rota that watches shared files, imports when told to, and asks so many requests at once when told to."""
    live_in(person)
    settings = settings_for(root)
    settings = replace(settings, usage=replace(settings.usage, enabled=False))
    async with open_engine(home=Path(home), settings=settings, clock=clock, seed=os.getpid()) as engine:
        line.say("ready")
        while (said := await line.hear()) != "stop":
            if said == "import":
                desk = await engine.imports()
                report = await desk.apply(await desk.plan())
                line.say(report.added)
            elif said == "watch":
                engine.start_background()
                with engine.subscribe() as news:
                    while not engine.snapshot.listed():  # what the other one imported is on its way
                        await anext(news)
                line.say("watching")
            elif said == "rest":
                await (await engine.services()).credentials.aclose()  # renewals begun behind requests end first
                line.say("resting")
            else:
                line.say(await asyncio.gather(*(_outcome(engine) for _ in range(said))))
    line.say("stopped")


async def _outcome(engine: Engine, account_id: str | None = None) -> str:
    try:
        await engine.chat(request(SONNET), Ask(model=SONNET, account_id=account_id))
    except RotaError as error:
        return f"{type(error).__name__}: {error}"
    return "answered"


async def opencode(line: Line, auth: str, auth_url: str, clock: Clock) -> None:
    """What OpenCode does to its auth.json: reads it whole and writes it whole, in place and without a lock."""
    import httpx

    path, rng, writing = Path(auth), random.Random(3), asyncio.Lock()

    async def rewrite() -> None:
        while True:
            async with writing:
                held = json.loads(path.read_text())
                await asyncio.sleep(rng.uniform(0.0, 0.003))
                path.write_text(
                    json.dumps({**held, "openai": {"type": "api", "key": f"sk-{rng.random()}"}}, indent=2)
                )
            await asyncio.sleep(rng.uniform(0.0, 0.05))

    async def renewed(entry: dict[str, Any]) -> dict[str, Any]:
        spent = {"grant_type": "refresh_token", "refresh_token": entry["refresh"], "client_id": OPENCODES_CLIENT}
        given = (await client.post(f"{auth_url}/v1/oauth/token", json=spent)).raise_for_status().json()
        expires = int((clock.now() + given["expires_in"]) * 1000)
        fresh = {"refresh": given["refresh_token"], "access": given["access_token"], "expires": expires}
        return {"type": "oauth", **fresh}

    rewriting = asyncio.create_task(rewrite())
    async with httpx.AsyncClient() as client:
        line.say("ready")
        while (said := await line.hear()) != "stop":
            async with writing:
                if said == "renew":
                    held = json.loads(path.read_text())
                    path.write_text(json.dumps({**held, "anthropic": await renewed(held["anthropic"])}, indent=2))
            line.say("done")
    rewriting.cancel()
    line.say("stopped")


# --- a process that is killed -----------------------------------------------------------------------------

_STEPS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "socket.connect", "os.listdir"})
"""What the interpreter tells an audit hook and what marks a step on disk or wire."""


@dataclass
class Steps:
    """The steps a process took."""

    taken: int = 0
    replaced: list[int] = field(default_factory=list)
    """Those that put a file in place of another: a vault's, or another tool's."""


def die_at(step: int, home: str) -> Steps:
    """Have the system kill this process at its `step`-th step from here on; returns its steps, which go on."""
    steps = Steps()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _STEPS and (event == "socket.connect" or home in str(args[0])):
            steps.taken += 1
            if event == "os.rename":
                steps.replaced.append(steps.taken)
            if steps.taken == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return steps


async def doomed(line: Line, home: str, person: str, root: str, clock: Clock, scene: str, step: int) -> None:
    """Act a scene at a home and say what came of it as it happens; die at that step, 0 for never."""
    live_in(person)
    settings = settings_for(root)
    settings = replace(settings, usage=replace(settings.usage, enabled=False))
    async with open_engine(home=Path(home), settings=settings, clock=clock, seed=1) as engine:
        await engine.services()
        steps = die_at(step, str(Path(home).parent))
        await _SCENES[scene](line, engine)
    line.say(("replaced", steps.replaced))
    line.say(("steps", steps.taken))


async def _import(line: Line, engine: Engine) -> None:
    desk = await engine.imports()
    report = await desk.apply(await desk.plan())
    line.say(("added", report.added))


async def _undo(_line: Line, engine: Engine) -> None:
    await (await engine.imports()).undo()


async def _renewal(line: Line, engine: Engine) -> None:
    for state in engine.snapshot.listed():
        if state.account.kind is Kind.SUBSCRIPTION:
            line.say(("asked", await _outcome(engine, state.id)))


async def _removal(line: Line, engine: Engine) -> None:
    for state in engine.snapshot.listed()[:2]:
        await engine.remove([state.id])
        line.say(("removed", state.account.label))


async def _holds(line: Line, engine: Engine) -> None:
    """Say limits for a while, each known to the test as soon as it was said."""
    states, clock = engine.snapshot.listed(), engine.clock
    for number in range(10_000):
        state = states[number % len(states)]
        hold = CooldownStarted(
            at=clock.now(), account_id=state.id, until=clock.now() + 9e6, meaning=Meaning.LIMITED, reason=str(number)
        )
        engine.journal.publish(hold)
        line.say((time.monotonic(), state.id, number))
        await asyncio.sleep(0.002)


_SCENES = {
    "import": _import,
    "undo": _undo,
    "renewal": _renewal,
    "shared renewal": _renewal,
    "removal": _removal,
    "holds": _holds,
}
