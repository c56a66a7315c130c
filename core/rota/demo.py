"""The demo: a simulated world, a throw-away home, and a few clients that ask the pool all the time.

Nothing of the person's is read or written: the home is a new temporary folder, the vault is memory, and every address
is the simulator's. One fast clock drives the app and the simulator, so that five hours pass in five minutes.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from rota.account import Kind
from rota.clock import FastClock
from rota.engine import Engine, open_engine
from rota.events import (
    AccountSwitched,
    CooldownStarted,
    RequestFailed,
    RequestServed,
    TokenRefreshed,
)
from rota.gateway.keys import Keys
from rota.migrate.places import Places
from rota.model_names import instead_of
from rota.providers.base import Credential
from rota.secret import Secret
from rota.settings import AnthropicSettings, PuterSettings, Settings
from rota.simulator import SimulatorServer, set_account
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from rota.events import Event

SPEED = 60.0
SPENDER_S = 120.0
"""Seconds of the demo's time between two visits of the second spender."""
SPENDER_SHARE, SPENDER_LEAP = 0.1, 0.6
"""What a visit uses of the window, and the used share from which it takes all the rest at once."""
SPENT_S = 900.0
CHAIN = "openrouter:xiaomi/mimo-v2-flash:free"
"""The head of the default chain of free models; the demo's world keeps it busy, so that the chain is seen at work."""


@dataclass(frozen=True, slots=True)
class Client:
    """One simulated program that asks the pool, as an agent does: a session, a question, a pause."""

    name: str
    model: str
    pause: float
    """Seconds of the demo's time between two questions, on average."""
    tokens: int


CLIENTS = (
    Client("opencode", "anthropic/claude-sonnet-4-5", 45, 900),
    Client("night-agent", "anthropic/claude-opus-4-5", 80, 1400),
    Client("reviewer", "anthropic/claude-haiku-4-5", 60, 400),
    Client("docs-bot", CHAIN, 100, 500),
    Client("script", "puter/gpt-5-nano", 150, 200),
)

PROMPTS = (
    "Why does this test fail only in parallel runs?",
    "Write the migration for the new column, with a way back.",
    "Review this diff for races.",
    "Name three edge cases of this parser.",
    "Explain this traceback to a new colleague.",
    "Make this loop faster without making it clever.",
)


class Demo:
    """A running demo: its engine is the one the app shows."""

    def __init__(self, engine: Engine, simulator: SimulatorServer, clock: FastClock, seed: int) -> None:
        self.engine = engine
        self.simulator = simulator
        self.clock = clock
        self._rng = random.Random(seed)
        self._called: dict[str, str] = {}
        """What the simulated world calls an account, by its id: in the app it may get another label."""

    async def sign_in(self) -> None:
        """Add every account of the simulated world, through the same door as a person's; the paid key helps out."""
        for login in self.simulator.credentials:
            added = await self.engine.add_credential(
                login["provider"], credential_of(login), label=login["label"], origin="simulator"
            )
            self._called[added.account_id] = login["label"]
            if login["kind"] == Kind.API_KEY:
                await (await self.engine.accounts()).reserve(added.account_id, True)

    async def traffic(self) -> None:
        """Let the clients ask through the gateway, each with a key of its own, until cancelled."""
        await self.engine.start_gateway(port=0)
        keys = Keys(self.engine.journal, (await self.engine.services()).vault, self.clock)
        async with (
            httpx.AsyncClient(trust_env=False, timeout=None) as http,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._second_spender())
            for client in CLIENTS:
                key = await keys.add(client.name)
                group.create_task(self._client(client, http, key, random.Random(self._rng.random())))

    async def _second_spender(self) -> None:
        """Somebody else's program uses up the account that serves, as happens.

        At first at a pace that can be foreseen, then at once: rota learns of that by the refusal.
        """
        while True:
            await self.clock.sleep(SPENDER_S)
            active = self.engine.snapshot.active.get("anthropic")
            state = self.engine.snapshot.account(active.account_id) if active and active.account_id else None
            window = state.windows.get("5h") if state is not None else None
            if state is None or window is None or (called := self._called.get(state.id)) is None:
                continue
            used = 0.0 if window.expired(self.clock.now()) else window.utilization or 0.0
            spent: dict[str, float] = {"utilization": used + SPENDER_SHARE}
            if used >= SPENDER_LEAP:
                spent = {"utilization": 1.02, "resets_in": SPENT_S}
            set_account(self.simulator.world, called, {"five_hour": spent})

    async def _client(self, client: Client, http: httpx.AsyncClient, key: Secret, rng: random.Random) -> None:
        number = 0
        while True:
            prompt = f"{rng.choice(PROMPTS)} [[tokens={round(client.tokens * rng.uniform(0.6, 1.4))}]]"
            body = {"model": client.model, "stream": True, "messages": [{"role": "user", "content": prompt}]}
            headers = {
                "authorization": f"Bearer {key.reveal()}",
                "x-session-id": f"{client.name}-{number // 6}",
            }
            # A refusal or a broken stream is part of the show: its story is in the log, where the app shows it.
            if (gateway := self.engine.gateway) is not None:  # off, or on another port than before, as one likes
                url = f"{gateway.url}/v1/chat/completions"
                with suppress(httpx.HTTPError):
                    async with http.stream("POST", url, json=body, headers=headers) as answer:
                        async for _ in answer.aiter_bytes():
                            pass
            number += 1
            await self.clock.sleep(client.pause * rng.uniform(0.5, 1.5))


