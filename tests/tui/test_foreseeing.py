"""From these sights: these words about how long the pool and a window last."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import HOUR, MINUTE, NOW, account, quota

from rota.account import Kind
from rota.events import CooldownStarted, Meaning, QuotaObserved
from rota.fold import fold
from rota.forecast import Estimate, Runway
from rota.quota import QuotaWindow, Source
from rota.snapshot import Snapshot
from rota_tui.foreseeing import Ahead, look_ahead, runway_line, window_ahead
from rota_tui.pieces import ASCII, Locale, plain

if TYPE_CHECKING:
    from rota.events import Event

LOCALE = Locale(UTC)


def rising(name: str, start: float, step: float, *, count: int = 7, length: float = 5 * HOUR) -> list[Event]:
    """A 5-hour window seen every five minutes, the last time now."""
    times = [NOW - 5 * MINUTE * (count - 1 - n) for n in range(count)]
    resets_at = NOW + 2 * HOUR
    return [
        QuotaObserved(
            at=at,
            account_id=name,
            windows=(
                QuotaWindow("5h", "5h", start + step * n, at, Source.HEADERS, resets_at=resets_at, length=length),
            ),
        )
        for n, at in enumerate(times)
    ]


def after(*events: Event) -> Snapshot:
    snapshot = Snapshot()
    for event in events:
        snapshot = fold(snapshot, event)
    return snapshot


def told(*events: Event, width: int = 120) -> str:
    return plain(runway_line(look_ahead(after(*events).listed(), NOW), NOW, LOCALE, width))


def test_a_pool_that_is_used_lasts_until_a_time_with_a_range_and_says_so_as_an_estimate() -> None:
    line = told(account("a"), *rising("a", 0.2, 0.05))
    assert line.startswith("≈ pool lasts until 12:50 at this pace (12:")
    assert line.endswith(" or later)")


def test_who_comes_back_next_is_told_with_the_time() -> None:
    held = CooldownStarted(at=NOW, account_id="b", until=NOW + HOUR, meaning=Meaning.LIMITED, reason="")
    line = told(account("a"), account("b"), *rising("a", 0.2, 0.05), quota("b", h5=0.3), held)
    assert " · +1 account 13:00" in line


def test_a_key_that_is_paid_by_use_takes_over_when_every_quota_is_spent() -> None:
    subscription = account("a", kind=Kind.SUBSCRIPTION)
    line = told(subscription, account("key"), *rising("a", 0.2, 0.05))
    assert line.startswith("≈ quotas last until 12:50")
    assert line.endswith("· then key")


def test_an_account_of_which_nothing_is_known_is_not_taken_for_endless() -> None:
    unknown = account("lab", provider="puter", kind=Kind.PUTER)
    assert "then" not in told(account("a"), unknown, *rising("a", 0.2, 0.05))


def test_a_pool_whose_pace_is_not_known_says_so() -> None:
    assert told(account("a"), quota("a", h5=0.4)) == "≈ pool lasts: too little seen to say"


def test_a_pool_that_is_hardly_used_lasts_beyond_the_week() -> None:
    assert told(account("a"), *rising("a", 0.1, 0.0, count=12)) == "≈ pool lasts beyond this week at this pace"


def test_a_pool_without_a_quota_says_nothing() -> None:
    assert told(account("key")) == ""
    assert told() == ""


def test_what_does_not_fit_is_left_out_whole_the_range_first() -> None:
    events = (account("a", kind=Kind.SUBSCRIPTION), account("key"), *rising("a", 0.2, 0.05))
    assert told(*events, width=60) == "≈ quotas last until 12:50 at this pace · then key"
    assert told(*events, width=45) == "≈ quotas last until 12:50 at this pace"


def test_a_pool_that_is_spent_says_that_as_a_fact() -> None:
    spent = Runway(Estimate(NOW - 1, NOW - 1, NOW - 1), NOW + HOUR, ("a", "b"))
    line = plain(runway_line(Ahead(spent), NOW, LOCALE, 100))
    assert line == "the pool is spent now · +2 accounts 13:00"


def test_a_forecast_from_before_the_return_does_not_name_the_past() -> None:
    old = Runway(None, NOW - 1, ("a",))
    assert plain(runway_line(Ahead(old), NOW, LOCALE, 100)) == "≈ pool lasts: too little seen to say"


def test_plain_characters_are_enough() -> None:
    events = (account("a"), *rising("a", 0.2, 0.05))
    assert plain(runway_line(look_ahead(after(*events).listed(), NOW), NOW, Locale(UTC, ASCII), 100)).isascii()


@pytest.mark.parametrize(
    ("start", "step", "expected"),
    [
        (0.2, 0.05, "≈ 60% an hour · spent 12:50 (12:"),  # spent before its reset at 14:00
        (0.1, 0.01, "≈ 12% an hour · 40% at the reset"),  # not spent, and even at the earliest not
        (0.35, 0.02, "≈ 24% an hour · 95% at the reset · spent 1"),  # perhaps spent before
        (0.3, 0.0, "≈ idle · 30% at the reset"),
        (0.1, 0.0002, "≈ 6% a day · 11% at the reset"),  # a pace too slow for hours is told by the day
    ],
)
def test_a_window_says_its_pace_and_its_end(start: float, step: float, expected: str) -> None:
    state = after(account("a"), *rising("a", start, step, count=7 if step else 12)).accounts["a"]
    line = plain(window_ahead(state.windows["5h"], state, NOW, LOCALE))
    assert line.startswith(expected), line


def test_a_window_seen_too_seldom_or_spent_says_nothing() -> None:
    seldom = after(account("a"), *rising("a", 0.2, 0.05, count=2)).accounts["a"]
    assert window_ahead(seldom.windows["5h"], seldom, NOW, LOCALE) == ()
    spent = after(account("a"), *rising("a", 0.7, 0.05)).accounts["a"]
    assert window_ahead(spent.windows["5h"], spent, NOW, LOCALE) == ()
