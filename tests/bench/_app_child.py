"""What `app.py` measures from outside: the app, or a bare Textual app, in a terminal and a process of its own.

`python -m tests.bench._app_child NAME HOME ROWS` draws; `idle` and `keys` write their figures to HOME/figures.json.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from rota_tui.app import RotaApp

SETTLE_S = 3.0
"""Until what is loaded behind the first frame is there."""
IDLE_S = 8.0
KEYS = 120
PAUSE_S = 0.06
"""Between two keys."""
EVENTS_PER_S = 50


class BareApp(App[None]):
    """The least that shows the rows."""

    rows = 0

    def compose(self) -> ComposeResult:
        from textual.widgets import DataTable

        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        from textual.widgets import DataTable

        table = self.query_one(DataTable)
        table.add_columns("", "Account", "Plan", "5h used", "Week", "State", "Today", "Last")
        for n in range(self.rows):
            table.add_row(
                "", label(n), "API key", "━━━━━─── 62% 14:00", "━━╾───── 31% Mon", "● ready", "12", "2m", key=f"{n}"
            )


def label(n: int) -> str:
    """What the parent waits to see: accounts are called so."""
    return f"work {n:03}"


async def idle(app: RotaApp) -> dict[str, Any]:
    """Share of a core that an app takes which only counts down."""
    await asyncio.sleep(SETTLE_S)
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(IDLE_S)
    return {"share": [(time.process_time() - used) / (time.perf_counter() - began)]}


async def keys(app: RotaApp) -> dict[str, Any]:
    """Seconds from a key to the paint that shows it, while events pour in."""
    from textual.events import Key

    from rota_tui.widgets.accounts_table import AccountsTable

    await asyncio.sleep(SETTLE_S)
    table, driver = app.screen.query_one(AccountsTable), app._driver
    assert driver is not None
    painted: asyncio.Future[float] | None = None
    wanted: str | None = None
    write = driver.write

    def seen(data: str) -> None:
        write(data)
        if painted is not None and not painted.done() and table.cursor_key == wanted:
            painted.set_result(time.perf_counter())

    driver.write = seen  # type: ignore[method-assign]
    pouring = asyncio.create_task(_pour(app))
    took: list[float] = []
    for n in range(KEYS):
        place = table.keys.index(str(table.cursor_key))
        step = 1 if n // 40 % 2 == 0 else -1
        wanted = table.keys[place + step]
        painted = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        app.post_message(Key("down" if step > 0 else "up", None))
        took.append(await asyncio.wait_for(painted, 5) - began)
        await asyncio.sleep(PAUSE_S)
    pouring.cancel()
    return {"took": took}


async def _pour(app: RotaApp) -> None:
    """Events of a busy pool, at their pace."""
    from tests.bench.traffic import traffic

    journal, clock = app.engine.journal, app.engine.clock
    events = traffic(len(app.snapshot.listed()), 10**9, start=clock.now(), every_s=0.08)
    told, began = 0, time.perf_counter()
    while True:
        due = int((time.perf_counter() - began) * EVENTS_PER_S)
        journal.publish(*(next(events) for _ in range(due - told)))
        told = due
        await asyncio.sleep(random.uniform(0.005, 0.03))


async def run_rota(home: Path, measure: Any) -> None:
    """The app as `rota` opens it, with a measurement beside it."""
    from rota.engine import open_engine
    from rota_tui.app import RotaApp

    async with open_engine(home=home) as engine:
        app = RotaApp(engine)

        async def beside() -> None:
            figures = await measure(app)
            (home / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
            app.exit()

        task = asyncio.get_running_loop().create_task(beside())
        await app.run_async()
        await task


def main(name: str, home: str, rows: str) -> None:
    if name == "bare":
        BareApp.rows = int(rows)
        BareApp().run()
    else:
        asyncio.run(run_rota(Path(home), {"idle": idle, "keys": keys}[name]))


if __name__ == "__main__":
    main(*sys.argv[1:])