@asynccontextmanager
async def open_demo(*, speed: float = SPEED, seed: int = 7) -> AsyncIterator[Demo]:
    """Open a demo; leaving it deletes its home.

    Args:
        speed: how many seconds pass in one.
        seed: of the world, the traffic and the jitter.
    """
    clock = FastClock(speed)
    clock.stand()  # else a slow machine is not signed in before the first login ends
    with tempfile.TemporaryDirectory(prefix="rota-demo-") as home:
        async with SimulatorServer("demo", seed=seed, clock=clock, pace=1.0 / speed) as simulator:
            engine_opened = open_engine(
                home=Path(home),
                settings=settings_for(simulator.base_urls),
                clock=clock,
                vault=MemoryVault(),
                seed=seed,
                places=Places(Path(home) / "other-tools", system="posix"),  # empty, and no keychain
            )
            async with engine_opened as engine:
                demo = Demo(engine, simulator, clock, seed)
                await demo.sign_in()
                clock.go()
                yield demo


@asynccontextmanager
async def running(demo: Demo) -> AsyncIterator[None]:
    """Let the demo's clients ask for as long as the context."""
    traffic = asyncio.create_task(demo.traffic(), name="demo traffic")
    try:
        yield
    finally:
        traffic.cancel()
        with suppress(asyncio.CancelledError):
            await traffic


async def check(*, seconds: float = 40.0, seed: int = 7) -> dict[str, Any]:
    """Run the demo without a screen until everything it is to show has happened, or `seconds` have passed.

    Returns what happened, with `ok` telling whether all of it did: requests served, an account cooled, another took
    over, a token was refreshed, a fallback model was used.
    """
    happened: Counter[str] = Counter()
    examples: dict[str, str] = {}
    async with open_demo(seed=seed) as demo, running(demo):
        demo.engine.start_background()
        subscription = demo.engine.subscribe()
        try:
            async with asyncio.timeout(seconds):
                async for batch in subscription:
                    for event in batch.events:
                        _note(event, happened, examples, demo.engine)
                    if all(happened[name] for name in REQUIRED):
                        break
        except TimeoutError:
            pass
        world_seconds = demo.clock.monotonic()
    missing = [name for name in REQUIRED if not happened[name]]
    return {
        "schema": 1,
        "ok": not missing,
        "missing": missing,
        "simulated_minutes": round(world_seconds / 60, 1),
        "happened": {name: happened[name] for name in (*REQUIRED, "requests_failed")},
        "examples": examples,
    }


REQUIRED = ("requests_served", "accounts_cooled", "took_over", "tokens_refreshed", "fallbacks_used")


def _note(event: Event, happened: Counter[str], examples: dict[str, str], engine: Engine) -> None:
    def label(account_id: str) -> str:
        state = engine.snapshot.account(account_id)
        return state.account.label if state is not None else account_id

    match event:
        case RequestServed():
            happened["requests_served"] += 1
            if any(a.account_id != event.account_id for a in event.attempts):
                happened["took_over"] += 1
                before = " then ".join(label(a.account_id) for a in event.attempts)
                examples.setdefault("took_over", f"{label(event.account_id)} answered after {before}")
            if asked := instead_of(event):
                happened["fallbacks_used"] += 1
                examples.setdefault("fallbacks_used", f"{event.model} answered instead of {asked}")
        case RequestFailed(message=message):
            happened["requests_failed"] += 1
            examples.setdefault("requests_failed", message)
        case CooldownStarted(account_id=account_id, reason=reason, model=None):
            happened["accounts_cooled"] += 1
            examples.setdefault("accounts_cooled", f"{label(account_id)}: {reason}")
        case AccountSwitched(account_id=account_id, previous_id=str(previous), reason=reason):
            happened["took_over"] += 1
            examples.setdefault("took_over", f"{label(account_id)} after {label(previous)}: {reason}")
        case TokenRefreshed(account_id=account_id):
            happened["tokens_refreshed"] += 1
            examples.setdefault("tokens_refreshed", label(account_id))
        case _:
            pass


def credential_of(login: Mapping[str, Any]) -> Credential:
    """A simulated world's login as a credential."""
    refresh = login.get("refresh_token")
    return Credential(
        kind=Kind(login["kind"]),
        secret=Secret(login["secret"]),
        refresh=Secret(refresh) if refresh else None,
        expires_at=login.get("expires_at"),
        scopes=tuple(login.get("scopes", ())),
    )


def settings_for(urls: Mapping[str, str]) -> Settings:
    """The defaults, pointed at the simulator; its make-believe subscriptions may be routed to."""
    defaults = Settings()
    return replace(
        defaults,
        anthropic=replace(
            AnthropicSettings(),
            api_url=urls["anthropic_api"],
            auth_url=urls["anthropic_auth"],
            authorize_url=urls["anthropic_auth"],
            route_subscriptions=True,
        ),
        puter=replace(PuterSettings(), api_url=urls["puter_api"], gui_url=urls["puter_gui"]),
    )
