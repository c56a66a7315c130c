"""What the pool's failures become for a caller: one `Problem` each, with the status that makes clients do right.

Clients stop at 400, 401, 402 and 403 and come back after 429 and 5xx, heeding `Retry-After` (protocols, clients).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import (
    AllSpent,
    Meaning,
    NothingConfigured,
    ProviderError,
    RotaError,
    UnknownAccount,
    UnknownModel,
    VaultError,
)
from rota.gateway.problems import Problem, Refusal

if TYPE_CHECKING:
    from rota.errors import Failure

_NEEDS_A_PERSON = frozenset({Meaning.LOGIN_DEAD, Meaning.GATED})
_NOBODYS_FAULT = frozenset({Meaning.OVERLOADED, Meaning.NETWORK})


def problem_of(error: Exception, now: float) -> Problem | None:
    """What a caller is told; None for a fault of ours, which is not theirs to read."""
    match error:
        case Refusal(problem=problem):
            return problem
        case ProviderError(failure=failure):
            return of_failure(failure, now)
        case UnknownModel():
            return Problem(404, "model_not_found", _said(error), "model")
        case AllSpent():
            return _all_spent(error, now)
        case NothingConfigured() | UnknownAccount():
            return Problem(403, "no_account", _said(error))
        case VaultError():
            return Problem(503, "vault", _said(error), retry_after=30.0)
        case RotaError():
            return Problem(500, "internal", _said(error))
        case _:
            return None


def of_failure(failure: Failure, now: float) -> Problem:
    """One provider's refusal, as it says it."""
    wait = failure.retry_after
    if wait is None and failure.until is not None:
        wait = max(0.0, failure.until - now)
    match failure.meaning:
        case Meaning.BAD_REQUEST:
            status = failure.status if failure.status in (400, 404, 409, 413, 422) else 400
            return Problem(status, failure.code or "bad_request", failure.message)
        case Meaning.REFUSED:
            status = failure.status if failure.status in (400, 403) else 403
            return Problem(status, failure.code or "refused", failure.message)
        case Meaning.MODEL_UNAVAILABLE:
            return Problem(404, "model_not_found", failure.message, "model")
        case Meaning.CREDITS_EXHAUSTED:
            return Problem(402, "insufficient_quota", failure.message)
        case Meaning.LIMITED | Meaning.THROTTLED | Meaning.MODEL_LIMITED:
            return Problem(429, "rate_limit_exceeded", failure.message, retry_after=wait)
        case Meaning.LOGIN_DEAD | Meaning.GATED:
            return Problem(403, "sign_in_needed", failure.message)
        case Meaning.OVERLOADED:
            return Problem(529, "overloaded", failure.message, retry_after=wait)
        case Meaning.NETWORK:
            return Problem(502, "upstream_unreachable", failure.message, retry_after=wait)


def _all_spent(error: AllSpent, now: float) -> Problem:
    """429 when waiting helps, 403 when only a person can, 529 when it is nobody's fault."""
    meanings = {a.meaning for a in error.attempts}
    if error.retry_at is not None:
        wait = max(1.0, error.retry_at - now)
        return Problem(429, "all_accounts_limited", str(error), retry_after=wait)
    if meanings and meanings <= _NOBODYS_FAULT:
        return Problem(529, "overloaded", str(error), retry_after=5.0)
    if meanings and meanings <= _NEEDS_A_PERSON:
        return Problem(403, "sign_in_needed", str(error))
    return Problem(429, "all_accounts_limited", str(error))


def _said(error: Exception) -> str:
    hint = getattr(error, "hint", "")
    return f"{error} {hint}".strip()
