"""`rota status` in words: what the table says about the pool and each account."""

from __future__ import annotations

from datetime import UTC
from functools import reduce
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import NOW, account, quota

from rota.account import Kind
from rota.fold import fold
from rota.snapshot import Snapshot
from rota_tui.cli.status_plain import sentences
from rota_tui.cli.status_table import table
from rota_tui.cli.terminal import Look
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


def test_no_line_is_wider_than_the_terminal() -> None:
    events = [account(f"account with a long name {n}", position=float(n)) for n in range(12)]
    snapshot = known(*events, quota("account with a long name 3", h5=0.62, d7=0.3))
    lines = table(snapshot, NOW, {}, LOOK, frozenset()).splitlines()
    assert max(map(len, lines)) <= 80
    assert "5h     ━━━━━───  62% back 14:00" in next(line for line in lines if "62%" in line)
