"""Opening a log of 100 000 events through its checkpoint, and what writing to it costs as it grows."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.row import Row
from tests.bench.traffic import added, traffic

from rota.log import SqliteLog

if TYPE_CHECKING:
    from rota.events import Event

ACCOUNTS = 50
EVENTS = 100_000
BATCH = 200


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Path(folder, "empty.db"), Path(folder, "full.db")
        SqliteLog.open(empty).close()
        events = [*added(ACCOUNTS), *traffic(ACCOUNTS, EVENTS)]
        first, last = _written(full, events)
        over = _opening(full) - _opening(empty)
    return [
        Row("opening a log of 100,000 events over an empty one", f"{over * 1e3:.1f} ms", "≤ 100 ms", over <= 0.1),
        Row(
            "writing an event to a log of 100,000, over an empty one",
            f"{last / first:.2f} × ({last * 1e6:.0f} µs)",
            "≤ 2 ×",
            last / first <= 2.0,
        ),
    ]


def _written(path: Path, events: list[Event]) -> tuple[float, float]:
    """Write all of it; returns seconds an event for the first and for the last tenth."""
    log = SqliteLog.open(path)
    tenth = len(events) // 10
    took = []
    for part in (events[:tenth], events[tenth:-tenth], events[-tenth:]):
        began = time.perf_counter()
        for start in range(0, len(part), BATCH):
            log.append(part[start : start + BATCH])
        took.append((time.perf_counter() - began) / len(part))
    log.close()
    return took[0], took[-1]


def _opening(path: Path) -> float:
    """Seconds to open it, the best of five."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        log = SqliteLog.open(path)
        best = min(best, time.perf_counter() - began)
        log.close()
    return best
