"""`rota status` in words: what the table says about the pool and each account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from functools import reduce
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import NOW, account, quota

from rota.account import Kind
from rota.errors import Meaning
from rota.events import CooldownStarted, QuotaObserved
from rota.fold import fold
from rota.quota import QuotaWindow, Source, Unit
from rota.snapshot import Snapshot
from rota_tui.cli.status_plain import sentences
from rota_tui.cli.status_table import table
from rota_tui.cli.terminal import Look, columns
from rota_tui.pieces import Piece, plain
from rota_tui.wording import watched_kinds

if TYPE_CHECKING:
    from rota.events import Event

LOOK = Look(width=80, tz=UTC)


def known(*events: Event) -> Snapshot:
    return reduce(fold, events, Snapshot())


@pytest.mark.parametrize(
    ("routed", "pool", "state"),
    [
        (False, "2 accounts · 1 ready · 1 watched only", "watched only"),
        (True, "2 accounts · 2 ready", "ready"),
    ],
)
def test_a_subscription_is_ready_only_when_requests_go_through_it(routed: bool, pool: str, state: str) -> None:
    snapshot = known(account("max", kind=Kind.SUBSCRIPTION), account("work", position=1.0))
    watched = watched_kinds(route_subscriptions=routed)
    lines = table(snapshot, NOW, {}, LOOK, watched).splitlines()
    assert lines[0] == pool
    assert next(line for line in lines if " max " in line).endswith(f" {state}")
    said = sentences(snapshot, NOW, {}, UTC, watched)["max"]
    assert said == f"1. max, Anthropic, subscription, {state}."


@pytest.mark.parametrize("seconds", [0.0, 660.0, 40_000.0])
def test_figures_of_any_age_fit_80_columns_and_old_ones_say_how_old(seconds: float) -> None:
    snapshot = known(account("max", kind=Kind.SUBSCRIPTION), quota("max", age=0.0, h5=0.62, d7=1.0))
    lines = table(snapshot, NOW + seconds, {}, replace(LOOK, wide=True), frozenset()).splitlines()
    assert max(map(len, lines)) <= 80
    row = next(line for line in lines if "5h" in line)
    assert (" · 11m ago" in row, " · 11h ago" in row) == (seconds == 660.0, seconds == 40_000.0)
    assert row.count("ago") <= 1
    assert ("back" in row) == (seconds == 0.0)


def test_a_wider_terminal_shows_more_of_a_long_label() -> None:
    long = "the one for the nightly agents of 経理"
    for width, shown in ((80, False), (120, True)):
        lines = table(known(account(long)), NOW, {}, replace(LOOK, width=width), frozenset()).splitlines()
        assert (long in lines[2]) is shown
        assert lines[2].endswith("ready")


def test_columns_that_can_be_spared_go_one_by_one_until_a_line_fits() -> None:
    rows = [[Piece("puter/gpt-5-nano"), Piece("0.8s"), Piece("126"), Piece("2h ago")]]
    shown = {width: columns(rows, width=width, spare=(3, 1))[0] for width in (100, 30, 24, 5)}
    assert [plain(line) for line in shown.values()] == [
        "puter/gpt-5-nano  0.8s  126  2h ago",
        "puter/gpt-5-nano  0.8s  126",
        "puter/gpt-5-nano  126",
        "puter/gpt-5-nano  126",
    ]


def test_a_limit_by_the_minute_is_shown_while_it_holds_and_then_says_nothing() -> None:
    keys = ("requests", "tokens", "input-tokens", "output-tokens")
    minute = QuotaObserved(at=NOW, account_id="work", windows=tuple(per_minute(key) for key in keys))
    snapshot = known(account("work"), minute)
    now, later = (table(snapshot, at, {}, LOOK, frozenset()) for at in (NOW, NOW + 120.0))
    assert "reqs   ━━━━────  50%" in now
    assert "tokens" in now
    assert "?" not in later
    assert len(later.splitlines()) == 3
    told, at_last = (sentences(snapshot, at, {}, UTC, frozenset())["work"] for at in (NOW, NOW + 120.0))
    assert "input-tokens 50% used" in told
    assert at_last == "1. work, Anthropic, API key, ready."


def per_minute(key: str) -> QuotaWindow:
    return QuotaWindow(
        key=key,
        label=key,
        unit=Unit.REQUESTS,
        used=25.0,
        limit=50.0,
        utilization=0.5,
        resets_at=NOW + 60.0,
        source=Source.HEADERS,
        observed_at=NOW,
    )


def test_no_line_is_wider_than_the_terminal() -> None:
    events = [account(f"account with a long name {n}", position=float(n)) for n in range(12)]
    snapshot = known(*events, quota("account with a long name 3", h5=0.62, d7=0.3))
    lines = table(snapshot, NOW, {}, LOOK, frozenset()).splitlines()
    assert max(map(len, lines)) <= 80
    assert "5h     ━━━━━───  62% back 14:00" in next(line for line in lines if "62%" in line)


def test_when_an_account_is_back_is_said_in_less_where_the_row_is_narrow() -> None:
    held = CooldownStarted(
        at=NOW, account_id="lab", until=NOW + 2 * 86_400, meaning=Meaning.CREDITS_EXHAUSTED, reason=""
    )
    snapshot = known(account("lab", provider="puter", kind=Kind.PUTER, plan="Paid", label="l" * 24), held)
    row = table(snapshot, NOW, {}, LOOK, frozenset()).splitlines()[2]
    assert row.endswith(" spent, back Sun 12:00")
    wide = table(snapshot, NOW, {}, replace(LOOK, width=120), frozenset()).splitlines()[2]
    assert wide.endswith(" credits spent, back Sun 12:00")
