"""Problems in Anthropic's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.gateway.anthropic.reply import sse

if TYPE_CHECKING:
    from rota.gateway.problems import Problem

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Those of every other 4xx are `invalid_request_error`."""


def body(problem: Problem, request_id: str) -> dict[str, Any]:
    """The error envelope that Anthropic's SDKs read."""
    return {"type": "error", "error": _error(problem), "request_id": request_id}


def event(problem: Problem) -> bytes:
    """The error as the last event of a stream that broke."""
    return sse("error", {"error": _error(problem)})


def _error(problem: Problem) -> dict[str, Any]:
    usual = "invalid_request_error" if problem.status < 500 else "api_error"
    return {"type": _TYPES.get(problem.status, usual), "message": problem.message}
