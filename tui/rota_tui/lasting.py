"""What is found by going through every account, found again only when it may have become something else. Pure."""

from __future__ import annotations

from math import inf
from operator import is_
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rota.snapshot import AccountState, Snapshot

Found = TypeVar("Found")

CALM_S = 5.0
"""Seconds for which that stays as it is which counts minutes: so much later at most it says that one has passed."""


class Lasting(Generic[Found]):
    """Countdowns tick every second; what counts down changes with an event, a hold's end or a window's reset only."""

    def __init__(self, find: Callable[[Snapshot, float], Found]) -> None:
        """`find` looks at accounts and models, at their holds and windows, and takes no other time into account."""
        self._find = find
        self._of: tuple[object, ...] = ()
        self._found: list[Found] = []
        self._from = self._until = 0.0

    def at(self, snapshot: Snapshot, now: float) -> Found:
        """What `find` gives at `now`."""
        of = snapshot.accounts, snapshot.model_holds
        if not (self._from <= now < self._until and all(map(is_, of, self._of))):
            self._of, self._found = of, [self._find(snapshot, now)]
            self._from, self._until = now, next_moment(snapshot, now)
        return self._found[0]


def next_moment(snapshot: Snapshot, now: float) -> float:
    """When a hold ends or a window is reset, the first to come; infinity when nothing is awaited."""
    return min((at for at in _moments(snapshot) if at > now), default=inf)


def _moments(snapshot: Snapshot) -> Iterator[float]:
    """When time alone changes what is held or spent, and what is said of it."""
    for state in snapshot.listed():
        yield from _moments_of(state)
    yield from (entry.hold.until for entry in snapshot.model_holds.values() if entry.hold is not None)


def _moments_of(state: AccountState) -> Iterator[float]:
    holds = state.model_holds.values()
    yield from (hold.until for hold in (state.hold, *holds) if hold is not None)
    for window in state.windows.values():
        if window.resets_at is not None:
            yield from (window.resets_at, window.resets_at - (window.length or 0.0))


def calm_until(state: AccountState, now: float) -> float:
    """When what is told of an account in minutes is to be told anew, if nothing happens to it until then."""
    return min((at for at in _moments_of(state) if now < at < now + CALM_S), default=now + CALM_S)
