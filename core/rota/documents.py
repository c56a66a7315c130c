"""What commands and tools give as JSON: versioned objects made of plain values. See `schemas/` for their shapes.

Times are ISO 8601 in UTC, shares 0.0 to 1.0 and beyond, durations in seconds; what is not known is null.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from rota.status import SCHEMA, account_document, hold_document, iso, window_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rota.accounts import Added
    from rota.errors import Attempt
    from rota.events import Event
    from rota.pool.headroom import Headroom
    from rota.providers.base import Model
    from rota.snapshot import AccountState, Snapshot
    from rota.stats import ModelStats


def accounts_document(snapshot: Snapshot, now: float, next_up: Mapping[str, str | None]) -> dict[str, Any]:
    """Every account, whole."""
    return {
        "schema": SCHEMA,
        "at": iso(now),
        "accounts": [
            account_document(snapshot, state, number, now, is_next=next_up.get(state.account.provider) == state.id)
            for number, state in enumerate(snapshot.listed(), 1)
        ],
    }


def usage_document(states: Sequence[AccountState], now: float, problems: Mapping[str, str]) -> dict[str, Any]:
    """Every window of some accounts.

    Args:
        problems: why there are no new figures, by account id.
    """
    return {
        "schema": SCHEMA,
        "at": iso(now),
        "accounts": [
            {
                "id": state.id,
                "label": state.account.label,
                "provider": state.account.provider,
                "plan": state.account.plan,
                "cooldown": hold_document(hold) if (hold := state.held(now)) is not None else None,
                "windows": [window_document(w, now) for w in sorted(state.windows.values(), key=lambda w: w.key)],
                "asked_at": iso(state.poll.at if state.poll is not None else None),
                "problem": problems.get(state.id) or (state.poll.problem if state.poll is not None else None),
                "requests_24h": state.requests_since(now - 86_400),
                "cost_24h_usd": round(sum(h.cost_usd for h in state.hours if (h.hour + 1) * 3600 > now - 86_400), 9),
            }
            for state in states
        ],
    }


def stats_document(stats: Sequence[ModelStats], now: float) -> dict[str, Any]:
    """Latency, speed and errors per model."""
    return {
        "schema": SCHEMA,
        "at": iso(now),
        "models": [
            {
                "provider": s.provider,
                "model": s.model,
                "requests": s.requests,
                "errors": s.errors,
                "error_rate": round(s.error_rate, 4),
                "latency_s": {"p50": s.latency_p50, "p95": s.latency_p95},
                "first_token_s": {"p50": s.first_token_p50, "p95": s.first_token_p95},
                "tokens_per_second": s.tokens_per_second,
                "input_tokens": s.input_tokens,
                "output_tokens": s.output_tokens,
                "cost_usd": s.cost_usd,
                "last_at": iso(s.last_at),
            }
            for s in stats
        ],
    }


def models_document(models: Iterable[Model], problems: Mapping[str, str]) -> dict[str, Any]:
    """Models of the catalogue. Prices are US dollars per million tokens.

    Args:
        problems: why a provider's list could not be renewed, by provider.
    """
    return {
        "schema": SCHEMA,
        "models": [
            {
                "id": model.id,
                "provider": model.provider,
                "name": model.name,
                "vendor": model.vendor,
                "aliases": list(model.aliases),
                "context": model.context,
                "max_output": model.max_output,
                "input_usd": model.input_usd,
                "output_usd": model.output_usd,
                "free": model.free,
                "tools": model.tools,
                "vision": model.vision,
                "reasoning": model.reasoning,
                "paid_only": model.paid_only,
            }
            for model in models
        ],
        "problems": dict(problems),
    }


def event_document(event: Event, label: str | None, text: str | None) -> dict[str, Any]:
    """One event. Inside `data`, times are epoch seconds as the log keeps them.

    Args:
        label: of the account it is about.
        text: the same in words; None for events that only move figures.
    """
    from rota.codec import encode

    kind, body = encode(event)
    data = json.loads(body)
    data.pop("at")
    account = getattr(event, "account", None)
    attempt = getattr(event, "attempt", None)
    about = account.id if account is not None else attempt.account_id if attempt is not None else None
    account_id = about or getattr(event, "account_id", None)
    return {
        "schema": SCHEMA,
        "id": data.pop("id"),
        "at": iso(event.at),
        "kind": kind,
        "account": {"id": account_id, "label": label} if account_id is not None else None,
        "request_id": getattr(event, "request_id", None),
        "text": text,
        "data": data,
    }


def story_document(story: Sequence[Event], label: Callable[[str], str]) -> dict[str, Any]:
    """One request: how it ended, each try before, and who could have served."""
    from rota.events import RequestFailed, RequestServed

    end = next((e for e in reversed(story) if isinstance(e, RequestServed | RequestFailed)), None)
    served = end if isinstance(end, RequestServed) else None
    account_id = end.account_id if end is not None else None
    return {
        "schema": SCHEMA,
        "request_id": str(getattr(story[0], "request_id", "")),
        "outcome": "under-way" if end is None else "served" if served is not None else "failed",
        "at": iso(end.at if end is not None else story[0].at),
        "client": end.client if end is not None else None,
        "requested_model": end.requested_model if end is not None else None,
        "model": served.model if served is not None else None,
        "account": {"id": account_id, "label": label(account_id)} if account_id is not None else None,
        "reason": served.reason if served is not None else None,
        "message": end.message if isinstance(end, RequestFailed) else None,
        "retry_at": iso(end.retry_at) if isinstance(end, RequestFailed) else None,
        "duration_s": end.duration if end is not None else None,
        "first_token_s": served.first_token if served is not None else None,
        "usage": {
            "input_tokens": served.input_tokens,
            "output_tokens": served.output_tokens,
            "cached_tokens": served.cached_tokens,
        }
        if served is not None
        else None,
        "cost_usd": served.cost_usd if served is not None else None,
        "attempts": [attempt_document(a) for a in (end.attempts if end is not None else ())],
        "candidates": [
            {
                "account": {"id": c.account_id, "label": label(c.account_id)},
                "score": _finite(c.score),
                "reason": c.reason,
            }
            for c in (end.candidates if end is not None else ())
        ],
    }


def attempt_document(attempt: Attempt) -> dict[str, Any]:
    """One try that did not serve."""
    return {
        "account": {"id": attempt.account_id, "label": attempt.account_label},
        "model": attempt.model,
        "meaning": attempt.meaning.value,
        "message": attempt.message,
        "status": attempt.status,
        "took_s": attempt.took,
    }


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def guard_document(found: Headroom, least: float, model: str | None) -> dict[str, Any]:
    """Whether there is room, and who has it."""
    return {
        "schema": SCHEMA,
        "room": found.room,
        "min": least,
        "model": model,
        "account": {"id": found.account_id, "label": found.label} if found.room else None,
        "headroom": found.share,
        "back_at": iso(found.back_at),
        "why": found.why or None,
    }


def added_document(added: Added, provider: str, vault: str) -> dict[str, Any]:
    """An account that a sign-in added or renewed.

    Args:
        vault: the kind of vault that holds its secret.
    """
    identity = added.identity
    return {
        "schema": SCHEMA,
        "account": {"id": added.account_id, "label": added.label},
        "renewed": added.renewed,
        "provider": provider,
        "kind": identity.kind.value,
        "email": identity.email,
        "name": identity.name,
        "plan": identity.plan,
        "organization": identity.organization,
        "gate": identity.gate,
        "vault": vault,
    }
