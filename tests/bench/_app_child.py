"""What `app.py` measures from outside: the app, or a bare Textual app, in a terminal and a process of its own.

`python -m tests.bench._app_child NAME HOME ROWS` draws; all but `bare` write their figures to HOME/figures.json.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.widget import Widget
    from textual.widgets import TextArea

    from rota_tui.app import RotaApp
    from rota_tui.widgets.accounts_table import AccountsTable
    from rota_tui.widgets.catalogue_table import CatalogueTable

SETTLE_S = 3.0
"""Until what is loaded behind the first frame is there."""
IDLE_S = 8.0
KEYS = 80
PAUSE_S = 0.06
"""Between two keys."""
EVENTS_PER_S = 50
ANSWER = 20_000
"""Tokens of the answer that comes meanwhile: more than are needed, at the pace of a quick model."""
SEARCHED = ("nano", "sonnet", "free", "qwen", "llama", "gemini", "mistral", "gpt5")
ROUNDS = 3


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


class CountingApp(App[None]):
    """The least that counts down: plain lines, a screenful of them."""

    lines = 38

    def __init__(self, home: Path) -> None:
        super().__init__()
        self._home = home
        self._left = 3600

    def compose(self) -> ComposeResult:
        from textual.widgets import Label

        yield from (Label(label(n)) for n in range(self.lines))

    def on_mount(self) -> None:
        self.set_interval(1.0, self.count)
        self.run_worker(self.measured())

    def count(self) -> None:
        from textual.widgets import Label

        self._left -= 1
        for n, line in enumerate(self.query(Label)):
            line.update(f"{label(n)} back in {self._left // 60:02}:{self._left % 60:02}")

    async def measured(self) -> None:
        (self._home / "figures.json").write_text(json.dumps(await idle(self)), encoding="utf-8")
        self.exit()


def label(n: int) -> str:
    """What the parent waits to see: accounts are called so."""
    return f"work {n:03}"


async def idle(app: App[Any]) -> dict[str, Any]:
    """Share of a core that an app takes which only counts down."""
    await asyncio.sleep(SETTLE_S)
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(IDLE_S)
    return {"share": [(time.process_time() - used) / (time.perf_counter() - began)]}


async def keys(app: RotaApp) -> dict[str, Any]:
    """Seconds from a key to the paint that shows it, in the table and in the question line, while an answer is
    streamed and events pour in."""
    from tests.bench._simulator import MODEL  # late: the bare app is measured without it

    from rota_tui.conversation import Choice, Question
    from rota_tui.screens.chat import ChatScreen
    from rota_tui.widgets.accounts_table import AccountsTable
    from rota_tui.widgets.chat_turn import ChatTurn

    await asyncio.sleep(SETTLE_S)
    table = app.screen.query_one(AccountsTable)
    with app._context():
        await app.switch_mode("chat")
    chat = app.screen
    assert isinstance(chat, ChatScreen)
    turn = ChatTurn(Question(f"[[tokens={ANSWER}]] [[form=mixed]]"), app.locale)
    chat._add(turn)
    await asyncio.sleep(0.5)
    with chat._context():
        answer = chat.ask_one(turn.answer, Choice(MODEL, "anthropic", "account0"), [], turn.question)
    pouring = asyncio.create_task(_pour(app))
    line = chat.prompt
    typed = [await _painted(app, "x", partial(_longer, line, n)) for n in range(KEYS)]
    with app._context():
        await app.switch_mode("accounts")
    await asyncio.sleep(0.5)
    moved = []
    for n in range(KEYS):
        step = 1 if n // 40 % 2 == 0 else -1
        wanted = table.keys[table.keys.index(str(table.cursor_key)) + step]
        key = "down" if step > 0 else "up"
        moved.append(await _painted(app, key, partial(_on, table, wanted)))
    assert answer.is_running, "the answer came to its end too soon"
    pouring.cancel()
    answer.cancel()
    return {
        "typed": [t for t, _ in typed],
        "moved": [t for t, _ in moved],
        "typed_work": [w for _, w in typed],
        "moved_work": [w for _, w in moved],
    }


async def search(app: RotaApp) -> dict[str, Any]:
    """Seconds from a key in the search line of the models to the paint of the rows it leaves, round by round."""
    from rota_tui.screens.models import ModelsScreen

    await asyncio.sleep(SETTLE_S)
    with app._context():
        await app.switch_mode("models")
    screen = app.screen
    assert isinstance(screen, ModelsScreen)
    table = screen.table
    await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "models"])
    took, worked = [], []
    for _ in range(ROUNDS):
        for word in SEARCHED:
            await _painted(app, "slash", partial(_focused, screen.line))
            for end, letter in enumerate(word, start=1):
                t, w = await _painted(app, letter, partial(_found, table, word[:end]))
                took.append(t)
                worked.append(w)
            await _painted(app, "escape", partial(_found, table, ""))
    return {"models": [len(table.models)], "took": took, "work": worked}


def _focused(line: Widget) -> bool:
    return line.has_focus


def _found(table: CatalogueTable, typed: str) -> bool:
    """Whether the rows for these letters are found and drawn, not only found."""
    return table.typed == typed and (bool(table._drawn) or not table.keys)


def _longer(line: TextArea, length: int) -> bool:
    return len(line.text) > length


def _on(table: AccountsTable, key: str) -> bool:
    return table.cursor_key == key


async def _painted(app: RotaApp, key: str, shown: Callable[[], bool]) -> tuple[float, float]:
    """Seconds from a key to the first write to the terminal after what it does is so, by the wall clock and of this
    thread's own work; with the pause between two keys."""
    from textual.events import Key

    driver = app._driver
    assert driver is not None
    write, done = driver.write, asyncio.get_running_loop().create_future()

    def seen(data: str) -> None:
        write(data)
        if not done.done() and shown():
            done.set_result((time.perf_counter() - began, time.thread_time() - worked))

    driver.write = seen  # type: ignore[method-assign]
    began, worked = time.perf_counter(), time.thread_time()
    app.post_message(Key(key, key if len(key) == 1 else None))
    try:
        return await asyncio.wait_for(done, 20)
    finally:
        driver.write = write  # type: ignore[method-assign]
        await asyncio.sleep(PAUSE_S)


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
            try:
                figures = await measure(app)
                (home / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
            finally:
                app.exit()

        task = asyncio.get_running_loop().create_task(beside())
        await app.run_async()
        await task


def main(name: str, home: str, rows: str) -> None:
    if name == "bare":
        BareApp.rows = int(rows)
        BareApp().run()
    elif name == "counting":
        CountingApp(Path(home)).run()
    else:
        asyncio.run(run_rota(Path(home), {"idle": idle, "keys": keys, "search": search}[name]))


if __name__ == "__main__":
    main(*sys.argv[1:])
