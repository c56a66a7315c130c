"""What a keystroke of the search costs over the simulator's whole catalogue, in a terminal, until it is drawn."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from tests.bench._app_child import ROUNDS
from tests.bench._simulator import simulator
from tests.bench.app import accounts, figures, keep, make_home, p95
from tests.bench.row import Row

from rota.account import Kind

LEAST = 600
"""Models to search."""
FRAME_S = 0.016


def measure() -> list[Row]:
    if sys.platform == "win32":
        return [Row("a keystroke of the model search", "not measured", "", ok=True, note="needs a POSIX terminal")]
    with tempfile.TemporaryDirectory() as folder, simulator(0) as described:
        home = Path(folder)
        make_home(home, accounts(1, Kind.PUTER))
        keep(home, {"account0": next(str(c["secret"]) for c in described["credentials"] if c["kind"] == Kind.PUTER)})
        urls = described["base_urls"]
        told = figures(
            "search", home, {"ROTA_PUTER_API_URL": urls["puter_api"], "ROTA_PUTER_GUI_URL": urls["puter_gui"]}
        )
    models, work, took = int(told["models"][0]), told["work"], told["took"]
    length = len(work) // ROUNDS
    least = min(p95(work[at : at + length]) for at in range(0, len(work), length))
    wall = min(p95(took[at : at + length]) for at in range(0, len(took), length))
    return [
        Row(
            f"a keystroke that filters {models} models, its work from the key to the drawn rows",
            f"p95 {least * 1000:.1f} ms",
            f"≤ {FRAME_S * 1000:.0f} ms",
            least <= FRAME_S and models >= LEAST,
            f"processor time, best of {ROUNDS} × {length} keys; median {statistics.median(work) * 1000:.1f} ms; "
            f"on the wall clock p95 {wall * 1000:.0f} ms, with the wait for the next frame",
        )
    ]
