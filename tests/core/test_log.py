"""The log on disk: what it keeps, what it survives, and what it says when it cannot."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.facts import histories
from tests.support.pool_facts import DAY, HOUR, NOW, added, after, cooled, seen, used, window

from rota.account import Identity, Kind
from rota.errors import Attempt, LogDamaged, LogTooNew, Meaning, StoreError, UsageError
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    AccountLabelled,
    AccountRemoved,
    AccountRenewed,
    AccountsImported,
    AlertRaised,
    AttemptFailed,
    Event,
    RequestFailed,
    RequestServed,
)
from rota.log import LATEST, SqliteLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rota.snapshot import Snapshot

ROOT = Path(__file__).parents[2]
posix_only = pytest.mark.skipif(os.name == "nt", reason="POSIX modes and signals")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    with_tables = SqliteLog.open(path)
    yield with_tables
    with_tables.close()


def served(name: str, at: float, request: str, **more: object) -> RequestServed:
    told = RequestServed(
        at=at, request_id=request, account_id=name, provider="anthropic", model="m", requested_model="m"
    )
    return replace(told, **more)  # type: ignore[arg-type]


def reopened(path: Path) -> Snapshot:
    again = SqliteLog.open(path)
    again.close()
    return again.snapshot


def from_the_beginning(path: Path) -> Snapshot:
    """What the facts add up to, without the checkpoint that only saves time."""
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM checkpoints WHERE name = ?", (LATEST,))
    db.close()
    return reopened(path)


def texts(path: Path) -> str:
    """Everything the log's files hold, as text."""
    return "".join(file.read_text("latin-1") for file in path.parent.iterdir())


# --- keeping ------------------------------------------------------------------------------------------------


def test_facts_are_there_after_a_restart(log: SqliteLog, path: Path) -> None:
    facts = [added("work"), cooled("work", NOW + HOUR), seen("work", window("5h", 0.4))]
    log.append(facts)
    assert log.snapshot == after(*facts)
    log.close()
    assert reopened(path) == after(*facts)


def test_a_fact_that_is_there_already_is_left_out(log: SqliteLog) -> None:
    fact = served("work", NOW, "r")
    last = log.append([added("work"), fact])
    assert log.append([fact]) == last
    assert log.snapshot.accounts["work"].requests_since(NOW) == 1


@pytest.mark.parametrize("count", [1, 2, 7, 64, 65, 200])  # as many as a statement writes, and what is left over
def test_a_batch_of_any_size_is_kept_in_its_order_and_what_it_repeats_left_out(
    log: SqliteLog, path: Path, count: int
) -> None:
    known = added("work"), served("work", NOW, "r")
    log.append(known)
    facts = [served("work", NOW + number, f"r{number}") for number in range(count)]
    last = log.append([known[1], *facts, facts[-1]], after(*known, *facts, facts[-1]))
    assert log.snapshot == after(*known, *facts)
    log.close()
    assert reopened(path) == from_the_beginning(path) == after(*known, *facts)
    again = SqliteLog.open(path)
    assert [event.id for _, event in again.since(2)] == [event.id for event in facts]
    assert again.load()[1] == last
    again.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(histories(most=6), max_size=4), st.data())
