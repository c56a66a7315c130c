"""Accounts' quota as a log tells it: how large each window is, and what is left as other requests are charged. Pure.

A window's size is what was served while it was seen to rise. What rose while nothing was served, others spent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rota.events import Event, QuotaObserved, RequestServed
from rota.pool.room import BURST_S, LONG_S, length_of
from rota.quota import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.quota import QuotaWindow

READ, WRITE, OUTPUT = 0.1, 1.25, 5.0
"""What a token costs that is read from a prompt cache, written to it, or given out, beside one that just goes in."""
KNOWN_RISE = 0.02
"""A window's size is known once this much of it was seen to be used; figures come in whole percent."""
SAME_S = 600.0
"""Resets nearer than this are the same one."""


def cost(served: RequestServed, *, cold: bool = False) -> float:
    """What a request takes from quota, in tokens that go in; with a cold cache, what was read is written anew."""
    fresh = served.input_tokens - served.cached_tokens
    return fresh + (WRITE if cold else READ) * served.cached_tokens + OUTPUT * served.output_tokens


@dataclass(slots=True)
class Book:
    """One window of one account, as far as the log tells."""

    window: QuotaWindow
    """As last seen while learning; then as reckoned."""
    charged: float = 0.0
    """Served since that sight."""
    told: float = 0.0
    risen: float = 0.0
    others: list[tuple[float, float]] = field(default_factory=list)
    """When others spent, and what share of the window."""

    @property
    def size(self) -> float | None:
        return self.told / self.risen if self.risen >= KNOWN_RISE and self.told > 0 else None

    def learn(self, seen: QuotaWindow) -> None:
        """Take in a later sight."""
        used, known = seen.utilization or 0.0, self.window.utilization or 0.0
        rise = used - known if _same(self.window, seen) else used
        if rise > 0 and self.charged > 0:
            self.risen += rise
        elif rise > 0:
            self.others.append((seen.observed_at, rise))
        self.told += self.charged
        self.charged, self.window = 0.0, seen

    def at(self, now: float) -> QuotaWindow:
        """The window as it stands: reset if its time came; an idle one of hours opens with its next use."""
        window = self.window
        if window.resets_at is not None and window.resets_at <= now:
            length = length_of(window)
            again = None
            if length >= LONG_S:
                again = window.resets_at + length * ((now - window.resets_at) // length + 1)
            window = replace(window, utilization=0.0, resets_at=again, status=None)
        self.window = replace(window, observed_at=now, source=Source.HEADERS)
        return self.window

    def charge(self, tokens: float, now: float) -> None:
        """Enter what a request took."""
        if self.size:
            self.add(tokens / self.size, now)

    def add(self, share: float, now: float) -> None:
        window = self.at(now)
        used = (window.utilization or 0.0) + share
        resets_at = window.resets_at if window.resets_at is not None else now + length_of(window)
        status = "rejected" if used >= 1.0 else None
        self.window = replace(window, utilization=used, resets_at=resets_at, status=status)


class Ledger:
    """Every account's books: learnt from a log, then charged anew from its `since` on."""

    def __init__(self, events: Iterable[Event], since: float) -> None:
        self._books: dict[str, dict[str, Book]] = {}
        begun: dict[tuple[str, str], QuotaWindow] = {}
        for event in events:
            match event:
                case RequestServed():
                    for book in self._of(event.account_id, event.model):
                        book.charged += cost(event)
                case QuotaObserved():
                    for window in event.windows:
                        if not window.counts or window.utilization is None or length_of(window) <= BURST_S:
                            continue
                        if event.at <= since or (event.account_id, window.key) not in begun:
                            begun[event.account_id, window.key] = window
                        self._learn(event.account_id, window)
                case _:
                    pass
        self._others = sorted(
            (at, account_id, key, share)
            for account_id, books in self._books.items()
            for key, book in books.items()
            for at, share in book.others
            if at > max(since, begun[account_id, key].observed_at)
        )
        for (account_id, key), window in begun.items():
            self._books[account_id][key].window = window

    def unmeasured(self) -> tuple[str, ...]:
        """Accounts with a window whose size the log does not tell: they are taken for endless there."""
        return tuple(sorted(a for a, books in self._books.items() if any(b.size is None for b in books.values())))

    def windows(self, account_id: str, now: float) -> tuple[QuotaWindow, ...]:
        """What the provider's headers would say now."""
        return tuple(book.at(now) for book in self._books.get(account_id, {}).values())

    def charge(self, account_id: str, model: str, tokens: float, now: float) -> None:
        for book in self._of(account_id, model):
            book.charge(tokens, now)

    def others_until(self, now: float) -> list[tuple[float, str]]:
        """Enter what others spent up to now; gives when and from which account."""
        done = []
        while self._others and self._others[0][0] <= now:
            at, account_id, key, share = self._others.pop(0)
            self._books[account_id][key].add(share, at)
            done.append((at, account_id))
        return done

    def _learn(self, account_id: str, window: QuotaWindow) -> None:
        books = self._books.setdefault(account_id, {})
        if window.key in books:
            books[window.key].learn(window)
        else:
            books[window.key] = Book(window)

    def _of(self, account_id: str, model: str) -> list[Book]:
        return [b for b in self._books.get(account_id, {}).values() if b.window.applies_to(model)]


def _same(one: QuotaWindow, other: QuotaWindow) -> bool:
    """Whether no reset lies between two sights. An idle window that opens is the same one: it starts from zero."""
    if one.resets_at is None or other.resets_at is None:
        return one.resets_at is None
    return abs(one.resets_at - other.resets_at) <= SAME_S
