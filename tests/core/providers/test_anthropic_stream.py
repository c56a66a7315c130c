"""Server-sent events become deltas, wherever the network splits them; what was cut never passes for whole."""

from __future__ import annotations

import json
from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.account import Kind
from rota.clock import ManualClock
from rota.errors import Failure, Meaning, ProviderError
from rota.providers.anthropic import AnthropicProvider
from rota.providers.anthropic.wire import REDACTED
from rota.providers.base import (
    ChatRequest,
    Credential,
    Delta,
    Finish,
    Finished,
    Message,
    ReasoningDelta,
    Role,
    Text,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from rota.providers.http import open_client
from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = Credential(Kind.API_KEY, Secret("sk-ant-api03-test"))
ASK = ChatRequest("claude-sonnet-4-5", (Message(Role.USER, (Text("hi"),)),))


def sse(*events: dict[str, Any], newline: str = "\n") -> bytes:
    lines = (
        f"event: {event['type']}{newline}data: {json.dumps(event, ensure_ascii=False)}{newline}{newline}"
        for event in events
    )
    return "".join(lines).encode()


def delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def block(index: int, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": fields}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


START = {
    "type": "message_start",
    "message": {
        "type": "message",
        "model": "claude-sonnet-4-5-20250929",
        "stop_reason": None,
        "usage": {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 90},
    },
}
PING = {"type": "ping"}
ENDING = {
    "type": "message_delta",
    "delta": {"stop_reason": "tool_use", "stop_sequence": None},
    "usage": {"input_tokens": None, "output_tokens": 42, "output_tokens_details": {"thinking_tokens": 30}},
}
STOP = {"type": "message_stop"}

EVENTS = (
    START,
    block(0, type="thinking", thinking="", signature=""),
    PING,
    delta(0, "thinking_delta", thinking="Überlegung 🤔\u2028…"),
    delta(0, "signature_delta", signature="c2ln"),
    stop(0),
    block(1, type="redacted_thinking", data="YmxvYg=="),
    stop(1),
    block(2, type="text", text=""),
    delta(2, "text_delta", text="Grüße, 世界 "),
    delta(2, "citations_delta", citation={}),
    delta(2, "text_delta", text="👋🏽\r\n"),
    stop(2),
    {"type": "an_event_to_come", "index": 2},
    block(3, type="tool_use", id="toolu_1", name="look", input={}),
    delta(3, "input_json_delta", partial_json=""),
    delta(3, "input_json_delta", partial_json='{"at": "sk'),
    delta(3, "input_json_delta", partial_json='y"}'),
    stop(3),
    block(4, type="server_tool_use", id="srv", name="web_search", input={}),
    delta(4, "input_json_delta", partial_json='{"q": 1}'),
    stop(4),
    block(5, type="tool_use", id="toolu_2", name="wait", input={}),
    stop(5),
    ENDING,
    STOP,
)
DELTAS = [
    ReasoningDelta("Überlegung 🤔\u2028…"),
    ReasoningDelta(signature="c2ln"),
    ReasoningDelta(signature=REDACTED + "YmxvYg=="),
    TextDelta("Grüße, 世界 "),
    TextDelta("👋🏽\r\n"),
    ToolCallDelta(0, "toolu_1", "look"),
    ToolCallDelta(0, arguments='{"at": "sk'),
    ToolCallDelta(0, arguments='y"}'),
    ToolCallDelta(1, "toolu_2", "wait"),
    ToolCallDelta(1, arguments="{}"),
    Finished(
        Finish.TOOL_CALLS,
        Usage(input_tokens=10, output_tokens=42, cache_read_tokens=90, reasoning_tokens=30),
        model="claude-sonnet-4-5-20250929",
    ),
]


class Chunked(httpx.AsyncByteStream):
    """A body in given pieces, which may break off."""

    def __init__(self, pieces: list[bytes], error: Exception | None = None) -> None:
        self.pieces = pieces
        self.error = error
        self.closed = False
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.read += 1
            yield piece
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        self.closed = True


def provider_answering(body: Chunked, headers: dict[str, str] | None = None) -> AnthropicProvider:
    headers = {"content-type": "text/event-stream; charset=utf-8", "request-id": "req_1"} | (headers or {})
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, stream=body))
    return AnthropicProvider(open_client(transport=transport), clock=ManualClock())


