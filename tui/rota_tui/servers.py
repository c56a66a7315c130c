"""Which accounts can serve a model now, and when the others come back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.account import Health
from rota.quota import spent_until
from rota_tui.formatting import countdown
from rota_tui.pieces import Piece, Tone, clean, width_of

if TYPE_CHECKING:
    from rota.account import Kind
    from rota.providers.base import Model
    from rota.snapshot import AccountState, Snapshot
    from rota_tui.pieces import Line


@dataclass(frozen=True, slots=True)
class Serving:
    """Who can serve a model."""

    ready: tuple[str, ...] = ()
    """Labels, in the table's order."""
    back_at: float | None = None
    """When the first of the others is back, when none is ready."""
    watched: int = 0
    """Accounts that are shown only."""


class Servers:
    """Answers for one snapshot and time; accounts that no model is special to are looked at once."""

    def __init__(self, snapshot: Snapshot, now: float, watched: frozenset[Kind]) -> None:
        self._snapshot = snapshot
        self._now = now
        self._watched_kinds = watched
        self._plain: dict[str, Serving] = {}
        self._special = {
            state.account.provider
            for state in snapshot.listed()
            if state.model_holds or any(window.scope is not None for window in state.windows.values())
        }

    def of(self, model: Model) -> Serving:
        held = self._snapshot.model_hold(model.provider, model.id, self._now)
        if held is not None:
            return Serving(back_at=held.until)
        if model.provider in self._special:
            return self._look(model.provider, model.id)
        if (known := self._plain.get(model.provider)) is None:
            known = self._plain[model.provider] = self._look(model.provider, None)
        return known

    def _look(self, provider: str, model: str | None) -> Serving:
        ready: list[str] = []
        backs: list[float] = []
        watched = 0
        for state in self._snapshot.listed():
            if state.account.provider != provider or not _may_serve(state):
                continue
            if state.account.kind in self._watched_kinds:
                watched += 1
            elif (back := self._back_at(state, model)) is not None:
                backs.append(back)
            else:
                ready.append(state.account.label)
        return Serving(tuple(ready), min(backs, default=None), watched)

    def _back_at(self, state: AccountState, model: str | None) -> float | None:
        if (hold := state.held(self._now, model)) is not None:
            return hold.until
        return spent_until(state.windows.values(), model, self._now)


def _names(labels: tuple[str, ...], shown: int) -> Line:
    rest = f" +{len(labels) - shown}" if shown < len(labels) else ""
    return (Piece(", ".join(map(clean, labels[:shown])), Tone.OK), Piece(rest, Tone.QUIET))


def _may_serve(state: AccountState) -> bool:
    return state.usable() and state.account.health is Health.READY


def serving_line(serving: Serving, now: float, width: int = 0) -> Line:
    """`work, spare +2` with as many names as fit, the first always; `cooling 04:12`, `watched only`, `none`."""
    if serving.ready:
        line = _names(serving.ready, 1)
        for shown in range(2, len(serving.ready) + 1):
            if width_of(more := _names(serving.ready, shown)) > width:
                break
            line = more
        return line
    if serving.back_at is not None:
        return (Piece(f"cooling {countdown(serving.back_at - now)}", Tone.COOLING),)
    return (Piece("watched only" if serving.watched else "none", Tone.QUIET),)
