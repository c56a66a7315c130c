"""How a gateway starts: it answers before all that it needs is there, and nobody who comes early is lost."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.support.gatewayed import gatewayed, settings_for

import rota
from rota.engine import open_engine
from rota.errors import UsageError, VaultError
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from rota.secret import Secret

SCRIPT = """
import asyncio, sys, threading
from pathlib import Path
from rota.engine import open_engine

HEAVY = {"httpx", "aiohttp", "pydantic", "keyring"}
answered, by_loop = threading.Event(), []

def watch(event, args):
    if event == "import" and args[0] in HEAVY:
        if threading.current_thread() is not threading.main_thread():
            answered.wait(30)
        elif args[0] not in sys.modules:
            by_loop.append(args[0])

async def health(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\\r\\nhost: 127.0.0.1\\r\\nconnection: close\\r\\n\\r\\n")
    said = await reader.read()
    writer.close()
    return said

async def main():
    async with open_engine(home=Path(sys.argv[1])) as engine:
        sys.addaudithook(watch)
        starting = asyncio.create_task(engine.start_gateway(port=int(sys.argv[2])))
        said = b""
        while b"200 OK" not in said and not starting.done():
            try:
                said = await health(int(sys.argv[2]))
            except ConnectionError:
                await asyncio.sleep(0)
        print("loaded when it answered:", *sorted(HEAVY & sys.modules.keys()))
        answered.set()
        await starting
        print("loaded by the event loop's thread:", *by_loop)

asyncio.run(main())
"""


class SlowVault(MemoryVault):
    """A keyring that asks its person first."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = asyncio.Event()
        self.refuses = False

    async def put(self, name: str, secret: Secret) -> None:
        await self.unlocked.wait()
        if self.refuses:
            raise VaultError("The keyring is locked.")
        await super().put(name, secret)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def health(http: httpx.AsyncClient) -> httpx.Response:
    """The answer, as soon as somebody listens."""
    async with asyncio.timeout(30):
        while True:
            with suppress(httpx.ConnectError):
                return await http.get("/healthz")


def test_health_is_told_before_http_and_checks_are_loaded_and_none_of_them_in_the_loop(tmp_path: Path) -> None:
    folder = str(Path(rota.__path__[0]).parent)
    script = f"import sys; sys.path.insert(0, {folder!r})\n{SCRIPT}"
    command = [sys.executable, "-c", script, str(tmp_path), str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    expected = ["loaded when it answered:", "loaded by the event loop's thread:"]
    assert done.stdout.splitlines() == expected, done.stdout + done.stderr


async def test_who_comes_before_the_keys_are_read_waits_and_is_served(tmp_path: Path) -> None:
    vault, port = SlowVault(), free_port()
    async with (
        open_engine(home=tmp_path, settings=settings_for("http://127.0.0.1:9"), vault=vault) as engine,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http,
    ):
        starting = asyncio.create_task(engine.start_gateway(port=port))
        assert (await health(http)).json()["service"] == "rota"
        stranger = asyncio.create_task(http.get("/rota/status"))
        page = asyncio.create_task(http.get("/healthz", headers={"origin": "http://evil.example"}))
        assert (await http.get("/healthz")).status_code == 200
        assert not starting.done()
        assert not stranger.done()
        assert not page.done()
        vault.unlocked.set()
        key = (await starting).key.reveal()
        assert (await stranger).status_code == 401
        assert (await page).status_code == 403
        assert (await http.get("/rota/status", headers={"x-api-key": key})).status_code == 200


async def test_a_gateway_without_its_keys_gives_the_port_back(tmp_path: Path) -> None:
    vault, port = SlowVault(), free_port()
    vault.refuses = True
    async with (
        open_engine(home=tmp_path, settings=settings_for("http://127.0.0.1:9"), vault=vault) as engine,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http,
    ):
        starting = asyncio.create_task(engine.start_gateway(port=port))
        await health(http)
        waiting = asyncio.create_task(http.get("/rota/status"))
        vault.unlocked.set()
        with pytest.raises(VaultError, match="locked"):
            await starting
        with suppress(httpx.TransportError):
            assert (await waiting).status_code >= 500
        assert engine.gateway is None
        vault.refuses = False
        assert (await engine.start_gateway(port=port)).port == port


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
async def test_it_serves_at_the_other_loopback_address_too(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, gateway={"host": "::1"}) as it:
        assert it.gateway.url == f"http://[::1]:{it.gateway.port}"
        client = await it.openai()
        assert [model.id async for model in client.models.list()]


async def test_an_address_that_others_reach_is_not_taken_without_being_asked_for(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5"):
        async with open_engine(home=tmp_path, settings=settings_for("", gateway={"host": host})) as engine:
            with pytest.raises(UsageError, match="other machines can reach"):
                await engine.start_gateway()


async def test_two_who_start_it_at_once_get_the_same_one(tmp_path: Path) -> None:
    settings, vault = settings_for("http://127.0.0.1:9", gateway={"port": free_port()}), MemoryVault()
    async with open_engine(home=tmp_path, settings=settings, vault=vault) as engine:
        first, second = await asyncio.gather(engine.start_gateway(), engine.start_gateway())
        assert first is second
