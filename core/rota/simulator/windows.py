"""Counters that fill and empty with time: quota windows, token buckets, rolling counts. Pure arithmetic."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Window:
    """A quota that opens at its first use and empties when its time is over."""

    seconds: float
    capacity: float
    used: float = 0.0
    resets_at: float | None = None
    """None while the window is idle."""

    def settle(self, now: float) -> None:
        """Close the window when its time is over."""
        if self.resets_at is not None and now >= self.resets_at:
            self.used = 0.0
            self.resets_at = None

    def spend(self, now: float, amount: float) -> None:
        self.settle(now)
        if self.resets_at is None:
            self.resets_at = now + self.seconds
        self.used += amount

    def fill(self, now: float, fraction: float, resets_in: float | None = None) -> None:
        """Set how much is used; the reset stays unless it is given or there is none."""
        self.settle(now)
        self.used = self.capacity * fraction
        if resets_in is not None:
            self.resets_at = now + resets_in
        elif self.resets_at is None and fraction > 0:
            self.resets_at = now + self.seconds

    def utilization(self, now: float) -> float:
        """The part used, 1.0 being all of it; can be more."""
        self.settle(now)
        return self.used / self.capacity

    def is_spent(self, now: float) -> bool:
        return self.utilization(now) >= 1.0


@dataclass(slots=True)
class Bucket:
    """A limit a minute that refills evenly, as Anthropic's classic limits do."""

    per_minute: float
    level: float = -1.0
    settled_at: float = 0.0

    def _settle(self, now: float) -> None:
        if self.level < 0:
            self.level = self.per_minute
        else:
            refill = (now - self.settled_at) * self.per_minute / 60
            self.level = min(self.per_minute, self.level + max(0.0, refill))
        self.settled_at = now

    def take(self, now: float, amount: float) -> None:
        """Use up `amount`; an answer that ran longer than foreseen cannot take more than there is."""
        self._settle(now)
        self.level = max(0.0, self.level - amount)

    def remaining(self, now: float) -> int:
        self._settle(now)
        return int(self.level)

    def wait_for(self, now: float, amount: float) -> float:
        """Seconds until `amount` would be there."""
        self._settle(now)
        return max(0.0, (min(amount, self.per_minute) - self.level) * 60 / self.per_minute)

    def full_at(self, now: float) -> float:
        return now + self.wait_for(now, self.per_minute)


@dataclass(slots=True)
class RollingCount:
    """How often something happened within the last `seconds`."""

    seconds: float
    _times: deque[float] = field(default_factory=deque)

    def add(self, now: float) -> None:
        self._times.append(now)

    def count(self, now: float) -> int:
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        return len(self._times)

    def clear(self) -> None:
        self._times.clear()
