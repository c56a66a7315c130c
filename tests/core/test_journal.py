"""How a process speaks to the log: at once for itself, soon for others, and never losing a word."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.pool_facts import DAY, HOUR, NOW, added, after, cooled, used

from rota import log_thread
from rota.clock import ManualClock
from rota.errors import StoreError, UsageError
from rota.events import AccountDisabled, AccountEnabled, RequestServed
from rota.journal import Journal
from rota.log import SqliteLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from rota.events import Event
    from rota.log_base import Log
    from rota.snapshot import Snapshot

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    async with Journal(SqliteLog.open(path), ManualClock(NOW)) as opened, asyncio.timeout(30):
        yield opened


@pytest.fixture
def other(path: Path, journal: Journal) -> Iterable[SqliteLog]:
    """Another process's log of the same file."""
    log = SqliteLog.open(path)
    yield log
    log.close()


def served(name: str, request: str, at: float = NOW) -> RequestServed:
    return RequestServed(
        at=at, request_id=request, account_id=name, provider="anthropic", model="m", requested_model="m"
    )


def pages(limit: int) -> object:
    """A query that lets the log's file grow to so many pages: a disk that fills up, or is cleared."""
    return lambda log: log._db.execute(f"PRAGMA max_page_count = {limit}").fetchone()


def in_file(path: Path) -> Snapshot:
    log = SqliteLog.open(path)
    log.close()
    return log.snapshot


def moved(path: Path, elsewhere: Path) -> None:
    path.rename(elsewhere)


# --- own facts ----------------------------------------------------------------------------------------------


async def test_own_facts_count_at_once_and_are_written_soon(journal: Journal, other: SqliteLog) -> None:
    facts = [added("work"), used("work", NOW)]
    journal.publish(*facts)
    assert journal.snapshot == after(*facts)
    await journal.flush()
    assert other.load()[0] == after(*facts)


async def test_leaving_writes_what_is_left(path: Path) -> None:
    async with Journal(SqliteLog.open(path), ManualClock(NOW)) as journal:
        journal.publish(added("work"))
    assert "work" in in_file(path).accounts
    with pytest.raises(RuntimeError):
        journal.publish(added("home"))
    with pytest.raises(RuntimeError):
        await journal.flush()


async def test_a_burst_is_written_in_few_transactions(path: Path) -> None:
    class Counting(SqliteLog):
        appends = 0

        def append(self, events: Iterable[Event], after: Snapshot | None = None) -> int:
            self.appends += 1
            return super().append(events, after)

    log = Counting.open(path)
    assert isinstance(log, Counting)
    async with Journal(log, ManualClock(NOW)) as journal:
        for n in range(1000):
            journal.publish(served("work", f"r{n}", NOW + n / 100))
    assert log.appends < 100
    assert in_file(path).accounts["work"].requests_since(NOW) == 1000


async def test_facts_by_a_clock_that_was_put_back_still_count(journal: Journal) -> None:
    journal.publish(added("work"), AccountDisabled(at=NOW + 8 * HOUR, account_id="work"))
    journal.publish(AccountEnabled(at=NOW, account_id="work"))
    assert journal.snapshot.accounts["work"].account.enabled
    await journal.flush()
    assert journal.snapshot.accounts["work"].account.enabled


# --- others' facts ------------------------------------------------------------------------------------------


async def test_what_another_process_says_arrives_by_itself(journal: Journal, other: SqliteLog) -> None:
    reader = journal.subscribe()
    fact = added("work")
    other.append([fact])
    batch = await anext(reader)
    assert (batch.events, batch.snapshot) == ((fact,), journal.snapshot)
    assert "work" in journal.snapshot.accounts


async def test_own_facts_are_never_counted_twice(journal: Journal, other: SqliteLog) -> None:
    for n in range(50):
        journal.publish(served("work", f"own{n}"))
        other.append([served("work", f"other{n}")])
        await asyncio.sleep(0)
    await journal.flush()
    await journal.refresh()
    snapshot, _ = other.load()
    assert snapshot.accounts["work"].requests_since(NOW) == 100
    assert journal.snapshot == snapshot
    assert await journal.ask(lambda log: log.snapshot) == snapshot  # what checkpoints are made of


