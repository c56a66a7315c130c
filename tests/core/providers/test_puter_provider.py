"""What the Puter client puts on the wire, and how it takes real answers from it."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.puter_captures import NAMES, Capture, capture

from rota.account import Kind
from rota.clock import ManualClock
from rota.errors import Meaning, ProviderError
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
    ToolCall,
    ToolCallDelta,
    Usage,
)
from rota.providers.http import USER_AGENT, open_client
from rota.providers.puter import PuterProvider
from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TOKEN = "token-of-carol"
CREDENTIAL = Credential(Kind.PUTER, Secret(TOKEN))
CHATS = tuple(name for name in NAMES if name.startswith("chat-"))


def ask(model: str = "claude-sonnet-4-5") -> ChatRequest:
    return ChatRequest(model, (Message(Role.USER, (Text("hi"),)),))


def model_of(seen: Capture) -> str:
    try:
        return str(json.loads(seen.sent)["args"]["model"])
    except (ValueError, KeyError):
        return "claude-sonnet-4-5"


def provider(handler: Callable[[httpx.Request], httpx.Response], **timeouts: float) -> PuterProvider:
    client = open_client(transport=httpx.MockTransport(handler))
    return PuterProvider(
        client, api_url="https://api.puter.test/", gui_url="https://puter.test", clock=ManualClock(), **timeouts
    )


def answering(*names: str) -> tuple[PuterProvider, list[httpx.Request]]:
    """A provider whose server gives these captured answers in turn, and what it was sent."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen = capture(names[min(len(sent), len(names) - 1)])
        sent.append(request)
        headers = {name: value for name, value in seen.headers.items() if name != "transfer-encoding"}
        return httpx.Response(seen.status, headers=headers, content=seen.body)

    return provider(answer), sent


def replying(status: int, content_type: str, body: bytes | str) -> PuterProvider:
    return provider(lambda request: httpx.Response(status, headers={"content-type": content_type}, content=body))


async def streamed(puter: PuterProvider, request: ChatRequest | None = None) -> list[Delta]:
    async with puter.stream(request or ask(), CREDENTIAL) as stream:
        return [delta async for delta in stream]


async def failure_of(puter: PuterProvider, *, stream: bool = False) -> Any:
    with pytest.raises(ProviderError) as raised:
        await (streamed(puter) if stream else puter.complete(ask(), CREDENTIAL))
    return raised.value.failure


# --- what is sent -----------------------------------------------------------------------------------------


async def test_a_chat_call_has_an_origin_a_bearer_and_the_captured_body() -> None:
    puter, sent = answering("chat-claude")
    await puter.complete(ask(), CREDENTIAL)
    (request,) = sent
    assert (request.method, str(request.url)) == ("POST", "https://api.puter.test/drivers/call")
    assert request.headers["origin"] == "https://puter.test"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == USER_AGENT
    assert json.loads(request.content) == json.loads(capture("chat-claude").sent)


async def test_every_call_goes_to_the_api_host_with_an_origin_and_none_to_a_sign_in_route() -> None:
    puter, sent = answering(
        "whoami", "metering-usage", "models-details", "metering-usage", "chat-claude", "chat-claude-stream"
    )
    await puter.identify(CREDENTIAL)
    await puter.models(CREDENTIAL)
    await puter.usage(CREDENTIAL)
    await puter.complete(ask(), CREDENTIAL)
    await streamed(puter)
    assert [request.url.path for request in sent] == [
        "/whoami",
        "/metering/usage",
        "/puterai/chat/models/details",
        "/metering/usage",
        "/drivers/call",
        "/drivers/call",
    ]
    assert {request.url.host for request in sent} == {"api.puter.test"}
    assert {request.headers.get("origin") for request in sent} == {"https://puter.test"}


async def test_the_public_catalogue_is_asked_for_without_the_token() -> None:
    puter, sent = answering("models-details")
    assert len(await puter.models(CREDENTIAL)) == 38
    assert "authorization" not in sent[0].headers


async def test_text_that_is_no_unicode_does_not_stop_a_request() -> None:
    puter, sent = answering("chat-claude")
    await puter.complete(ChatRequest("m", (Message(Role.USER, (Text("half \ud83e pair, é"),)),)), CREDENTIAL)
    assert json.loads(sent[0].content)["args"]["messages"][0]["content"] == "half \ud83e pair, é"


