"""What a Puter answer other than success means, for every age of its servers.

What is judged is `errorCode`, `code`, `delegate` and the status. Message text is looked at in exactly two places,
where the server gives one code to several cases and no field tells them apart: `_FORBIDDEN` and `_model_not_found`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import Failure, Meaning
from rota.providers.puter import envelope, fields
from rota.providers.redaction import redact_to
from rota.providers.timing import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.providers.puter.envelope import ErrorBody

SUSPENDED = "account_suspended"
"""`Failure.code` of an account that Puter has closed, whichever way the server said it."""
FAKE_CHAT = "fake-chat"
"""`Failure.code` of a prompt that Puter's abuse policy blocked and answered with placeholder text."""
CUT = "stream-cut"
"""`Failure.code` of a stream that ended without its last line, or whose upstream broke off."""

PUTER = "https://puter.com"
RATE_WINDOW_S = 10.0
"""Puter counts requests in windows of this length and sends no Retry-After (`drivers/util/aiLimits.ts`)."""

_LONGEST = 2000
"""Characters of a server's message that are kept; a vendor may echo a whole request in it."""

_SIGN_IN = "Sign in to Puter again."
_GATES = {
    "email_confirmation_required": "Confirm your email address on puter.com.",
    "email_must_be_confirmed": "Confirm your email address on puter.com.",
    "account_is_not_verified": "Confirm your email address on puter.com.",
    "phone_verification_required": "Verify your phone number on puter.com.",
    "card_verification_required": "Verify a payment card on puter.com.",
}
_CONTACT = "Puter suspended this account; write to Puter's support."

_MEANINGS: dict[str, Meaning] = {
    # Money. `insufficient_funds` is also said when this one prompt is too dear, so the pool asks for the usage.
    "insufficient_funds": Meaning.CREDITS_EXHAUSTED,
    # Only the OpenAI- and Anthropic-shaped routes say this, which rota does not use; there is no point in trying
    # another account on a route that wants a paid plan, so it is shown as it is.
    "subscription_required": Meaning.REFUSED,
    # The login.
    "token_missing": Meaning.LOGIN_DEAD,
    "token_auth_failed": Meaning.LOGIN_DEAD,
    "reauth_required": Meaning.LOGIN_DEAD,
    "app_blocked": Meaning.LOGIN_DEAD,
    "app_or_api_token_required": Meaning.LOGIN_DEAD,
    # The person must act.
    **dict.fromkeys((*_GATES, SUSPENDED), Meaning.GATED),
    # Limits.
    "too_many_requests": Meaning.THROTTLED,
    "rate_limit_exceeded": Meaning.THROTTLED,
    "server_rate_exceeded": Meaning.OVERLOADED,
    "db_unavailable": Meaning.OVERLOADED,
    # The model or whoever runs it: the same for every account.
    "upstream_rate_limited": Meaning.MODEL_LIMITED,
    "upstream_provider_unavailable": Meaning.MODEL_LIMITED,
    "upstream_failed": Meaning.MODEL_LIMITED,
    "upstream_auth_failed": Meaning.MODEL_LIMITED,
    "ai_chat_all_providers_failed": Meaning.MODEL_LIMITED,
    "permission_denied": Meaning.MODEL_UNAVAILABLE,
    # The request.
    "moderation_flagged": Meaning.REFUSED,
    "moderation_failed": Meaning.REFUSED,
    "client_bad_json": Meaning.BAD_REQUEST,
}

_FORBIDDEN: dict[str, tuple[Meaning, str, str]] = {
    # Whole messages of `core/http/middleware/gates.ts`: all of them are 403 with the one code `forbidden`.
    "Account suspended": (Meaning.GATED, SUSPENDED, _CONTACT),
    "Access tokens are not allowed to access this resource": (Meaning.LOGIN_DEAD, "scoped_token", _SIGN_IN),
    "This endpoint is only available to user sessions": (Meaning.LOGIN_DEAD, "app_token", _SIGN_IN),
}