async def test_readers_get_every_fact_once_whoever_said_it(journal: Journal, other: SqliteLog) -> None:
    reader = journal.subscribe()
    own, theirs, decided = used("a", NOW, "own"), used("b", NOW, "theirs"), added("c")
    journal.publish(own)
    other.append([theirs])
    await journal.commit(lambda _snapshot: [decided])
    await journal.refresh()
    batch = await anext(reader)
    assert sorted(event.id for event in batch.events) == sorted([own.id, theirs.id, decided.id])
    assert batch.snapshot == journal.snapshot == other.load()[0]


async def test_a_refresh_takes_in_what_others_have_said_by_now(journal: Journal, other: SqliteLog) -> None:
    other.append([added("work")])
    assert "work" in (await journal.refresh()).accounts


async def test_two_apps_in_two_processes_see_each_other(journal: Journal, path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from rota.clock import SystemClock\n"
        "from rota.journal import Journal; from rota.log import SqliteLog; from tests.support.pool_facts import *\n"
        "async def main():\n"
        "    async with Journal(SqliteLog.open(Path(sys.argv[1])), SystemClock()) as journal:\n"
        "        reader = journal.subscribe()\n"
        "        journal.publish(added('work'))\n"
        "        while 'home' not in (await anext(reader)).snapshot.accounts: pass\n"
        "asyncio.run(main())\n"
    )
    reader = journal.subscribe()
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "core"), str(ROOT)))}
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(path), env=environ)
    while "work" not in (await anext(reader)).snapshot.accounts:
        pass
    journal.publish(added("home"))
    assert await child.wait() == 0


# --- commands -----------------------------------------------------------------------------------------------


async def test_a_command_sees_what_was_said_before_it(journal: Journal, other: SqliteLog) -> None:
    other.append([added("home")])
    journal.publish(added("work"))
    known: list[str] = []

    def decide(snapshot: Snapshot) -> list[Event]:
        known.extend(snapshot.accounts)
        return [AccountDisabled(at=NOW, account_id="work")]

    snapshot = await journal.commit(decide)
    assert sorted(known) == ["home", "work"]
    assert snapshot is journal.snapshot
    assert not snapshot.accounts["work"].account.enabled
    assert other.load()[0] == snapshot


async def test_a_command_that_refuses_tells_its_caller_and_nobody_else(journal: Journal) -> None:
    def decide(_snapshot: Snapshot) -> list[Event]:
        raise UsageError("no such thing")

    journal.publish(added("work"))
    with pytest.raises(UsageError, match="no such thing"):
        await journal.commit(decide)
    journal.publish(used("work", NOW))
    await journal.flush()
    assert journal.problem is None


async def test_a_command_whose_caller_went_away_counts_all_the_same(journal: Journal) -> None:
    waiting = asyncio.ensure_future(journal.commit(lambda _snapshot: [added("work")]))
    await asyncio.sleep(0)
    waiting.cancel()
    await journal.refresh()
    assert waiting.cancelled()
    assert "work" in journal.snapshot.accounts


async def test_a_query_runs_after_what_was_said_before_it(journal: Journal) -> None:
    fact = used("work", NOW)
    journal.publish(fact)
    assert await journal.ask(lambda log: log.recent(5)) == [fact]


# --- trouble ------------------------------------------------------------------------------------------------


