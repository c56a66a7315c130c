"""A logged stretch of demand, asked again under another strategy: these switches, limits and waits."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pool_facts import DAY, HOUR, NOW, added, chosen, seen, window

from rota.errors import Attempt, Meaning
from rota.events import AccountDisabled, AttemptFailed, Event, RequestFailed, RequestServed
from rota.ledger import Ledger, cost
from rota.pool.rules import Rules
from rota.replay import logged, replay

MINUTE = 60.0


def asked(
    number: int, name: str, *, session: str | None = None, tokens: int = 1_000, cached: int = 0, every: float = MINUTE
) -> RequestServed:
    at = NOW + number * every
    return RequestServed(
        at=at + 5,
        request_id=f"r{number}",
        account_id=name,
        provider="anthropic",
        model="m",
        requested_model="m",
        session=session,
        started_at=at,
        duration=5.0,
        input_tokens=tokens,
        cached_tokens=cached,
    )


def worked(name: str, requests: int, *, start: float = 0.0, step: float = 0.1, **more: Any) -> list[Event]:
    """`requests` answers of `name`, each followed by figures that are `step` higher."""
    events: list[Event] = [seen(name, window("5h", start, resets_in=4 * HOUR, seen=NOW - 1), at=NOW - 1)]
    for n in range(requests):
        answer = asked(n, name, **more)
        events.append(answer)
        used = start + step * (n + 1)
        events.append(seen(name, window("5h", used, resets_in=4 * HOUR, seen=answer.at), at=answer.at))
    return events


def ordered(*events: Event) -> list[Event]:
    return sorted(events, key=lambda e: e.at)


def limited(number: int, name: str) -> Event:
    attempt = Attempt(name, name, "m", Meaning.LIMITED, "spent", 429, took=0.1)
    return AttemptFailed(
        at=NOW + number * MINUTE, request_id=f"r{number}", provider="anthropic", attempt=attempt, next_step="next"
    )


def refused(number: int, *, wait: float = HOUR) -> Event:
    at = NOW + number * MINUTE
    return RequestFailed(
        at=at,
        request_id=f"r{number}",
        provider="anthropic",
        requested_model="m",
        meaning=None,
        message="all spent",
        started_at=at,
        retry_at=at + wait,
    )


# --- the ledger -------------------------------------------------------------------------------------------


def test_a_window_is_as_large_as_what_was_served_while_it_rose() -> None:
    ledger = Ledger(worked("a", 5), NOW - 10)
    ledger.charge("a", "m", 2_500, NOW + HOUR)
    (found,) = ledger.windows("a", NOW + HOUR)
    assert found.utilization == pytest.approx(0.25)  # 10 000 tokens make the window
    assert ledger.unmeasured() == ()


def test_what_rose_while_nothing_was_served_others_spent() -> None:
    later = seen("a", window("5h", 0.8, resets_in=4 * HOUR, seen=NOW + HOUR), at=NOW + HOUR)
    ledger = Ledger([*worked("a", 5), later], NOW - 10)
    assert ledger.others_until(NOW + 2 * HOUR) == [(NOW + HOUR, "a")]
    (found,) = ledger.windows("a", NOW + 2 * HOUR)
    assert found.utilization == pytest.approx(0.3)


def test_a_window_of_hours_opens_with_its_next_use_and_one_of_days_keeps_its_schedule() -> None:
    week = [
        seen("a", window("7d", 0.1 * n, resets_in=DAY, seen=NOW + n * MINUTE + 6), at=NOW + n * MINUTE + 6)
        for n in range(4)
    ]
    ledger = Ledger(ordered(*worked("a", 3), *week), NOW - 10)
    hours, days = ledger.windows("a", NOW + 30 * HOUR)
    assert (hours.key, hours.utilization, hours.resets_at) == ("5h", 0.0, None)
    assert (days.key, days.utilization, days.resets_at) == ("7d", 0.0, NOW + 8 * DAY)
    ledger.charge("a", "m", 1_000, NOW + 31 * HOUR)
    hours, days = ledger.windows("a", NOW + 31 * HOUR)
    assert (hours.resets_at, days.resets_at) == (NOW + 36 * HOUR, NOW + 8 * DAY)


def test_an_account_of_which_too_little_was_seen_is_unmeasured() -> None:
    assert Ledger(worked("a", 5, step=0.0), NOW - 10).unmeasured() == ("a",)


def test_a_cold_cache_is_paid_for_again() -> None:
    request = asked(0, "a", tokens=10_000, cached=8_000)
    assert (cost(request), cost(request, cold=True)) == (2_800, 12_000)


# --- what really happened ---------------------------------------------------------------------------------


def test_what_really_happened_is_told_in_the_same_terms() -> None:
    events = [
        asked(0, "a", session="s"),
        limited(1, "a"),
        chosen("b", NOW + MINUTE),
        asked(1, "b", session="s"),
        refused(2, wait=600),
    ]
    found = logged(events)
    assert (found.requests, found.served, found.limits, found.switched, found.moved) == (3, 2, 1, 1, 1)
    assert (found.waits, found.waited_s, found.longest_wait_s) == (1, 600, 600)
    assert found.by_account == {"a": 1, "b": 1}
    assert logged(events, since=NOW + MINUTE).served == 1


# --- another strategy -------------------------------------------------------------------------------------


def test_round_robin_would_have_spread_what_one_account_served() -> None:
    events = [added("a"), added("b"), chosen("a", NOW - HOUR), *worked("a", 6)]
    found = replay(events, Rules(strategy="round-robin"), since=NOW)
    assert found.by_account == {"a": 3, "b": 3}
    assert (found.requests, found.limits, found.waits) == (6, 0, 0)
    assert found.switched == 5  # the first stays with the active account, which had not served yet


def test_a_session_stays_where_it_began() -> None:
    events = [added("a"), added("b"), *worked("a", 6, session="s")]
    found = replay(events, Rules(strategy="round-robin"), since=NOW)
    assert (found.by_account, found.moved, found.cold) == ({"a": 6}, 0, 0.0)


def test_a_session_chosen_for_at_every_request_pays_for_cold_caches() -> None:
    events = [added("a"), added("b"), *worked("a", 6, session="s", tokens=10_000, cached=9_000)]
    found = replay(events, Rules(strategy="round-robin", session_ttl_s=0), since=NOW)
    assert found.moved == 5
    # Once at b: from then on its cache there is warm as well.
    assert found.cold == pytest.approx(1.15 * 9_000)


def test_a_spent_account_is_left_and_the_limit_counted() -> None:
    # a has room for ten of these; the eleventh is refused there and goes on to b.
    roomy = seen("b", window("5h", 0.5, resets_in=4 * HOUR, seen=NOW - 1), at=NOW - 1)
    events = ordered(added("a"), added("b"), roomy, *worked("a", 12, session="s"))
    found = replay(events, Rules(strategy="lowest-utilization"), since=NOW)
    assert found.by_account == {"a": 10, "b": 2}
    assert (found.limits, found.moved, found.waits) == (1, 1, 0)


def test_requests_that_nobody_could_serve_wait_for_the_first_account_to_come_back() -> None:
    # Twelve requests of a tenth of the only window: the last two find it spent.
    found = replay([added("a"), *ordered(*worked("a", 12))], Rules(strategy="auto"), since=NOW)
    assert (found.served, found.waits) == (10, 2)
    assert found.longest_wait_s == pytest.approx(4 * HOUR - 10 * MINUTE, abs=MINUTE)


def test_a_request_that_was_refused_is_asked_again() -> None:
    events = ordered(added("a"), added("b"), *worked("a", 3), refused(10))
    found = replay(events, Rules(strategy="lowest-utilization"), since=NOW)
    assert (found.requests, found.served, found.waits) == (4, 4, 0)


def test_an_account_that_was_turned_off_meanwhile_is_off_in_the_replay_too() -> None:
    off = AccountDisabled(at=NOW + 150, account_id="b")
    events = ordered(added("a"), added("b"), *worked("a", 6), off)
    found = replay(events, Rules(strategy="round-robin"), since=NOW)
    assert found.by_account == {"a": 5, "b": 1}


def test_what_lies_before_the_stretch_counts_as_it_was() -> None:
    empty = seen("b", window("5h", 0.1, resets_in=4 * HOUR, seen=NOW - 1), at=NOW - 1)
    events = [added("a"), added("b"), empty, *worked("a", 6)]
    found = replay(events, Rules(strategy="lowest-utilization"), since=NOW + 3 * MINUTE)
    assert found.requests == 3
    assert found.by_account == {"b": 3}


def test_accounts_whose_windows_are_not_told_are_named() -> None:
    found = replay([added("a"), *worked("a", 3, step=0.0)], Rules(), since=NOW)
    assert found.unmeasured == ("a",)
