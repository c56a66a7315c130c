"""What a strategy is: an order among accounts of equal priority, with the reason for each place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.pool.standing import Standing


class Strategy(Protocol):
    """An order that depends on one account's own state only, so that an index can keep it.

    One that inherits from this has to say its `name`, its `key` and its `reason`.

    Attributes:
        name: as the settings say it.
        rotates: the order is a ring that begins behind the active account.
    """

    name: str
    rotates: bool = False

    def key(self, standing: Standing) -> tuple[float, ...]:
        """Place among accounts of equal priority; the smallest serves first."""
        ...

    def stays(self, active: Standing, rival: Standing | None) -> bool:
        """Whether new sessions stay with the active account.

        Args:
            rival: first in order of those that are as good by priority and by room; None when no other is.
        """
        return False

    def nearly_spent(self, standing: Standing, rules: Rules, *, active: bool) -> bool:
        """Whether it should serve only when no other can, because its limit is near."""
        return False

    def score(self, standing: Standing) -> float:
        """The figure behind the place, in the strategy's own unit; lower is better."""
        return self.key(standing)[0]

    def reason(self, standing: Standing, now: float) -> str:
        """The same in words."""
        ...


SOMEWHERE = 0.5
"""Taken for an unknown share: before accounts known to be fuller, after those known to be emptier."""


def last_used(standing: Standing) -> float:
    """Epoch seconds; 0 for one that was never used, so that it goes first."""
    used_at = standing.state.last_used_at
    return 0.0 if used_at is None else used_at


def added(standing: Standing) -> float:
    """Breaks ties in the order of the table."""
    return standing.state.account.position


def ago(seconds: float) -> str:
    """`3 min`, `2 h`, `5 d`: one figure is enough for a reason."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def last_use_in_words(standing: Standing, now: float) -> str:
    used_at = standing.state.last_used_at
    return "never used" if used_at is None else f"last used {ago(now - used_at)} ago"


def use_in_words(standing: Standing) -> str:
    """`7d 41%, 5h 12% used`: what is known of its fullest windows of days and of hours."""
    left = standing.room
    if left.long is None:
        return "use not known yet" if left.short is None else f"{left.short_label} {left.short:.0%} used"
    if left.short is None:
        return f"{left.long_label} {left.long:.0%} used"
    return f"{left.long_label} {left.long:.0%}, {left.short_label} {left.short:.0%} used"
