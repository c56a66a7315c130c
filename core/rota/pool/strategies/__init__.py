"""The strategies by name: each says in which order equal accounts serve, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import ConfigError
from rota.pool.strategies.auto import Auto
from rota.pool.strategies.least_recently_used import LeastRecentlyUsed
from rota.pool.strategies.lowest_utilization import LowestUtilization
from rota.pool.strategies.round_robin import RoundRobin
from rota.pool.strategies.soonest_reset import SoonestReset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.pool.strategies.base import Strategy

STRATEGIES: Mapping[str, Strategy] = {
    strategy.name: strategy
    for strategy in (RoundRobin(), LeastRecentlyUsed(), LowestUtilization(), SoonestReset(), Auto())
}


def named(name: str) -> Strategy:
    """The strategy of that name.

    Raises:
        ConfigError: there is none.
    """
    try:
        return STRATEGIES[name]
    except KeyError:
        known = ", ".join(STRATEGIES)
        raise ConfigError(
            f"There is no strategy called {name}.", key="pool.strategy", hint=f"Say one of: {known}."
        ) from None
