"""Answers that a forced fault makes the Anthropic endpoints give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.simulator.anthropic.errors import EXPIRED, REVOKED, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from rota.simulator.anthropic.state import Policy
    from rota.simulator.faults import Fault

POLICY_TEXT: dict[Policy, str] = {
    "claude-code": "This credential is only authorized for use with Claude Code"
    " and cannot be used for other API requests.",
    "third-party": "Third-party apps now draw from your extra usage, not your plan limits."
    " Add more at claude.ai/settings/usage and keep going.",
    "extra-usage": "You're out of extra usage. Add more at claude.ai/settings/usage and keep going.",
}
_ANSWERS = {
    "expired": ("authentication_error", EXPIRED),
    "invalid-token": ("authentication_error", "Invalid bearer token"),
    "revoked": ("permission_error", REVOKED),
    "policy-claude-code": ("invalid_request_error", POLICY_TEXT["claude-code"]),
    "policy-third-party": ("invalid_request_error", POLICY_TEXT["third-party"]),
    "policy-extra-usage": ("invalid_request_error", POLICY_TEXT["extra-usage"]),
    "long-context": ("rate_limit_error", "Extra usage is required for long context requests."),
    "low-credit": (
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API."
        " Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    "billing": ("billing_error", "There is a problem with your billing. Please check your payment details."),
    "forbidden": ("permission_error", "Your account does not have access to this resource."),
    "not-found": ("not_found_error", "The requested resource could not be found."),
    "conflict": ("conflict_error", "The resource was changed by another request."),
    "too-large": ("request_too_large", "Request exceeds the maximum size"),
    "bad-request": ("invalid_request_error", "messages: at least one message is required"),
    "api-error": ("api_error", "Internal server error"),
    "timeout": ("timeout_error", "Request timed out"),
    "overloaded": ("overloaded_error", "Overloaded"),
    "throttle": ("rate_limit_error", "Rate limited"),
}


def answer(request: Request, fault: Fault, headers: dict[str, str]) -> None:
    """Refuse as the fault says; faults of streams and windows pass."""
    wait = {"retry-after": f"{fault.seconds:g}"} if fault.seconds is not None else {}
    wait |= {name.lower(): value for name, value in fault.headers.items()}
    match fault.name:
        case "ramp":
            refuse(
                request,
                "rate_limit_error",
                "Your usage increased too quickly. Please ramp up more gradually.",
                code="ramp_limit_exceeded",
                headers={**headers, "retry-after": "30", **wait},
            )
        case "spend-cap":
            refuse(
                request,
                "rate_limit_error",
                "You have reached your specified API usage limits.",
                code="enforced_spend_limit_reached",
                headers=headers,
            )
        case name if name in _ANSWERS:
            kind, message = _ANSWERS[name]
            refuse(request, kind, message, headers={**headers, **wait})
