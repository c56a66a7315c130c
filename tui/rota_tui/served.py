"""What an answer amounted to: who gave it, how fast, for how much, and what it moved. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rota.account import Kind
from rota.model_names import instead_of, same_model

if TYPE_CHECKING:
    from rota.errors import Attempt
    from rota.events import RequestServed
    from rota.providers.base import Model
    from rota.snapshot import AccountState, Snapshot

_MOVING = ("5h", "month")
"""The windows in which one answer can be seen to move something, by key."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A quota window before the question and after the answer, as used shares."""

    label: str
    before: float | None
    after: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One answer in figures."""

    account: str
    """Label."""
    model: str
    """The model that answered."""
    asked: str
    """The model that was asked for, when another one answered; else empty."""
    first_token: float | None
    duration: float
    speed: float | None
    """Tokens a second once it had begun; None when it was too short to say."""
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: float | None
    estimated: bool
    """Whether the cost is ours, from list prices."""
    moved: Moved | None
    finish: str
    reason: str
    """Why this account."""
    attempts: tuple[Attempt, ...]


def figures(
    story: RequestServed, before: Snapshot, after: Snapshot, model: Model | None, *, clock_speed: float = 1.0
) -> Figures:
    """An answer's figures from its story, the snapshots around it, and the model's prices where they are known.

    Args:
        clock_speed: how fast the story's clock runs; the figures are in a person's seconds.
    """
    # An account that was removed while it answered has no name any more, but before it had.
    state = after.account(story.account_id) or before.account(story.account_id)
    cost, estimated = story.cost_usd, False
    if cost is None and _pays_by_token(state) and model is not None and same_model(model.id, story.model):
        cost = _list_price(story, model)
        estimated = cost is not None
    return Figures(
        account=state.account.label if state is not None else story.account_id,
        model=story.model,
        asked=instead_of(story),
        first_token=story.first_token / clock_speed if story.first_token is not None else None,
        duration=story.duration / clock_speed,
        speed=_speed(story, clock_speed),
        input_tokens=story.input_tokens,
        output_tokens=story.output_tokens,
        cached_tokens=story.cached_tokens,
        cost_usd=cost,
        estimated=estimated,
        moved=_moved(before.accounts.get(story.account_id), state),
        finish=story.finish,
        reason=story.reason,
        attempts=tuple(replace(a, took=a.took / clock_speed, waited=a.waited / clock_speed) for a in story.attempts),
    )


def _speed(story: RequestServed, clock_speed: float) -> float | None:
    spoken = story.duration - (story.first_token or 0.0)
    if story.output_tokens < 2 or story.duration <= 0:
        return None
    # An answer that came in one piece says nothing about the pace after its first token.
    return clock_speed * story.output_tokens / (spoken if spoken > 0.05 * story.duration else story.duration)


def _pays_by_token(state: AccountState | None) -> bool:
    return state is not None and state.account.kind in (Kind.API_KEY, Kind.CONSOLE_PROFILE)


def _list_price(story: RequestServed, model: Model) -> float | None:
    if model.input_usd is None or model.output_usd is None:
        return None
    return (story.input_tokens * model.input_usd + story.output_tokens * model.output_usd) / 1e6


def _moved(before: AccountState | None, after: AccountState | None) -> Moved | None:
    """The first window that was seen anew; without a new sight there is nothing to tell."""
    for key in _MOVING if after is not None else ():
        assert after is not None  # noqa: S101 - the loop is empty otherwise
        window = after.windows.get(key)
        if window is None or window.utilization is None:
            continue
        earlier = before.windows.get(key) if before is not None else None
        if earlier is not None and earlier.observed_at >= window.observed_at:
            continue
        known = earlier is not None and earlier.resets_at == window.resets_at
        return Moved(window.label, earlier.utilization if known and earlier is not None else None, window.utilization)
    return None