async def test_another_processs_long_transaction_never_blocks_the_loop(journal: Journal, path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("BEGIN IMMEDIATE")
        journal.publish(added("work"))
        flushed = asyncio.ensure_future(journal.flush())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not flushed.done()
        assert "work" in journal.snapshot.accounts
        db.rollback()
    db.close()
    await flushed
    assert "work" in in_file(path).accounts


async def test_what_a_full_disk_refuses_is_said_kept_and_written_later(journal: Journal, path: Path) -> None:
    reader = journal.subscribe()
    await journal.ask(pages(1))  # type: ignore[arg-type]
    facts = [served("work", f"r{n}") for n in range(200)]
    journal.publish(*facts)
    with pytest.raises(StoreError, match="full"):
        await journal.flush()
    assert (await anext(reader)).events == tuple(facts)
    assert journal.problem is not None
    assert "full" in str(journal.problem)
    with pytest.raises(StoreError, match="full"):
        await journal.commit(lambda _snapshot: [added("home")])
    assert await journal.ask(lambda log: log.recent(1)) == []  # looking still works
    assert journal.snapshot.accounts["work"].requests_since(NOW) == 200
    await journal.ask(pages(100_000))  # type: ignore[arg-type]
    await journal.flush()
    assert journal.problem is None
    assert in_file(path).accounts["work"].requests_since(NOW) == 200


async def test_a_full_disk_that_clears_is_noticed_without_asking(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_thread, "RETRY_S", 0.0)
    reader = journal.subscribe()
    await journal.ask(pages(1))  # type: ignore[arg-type]
    journal.publish(*(served("work", f"r{n}") for n in range(200)))
    while journal.problem is None:
        await anext(reader)
    await journal.ask(pages(100_000))  # type: ignore[arg-type]
    while journal.problem is not None:
        await anext(reader)


async def test_leaving_with_a_full_disk_says_what_is_lost(path: Path) -> None:
    journal = await Journal(SqliteLog.open(path), ManualClock(NOW)).__aenter__()
    await journal.ask(pages(1))  # type: ignore[arg-type]
    journal.publish(*(served("work", f"r{n}") for n in range(200)))
    with pytest.raises(StoreError, match="full"):
        await journal.aclose()
    log = SqliteLog.open(path)  # and the file was closed whole
    log.append([added("work")])
    log.close()


async def test_a_bug_in_the_logs_thread_is_heard_of_by_everybody(path: Path) -> None:
    class Broken(SqliteLog):
        def append(self, events: Iterable[Event], after: Snapshot | None = None) -> int:
            raise ZeroDivisionError

    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: heard.append(context["exception"]))
    journal = await Journal(Broken.open(path), ManualClock(NOW)).__aenter__()
    journal.publish(added("work"))
    with pytest.raises((ZeroDivisionError, RuntimeError)):  # the second once the thread has ended
        await journal.flush()
    with pytest.raises(RuntimeError, match="crashed"):
        journal.publish(added("home"))
    with pytest.raises(RuntimeError, match="crashed"):
        await journal.aclose()
    assert [type(error) for error in heard] == [ZeroDivisionError]


@pytest.mark.skipif(os.name == "nt", reason="Windows moves no file that is in use")
async def test_a_log_that_was_moved_away_is_said_though_nothing_is_written(journal: Journal, path: Path) -> None:
    reader = journal.subscribe()
    aside = path.with_name("elsewhere.db")
    moved(path, aside)
    assert (await anext(reader)).events == ()
    assert "moved or deleted" in str(journal.problem)
    moved(aside, path)
    await anext(reader)
    assert journal.problem is None


# --- upkeep -------------------------------------------------------------------------------------------------


async def test_a_quiet_process_leaves_a_checkpoint(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_thread, "QUIET_S", 0.0)

    def unfolded(log: Log) -> int:
        return log.unfolded

    journal.publish(added("work"))
    await journal.flush()
    while await journal.ask(unfolded):
        pass


async def test_old_requests_are_dropped_now_and_then(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_thread, "COMPACT_FIRST_S", 0.0)
    async with Journal(SqliteLog.open(path), ManualClock(NOW + 40 * DAY)) as journal, asyncio.timeout(30):
        journal.publish(added("work"), cooled("work", NOW), served("work", "old"))
        while len(await journal.ask(lambda log: log.recent(9))) > 2:
            pass
        assert await journal.ask(lambda log: log.story("old")) == []
        assert journal.snapshot.accounts["work"].last_served_at == NOW
