"""A pool over the simulated providers, in process: the real clients, the real log, a clock that stands still."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from rota.account import Account, Kind
from rota.clock import ManualClock
from rota.errors import RotaError
from rota.events import AccountAdded, AttemptFailed, Event, RequestFailed, RequestServed
from rota.journal import Journal
from rota.log import SqliteLog
from rota.pool.pool import Ask, Hop, Pool
from rota.pool.refresh import Credentials
from rota.pool.rules import Order, Rules
from rota.providers.anthropic import AnthropicProvider
from rota.providers.base import ChatRequest, Credential, Message, Role, Text, TextDelta
from rota.providers.credential import seal
from rota.providers.http import open_client
from rota.providers.puter import PuterProvider
from rota.secret import Secret
from rota.simulator import World, base_urls, create_app, credentials_of
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from rota.errors import Attempt
    from rota.providers.base import Provider
    from rota.simulator import Fault
    from rota.snapshot import AccountState, Snapshot

T = TypeVar("T")

ORDERS = {"anthropic": Order.ACCOUNTS_FIRST, "puter": Order.MODELS_FIRST}


@dataclass
class Pooled:
    """A running pool, its world, and what the log was told."""

    pool: Pool
    credentials: Credentials
    journal: Journal
    world: World
    clock: ManualClock
    vault: MemoryVault
    providers: dict[str, Provider]
    ids: dict[str, str] = field(default_factory=dict)
    """Account ids by label."""
    told: list[Event] = field(default_factory=list)

    @property
    def snapshot(self) -> Snapshot:
        return self.journal.snapshot

    def state(self, label: str) -> AccountState:
        return self.snapshot.accounts[self.ids[label]]

    def force(self, *faults: Fault) -> None:
        for fault in faults:
            self.world.faults.force(fault)

    def heard(self, kind: type[Event]) -> list[Any]:
        """The events of one kind that were published so far."""
        return [e for e in self.told if isinstance(e, kind)]

    def calls(self, path: str = "") -> list[tuple[str | None, str | None]]:
        """Account and model of every call that reached the providers' model endpoints."""
        paths = (path,) if path else ("/v1/messages", "/drivers/call")
        return [(c.account, c.model) for c in self.world.calls.listed() if c.path in paths]

    async def ask(self, model: str, text: str = "hi", **more: Any) -> str:
        """Ask whole; gives the label that served."""
        served = await self.pool.complete(request(model, text), Ask(model=model, **more))
        return self.label(served.story)

    async def stream(self, model: str, text: str = "hi", **more: Any) -> tuple[str, list[Hop], RequestServed]:
        """Ask streamed; gives the text, the hops before it and the story."""
        words, hops = [], []
        async with self.pool.stream(request(model, text), Ask(model=model, **more)) as stream:
            async for item in stream:
                if isinstance(item, Hop):
                    hops.append(item)
                elif isinstance(item, TextDelta):
                    words.append(item.text)
            assert stream.story is not None
            return "".join(words), hops, stream.story

    def label(self, story: RequestServed) -> str:
        return self.snapshot.accounts[story.account_id].account.label

    def stories(self) -> list[RequestServed | RequestFailed]:
        return [e for e in self.told if isinstance(e, RequestServed | RequestFailed)]


def request(model: str, text: str = "hi") -> ChatRequest:
    return ChatRequest(model=model, messages=(Message(Role.USER, (Text(text),)),), max_tokens=64)


def path_of(attempts: tuple[Attempt, ...]) -> list[str]:
    """`a m0 limited` for each attempt."""
    return [f"{a.account_label} {a.model} {a.meaning}" for a in attempts]


@asynccontextmanager
async def pooled(
    home: Path,
    build: Callable[[World], object],
    *,
    clock: ManualClock | None = None,
    seed: int = 1,
    transport: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda inner: inner,
    **rules: Any,
) -> AsyncIterator[Pooled]:
    """A pool over the accounts that `build` makes in an empty world.

    Args:
        transport: wraps the way to the simulator.
        rules: of the pool, where they differ from the defaults.
    """
    clock = clock or ManualClock()
    world = World(clock, seed=seed)
    build(world)
    urls = base_urls("http://simulator.test")
    client = open_client(transport=transport(httpx.ASGITransport(create_app(world))))
    providers: dict[str, Provider] = {
        "anthropic": AnthropicProvider(
            client, api_url=urls["anthropic_api"], auth_url=urls["anthropic_auth"], clock=clock
        ),
        "puter": PuterProvider(client, api_url=urls["puter_api"], gui_url=urls["puter_gui"], clock=clock),
    }
    vault = MemoryVault()
    settings = Rules(**{"orders": ORDERS, "strategy": "lowest-utilization", **rules})
    try:
        async with Journal(SqliteLog.open(home / "log.db"), clock) as journal:
            credentials = Credentials(journal, vault, providers, home / "locks", clock)
            pool = Pool(journal, credentials, providers, settings, clock, random.Random(seed))
            it = Pooled(pool, credentials, journal, world, clock, vault, providers)
            publish = journal.publish

            def listen(*events: Event) -> None:
                it.told.extend(events)
                publish(*events)

            journal.publish = listen  # type: ignore[method-assign]  # only listens
            for number, login in enumerate(credentials_of(world)):
                await add_login(it, login, number)
            yield it
            await pool.aclose()
            await credentials.aclose()
    finally:
        await client.aclose()


async def add_login(it: Pooled, login: dict[str, Any], number: int) -> None:
    """Add a login of the world as a sign-in would."""
    kind, label = Kind(login["kind"]), login["label"]
    account = Account(
        id=f"id-{label}",
        provider=login["provider"],
        kind=kind,
        identity=label,
        label=label,
        plan=login.get("plan"),
        position=float(number),
        added_at=it.clock.now(),
    )
    it.ids[label] = account.id
    await it.vault.put(f"account/{account.id}", seal(credential_of(login)))
    it.journal.publish(AccountAdded(at=it.clock.now(), account=account))


def credential_of(login: dict[str, Any]) -> Credential:
    refresh = login.get("refresh_token")
    return Credential(
        kind=Kind(login["kind"]),
        secret=Secret(login["secret"]),
        refresh=Secret(refresh) if refresh else None,
        expires_at=login.get("expires_at"),
        scopes=tuple(login.get("scopes", ())),
        client_id=login.get("client_id"),
    )


async def refused(it: Pooled, model: str, **more: Any) -> tuple[RotaError, list[AttemptFailed]]:
    """Ask what cannot be served; gives the error and the attempts that the log was told of."""
    try:
        await it.ask(model, **more)
    except RotaError as error:
        return error, it.heard(AttemptFailed)
    raise AssertionError("it was served")


async def settle(turns: int = 200) -> None:
    """Let tasks that are ready run."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def waited(it: Pooled, work: Awaitable[T], seconds: float) -> T:
    """Do `work` while up to so much time passes."""
    task = asyncio.ensure_future(work)
    until = it.clock.monotonic() + seconds
    await settle()
    while not task.done() and it.clock.monotonic() < until:
        await it.clock.advance(0.5)
        await settle()
    assert task.done(), f"not done after {seconds} seconds"
    return await task
