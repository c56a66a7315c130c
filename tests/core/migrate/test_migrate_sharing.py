"""rota and OpenCode share a login against the simulator: each refresh token is spent once and no login is lost."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.foreign_files import NOW, NOW_MS, Machine, oauth, token
from tests.support.importing import Home, home
from tests.support.simulated import ROOT, reach, seeded

from rota.account import Identity, Kind
from rota.clock import ManualClock
from rota.errors import Meaning
from rota.events import AccountSwitched, CooldownStarted, QuotaObserved
from rota.migrate.borders import login
from rota.migrate.live import facts
from rota.migrate.watch import LOOK_S, Watcher
from rota.migrate.writeback import SharedLogins
from rota.pool.refresh import Credentials
from rota.providers.anthropic import AnthropicProvider
from rota.secret import Secret
from rota.simulator import World, base_urls, refreshes_of
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from rota.providers.base import Credential

LIFE_S = 8 * 3600.0
AUTH_URL = base_urls(ROOT)["anthropic_auth"]
CLAUDE_CODES_CLIENT = "9d1c250a-e61b-44d9-88ed-5944d1962f5e"


@dataclass
class OpenCode:
    """Does to its auth.json what OpenCode does: reads it whole, writes it whole, in place and without a lock."""

    path: Path
    client: httpx.AsyncClient
    clock: ManualClock

    def read(self) -> dict[str, Any]:
        held: dict[str, Any] = json.loads(self.path.read_text())
        return held

    def write(self, held: dict[str, Any]) -> None:
        self.path.write_text(json.dumps(held, indent=2))

    async def renew(self) -> None:
        """Spend the refresh token in the file."""
        held = self.read()
        answer = await self.client.post(
            f"{AUTH_URL}/v1/oauth/token",
            json={
                "grant_type": "refresh_token",
                "refresh_token": held["anthropic"]["refresh"],
                "client_id": CLAUDE_CODES_CLIENT,
            },
        )
        given = answer.raise_for_status().json()
        self.write(
            {
                **held,
                "anthropic": {
                    "type": "oauth",
                    "refresh": given["refresh_token"],
                    "access": given["access_token"],
                    "expires": int((self.clock.now() + given["expires_in"]) * 1000),
                },
            }
        )


@dataclass
class Rota:
    """One rota process."""

    home: Home
    credentials: Credentials
    watcher: Watcher


@dataclass
class Scene:
    """Two rotas and OpenCode on one machine, one account between them."""

    world: World
    clock: ManualClock
    machine: Machine
    opencode: OpenCode
    rotas: list[Rota]
    account_id: str

    def in_file(self) -> str:
        token: str = self.opencode.read()["anthropic"]["refresh"]
        return token

    async def in_vault(self) -> Credential:
        return await self.rotas[0].home.login(self.account_id)

    def wasted(self) -> list[dict[str, Any]]:
        """Tokens that were spent twice or refused."""
        return [token for token in refreshes_of(self.world) if token["spent"] > 1 or token["refused"]]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    clock, vault, machine = ManualClock(NOW), MemoryVault(), Machine(tmp_path / "home")
    world = World(clock)
    world.add_subscription("ada", "max20", email="ada@example.com")
    given = seeded(world, "ada")
    entry = {
        "type": "oauth",
        "refresh": given["refresh_token"],
        "access": given["secret"],
        "expires": int(given["expires_at"] * 1000),
    }
    machine.write(machine.auth, {"openai": {"type": "api", "key": "sk-other"}, "anthropic": entry})
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(reach(world))
        provider = AnthropicProvider(client, api_url=base_urls(ROOT)["anthropic_api"], auth_url=AUTH_URL, clock=clock)

        async def identify(_provider: str, credential: Credential) -> Identity:
            return await provider.identify(credential)

        rotas = []
        for _ in range(2):
            here = await stack.enter_async_context(home(machine, tmp_path / "rota", clock=clock, vault=vault))
            shared = SharedLogins(
                links=here.links,
                journal=here.journal,
                identify=identify,
                places=machine.places,
                sources=here.sharing,
                locks=here.paths.locks,
                clock=clock,
            )
            providers = {"anthropic": provider}
            credentials = Credentials(here.journal, vault, providers, here.paths.locks, clock, shared=shared)
            watcher = Watcher(
                taker=credentials,
                links=here.links,
                journal=here.journal,
                places=machine.places,
                sources=here.sharing,
                clock=clock,
            )
            rotas.append(Rota(here, credentials, watcher))
        await rotas[0].home.importer.apply(await rotas[0].home.plan(identify))
        (state,) = rotas[0].home.journal.snapshot.listed()
        await rotas[1].home.journal.refresh()
        yield Scene(world, clock, machine, OpenCode(machine.auth, client, clock), rotas, state.id)
        for rota in rotas:
            await rota.credentials.aclose()


async def test_an_imported_login_is_known_by_its_identity_and_rotas_to_renew(scene: Scene) -> None:
    state = scene.rotas[0].home.journal.snapshot.account(scene.account_id)
    given = seeded(scene.world, "ada")
    assert state is not None
    assert state.account.identity == f"{given['account_uuid']}/{given['organization_uuid']}"
    assert (await scene.in_vault()).owner is None


async def test_when_rota_renews_opencode_has_the_successor_at_once(scene: Scene) -> None:
    before = scene.opencode.read()
    await scene.clock.advance(LIFE_S)

    credential = await scene.rotas[0].credentials.current(scene.account_id)

    after = scene.opencode.read()
    assert credential.refresh is not None
    assert after["anthropic"]["refresh"] == credential.refresh.reveal()
    assert after["anthropic"]["access"] == credential.secret.reveal()
    assert after["openai"] == before["openai"]
    await scene.opencode.renew()
    assert scene.wasted() == []


async def test_when_opencode_renews_rota_has_the_successor_at_once(scene: Scene) -> None:
    await scene.clock.advance(LIFE_S)
    await scene.opencode.renew()

    await scene.rotas[0].watcher.look()

    credential = await scene.in_vault()
    assert credential.refresh is not None
    assert credential.refresh.reveal() == scene.in_file()
    assert (await scene.rotas[1].credentials.current(scene.account_id)).secret == credential.secret
    assert scene.wasted() == []


async def test_without_a_watcher_rota_looks_before_it_spends(scene: Scene) -> None:
    await scene.clock.advance(LIFE_S)
    await scene.opencode.renew()

    credential = await scene.rotas[0].credentials.current(scene.account_id)

    assert credential.refresh is not None
    assert credential.refresh.reveal() == scene.in_file()
    assert scene.wasted() == []


async def test_a_login_that_opencode_renewed_long_ago_is_renewed_in_its_place(scene: Scene) -> None:
    await scene.clock.advance(LIFE_S)
    await scene.opencode.renew()
    await scene.clock.advance(LIFE_S + 1)

    credential = await scene.rotas[0].credentials.current(scene.account_id)

    assert credential.refresh is not None
    assert credential.refresh.reveal() == scene.in_file()
    assert scene.wasted() == []


async def test_through_200_expiries_no_token_is_spent_twice_and_no_login_is_lost(scene: Scene) -> None:
    rng = random.Random(7)
    one, two = scene.rotas
    for _ in range(200):
        stale = scene.opencode.read()
        await scene.clock.advance(LIFE_S - rng.choice([0.0, 20.0, 200.0]))
        match rng.choice(["opencode", "rota", "both rotas", "stale write"]):
            case "opencode":
                await scene.opencode.renew()
            case "rota":
                await rng.choice([one, two]).credentials.current(scene.account_id)
            case "both rotas":
                await asyncio.gather(*(rota.credentials.current(scene.account_id) for rota in (one, two)))
            case "stale write":
                # OpenCode saves another provider's key from what it read before rota renewed.
                await one.credentials.current(scene.account_id)
                await one.credentials.aclose()
                scene.opencode.write({**stale, "openai": {"type": "api", "key": f"sk-{rng.random()}"}})
        for rota in (one, two):
            await rota.credentials.aclose()
        await rng.choice([one, two]).watcher.look()
        for rota in (one, two):
            await rota.home.journal.flush()
        for rota in (one, two):
            await rota.home.journal.refresh()
        credential = await scene.in_vault()
        assert credential.refresh is not None
        assert credential.refresh.reveal() == scene.in_file()

    assert scene.wasted() == []
    assert sum(token["spent"] for token in refreshes_of(scene.world)) >= 200
    assert one.home.journal.snapshot.listed()[0].usable()


async def test_the_watcher_hears_of_a_change(scene: Scene) -> None:
    here, inner = scene.rotas[0].home, scene.rotas[0].credentials
    looked, taken = asyncio.Event(), asyncio.Event()

    class Telling:
        async def take_over(self, account_id: str) -> bool:
            done = await inner.take_over(account_id)
            looked.set()
            if done:
                taken.set()
            return done

    watcher = Watcher(
        taker=Telling(),
        links=here.links,
        journal=here.journal,
        places=scene.machine.places,
        sources=here.sharing,
        clock=scene.clock,
    )
    await scene.clock.advance(LIFE_S)
    running = asyncio.create_task(watcher.run())
    try:
        await asyncio.wait_for(looked.wait(), 20)
        await scene.opencode.renew()
        await asyncio.wait_for(taken.wait(), 20)
        assert (await scene.in_vault()).expires_at == scene.clock.now() + LIFE_S
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_watch_that_the_system_refuses_becomes_a_look_now_and_then(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_args: object, **_options: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchfiles.awatch", refused)
    looks: asyncio.Queue[str] = asyncio.Queue()

    class Counting:
        async def take_over(self, account_id: str) -> bool:
            looks.put_nowait(account_id)
            return False

    here = scene.rotas[0].home
    watcher = Watcher(
        taker=Counting(),
        links=here.links,
        journal=here.journal,
        places=scene.machine.places,
        sources=here.sharing,
        clock=scene.clock,
    )
    running = asyncio.create_task(watcher.run())
    try:
        assert await asyncio.wait_for(looks.get(), 20) == scene.account_id
        while looks.empty():
            await scene.clock.advance(LOOK_S)
        assert looks.get_nowait() == scene.account_id
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_shares_no_login_has_no_foreign_file_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path / "home")
    machine.write(machine.auth, {"anthropic": oauth("a")})
    monkeypatch.setattr("rota.migrate.foreign.read_text", _never)
    monkeypatch.setattr("rota.migrate.writeback.read_text", _never)
    async with home(machine, tmp_path / "rota") as here:
        stored = login(Secret(token("oat", "a")), Secret(token("ort", "a")), NOW)
        added = await here.accounts.add("anthropic", stored, Identity("x/y", Kind.SUBSCRIPTION))
        places, clock = machine.places, here.clock
        shared = SharedLogins(
            links=here.links,
            journal=here.journal,
            identify=_never,
            places=places,
            sources=here.sharing,
            locks=here.paths.locks,
            clock=clock,
        )
        assert await shared.newest(added.account_id, stored) is None
        await shared.on_renewed(added.account_id, stored.secret.fingerprint(), stored)
        watcher = Watcher(
            taker=_Nothing(),
            links=here.links,
            journal=here.journal,
            places=places,
            sources=here.sharing,
            clock=clock,
        )
        await watcher.look()


def _never(*_args: object) -> Any:
    raise AssertionError("it was asked for")


# --- what a plugin's file tells ----------------------------------------------------------------------------


async def test_an_account_switched_or_limited_in_a_plugin_shows_here(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")

    def accounts(active: int, limited_until: int | None) -> None:
        first = {**oauth("a"), "addedAt": 1, "label": "first"}
        second = {**oauth("b"), "addedAt": 2, "label": "second"}
        if limited_until is not None:
            first["rateLimitedUntil"] = limited_until
        machine.write(machine.plugin_accounts, {"accounts": [first, second], "activeIndex": active})

    accounts(0, None)
    async with home(machine, tmp_path / "rota") as here:
        await here.importer.apply(await here.plan())
        first, second = here.journal.snapshot.listed()
        watcher = Watcher(
            taker=_Nothing(),
            links=here.links,
            journal=here.journal,
            places=machine.places,
            sources=here.sharing,
            clock=here.clock,
        )
        await watcher.look()

        accounts(1, NOW_MS + 90_000)
        await watcher.look()
        await watcher.look()

        snapshot = here.journal.snapshot
        assert snapshot.active["anthropic"].account_id == second.id
        assert snapshot.active["anthropic"].reason == "switched to in anthropic-multi-auth"
        state = snapshot.account(first.id)
        assert state is not None
        assert state.hold is not None
        assert (state.hold.until, state.hold.meaning) == (NOW + 90, Meaning.LIMITED)
        await here.journal.flush()
        events = await here.journal.ask(lambda log: log.recent(50))
        assert sum(isinstance(e, CooldownStarted) for e in events) == 1
        assert sum(isinstance(e, AccountSwitched) and not e.by_person for e in events) == 1


async def test_figures_that_a_plugin_wrote_down_are_seen_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    entry = {"name": "w", **oauth("a")}
    machine.write(".config/opencode/anthropic-multi-account-accounts.json", {"accounts": [entry]})
    gauge = {"session5h": {"utilization": 0.4, "reset": NOW + 9}, "timestamp": "2027-01-15T08:00:00Z"}
    machine.write(".config/opencode/anthropic-multi-account-state.json", {"currentAccount": 0, "usage": {"w": gauge}})
    async with home(machine, tmp_path / "rota") as here:
        await here.importer.apply(await here.plan())
        (state,) = here.journal.snapshot.listed()
        (record,) = machine.reading("anthropic-multi-account").records

        first = facts(None, {state.id: record}, here.journal.snapshot, NOW)
        again = facts({state.id: record}, {state.id: record}, here.journal.snapshot, NOW)

        assert [type(event) for event in first] == [QuotaObserved]
        assert again == []
        assert state.windows["5h"].utilization == 0.4


class _Nothing:
    async def take_over(self, account_id: str) -> bool:
        return False
