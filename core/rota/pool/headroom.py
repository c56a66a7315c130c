"""Whether some account has room now, how much, and when the next one has. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.pool.strategy import rank
from rota.quota import binding
from rota.values import dataclass

if TYPE_CHECKING:
    from rota.pool.rules import Rules
    from rota.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Headroom:
    """The answer."""

    account_id: str | None
    """The one with the most room; None when none has enough."""
    label: str | None
    share: float | None
    """Share left of its tightest window; None is unknown."""
    nobody: bool
    """Whether no account could serve even with room: none is set up, or a person must do something first."""
    why: str
    """Why there is none, in a sentence; empty when there is."""
    back_at: float | None
    """Epoch seconds when the first comes back; None when nobody knows."""

    @property
    def room(self) -> bool:
        return self.account_id is not None


def find_headroom(
    snapshot: Snapshot, rules: Rules, *, model: str | None, provider: str | None, least: float, now: float
) -> Headroom:
    """The account with the most room among those that may serve now; one whose room is unknown comes last."""
    present = sorted({s.account.provider for s in snapshot.listed() if provider in (None, s.account.provider)})
    if not present:
        return Headroom(None, None, None, True, "There is no account that could serve.", None)
    rankings = [rank(snapshot, name, model, settings=rules, now=now) for name in present]
    able = [snapshot.accounts[c.account_id] for ranking in rankings for c in ranking.candidates]
    windows = [(state, binding(state.windows.values(), model, now)) for state in able]
    shares = [(state, window.headroom(now) if window is not None else None, window) for state, window in windows]
    enough = [(state, left) for state, left, _ in shares if left is None or left >= least]
    if enough:
        state, left = max(enough, key=lambda each: -1.0 if each[1] is None else each[1])
        return Headroom(state.id, state.account.label, left, False, "", None)
    excluded = [e for ranking in rankings for e in ranking.excluded]
    resets = [window.resets_at for _, _, window in shares if window is not None and window.resets_at is not None]
    back = [*resets, *(ranking.retry_at for ranking in rankings if ranking.retry_at is not None)]
    lasting = not able and bool(excluded) and all(e.lasting for e in excluded)
    if lasting:
        reasons = "; ".join(f"{snapshot.accounts[e.account_id].account.label}: {e.reason}" for e in excluded[:5])
        return Headroom(None, None, None, True, f"No account can serve before you do something: {reasons}.", None)
    why = f"No account has {least:.0%} left." if able else "Every account is cooling or spent."
    return Headroom(None, None, None, False, why, min(back, default=None))