async def test_what_json_cannot_say_is_the_callers_fault() -> None:
    puter, sent = answering("chat-claude")
    call = ToolCall("c", "f", {"x": math.nan})
    with pytest.raises(ProviderError) as raised:
        await puter.complete(ChatRequest("m", (Message(Role.ASSISTANT, (call,)),)), CREDENTIAL)
    assert raised.value.failure.meaning is Meaning.BAD_REQUEST
    assert sent == []


# --- what comes back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHATS)
async def test_every_captured_chat_is_an_answer_or_a_classified_failure(name: str) -> None:
    seen = capture(name)
    puter, _ = answering(name)
    request = ask(model_of(seen))
    whole = seen.status == 200 and not any(word in name for word in ("fake", "no-", "cut", "error"))
    if not whole:
        with pytest.raises(ProviderError) as raised:
            await (streamed(puter, request) if seen.is_stream else puter.complete(request, CREDENTIAL))
        assert raised.value.failure.message
        assert TOKEN not in str(raised.value)
    elif seen.is_stream:
        assert isinstance((await streamed(puter, request))[-1], Finished)
    else:
        assert (await puter.complete(request, CREDENTIAL)).text == "Hello from the loopback stub!"


async def test_whoami_and_the_allowance_make_the_identity() -> None:
    puter, _ = answering("whoami", "metering-usage")
    who = await puter.identify(CREDENTIAL)
    assert (who.key, who.kind, who.plan) == ("f3f2ec89-0794-4db6-b205-6fddad67edb1", Kind.PUTER, "Free")


async def test_a_guest_and_a_gated_account_are_not_asked_for_their_allowance() -> None:
    for name in ("whoami-guest", "whoami-unconfirmed-email"):
        puter, sent = answering(name)
        await puter.identify(CREDENTIAL)
        assert len(sent) == 1


async def test_an_identity_does_not_depend_on_the_metering() -> None:
    puter, _ = answering("whoami", "metering-unconfirmed-email")
    assert (await puter.identify(CREDENTIAL)).plan is None


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("whoami-bad-token", Meaning.LOGIN_DEAD),
        ("whoami-no-token", Meaning.LOGIN_DEAD),
        ("unknown-route", Meaning.BAD_REQUEST),
    ],
)
async def test_a_refused_whoami_is_nobody(name: str, meaning: Meaning) -> None:
    puter, _ = answering(name)
    with pytest.raises(ProviderError) as raised:
        await puter.identify(CREDENTIAL)
    assert raised.value.failure.meaning is meaning


async def test_usage_is_observed_at_the_clocks_time() -> None:
    puter, _ = answering("metering-usage")
    report = await puter.usage(CREDENTIAL)
    assert report is not None
    assert report.windows[0].observed_at == ManualClock().now()


async def test_the_usage_of_a_gated_account_is_gated() -> None:
    puter, _ = answering("metering-unconfirmed-email")
    with pytest.raises(ProviderError) as raised:
        await puter.usage(CREDENTIAL)
    assert raised.value.failure.meaning is Meaning.GATED
    assert raised.value.hint == "Confirm your email address on puter.com."


async def test_there_is_nothing_to_refresh() -> None:
    puter, sent = answering("whoami")
    with pytest.raises(ProviderError) as raised:
        await puter.refresh(CREDENTIAL)
    assert raised.value.failure.meaning is Meaning.LOGIN_DEAD
    assert sent == []


async def test_a_stream_that_is_refused_fails_on_entering() -> None:
    puter, _ = answering("chat-exhausted-stream")
    with pytest.raises(ProviderError) as raised:
        async with puter.stream(ask(), CREDENTIAL):
            pytest.fail("entered a refused stream")
    assert raised.value.failure.meaning is Meaning.CREDITS_EXHAUSTED


@pytest.mark.parametrize("stream", [False, True])
async def test_a_legacy_refusal_under_200_is_a_refusal(stream: bool) -> None:
    error = {"delegate": "usage-limited-chat", "code": "insufficient_funds", "message": "m", "status": 402}
    body = json.dumps({"success": False, "error": error})
    failure = await failure_of(replying(200, "application/json", body), stream=stream)
    assert (failure.meaning, failure.status) == (Meaning.CREDITS_EXHAUSTED, 402)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("body", ["<html>Welcome to the hotel</html>", "", "[]", '{"success":tru'])
async def test_a_200_that_is_no_answer_is_the_network(stream: bool, body: str) -> None:
    failure = await failure_of(replying(200, "text/html; charset=utf-8", body), stream=stream)
    assert (failure.meaning, failure.status) == (Meaning.NETWORK, 200)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_plain_403_is_not_held_against_the_account(stream: bool) -> None:
    failure = await failure_of(replying(403, "text/plain", "Forbidden"), stream=stream)
    assert (failure.meaning, failure.status) == (Meaning.NETWORK, 403)