_FINAL = frozenset({Meaning.BAD_REQUEST, Meaning.REFUSED, Meaning.MODEL_UNAVAILABLE})
"""After these the same request can never succeed."""

_VENDORS_FAILED = frozenset({"upstream_failed", "ai_chat_all_providers_failed"})
"""Codes of a failure of any kind, which only the vendors' own statuses tell apart."""

_REQUEST_FAULTS = frozenset({400, 413, 422})
"""What a vendor answers to a request that no vendor would take."""


def failure(
    status: int | None,
    body: bytes,
    headers: Mapping[str, str],
    now: float,
    *,
    model: str | None = None,
    site: str = PUTER,
) -> Failure:
    """What this answer means. `model` is the one that was asked for, if any; `site` is where people act."""
    answer = envelope.read(status, body)
    wait = retry_after(headers, now)
    if not answer.json:
        return _not_puters(answer, wait)
    meaning, code, action = _judge(answer, model)
    message = answer.message or _plain(answer.status)
    if code == "upstream_bad_request":
        # The one code under which Puter passes on the vendor's answer as it is, JSON and all.
        message = _vendors(message)[2]
    return Failure(
        meaning=meaning,
        message=redact_to(message, _LONGEST),
        status=answer.status,
        code=code,
        retry_after=RATE_WINDOW_S if wait is None and meaning is Meaning.THROTTLED else wait,
        action=action,
        action_url=site if meaning is Meaning.GATED else None,
        retryable_here=meaning not in _FINAL,
    )


def in_stream(message: str, *, started: bool) -> Failure:
    """What an `error` line means, which holds nothing but the upstream SDK's message.

    Once content was `started` it is nobody's limit any more: the answer broke.
    """
    status, code, words = _vendors(message)
    meaning = Meaning.OVERLOADED if started or status is None else _upstream((status,))
    return Failure(
        meaning=meaning,
        message=redact_to(words or "The model's vendor broke off.", _LONGEST),
        code=code,
        status=status,
        retryable_here=meaning not in _FINAL,
    )


def usage_limited(*sources: object) -> bool:
    """Whether a success is the one that servers of 2025 gave to accounts with nothing left."""
    metadata = [fields.record(source) for source in sources]
    return any(m.get("usage_limited") is True or m.get("service_used") == "usage-limited-chat" for m in metadata)


def exhausted(message: str, status: int | None = None) -> Failure:
    """An account without means, said by a server that has no code for it."""
    return Failure(Meaning.CREDITS_EXHAUSTED, message, status=status, code="insufficient_funds")


def fake_chat() -> Failure:
    """A prompt that was blocked in silence: HTTP 200, no charge, an answer of placeholder text."""
    return Failure(
        Meaning.REFUSED,
        "Puter's abuse policy blocked this prompt and answered with placeholder text instead of the model's words.",
        code=FAKE_CHAT,
        retryable_here=False,
    )


def unusable(what: str, status: int | None = None, code: str | None = None) -> Failure:
    """Something arrived, but not an answer of Puter's."""
    return Failure(Meaning.NETWORK, what, status=status, code=code)


def cut(what: str) -> Failure:
    """The stream ended before the answer did."""
    return Failure(Meaning.NETWORK, what, code=CUT)


def gate_of(code: str) -> str:
    """What the person must do about an account that is refused with `code`."""
    return _GATES[code]


