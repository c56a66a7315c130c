"""Round-robin: each new session goes to the next account in the order of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.pool.strategies.base import added

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.pool.standing import Standing


class RoundRobin:
    """A ring in the order of the table, begun behind the account that served the last new session."""

    name = "round-robin"
    rotates = True

    def key(self, standing: Standing) -> tuple[float, ...]:
        return (added(standing),)

    def stays(self, active: Standing, rival: Standing | None) -> bool:
        return False

    def nearly_spent(self, standing: Standing, rules: Rules, *, active: bool) -> bool:
        return False

    def score(self, standing: Standing) -> float:
        return added(standing)

    def reason(self, standing: Standing, now: float) -> str:
        return "next in turn"
