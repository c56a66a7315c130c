"""Every unsuccessful answer of Puter, of all three server ages, has one meaning."""

from __future__ import annotations

import json

import pytest
from tests.support.puter_captures import capture

from rota.errors import Meaning
from rota.providers.puter import classify

NOW = 1_800_000_000.0


def _flat(message: str, code: str, **more: object) -> bytes:
    return json.dumps({"error": message, "message": message, "code": code, **more}).encode()


def _legacy(code: str, status: int | None, **more: object) -> bytes:
    error = {"message": "m", "code": code, "$": "heyputer:api/APIError", **more}
    return json.dumps({"success": False, "error": error if status is None else {**error, "status": status}}).encode()


@pytest.mark.parametrize(
    ("name", "meaning", "code"),
    [
        ("chat-bad-json", Meaning.BAD_REQUEST, "client_bad_json"),
        ("chat-exhausted", Meaning.CREDITS_EXHAUSTED, "insufficient_funds"),
        ("chat-exhausted-stream", Meaning.CREDITS_EXHAUSTED, "insufficient_funds"),
        ("chat-no-interface", Meaning.BAD_REQUEST, "bad_request"),
        ("chat-no-token", Meaning.LOGIN_DEAD, "token_missing"),
        ("chat-stream-error-openai", Meaning.MODEL_LIMITED, "upstream_rate_limited"),
        ("chat-too-many-concurrent", Meaning.THROTTLED, "too_many_requests"),
        ("chat-too-many-requests", Meaning.THROTTLED, "too_many_requests"),
        ("chat-unconfirmed-email", Meaning.GATED, "email_confirmation_required"),
        ("chat-unknown-model", Meaning.MODEL_UNAVAILABLE, "model_not_found"),
        ("chat-upstream-400", Meaning.BAD_REQUEST, "upstream_bad_request"),
        ("chat-upstream-401", Meaning.MODEL_LIMITED, "upstream_auth_failed"),
        ("chat-upstream-429", Meaning.MODEL_LIMITED, "upstream_rate_limited"),
        ("chat-upstream-500", Meaning.MODEL_LIMITED, "upstream_provider_unavailable"),
        ("compat-anthropic-free-account", Meaning.REFUSED, "subscription_required"),
        ("compat-openai-free-account", Meaning.REFUSED, "subscription_required"),
        ("compat-session-token", Meaning.LOGIN_DEAD, "app_or_api_token_required"),
        ("metering-unconfirmed-email", Meaning.GATED, "email_confirmation_required"),
        ("unknown-route", Meaning.BAD_REQUEST, "not_found"),
        ("whoami-bad-token", Meaning.LOGIN_DEAD, "reauth_required"),
        ("whoami-no-token", Meaning.LOGIN_DEAD, "token_missing"),
    ],
)
def test_every_captured_refusal_has_its_meaning(name: str, meaning: Meaning, code: str) -> None:
    seen = capture(name)
    model = json.loads(seen.sent)["args"]["model"] if b'"args"' in seen.sent and b'"model"' in seen.sent else None
    failure = classify.failure(seen.status, seen.body, seen.headers, NOW, model=model)
    assert (failure.meaning, failure.code, failure.status) == (meaning, code, seen.status)
    assert failure.message == ("stub says 400" if name == "chat-upstream-400" else seen.json["message"])


