"""Given these sights of use: where `auto` lets the next session begin, when it moves on, and how it says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.pool_facts import DAY, HOUR, NOW, added, after, chosen, cooled, seen, used, window

from rota.account import Kind
from rota.events import AccountPrioritized, AccountReserved, SessionBound
from rota.fold import fold
from rota.pool.rehearsal import Rehearsal
from rota.pool.routing import Target
from rota.pool.rules import Rules
from rota.pool.strategy import rank

if TYPE_CHECKING:
    from rota.events import Event
    from rota.pool.strategy import Ranking
    from rota.snapshot import Snapshot

MINUTE = 60.0
AUTO = Rules(strategy="auto")
TWO = (added("a"), added("b"))


def ranked(snapshot: Snapshot, session: str | None = None) -> Ranking:
    return rank(snapshot, "anthropic", "claude-sonnet-4-5", session=session, settings=AUTO, now=NOW)


def order(*events: Event) -> list[str]:
    return [c.account_id for c in ranked(after(*events)).candidates]


def rising(name: str, start: float, end: float, *, key: str = "5h", resets_in: float = 2 * HOUR) -> list[Event]:
    """A window that went from `start` to `end` in the last twenty minutes."""
    times = [NOW - 20 * MINUTE, NOW - 10 * MINUTE, NOW]
    shares = [start, (start + end) / 2, end]
    return [
        seen(name, window(key, share, resets_in=resets_in, seen=at), at=at)
        for at, share in zip(times, shares, strict=True)
    ]


# --- where a session begins -------------------------------------------------------------------------------


def test_a_new_session_begins_where_the_five_hours_will_last() -> None:
    # a has used less so far, but at its burn of 0.5 % a minute it has used more within an hour and a half.
    ranking = ranked(after(*TWO, *rising("a", 0.2, 0.3), seen("b", window("5h", 0.5))))
    assert [c.account_id for c in ranking.candidates] == ["b", "a"]
    assert ranking.candidates[1].reason == "5h 30% used, on the way to 75%"


def test_a_burn_that_is_over_by_the_reset_is_no_reason_to_keep_away() -> None:
    assert order(*TWO, *rising("a", 0.2, 0.3, resets_in=10 * MINUTE), seen("b", window("5h", 0.6))) == ["a", "b"]


def test_sessions_are_not_taken_to_go_on_for_longer_than_an_hour_and_a_half() -> None:
    # At its burn a would have used 58 % by its reset in four hours; but what runs there now will have ended.
    assert order(*TWO, *rising("a", 0.06, 0.1, resets_in=4 * HOUR), seen("b", window("5h", 0.5))) == ["a", "b"]


def test_an_idle_window_is_opened_before_a_busy_one_takes_more() -> None:
    idle = seen("b", window("5h", 0.0, resets_in=None), window("7d", 0.5, resets_in=3.5 * DAY))
    week = seen("a", window("7d", 0.5, resets_in=3.5 * DAY))
    assert order(*TWO, week, *rising("a", 0.0, 0.1), idle)[0] == "b"


def test_a_week_behind_its_even_pace_is_spent_first() -> None:
    # a has used 40 % with a day to go: 60 % would expire. b used as much in its first day.
    events = [
        *TWO,
        seen("a", window("7d", 0.4, resets_in=DAY), window("5h", 0.2)),
        seen("b", window("7d", 0.4, resets_in=6 * DAY), window("5h", 0.2)),
    ]
    assert order(*events) == ["a", "b"]
    assert order(*events[1:], events[0]) == ["a", "b"]


def test_a_week_far_ahead_of_its_pace_is_spared_even_while_its_five_hours_are_empty() -> None:
    ahead = seen("a", window("7d", 0.8, resets_in=5 * DAY), window("5h", 0.0, resets_in=None))
    even = seen("b", window("7d", 0.3, resets_in=5 * DAY), window("5h", 0.5))
    assert order(*TWO, ahead, even) == ["b", "a"]


def test_among_equals_the_one_that_rested_longest_goes_first() -> None:
    figures = [seen(n, window("5h", share)) for n, share in (("a", 0.31), ("b", 0.33))]
    assert order(*TWO, *figures, used("a", NOW - 10), used("b", NOW - 90)) == ["b", "a"]


def routed(*events: Event) -> Ranking:
    return rank(after(*events), "anthropic", settings=Rules(strategy="auto", route_subscriptions=True), now=NOW)


def plan(name: str) -> Event:
    return added(name, kind=Kind.SUBSCRIPTION)


def test_an_account_of_unknown_use_is_taken_for_half_used() -> None:
    known = seen("a", window("5h", 0.7)), seen("c", window("5h", 0.1))
    assert [c.account_id for c in routed(plan("a"), plan("b"), plan("c"), *known).candidates] == ["c", "b", "a"]


# --- what costs money -------------------------------------------------------------------------------------

FULL_WEEK = window("7d", 0.8, resets_in=5 * DAY), window("5h", 0.6)
"""Room, but far ahead of an even pace."""


def test_a_key_that_is_paid_by_use_comes_after_every_plan_with_room_known_or_not() -> None:
    ranking = routed(added("a"), plan("b"), plan("c"), seen("c", *FULL_WEEK))
    assert [c.account_id for c in ranking.candidates] == ["b", "c", "a"]
    assert ranking.candidates[2].reason == "paid by use, never used"


def test_a_key_that_is_paid_by_use_serves_while_the_plans_are_near_their_limits() -> None:
    near = seen("b", window("5h", 0.93))
    ranking = routed(added("a"), plan("b"), near)
    assert [c.account_id for c in ranking.candidates] == ["a", "b"]
    assert ranking.candidates[1].reason == "near a limit, 5h 93% used"


def test_new_sessions_return_from_a_paid_key_as_soon_as_a_plan_has_room() -> None:
    paying = [added("a"), plan("b"), chosen("a"), used("a", NOW - MINUTE)]
    assert routed(*paying, seen("b", *FULL_WEEK)).chosen == "b"
    assert routed(*paying, seen("b", window("5h", 0.88))).chosen == "a"  # too near its limit to return to


def test_a_busy_plan_is_not_left_for_a_key_that_is_paid_by_use() -> None:
    begun = [added("b"), plan("a"), chosen("a"), used("a", NOW - MINUTE)]
    assert routed(*begun, *rising("a", 0.6, 0.7, resets_in=4 * HOUR)).chosen == "a"
    assert routed(*begun, *rising("a", 0.8, 0.9, resets_in=4 * HOUR)).chosen == "b"


def test_a_person_may_put_a_paid_key_first() -> None:
    second = AccountPrioritized(at=NOW, account_id="b", priority=1)
    assert routed(added("a"), plan("b"), second, seen("b", window("5h", 0.0))).chosen == "a"


def test_a_key_with_a_window_of_its_own_is_weighed_like_a_plan() -> None:
    budget = seen("a", window("month", 0.1, resets_in=15 * DAY))
    assert routed(added("a"), plan("b"), budget, seen("b", window("5h", 0.5))).chosen == "a"


# --- windows of one model ---------------------------------------------------------------------------------


def test_a_window_of_another_model_does_not_count() -> None:
    spent = seen("a", window("5h", 0.1), window("7d:opus", 0.97, resets_in=DAY, scope="opus"))
    snapshot = after(*TWO, spent, seen("b", window("5h", 0.4)))
    assert ranked(snapshot).chosen == "a"
    opus = rank(snapshot, "anthropic", "claude-opus-4-5", settings=AUTO, now=NOW)
    assert opus.chosen == "b"


# --- staying and moving -----------------------------------------------------------------------------------


SHARES = {"a": 0.5, "b": 0.4}


def busy(active: float, rival: float) -> list[Event]:
    """a is active and went up by a tenth of late; b is idle."""
    return [
        *TWO,
        chosen("a"),
        used("a", NOW - MINUTE),
        *rising("a", active - 0.1, active, resets_in=HOUR),
        seen("b", window("5h", rival)),
    ]


def test_new_sessions_stay_while_the_active_account_is_not_busy() -> None:
    ranking = ranked(after(*TWO, chosen("a"), used("a", NOW - MINUTE), *rising("a", 0.1, 0.12)))
    assert ranking.chosen == "a"
    assert ranking.reason.startswith("stays while there is room: ")


@pytest.mark.parametrize(
    ("resets_in", "rival_resets_in", "expected"),
    [
        (3.5 * HOUR, None, "a"),  # a's window opened an hour and a half ago
        (3 * HOUR, None, "b"),  # two hours ago: time to open the other
        (3 * HOUR, 4.5 * HOUR, "a"),  # the other is running already
        (3 * HOUR, -MINUTE, "b"),  # the other has just reset
    ],
)
def test_an_idle_window_is_opened_two_hours_after_the_active_one_so_that_resets_are_staggered(
    resets_in: float, rival_resets_in: float | None, expected: str
) -> None:
    running = seen("a", window("5h", 0.05, resets_in=resets_in))
    other = seen("b", window("5h", 0.0, resets_in=rival_resets_in))
    assert order(*TWO, chosen("a"), used("a", NOW - MINUTE), running, other)[0] == expected


@pytest.mark.parametrize(
    ("active", "rival", "expected"),
    [
        (0.3, 0.0, "b"),  # on the way to 60 %, and the other is idle
        (0.3, 0.3, "b"),
        (0.3, 0.57, "a"),  # the other is not clearly calmer
        (0.3, 0.89, "a"),  # the other is near its limit
    ],
)
def test_new_sessions_go_to_a_clearly_calmer_account_once_the_active_one_is_busy(
    active: float, rival: float, expected: str
) -> None:
    assert order(*busy(active, rival))[0] == expected


@pytest.mark.parametrize(("rival", "expected"), [(0.1, "b"), (0.37, "a")])
def test_new_sessions_leave_an_account_that_is_fuller_though_nobody_uses_it_now(rival: float, expected: str) -> None:
    full = [seen("a", window("5h", 0.4, seen=at), at=at) for at in (NOW - 20 * MINUTE, NOW)]
    assert order(*TWO, chosen("a"), used("a", NOW - MINUTE), *full, seen("b", window("5h", rival)))[0] == expected


def test_new_sessions_go_to_the_week_that_is_clearly_further_behind() -> None:
    weeks = [seen(n, window("7d", share, resets_in=3.5 * DAY), window("5h", 0.1)) for n, share in SHARES.items()]
    assert order(*TWO, chosen("a"), used("a", NOW - MINUTE), *weeks)[0] == "b"


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        (0.1, "a"),  # emptier than the active one, but its window is not due: that keeps the resets apart
        (0.2, "a"),
        (0.3, "b"),  # the active one is busy
    ],
)
def test_an_idle_window_that_is_not_due_is_opened_only_when_the_active_account_is_busy(
    active: float, expected: str
) -> None:
    running = seen("a", window("5h", active, resets_in=4.5 * HOUR))
    idle = seen("b", window("5h", 0.0, resets_in=None))
    assert order(*TWO, chosen("a"), used("a", NOW - MINUTE), running, idle)[0] == expected


def test_a_session_stays_though_its_account_is_past_the_threshold() -> None:
    bound = SessionBound(at=NOW - MINUTE, session="s", provider="anthropic", account_id="a")
    snapshot = after(*busy(0.95, 0.0), bound)
    assert ranked(snapshot, session="s").chosen == "a"
    assert ranked(snapshot).chosen == "b"


def test_a_threshold_that_a_person_set_is_kept() -> None:
    snapshot = after(*TWO, chosen("a"), used("a", NOW - MINUTE), seen("a", window("5h", 0.6)))
    lower = Rules(strategy="auto", thresholds={"5h": 0.6})
    assert rank(snapshot, "anthropic", settings=lower, now=NOW).chosen == "b"
    assert rank(snapshot, "anthropic", settings=AUTO, now=NOW).chosen == "a"


def test_two_accounts_that_fill_together_seldom_take_turns() -> None:
    pool = Rehearsal(AUTO, [*TWO, chosen("a")])
    shares = {"a": 0.0, "b": 0.0}
    turns, last = 0, "a"
    for minute in range(180):
        at = NOW + minute * MINUTE
        found = pool.begin(f"r{minute}", Target("anthropic", "m"), f"s{minute}", at)
        if found is None:
            break
        turns += found.account_id != last
        last = found.account_id
        shares[last] += 0.01
        pool.tell(seen(last, window("5h", shares[last], resets_in=5 * HOUR, seen=at), at=at))
    assert sum(shares.values()) >= 1.7
    assert turns <= 20


def test_a_pool_is_used_up_before_anybody_is_refused() -> None:
    pool = Rehearsal(AUTO, TWO)
    shares = {"a": 0.0, "b": 0.0}
    number = 0
    while (found := pool.begin(f"r{number}", Target("anthropic", "m"), None, NOW + number)) is not None:
        shares[found.account_id] += 0.05
        sight = window("5h", round(shares[found.account_id], 2), seen=NOW + number)
        pool.tell(seen(found.account_id, sight, at=NOW + number))
        number += 1
    assert number == 40


# --- what goes before -------------------------------------------------------------------------------------


def test_priority_goes_before_load() -> None:
    assert order(*busy(0.3, 0.0), AccountPrioritized(at=NOW, account_id="b", priority=1))[0] == "a"


def test_an_account_held_out_serves_only_when_the_others_cannot() -> None:
    held_out = AccountReserved(at=NOW, account_id="b", reserve=True)
    assert order(*busy(0.95, 0.0), held_out) == ["a", "b"]
    assert ranked(fold(after(*busy(0.95, 0.0), held_out), cooled("a", NOW + HOUR))).chosen == "b"


def test_months_of_money_are_weighed_as_weeks_of_tokens_are() -> None:
    ahead = seen("a", window("month", 0.6, resets_in=20 * DAY))
    behind = seen("b", window("month", 0.6, resets_in=3 * DAY))
    assert order(*TWO, ahead, behind) == ["b", "a"]
