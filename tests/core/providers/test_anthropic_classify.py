"""What each refusal means, from its fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rota.errors import Failure, Meaning
from rota.providers.anthropic.classify import next_month, refusal
from rota.providers.anthropic.texts import KNOWN

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
FEBRUARY = 1_801_440_000.0  # 2027-02-01T00:00:00Z
MODEL = "claude-fable-5"


def classified(
    status: int,
    type_: str = "",
    message: str = "Some words.",
    *,
    code: str | None = None,
    headers: dict[str, str] | None = None,
    model: str | None = MODEL,
) -> Failure:
    error: dict[str, Any] = {"type": type_, "message": message}
    if code is not None:
        error["details"] = {"error_code": code}
    body = json.dumps({"type": "error", "error": error, "request_id": "req_body"}).encode()
    return refusal(status, headers or {}, body, now=NOW, model=model).failure


def windows(**said: str) -> dict[str, str]:
    return {f"anthropic-ratelimit-unified-{name.replace('__', '-')}": value for name, value in said.items()}


@pytest.mark.parametrize(
    ("status", "type_", "meaning"),
    [
        (400, "invalid_request_error", Meaning.BAD_REQUEST),
        (401, "authentication_error", Meaning.LOGIN_DEAD),
        (402, "billing_error", Meaning.CREDITS_EXHAUSTED),
        (403, "permission_error", Meaning.GATED),
        (404, "not_found_error", Meaning.MODEL_UNAVAILABLE),
        (409, "conflict_error", Meaning.BAD_REQUEST),
        (413, "request_too_large", Meaning.BAD_REQUEST),
        (429, "rate_limit_error", Meaning.THROTTLED),
        (500, "api_error", Meaning.OVERLOADED),
        (504, "timeout_error", Meaning.OVERLOADED),
        (529, "overloaded_error", Meaning.OVERLOADED),
        # types to come are judged by their status
        (401, "token_error", Meaning.LOGIN_DEAD),
        (418, "teapot_error", Meaning.BAD_REQUEST),
        (429, "pace_error", Meaning.THROTTLED),
        (503, "maintenance_error", Meaning.OVERLOADED),
        # a server's own trouble is never the account's, whatever it calls it
        (500, "authentication_error", Meaning.OVERLOADED),
    ],
)
def test_type_and_status_decide(status: int, type_: str, meaning: Meaning) -> None:
    failure = classified(status, type_)
    assert failure.meaning is meaning
    assert (failure.status, failure.code, failure.message) == (status, type_, "Some words.")
    assert failure.request_id == "req_body"


def test_a_missing_route_is_no_missing_model() -> None:
    assert classified(404, "not_found_error", model=None).meaning is Meaning.BAD_REQUEST


@pytest.mark.parametrize(
    ("status", "type_", "code", "meaning", "until"),
    [
        (429, "rate_limit_error", "enforced_spend_limit_reached", Meaning.CREDITS_EXHAUSTED, FEBRUARY),
        (429, "rate_limit_error", "contract_spend_limit_reached", Meaning.CREDITS_EXHAUSTED, FEBRUARY),
        (400, "billing_error", "linked_organization_spend_limit_reached", Meaning.CREDITS_EXHAUSTED, None),
        (429, "rate_limit_error", "ramp_limit_exceeded", Meaning.THROTTLED, None),
        (400, "invalid_request_error", "claude_code_version_too_old", Meaning.REFUSED, None),
        (403, "permission_error", "organization_on_hold", Meaning.REFUSED, None),
        (403, "permission_error", "claude_code_key_creator_not_member", Meaning.GATED, None),
        (400, "invalid_request_error", "cmek_key_disabled", Meaning.GATED, None),
        (400, "invalid_request_error", "cmek_context_unavailable", Meaning.OVERLOADED, None),
        (400, "invalid_request_error", "a_code_to_come", Meaning.BAD_REQUEST, None),
    ],
)
def test_an_error_code_says_more_than_the_type(
    status: int, type_: str, code: str, meaning: Meaning, until: float | None
) -> None:
    failure = classified(status, type_, code=code)
    assert (failure.meaning, failure.until, failure.code) == (meaning, until, code)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.code)
def test_a_documented_text_is_known_by_its_beginning_under_its_own_type_only(known: Any) -> None:
    status = {"invalid_request_error": 400, "rate_limit_error": 429, "permission_error": 403}[known.type]
    text = known.beginning + " and so on"
    failure = classified(status, known.type, text)
    assert (failure.meaning, failure.code) == (known.meaning, known.code)
    assert classified(status, known.type, "system: " + text).meaning is known.meaning
    # The same words elsewhere in a message, under another type or beside a code mean nothing.
    assert classified(status, known.type, "You wrote: " + text).code == known.type
    assert classified(500, "api_error", text).meaning is Meaning.OVERLOADED
    assert classified(status, known.type, text, code="a_code_to_come").code == "a_code_to_come"


def test_policy_texts_are_shown_and_never_tried_elsewhere() -> None:
    text = "Third-party apps now draw from your extra usage, not your plan limits. Add more at claude.ai."
    failure = classified(400, "invalid_request_error", text)
    assert (failure.meaning, failure.message, failure.retryable_here) == (Meaning.REFUSED, text, False)


def test_an_own_spend_limit_ends_with_the_month() -> None:
    failure = classified(400, "invalid_request_error", "You have reached your specified API usage limits. You will …")
    assert (failure.meaning, failure.until) == (Meaning.CREDITS_EXHAUSTED, FEBRUARY)


def test_december_ends_in_january() -> None:
    assert next_month(1_798_000_000.0) == 1_798_761_600.0  # 2026-12-23 -> 2027-01-01


FIVE_REJECTED = {
    "5h__status": "rejected",
    "5h__utilization": "1.0",
    "5h__reset": "1800003600",
    "7d__status": "allowed",
}
BOTH_REJECTED = FIVE_REJECTED | {"7d__status": "rejected", "7d__utilization": "1.0", "7d__reset": "1800090000"}
SCOPED_REJECTED = {
    "5h__status": "allowed",
    "7d__status": "allowed",
    "7d_oi__status": "rejected",
    "7d_oi__utilization": "1.0",
    "7d_oi__reset": "1800090000",
}


@pytest.mark.parametrize(
    ("said", "wait", "until", "window", "scope"),
    [
        # the latest end that lies ahead, of Retry-After and the rejected windows
        (FIVE_REJECTED, None, 1_800_003_600.0, "5h", None),
        (FIVE_REJECTED, "100", 1_800_003_600.0, "5h", None),
        (FIVE_REJECTED, "7200", NOW + 7200, "5h", None),
        (BOTH_REJECTED, None, 1_800_090_000.0, "7d", None),
        (FIVE_REJECTED | {"5h__reset": "1799990000"}, None, None, "5h", None),  # past: nobody knows
        # a model's own window holds that model only, and only for as long as Retry-After says
        (SCOPED_REJECTED, "600", NOW + 600, "7d:fable", MODEL),
        (SCOPED_REJECTED, None, 1_800_090_000.0, "7d:fable", MODEL),
        (SCOPED_REJECTED | {"5h__status": "rejected", "5h__reset": "1800003600"}, None, 1_800_003_600.0, "5h", None),
        # named only as the representative claim
        (
            {"status": "rejected", "representative-claim": "seven_day", "reset": "1800090000"},
            None,
            1_800_090_000.0,
            "7d",
            None,
        ),
    ],
)
def test_a_rejected_window_limits_until_its_end(
    said: dict[str, str], wait: str | None, until: float | None, window: str, scope: str | None
) -> None:
    headers = windows(**said) | ({"retry-after": wait} if wait else {})
    failure = classified(429, "rate_limit_error", headers=headers)
    assert failure.meaning is Meaning.LIMITED
    assert (failure.until, failure.window, failure.scope) == (until, window, scope)


def test_refused_extra_usage_alone_is_no_limit() -> None:
    # `overage-status: rejected` stands on every answer of an account that has it off.
    headers = windows(**{"5h__status": "allowed", "overage__status": "rejected"}) | {"retry-after": "3"}
    failure = classified(429, "rate_limit_error", headers=headers)
    assert (failure.meaning, failure.retry_after, failure.until) == (Meaning.THROTTLED, 3.0, None)


def test_a_drained_minute_without_retry_after_ends_at_its_reset() -> None:
    prefix = "anthropic-ratelimit-input-tokens-"
    headers = {f"{prefix}limit": "100", f"{prefix}remaining": "0", f"{prefix}reset": "2027-01-15T08:00:20Z"}
    failure = classified(429, "rate_limit_error", headers=headers)
    assert (failure.meaning, failure.until, failure.window) == (Meaning.THROTTLED, NOW + 20, "input-tokens")


def test_a_refusals_headers_are_kept() -> None:
    body = b'{"error":{"type":"rate_limit_error","message":"no"}}'
    error = refusal(429, windows(**FIVE_REJECTED), body, now=NOW, model=MODEL)
    assert [(w.key, w.status) for w in error.windows] == [("5h", "rejected")]


def test_the_usage_endpoints_429_without_an_outer_type_is_read_with_its_zero() -> None:
    body = b'{"error":{"message":"Rate limited. Please try again later.","type":"rate_limit_error"}}'
    failure = refusal(429, {"retry-after": "0"}, body, now=NOW).failure
    assert (failure.meaning, failure.retry_after, failure.until) == (Meaning.THROTTLED, 0.0, None)


def test_the_server_may_forbid_a_retry() -> None:
    assert not classified(529, "overloaded_error", headers={"x-should-retry": "false"}).retryable_here
    assert classified(529, "overloaded_error", headers={"x-should-retry": "true"}).retryable_here


def test_a_gate_says_what_to_do_and_where() -> None:
    failure = classified(403, "permission_error", "Your account does not have access to this resource.")
    assert failure.action
    assert (failure.action_url or "").startswith("https://")


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (502, b"<html><h1>502 Bad Gateway</h1>nginx</html>", Meaning.OVERLOADED),
        (529, b"", Meaning.OVERLOADED),
        (429, b"slow down", Meaning.THROTTLED),
        # a proxy or captive portal knows nothing of the account
        (401, b"<html>Please log in to the hotel</html>", Meaning.NETWORK),
        (403, b"<html>Blocked by policy</html>", Meaning.NETWORK),
        (407, b"", Meaning.NETWORK),
        (302, b"", Meaning.NETWORK),
        (413, b"<html>Request Entity Too Large</html>", Meaning.BAD_REQUEST),
        (404, b'{"detail": "Not Found"}', Meaning.BAD_REQUEST),
        (500, b'["an", "array"]', Meaning.OVERLOADED),
        (500, b"\xff\xfe", Meaning.OVERLOADED),
    ],
)
def test_an_answer_that_is_not_anthropics_condemns_no_account(status: int, body: bytes, meaning: Meaning) -> None:
    failure = refusal(status, {}, body, now=NOW, model=MODEL).failure
    assert (failure.meaning, failure.code, failure.status) == (meaning, "foreign-answer", status)
    assert "<" not in failure.message


def test_an_echoed_key_is_not_in_the_message() -> None:
    failure = classified(401, "authentication_error", "invalid x-api-key: sk-ant-api03-abcdef0123456789")
    assert "abcdef" not in failure.message
