"""What an unsuccessful answer means: from `error.type`, `details.error_code`, status and rate-limit headers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rota.errors import Failure, Meaning, ProviderError
from rota.providers.anthropic.fields import fields, text
from rota.providers.anthropic.limits import quota_windows, rejected
from rota.providers.anthropic.texts import known_text
from rota.providers.http import decode_json, excerpt
from rota.providers.redaction import redact
from rota.providers.timing import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.quota import QuotaWindow

_BY_CODE = {
    "enforced_spend_limit_reached": Meaning.CREDITS_EXHAUSTED,
    "contract_spend_limit_reached": Meaning.CREDITS_EXHAUSTED,
    "linked_organization_spend_limit_reached": Meaning.CREDITS_EXHAUSTED,
    "linked_organization_billing_unavailable": Meaning.CREDITS_EXHAUSTED,
    "ramp_limit_exceeded": Meaning.THROTTLED,
    "claude_code_version_too_old": Meaning.REFUSED,
    "organization_on_hold": Meaning.REFUSED,
    "claude_code_key_creator_not_member": Meaning.GATED,
    "cmek_key_disabled": Meaning.GATED,
    "cmek_key_network_blocked": Meaning.GATED,
    "cmek_key_unreachable": Meaning.OVERLOADED,
    "cmek_context_unavailable": Meaning.OVERLOADED,
}
"""`details.error_code` as the official SDK 2.11 lists them, where they say more than the type."""

_MONTHLY = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})
"""Codes of limits that end at 00:00 UTC on the first."""

_BY_TYPE = {
    "authentication_error": Meaning.LOGIN_DEAD,
    "billing_error": Meaning.CREDITS_EXHAUSTED,
    "permission_error": Meaning.GATED,
    "invalid_request_error": Meaning.BAD_REQUEST,
    "conflict_error": Meaning.BAD_REQUEST,
    "request_too_large": Meaning.BAD_REQUEST,
    "timeout_error": Meaning.OVERLOADED,
    "api_error": Meaning.OVERLOADED,
    "overloaded_error": Meaning.OVERLOADED,
}

_BY_STATUS = {
    401: Meaning.LOGIN_DEAD,
    402: Meaning.CREDITS_EXHAUSTED,
    403: Meaning.GATED,
    408: Meaning.OVERLOADED,
    429: Meaning.THROTTLED,
}

_FOREIGN = {401: Meaning.NETWORK, 402: Meaning.NETWORK, 403: Meaning.NETWORK, 407: Meaning.NETWORK}
"""What a status means when the body is not Anthropic's: a proxy or captive portal says nothing of the account."""

_FINAL = frozenset({Meaning.CREDITS_EXHAUSTED, Meaning.REFUSED, Meaning.GATED, Meaning.BAD_REQUEST})
"""Meanings after which the same request on the same account could not succeed."""

