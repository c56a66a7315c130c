"""Whether a working day of the app leaves it larger: eight hours of the demo's traffic on a fast clock.

`python -m tests.bench.day` is that day: the app drawn without a terminal, its engine, gateway, clients and simulator
in one process, which goes through the modes all the while and tells its memory at the end of each hour.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from pathlib import Path

from tests.bench.row import Row

from rota.demo import Demo, open_demo, running
from rota.events import RequestServed
from rota_tui.app import RotaApp

HOURS = 8
SPEED = 240.0
"""Seconds of the day in one; answers come at a lifelike pace on that clock, and the clients keep theirs."""
HOUR_S = 3600.0
LOOK_S = 240.0
"""Seconds of the day between two looks at another mode."""
MODES = "12345"
STATUS = Path("/proc/self/status")
MOST = 0.1
"""Of what it took after the first hour: the allocator's own unrest over the many runs of a day."""


def measure() -> list[Row]:
    what = f"growth from hour 1 to hour {HOURS} of the app with the demo's traffic"
    if not STATUS.exists():
        return [Row(what, "not measured", "", ok=True, note="needs Linux")]
    ran = subprocess.run([sys.executable, "-m", "tests.bench.day"], stdout=subprocess.PIPE, text=True, check=True)
    hours = [json.loads(line) for line in ran.stdout.splitlines()]
    memory, objects = [hour["memory"] for hour in hours], [hour["objects"] for hour in hours]
    growth = memory[-1] / memory[0] - 1
    return [
        Row(
            what,
            f"{growth:+.1%}",
            f"≤ {MOST:.0%}",
            growth <= MOST and len(hours) == HOURS,
            f"{', '.join(f'{m / 2**20:.1f}' for m in memory)} MiB at the end of each hour; "
            f"{objects[0]:,} objects, then {objects[-1]:,}; {hours[-1]['served']:,} requests served; "
            f"the app, its gateway, the clients and the simulator in one process, {SPEED:.0f} × as fast",
        )
    ]


async def live() -> None:
    """Live the day."""
    async with open_demo(speed=SPEED) as demo, running(demo):
        demo.simulator.world.knobs.pace = 1.0  # the demo lets its answers be watched; here a day's work is to be done
        app = RotaApp(demo.engine)
        counting = asyncio.create_task(_count(demo, served := [0]))
        async with app.run_test(size=(120, 40)) as pilot:
            looks = 0
            for hour in range(1, HOURS + 1):
                while demo.clock.monotonic() < hour * HOUR_S:
                    await pilot.press("escape", MODES[looks % len(MODES)])
                    looks += 1
                    await demo.clock.sleep(LOOK_S)
                demo.simulator.world.calls.clear()  # its record of the latest 5,000 calls is none of the app's memory
                gc.collect()
                told = {"memory": _memory(), "objects": len(gc.get_objects()), "served": served[0]}
                print(json.dumps(told), flush=True)
        counting.cancel()


async def _count(demo: Demo, served: list[int]) -> None:
    async for batch in demo.engine.subscribe():
        served[0] += sum(isinstance(event, RequestServed) for event in batch.events)


def _memory() -> int:
    """Bytes this process has in memory."""
    line = next(each for each in STATUS.read_text(encoding="utf-8").splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    asyncio.run(live())
