"""The timeline's lanes, ticks and views as tables of cases."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.facts import histories

from rota.account import Health
from rota.errors import Meaning
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    AccountRemoved,
    CooldownLifted,
    CooldownStarted,
    Event,
    HealthChanged,
    RequestServed,
)
from rota.snapshot import Sample
from rota_tui.lanes import Doing, Spell, View, cells, column, spells, spent_spells, ticks

NOW = 1_800_014_400.0  # Friday 15 January 2027, 12:00 UTC
DRAWN = {
    Doing.NOTHING: "-",
    Doing.ABSENT: " ",
    Doing.SERVING: "s",
    Doing.COOLING: "c",
    Doing.SPENT: "X",
    Doing.OUT: "o",
}


def served(since: float, until: float) -> RequestServed:
    return RequestServed(
        at=NOW + until,
        request_id="r",
        account_id="a",
        provider="anthropic",
        model="m",
        requested_model="m",
        started_at=NOW + since,
    )


def held(since: float, until: float, meaning: Meaning = Meaning.LIMITED, model: str | None = None) -> CooldownStarted:
    return CooldownStarted(at=NOW + since, account_id="a", until=NOW + until, meaning=meaning, reason="", model=model)


def lifted(at: float) -> CooldownLifted:
    return CooldownLifted(at=NOW + at, account_id="a", reason="")


def health(at: float, value: Health) -> HealthChanged:
    return HealthChanged(at=NOW + at, account_id="a", health=value)


@pytest.mark.parametrize(
    ("events", "lane"),
    [
        # ten cells of a minute before now, five after it
        ([], "----------     "),
        ([served(-300, -290)], "-----s----     "),
        ([served(-300, -170)], "-----sss--     "),
        ([served(-900, -570)], "s---------     "),  # began before what is seen
        ([held(-120, 120)], "--------XXXX   "),
        ([held(-120, 120, Meaning.THROTTLED)], "--------cccc   "),
        ([held(-120, 120, model="opus")], "----------     "),  # one model only: the account serves others
        ([held(-90_000, -540)], "X---------     "),
        ([held(-90_000, 90_000)], "XXXXXXXXXXXXXXX"),
        ([held(-300, 300), lifted(-180)], "-----XX---     "),
        ([held(-300, 300), held(-120, 60, Meaning.OVERLOADED)], "-----XXXccc    "),
        ([held(-300, -290)], "-----X----     "),  # however short, it shows
        ([held(-300, -290), served(-299, -289)], "-----s----     "),  # unless it worked in the same minute
        ([held(-300, -240), served(-299, -289)], "-----X----     "),
        ([AccountDisabled(at=NOW - 300, account_id="a")], "-----oooooooooo"),
        (
            [AccountDisabled(at=NOW - 300, account_id="a"), AccountEnabled(at=NOW - 120, account_id="a")],
            "-----ooo--     ",
        ),
        ([health(-300, Health.NEEDS_LOGIN), health(-120, Health.READY)], "-----ooo--     "),
        ([held(-300, 300), AccountRemoved(at=NOW - 60, account_id="a")], "-----XXXX-     "),
        ([served(-86_400, -86_300)], "----------     "),  # out of sight
    ],
)
def test_a_lane_shows_what_the_account_did_and_will_do(events: list[Event], lane: str) -> None:
    own = spells(events).get("a", ())
    drawn = "".join(DRAWN[cell.doing] for cell in cells(own, NOW - 600, NOW + 300, NOW, 15))
    assert drawn == lane


def test_a_cell_counts_its_requests() -> None:
    own = spells([served(-300, -299), served(-290, -280), served(-200, -190)])["a"]
    counted = [cell.served for cell in cells(own, NOW - 600, NOW, NOW, 10)]
    assert counted == [0, 0, 0, 0, 0, 2, 1, 0, 0, 0]


def test_a_spell_without_beginning_and_end_fills_the_lane() -> None:
    always = Spell(Doing.OUT, -math.inf, math.inf)
    assert {cell.doing for cell in cells((always,), NOW - 600, NOW + 300, NOW, 15)} == {Doing.OUT}


def test_before_it_was_added_an_account_is_absent() -> None:
    drawn = "".join(DRAWN[c.doing] for c in cells((), NOW - 600, NOW, NOW, 10, added_at=NOW - 300))
    assert drawn == "     -----"


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        ([], []),
        ([(0, 0.5, 600)], []),
        ([(0, 1.0, 600)], [(0, 600)]),  # until its reset
        ([(0, 1.04, 600), (300, 1.04, 600)], [(0, 300), (300, 600)]),
        ([(0, 1.0, 600), (300, 0.2, 600)], [(0, 300)]),  # seen with room: over
        ([(0, 1.0, None)], [(0, 60)]),  # no reset known: as long as the sight stands for
        ([(0, 1.0, -5)], []),
    ],
)
def test_a_window_was_spent_until_its_reset(
    samples: list[tuple[float, float, float | None]], found: list[tuple[float, float]]
) -> None:
    seen = [Sample(at, used, resets_at, 60.0) for at, used, resets_at in samples]
    assert spent_spells(seen) == tuple(Spell(Doing.SPENT, since, until) for since, until in found)


@given(histories(), st.integers(1, 200), st.floats(60, 1e6))
def test_any_facts_give_a_whole_lane(events: list[Event], width: int, span: float) -> None:
    for own in spells(events).values():
        assert len(cells(own, NOW - span, NOW + span / 3, NOW, width)) == width


@pytest.mark.parametrize(
    ("at", "place"),
    [(-1, None), (0, 0), (99, 0), (100, 1), (999, 9), (1000, None), (math.inf, None)],
)
def test_a_moment_has_a_cell(at: float, place: int | None) -> None:
    assert column(at if math.isfinite(at) else 1e18, 0, 1000, 10) == place


@pytest.mark.parametrize(
    ("hours", "width", "names"),
    [
        (1, 60, ["11:00", "11:15", "11:30", "11:45"]),
        (5, 60, ["07:00", "08:00", "09:00", "10:00", "11:00"]),
        (24, 48, ["12:00", "18:00", "Fri 15", "06:00"]),
        (168, 84, ["Sat 9", "Sun 10", "Mon 11", "Tue 12", "Wed 13", "Thu 14", "Fri 15"]),
    ],
)
def test_the_axis_names_round_moments(hours: int, width: int, names: list[str]) -> None:
    assert [name for _, name in ticks(NOW - hours * 3600, NOW, width, UTC)] == names


def test_days_begin_at_midnight_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    since = datetime(2027, 10, 29, 12, tzinfo=berlin).timestamp()
    width = 7 * 12
    marks = ticks(since, since + 7 * 86_400, width, berlin)
    assert [name for _, name in marks][:3] == ["Sat 30", "Sun 31", "Mon 1"]
    assert [place for place, _ in marks][:4] == [6, 18, 30, 42]


@pytest.mark.parametrize(
    ("moved", "span", "from_now"),
    [
        (View(), 5 * 3600, 0.0),
        (View().zoomed(1), 24 * 3600, 0.0),
        (View().zoomed(-1).zoomed(-1), 3600, 0.0),  # no nearer than an hour
        (View().zoomed(9), 7 * 86_400, 0.0),
        (View().panned(-1), 5 * 3600, -4500.0),
        (View().panned(-2).panned(1), 5 * 3600, -4500.0),
        (View().panned(-3).at_now(), 5 * 3600, 0.0),
        (View(zoom=3).panned(-1000), 7 * 86_400, -60 * 86_400.0),
    ],
)
def test_the_view_is_zoomed_panned_and_brought_back(moved: View, span: float, from_now: float) -> None:
    assert (moved.span, moved.shift) == (span, from_now)
    assert moved.until(NOW) - moved.since(NOW) == pytest.approx(span)
    assert moved.since(NOW) == pytest.approx(NOW + from_now - 0.7 * span)
