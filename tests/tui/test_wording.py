"""One reason for a row, the worst first; one line for the pool."""

from __future__ import annotations

from datetime import UTC

import pytest

from rota.account import Account, Health, Kind
from rota.errors import Meaning
from rota.events import (
    AccountAdded,
    AccountDisabled,
    AccountRemoved,
    CooldownStarted,
    Event,
    HealthChanged,
    QuotaObserved,
)
from rota.fold import fold
from rota.quota import QuotaWindow, Source, Unit
from rota.snapshot import Snapshot
from rota_tui import wording
from rota_tui.pieces import ASCII, Locale, Tone, plain

NOW = 1_800_014_400.0  # Friday 15 January 2027, 12:00 UTC
HOUR, DAY = 3600.0, 86_400.0


def account(account_id: str = "a", **known: object) -> AccountAdded:
    """An account that was just added."""
    known = {"provider": "anthropic", "kind": Kind.SUBSCRIPTION, "identity": account_id, "label": account_id} | known
    return AccountAdded(at=NOW - DAY, account=Account(id=account_id, **known))  # type: ignore[arg-type]


def after(*events: Event) -> Snapshot:
    snapshot = Snapshot()
    for event in events:
        snapshot = fold(snapshot, event)
    return snapshot


def window(key: str, share: float | None, resets_in: float = HOUR, **known: object) -> QuotaWindow:
    return QuotaWindow(key, key, share, NOW - 60, Source.HEADERS, resets_at=NOW + resets_in, **known)  # type: ignore[arg-type]


def seen(*windows: QuotaWindow) -> QuotaObserved:
    return QuotaObserved(at=NOW - 60, account_id="a", windows=windows)


def held(until: float, meaning: Meaning, model: str | None = None) -> CooldownStarted:
    return CooldownStarted(at=NOW - 60, account_id="a", until=until, meaning=meaning, reason="said so", model=model)


@pytest.mark.parametrize(
    ("events", "text", "tone"),
    [
        ([account()], "ready", Tone.OK),
        ([account(reserve=True)], "held in reserve", Tone.QUIET),
        # a person's own decision comes before everything
        ([account(enabled=False, health=Health.NEEDS_LOGIN)], "off", Tone.QUIET),
        ([account(health=Health.NEEDS_LOGIN), held(NOW + 60, Meaning.LIMITED)], "sign in again", Tone.SPENT),
        ([account(health=Health.GATED)], "needs you at the provider", Tone.SPENT),
        ([account(health=Health.SUSPENDED)], "suspended by the provider", Tone.SPENT),
        ([account(), held(NOW + 252, Meaning.LIMITED)], "limited, back in 04:12", Tone.COOLING),
        # the spent window says more than "limited"
        (
            [account(), seen(window("5h", 1.0, 2 * HOUR)), held(NOW + 2 * HOUR, Meaning.LIMITED)],
            "5h spent, back 14:00",
            Tone.COOLING,
        ),
        ([account(), held(NOW + 17 * DAY, Meaning.CREDITS_EXHAUSTED)], "credits spent, back 1 Feb", Tone.COOLING),
        ([account(), seen(window("7d", 1.0, 5 * DAY))], "7d spent, back Wed 12:00", Tone.COOLING),
        # of two spent windows the one that returns last keeps it away
        (
            [account(), seen(window("5h", 1.0), window("7d", 1.02, 2 * DAY))],
            "7d spent, back Sun 12:00",
            Tone.COOLING,
        ),
        ([account(), seen(window("7d", 0.96))], "7d 4% left", Tone.LOW),
        # a model's own window never speaks for the account
        ([account(), seen(window("7d:Fable", 1.0, scope="Fable"))], "ready", Tone.OK),
        # a reset that has passed says nothing
        ([account(), seen(window("5h", 1.0, -60))], "ready", Tone.OK),
        ([account(), held(NOW + 60, Meaning.MODEL_LIMITED, "opus")], "ready, 1 model cooling", Tone.OK),
        ([account(login_expires_at=NOW + 2 * DAY)], "sign-in ends Sun 12:00", Tone.LOW),
        ([account(login_expires_at=NOW - 1)], "sign in again", Tone.SPENT),
        ([account(), held(NOW - 1, Meaning.LIMITED)], "ready", Tone.OK),
    ],
)
def test_a_row_gives_one_reason_the_worst_first(events: list[Event], text: str, tone: Tone) -> None:
    why = wording.reason(after(*events).accounts["a"], NOW, UTC)
    assert (why.text, why.tone) == (text, tone)


