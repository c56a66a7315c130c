"""What the pool costs: a leased request over a bare call, a thousand renewals, an account in memory."""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
import tracemalloc
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.bench._load import process
from tests.bench.row import Row
from tests.bench.traffic import START, added, traffic

from rota.account import Account, Kind
from rota.clock import SystemClock
from rota.events import AccountAdded
from rota.fold import fold
from rota.journal import Journal
from rota.log import SqliteLog
from rota.paths import under
from rota.pool.ask import Ask
from rota.pool.pool import Pool
from rota.pool.preference import Question
from rota.pool.refresh import FLIGHTS, Credentials
from rota.pool.roster import Rosters
from rota.pool.rules import Rules
from rota.providers.anthropic import AnthropicProvider
from rota.providers.base import ChatRequest, Credential, Message, Role, Text
from rota.providers.credential import seal
from rota.providers.http import open_client
from rota.secret import Secret
from rota.snapshot import Snapshot
from rota.vault import open_vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

    from rota.providers.base import Provider

ACCOUNTS = 50
REQUESTS = 1_500
ROUNDS = 6
RENEWALS = 1_000
LATENCY_S = 0.05
KEPT = 5_000
"""Accounts held in memory to weigh one."""


def measure() -> list[Row]:
    return [*asyncio.run(_leased()), asyncio.run(_renewed()), _weighed()]


# --- a leased request -------------------------------------------------------------------------------------


async def _leased() -> list[Row]:
    rows = []
    with process("tests.bench._upstream") as upstream:
        async with _pool(upstream["url"]) as (pool, client):
            request = ChatRequest("claude-bench", (Message(Role.USER, (Text("hello"),)),), max_tokens=64)
            body = {"model": "claude-bench", "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]}
            headers = {"x-api-key": "k", "anthropic-version": "2023-06-01"}

            async def bare() -> None:
                answer = await client.post(f"{upstream['url']}/v1/messages", json=body, headers=headers)
                answer.raise_for_status().json()

            async def leased() -> None:
                await pool.complete(request, Ask("claude-bench", session="s"))

            for in_flight in (1, 64):
                await _each(leased, in_flight), await _each(bare, in_flight)
                pairs = [(await _each(bare, in_flight), await _each(leased, in_flight)) for _ in range(ROUNDS)]
                plain, more = min(p for p, _ in pairs), min(m for _, m in pairs)
                rows.append(
                    Row(
                        f"a leased request over a bare call, {in_flight} in flight",
                        f"+{(more - plain) * 1e3:.2f} ms",
                        "≤ 0.3 ms",
                        more - plain <= 0.3e-3,
                        f"{plain * 1e3:.2f} ms bare, {more * 1e3:.2f} ms leased, a request",
                    )
                )
    return rows


async def _each(call: Callable[[], Awaitable[None]], in_flight: int) -> float:
    """Seconds a request, so many in flight."""
    left = REQUESTS

    async def caller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    gc.collect()
    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return (time.perf_counter() - began) / REQUESTS


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[tuple[Pool, httpx.AsyncClient]]:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        paths = under(stack.enter_context(tempfile.TemporaryDirectory()))
        vault = await open_vault("file", paths)
        client = await stack.enter_async_context(open_client())
        providers: dict[str, Provider] = {
            "anthropic": AnthropicProvider(client, api_url=url, auth_url=url, clock=clock)
        }
        journal = await stack.enter_async_context(Journal(SqliteLog.open(paths.log_file), clock))
        credentials = Credentials(journal, vault, providers, paths.locks, clock)
        for event in added(ACCOUNTS):
            journal.publish(replace(event, at=clock.now()))
        secret = seal(Credential(kind=Kind.API_KEY, secret=Secret("k")))
        await asyncio.gather(*(vault.put(f"account/account{n}", secret) for n in range(ACCOUNTS)))
        pool = Pool(journal, credentials, providers, Rules(strategy="auto"), clock, random.Random(1))
        yield pool, client
        await pool.aclose()
        await credentials.aclose()


# --- renewals ---------------------------------------------------------------------------------------------


class _Slow:
    """A provider that takes its time to renew a login, and does nothing else."""

    name = "anthropic"

    async def refresh(self, credential: Credential) -> Credential:
        await asyncio.sleep(LATENCY_S)
        return replace(credential, secret=Secret("new"), expires_at=time.time() + 3600)


async def _renewed() -> Row:
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        paths = under(folder)
        vault = await open_vault("file", paths)
        ended = seal(Credential(Kind.SUBSCRIPTION, Secret("old"), refresh=Secret("r" * 100), expires_at=1.0))
        await asyncio.gather(*(vault.put(f"account/a{n}", ended) for n in range(RENEWALS)))
        async with Journal(SqliteLog.open(paths.log_file), clock) as journal:
            for n in range(RENEWALS):
                account = Account(f"a{n}", "anthropic", Kind.SUBSCRIPTION, f"identity {n}", label=f"{n}")
                journal.publish(AccountAdded(at=clock.now(), account=account))
            await journal.flush()
            slow: Any = _Slow()
            credentials = Credentials(journal, vault, {"anthropic": slow}, paths.locks, clock)
            began = time.perf_counter()
            await asyncio.gather(*(credentials.current(f"a{n}") for n in range(RENEWALS)))
            took = time.perf_counter() - began
    ideal = RENEWALS / FLIGHTS * LATENCY_S
    return Row(
        f"renewing {RENEWALS:,} logins at {LATENCY_S * 1e3:.0f} ms each, {FLIGHTS} at a time, over the ideal",
        f"{took / ideal:.2f} ×",
        "≤ 1.2 ×",
        took <= 1.2 * ideal,
        f"{took:.1f} s, every successor in the file vault before its use",
    )


# --- memory -----------------------------------------------------------------------------------------------


def _weighed() -> Row:
    """Bytes an account takes in the snapshot and in the order kept for choosing, with figures and some history."""
    rules = Rules(strategy="auto")
    gc.collect()
    tracemalloc.start()
    snapshot, rosters = Snapshot(), Rosters(rules)
    for event in (*added(KEPT), *traffic(KEPT, KEPT * 12)):
        snapshot = fold(snapshot, event)
    rosters.at(snapshot, Question("anthropic").provider, "claude-sonnet-4-5", START)
    gc.collect()
    each = tracemalloc.get_traced_memory()[0] / KEPT
    tracemalloc.stop()
    return Row("memory an account", f"{each / 1e3:.1f} kB", "≤ 8 kB", each <= 8_000)