async def deltas(body: Chunked, headers: dict[str, str] | None = None) -> tuple[list[Delta], ProviderError | None]:
    """All deltas of an answer, and the error it ended in."""
    found: list[Delta] = []
    async with provider_answering(body, headers).stream(ASK, KEY) as stream:
        try:
            async for each in stream:
                found += [each]
        except ProviderError as error:
            return found, error
    return found, None


async def test_every_event_becomes_what_it_says() -> None:
    assert await deltas(Chunked([sse(*EVENTS)])) == (DELTAS, None)


@given(st.sets(st.integers(1, len(sse(*EVENTS)) - 1)))
async def test_splits_anywhere_change_nothing(cuts: set[int]) -> None:
    body = sse(*EVENTS)
    edges = [0, *sorted(cuts), len(body)]
    assert await deltas(Chunked([body[a:b] for a, b in pairwise(edges)])) == (DELTAS, None)


async def test_byte_by_byte_and_with_other_line_ends_it_reads_the_same() -> None:
    body = sse(*EVENTS, newline="\r\n")
    assert await deltas(Chunked([body[i : i + 1] for i in range(len(body))])) == (DELTAS, None)


@pytest.mark.parametrize("kept", range(len(EVENTS) - 1))
async def test_a_stream_that_ends_early_is_cut_however_cleanly(kept: int) -> None:
    found, error = await deltas(Chunked([sse(*EVENTS[:kept])]))
    assert not any(isinstance(each, Finished) for each in found)
    assert error is not None
    assert (error.failure.meaning, error.failure.code) == (Meaning.NETWORK, "cut")


@given(st.integers(0, len(sse(*EVENTS)) - len(sse(STOP))))
async def test_a_stream_cut_at_any_byte_never_passes_for_whole(length: int) -> None:
    found, error = await deltas(Chunked([sse(*EVENTS)[:length]], httpx.ReadError("reset")))
    assert found == DELTAS[: len(found)]
    assert error is not None
    assert error.failure.meaning is Meaning.NETWORK


async def test_a_stop_without_a_reason_is_no_end() -> None:
    _, error = await deltas(Chunked([sse(START, STOP)]))
    assert error is not None
    assert error.failure.code == "cut"


async def test_half_a_line_of_json_is_a_network_failure() -> None:
    _, error = await deltas(Chunked([sse(START) + b'event: ping\ndata: {"type": "pi\n\n']))
    assert error is not None
    assert (error.failure.meaning, error.failure.code) == (Meaning.NETWORK, "not-json")


REJECTED = {
    "anthropic-ratelimit-unified-5h-status": "rejected",
    "anthropic-ratelimit-unified-5h-utilization": "1.0",
    "anthropic-ratelimit-unified-5h-reset": "1800003600",
}


@pytest.mark.parametrize(
    ("type_", "headers", "meaning"),
    [
        ("overloaded_error", {}, Meaning.OVERLOADED),
        ("api_error", {}, Meaning.OVERLOADED),
        ("rate_limit_error", {}, Meaning.THROTTLED),
        ("rate_limit_error", REJECTED, Meaning.LIMITED),
        ("authentication_error", {}, Meaning.LOGIN_DEAD),
        ("invalid_request_error", {}, Meaning.BAD_REQUEST),
        ("an_error_to_come", {}, Meaning.OVERLOADED),
    ],
)
async def test_an_error_inside_the_stream_is_classified(
    type_: str, headers: dict[str, str], meaning: Meaning
) -> None:
    event = {"type": "error", "error": {"type": type_, "message": "Sorry."}}
    found, error = await deltas(Chunked([sse(*EVENTS[:4], event)]), headers)
    assert found == DELTAS[:1]
    assert error is not None
    assert (error.failure.meaning, error.failure.status, error.failure.message) == (meaning, None, "Sorry.")
    assert error.failure.request_id == "req_1"


