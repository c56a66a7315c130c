"""The gateway, or a bare route that only forwards, as a process of its own: what the gateway is measured against."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from tests.bench.traffic import added, traffic

from rota.engine import open_engine
from rota.events import AccountAdded
from rota.providers.base import Credential
from rota.providers.credential import seal
from rota.providers.http import open_client
from rota.secret import Secret
from rota.settings import Settings
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

BATCH = 20_000
EVERY_S = 0.001


@asynccontextmanager
async def gateway(upstream: str, accounts: int, events: int) -> AsyncIterator[dict[str, Any]]:
    """rota with so many accounts and so long a past."""
    base = Settings()
    settings = replace(
        base,
        anthropic=replace(base.anthropic, api_url=upstream),
        gateway=replace(base.gateway, port=0, max_concurrent=10_000),
    )
    vault = MemoryVault()
    # A past that ends now: were it yet to come, every fact of the measured requests would have to be dated after it.
    began = time.time() - EVERY_S * events - 60
    signs_in = added(accounts, began)
    for event in signs_in:
        if isinstance(event, AccountAdded):
            account = event.account
            secret = seal(Credential(kind=account.kind, secret=Secret(f"sk-ant-{account.id}")))
            await vault.put(f"account/{account.id}", secret)
    with tempfile.TemporaryDirectory(prefix="rota-bench-") as home:
        async with open_engine(home=Path(home), settings=settings, vault=vault) as engine:
            engine.journal.publish(*signs_in)
            past = list(traffic(accounts, events, every_s=EVERY_S, start=began)) if events else []
            for start in range(0, len(past), BATCH):
                engine.journal.publish(*past[start : start + BATCH])
                await engine.journal.flush()
            del past
            running = await engine.start_gateway()
            yield {"url": running.url, "key": running.key.reveal()}


@asynccontextmanager
async def bare(upstream: str, client: httpx.AsyncClient) -> AsyncIterator[dict[str, Any]]:
    """A Starlette route that forwards through `client` and does nothing else."""

    async def forward(request: Request) -> StreamingResponse:
        headers = {"content-type": "application/json", "x-api-key": "k", "anthropic-version": "2023-06-01"}
        sent = client.build_request(
            "POST", upstream + request.url.path, content=await request.body(), headers=headers
        )
        response = await client.send(sent, stream=True)
        kept = {n: v for n, v in response.headers.items() if n in ("content-type", "content-length")}
        return StreamingResponse(_pieces(response), response.status_code, kept)

    app = Starlette(routes=[Route("/v1/messages", forward, methods=["POST"])])
    config = uvicorn.Config(
        app, lifespan="off", access_log=False, log_config=None, ws="none", http="httptools", loop="asyncio"
    )
    server = uvicorn.Server(config)
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # else asyncio delays small sends
    bound.bind(("127.0.0.1", 0))
    bound.listen(512)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield {"url": f"http://127.0.0.1:{bound.getsockname()[1]}", "key": "k"}
    finally:
        server.should_exit = True
        await serving
        await client.aclose()


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    async for piece in response.aiter_raw():
        yield piece
    await response.aclose()


async def _main(what: str, upstream: str, accounts: str = "10", events: str = "0") -> None:
    match what:
        case "gateway":
            opened = gateway(upstream, int(accounts), int(events))
        case "bare":
            opened = bare(upstream, open_client())
        case _:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
            opened = bare(upstream, httpx.AsyncClient(limits=limits, trust_env=False, timeout=60))
    async with opened as where:
        print(json.dumps(where), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until our starter is gone


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
