"""How a request that nobody served ends: which error, in which words, and when to come back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import AllSpent, Meaning, NothingConfigured, ProviderError, RotaError, UnknownAccount
from rota.pool.standing import GATED_REASON, SUBSCRIPTION_REASON
from rota.pool.strategies.base import ago
from rota.pool.strategy import ranking_for

if TYPE_CHECKING:
    from rota.errors import Attempt
    from rota.pool.chooser import Quest
    from rota.pool.rules import Rules
    from rota.pool.strategy import Excluded
    from rota.snapshot import Snapshot

NOBODYS_LIMIT = frozenset({Meaning.OVERLOADED, Meaning.NETWORK, Meaning.MODEL_UNAVAILABLE})
"""Meanings of which waiting for an account to come back is no cure: the provider's own words are given back."""
NAMED = 5
"""Accounts named in a message; the rest are counted."""


def ending(snapshot: Snapshot, quest: Quest, rules: Rules, now: float, last: ProviderError | None) -> RotaError:
    """The error for a request that has run out of accounts, models, tries or time.

    Args:
        last: the failure of the last try; None when there was none.
    """
    trail = quest.trail
    if last is not None and all(a.meaning in NOBODYS_LIMIT for a in trail.attempts):
        return last
    excluded, retry_at, held = _kept_away(snapshot, quest, rules, now)
    model = trail.targets[0].model
    if not trail.attempts:
        if quest.account_id is not None and snapshot.account(quest.account_id) is None:
            return UnknownAccount("That account is gone.")
        if now >= trail.deadline:
            return AllSpent(f"No account came free for {model} in time.", retry_at=retry_at)
        if not excluded and not held:
            return NothingConfigured(f"There is no account that could serve {model}.")
        if all(e.lasting for e in excluded) and not held:
            return NothingConfigured(
                f"No account can serve {model}: {_listed(snapshot, excluded)}.", hint=_remedy(excluded)
            )
    reasons = [
        _tried(trail.attempts),
        *held,
        _listed(snapshot, _untried(excluded, trail.attempts)),
    ]
    because = "; ".join(text for text in reasons if text)
    message = f"No account can serve {model} now: {because}." if because else f"No account can serve {model} now."
    if retry_at is not None:
        message += f" The first is back in {ago(retry_at - now)}."
    return AllSpent(message, attempts=trail.attempts, retry_at=retry_at)


def _kept_away(
    snapshot: Snapshot, quest: Quest, rules: Rules, now: float
) -> tuple[list[Excluded], float | None, list[str]]:
    """Who is kept away from any of the models, when the first comes back, and which models are held."""
    excluded: dict[str, Excluded] = {}
    times: list[float] = []
    held: list[str] = []
    for target in quest.trail.targets:
        hold = snapshot.model_hold(target.provider, target.model, now)
        if hold is not None:
            held.append(f"{target.model} is cooling: {hold.reason}")
            times.append(hold.until)
            continue
        for entry in ranking_for(snapshot, quest.question(target), rules, now).excluded:
            if quest.account_id is not None and entry.account_id != quest.account_id:
                continue
            excluded.setdefault(entry.account_id, entry)
            if entry.back_at is not None:
                times.append(entry.back_at)
    return list(excluded.values()), min(times, default=None), held[:NAMED]


def _untried(excluded: list[Excluded], attempts: tuple[Attempt, ...]) -> list[Excluded]:
    tried = {a.account_id for a in attempts}
    return [e for e in excluded if e.account_id not in tried]


def _tried(attempts: tuple[Attempt, ...]) -> str:
    """Each account and model once, with its last failure."""
    last = {(a.account_label, a.model): a.message.rstrip(".") for a in attempts}
    parts = [f"{label} ({model}): {message}" for (label, model), message in list(last.items())[-NAMED:]]
    if len(last) > NAMED:
        parts.insert(0, f"{len(last) - NAMED} more tried")
    return "; ".join(parts)


def _listed(snapshot: Snapshot, excluded: list[Excluded]) -> str:
    parts = [f"{_label(snapshot, e.account_id)}: {e.reason.rstrip('.')}" for e in excluded[:NAMED]]
    if len(excluded) > NAMED:
        parts.append(f"and {len(excluded) - NAMED:,} more")
    return "; ".join(parts)


def _label(snapshot: Snapshot, account_id: str) -> str:
    state = snapshot.account(account_id)
    return state.account.label if state is not None else account_id


def _remedy(excluded: list[Excluded]) -> str:
    if any(e.reason == SUBSCRIPTION_REASON for e in excluded):
        return "Add an API key with `rota login anthropic --api-key`, or test this account with `rota chat -a`."
    if excluded and all(e.reason.startswith(GATED_REASON) for e in excluded):
        return "When that is done, `rota usage --refresh` brings it back."
    return "Turn one on, or sign in again with `rota login`."
