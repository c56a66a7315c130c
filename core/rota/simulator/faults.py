"""Answers forced on coming requests: which, for whom, how often."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ANYWHERE = {
    "answer": "the given status, headers and body",
    "html": "a gateway's HTML page (502 unless `status` is given)",
    "garbage": "200 with half a JSON object",
    "wrong-shape": "200 with JSON of another shape",
    "empty": "200 without a body",
    "cut": "the connection breaks in mid-answer, in a stream after `after` events",
    "slow": "the answer comes `seconds` later",
}
STREAMS = {
    "stream-error": "an error is reported inside the stream after `after` events",
    "stall": "the stream pauses `seconds` after `after` events",
    "truncated": "the stream ends cleanly after `after` events, without its last ones",
}
TOKENS = {
    "lost": "the refresh token is spent, its successor's answer is lost",
    "token-429": "429 with the error as an object, `Retry-After` when `seconds` is given",
    "token-404": "404 as HTML",
    "token-expired": "400 invalid_grant, Refresh token expired",
    "token-gone": "400 invalid_grant, Refresh token not found or invalid",
    "invalid-client": "401 invalid_client",
    "no-refresh-token": "success without a refresh token",
    "bare": "success without account, organization, scope and lifetimes",
}
USAGE = {
    "usage-429": "429, `Retry-After` when `seconds` is given",
    "scope": "403, the token lacks user:profile",
}
LOGINS = {
    "expired": "401, the OAuth token has expired",
    "invalid-token": "401, invalid bearer token (or x-api-key)",
    "revoked": "403, the OAuth token has been revoked",
}
MESSAGES = {
    "limited-5h": "429, the 5-hour window is rejected",
    "limited-7d": "429, the weekly window is rejected",
    "limited-model": "429, only the model's weekly window is rejected",
    "throttle": "429 without a rejected window, `Retry-After` when `seconds` is given",
    "ramp": "429 ramp_limit_exceeded with `Retry-After`",
    "spend-cap": "429 enforced_spend_limit_reached, no `Retry-After`",
    "long-context": "429, extra usage is required for long context",
    "policy-claude-code": "400, the credential is only for Claude Code",
    "policy-third-party": "400, third-party apps draw from extra usage",
    "policy-extra-usage": "400, out of extra usage",
    "low-credit": "400, the credit balance is too low",
    "billing": "402 billing_error",
    "forbidden": "403 permission_error",
    "not-found": "404 not_found_error",
    "conflict": "409 conflict_error",
    "too-large": "413 request_too_large",
    "bad-request": "400 invalid_request_error",
    "api-error": "500 api_error",
    "timeout": "504 timeout_error",
    "overloaded": "529 overloaded_error, `Retry-After` when `seconds` is given",
    "ping-only": "a stream of `after` pings that ends with nothing said",
}
PUTER_ACCESS = {
    "bad-token": "401 token_auth_failed",
    "token-v1": "401 reauth_required, token_v1",
    "session-revoked": "401 reauth_required, session_revoked",
    "session-expired": "401 reauth_required, session_expired",
    "suspended": "403, Account suspended",
    "app-blocked": "403 app_blocked",
    "needs-email": "403 email_confirmation_required",
    "needs-phone": "403 phone_verification_required",
    "needs-card": "403 card_verification_required",
    "plain-403": "403 Forbidden as plain text",
    "db-unavailable": "503 db_unavailable with `Retry-After: 5`",
    "internal": "500 internal_error",
}
PUTER_CHAT = {
    "exhausted": "402 insufficient_funds, in the form of the era",
    "too-many-requests": "429 too_many_requests",
    "too-many-concurrent": "429 too_many_requests, concurrency",
    "upstream-400": "400 upstream_bad_request",
    "upstream-401": "500 upstream_auth_failed",
    "upstream-429": "429 upstream_rate_limited",
    "upstream-500": "400 upstream_provider_unavailable",
    "upstream-failed": "400 upstream_failed",
    "model-not-found": "400 bad_request, Model not found",
    "subscriber-only": "403 permission_denied",
    "moderation": "400 moderation_flagged",
    "subscription-required": "402 subscription_required",
    "fake-chat": "200 with lorem ipsum from fake-chat",
    "usage-limited": "200 from usage-limited-chat, as servers answered in 2025",
    "drop": "the upstream breaks off; the stream ends with an ordinary usage line",
    "no-usage": "the stream's usage line has no usage",
}
FAULTS: Mapping[str, str] = {
    **ANYWHERE,
    **STREAMS,
    **TOKENS,
    **USAGE,
    **LOGINS,
    **MESSAGES,
    **PUTER_ACCESS,
    **PUTER_CHAT,
}


class UnknownFault(ValueError):
    """There is no such fault, or it is described wrongly."""


@dataclass(slots=True)
class Fault:
    """One forced answer; what is None fits every request."""

    name: str
    provider: str | None = None
    """`anthropic` or `puter`."""
    account: str | None = None
    """An account's label."""
    path: str | None = None
    """A part of the path."""
    model: str | None = None
    times: int = 1
    """How many requests it hits; 0 is every one until it is cleared."""
    seconds: float | None = None
    """A delay or a `Retry-After`, as the fault means it."""
    after: int = 2
    """Events of a stream that pass before it strikes."""
    after_bytes: int | None = None
    """Bytes of a stream that pass before a `cut`, instead of events."""
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Added to the answer: a `retry-after` that is a date, say."""
    body: Any = None

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise UnknownFault(f"there is no fault called {self.name}; there are {', '.join(FAULTS)}")

    def fits(self, provider: str, path: str, account: str | None, model: str | None) -> bool:
        return (
            self.provider in (None, provider)
            and (self.path is None or self.path in path)
            and self.account in (None, account)
            and self.model in (None, model)
        )


class FaultQueue:
    """Faults waiting for their requests, in the order they were forced."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def force(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def take(
        self, provider: str, path: str, account: str | None, model: str | None, among: Collection[str]
    ) -> Fault | None:
        """The first fault that fits this request and can happen at its endpoint."""
        for fault in self._waiting:
            if fault.name in among and fault.fits(provider, path, account, model):
                if fault.times == 1:
                    self._waiting.remove(fault)
                elif fault.times > 1:
                    fault.times -= 1
                return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._waiting]


def fault_from(settings: Mapping[str, Any]) -> Fault:
    """Read a fault from JSON."""
    allowed = {item.name for item in fields(Fault)}
    unknown = set(settings) - allowed
    if unknown or not isinstance(settings.get("name"), str):
        raise UnknownFault(f"a fault has a name and of {', '.join(sorted(allowed))} only; not {sorted(unknown)}")
    return Fault(**settings)
