"""Problems in OpenAI's words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rota.gateway.problems import Problem

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
"""Those of every other 4xx are `invalid_request_error`."""

_CODES = {"wrong_key": "invalid_api_key", "no_key": "invalid_api_key"}


def body(problem: Problem) -> dict[str, Any]:
    """The error object that OpenAI's SDKs read."""
    return {
        "error": {
            "message": problem.message,
            "type": _TYPES.get(problem.status, "invalid_request_error" if problem.status < 500 else "server_error"),
            "param": problem.param,
            "code": _CODES.get(problem.code, problem.code),
        }
    }


def status(problem: Problem) -> int:
    """OpenAI has no 529."""
    return 503 if problem.status == 529 else problem.status


def event(problem: Problem) -> bytes:
    """The error as the last thing of a stream that broke: no `[DONE]` after it."""
    return b"data: " + json.dumps(body(problem), ensure_ascii=False).encode() + b"\n\n"