async def test_a_200_that_is_no_stream_is_a_network_failure() -> None:
    found, error = await deltas(Chunked([b"<html>captive portal</html>"]), {"content-type": "text/html"})
    assert found == []
    assert error is not None
    assert error.failure.code == "not-a-stream"


async def test_the_headers_are_there_before_the_content() -> None:
    async with provider_answering(Chunked([sse(*EVENTS)]), REJECTED).stream(ASK, KEY) as stream:
        assert [w.key for w in stream.windows] == ["5h"]
        assert stream.request_id == "req_1"


async def test_leaving_early_closes_the_answer() -> None:
    body = Chunked([sse(*EVENTS[:5]), sse(*EVENTS[5:])])
    async with provider_answering(body).stream(ASK, KEY) as stream, aclosing(stream.__aiter__()) as iterator:
        assert await anext(iterator) == DELTAS[0]
        assert not body.closed
    assert body.closed


async def test_the_rest_after_the_stop_is_read_so_that_the_connection_can_serve_again() -> None:
    body = Chunked([sse(*EVENTS), b": bye\n\n"], httpx.ReadError("reset"))
    assert await deltas(body) == (DELTAS, None)
    assert body.read == 2


# --- forwarding -------------------------------------------------------------------------------------------


async def forwarded(body: Chunked) -> tuple[bytes, list[Delta], list[Failure], ProviderError | None]:
    raw = b""
    said: list[Delta] = []
    failures: list[Failure] = []
    provider = provider_answering(body)
    async with provider.forward("POST", "/v1/messages?beta=true", b"{}", {}, KEY, model=ASK.model) as answer:
        assert answer.streamed
        try:
            async for piece in answer.pieces():
                raw += piece.raw
                said += piece.deltas
                failures += [piece.failure] if piece.failure else []
        except ProviderError as error:
            return raw, said, failures, error
    return raw, said, failures, None


@given(st.sets(st.integers(1, len(sse(*EVENTS)) - 1), max_size=30))
async def test_forwarded_bytes_are_the_same_bytes_and_are_understood(cuts: set[int]) -> None:
    body = sse(*EVENTS)
    edges = [0, *sorted(cuts), len(body)]
    chunks = [body[a:b] for a, b in pairwise(edges)]
    raw, said, failures, error = await forwarded(Chunked(chunks))
    assert (raw, failures, error) == (body, [], None)
    # content after the first is not read, everything else is
    assert (said[0], said[-1]) == (DELTAS[0], DELTAS[-1])


async def test_a_forwarded_event_that_is_not_whole_stays_behind() -> None:
    body = sse(*EVENTS[:4])
    raw, _, _, error = await forwarded(Chunked([body + b'event: ping\ndata: {"ty'], httpx.ReadError("reset")))
    assert raw == body
    assert error is not None


async def test_a_forwarded_error_event_comes_with_its_bytes_and_its_meaning() -> None:
    body = sse(*EVENTS[:4], {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    raw, said, (failure,), error = await forwarded(Chunked([body]))
    assert (raw, said, error) == (body, DELTAS[:1], None)
    assert failure.meaning is Meaning.OVERLOADED


async def test_a_forwarded_stream_that_breaks_off_says_so() -> None:
    body = sse(*EVENTS[:4])
    raw, _, _, error = await forwarded(Chunked([body]))
    assert raw == body
    assert error is not None
    assert error.failure.code == "cut"


async def test_what_follows_the_last_event_is_forwarded_too() -> None:
    body = sse(*EVENTS) + b": bye\n\n"
    assert (await forwarded(Chunked([body[:-8], body[-8:]])))[0] == body