def test_checkpoints_add_up_to_what_the_facts_do(
    tmp_path_factory: pytest.TempPathFactory, batches: Sequence[list[Event]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.db"
    for number, batch in enumerate(batches):
        with contextlib.closing(SqliteLog.open(path)) as log:
            log.append(replace(event, id=f"{number}-{event.id}") for event in batch)
            if data.draw(st.booleans()):
                log.checkpoint()
    restored = reopened(path)
    assert restored == from_the_beginning(path)


def test_a_damaged_checkpoint_is_made_up_for_by_the_facts(log: SqliteLog, path: Path) -> None:
    log.append([added("work")])
    log.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE checkpoints SET body = '{\"accounts\": 3}'")
    db.close()
    assert "work" in reopened(path).accounts


def test_a_checkpoint_of_another_fold_is_folded_anew(log: SqliteLog, path: Path) -> None:
    log.append([added("work")])
    log.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE checkpoints SET fold = fold + 1, body = replace(body, 'work', 'wonk')")
    db.close()
    assert list(reopened(path).accounts) == ["work"]


def test_an_older_checkpoint_never_replaces_a_newer_one(log: SqliteLog, path: Path) -> None:
    slow = SqliteLog.open(path)
    slow.append([added("a")])
    log.append([added("b")])
    log.checkpoint()
    slow.checkpoint()  # has not seen b
    with sqlite3.connect(path) as db:
        ((body,),) = db.execute("SELECT body FROM checkpoints WHERE name = ?", (LATEST,))
    db.close()
    slow.close()
    assert '"b"' in body


# --- deciding -----------------------------------------------------------------------------------------------


def test_a_command_decides_on_what_every_process_has_said(log: SqliteLog, path: Path) -> None:
    other = SqliteLog.open(path)
    other.append([added("work")])
    seen_by_decide: list[list[str]] = []

    def decide(snapshot: Snapshot) -> list[Event]:
        seen_by_decide.append(list(snapshot.accounts))
        return [AccountDisabled(at=NOW, account_id="work")]

    snapshot, facts = log.transact(decide)
    other.close()
    assert seen_by_decide == [["work"]]
    assert (snapshot.accounts["work"].account.enabled, len(facts)) == (False, 1)


def test_a_command_that_refuses_leaves_no_trace(log: SqliteLog, path: Path) -> None:
    def decide(_snapshot: Snapshot) -> list[Event]:
        raise UsageError("no")

    log.append([added("work")])
    before = log.load()
    with pytest.raises(UsageError):
        log.transact(decide)
    log.append([used("work", NOW)])  # and the log is free again
    assert log.since(before[1]) != []
    assert log.snapshot.accounts["work"].last_used_at == NOW


def test_what_a_command_breaks_off_in_the_middle_is_taken_back(log: SqliteLog) -> None:
    def events() -> Iterator[Event]:
        yield added("work")
        raise KeyboardInterrupt

    before = log.load()
    with pytest.raises(KeyboardInterrupt):
        log.append(events())
    assert log.load() == before
    assert log.since(0) == []


def test_a_command_given_after_a_clock_was_put_back_still_counts(log: SqliteLog) -> None:
    log.append([added("work"), AccountDisabled(at=NOW + 8 * HOUR, account_id="work")])
    snapshot, (enabled,) = log.transact(lambda _snapshot: [AccountEnabled(at=NOW, account_id="work")])
    assert snapshot.accounts["work"].account.enabled
    assert enabled.at > NOW + 8 * HOUR


# --- several processes --------------------------------------------------------------------------------------


def run(code: str, path: Path) -> subprocess.Popen[str]:
    """A rota of its own on the same log."""
    prelude = "import sys; from pathlib import Path; from rota.log import SqliteLog; path = Path(sys.argv[1]);"
    prelude += "from tests.support.pool_facts import *; log = SqliteLog.open(path)\n"
    return subprocess.Popen(
        [sys.executable, "-c", prelude + code, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "core"), str(ROOT)))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_see_what_the_other_says(log: SqliteLog, path: Path) -> None:
    log.append([added("work")])
    log.changed()
    other = run("print(list(log.snapshot.accounts)); log.append([used('work', NOW)]); log.close()", path)
    said, _ = other.communicate(timeout=30)
    assert said == "['work']\n"
    assert log.changed()
    assert [type(event).__name__ for event in log.follow()] == ["RequestStarted"]
    assert log.follow() == []
    assert not log.changed()
    assert log.snapshot.accounts["work"].last_used_at == NOW


def test_processes_that_write_at_once_agree_on_one_order(log: SqliteLog, path: Path) -> None:
    code = "for n in range(100): log.append([used('work', NOW + n, f'{sys.argv[1][-3:]}{id(log)}-{n}')])\nlog.close()"
    writers = [run(code, path) for _ in range(3)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    snapshot, last = log.load()
    assert last == 300
    assert snapshot == from_the_beginning(path)


@posix_only
def test_a_kill_in_the_middle_of_writing_leaves_a_whole_log(path: Path) -> None:
    code = (
        "n = 0\n"
        "while True:\n"
        "    log.append([used('work', NOW + n, f'r{n}-{i}') for i in range(20)]); n += 1\n"
        "    print(n, flush=True)\n"
    )
    writer = run(code, path)
    assert writer.stdout is not None
    confirmed = [int(writer.stdout.readline()) for _ in range(20)][-1]
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    confirmed = max([confirmed, *(int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n"))])
    log = SqliteLog.open(path)
    kept = len(log.since(0))
    log.close()
    assert log.notice is None
    assert kept % 20 == 0  # whole batches only
    assert kept >= confirmed * 20  # and every one that was confirmed


# --- looking back -------------------------------------------------------------------------------------------


def test_the_newest_facts_come_oldest_first(log: SqliteLog) -> None:
    facts = [used("ab"[n % 2], NOW + n, f"r{n}") for n in range(10)]
    log.append([added("a"), *facts, cooled("a", NOW)])
    assert log.recent(3) == [*facts[-2:], log.recent(1)[0]]
    assert log.recent(3, kinds=["RequestStarted"]) == facts[-3:]
    assert log.recent(2, account_id="b") == [facts[7], facts[9]]
    assert log.recent(2, account_id="b", before=facts[7].id) == [facts[3], facts[5]]
    assert log.recent(2, kinds=["RequestStarted"], before=facts[2].id) == facts[:2]
    assert [type(e).__name__ for e in log.recent(9, kinds=["CooldownStarted", "AccountAdded"])] == [
        "AccountAdded",
        "CooldownStarted",
    ]
    assert [type(e).__name__ for e in log.recent(9, kinds=["CooldownStarted"], account_id="a")] == ["CooldownStarted"]


def test_a_request_tells_its_story_in_order(log: SqliteLog) -> None:
    story = [used("a", NOW, "r1"), used("b", NOW + 1, "r1"), served("b", NOW + 2, "r1")]
    log.append([story[0], used("a", NOW, "r20"), story[1], used("a", NOW, "r21"), story[2]])
    assert log.story("r1") == story
    assert log.story("r20") == [log.recent(9)[1]]
    assert log.story("nothing") == []


def test_a_request_may_be_named_by_the_start_of_its_id_while_that_is_one(log: SqliteLog) -> None:
    log.append([used("a", NOW, "abc1"), used("a", NOW, "abd1"), used("a", NOW, "abd12")])
    assert log.story("abc") == log.story("abc1") != []
    assert len(log.story("abd1")) == 1  # a whole id, though another begins with it
    with pytest.raises(UsageError):
        log.story("ab")


def test_every_look_back_walks_an_index(log: SqliteLog) -> None:
    # With a million facts, one sorted or scanned table is a second of waiting.
    db = log._db
    queries: list[str] = []
    db.set_trace_callback(queries.append)
    log.append([added("a")])
    log.recent(5)
    log.recent(5, kinds=["AccountAdded"])
    log.recent(5, account_id="a", kinds=["AccountAdded"])
    log.story("r")
    log.samples("a", "5h", 0)
    db.set_trace_callback(None)
    looks = [query for query in queries if query.startswith("SELECT")]
    plans = [(query, row[3]) for query in looks for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert {query for query, _ in plans} == set(looks)
    assert [plan for query, plan in plans if not plan.startswith("SEARCH") and "FROM samples" not in query] == []
    assert all("SCAN" not in plan for _, plan in plans)


def test_samples_keep_the_last_sight_of_each_bucket(log: SqliteLog) -> None:
    log.append([seen("a", window("5h", n / 100, seen=NOW + n * 60)) for n in range(10)])
    log.append([seen("a", window("5h", 0.99, seen=NOW - 1), window("7d", None))])
    assert [(s.at - NOW, s.utilization) for s in log.samples("a", "5h", NOW)] == [(240, 0.04), (540, 0.09)]
    assert [s.utilization for s in log.samples("a", "5h", NOW - 1)] == [0.99, 0.04, 0.09]
    assert log.samples("a", "7d", 0) == []


# --- forgetting ---------------------------------------------------------------------------------------------


def test_compacting_drops_old_requests_and_changes_nothing_that_is_shown(path: Path) -> None:
    log = SqliteLog.open(path, retention_days=1)
    month_ago = NOW - 30 * DAY
    log.append([added("work", at=month_ago), cooled("work", NOW, at=month_ago, strikes=3)])
    log.append([seen("work", window("5h", 0.4, seen=month_ago), at=month_ago), served("work", month_ago + 1, "old")])
    log.append([served("work", NOW - HOUR, "new")])
    before = log.snapshot
    assert log.compact(NOW) == 2
    assert log.compact(NOW) == 0
    assert log.story("old") == []
    assert len(log.story("new")) == 1
    assert [s.utilization for s in log.samples("work", "5h", 0)] == [0.4]
    log.append([cooled("work", NOW)])
    log.close()
    expected = log.snapshot
    assert expected.accounts["work"].last_served_at == before.accounts["work"].last_served_at
    assert reopened(path) == expected
    assert from_the_beginning(path) == expected  # the one that stands for what was dropped


def test_compacting_gives_the_space_back(path: Path) -> None:
    log = SqliteLog.open(path)
    log.append(served("work", NOW + n / 100, f"r{n}", reason="x" * 500) for n in range(3000))
    log.close()
    full = path.stat().st_size
    log = SqliteLog.open(path)
    assert log.compact(NOW + 40 * DAY) == 3000
    log.close()
    assert path.stat().st_size < full / 4


WHO = Identity("sk-fingerprint-77", Kind.API_KEY, email="someone@example.org", plan="Max 20x")


def told_of(name: str) -> list[Event]:
    attempt = Attempt(name, "Secret Label", "m", Meaning.LIMITED, "spent", 429)
    return [
        added(name, email="someone@example.org"),
        AccountRenewed(at=NOW, account_id=name, identity=WHO),
        AttemptFailed(at=NOW, request_id="r", provider="anthropic", attempt=attempt, next_step="b"),
        seen(name, window("5h", 0.5)),
        served("b", NOW, "r", attempts=(attempt,)),
    ]


FREE_TEXT: list[tuple[Event, str]] = [
    # what came next on another account, an ending that names who was tried, an alert, an import's note
    (
        AttemptFailed(
            at=NOW,
            request_id="r2",
            provider="anthropic",
            attempt=Attempt("b", "other", "m", Meaning.LIMITED, "spent", 429),
            next_step="its quota is spent: on to Secret Label with m-small",
        ),
        "its quota is spent: on to removed account with m-small",
    ),
    (
        RequestFailed(
            at=NOW,
            request_id="r3",
            provider="anthropic",
            requested_model="m",
            meaning=Meaning.LIMITED,
            message="All failed: Secret Label (m): spent; Secret Labels (m): spent.",
        ),
        "All failed: removed account (m): spent; Secret Labels (m): spent.",
    ),
    (
        AlertRaised(at=NOW, key="spent a", text="2 accounts are spent: other, someone@example.org and Secret Label"),
        "2 accounts are spent: other, removed account and removed account",
    ),
    (
        AccountsImported(
            at=NOW, import_id="i", source="f", account_ids=("a",), notes=("Secret Label: its token is dead",)
        ),
        "removed account: its token is dead",
    ),
]


@pytest.mark.parametrize(("event", "left"), FREE_TEXT, ids=[type(event).__name__ for event, _ in FREE_TEXT])
def test_what_was_said_of_a_removed_account_no_longer_names_it(
    log: SqliteLog, path: Path, event: Event, left: str
) -> None:
    named = AccountLabelled(at=NOW, account_id="a", label="Secret Label")
    log.append([added("a", email="someone@example.org"), named, added("b"), event])
    log.transact(lambda _snapshot: [AccountRemoved(at=NOW + 1, account_id="a")])
    kept = next(each for each in log.recent(9) if each.id == event.id)
    log.close()
    assert left in str(kept)
    assert not re.search(r"Secret Label\b|someone@example.org", texts(path))


@pytest.mark.parametrize("purge", [False, True])
def test_who_a_removed_account_was_is_gone_from_every_file(log: SqliteLog, path: Path, purge: bool) -> None:
    log.append(told_of("a"))
    log.checkpoint()
    assert "someone@example.org" in texts(path)
    log.transact(lambda _snapshot: [AccountRemoved(at=NOW + 1, account_id="a", purge=purge)])
    assert "someone@example.org" not in texts(path)
    log.append(told_of("a")[:2])  # from a process that did not know yet
    story = log.story("r")
    history = log.samples("a", "5h", 0)
    log.close()
    left = texts(path)
    assert ("someone@example.org" in left, "Secret Label" in left, WHO.key in left) == (False, False, False)
    assert [type(event).__name__ for event in story] == (
        ["RequestServed"] if purge else ["AttemptFailed", "RequestServed"]
    )
    assert len(history) == (0 if purge else 1)
    assert from_the_beginning(path).accounts["a"].removed


# --- the file -----------------------------------------------------------------------------------------------


@posix_only
def test_nobody_else_may_read_the_log(log: SqliteLog, path: Path) -> None:
    log.append([added("work")])
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"log.db": 0o600, "log.db-wal": 0o600, "log.db-shm": 0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


@posix_only
def test_a_log_that_others_could_read_is_closed_to_them(log: SqliteLog, path: Path) -> None:
    log.close()
    path.chmod(0o644)
    reopened(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_of_a_newer_rota_is_left_alone(log: SqliteLog, path: Path) -> None:
    log.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(LogTooNew) as told:
        SqliteLog.open(path)
    assert path.read_bytes() == before
    assert str(path) in str(told.value)
    assert "Update" in told.value.hint


def test_kinds_of_a_newer_rota_are_passed_over_and_kept(log: SqliteLog, path: Path) -> None:
    log.append([added("work")])
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO events (id, at, kind, body) VALUES ('new', 1, 'AccountPainted', '{}')")
    db.close()
    assert log.follow() == []
    log.append([added("home")])
    assert [number for number, _ in log.since(0)] == [1, 3]


def test_a_file_that_is_no_database_is_moved_aside_and_said_once(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"what is this\n" * 100)
    log = SqliteLog.open(path)
    log.append([added("work")])
    log.close()
    assert isinstance(log.notice, LogDamaged)
    assert log.notice.path.read_bytes() == b"what is this\n" * 100
    assert log.notice.path.name in str(log.notice)
    again = SqliteLog.open(path)
    again.close()
    assert again.notice is None
    assert "work" in again.snapshot.accounts


def test_another_programs_database_is_not_written_to(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE songs (title)")
        db.execute("INSERT INTO songs VALUES ('x')")
    db.close()
    before = path.read_bytes()
    log = SqliteLog.open(path)
    log.close()
    assert log.notice is not None
    assert log.notice.path.read_bytes() == before


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9])
def test_a_page_gone_bad_is_met_said_and_at_the_next_start_made_up_for(path: Path, share: float) -> None:
    log = SqliteLog.open(path)
    facts = [added("work"), *(served("work", NOW + n / 100, f"r{n}") for n in range(2000))]
    log.append(facts)
    log.close()
    expected = log.snapshot
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * share))
        file.write(b"\xa5" * 9000)
    first = SqliteLog.open(path)
    with contextlib.suppress(LogDamaged):
        first.recent(5000)
        first.recent(5000, account_id="work")
        first.story("r1999")
    first.close()
    second = SqliteLog.open(path)
    second.recent(5000)
    second.append([used("work", NOW + HOUR)])
    second.close()
    assert (first.notice or second.notice) is not None
    assert second.snapshot.accounts["work"].account == expected.accounts["work"].account
    assert second.snapshot.accounts["work"].hours == expected.accounts["work"].hours
    assert reopened(path) == second.snapshot


def test_a_full_disk_is_said_and_nothing_is_half_written(log: SqliteLog) -> None:
    log.append([added("work")])
    (pages,) = log._db.execute("PRAGMA page_count").fetchone()
    log._db.execute(f"PRAGMA max_page_count = {pages}")
    before = log.load()
    with pytest.raises(StoreError, match="full") as told:
        log.append(served("work", NOW, f"r{n}", reason="x" * 500) for n in range(100))
    assert "space" in told.value.hint
    assert log.load() == before
    log._db.execute("PRAGMA max_page_count = 1000000")
    log.append([used("work", NOW)])
    assert log.snapshot.accounts["work"].last_used_at == NOW


def test_a_log_held_by_another_program_is_said(log: SqliteLog, path: Path) -> None:
    log._db.execute("PRAGMA busy_timeout = 0")
    with sqlite3.connect(path) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="held by another program"):
            log.append([added("work")])
    db.close()


def test_a_log_that_may_not_be_written_is_said(log: SqliteLog) -> None:
    log._db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="cannot be written") as told:
        log.append([added("work")])
    assert "own the file" in told.value.hint
    log._db.execute("PRAGMA query_only = OFF")


@posix_only
def test_a_log_that_was_moved_away_is_not_written_to_any_more(log: SqliteLog, path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))
    with pytest.raises(StoreError, match="moved or deleted") as told:
        log.append([added("work")])
    assert "start it again" in told.value.hint
    with pytest.raises(StoreError, match="moved or deleted"):
        log.changed()


@pytest.mark.parametrize("obstacle", ["a folder in its place", "a file for a folder"])
def test_a_place_where_no_log_can_be_is_said(path: Path, obstacle: str) -> None:
    if obstacle == "a folder in its place":
        path.mkdir(parents=True)
    else:
        path.parent.write_text("")
    with pytest.raises(StoreError) as told:
        SqliteLog.open(path)
    assert str(path) in str(told.value)
    assert told.value.hint


def test_a_reader_imports_neither_events_nor_fold(log: SqliteLog, path: Path) -> None:
    # `rota status` has a budget of milliseconds: after a clean end a checkpoint is all it reads.
    log.append([added("work")])
    log.close()
    code = "log.close(); print({'rota.events', 'rota.fold'} & set(sys.modules), list(log.snapshot.accounts))"
    prelude = "import sys; from pathlib import Path; from rota.log import SqliteLog\n"
    prelude += "log = SqliteLog.open(Path(sys.argv[1]))\n"
    said = subprocess.run(
        [sys.executable, "-c", prelude + code, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "core")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "set() ['work']\n"
