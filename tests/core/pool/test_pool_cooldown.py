"""How long a failure holds what: the table, and when newer figures end a hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.pool_facts import DAY, HOUR, NOW, added, after, cooled, seen, window

from rota.errors import Failure, Meaning
from rota.events import CooldownStarted, RequestServed
from rota.fold import fold
from rota.pool.cooldown import RESET_CAP_S, Cooling, Credit, Scope, cooling, credit_of, lifted, throttle_wait
from rota.pool.rules import Rules
from rota.pool.standing import standing
from rota.quota import Source

if TYPE_CHECKING:
    from rota.events import Event
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState

RULES = Rules()
MINUTE = 60.0


def account(*events: Event) -> AccountState:
    return after(added("a"), *events).accounts["a"]


def cool(failure: Failure, *events: Event, credit: Credit | None = None, now: float = NOW) -> Cooling | None:
    return cooling(failure, account(*events), "m", now, RULES, credit)


POLLED = seen("a", window("7d", 0.99, resets_in=5 * DAY, source=Source.USAGE))

HOLDS = [
    # The provider's own reset.
    (Failure(Meaning.LIMITED, "", until=NOW + 2 * HOUR), (), Scope.ACCOUNT, 2 * HOUR),
    # The later of a reset and a Retry-After.
    (Failure(Meaning.LIMITED, "", until=NOW + HOUR, retry_after=2 * HOUR), (), Scope.ACCOUNT, 2 * HOUR),
    # Nobody else could tell of an early end: tried again after six hours, whatever was said (18 days were seen).
    (Failure(Meaning.LIMITED, "", retry_after=1_587_827), (), Scope.ACCOUNT, 6 * HOUR),
    # The usage endpoint is asked, so it would tell: held until the reset.
    (Failure(Meaning.LIMITED, "", until=NOW + 5 * DAY), (POLLED,), Scope.ACCOUNT, 5 * DAY),
    # A reset in the past and a Retry-After of 0 say nothing: the base time.
    (Failure(Meaning.LIMITED, "", until=NOW - 5), (), Scope.ACCOUNT, 5 * MINUTE),
    (Failure(Meaning.LIMITED, "", retry_after=0.0), (), Scope.ACCOUNT, 5 * MINUTE),
    # Confined to a model: the account goes on serving others.
    (Failure(Meaning.LIMITED, "", scope="m", retry_after=90), (), Scope.ACCOUNT_MODEL, 90),
    # Per-minute limits: briefly, also when the provider says now or an hour.
    (Failure(Meaning.THROTTLED, "", retry_after=7), (), Scope.ACCOUNT, 7),
    (Failure(Meaning.THROTTLED, "", retry_after=0.0), (), Scope.ACCOUNT, 0.25),
    (Failure(Meaning.THROTTLED, "", retry_after=3600), (), Scope.ACCOUNT, 120),
    (Failure(Meaning.THROTTLED, "", until=NOW + 12), (), Scope.ACCOUNT, 12),
    (Failure(Meaning.THROTTLED, ""), (), Scope.ACCOUNT, 5),
    # Models.
    (Failure(Meaning.MODEL_LIMITED, ""), (), Scope.MODEL, 60),
    (Failure(Meaning.MODEL_LIMITED, "", retry_after=20), (), Scope.MODEL, 20),
    (Failure(Meaning.MODEL_UNAVAILABLE, "", status=403), (), Scope.ACCOUNT_MODEL, 60),
    # An Anthropic spend limit ends with the month; a person may raise it before, so it is tried again.
    (Failure(Meaning.CREDITS_EXHAUSTED, "", until=NOW + 9 * DAY, retryable_here=False), (), Scope.ACCOUNT, 6 * HOUR),
    (Failure(Meaning.CREDITS_EXHAUSTED, "", retryable_here=False), (), Scope.ACCOUNT, 5 * MINUTE),
]


@pytest.mark.parametrize(("failure", "events", "scope", "seconds"), HOLDS)
def test_a_failure_holds_what_it_says_for_as_long_as_it_says(
    failure: Failure, events: tuple[Event, ...], scope: Scope, seconds: float
) -> None:
    found = cool(failure, *events)
    assert found is not None
    assert found.scope is scope
    assert found.until - NOW == pytest.approx(seconds)


@pytest.mark.parametrize(
    "failure",
    [
        Failure(Meaning.OVERLOADED, "", status=529, retry_after=30),
        Failure(Meaning.NETWORK, ""),
        Failure(Meaning.REFUSED, ""),
        Failure(Meaning.BAD_REQUEST, ""),
        Failure(Meaning.LOGIN_DEAD, "", status=401),
        Failure(Meaning.GATED, "", status=403),
        Failure(Meaning.MODEL_UNAVAILABLE, "", status=404),
    ],
)
def test_what_is_nobodys_limit_holds_nothing(failure: Failure) -> None:
    assert cool(failure) is None


def test_credit_that_is_gone_holds_the_account_until_the_month_begins() -> None:
    spent = Failure(Meaning.CREDITS_EXHAUSTED, "", status=402)
    month = credit_of((window("month", 1.0, resets_in=9 * DAY, source=Source.USAGE),), NOW)
    assert month == Credit(left=False, until=NOW + 9 * DAY)
    found = cool(spent, credit=month)
    assert found is not None
    assert (found.scope, found.until, found.reason) == (Scope.ACCOUNT, NOW + 9 * DAY, "no credit left")


def test_an_account_that_could_not_pay_for_one_dear_request_is_not_held() -> None:
    # Puter says 402 also when the prompt alone is too dear (puter.md 3.8).
    left = credit_of((window("month", 0.4, resets_in=9 * DAY),), NOW)
    assert left == Credit(left=True, until=NOW + 9 * DAY)
    assert cool(Failure(Meaning.CREDITS_EXHAUSTED, "", status=402), credit=left) is None


def test_an_unlimited_account_does_not_tell_its_credit() -> None:
    assert credit_of((window("month", None),), NOW) is None


def test_consecutive_limits_hold_one_two_three_and_at_most_four_times_as_long() -> None:
    limited, at, held = Failure(Meaning.LIMITED, ""), NOW, []
    snapshot = after(added("a"))
    for _ in range(6):
        found = cooling(limited, snapshot.accounts["a"], "m", at, RULES)
        assert found is not None
        held.append((found.until - at) / (5 * MINUTE))
        snapshot = fold(
            snapshot,
            CooldownStarted(
                at=at,
                account_id="a",
                until=found.until,
                meaning=Meaning.LIMITED,
                reason=found.reason,
                strikes=found.strikes,
            ),
        )
        # A day passes, which ends no row: only a success does (the Puter plugin forgot it by reading, 8.3).
        at = found.until + DAY
    assert held == [1, 2, 3, 4, 4, 4]
    served = RequestServed(
        at=at, request_id="r", account_id="a", provider="anthropic", model="m", requested_model="m"
    )
    found = cooling(limited, fold(snapshot, served).accounts["a"], "m", at + 1, RULES)
    assert found is not None
    assert found.until - at - 1 == 5 * MINUTE


def test_a_limit_met_by_many_requests_at_once_is_one_strike() -> None:
    first = cooled("a", NOW + 300, at=NOW - 1)
    assert cool(Failure(Meaning.LIMITED, ""), first) is None
    longer = cool(Failure(Meaning.LIMITED, "", until=NOW + 5 * HOUR), first)
    assert longer is not None
    assert (longer.strikes, longer.until) == (1, NOW + 5 * HOUR)


def test_a_throttle_never_shortens_a_hold() -> None:
    assert cool(Failure(Meaning.THROTTLED, "", retry_after=2), cooled("a", NOW + HOUR)) is None


def test_a_throttle_is_no_strike() -> None:
    found = cool(Failure(Meaning.THROTTLED, ""))
    assert found is not None
    assert found.strikes == 0


def test_a_wait_that_the_provider_did_not_give_is_five_seconds() -> None:
    assert throttle_wait(Failure(Meaning.THROTTLED, ""), NOW) == 5.0


def somewhen(least: float, most: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(least, most)


@given(
    meaning=st.sampled_from(Meaning),
    until=somewhen(NOW - 1e9, NOW + 1e9),
    retry_after=somewhen(0.0, 1e9),
    scope=st.sampled_from([None, "opus"]),
    strikes=st.integers(0, 99),
    polled=st.sampled_from([None, NOW - HOUR, NOW - 3 * HOUR]),
    credit=st.none() | st.builds(Credit, st.booleans(), somewhen(NOW + 1.0, NOW + 1e9)),
    base=st.floats(1.0, 1e6),
)
def test_no_hold_outlives_its_evidence_by_more_than_its_cap(
    meaning: Meaning,
    until: float | None,
    retry_after: float | None,
    scope: str | None,
    strikes: int,
    polled: float | None,
    credit: Credit | None,
    base: float,
) -> None:
    figures = () if polled is None else (window("7d", 0.9, resets_in=DAY, seen=polled, source=Source.USAGE),)
    state = account(seen("a", *figures), cooled("a", NOW - 1, at=NOW - HOUR, strikes=strikes))
    failure = Failure(meaning, "", status=403, until=until, retry_after=retry_after, scope=scope)
    found = cooling(failure, state, "m", NOW, Rules(cooldown_base_s=base), credit)
    if found is None:
        return
    # Who is asked for figures tells of an early end; of anybody else only the next try can.
    watched = polled == NOW - HOUR or (meaning is Meaning.CREDITS_EXHAUSTED and credit is not None)
    assert NOW <= found.until <= NOW + (RESET_CAP_S if watched else RULES.cooldown_cap_s)
    assert found.until <= NOW + max(RULES.cooldown_cap_s, *((until or NOW) - NOW, retry_after or 0.0),
                                    (credit.until or NOW) - NOW if credit is not None else 0.0)  # fmt: skip


def test_a_spent_figure_that_nobody_renewed_keeps_an_account_away_for_six_hours_at_most() -> None:
    spent = account(seen("a", window("7d", 1.0, resets_in=5 * DAY, seen=NOW)))
    for age, barred in ((0.0, True), (6 * HOUR - 1, True), (6 * HOUR, False)):
        assert (standing(spent, "m", NOW + age, RULES).barred is not None) is barred
    assert standing(spent, "m", NOW, RULES).changes_at == NOW + 6 * HOUR


LIFTS = [
    # Newer figures show room.
    ((window("5h", 0.1, seen=NOW),), "newer figures show 90% left of 5h"),
    # Figures from before the limit, or from the moment of it, say nothing about it.
    ((window("5h", 0.1, seen=NOW - 500),), None),
    ((window("5h", 0.1, seen=NOW - 290),), None),
    # Still full, or one of two still full.
    ((window("5h", 0.99, seen=NOW),), None),
    ((window("5h", 0.1, seen=NOW), window("7d", 1.0, seen=NOW)), None),
    # Refused, whatever the figure beside it.
    ((window("5h", 0.1, seen=NOW, status="rejected"),), None),
    # A model's own window says nothing about the account.
    ((window("7d:opus", 0.1, seen=NOW, scope="opus"),), None),
    # Nothing known.
    ((window("5h", None, seen=NOW),), None),
]


@pytest.mark.parametrize(("windows", "why"), LIFTS)
def test_newer_figures_with_room_end_a_hold(windows: tuple[QuotaWindow, ...], why: str | None) -> None:
    state = account(cooled("a", NOW + DAY, at=NOW - 300), seen("a", *windows, at=NOW))
    assert lifted(state, NOW) == ([] if why is None else [(None, why)])


def test_a_short_pause_is_not_lifted_by_quota() -> None:
    pause = CooldownStarted(at=NOW - 100, account_id="a", until=NOW + 20, meaning=Meaning.THROTTLED, reason="")
    assert lifted(account(pause, seen("a", window("5h", 0.1), at=NOW)), NOW) == []