@pytest.mark.parametrize(
    ("status", "body", "meaning", "code"),
    [
        # 2025: a delegate, with a code that says nothing.
        (
            200,
            _legacy("error_400_from_delegate", 400, delegate="usage-limited-chat"),
            Meaning.CREDITS_EXHAUSTED,
            "error_400_from_delegate",
        ),
        # Winter 2025/26: the code, still under HTTP 200.
        (200, _legacy("insufficient_funds", 402), Meaning.CREDITS_EXHAUSTED, "insufficient_funds"),
        (200, _legacy("server_rate_exceeded", 503), Meaning.OVERLOADED, "server_rate_exceeded"),
        (200, _legacy("rate_limit_exceeded", 429), Meaning.THROTTLED, "rate_limit_exceeded"),
        (200, _legacy("ai_chat_all_providers_failed", 500), Meaning.MODEL_LIMITED, "ai_chat_all_providers_failed"),
        (200, _legacy("field_invalid", 400, key="model"), Meaning.MODEL_UNAVAILABLE, "model_not_found"),
        (200, _legacy("field_invalid", 400, key="messages"), Meaning.BAD_REQUEST, "field_invalid"),
        (200, _legacy("moderation_failed", 400), Meaning.REFUSED, "moderation_failed"),
        (200, _legacy("account_suspended", 403), Meaning.GATED, "account_suspended"),
        (200, _legacy("email_must_be_confirmed", 403), Meaning.GATED, "email_must_be_confirmed"),
        (
            401,
            b'{"message":"Authentication failed.","code":"token_auth_failed"}',
            Meaning.LOGIN_DEAD,
            "token_auth_failed",
        ),
        # A legacy failure with neither status nor a known code.
        (200, _legacy("odd", None), Meaning.OVERLOADED, "odd"),
        (200, b'{"success":false,"error":{}}', Meaning.OVERLOADED, None),
        # Today, where one code means several things: told apart by the server's whole sentence.
        (403, _flat("Account suspended", "forbidden"), Meaning.GATED, "account_suspended"),
        (
            403,
            _flat("Access tokens are not allowed to access this resource", "forbidden"),
            Meaning.LOGIN_DEAD,
            "scoped_token",
        ),
        (
            403,
            _flat("This endpoint is only available to user sessions", "forbidden"),
            Meaning.LOGIN_DEAD,
            "app_token",
        ),
        (403, _flat("Prompt blocked by policy", "forbidden"), Meaning.REFUSED, "forbidden"),
        (403, _flat("Permission denied for x:y", "forbidden"), Meaning.REFUSED, "forbidden"),
        # Today, by code.
        (
            401,
            _flat("Re-authentication required", "reauth_required", reason="session_revoked"),
            Meaning.LOGIN_DEAD,
            "reauth_required",
        ),
        (403, _flat("no", "app_blocked"), Meaning.LOGIN_DEAD, "app_blocked"),
        (403, _flat("no", "phone_verification_required"), Meaning.GATED, "phone_verification_required"),
        (403, _flat("no", "card_verification_required"), Meaning.GATED, "card_verification_required"),
        (403, _flat("no", "account_is_not_verified"), Meaning.GATED, "account_is_not_verified"),
        (
            403,
            _flat("only available to subscribers", "permission_denied"),
            Meaning.MODEL_UNAVAILABLE,
            "permission_denied",
        ),
        (400, _flat("All AI providers failed", "upstream_failed"), Meaning.MODEL_LIMITED, "upstream_failed"),
        (
            400,
            _flat("message is not allowed", "bad_request", errorCode="moderation_flagged"),
            Meaning.REFUSED,
            "moderation_flagged",
        ),
        (503, _flat("busy", "db_unavailable"), Meaning.OVERLOADED, "db_unavailable"),
        (500, _flat("oops", "internal_error"), Meaning.OVERLOADED, "internal_error"),
        (501, _flat("no", "not_implemented"), Meaning.OVERLOADED, "not_implemented"),
        (413, _flat("too large", "payload_too_large"), Meaning.BAD_REQUEST, "payload_too_large"),
        # The model that was asked for is another one: then this is some other fault of the request.
        (400, _flat("Model not found: other", "bad_request"), Meaning.BAD_REQUEST, "bad_request"),
        (400, _flat("Model not found: m", "bad_request"), Meaning.MODEL_UNAVAILABLE, "model_not_found"),
        # Codes of tomorrow are judged by their status.
        (402, _flat("pay", "new_code"), Meaning.CREDITS_EXHAUSTED, "new_code"),
        (429, _flat("slow", "new_code"), Meaning.THROTTLED, "new_code"),
        (403, _flat("no", "new_code"), Meaning.REFUSED, "new_code"),
        (401, _flat("no", "new_code"), Meaning.LOGIN_DEAD, "new_code"),
        (408, _flat("late", "request_timeout"), Meaning.NETWORK, "request_timeout"),
    ],
)
def test_every_age_of_server_is_understood(status: int, body: bytes, meaning: Meaning, code: str | None) -> None:
    failure = classify.failure(status, body, {}, NOW, model="m")
    assert (failure.meaning, failure.code) == (meaning, code)
    assert failure.message


