"""A gateway as other programs meet it: real sockets before and behind it, the simulated providers at the end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from anthropic import AsyncAnthropic
from anthropic import DefaultAsyncHttpxClient as AnthropicHttp
from openai import AsyncOpenAI
from openai import DefaultAsyncHttpxClient as OpenAIHttp
from tests.support.wiretap import Wiretap

from rota.clock import SystemClock
from rota.demo import credential_of
from rota.engine import Engine, open_engine
from rota.events import AttemptFailed, Event, RequestFailed, RequestServed
from rota.settings import Settings
from rota.simulator import SimulatorServer, World, base_urls
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.support.wiretap import Passed

    from rota.clock import Clock
    from rota.gateway.server import Gateway
    from rota.hub import Subscription
    from rota.simulator import Fault
    from rota.simulator.calls import Call
    from rota.snapshot import AccountState
    from rota.vault.base import Vault

E = TypeVar("E", bound=Event)

CLAUDE = "claude-sonnet-4-6"
MODEL_PATHS = ("/v1/messages", "/drivers/call", "/v1/messages/count_tokens")


@dataclass
class Gatewayed:
    """A running gateway, the world behind it, and what the log was told."""

    engine: Engine
    gateway: Gateway
    simulator: SimulatorServer
    tap: Wiretap
    """On the wire to the providers, when it is asked for."""
    _stack: AsyncExitStack
    _events: Subscription
    _told: list[Event] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.simulator.world

    @property
    def wire(self) -> list[Passed]:
        """What passed on the tapped wire."""
        return self.tap.passed

    @property
    def key(self) -> str:
        return self.gateway.key.reveal()

    async def openai(self, **more: Any) -> AsyncOpenAI:
        """The official SDK, as strict as it can be, without retries unless asked for."""
        options = {"api_key": self.key, "max_retries": 0, "_strict_response_validation": True, **more}
        return await self._stack.enter_async_context(
            AsyncOpenAI(base_url=f"{self.gateway.url}/v1", http_client=OpenAIHttp(trust_env=False), **options)
        )

    async def anthropic(self, **more: Any) -> AsyncAnthropic:
        """The other official SDK, likewise."""
        options = {"api_key": self.key, "max_retries": 0, "_strict_response_validation": True, **more}
        return await self._stack.enter_async_context(
            AsyncAnthropic(base_url=self.gateway.url, http_client=AnthropicHttp(trust_env=False), **options)
        )

    async def http(self, **headers: str) -> httpx.AsyncClient:
        """A plain client that shows the key."""
        headers = {"authorization": f"Bearer {self.key}", **headers}
        return await self._stack.enter_async_context(
            httpx.AsyncClient(base_url=self.gateway.url, headers=headers, trust_env=False, timeout=60)
        )

    def force(self, *faults: Fault) -> None:
        for fault in faults:
            self.world.faults.force(fault)

    def calls(self) -> list[Call]:
        """Every call that reached the providers' model endpoints."""
        return [c for c in self.world.calls.listed() if c.path in MODEL_PATHS]

    def heard(self, kind: type[E]) -> list[E]:
        """The events of one kind since the gateway began."""
        self._told += self._events.look().events
        return [e for e in self._told if isinstance(e, kind)]

    def forget(self) -> None:
        """Hear only of what happens from here on."""
        self._events.look()
        self._told.clear()

    def served(self) -> list[RequestServed]:
        return self.heard(RequestServed)

    def failed(self) -> list[RequestFailed]:
        return self.heard(RequestFailed)

    def attempts(self) -> list[AttemptFailed]:
        return self.heard(AttemptFailed)

    def state(self, label: str) -> AccountState:
        return next(s for s in self.engine.snapshot.listed() if s.account.label == label)

    def idle(self) -> bool:
        """Whether no account is serving anything."""
        return not self.engine.snapshot.in_flight


async def until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Let everything run until something is so."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the code under test
            await asyncio.sleep(0)


def one_key(world: World) -> None:
    world.add_api_key("console")


def two_keys(world: World) -> None:
    world.add_api_key("first")
    world.add_api_key("second")


def one_puter(world: World) -> None:
    world.add_puter("carol", "paid")


def key_and_puter(world: World) -> None:
    one_key(world)
    one_puter(world)


def one_subscription(world: World) -> None:
    world.add_subscription("max", "max20")


def settings_for(root: str, **sections: dict[str, Any]) -> Settings:
    """The defaults, pointed at a simulator, with the given fields of the given sections."""
    urls, base = base_urls(root), Settings()
    places: dict[str, dict[str, Any]] = {
        "anthropic": {
            "api_url": urls["anthropic_api"],
            "auth_url": urls["anthropic_auth"],
            "authorize_url": urls["anthropic_auth"],
        },
        "puter": {"api_url": urls["puter_api"], "gui_url": urls["puter_gui"]},
        "gateway": {"port": 0},
        "pool": {"retry_base_s": 0.01},
    }
    for name, given in sections.items():
        places[name] = {**places.get(name, {}), **given}
    return replace(base, **{name: replace(getattr(base, name), **given) for name, given in places.items()})


@asynccontextmanager
async def gatewayed(
    home: Path,
    build: Callable[[World], None] = one_key,
    *,
    clock: Clock | None = None,
    world_clock: Clock | None = None,
    tapped: bool = False,
    vault: Vault | None = None,
    **sections: dict[str, Any],
) -> AsyncIterator[Gatewayed]:
    """A gateway over the accounts that `build` makes in an empty world.

    Args:
        clock: rota's own.
        world_clock: the simulator's, when it is another.
        tapped: keep the bytes that pass on the wire to the providers.
        vault: where the secrets are; in memory when None.
        sections: settings that differ from the defaults: `pool={"max_attempts": 3}`.
    """
    world = World(world_clock or clock or SystemClock())
    build(world)
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(SimulatorServer(world=world))
        tap = Wiretap(simulator.root)
        root = (await stack.enter_async_context(tap)).url if tapped else simulator.root
        vault = vault or MemoryVault()
        engine = await stack.enter_async_context(
            open_engine(home=home, settings=settings_for(root, **sections), clock=clock, vault=vault, seed=1)
        )
        for login in simulator.credentials:
            await engine.add_credential(login["provider"], credential_of(login), label=login["label"])
        gateway = await engine.start_gateway()
        tap.passed.clear()
        clients = await stack.enter_async_context(AsyncExitStack())
        yield Gatewayed(engine, gateway, simulator, tap, clients, engine.subscribe())