def test_a_reason_below_an_hour_tells_the_clock_time_as_well() -> None:
    why = wording.reason(after(account(), held(NOW + 252, Meaning.THROTTLED)).accounts["a"], NOW, UTC)
    assert (why.text, why.extra, why.ticks) == ("throttled, back in 04:12", "12:04", True)


def test_serving_comes_before_ready_but_never_hides_a_hold() -> None:
    ready, cooling = after(account()), after(account(), held(NOW + 60, Meaning.LIMITED))
    assert wording.reason(ready.accounts["a"], NOW, UTC, serving=2).text == "serving 2"
    assert wording.reason(cooling.accounts["a"], NOW, UTC, serving=2).tone is Tone.COOLING


def test_a_subscription_that_is_not_routed_to_is_never_called_ready() -> None:
    assert wording.watched_kinds(route_subscriptions=False) == {Kind.SUBSCRIPTION}
    assert not wording.watched_kinds(route_subscriptions=True)
    why = wording.reason(after(account()).accounts["a"], NOW, UTC, watched=True)
    assert why.text == "watched only"


def test_the_pool_is_told_in_words() -> None:
    snapshot = after(
        account("a"),
        account("b", kind=Kind.API_KEY),
        account("c", kind=Kind.API_KEY),
        account("d"),
        account("e"),
        held(NOW + 252, Meaning.LIMITED),
        HealthChanged(at=NOW, account_id="d", health=Health.NEEDS_LOGIN),
        AccountDisabled(at=NOW, account_id="e"),
    )
    told = plain(wording.pool_line(wording.pool_of(snapshot, NOW), NOW, Locale(UTC)))
    assert told == "5 accounts · 2 ready · 1 cooling 04:12 · 1 needs you · 1 off"


def test_the_pool_counts_watched_accounts_apart() -> None:
    pool = wording.pool_of(after(account()), NOW, frozenset({Kind.SUBSCRIPTION}))
    told = plain(wording.pool_line(pool, NOW, Locale(UTC, ASCII)))
    assert told == "1 account - 0 ready - 1 watched only"


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({"unit": Unit.USD_CENTS, "used": 310, "limit": 2000}, "$3.10 of $20.00"),
        ({"unit": Unit.TOKENS, "used": 54_000, "limit": 450_000}, "54k of 450k tokens"),
        ({"unit": Unit.REQUESTS, "limit": 1000}, "of 1k requests"),
        ({"unit": Unit.CREDITS, "used": 12}, "12 credits"),
        ({"unit": Unit.PERCENT, "used": 3}, ""),
        ({"unit": Unit.TOKENS}, ""),
    ],
)
def test_a_window_tells_its_figures_in_its_own_unit(known: dict[str, object], text: str) -> None:
    assert wording.figure(window("x", None, **known)) == text  # type: ignore[arg-type]


def test_an_organization_that_only_has_a_number_is_not_told() -> None:
    assert wording.organization_name("Studio") == "Studio"
    assert wording.organization_name("ac380a00-360f-58e6-87b0-80f31d7e7fe0") == ""
    assert wording.organization_name(None) == ""
    assert wording.organization_name("ana@x.org's Organization", "ana@x.org") == ""  # says no more


def test_a_removed_account_is_called_that_and_an_unknown_one_by_its_id() -> None:
    added = AccountAdded(
        at=0.0, account=Account(id="a", provider="anthropic", kind=Kind.API_KEY, identity="x", label="work")
    )
    here = fold(Snapshot(), added)
    assert wording.label_of(here, "a") == "work"
    gone = fold(here, AccountRemoved(at=1.0, account_id="a"))
    assert wording.label_of(gone, "a") == "removed account"
    assert wording.label_of(gone, "b") == "b"
