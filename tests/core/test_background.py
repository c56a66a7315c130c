"""What runs behind: it waits until there is somebody to ask, and says what it found broken."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.engines import engine_on, settings_for, sign_in

import rota
import rota.vault
from rota.account import Health
from rota.clock import ManualClock
from rota.errors import VaultLocked
from rota.events import GatewayStarted
from rota.simulator import World

if TYPE_CHECKING:
    import pytest

    from rota.paths import Paths
    from rota.vault.base import Vault

SCRIPT = """
import asyncio, sys
from pathlib import Path
from rota.account import Account, Kind
from rota.engine import open_engine
from rota.events import AccountAdded
from rota.vault.memory import MemoryVault

async def main():
    vault = MemoryVault()
    async with open_engine(home=Path(sys.argv[1]), vault=vault) as engine:
        key = Account("a", "anthropic", Kind.API_KEY, "a", "a")
        engine.journal.publish(AccountAdded(at=engine.clock.now(), account=key))
        await engine.journal.flush()
        engine.start_background()
        for _ in range(50):
            await asyncio.sleep(0)
        await (await engine.accounts()).pin("a")
        print("loaded:", *sorted({"httpx", "aiohttp", "pydantic"} & sys.modules.keys()))

asyncio.run(main())
"""


def test_with_api_keys_alone_nothing_that_speaks_http_is_loaded(tmp_path: Path) -> None:
    core = str(Path(rota.__path__[0]).parent)
    script = f"import sys; sys.path.insert(0, {core!r})\n{SCRIPT}"
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "loaded:", done.stdout + done.stderr


async def test_an_account_that_comes_later_is_asked_about_too(tmp_path: Path) -> None:
    clock = ManualClock()
    world = World(clock)
    world.add_api_key("key")
    world.add_puter("ada")
    async with engine_on(world, tmp_path) as engine, asyncio.timeout(60):
        await sign_in(engine, world, "key")
        engine.start_background()
        await clock.advance(10)
        (added,) = await sign_in(engine, world, "ada")
        while "month" not in engine.snapshot.accounts[added.account_id].windows:
            await clock.advance(1)
            await engine.journal.flush()


async def test_a_gateway_that_was_killed_is_told_to_be_gone_and_one_that_listens_is_not(tmp_path: Path) -> None:
    with socket.socket() as listening, socket.socket() as closed:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        closed.bind(("127.0.0.1", 0))  # bound and deaf: nobody else can take the port, and none answers
        places = {"there": listening.getsockname()[1], "gone": closed.getsockname()[1]}
        async with engine_on(World(ManualClock()), tmp_path) as engine:
            for process, port in places.items():
                engine.journal.publish(GatewayStarted(at=1.0, process=process, host="127.0.0.1", port=port, pid=1))
            engine.start_background()
            async with asyncio.timeout(30):
                while engine.snapshot.gateways["gone"].running:  # noqa: ASYNC110 - a thread looks
                    await asyncio.sleep(0)
            assert [g.port for g in engine.snapshot.listening()] == [places["there"]]


async def test_a_damaged_vault_is_told_moved_aside_and_its_accounts_ask_for_a_sign_in(tmp_path: Path) -> None:
    clock = ManualClock()
    world = World(clock)
    world.add_api_key("ada")
    settings = settings_for()
    async with engine_on(world, tmp_path, settings=settings) as engine:
        (added,) = await sign_in(engine, world, "ada")
        secrets = engine.paths.vault_file
    secrets.write_text("{ not what it was", encoding="utf-8")

    async with engine_on(world, tmp_path, settings=settings) as engine:
        engine.start_background()
        told: list[str] = []
        while len(told) < 2:
            await clock.advance(1)
            await engine.journal.flush()
            told += engine.take_notices()
        state = engine.snapshot.accounts[added.account_id]

    damaged, gone = told
    assert "secrets.json was damaged and has been moved to secrets.json.damaged-" in damaged
    assert gone.endswith("its secret is gone from the vault; sign in again.")
    assert state.account.health is Health.NEEDS_LOGIN
    (aside,) = secrets.parent.glob("secrets.json.damaged-*")
    assert aside.read_text(encoding="utf-8") == "{ not what it was"


async def test_a_keyring_that_is_locked_at_the_start_is_told_and_unlocking_it_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    world = World(clock)
    world.add_puter("ada")
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "ada")
    locked, really_open = True, rota.vault.open_vault

    async def opened(choice: str, paths: Paths) -> Vault:
        if locked:
            raise VaultLocked("The system keyring is locked.", hint="Unlock it and try again.")
        return await really_open(choice, paths)

    monkeypatch.setattr(rota.vault, "open_vault", opened)
    async with engine_on(world, tmp_path) as engine, asyncio.timeout(60):
        engine.start_background()
        told: list[str] = []
        while not told:
            await clock.advance(1)
            told += engine.take_notices()
        assert told == ["The system keyring is locked. Unlock it and try again."]
        await clock.advance(60)
        assert engine.take_notices() == []
        locked = False
        while "month" not in engine.snapshot.accounts[added.account_id].windows:
            await clock.advance(1)
            await engine.journal.flush()
