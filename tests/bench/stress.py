"""Real processes at one home, through expiries, limits and kills: what went wrong, which is to be nothing."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from tests.bench.row import Row
from tests.support.crashes import Stage, lost_holds
from tests.support.stress import shared_login, storm

SCENES = ("import", "undo", "removal", "renewal", "shared renewal")
KILLS = 10


def measure() -> list[Row]:
    return asyncio.run(_measured())


async def _measured() -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows += await _storm(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        wrong = await shared_login(Path(folder), expiries=200)
        note = f"in {time.monotonic() - began:.0f} s"
        rows.append(_none("tokens spent twice or lost: two rotas and OpenCode, 200 expiries", wrong, note))
    for scene in SCENES:
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(Path(folder), scene)
            await stage.set_up()
            wrong, steps = await stage.act(0)
            for step in range(1, steps + 1):
                wrong += (await stage.act(step))[0]
            rows.append(_none(f"logins left half by a kill at each of {steps} steps of: {scene}", wrong))
    lost = []
    for number in range(KILLS):
        with tempfile.TemporaryDirectory() as folder:
            lost += await lost_holds(Path(folder), after_s=1.1 + 0.13 * number)
    rows.append(_none(f"holds older than a second that {KILLS} kills lost", lost))
    return rows


async def _storm(folder: Path) -> list[Row]:
    tally = await storm(folder, processes=4, in_flight=64, expiries=500, limits=200)
    ends = tally.ends
    held = ends["sent to a held account"]
    other = ends.total() - ends["answered"] - ends["all spent"] - held
    note = f"{ends['answered']:,} answered, {ends['all spent']:,} told that all is spent, in {tally.seconds:.0f} s"
    what = f"4 processes × 64 in flight, {tally.expiries} expiries, {tally.limits} limits"
    enough = tally.expiries >= 500 and tally.limits >= 200
    return [
        Row(f"{what}: requests with any other end", f"{other}", "0", enough and other == 0, note),
        Row("the same: refresh tokens spent twice", f"{tally.wasted}", "0", tally.wasted == 0),
        Row("the same: sent to an account known to be held", f"{held}", "0", held == 0),
        Row("the same: told twice or never", f"{tally.ended_twice + tally.unfinished}", "0",
            tally.ended_twice + tally.unfinished == 0),
    ]  # fmt: skip


def _none(name: str, wrong: list[str], note: str = "") -> Row:
    return Row(name, f"{len(wrong)}", "0", not wrong, "; ".join(wrong[:3]) or note)


if __name__ == "__main__":
    for row in measure():
        print(row)
