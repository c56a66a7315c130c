"""Herd control: how many requests an account may serve at once, first come first served.

An account that others fail over to, or whose hold has just ended, opens slowly: one request finds out whether it can
serve, the rest follow. When it is found spent, those that wait for it choose again instead of each trying it.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rota.account import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.account import Account
    from rota.clock import Clock

RAMP_STEP_S = 1.0
"""A refusal comes within this time; without one the ramp doubles."""
RAMP_ENDS_AT = 64
"""Requests at once at which a ramp is over."""


def limit_of(account: Account) -> int | None:
    """How many requests the provider serves at once for this account; None when no limit is known."""
    if account.kind is Kind.PUTER_GUEST:
        return 2
    if account.kind is Kind.PUTER:
        return 3 if account.plan in (None, "Free", "Guest") else 20
    return None


@dataclass(slots=True)
class _Lane:
    """One account's requests in flight."""

    limit: int | None = None
    inside: int = 0
    ramp: int | None = None
    """Requests let in at once while ramping; None when it is not."""
    doubled_at: float = 0.0


@dataclass(order=True, slots=True)
class _Waiter:
    ticket: int
    accepts: frozenset[str] = field(compare=False)
    granted: asyncio.Future[Slot | None] = field(compare=False)


class Slot:
    """A place in an account's lane, until `leave`."""

    __slots__ = ("_gate", "_left", "account_id")

    def __init__(self, gate: Gate, account_id: str) -> None:
        self._gate = gate
        self._left = False
        self.account_id = account_id

    def leave(self) -> None:
        """Give the place to the next in line; a second call does nothing."""
        if not self._left:
            self._left = True
            self._gate._leave(self.account_id)


class Gate:
    """The lanes of all accounts, and one line of those who wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._line: list[_Waiter] = []
        self._tickets = 0

    def ticket(self) -> int:
        """A place in line, kept for as long as the request lives."""
        self._tickets += 1
        return self._tickets

    def inside(self, account_id: str) -> int:
        """How many requests of this process an account is serving."""
        lane = self._lanes.get(account_id)
        return lane.inside if lane is not None else 0

    def full(self, account: Account) -> bool:
        """Whether the provider's own limit leaves no place, or earlier comers wait for it."""
        lane = self._lanes.get(account.id)
        if lane is None:
            return False
        limit = limit_of(account)
        return limit is not None and (lane.inside >= limit or self._awaited(account.id))

    def try_enter(self, account: Account) -> Slot | None:
        """A place at once, or None when there is none or others were first."""
        lane = self._lanes.get(account.id)
        if lane is None:
            lane = self._lanes[account.id] = _Lane()
        lane.limit = limit_of(account)
        if self._awaited(account.id) or not self._has_room(lane):
            return None
        lane.inside += 1
        return Slot(self, account.id)

    async def enter(self, accounts: Mapping[str, Account], ticket: int, patience_s: float) -> Slot | None:
        """Wait for a place at any of `accounts`; None means: choose again."""
        future: asyncio.Future[Slot | None] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(ticket, frozenset(accounts), future)
        insort(self._line, waiter)
        for account in accounts.values():
            self._admit(account.id)
        pause: asyncio.Future[None] = asyncio.ensure_future(self._clock.sleep(min(patience_s, RAMP_STEP_S)))
        try:
            await asyncio.wait((future, pause), return_when=asyncio.FIRST_COMPLETED)
            if not future.done():
                for account_id in accounts:
                    self._admit(account_id)
            return future.result() if future.done() else None
        except asyncio.CancelledError:
            if future.done() and (slot := future.result()) is not None:
                slot.leave()
            raise
        finally:
            pause.cancel()
            if waiter in self._line:
                self._line.remove(waiter)

    def ramp(self, account_id: str) -> None:
        """Others fail over to this account: let one request find out first."""
        lane = self._lanes.setdefault(account_id, _Lane())
        if lane.ramp is None:
            lane.ramp = lane.inside + 1
            lane.doubled_at = self._clock.monotonic()

    def accepted(self, account_id: str) -> None:
        """The account served: the ramp doubles."""
        lane = self._lanes.get(account_id)
        if lane is not None and lane.ramp is not None:
            self._double(lane)
            self._admit(account_id)

    def spent(self, account_id: str) -> None:
        """The account cannot serve: those who wait for it choose again."""
        lane = self._lanes.get(account_id)
        if lane is not None:
            lane.ramp = None
        for waiter in [w for w in self._line if account_id in w.accepts]:
            self._line.remove(waiter)
            if not waiter.granted.done():
                waiter.granted.set_result(None)

    def _leave(self, account_id: str) -> None:
        lane = self._lanes[account_id]
        lane.inside -= 1
        self._admit(account_id)
        if lane.inside == 0 and lane.ramp is None and not self._awaited(account_id):
            del self._lanes[account_id]

    def _admit(self, account_id: str) -> None:
        """Let in as many as there is room for, in the order of their tickets."""
        lane = self._lanes.get(account_id)
        if lane is None:
            return
        while self._has_room(lane):
            waiter = next((w for w in self._line if account_id in w.accepts), None)
            if waiter is None:
                return
            self._line.remove(waiter)
            if not waiter.granted.done():
                lane.inside += 1
                waiter.granted.set_result(Slot(self, account_id))

    def _has_room(self, lane: _Lane) -> bool:
        if lane.ramp is not None and (steps := int((self._clock.monotonic() - lane.doubled_at) // RAMP_STEP_S)) > 0:
            self._double(lane, steps)
        if lane.limit is not None and lane.inside >= lane.limit:
            return False
        return lane.ramp is None or lane.inside < lane.ramp

    def _double(self, lane: _Lane, times: int = 1) -> None:
        lane.doubled_at = self._clock.monotonic()
        wider = lane.ramp << min(times, RAMP_ENDS_AT) if lane.ramp is not None else RAMP_ENDS_AT
        lane.ramp = wider if wider < RAMP_ENDS_AT else None

    def _awaited(self, account_id: str) -> bool:
        return bool(self._line) and any(account_id in w.accepts for w in self._line)
