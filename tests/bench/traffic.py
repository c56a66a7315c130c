"""Events as a pool under steady traffic makes them, for the measurements of fold and log."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from rota.account import Account, Kind
from rota.errors import Attempt, Meaning
from rota.events import (
    AccountAdded,
    AttemptFailed,
    Candidate,
    CooldownLifted,
    CooldownStarted,
    QuotaObserved,
    RequestServed,
    RequestStarted,
    UsagePolled,
)
from rota.quota import QuotaWindow, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.events import Event

START = 1_800_000_000.0


def added(accounts: int, at: float = START) -> list[Event]:
    """That many accounts, as sign-ins make them."""
    return [
        AccountAdded(
            at=at,
            account=Account(
                id=f"account{n}",
                provider="anthropic",
                kind=Kind.API_KEY,
                identity=f"key-{n}",
                label=f"work {n}",
                position=float(n),
            ),
        )
        for n in range(accounts)
    ]


def traffic(accounts: int, count: int, *, every_s: float = 1.5, start: float = START) -> Iterator[Event]:
    """`count` events of requests, quota, polls and now and then a limit, over `accounts` accounts."""
    rng = random.Random(7)
    at, made = start, 0
    for n in range(count):
        at += every_s
        account_id = f"account{rng.randrange(accounts)}"
        for event in _request(f"r{n}", account_id, at, rng):
            yield event
            made += 1
            if made == count:
                return


def _request(request_id: str, account_id: str, at: float, rng: random.Random) -> Iterator[Event]:
    session = f"session{rng.randrange(40)}"
    yield RequestStarted(
        at=at, request_id=request_id, account_id=account_id, provider="anthropic", model="claude", session=session
    )
    attempts: tuple[Attempt, ...] = ()
    if rng.random() < 0.02:
        attempts = (Attempt(account_id, "work", "claude", Meaning.LIMITED, "spent", 429, took=0.2),)
        yield AttemptFailed(
            at=at, request_id=request_id, provider="anthropic", attempt=attempts[0], next_step="another account"
        )
        yield CooldownStarted(
            at=at, account_id=account_id, until=at + 300, meaning=Meaning.LIMITED, reason="spent", strikes=1
        )
        yield CooldownLifted(at=at + 1, account_id=account_id, reason="room again")
    yield RequestServed(
        at=at + 1,
        request_id=request_id,
        account_id=account_id,
        provider="anthropic",
        model="claude",
        requested_model="claude",
        session=session,
        started_at=at,
        first_token=0.4,
        duration=1.0,
        input_tokens=900,
        output_tokens=120,
        cost_usd=0.004,
        reason="most room",
        candidates=tuple(Candidate(f"account{n}", 0.1 * n, "room") for n in range(3)),
        attempts=attempts,
    )
    figures = tuple(
        QuotaWindow(key, key, rng.random(), at + 1, Source.HEADERS, resets_at=at + length / 2, length=length)
        for key, length in (("5h", 18_000.0), ("7d", 604_800.0))
    )
    yield QuotaObserved(at=at + 1, account_id=account_id, windows=figures)
    if rng.random() < 0.1:
        yield UsagePolled(at=at + 1, account_id=account_id, next_at=at + 180)