def _judge(answer: ErrorBody, model: str | None) -> tuple[Meaning, str | None, str | None]:
    """Meaning, code and what the person can do."""
    code, status = answer.code, answer.status
    if answer.delegate == "usage-limited-chat":
        return Meaning.CREDITS_EXHAUSTED, code, None
    if status == 403 and code == "forbidden":
        # Anything else that is forbidden is a policy's veto: it is shown, never dodged.
        return _FORBIDDEN.get(answer.message or "", (Meaning.REFUSED, code, None))
    if code == "upstream_bad_request":
        attempts = fields.records(answer.body.get("attempts"))
        return _upstream(tuple(fields.count(attempt, "status") or 400 for attempt in attempts)), code, None
    if code in _VENDORS_FAILED and (statuses := _told_statuses(answer)):
        return _upstream(statuses), code, None
    if _model_not_found(answer, model):
        return Meaning.MODEL_UNAVAILABLE, "model_not_found", None
    if code in _MEANINGS:
        meaning = _MEANINGS[code]
        return meaning, code, _action(meaning, code)
    meaning = _by_status(status)
    return meaning, code, _action(meaning, code)


def _action(meaning: Meaning, code: str | None) -> str | None:
    if meaning is Meaning.LOGIN_DEAD:
        return _SIGN_IN
    if meaning is Meaning.GATED:
        return _GATES.get(code or "", _CONTACT)
    return None


def _model_not_found(answer: ErrorBody, model: str | None) -> bool:
    """Whether the model is unknown to Puter.

    The server has no code for it (`bad_request`, `ChatCompletionDriver.complete`), but its message is fixed: these
    words and the id exactly as it was sent. Servers of 2025 named the field.
    """
    if answer.code == "field_invalid":
        return answer.body.get("key") == "model"
    return answer.code == "bad_request" and model is not None and answer.message == f"Model not found: {model}"


def _upstream(statuses: tuple[int, ...]) -> Meaning:
    """What the statuses of the vendors that Puter tried mean; none known is the request's fault."""
    if all(status in _REQUEST_FAULTS for status in statuses):
        return Meaning.BAD_REQUEST
    if all(status == 404 for status in statuses):
        return Meaning.MODEL_UNAVAILABLE
    return Meaning.MODEL_LIMITED


def _told_statuses(answer: ErrorBody) -> tuple[int, ...]:
    """The statuses that the vendors Puter tried are said to have answered."""
    statuses = (fields.count(attempt, "status") for attempt in fields.records(answer.body.get("attempts")))
    return tuple(status for status in statuses if status is not None)


def _by_status(status: int | None) -> Meaning:
    match status:
        case 401:
            return Meaning.LOGIN_DEAD
        case 402:
            return Meaning.CREDITS_EXHAUSTED
        case 403:
            return Meaning.REFUSED
        case 429:
            return Meaning.THROTTLED
        case 408:
            return Meaning.NETWORK
        case None:
            return Meaning.OVERLOADED
        case _:
            return Meaning.BAD_REQUEST if 400 <= status < 500 else Meaning.OVERLOADED


def _not_puters(answer: ErrorBody, wait: float | None) -> Failure:
    """An error that is not JSON comes from something in front of Puter, so it says nothing about the account."""
    status = answer.status
    if status == 429:
        return Failure(
            Meaning.THROTTLED, _plain(status), status=status, retry_after=RATE_WINDOW_S if wait is None else wait
        )
    if status is not None and status >= 500:
        return Failure(Meaning.OVERLOADED, _plain(status), status=status, retry_after=wait)
    if status == 403:
        said = "Puter's front door refused this connection (403 without a reason): a network or address block, "
        return unusable(said + "not a fault of the account.", status, "front-door")
    return unusable(_plain(status), status)


def _plain(status: int | None) -> str:
    return "Puter answered with an error and no reason." if status is None else f"Puter answered HTTP {status}."


def _vendors(message: str) -> tuple[int | None, str | None, str]:
    """A vendor's HTTP status, error type and words out of its SDK's message.

    Both SDKs that Puter uses write `<status> <the vendor's JSON body, or its message>`.
    """
    head, _, rest = message.partition(" ")
    status = None
    if len(head) == 3 and head.isascii() and head.isdigit() and 400 <= int(head) <= 599:
        status, message = int(head), rest.strip()
    body = fields.record(fields.parse(message))
    inner = fields.record(body.get("error")) or body
    return status, fields.text(inner, "type", "code"), fields.text(inner, "message") or message
