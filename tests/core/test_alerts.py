"""What is worth a word: from these two looks, these alerts, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.pool_facts import DAY, HOUR, NOW, added, after, cooled, seen, window

from rota.account import Health
from rota.alerts import Alert, due, grouped, quiet
from rota.errors import Meaning
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    AccountRemoved,
    AlertRaised,
    CooldownLifted,
    CooldownStarted,
    HealthChanged,
)
from rota.fold import fold
from rota.settings import AlertSettings

if TYPE_CHECKING:
    from rota.events import Event
    from rota.snapshot import Snapshot

MINUTE = 60.0
NO_RUNWAY = AlertSettings(runway_minutes=0)
"""Runways have tests of their own; here they would speak whenever everything is spent."""


def then(known: Snapshot, *events: Event) -> Snapshot:
    for event in events:
        known = fold(known, event)
    return known


def told(known: Snapshot, alerts: tuple[Alert, ...], now: float = NOW) -> Snapshot:
    """The same after these alerts were raised."""
    return then(known, *(AlertRaised(at=now, key=alert.key, text=alert.text) for alert in alerts))


def texts(before: Snapshot, now_known: Snapshot, settings: AlertSettings = NO_RUNWAY, now: float = NOW) -> list[str]:
    return [alert.text for alert in due(before, now_known, settings, now, UTC)]


def passing(was: float | None, share: float | None, key: str = "5h", **more: Any) -> tuple[Snapshot, Snapshot]:
    before = after(added("ada"), seen("ada", window(key, was, seen=NOW - 60), at=NOW - 60))
    return before, then(before, seen("ada", window(key, share, **more)))


# --- thresholds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "share", "expected"),
    [
        (0.70, 0.79, []),
        (0.70, 0.80, ["ada has used 80% of 5h, resets 09:00"]),  # reached is passed
        (0.70, 0.97, ["ada has used 97% of 5h, resets 09:00"]),  # two at once are one word
        (0.82, 0.90, []),  # between two
        (0.82, 0.996, ["ada has used 99% of 5h, resets 09:00"]),  # never said to be spent before it is
        (0.97, 0.70, []),  # falling
        (None, 0.90, []),  # unknown until now: nothing was passed
        (0.70, None, []),
        (0.97, 1.00, ["ada is spent, back 09:00"]),  # spent is the stronger word
    ],
)
def test_a_threshold_that_is_passed_is_told(was: float | None, share: float | None, expected: list[str]) -> None:
    assert texts(*passing(was, share)) == expected


@pytest.mark.parametrize(
    ("key", "more", "expected"),
    [
        ("7d:Fable", {"label": "7d Fable", "scope": "Fable"}, ["ada has used 85% of 7d Fable, resets 09:00"]),
        ("month", {"resets_in": None}, ["ada has used 85% of month"]),
        ("7d", {"resets_in": 3 * DAY}, ["ada has used 85% of 7d, resets Mon 08:00"]),
        ("month", {"resets_in": 20 * DAY}, ["ada has used 85% of month, resets 04 Feb 08:00"]),
        ("requests", {"resets_in": 30.0}, []),  # a limit of a minute refills while one looks
        ("extra", {"counts": False}, []),  # stops no request
        ("5h", {"label": "5h\x1b[2J\u202e"}, ["ada has used 85% of 5h[2J, resets 09:00"]),  # foreign text
    ],
)
def test_which_windows_are_worth_a_word(key: str, more: dict[str, Any], expected: list[str]) -> None:
    assert texts(*passing(0.5, 0.85, key, **more)) == expected


def test_a_threshold_is_told_once_a_window_and_again_in_the_next() -> None:
    before, now_known = passing(0.7, 0.81)
    known = told(now_known, due(before, now_known, NO_RUNWAY, NOW))
    # another source says a little less, then more; and the reset time wanders by minutes
    less = then(known, seen("ada", window("5h", 0.79, seen=NOW + 60), at=NOW + 60))
    more = then(less, seen("ada", window("5h", 0.82, seen=NOW + 120, resets_in=HOUR + 300), at=NOW + 120))
    assert texts(less, more, now=NOW + 120) == []
    later = NOW + 5 * HOUR
    again = then(more, seen("ada", window("5h", 0.85, seen=later, resets_in=6 * HOUR), at=later))
    assert texts(more, again, now=later) == ["ada has used 85% of 5h, resets 14:00"]


def test_a_lower_threshold_is_not_told_after_a_higher_one() -> None:
    before, now_known = passing(0.7, 0.96)
    known = told(now_known, due(before, now_known, NO_RUNWAY, NOW))
    less = then(known, seen("ada", window("5h", 0.70, seen=NOW + 60), at=NOW + 60))
    more = then(less, seen("ada", window("5h", 0.85, seen=NOW + 120), at=NOW + 120))
    assert texts(less, more, now=NOW + 120) == []


def test_the_thresholds_are_the_persons_own() -> None:
    assert texts(*passing(0.3, 0.51), replace(NO_RUNWAY, thresholds=(0.5,))) == [
        "ada has used 51% of 5h, resets 09:00"
    ]
    assert texts(*passing(0.3, 0.99), replace(NO_RUNWAY, thresholds=())) == []


# --- spent and back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([cooled("ada", NOW + 2 * HOUR)], ["ada is spent, back 10:00"]),
        ([seen("ada", window("5h", 0.9, status="rejected"))], ["ada is spent, back 09:00"]),
        ([seen("ada", window("5h", 1.0), window("7d", 1.0, resets_in=DAY))], ["ada is spent, back Sat 08:00"]),
        ([seen("ada", window("month", 1.0, resets_in=None))], ["ada is spent"]),
        ([cooled("ada", NOW + HOUR, model="m")], []),  # one model, not the account
        ([CooldownStarted(at=NOW, account_id="ada", until=NOW + 9, meaning=Meaning.OVERLOADED, reason="")], []),
        ([seen("ada", window("requests", 1.0, resets_in=30))], []),
        ([AccountDisabled(at=NOW, account_id="ada"), cooled("ada", NOW + HOUR)], []),  # nobody waits for it
    ],
)
def test_an_account_that_is_spent_is_told_with_its_return(events: list[Event], expected: list[str]) -> None:
    before = after(added("ada"))
    assert texts(before, then(before, *events)) == expected


def test_an_account_is_back_at_its_reset_and_when_lifted_early_but_only_once() -> None:
    before = after(added("ada"))
    cooling = then(before, cooled("ada", NOW + HOUR))
    cooling = told(cooling, due(before, cooling, NO_RUNWAY, NOW))
    assert texts(cooling, cooling) == []  # still spent, told already
    lifted = then(cooling, CooldownLifted(at=NOW + 60, account_id="ada", reason="by hand"))
    for known, now in ((lifted, NOW + 60), (cooling, NOW + HOUR)):
        (back,) = due(cooling, known, NO_RUNWAY, now)
        assert back.text == "ada is back"
        assert texts(known, told(known, (back,), now), now=now + 60) == []


def test_who_came_back_days_ago_or_was_never_said_to_be_spent_is_no_news() -> None:
    before = after(added("ada"))
    cooling = then(before, cooled("ada", NOW + HOUR))
    assert texts(cooling, cooling, now=NOW + 2 * HOUR) == []
    cooling = told(cooling, due(before, cooling, NO_RUNWAY, NOW))
    assert texts(cooling, cooling, now=NOW + 3 * DAY) == []


def test_an_account_held_for_another_reason_is_not_back() -> None:
    before = after(added("ada"))
    cooling = then(before, cooled("ada", NOW + HOUR))
    cooling = told(cooling, due(before, cooling, NO_RUNWAY, NOW))
    held = CooldownStarted(
        at=NOW + HOUR, account_id="ada", until=NOW + 2 * HOUR, meaning=Meaning.OVERLOADED, reason="503"
    )
    assert texts(cooling, then(cooling, held), now=NOW + HOUR + 1) == []


def test_spent_can_be_kept_quiet_and_then_counts_as_a_threshold() -> None:
    settings = replace(NO_RUNWAY, spent=False)
    assert texts(*passing(0.9, 1.0), settings) == ["ada has used 100% of 5h, resets 09:00"]


# --- sign-ins ---------------------------------------------------------------------------------------------


def test_a_sign_in_that_is_needed_is_told_each_time_it_comes_to_that() -> None:
    before = after(added("ada"))
    dead = then(before, HealthChanged(at=NOW, account_id="ada", health=Health.NEEDS_LOGIN))
    found = due(before, dead, NO_RUNWAY, NOW)
    assert [alert.text for alert in found] == ["ada needs a new sign-in"]
    known = told(dead, found)
    assert texts(before, known) == []
    ready = then(known, HealthChanged(at=NOW + DAY, account_id="ada", health=Health.READY))
    again = then(ready, HealthChanged(at=NOW + 2 * DAY, account_id="ada", health=Health.NEEDS_LOGIN))
    assert texts(ready, again, now=NOW + 2 * DAY) == ["ada needs a new sign-in"]
    assert texts(ready, again, replace(NO_RUNWAY, sign_in=False), NOW + 2 * DAY) == []


@pytest.mark.parametrize(
    ("ends_in", "days", "expected"),
    [
        (2 * DAY, 3.0, ["ada's sign-in ends Sun 08:00"]),
        (2 * DAY, 1.0, []),  # too far off
        (2 * DAY, 0.0, []),  # not wanted
        (-HOUR, 3.0, []),  # over: that it is needed is told when it is
        (None, 3.0, []),
    ],
)
def test_a_sign_in_about_to_end_is_told_in_time(ends_in: float | None, days: float, expected: list[str]) -> None:
    known = after(added("ada", login_expires_at=None if ends_in is None else NOW + ends_in))
    settings = replace(NO_RUNWAY, sign_in_days=days)
    found = due(known, known, settings, NOW, UTC)
    assert [alert.text for alert in found] == expected
    assert texts(known, told(known, found), settings, NOW + 60) == []


def test_neither_disabled_nor_removed_accounts_speak() -> None:
    known = after(added("ada", login_expires_at=NOW + DAY), added("bob", login_expires_at=NOW + DAY))
    off = then(known, AccountDisabled(at=NOW, account_id="ada"), AccountRemoved(at=NOW, account_id="bob"))
    assert texts(known, off) == []
    on = then(off, AccountEnabled(at=NOW + 1, account_id="ada"))
    assert texts(off, on) == ["ada's sign-in ends Sat 08:00"]


# --- the pool ---------------------------------------------------------------------------------------------


def burning(name: str, start: float, step: float) -> list[Event]:
    times = [NOW - 5 * MINUTE * (6 - n) for n in range(7)]
    return [
        seen(name, window("5h", start + step * n, resets_in=2 * HOUR, seen=at), at=at) for n, at in enumerate(times)
    ]


@pytest.mark.parametrize(
    ("start", "step", "minutes", "expected"),
    [
        (0.55, 0.05, 30.0, ["The pool runs dry about 08:15, more 10:00"]),
        (0.55, 0.05, 10.0, []),  # not yet
        (0.55, 0.05, 0.0, []),  # not wanted
        (0.10, 0.001, 30.0, []),  # lasts
        (0.76, 0.04, 30.0, ["The pool has run dry, more 10:00"]),
    ],
)
def test_a_pool_about_to_run_dry_is_told_once(start: float, step: float, minutes: float, expected: list[str]) -> None:
    known = after(added("ada"), *burning("ada", start, step))
    settings = AlertSettings(runway_minutes=minutes)
    found = due(known, known, settings, NOW, UTC)
    assert [alert.text for alert in found] == expected
    if found:
        assert texts(known, told(known, found), settings, NOW + 5 * MINUTE) == []


def test_an_account_with_room_keeps_the_pool_from_running_dry() -> None:
    known = after(added("ada"), added("bob"), *burning("ada", 0.55, 0.05), seen("bob", window("5h", 0.0)))
    assert texts(known, known, AlertSettings()) == []


# --- all of them ------------------------------------------------------------------------------------------


def test_switched_off_nothing_is_told() -> None:
    assert texts(*passing(0.5, 1.0), AlertSettings(enabled=False)) == []


def storm(count: int) -> tuple[Snapshot, Snapshot]:
    names = [f"work-{n:03}" for n in range(count)]
    before = after(*(added(name) for name in names))
    return before, then(before, *(cooled(name, NOW + HOUR) for name in names))


def test_two_hundred_accounts_spent_at_once_are_one_sentence() -> None:
    before, spent = storm(200)
    found = due(before, spent, NO_RUNWAY, NOW, UTC)
    (telling,) = grouped(found)
    assert telling.text == "200 accounts are spent: work-000, work-001, work-002 and 197 more"
    assert len({alert.key for alert in telling.alerts}) == 200
    first, *others = (alert.key for alert in found)
    known = then(spent, AlertRaised(at=NOW, key=first, text=telling.text, also=tuple(others)))
    assert texts(before, known) == []
    (back,) = grouped(due(spent, known, NO_RUNWAY, NOW + HOUR))
    assert back.text == "200 accounts are back: work-000, work-001, work-002 and 197 more"


def test_a_few_of_one_kind_are_told_in_full_and_the_most_pressing_kind_first() -> None:
    before, spent = storm(2)
    spent = then(spent, added("zoe", login_expires_at=NOW + DAY))
    assert [telling.text for telling in grouped(due(before, spent, NO_RUNWAY, NOW, UTC))] == [
        "work-000 is spent, back 09:00; work-001 is spent, back 09:00",
        "zoe's sign-in ends Sat 08:00",
    ]


@pytest.mark.parametrize(
    ("hours", "offset_hours", "expected"),
    [
        ("", 0, False),
        ("22:00-07:00", 0, False),  # it is 08:00
        ("22:00-08:00", 0, False),  # the end is outside
        ("08:00-09:00", 0, True),  # the beginning inside
        ("22:00-09:00", 0, True),  # over midnight, after it
        ("16:00-07:00", 9, True),  # over midnight, before it: 17:00 on this wall
        ("22:00-07:00", -3, True),  # 05:00 on this wall
        ("08:00-08:00", 0, False),  # no span at all
    ],
)
def test_quiet_hours_go_by_the_clock_on_the_wall(hours: str, offset_hours: int, expected: bool) -> None:
    assert quiet(hours, NOW, timezone(timedelta(hours=offset_hours))) is expected
