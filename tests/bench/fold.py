"""How many events a second the fold takes, and whether the number of accounts matters."""

from __future__ import annotations

import gc
import time
from functools import reduce

from tests.bench.row import Row
from tests.bench.traffic import added, traffic

from rota.fold import fold
from rota.snapshot import Snapshot

EVENTS = 60_000


def measure() -> list[Row]:
    few, many = _rate(10), _rate(10_000)
    return [
        Row("fold, mixed traffic, 10 accounts", f"{few:,.0f} events/s", "≥ 100,000 events/s", few >= 100_000),
        Row("fold, 10,000 accounts over 10", f"{few / many:.2f} × the time", "≤ 2 ×", few / many <= 2.0),
    ]


def _rate(accounts: int) -> float:
    """Events a second of processor time, the best of five runs: what else the machine does is left out."""
    start = reduce(fold, added(accounts), Snapshot())
    events = list(traffic(accounts, EVENTS))
    best = 0.0
    gc.collect()
    gc.freeze()  # the events wait in a list only here: the collector need not walk it again and again
    for _ in range(5):
        began = time.process_time()
        reduce(fold, events, start)
        best = max(best, EVENTS / (time.process_time() - began))
    gc.unfreeze()
    return best
