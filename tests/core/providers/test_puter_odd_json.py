"""Whatever JSON a server answers, the client reads it or raises a `ProviderError`; it never falls over."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rota.errors import ProviderError
from rota.providers.puter import answer, catalogue, classify, fields, usage
from rota.providers.puter.stream import Reader

NOW = 1_800_000_000.0
_KEYS = [
    "result",
    "message",
    "content",
    "type",
    "text",
    "thinking",
    "signature",
    "input",
    "name",
    "id",
    "tool_calls",
    "function",
    "arguments",
    "reasoning",
    "reasoning_details",
    "stop_reason",
    "finish_reason",
    "usage",
    "usd_cents",
    "input_tokens",
    "metadata",
    "service_used",
    "usage_limited",
    "providerUsed",
    "model",
    "choices",
    "success",
    "error",
    "code",
    "errorCode",
    "status",
    "delegate",
    "attempts",
    "key",
    "uuid",
    "username",
    "is_temp",
    "subscription",
    "requires_phone_verification",
    "allowanceInfo",
    "monthUsageAllowance",
    "remaining",
    "addons",
    "purchasedCredits",
    "consumedPurchaseCredits",
    "unit",
    "models",
    "puterId",
    "aliases",
    "costs",
    "tokens",
    "prompt",
    "modalities",
    "context",
    "max_tokens",
    "detail",
    "allowanceUsed",
    "total",
    "stopReason",
]
_WORDS = (
    "text",
    "tool_use",
    "thinking",
    "usage",
    "error",
    "reasoning",
    "reasoning_detail",
    "insufficient_funds",
    "7",
)
_plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.sampled_from(_WORDS)
    | st.text(max_size=5)
)
_values = st.recursive(
    _plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6),
    max_leaves=25,
)
_records = st.dictionaries(st.sampled_from(_KEYS), _values, max_size=8)


@settings(deadline=None)
@given(_records)
def test_any_object_is_read_or_refused(body: dict[str, Any]) -> None:
    with suppress(ProviderError):
        answer.reply(body, "m")
    with suppress(ProviderError):
        usage.identity(body)
    report = usage.report(body, NOW)
    assert report.windows[0].key == "month"
    assert all(model.id for model in catalogue.models(body))


@settings(deadline=None)
@given(_values, st.sampled_from([None, 200, 400, 401, 402, 403, 404, 429, 500, 503]))
def test_any_json_under_any_status_has_a_meaning(value: object, status: int | None) -> None:
    failure = classify.failure(status, json.dumps(value).encode(), {}, NOW, model="m")
    assert failure.message


@settings(deadline=None)
@given(_records)
def test_any_line_is_read_or_refused(entry: dict[str, Any]) -> None:
    reader = Reader("m")
    with suppress(ProviderError):
        list(reader.read(json.dumps(entry).encode()))


@settings(deadline=None)
@given(st.text())
def test_any_text_of_an_error_line_has_a_meaning(message: str) -> None:
    assert classify.in_stream(message, started=False).message


def test_numbers_beyond_a_float_are_no_numbers() -> None:
    assert fields.number({"a": 10**400}, "a") is None
    assert fields.number({"a": float("nan"), "b": 2}, "a", "b") == 2.0
