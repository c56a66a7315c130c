"""From these sights, this clock: this burn, this end, this runway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.pool_facts import DAY, HOUR, NOW, added, after, cooled, seen, window

from rota.burn import burn, lately
from rota.events import AccountDisabled, RequestServed
from rota.forecast import Estimate, outlooks, runway
from rota.snapshot import Sample, Snapshot

if TYPE_CHECKING:
    from rota.events import Event

MINUTE = 60.0
RESET = NOW + 2 * HOUR


def sights(*shares: float, every: float = 5 * MINUTE, until: float = NOW, resets_at: float | None = RESET) -> Any:
    """Sights `every` seconds apart, the last at `until`."""
    first = until - every * (len(shares) - 1)
    return tuple(Sample(first + every * n, share, resets_at) for n, share in enumerate(shares))


def rising(
    name: str,
    start: float,
    step: float,
    *,
    key: str = "5h",
    count: int = 7,
    resets_in: float = 2 * HOUR,
    every: float = 5 * MINUTE,
) -> list[Event]:
    """A window seen `count` times, `step` more each time, the last now."""
    times = [NOW - every * (count - 1 - n) for n in range(count)]
    return [
        seen(name, window(key, start + step * n, resets_in=resets_in, seen=at), at=at) for n, at in enumerate(times)
    ]


def served(name: str, tokens: int, at: float) -> Event:
    return RequestServed(
        at=at,
        request_id=f"{name}{at}",
        account_id=name,
        provider="anthropic",
        model="m",
        requested_model="m",
        input_tokens=tokens,
    )


# --- burn -------------------------------------------------------------------------------------------------


def test_a_steady_burn_is_found_with_a_range_around_it() -> None:
    found = burn(sights(0.1, 0.2, 0.3, 0.4), NOW)
    assert found is not None
    assert found.rate == pytest.approx(0.1 / 300)
    assert found.low < found.rate < found.high
    assert found.samples == 4


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_sights_tell_no_burn(count: int) -> None:
    assert burn(sights(*[0.1 * n for n in range(count)]), NOW) is None


def test_what_was_before_a_reset_does_not_count() -> None:
    before = sights(0.7, 0.8, 0.9, until=NOW - 15 * MINUTE, resets_at=NOW - 12 * MINUTE)
    assert burn((*before, *sights(0.0, 0.1)), NOW) is None
    found = burn((*before, *sights(0.01, 0.02, 0.03)), NOW)
    assert found is not None
    assert found.rate == pytest.approx(0.01 / 300)


def test_what_was_before_an_idle_stretch_does_not_count() -> None:
    idle = [0.5] * 9
    found = burn(sights(0.1, 0.3, *idle, 0.51, 0.52), NOW)
    assert found is not None
    assert found.rate == pytest.approx(0.01 / 300)


def test_a_window_that_is_idle_burns_nothing() -> None:
    found = burn(sights(0.1, 0.3, *[0.5] * 9), NOW)
    assert found is not None
    assert (found.rate, found.low) == (0.0, 0.0)


def test_later_sights_count_more_than_earlier_ones() -> None:
    faster = burn(sights(0.10, 0.11, 0.12, 0.13, 0.14, 0.24, 0.34, 0.44, 0.54), NOW)
    assert faster is not None
    assert faster.rate > (0.54 - 0.10) / (8 * 300)


def test_an_unsteady_burn_has_the_wider_range() -> None:
    steady, unsteady = burn(sights(0.1, 0.2, 0.3, 0.4, 0.5), NOW), burn(sights(0.1, 0.1, 0.35, 0.35, 0.5), NOW)
    assert steady is not None
    assert unsteady is not None
    assert unsteady.high - unsteady.low > steady.high - steady.low


def test_two_sights_within_seconds_are_no_pace_of_late() -> None:
    one, other = Sample(NOW - 10, 0.10, RESET), Sample(NOW, 0.11, RESET)
    assert lately((one,), 1500) == 0.0
    assert lately((one, other), 1500) == pytest.approx(0.01 / 750)
    assert lately(sights(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), 1500) == pytest.approx(0.5 / 1500)


# --- when a window runs out -------------------------------------------------------------------------------


def test_a_window_runs_out_when_its_burn_has_used_the_rest() -> None:
    snapshot = after(added("a"), *rising("a", 0.4, 0.05))
    (found,) = outlooks(snapshot.accounts["a"], NOW)
    assert found.runs_out is not None
    assert found.runs_out.at == pytest.approx(NOW + 30 * MINUTE, abs=60)  # 0.70 used, 1 % a minute
    assert found.runs_out.earliest is not None
    assert found.runs_out.latest is not None
    assert found.runs_out.earliest < (found.runs_out.at or 0) < found.runs_out.latest
    assert found.at_reset == pytest.approx(0.7 + 1.2, rel=0.02)


def test_a_window_that_resets_first_does_not_run_out() -> None:
    snapshot = after(added("a"), *rising("a", 0.1, 0.002))
    (found,) = outlooks(snapshot.accounts["a"], NOW)
    assert found.runs_out == Estimate(None, None, None)
    assert found.at_reset is not None
    assert found.at_reset < 0.3


def test_one_sight_says_what_is_used_and_nothing_of_what_comes() -> None:
    snapshot = after(added("a"), seen("a", window("5h", 0.4)))
    (found,) = outlooks(snapshot.accounts["a"], NOW)
    assert (found.used, found.burn, found.runs_out) == (0.4, None, None)


def test_the_share_used_by_now_is_reckoned_on_from_the_last_sight() -> None:
    snapshot = after(added("a"), *rising("a", 0.1, 0.05))
    (found,) = outlooks(snapshot.accounts["a"], NOW + 5 * MINUTE)
    assert found.used == pytest.approx(0.45, abs=0.005)


def test_the_window_that_ends_first_is_named_first_and_other_models_are_left_out() -> None:
    snapshot = after(
        added("a"),
        *rising("a", 0.1, 0.001, key="7d", resets_in=3 * DAY, every=3 * HOUR),
        *rising("a", 0.4, 0.05),
        seen("a", window("7d:opus", 0.9, scope="opus")),
        seen("a", window("requests", 0.5, resets_in=30)),
    )
    state = snapshot.accounts["a"]
    assert [found.key for found in outlooks(state, NOW, "claude-sonnet-4-5")] == ["5h", "7d"]
    assert {found.key for found in outlooks(state, NOW, "claude-opus-4-5")} == {"5h", "7d", "7d:opus"}


def test_a_window_whose_reset_has_passed_is_empty_and_unknown() -> None:
    snapshot = after(added("a"), *rising("a", 0.4, 0.05, resets_in=-MINUTE))
    (found,) = outlooks(snapshot.accounts["a"], NOW)
    assert (found.used, found.runs_out) == (0.0, None)


# --- the pool ---------------------------------------------------------------------------------------------


def states(snapshot: Snapshot) -> list[Any]:
    return snapshot.listed()


def test_the_pool_lasts_as_long_as_all_its_accounts_together() -> None:
    # a burns 1 % a minute and has 30 % left; b is idle with 60 % left.
    snapshot = after(added("a"), added("b"), *rising("a", 0.4, 0.05), *rising("b", 0.4, 0.0))
    found = runway(states(snapshot), NOW)
    assert found is not None
    assert found.dry is not None
    assert found.dry.at == pytest.approx(NOW + 90 * MINUTE, abs=60)
    assert found.dry.earliest is not None
    assert found.dry.at is not None
    assert found.dry.earliest < found.dry.at
    assert found.refilled == RESET


def test_a_larger_account_counts_for_more() -> None:
    # Both rose by 30 % in half an hour; b served ten times the tokens meanwhile.
    events = [
        *(served("a", 1_000, NOW - n * 5 * MINUTE) for n in range(6)),
        *(served("b", 10_000, NOW - n * 5 * MINUTE) for n in range(6)),
    ]
    both = after(added("a"), added("b"), *rising("a", 0.4, 0.05), *rising("b", 0.4, 0.05), *events)
    equal = runway(states(both), NOW)
    assert equal is not None
    assert equal.dry is not None
    assert equal.dry.at == pytest.approx(NOW + 30 * MINUTE, abs=60)
    # The large one resets in ten minutes: that nearly fills the whole pool again.
    early = after(
        added("a"),
        added("b"),
        *rising("a", 0.4, 0.05),
        *rising("b", 0.4, 0.05, resets_in=10 * MINUTE),
        *events,
    )
    filled = runway(states(early), NOW)
    assert filled is not None
    assert filled.dry is not None
    assert filled.dry.at == pytest.approx(NOW + 100 * MINUTE, rel=0.1, abs=15 * MINUTE)


def test_a_pool_that_resets_in_time_never_runs_dry() -> None:
    found = runway(states(after(added("a"), *rising("a", 0.1, 0.005))), NOW)
    assert found is not None
    assert found.dry == Estimate(None, None, None)


def test_a_pool_that_is_dry_already_says_when_it_gets_more() -> None:
    snapshot = after(
        added("a"),
        added("b"),
        *rising("a", 0.7, 0.05, resets_in=HOUR),
        cooled("b", NOW + 20 * MINUTE),
        seen("b", window("5h", 0.5)),
    )
    found = runway(states(snapshot), NOW)
    assert found is not None
    assert found.dry is not None
    assert found.dry.at == NOW
    assert (found.more_at, found.more) == (NOW + 20 * MINUTE, ("b",))
    assert found.refilled == NOW + 20 * MINUTE


def test_the_next_account_to_come_back_is_told_while_others_serve() -> None:
    spent = seen("b", window("5h", 1.0, resets_in=25 * MINUTE))
    found = runway(states(after(added("a"), added("b"), *rising("a", 0.4, 0.01), spent)), NOW)
    assert found is not None
    assert (found.more_at, found.more) == (NOW + 25 * MINUTE, ("b",))


def test_an_account_without_windows_never_runs_dry() -> None:
    found = runway(states(after(added("a"), added("key"), *rising("a", 0.4, 0.05))), NOW)
    assert found is not None
    assert found.dry == Estimate(None, None, None)


def test_nothing_is_said_of_a_pace_that_nobody_knows() -> None:
    found = runway(states(after(added("a"), seen("a", window("5h", 0.4)))), NOW)
    assert found is not None
    assert found.dry is None


def test_a_pool_without_usable_accounts_has_no_runway() -> None:
    assert runway([], NOW) is None
    assert runway(states(after(added("a"), AccountDisabled(at=NOW, account_id="a"))), NOW) is None