_ACTION = "Sign in at the Console and check what this account may do."
_ACTION_URL = "https://platform.claude.com/settings"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an error body says: `{"type":"error","error":{"type","message","details"},"request_id"}`."""

    type: str
    message: str
    error_code: str | None = None
    request_id: str | None = None
    appeal_url: str | None = None


def read_envelope(body: object) -> Envelope | None:
    """The error in a JSON body; `error` may be an object or, from the token endpoint, a string. None: neither."""
    said = fields(body)
    request_id = text(said.get("request_id"))
    if (word := text(said.get("error"))) is not None:
        return Envelope(word, text(said.get("error_description")) or word, request_id=request_id)
    error = fields(said.get("error"))
    if not error:
        return None
    details = fields(error.get("details"))
    type_ = text(error.get("type")) or ""
    return Envelope(
        type=type_,
        message=text(error.get("message")) or type_ or "The provider gave no reason.",
        error_code=text(details.get("error_code")),
        request_id=request_id,
        appeal_url=text(details.get("appeal_url")),
    )


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float, model: str | None = None
) -> ProviderError:
    """The error to raise for an answer that is no success; `model` is what the request asked for, if anything."""
    windows = quota_windows(headers, now, model)
    try:
        envelope = read_envelope(decode_json(body))
    except ProviderError:
        envelope = None
    wait = retry_after(headers, now)
    request_id = headers.get("request-id")
    if envelope is None:
        return ProviderError(_foreign(status, body, wait, request_id), windows=windows)
    failure = judge(envelope, status, windows=windows, wait=wait, now=now, model=model, request_id=request_id)
    if headers.get("x-should-retry") == "false":
        failure = replace(failure, retryable_here=False)
    return ProviderError(failure, windows=windows)


def judge(
    envelope: Envelope,
    status: int | None,
    *,
    windows: tuple[QuotaWindow, ...],
    wait: float | None,
    now: float,
    model: str | None,
    request_id: str | None,
) -> Failure:
    """What an error says, as an answer of its own or (with no status) inside a stream."""
    known = known_text(envelope.type, envelope.message) if envelope.error_code is None else None
    meaning = known.meaning if known is not None else _meaning(envelope, status, model)
    code = envelope.error_code or (known.code if known is not None else envelope.type) or None
    stopped = rejected(windows) if meaning is Meaning.THROTTLED and envelope.error_code is None else ()
    until, window, scope = None, None, None
    if stopped:
        meaning = Meaning.LIMITED
        until, window, scope = _limit(stopped, wait, now, model)
    elif meaning is Meaning.THROTTLED:
        until, window = _drained(windows, now)
        until = until if wait is None else None
    elif envelope.error_code in _MONTHLY or (known is not None and known.month):
        until = next_month(now)
    return Failure(
        meaning=meaning,
        message=redact(envelope.message),
        status=status,
        code=code,
        retry_after=wait,
        until=until,
        window=window,
        scope=scope,
        action=_ACTION if meaning is Meaning.GATED else None,
        action_url=envelope.appeal_url or (_ACTION_URL if meaning is Meaning.GATED else None),
        request_id=request_id or envelope.request_id,
        retryable_here=meaning not in _FINAL,
    )


def next_month(now: float) -> float:
    """00:00 UTC on the first of the month after `now`, epoch seconds."""
    today = datetime.fromtimestamp(now, UTC)
    year, month = (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)
    return datetime(year, month, 1, tzinfo=UTC).timestamp()


def _meaning(envelope: Envelope, status: int | None, model: str | None) -> Meaning:
    if envelope.error_code in _BY_CODE:
        return _BY_CODE[envelope.error_code]
    if status is not None and status >= 500:
        return Meaning.OVERLOADED
    if envelope.type == "rate_limit_error" or status == 429:
        return Meaning.THROTTLED
    if envelope.type == "not_found_error":
        return Meaning.MODEL_UNAVAILABLE if model is not None else Meaning.BAD_REQUEST
    if envelope.type in _BY_TYPE:
        return _BY_TYPE[envelope.type]
    if status is None:
        return Meaning.OVERLOADED
    return _BY_STATUS.get(status, Meaning.BAD_REQUEST)


def _limit(
    stopped: tuple[QuotaWindow, ...], wait: float | None, now: float, model: str | None
) -> tuple[float | None, str, str | None]:
    """Until when, by which window and for which model alone a rejection holds: the latest end that lies ahead.

    With a model's own window rejected and none of the account's, `Retry-After` is the only end that counts (as
    router-for-me/CLIProxyAPI found): the window's reset may be a week away while the block is short.
    """
    whole = tuple(w for w in stopped if w.scope is None)
    last = max(whole or stopped, key=lambda w: (w.resets_at or 0.0, w.key))
    ends = [now + wait] if wait else []
    if whole or not ends:
        ends += [w.resets_at for w in whole or stopped if w.resets_at is not None and w.resets_at > now]
    return max(ends, default=None), last.key, None if whole else model or last.scope


def _drained(windows: tuple[QuotaWindow, ...], now: float) -> tuple[float | None, str | None]:
    """When the last per-minute window with nothing left refills, and its key."""
    empty = [w for w in windows if w.limit is not None and w.spent(now) and w.resets_at is not None]
    last = max(empty, key=lambda w: (w.resets_at or 0.0, w.key), default=None)
    return (last.resets_at, last.key) if last is not None else (None, None)


def _foreign(status: int, body: bytes, wait: float | None, request_id: str | None) -> Failure:
    if status >= 500 or status == 408:
        meaning = Meaning.OVERLOADED
    elif status == 429:
        meaning = Meaning.THROTTLED
    elif 400 <= status < 500:
        meaning = _FOREIGN.get(status, Meaning.BAD_REQUEST)
    else:
        meaning = Meaning.NETWORK
    said = excerpt(body.decode("utf-8", "replace"))
    return Failure(
        meaning=meaning,
        message=f"Something other than Anthropic's API answered {status}" + (f": {said}" if said else "."),
        status=status,
        code="foreign-answer",
        retry_after=wait,
        request_id=request_id,
        retryable_here=meaning not in _FINAL,
    )
