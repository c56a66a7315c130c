"""Processes that share accounts, through expiries and limits (the full count: `make bench`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.stress import storm

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_request_of_several_processes_is_answered_or_told_that_all_is_spent(tmp_path: Path) -> None:
    tally = await storm(tmp_path, processes=2, in_flight=16, expiries=50, limits=20, accounts=12)
    assert set(tally.ends) == {"answered", "all spent"}
    assert tally.ends["answered"] > 100
    assert tally.expiries >= 50
    assert tally.limits >= 20
    assert (tally.wasted, tally.ended_twice, tally.unfinished) == (0, 0, 0)
