"""The strategies by name: each says in which order equal accounts serve, and why."""

from __future__ import annotations

import functools
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
    """The strategy of that name, rota's own or one that a package registered.

    Raises:
        ConfigError: there is none, or the package's does not work.
    """
    known = STRATEGIES.get(name)
    return known if known is not None else _foreign(name)


@functools.cache
def _foreign(name: str) -> Strategy:
    from rota import plugins  # late: a built-in name needs no look at other packages
    from rota.pool.strategies.foreign import Foreign

    if name not in plugins.names(plugins.STRATEGIES):
        known = ", ".join((*STRATEGIES, *plugins.names(plugins.STRATEGIES)))
        raise ConfigError(
            f"There is no strategy called {name}.",
            key="pool.strategy",
            hint=f"Say one of: {known}; `rota config unset pool.strategy` goes back to auto.",
        )
    made = plugins.load(plugins.STRATEGIES, name)
    try:
        return Foreign(name, made() if isinstance(made, type) else made)
    except Exception as error:  # foreign code: whatever it raises is told
        raise plugins.broken(plugins.STRATEGIES, name, error) from error