async def test_a_whole_answer_to_a_streamed_request_is_streamed_on() -> None:
    message = {
        "content": [
            {"type": "thinking", "thinking": "2+2", "signature": "s"},
            {"type": "text", "text": "4"},
            {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
            {"type": "tool_use", "id": "b", "name": "g", "input": {}},
        ]
    }
    body = json.dumps({"success": True, "result": {"message": message, "usage": {"usd_cents": 2}}})
    *deltas, last = await streamed(replying(200, "application/json; charset=utf-8", body))
    assert deltas == [
        ReasoningDelta("2+2", "s"),
        TextDelta("4"),
        ToolCallDelta(0, "a", "f", '{"x":1}'),
        ToolCallDelta(1, "b", "g", "{}"),
    ]
    assert isinstance(last, Finished)
    assert (last.finish, last.cost_usd) == (Finish.TOOL_CALLS, 0.02)


# --- time and breakage ------------------------------------------------------------------------------------


class Body(httpx.AsyncByteStream):
    """Pieces, then silence for ever or an error; knows whether it was closed."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self._pieces = pieces
        self._error = error
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


def streaming(body: Body, **timeouts: float) -> PuterProvider:
    headers = {"content-type": "application/x-ndjson"}
    return provider(lambda request: httpx.Response(200, headers=headers, stream=body), **timeouts)


@pytest.mark.parametrize(
    ("pieces", "timeouts", "said"),
    [
        ((), {"first_content_s": 0.01}, "sent no content for 0.01 seconds"),
        # Half a line is no content.
        ((b'{"type":"te',), {"first_content_s": 0.01}, "sent no content for 0.01 seconds"),
        ((b'{"type":"text","text":"Hi"}\n',), {"between_chunks_s": 0.01}, "went silent in the middle"),
    ],
)
async def test_a_silent_stream_is_given_up(pieces: tuple[bytes, ...], timeouts: dict[str, float], said: str) -> None:
    body = Body(*pieces)
    failure = await failure_of(streaming(body, **timeouts), stream=True)
    assert (failure.meaning, failure.code) == (Meaning.NETWORK, "read-timeout")
    assert said in failure.message
    assert body.closed


async def test_a_connection_that_breaks_in_the_middle_is_the_network() -> None:
    body = Body(b'{"type":"text","text":"Hi"}\n', error=httpx.ReadError("gone"))
    failure = await failure_of(streaming(body), stream=True)
    assert (failure.meaning, failure.code) == (Meaning.NETWORK, "cut")


TEXT = b'{"type":"text","text":"one END two"}\n'
LAST = b'{"type":"usage","usage":{"prompt_tokens":11,"completion_tokens":7}}\n'


class Talking(Body):
    """A model that goes on and on."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield TEXT
        while True:
            yield b'{"type":"text","text":" and on"}\n'


@pytest.mark.parametrize(
    "body", [Talking(), Body(TEXT), Body(TEXT, error=httpx.ReadError("gone"))], ids=["talks on", "silent", "broken"]
)
async def test_behind_a_stop_sequence_the_usage_is_not_waited_for_long_and_nothing_can_fail(body: Body) -> None:
    question = replace(ask(), stop=("END",))
    said = await streamed(streaming(body, after_stop_s=0.01), question)
    assert said == [TextDelta("one "), Finished(Finish.STOP, Usage(), question.model, stop_sequence="END")]
    assert body.closed


async def test_behind_a_stop_sequence_a_usage_that_comes_soon_is_told() -> None:
    said = await streamed(streaming(Body(TEXT, LAST)), replace(ask(), stop=("END",)))
    assert isinstance(said[-1], Finished)
    assert said[-1].usage == Usage(11, 7)


@pytest.mark.parametrize("error", [None, httpx.ReadError("gone")], ids=["silent", "broken"])
async def test_a_whole_answer_is_whole_whatever_becomes_of_its_connection(error: Exception | None) -> None:
    body = Body(TEXT, LAST, error=error)
    said = await streamed(streaming(body))
    assert said == [TextDelta("one END two"), Finished(Finish.STOP, Usage(11, 7), ask().model)]
    assert body.closed


async def test_leaving_a_stream_early_closes_it() -> None:
    body = Body(b'{"type":"text","text":"Hi"}\n')
    async with streaming(body).stream(ask(), CREDENTIAL) as stream:
        async for delta in stream:
            assert delta == TextDelta("Hi")
            break
        assert (stream.windows, stream.request_id) == ((), None)
    assert body.closed
