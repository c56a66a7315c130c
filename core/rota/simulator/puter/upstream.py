"""How Puter passes on what a model's own provider answered: rarely with the status it had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from rota.simulator.puter.errors import refuse, refuse_in_era
from rota.simulator.stream import compact

if TYPE_CHECKING:
    from rota.simulator.knobs import Era
    from rota.simulator.puter.catalogue import PuterModel

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
FAULT_STATUS = {
    "upstream-400": 400,
    "upstream-401": 401,
    "upstream-429": 429,
    "upstream-500": 500,
    "upstream-failed": 404,
}


def error_text(model: PuterModel, status: int) -> str:
    """The provider's words as its client library reports them."""
    message = f"stub says {status}"
    if model.shape != "claude":
        return f"{status} {message}"
    error = {"type": "error", "error": {"type": _KINDS.get(status, "api_error"), "message": message}}
    return f"{status} {compact(error)}"


def refuse_upstream(era: Era, model: PuterModel, status: int) -> NoReturn:
    """Answer for a provider that failed with `status`."""
    text = error_text(model, status)
    attempt: dict[str, Any] = {"model": model.id, "provider": model.provider, "status": status}
    if model.shape != "claude":
        attempt["code"] = _KINDS.get(status, "api_error")
    attempt["error"] = text
    attempts = [attempt]
    if era != "current":
        refuse_in_era(era, 500, text, "ai_chat_all_providers_failed", attempts=attempts)
    match status:
        case 400:
            refuse(400, text, "upstream_bad_request", attempts=attempts)
        case 401 | 403:
            refuse(500, "AI provider authentication failed", "upstream_auth_failed", attempts=attempts)
        case 429:
            refuse(429, "AI provider rate limit exceeded", "upstream_rate_limited", attempts=attempts)
        case _ if status >= 500:
            refuse(400, "AI provider unavailable", "upstream_provider_unavailable", attempts=attempts)
        case _:
            refuse(400, "AI provider request failed", "upstream_failed", attempts=attempts)
