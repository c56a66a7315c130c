"""A strategy of your own: accounts whose label begins with `work` first, the one that rested longest among them.

Put it in a package that says, in its `pyproject.toml`:

    [project.entry-points."rota.strategies"]
    work-first = "custom_strategy:WorkFirst"

Installed beside rota, `rota config set pool.strategy work-first` takes it.
"""

import rota


class WorkFirst(rota.Strategy):
    name = "work-first"

    def key(self, standing: rota.Standing) -> tuple[float, ...]:
        state = standing.state
        return (not state.account.label.startswith("work"), state.last_used_at or 0.0)

    def reason(self, standing: rota.Standing, now: float) -> str:
        return "a work account" if not self.key(standing)[0] else "no work account"
