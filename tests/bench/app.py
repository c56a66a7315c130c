"""The app against a bare Textual app: first frame, memory, what it takes at rest, and how soon a key is painted.

Each is a process of its own in a terminal of its own; they take turns, so that a busy machine slows both.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._app_child import EVENTS_PER_S, CountingApp, label
from tests.bench._simulator import api_key, simulator
from tests.bench.row import Row
from tests.bench.traffic import traffic

from rota.account import Account, Kind
from rota.accounts import PREFIX
from rota.errors import Meaning
from rota.events import AccountAdded, CooldownStarted
from rota.log import SqliteLog
from rota.paths import under
from rota.providers.base import Credential
from rota.providers.credential import seal
from rota.secret import Secret
from rota.vault import open_vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rota.events import Event

ROWS = 50
TIMES = 9
"""Runs of each; the fastest counts, since all else a machine does only ever slows one down."""
SIZE = (120, 40)
PATIENCE_S = 300.0
MEMORY_AFTER_S = 4.0
KEY_RUNS = 2
CHAT_RATE = 160.0
"""Tokens a second of the answer that streams while keys are pressed: a quick model's."""

BARE = ("-m", "tests.bench._app_child", "bare", "-", str(ROWS))
ROTA = ("-m", "rota_tui")


@dataclass(frozen=True, slots=True)
class Run:
    """One process, from its start to when it had shown what was waited for."""

    wall_s: float
    cpu_s: float
    memory: int
    """Bytes at most."""


def measure() -> list[Row]:
    if sys.platform == "win32":
        return [Row("the app", "not measured", "", ok=True, note="needs a POSIX terminal")]
    with tempfile.TemporaryDirectory() as folder:
        few, polled, ticking, many = (Path(folder, name) for name in ("few", "polled", "ticking", "many"))
        make_home(few, accounts(ROWS), traffic(ROWS, 4000, start=time.time() - 6000))
        make_home(polled, accounts(ROWS, Kind.PUTER))
        make_home(ticking, accounts(100), _held(100))
        make_home(many, accounts(200), ())
        return [*_first_frames(few), *_memory(few, polled), _idle(ticking), *_keys(many)]


def _first_frames(home: Path) -> list[Row]:
    """Both drawn in turns; the first time fills the caches of bytecode and files."""
    bare, rota = [], []
    for _ in range(TIMES + 1):
        bare.append(_shown(BARE, home))
        rota.append(_shown(ROTA, home))
    wall = min(r.wall_s for r in rota[1:]) / min(r.wall_s for r in bare[1:])
    cpu = min(r.cpu_s for r in rota[1:]) / min(r.cpu_s for r in bare[1:])
    told = f"{min(r.wall_s for r in rota[1:]) * 1000:.0f} ms; {cpu:.2f} × of processor time"
    return [
        Row(
            f"first frame, {ROWS} accounts, over a bare Textual app with those rows",
            f"{wall:.2f} ×",
            "≤ 1.4 ×",
            wall <= 1.4,
            told,
        )
    ]


def _memory(home: Path, polled: Path) -> list[Row]:
    """What both take a while after the first frame; with accounts to ask about, the app has HTTP loaded by then."""
    bare = min(_shown(BARE, home, stay_s=MEMORY_AFTER_S).memory for _ in range(2))
    rota = min(_shown(ROTA, home, stay_s=MEMORY_AFTER_S).memory for _ in range(2))
    asking = min(_shown(ROTA, polled, stay_s=MEMORY_AFTER_S).memory for _ in range(2))
    over, told = rota / bare, f"{rota / 2**20:.0f} MiB; {asking / bare:.2f} × where usage is polled over HTTP"
    return [Row("memory of the app over a bare Textual app", f"{over:.2f} ×", "≤ 1.5 ×", over <= 1.5, told)]


def _idle(home: Path) -> Row:
    share, bare = (min(figures(name, home)["share"][0] for _ in range(2)) for name in ("idle", "counting"))
    note = f"{share / bare:.2f} × a bare Textual app whose {CountingApp.lines} labels count down"
    return Row("idle app, 100 accounts counting down", f"{share:.1%} of a core", "≤ 1 %", share <= 0.01, note)


def _keys(home: Path) -> list[Row]:
    with simulator(CHAT_RATE) as described:
        keep(home, {"account0": api_key(described)})
        urls = described["base_urls"]
        environ = {"ROTA_ANTHROPIC_API_URL": urls["anthropic_api"], "ROTA_ANTHROPIC_AUTH_URL": urls["anthropic_auth"]}
        runs = [figures("keys", home, environ) for _ in range(KEY_RUNS)]
    return [
        _key_row(what, runs, name) for what, name in (("in the table", "moved"), ("in the question line", "typed"))
    ]


