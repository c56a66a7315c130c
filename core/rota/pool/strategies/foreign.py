"""A strategy from another package, held to its word: when it fails, `auto` goes on, and every reason says so."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, TypeVar

from rota.pool.strategies.auto import Auto
from rota.pool.strategies.base import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from rota.pool.rules import Rules
    from rota.pool.standing import Standing

T = TypeVar("T")

KEY_LENGTH = 8
METHODS = ("key", "stays", "nearly_spent", "score", "reason")


class Foreign(Strategy):
    """Asks the strategy of a package until it first fails."""

    def __init__(self, name: str, strategy: Strategy) -> None:
        """
        Raises:
            TypeError: it lacks what a strategy has.
        """
        if missing := [method for method in METHODS if not callable(getattr(strategy, method, None))]:
            raise TypeError(f"it has no {', '.join(missing)}")
        self.name = name
        self.rotates = bool(getattr(strategy, "rotates", False))
        self._strategy = strategy
        self._instead = Auto()
        self.problem: str | None = None
        """Why it is no longer asked."""

    def key(self, standing: Standing) -> tuple[float, ...]:
        def numbers(strategy: Strategy) -> tuple[float, ...]:
            said = tuple(map(float, strategy.key(standing)))
            if any(map(isnan, said)):
                raise ValueError("its key is not a number")
            return said

        # Of one length, so that any two compare, also one from before a failure with one from after it.
        length = 1 if self.rotates else KEY_LENGTH
        return (*self._ask(numbers), *(0.0,) * KEY_LENGTH)[:length]

    def stays(self, active: Standing, rival: Standing | None) -> bool:
        return self._ask(lambda strategy: bool(strategy.stays(active, rival)))

    def nearly_spent(self, standing: Standing, rules: Rules, *, active: bool) -> bool:
        return self._ask(lambda strategy: bool(strategy.nearly_spent(standing, rules, active=active)))

    def score(self, standing: Standing) -> float:
        return self._ask(lambda strategy: float(strategy.score(standing)))

    def reason(self, standing: Standing, now: float) -> str:
        words = self._ask(lambda strategy: str(strategy.reason(standing, now)))
        return words if self.problem is None else f"{self.name} failed ({self.problem}), auto instead: {words}"

    def _ask(self, question: Callable[[Strategy], T]) -> T:
        if self.problem is None:
            try:
                return question(self._strategy)
            except Exception as error:  # noqa: BLE001 - foreign code: serving goes on, and the reason tells
                self.problem = f"{type(error).__name__}: {error}".rstrip(": ")
        return question(self._instead)
