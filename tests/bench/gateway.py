"""What the gateway adds: latency, requests a second, streams, memory, and whether its cost stays flat.

One upstream stub, beside which run rota's gateway and two bare Starlette routes that only forward: one through the
same client as rota, one through httpx's own pool. Each figure is the best of several turns taken in alternation, for
whatever else the machine does only ever slows one down.
"""

from __future__ import annotations

import asyncio
import math
import os
import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import _load
from tests.bench._upstream import MODELS, STREAM_HEAD
from tests.bench.row import Row

SERVER = "tests.bench._gateway_process"
UPSTREAM = "tests.bench._upstream"
ASK: dict[str, Any] = {
    "model": "claude-bench",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "How do I measure this? " * 20}],
}
STREAM = {**ASK, "stream": True}
IDLE = {**STREAM, "metadata": {"user_id": "idle"}}
TURNS = 8
MANY_ACCOUNTS = 10_000
MANY_EVENTS = 1_000_000
OPEN = 500

Where = dict[str, Any]


def measure() -> list[Row]:
    with ExitStack() as stack:
        upstream = stack.enter_context(_load.process(UPSTREAM))
        url = upstream["url"]
        bare = stack.enter_context(_load.process(SERVER, "bare", url))
        httpx = stack.enter_context(_load.process(SERVER, "httpx", url))
        gateway = stack.enter_context(_load.process(SERVER, "gateway", url, "10", "0"))
        return [
            *_latency(upstream, gateway),
            *_rates(bare, httpx, gateway),
            _streams(upstream, gateway),
            _memory(gateway),
            asyncio.run(_leaving()),
            *_flat(stack, url, gateway),
        ]


def _latency(upstream: Where, gateway: Where) -> list[Row]:
    added: list[tuple[float, float]] = []
    for _ in range(TURNS):
        direct, through = asyncio.run(_first_bytes(upstream)), asyncio.run(_first_bytes(gateway))
        added.append((_at(through, 0.5) - _at(direct, 0.5), _at(through, 0.99) - _at(direct, 0.99)))
    p50, p99 = min(a for a, _ in added), min(b for _, b in added)
    return [
        Row("gateway, first byte over direct, p50 at 1", f"{p50 * 1e3:.2f} ms", "≤ 1 ms", p50 <= 1e-3),
        Row("gateway, first byte over direct, p99 at 1", f"{p99 * 1e3:.2f} ms", "≤ 3 ms", p99 <= 3e-3),
    ]


async def _first_bytes(where: Where, count: int = 300) -> list[float]:
    caller = await _load.Caller.open(where, ASK)
    for _ in range(30):
        await caller.first_byte()
    took = sorted([await caller.first_byte() for _ in range(count)])
    caller.close()
    return took


def _at(ordered: list[float], share: float) -> float:
    return ordered[int(len(ordered) * share)]


def _rates(bare: Where, httpx: Where, gateway: Where) -> list[Row]:
    best = dict.fromkeys(("bare", "httpx", "gateway"), 0.0)
    cpu = dict.fromkeys(best, math.inf)
    for _ in range(TURNS):
        for name, where in (("bare", bare), ("httpx", httpx), ("gateway", gateway)):
            began = _cpu_s(where["pid"])
            rate = asyncio.run(_load.rate(where, ASK, at_once=32, requests=400))
            best[name] = max(best[name], rate)
            cpu[name] = min(cpu[name], (_cpu_s(where["pid"]) - began) / 432)
    # On a busy machine a process with two threads is given more of it than one with one: processor time tells then.
    spent = f"{cpu['gateway'] * 1e3:.2f} ms of processor time a request against {{:.2f}}"
    of_bare, of_httpx = best["gateway"] / best["bare"], best["gateway"] / best["httpx"]
    measured = f"{best['gateway']:,.0f} requests/s"
    return [
        Row(
            "gateway, 32 at once, of a bare forwarding route",
            f"{of_bare:.0%} ({measured} of {best['bare']:,.0f})",
            "≥ 70%",
            of_bare >= 0.7,
            spent.format(cpu["bare"] * 1e3),
        ),
        Row(
            "gateway, 32 at once, over httpx's own pool",
            f"{of_httpx:.1f} ×",
            "≥ 3 ×",
            of_httpx >= 3,
            spent.format(cpu["httpx"] * 1e3),
        ),
    ]