def p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _key_row(what: str, runs: list[dict[str, list[float]]], name: str) -> Row:
    """The run that the machine disturbed least counts."""

    took = min((run[name] for run in runs), key=p95)
    worked = min(p95(run[f"{name}_work"]) for run in runs)
    return Row(
        f"key to paint {what}, 200 accounts, {EVENTS_PER_S} events/s, an answer streaming",
        f"p95 {p95(took) * 1000:.0f} ms",
        "≤ 50 ms",
        p95(took) <= 0.05,
        f"median {statistics.median(took) * 1000:.0f} ms; of processor time p95 {worked * 1000:.0f} ms",
    )


# --- homes ------------------------------------------------------------------------------------------------


def make_home(home: Path, *events: Iterable[Event]) -> None:
    """A home with these facts in its log, which asks nobody anything."""
    paths = under(home)
    paths.ensure()
    settings = 'vault = "file"\n[usage]\nenabled = false\n[chat]\nmax_tokens = 64000\n'
    paths.config_file.write_text(settings, encoding="utf-8")
    log = SqliteLog.open(paths.log_file)
    facts = [event for some in events for event in some]
    log.append(facts)
    log.close()
    keep(
        home, {event.account.id: f"sk-bench-{event.account.id}" for event in facts if isinstance(event, AccountAdded)}
    )


def keep(home: Path, secrets: Mapping[str, str]) -> None:
    """Put keys into the vault, or every account would ask for a new sign-in."""

    async def put() -> None:
        vault = await open_vault("file", under(home))
        for account_id, secret in secrets.items():
            await vault.put(f"{PREFIX}{account_id}", seal(Credential(kind=Kind.API_KEY, secret=Secret(secret))))

    asyncio.run(put())


def accounts(count: int, kind: Kind = Kind.API_KEY) -> list[Event]:
    now = time.time()
    return [
        AccountAdded(
            at=now - 7200,
            account=Account(
                id=f"account{n}",
                provider="puter" if kind is Kind.PUTER else "anthropic",
                kind=kind,
                identity=f"key-{n}",
                label=label(n),
                position=float(n),
            ),
        )
        for n in range(count)
    ]


def _held(count: int) -> list[Event]:
    """All of them held for less than an hour: each row and panel moves every second."""
    now = time.time()
    return [
        CooldownStarted(
            at=now, account_id=f"account{n}", until=now + 1800 + n, meaning=Meaning.LIMITED, reason="5h limit reached"
        )
        for n in range(count)
    ]


# --- processes in terminals -------------------------------------------------------------------------------


def figures(name: str, home: Path, more: Mapping[str, str] | None = None) -> dict[str, list[float]]:
    """Let the app measure itself."""
    _shown(("-m", "tests.bench._app_child", name, str(home), "0"), home, until=None, more=more)
    told: dict[str, list[float]] = json.loads((home / "figures.json").read_text(encoding="utf-8"))
    return told


def _shown(
    args: tuple[str, ...],
    home: Path,
    *,
    until: str | None = label(0),
    stay_s: float = 0.0,
    more: Mapping[str, str] | None = None,
) -> Run:
    """Start it in a terminal, wait until `until` is shown (None: until it ends), and end it."""
    import fcntl
    import pty
    import struct
    import termios

    environ = {
        **os.environ,
        **(more or {}),
        "ROTA_HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # people start rota with its bytecode in place
    environ["PYTHONPATH"] = os.pathsep.join(path for path in ("", *sys.path))
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, *args], environ)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    took = _read(terminal, until, began)  # all the while: who writes to a terminal that nobody reads stands still
    if stay_s:
        _read(terminal, None, time.perf_counter(), stay_s)
    os.kill(pid, signal.SIGKILL)  # when it ended by itself, it still waits to be asked what it used
    _, _, used = os.wait4(pid, 0)
    os.close(terminal)
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(took, used.ru_utime + used.ru_stime, used.ru_maxrss * unit)


def _read(terminal: int, until: str | None, began: float, patience_s: float = PATIENCE_S) -> float:
    """Read what is drawn; returns after how many seconds `until` was there, or the end."""
    shown = b""
    while (passed := time.perf_counter() - began) < patience_s:
        if not select.select([terminal], [], [], min(0.5, patience_s - passed))[0]:
            continue
        try:
            shown += os.read(terminal, 65_536)
        except OSError:  # Linux says so when the other end was closed
            break
        if until is not None and until.encode() in shown:
            break
        shown = shown[-65_536:]
    else:
        if until is not None:
            raise RuntimeError(f"{until!r} was not shown; the end: {shown[-2000:].decode(errors='replace')}")
    return time.perf_counter() - began