@pytest.mark.parametrize(
    ("statuses", "meaning"),
    [
        # A context that is too long, tools that nobody takes.
        ([400], Meaning.BAD_REQUEST),
        ([400, 422], Meaning.BAD_REQUEST),
        # The vendor does not have the model (any more).
        ([404], Meaning.MODEL_UNAVAILABLE),
        # Puter's own credit at a vendor ran out, or vendors disagree: another model may do.
        ([402], Meaning.MODEL_LIMITED),
        ([400, 429], Meaning.MODEL_LIMITED),
        ([], Meaning.BAD_REQUEST),
    ],
)
def test_a_bad_request_upstream_is_judged_by_what_each_vendor_said(statuses: list[int], meaning: Meaning) -> None:
    attempts = [{"model": "m", "provider": "p", "status": status, "error": "x"} for status in statuses]
    body = _flat("400 x", "upstream_bad_request", attempts=attempts)
    assert classify.failure(400, body, {}, NOW).meaning is meaning


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        # Address check of today, missing Origin of servers before 2026-04-30.
        (403, b"Forbidden", Meaning.NETWORK),
        # A captive portal, a proxy that wants a login: no word about the account.
        (401, b"<html>log in to the hotel</html>", Meaning.NETWORK),
        (404, b"<html>nothing here</html>", Meaning.NETWORK),
        (429, b"slow down", Meaning.THROTTLED),
        (502, b"<html>Bad Gateway</html>", Meaning.OVERLOADED),
        (503, b"", Meaning.OVERLOADED),
        (400, b"[1,2]", Meaning.NETWORK),
    ],
)
def test_what_is_not_puters_says_nothing_about_the_account(status: int, body: bytes, meaning: Meaning) -> None:
    failure = classify.failure(status, body, {}, NOW)
    assert failure.meaning is meaning
    assert failure.status == status
    assert "<html>" not in failure.message


def test_a_throttle_waits_one_window_unless_told_otherwise() -> None:
    body = _flat("Too many requests.", "too_many_requests")
    assert classify.failure(429, body, {}, NOW).retry_after == 10.0
    assert classify.failure(429, body, {"retry-after": "3"}, NOW).retry_after == 3.0
    assert classify.failure(503, _flat("busy", "db_unavailable"), {"retry-after": "5"}, NOW).retry_after == 5.0
    assert classify.failure(500, _flat("oops", "internal_error"), {}, NOW).retry_after is None


def test_a_gate_says_what_to_do_and_where() -> None:
    failure = classify.failure(403, _flat("verify", "phone_verification_required"), {}, NOW)
    assert failure.action == "Verify your phone number on puter.com."
    assert failure.action_url == "https://puter.com"


def test_an_exhausted_account_gets_no_date_for_the_usage_decides() -> None:
    seen = capture("chat-exhausted")
    failure = classify.failure(seen.status, seen.body, seen.headers, NOW)
    assert failure.until is None
    assert failure.retry_after is None


def test_a_message_is_shortened_and_holds_no_token() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJ0IjoicyJ9.c2lnbmF0dXJl"
    body = _flat(f"bad token {token} " + "x" * 5000, "bad_request")
    failure = classify.failure(400, body, {}, NOW)
    assert token not in failure.message
    assert len(failure.message) == 2000


@pytest.mark.parametrize(
    ("message", "meaning", "status", "code"),
    [
        # Anthropic's SDK: status and the whole JSON body.
        (
            '429 {"type":"error","error":{"type":"rate_limit_error","message":"x"}}',
            Meaning.MODEL_LIMITED,
            429,
            "rate_limit_error",
        ),
        (
            '529 {"type":"error","error":{"type":"overloaded_error","message":"x"}}',
            Meaning.MODEL_LIMITED,
            529,
            "overloaded_error",
        ),
        (
            '400 {"type":"error","error":{"type":"invalid_request_error","message":"x"}}',
            Meaning.BAD_REQUEST,
            400,
            "invalid_request_error",
        ),
        (
            '404 {"type":"error","error":{"type":"not_found_error","message":"x"}}',
            Meaning.MODEL_UNAVAILABLE,
            404,
            "not_found_error",
        ),
        # OpenAI's SDK: status and the vendor's sentence.
        ("503 The server is overloaded", Meaning.MODEL_LIMITED, 503, None),
        # No status: the connection, or an error event in the stream.
        (
            '{"type":"error","error":{"type":"overloaded_error","message":"x"}}',
            Meaning.OVERLOADED,
            None,
            "overloaded_error",
        ),
        ("Connection error.", Meaning.OVERLOADED, None, None),
        ("", Meaning.OVERLOADED, None, None),
        # Numbers that are no status.
        ("429", Meaning.MODEL_LIMITED, 429, None),
        ("200 apples", Meaning.OVERLOADED, None, None),
        ("4290 apples", Meaning.OVERLOADED, None, None),
        ("the model said (404) 429 times", Meaning.OVERLOADED, None, None),
    ],
)
def test_an_error_line_is_taken_apart_not_searched(
    message: str, meaning: Meaning, status: int | None, code: str | None
) -> None:
    failure = classify.in_stream(message, started=False)
    assert (failure.meaning, failure.status, failure.code) == (meaning, status, code)
    assert failure.message


def test_after_content_an_error_line_limits_nobody() -> None:
    message = '429 {"type":"error","error":{"type":"rate_limit_error","message":"slow"}}'
    failure = classify.in_stream(message, started=True)
    assert (failure.meaning, failure.status, failure.message) == (Meaning.OVERLOADED, 429, "slow")