def _cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has had, where the system says so."""
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return 0.0
    fields = status.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _streams(upstream: Where, gateway: Where) -> Row:
    """Streams as models give them: many at once, each at its model's pace."""
    paced = {**STREAM, "metadata": {"user_id": "paced"}}
    direct = max(asyncio.run(_load.rate(upstream, paced, at_once=64, requests=128)) for _ in range(2))
    through = max(asyncio.run(_load.rate(gateway, paced, at_once=64, requests=128)) for _ in range(2))
    flat_out = asyncio.run(_load.rate(gateway, STREAM, at_once=4, requests=200))
    share = through / direct
    return Row(
        "gateway, 64 streams of 400 events a second each, of direct",
        f"{share:.0%}",
        "≥ 80%",
        share >= 0.8,
        f"flat out {flat_out * 400:,.0f} events/s",
    )


def _memory(gateway: Where) -> Row:
    before = _resident(gateway["pid"])
    grown = asyncio.run(_held_open(gateway)) - before
    mib = grown / 2**20
    return Row(f"gateway, {OPEN} open streams", f"{mib:.0f} MiB", "≤ 60 MiB", mib <= 60)


async def _held_open(where: Where) -> int:
    callers = [await _load.Caller.open(where, IDLE) for _ in range(OPEN)]
    await asyncio.gather(*(caller.begin() for caller in callers))
    held = _resident(where["pid"])
    for caller in callers:
        caller.close()
    return held


def _resident(pid: int) -> int:
    """Bytes of memory a process holds, where the system says so."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


async def _leaving(count: int = 100) -> Row:
    """From a caller's leaving in the middle of a stream to the end of the connection to the provider."""
    ended: asyncio.Queue[float] = asyncio.Queue()

    async def provide(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if asked.startswith(b"GET"):
            writer.write(MODELS)
        else:
            writer.write(STREAM_HEAD)
            while await reader.read(2**16):
                pass  # the rest of the request, then nothing until the connection ends
            ended.put_nowait(time.perf_counter())
        writer.close()

    took = []
    async with await asyncio.start_server(provide, "127.0.0.1", 0) as provider:
        url = f"http://127.0.0.1:{provider.sockets[0].getsockname()[1]}"
        with ExitStack() as stack:
            started = await asyncio.to_thread(_load.process, SERVER, "gateway", url, "10", "0")
            gateway = await asyncio.to_thread(stack.enter_context, started)
            for _ in range(count):
                caller = await _load.Caller.open(gateway, IDLE)
                await caller.begin()
                left = time.perf_counter()
                caller.close()
                took.append(await ended.get() - left)
    p99 = _at(sorted(took), 0.99)
    return Row("gateway, caller gone to upstream closed, p99", f"{p99 * 1e3:.1f} ms", "≤ 100 ms", p99 <= 0.1)


def _flat(stack: ExitStack, url: str, few: Where) -> list[Row]:
    rows = []
    for name, accounts, events in (
        (f"{MANY_ACCOUNTS:,} accounts over 10", MANY_ACCOUNTS, 0),
        (f"a log of {MANY_EVENTS:,} events over an empty one", 10, MANY_EVENTS),
    ):
        many = stack.enter_context(_load.process(SERVER, "gateway", url, str(accounts), str(events)))
        ratios = []
        for _ in range(TURNS):
            base = _at(asyncio.run(_first_bytes(few)), 0.5)
            ratios.append(_at(asyncio.run(_first_bytes(many)), 0.5) / base)
        ratio = statistics.median(ratios)
        rows.append(Row(f"gateway, a request with {name}", f"{ratio:.2f} × the time", "≤ 1.2 ×", ratio <= 1.2))
    return rows
