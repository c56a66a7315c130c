"""How long commands take to start, as whole processes, against what Python takes to import what they need."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.row import Row

from rota.account import Account, Kind
from rota.events import AccountAdded, Event, QuotaObserved, RequestServed
from rota.log import SqliteLog
from rota.paths import under
from rota.quota import QuotaWindow, Source

ACCOUNTS = 50
TIMES = 25
BARE = "pass"
CLICK = "import click"
UVICORN = "import click, uvicorn"
NEEDED = "import click, sqlite3, json, dataclasses"


def measure() -> list[Row]:
    """Each command beside its yardstick, in turns, so that a busy moment meets both."""
    with tempfile.TemporaryDirectory(prefix="rota-bench-") as folder:
        home = Path(folder)
        _fill(home)
        rota = [shutil.which("rota", path=str(Path(sys.executable).parent)) or "rota"]
        completing = {"_ROTA_COMPLETE": "bash_complete", "COMP_WORDS": "rota use work-1", "COMP_CWORD": "2"}
        _run([*rota, "status", "--json"], home)  # writes what Python and the settings remember
        took = _quickest(
            {
                "bare": ([sys.executable, "-c", BARE], {}),
                "click": ([sys.executable, "-c", CLICK], {}),
                "needed": ([sys.executable, "-c", NEEDED], {}),
                "uvicorn": ([sys.executable, "-c", UVICORN], {}),
                "version": ([*rota, "--version"], {}),
                "status": ([*rota, "status", "--json"], {}),
                "completion": (rota, completing),
            },
            home,
        )
        serves = [_serve(rota, home) for _ in range(TIMES)]
    return [
        _against("rota --version", took["version"], took["click"], CLICK, 1.5),
        _against(f"rota status --json, {ACCOUNTS} accounts", took["status"], took["needed"], NEEDED, 1.6),
        Row(
            "a completion answer over bare Python",
            f"{(took['completion'] - took['bare']) * 1000:.0f} ms",
            "≤ 150 ms",
            took["completion"] - took["bare"] <= 0.150,
        ),
        *_served(min(listens for listens, _ in serves), min(lets_in for _, lets_in in serves), took["uvicorn"]),
    ]


def _against(name: str, took_s: float, yardstick_s: float, program: str, most: float) -> Row:
    times = took_s / yardstick_s
    measured = f"{took_s * 1000:.0f} ms, {times:.2f} ×"
    return Row(name, measured, f'≤ {most} × `python -c "{program}"` ({yardstick_s * 1000:.0f} ms)', times <= most)


def _served(listens_s: float, lets_in_s: float, yardstick_s: float) -> list[Row]:
    measured = f'{listens_s * 1000:.0f} ms, {listens_s / yardstick_s:.2f} × `python -c "{UVICORN}"`'
    return [
        Row("rota serve, from exec to /healthz answering", measured, "≤ 300 ms", listens_s <= 0.300),
        Row("rota serve, from exec to its keys read", f"{lets_in_s * 1000:.0f} ms", "(for comparison)", True),
    ]


def _serve(rota: list[str], home: Path) -> tuple[float, float]:
    """Seconds from exec until the door answers, and until a caller is told about its key."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*rota, "serve", "--port", str(port)],
        env=_environ(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while _answer(port, "/healthz") != 200:
            time.sleep(0.001)
        listens = time.perf_counter() - began
        if (status := _answer(port, "/rota/status")) != 401:
            raise RuntimeError(f"the gateway answered a caller without a key with {status}")
        return listens, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def _answer(port: int, path: str) -> int | None:
    """The status told there; None while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except ConnectionError:
        return None
    finally:
        connection.close()


def _quickest(programs: dict[str, tuple[list[str], dict[str, str]]], home: Path) -> dict[str, float]:
    took: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(TIMES):
        for name, (program, more) in programs.items():
            took[name].append(_run(program, home, more))
    # Whatever was slower than the quickest was slowed by something else on the machine.
    return {name: min(times) for name, times in took.items()}


def _run(program: list[str], home: Path, more: dict[str, str] | None = None) -> float:
    began = time.perf_counter()
    subprocess.run(program, env={**_environ(home), **(more or {})}, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _environ(home: Path) -> dict[str, str]:
    # Without written bytecode every start would measure the compiler.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "ROTA_HOME": str(home)}


def _fill(home: Path) -> None:
    """A home in use: accounts, windows with a day's history, requests."""
    paths = under(home)
    paths.ensure()
    now = time.time()
    events: list[Event] = []
    for number in range(ACCOUNTS):
        name = f"acc{number:04}"
        account = Account(
            id=name,
            provider="puter" if number % 3 else "anthropic",
            kind=Kind.PUTER if number % 3 else Kind.API_KEY,
            identity=name,
            label=f"work-{number}",
            email=f"person-{number}@example.com",
            position=float(number),
            added_at=now - 86_400,
        )
        events.append(AccountAdded(at=now - 86_400, account=account))
        for hour in range(24, 0, -1):
            at = now - hour * 3600
            events.append(QuotaObserved(at=at, account_id=name, windows=_windows(at, now, number)))
            events.append(
                RequestServed(
                    at=at,
                    request_id=f"{name}-{hour}",
                    account_id=name,
                    provider=account.provider,
                    model="m",
                    requested_model="m",
                    duration=2.0,
                    output_tokens=200,
                )
            )
    log = SqliteLog.open(paths.log_file)
    log.append(events)
    log.close()


def _windows(at: float, now: float, number: int) -> tuple[QuotaWindow, ...]:
    def window(key: str, share: float, resets_in: float, length: float) -> QuotaWindow:
        return QuotaWindow(key, key, share, at, Source.HEADERS, resets_at=now + resets_in, length=length)

    return window("5h", number % 10 / 10, 3_000, 18_000), window("7d", number % 7 / 10, 300_000, 604_800)
