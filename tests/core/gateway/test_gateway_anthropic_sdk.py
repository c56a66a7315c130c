"""The official `anthropic` SDK, at its strictest, against the gateway: served by Anthropic itself, and by Puter."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from tests.support.gatewayed import CLAUDE, until

from rota.simulator import Fault

if TYPE_CHECKING:
    from tests.support.gatewayed import Gatewayed

pytestmark = pytest.mark.asyncio(loop_scope="module")

PUTER = "puter/gpt-5-nano"
MODELS = [CLAUDE, f"anthropic/{CLAUDE}", PUTER, "puter/claude-haiku-4-5"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

TOOLS: Any = [
    {
        "name": name,
        "description": f"the {name}",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
    for name in ("weather", "time_of_day")
]


def ask(model: str, text: str, **more: Any) -> Any:
    return {"model": model, "max_tokens": 2000, "messages": [{"role": "user", "content": text}], **more}


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("model", MODELS)
async def test_a_question_is_answered_whole(shared: Gatewayed, model: str) -> None:
    client = await shared.anthropic()
    message = await client.messages.create(**ask(model, "hello there, how are you?"))
    assert text_of(message)
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0
    assert message._request_id


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream_says_the_same_as_the_whole_answer(shared: Gatewayed, model: str) -> None:
    client = await shared.anthropic()
    question = ask(model, "tell me about gateways in some detail")
    whole = await client.messages.create(**question)
    async with client.messages.stream(**question) as stream:
        streamed = await stream.get_final_message()
    assert text_of(streamed) == text_of(whole) != ""
    assert streamed.stop_reason == whole.stop_reason == "end_turn"
    assert streamed.usage.output_tokens == whole.usage.output_tokens
    assert streamed.usage.input_tokens == whole.usage.input_tokens


@pytest.mark.parametrize("model", [CLAUDE, PUTER])
async def test_a_tools_loop_goes_round_with_two_calls_at_once(shared: Gatewayed, model: str) -> None:
    client = await shared.anthropic()
    question = ask(model, '[[tool=weather:{"city": "Oslo"}]] [[tool=time_of_day:{"city": "Lima"}]]', tools=TOOLS)
    first = await client.messages.create(**question)
    calls = [block for block in first.content if block.type == "tool_use"]
    assert first.stop_reason == "tool_use"
    assert [(c.name, c.input) for c in calls] == [("weather", {"city": "Oslo"}), ("time_of_day", {"city": "Lima"})]
    results = [{"type": "tool_result", "tool_use_id": c.id, "content": f"fine {n}"} for n, c in enumerate(calls)]
    question["messages"] += [
        {"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in first.content]},
        {"role": "user", "content": results},
    ]
    second = await client.messages.create(**question)
    assert second.stop_reason == "end_turn"
    assert "the tool answered" in text_of(second)


@pytest.mark.parametrize("model", [CLAUDE, PUTER])
async def test_streamed_tool_calls_are_pieced_together_by_the_sdk(shared: Gatewayed, model: str) -> None:
    client = await shared.anthropic()
    question = ask(model, '[[tool=weather:{"city": "Zürich – north"}]]', tools=TOOLS)
    async with client.messages.stream(**question) as stream:
        final = await stream.get_final_message()
    calls = [block for block in final.content if block.type == "tool_use"]
    assert [(c.name, c.input) for c in calls] == [("weather", {"city": "Zürich – north"})]
    assert final.stop_reason == "tool_use"


@pytest.mark.parametrize("model", [CLAUDE, PUTER])
async def test_an_answer_ends_before_a_stop_sequence_and_names_it(shared: Gatewayed, model: str) -> None:
    client = await shared.anthropic()
    question = ask(model, "[[tokens=80]] and stop")
    whole = text_of(await client.messages.create(**question))
    stop = whole[50:58]
    short = await client.messages.create(**question, stop_sequences=[stop])
    assert (short.stop_reason, short.stop_sequence) == ("stop_sequence", stop)
    async with client.messages.stream(**question, stop_sequences=[stop]) as stream:
        streamed = await stream.get_final_message()
    for answer in (short, streamed):
        assert text_of(answer) == whole[: whole.index(stop)]
    assert (streamed.stop_reason, streamed.stop_sequence) == ("stop_sequence", stop)


@pytest.mark.parametrize(
    "source",
    [
        {"type": "base64", "media_type": "image/png", "data": PIXEL},
        {"type": "url", "url": "https://example.com/cat.png"},
    ],
)
@pytest.mark.parametrize("model", [CLAUDE, PUTER])
async def test_images_go_along_by_address_and_inline(shared: Gatewayed, model: str, source: dict[str, str]) -> None:
    client = await shared.anthropic()
    parts: Any = [{"type": "text", "text": "what is in it?"}, {"type": "image", "source": source}]
    question = ask(model, "")
    question["messages"] = [{"role": "user", "content": parts}]
    assert "1 image" in text_of(await client.messages.create(**question))


@pytest.mark.parametrize("model", [CLAUDE, "puter/claude-haiku-4-5"])
async def test_thinking_comes_with_its_signature_and_goes_back_with_it(shared: Gatewayed, model: str) -> None:
    client = await shared.anthropic()
    question = ask(model, "[[think=20]] why?", thinking={"type": "enabled", "budget_tokens": 1024})
    whole = await client.messages.create(**question)
    async with client.messages.stream(**question) as stream:
        streamed = await stream.get_final_message()
    assert [b.type for b in streamed.content] == [b.type for b in whole.content] == ["thinking", "text"]
    assert next(b.thinking for b in streamed.content if b.type == "thinking")
    thought: Any = whole.content[0]
    assert thought.signature
    question["messages"] += [
        {"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in whole.content]},
        {"role": "user", "content": "and then?"},
    ]
    assert text_of(await client.messages.create(**question))
    assert thought.signature in json.dumps(shared.calls()[-1].body)


async def test_thinking_that_came_unsigned_does_not_go_back_as_if_it_were_signed(shared: Gatewayed) -> None:
    client = await shared.anthropic()
    question = ask("puter/claude-haiku-4-5", "and then?")
    thought = {"type": "thinking", "thinking": "hm", "signature": ""}
    turns = [{"role": "assistant", "content": [thought, {"type": "text", "text": "so"}]}]
    question["messages"] = [{"role": "user", "content": "why?"}, *turns, *question["messages"]]
    assert text_of(await client.messages.create(**question))
    assert "thinking" not in json.dumps(shared.calls()[-1].body)


async def test_tokens_are_counted_before_they_are_spent(shared: Gatewayed) -> None:
    client = await shared.anthropic()
    messages: Any = [{"role": "user", "content": "how long is this?"}]
    counted = await client.messages.count_tokens(model=CLAUDE, messages=messages)
    assert counted.input_tokens > 0
    assert shared.calls()[-1].path == "/v1/messages/count_tokens"
    with pytest.raises(anthropic.BadRequestError, match="Counting tokens"):
        await client.messages.count_tokens(model=PUTER, messages=messages)


async def test_models_are_listed_and_found_by_name(shared: Gatewayed) -> None:
    client = await shared.anthropic()
    listed = {m.id async for m in client.models.list()}
    assert {CLAUDE, "puter/gemini-2.5-pro"} <= listed
    assert (await client.models.retrieve(PUTER)).id == PUTER
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("claude-nonsense-9")


async def test_the_limits_of_the_answer_are_kept(shared: Gatewayed) -> None:
    client = await shared.anthropic()
    for model in (CLAUDE, PUTER):
        question = {**ask(model, "[[tokens=50]]"), "max_tokens": 5}
        message = await client.messages.create(**question)
        assert message.stop_reason == "max_tokens"


ERRORS: list[tuple[Fault, type[anthropic.APIStatusError], int]] = [
    (Fault("bad-request"), anthropic.BadRequestError, 400),
    (Fault("too-large"), anthropic.RequestTooLargeError, 413),
    (Fault("policy-third-party", times=0), anthropic.BadRequestError, 400),
    (Fault("forbidden", times=0), anthropic.PermissionDeniedError, 403),
    (Fault("spend-cap", times=0), anthropic.RateLimitError, 429),
    (Fault("overloaded", times=0), anthropic.OverloadedError, 529),
    (Fault("html", times=0), anthropic.OverloadedError, 529),
    (Fault("empty", times=0), anthropic.InternalServerError, 502),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "expected", "status"), ERRORS, ids=[f.name for f, _, _ in ERRORS])
async def test_failures_become_the_sdks_own_exceptions(
    own: Gatewayed, fault: Fault, expected: type[anthropic.APIStatusError], status: int, stream: bool
) -> None:
    own.force(Fault(fault.name, path="/v1/messages", times=fault.times))
    client = await own.anthropic()
    with pytest.raises(anthropic.APIStatusError) as raised:
        await client.messages.create(**ask(CLAUDE, "hi"), stream=stream)
    assert raised.value.status_code == status
    assert type(raised.value) is expected
    assert raised.value.request_id
    assert own.idle()


async def test_the_providers_own_refusal_comes_back_as_it_said_it(own: Gatewayed) -> None:
    own.force(Fault("bad-request", path="/v1/messages"))
    client = await own.anthropic()
    with pytest.raises(anthropic.BadRequestError) as raised:
        await client.messages.create(**ask(CLAUDE, "hi"))
    body: Any = raised.value.body
    assert body["type"] == "error"
    assert body["request_id"] == raised.value.request_id
    assert raised.value.response.headers["x-request-id"] == own.failed()[-1].request_id


@pytest.mark.parametrize("name", ["stream-error", "truncated", "cut"])
@pytest.mark.parametrize("model", [CLAUDE, PUTER])
async def test_a_stream_that_broke_upstream_raises_and_is_never_ended_as_if_it_were_whole(
    shared: Gatewayed, name: str, model: str
) -> None:
    for path in ("/v1/messages", "/drivers/call"):
        shared.force(Fault(name, after=6, path=path, times=0))
    client = await shared.anthropic()
    stream = await client.messages.create(**ask(model, "[[tokens=80]]"), stream=True)
    events: list[Any] = []
    with pytest.raises(anthropic.APIStatusError):
        await collect(stream, events)
    kinds = [event.type for event in events]
    assert "content_block_delta" in kinds
    assert "message_stop" not in kinds
    assert shared.failed()[-1].after_content
    assert shared.idle()


async def test_a_stream_cut_inside_an_event_ends_with_an_error_that_can_be_read(own: Gatewayed) -> None:
    """The half event stays behind: an error written after it would be garbage to every parser."""
    own.force(Fault("cut", path="/v1/messages", after_bytes=1100, times=0))
    client = await own.anthropic()
    stream = await client.messages.create(**ask(CLAUDE, "[[tokens=80]]"), stream=True)
    events: list[Any] = []
    with pytest.raises(anthropic.APIStatusError):
        await collect(stream, events)
    assert "content_block_delta" in [event.type for event in events]


async def test_leaving_in_the_middle_closes_the_answer_upstream_and_frees_the_account(own: Gatewayed) -> None:
    own.force(Fault("stall", path="/v1/messages", seconds=600, after=8))
    client = await own.anthropic()
    stream = await client.messages.create(**ask(CLAUDE, "[[tokens=80]]"), stream=True)
    async for event in stream:
        if event.type == "content_block_delta":
            break
    assert not own.idle()
    await stream.close()
    await until(lambda: own.calls()[-1].outcome == "left" and own.idle())
    assert own.failed()[-1].message == "The caller went away in the middle of the answer."


async def test_leaving_before_the_first_word_closes_the_answer_upstream(own: Gatewayed) -> None:
    own.force(Fault("slow", path="/v1/messages", seconds=600))
    client = await own.anthropic()
    asking = asyncio.create_task(client.messages.create(**ask(CLAUDE, "hi")))
    await until(lambda: own.calls())
    asking.cancel()
    await until(own.idle)
    assert own.failed()[-1].message == "The caller went away."


async def test_the_synchronous_sdk_works_as_well(shared: Gatewayed) -> None:
    def asked(url: str, key: str) -> tuple[str, str]:
        with (
            anthropic.DefaultHttpxClient(trust_env=False) as http,
            anthropic.Anthropic(
                base_url=url, api_key=key, http_client=http, max_retries=0, _strict_response_validation=True
            ) as client,
        ):
            whole = client.messages.create(**ask(CLAUDE, "tell me more"))
            with client.messages.stream(**ask(CLAUDE, "tell me more")) as stream:
                text = "".join(stream.text_stream)
        return text_of(whole), text

    whole, streamed = await asyncio.to_thread(asked, shared.gateway.url, shared.key)
    assert whole == streamed != ""


async def collect(stream: Any, events: list[Any]) -> None:
    async for event in stream:
        events.append(event)  # noqa: PERF401 - those before an error are wanted too
