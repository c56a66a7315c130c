"""The facts of a stretch of time, out of a log however long."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from tests.support.pool_facts import DAY, HOUR, NOW, added, cooled, used

from rota.log import SqliteLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rota.events import Event

TRIES = ("RequestStarted",)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog.open(tmp_path / "log.db")
    opened.append([added("a", at=NOW - 90 * DAY), added("b", at=NOW - 90 * DAY)])
    yield opened
    opened.close()


def minutes(events: list[Event]) -> list[float]:
    return [round((event.at - NOW) / 60, 3) for event in events]


def test_an_empty_stretch_holds_nothing(log: SqliteLog) -> None:
    assert log.between(0, 2 * NOW, TRIES, 100) == []
    assert log.between(NOW, NOW - 1, TRIES, 100) == []


def test_only_the_kinds_and_the_time_asked_for_come_oldest_first(log: SqliteLog) -> None:
    log.append([used("a", NOW - 60 * n, f"r{n}") for n in range(10, 0, -1)])
    log.append([cooled("a", NOW + HOUR, at=NOW - 30)])
    assert minutes(log.between(NOW - 300, NOW - 120, TRIES, 100)) == [-5, -4, -3, -2]
    both = log.between(NOW - 60, NOW, (*TRIES, "CooldownStarted"), 100)
    assert [type(event).__name__ for event in both] == ["RequestStarted", "CooldownStarted"]


def test_a_fact_written_late_is_found_at_its_time(log: SqliteLog) -> None:
    log.append([used("a", NOW - 3000, "r1"), used("a", NOW - 1000, "r2"), used("b", NOW - 1030, "late")])
    assert minutes(log.between(NOW - 1040, NOW - 1020, TRIES, 100)) == [-17.167]


def test_too_many_are_stood_for_by_some_from_every_part(log: SqliteLog) -> None:
    log.append(used("a", NOW - 20_000 + n, f"r{n}") for n in range(20_000))
    some = log.between(NOW - 20_000, NOW, TRIES, 400)
    assert 300 <= len(some) <= 800
    gaps = [after.at - before.at for before, after in pairwise(some)]
    assert max(gaps) <= 150
    assert some == sorted(some, key=lambda event: event.at)


def test_gaps_in_the_numbers_hinder_nothing(log: SqliteLog) -> None:
    log.append(used("a", NOW - 40 * DAY + n, f"old{n}") for n in range(500))
    log.append(used("a", NOW - 100 + n, f"new{n}") for n in range(100))
    log.compact(NOW)
    assert len(log.between(NOW - 50, NOW, TRIES, 1000)) == 50
