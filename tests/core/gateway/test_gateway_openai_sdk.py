"""The official `openai` SDK, at its strictest, against the gateway: what it asks for and what it gets."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import openai
import pytest
from tests.support.gatewayed import CLAUDE, until

from rota.simulator import Fault

if TYPE_CHECKING:
    from tests.support.gatewayed import Gatewayed

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = [f"anthropic/{CLAUDE}", CLAUDE, "puter/gpt-5-nano", "puter/claude-haiku-4-5"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"the {name}",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    for name in ("weather", "time_of_day")
]


def said(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


async def read(stream: Any) -> tuple[list[Any], Exception | None]:
    """The chunks of a stream, and what its reading ended with."""
    chunks: list[Any] = []
    try:
        async for chunk in stream:
            chunks.append(chunk)  # noqa: PERF401 - those before the error are wanted too
    except Exception as error:  # noqa: BLE001 - what it is, the test asks
        return chunks, error
    return chunks, None


@pytest.mark.parametrize("model", MODELS)
async def test_a_question_is_answered_whole(shared: Gatewayed, model: str) -> None:
    client = await shared.openai()
    answer = await client.chat.completions.create(model=model, messages=said("hello there, how are you?"))
    choice = answer.choices[0]
    assert choice.message.content
    assert choice.finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream_says_the_same_as_the_whole_answer(shared: Gatewayed, model: str) -> None:
    client = await shared.openai()
    question: Any = {"model": model, "messages": said("tell me about gateways in some detail")}
    whole = await client.chat.completions.create(**question)
    stream = await client.chat.completions.create(**question, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert whole.usage is not None
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert all(c.usage is None for c in chunks[:-1])
    assert len({c.id for c in chunks}) == 1


async def test_usage_is_streamed_only_to_who_asks_for_it(shared: Gatewayed) -> None:
    client = await shared.openai()
    stream = await client.chat.completions.create(model=CLAUDE, messages=said("hi"), stream=True)
    assert all([chunk.choices and chunk.usage is None async for chunk in stream])


@pytest.mark.parametrize("model", [CLAUDE, "puter/gpt-5-nano"])
async def test_a_tools_loop_goes_round_with_two_calls_at_once(shared: Gatewayed, model: str) -> None:
    client = await shared.openai()
    messages = said('[[tool=weather:{"city": "Oslo"}]] [[tool=time_of_day:{"city": "Lima"}]]')
    first = await client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls is not None
    calls = [(c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls if c.type == "function"]
    assert calls == [("weather", {"city": "Oslo"}), ("time_of_day", {"city": "Lima"})]
    messages.append(message.model_dump(exclude_none=True))
    messages += [
        {"role": "tool", "tool_call_id": c.id, "content": f"fine {n}"} for n, c in enumerate(message.tool_calls)
    ]
    second = await client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    assert second.choices[0].finish_reason == "stop"
    assert "the tool answered" in (second.choices[0].message.content or "")


async def test_streamed_tool_calls_are_pieced_together_by_the_sdk(shared: Gatewayed) -> None:
    client = await shared.openai()
    messages = said('[[tool=weather:{"city": "Zürich – north"}]] [[tool=time_of_day:{"city": "Lima"}]]')
    async with client.chat.completions.stream(model=CLAUDE, messages=messages, tools=TOOLS) as stream:
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert final.choices[0].finish_reason == "tool_calls"
    assert calls is not None
    assert [(c.function.name, json.loads(c.function.arguments)) for c in calls] == [
        ("weather", {"city": "Zürich – north"}),
        ("time_of_day", {"city": "Lima"}),
    ]
    assert all(c.id for c in calls)


async def test_one_tool_at_a_time_and_forced_ones_reach_the_provider(shared: Gatewayed) -> None:
    client = await shared.openai()
    named: Any = {"type": "function", "function": {"name": "weather"}}
    answer = await client.chat.completions.create(
        model=CLAUDE, messages=said("go"), tools=TOOLS, tool_choice=named, parallel_tool_calls=False
    )
    assert answer.choices[0].message.tool_calls is not None
    body = shared.calls()[-1].body
    assert body["tool_choice"] == {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}


IMAGES = [
    (f"data:image/png;base64,{PIXEL}", {"type": "base64", "media_type": "image/png", "data": PIXEL}),
    ("https://example.com/cat.png", {"type": "url", "url": "https://example.com/cat.png"}),
]


@pytest.mark.parametrize(("url", "source"), IMAGES)
async def test_images_go_along_by_address_and_inline(shared: Gatewayed, url: str, source: dict[str, str]) -> None:
    client = await shared.openai()
    parts: Any = [{"type": "text", "text": "what is in it?"}, {"type": "image_url", "image_url": {"url": url}}]
    answer = await client.chat.completions.create(model=CLAUDE, messages=[{"role": "user", "content": parts}])
    assert "1 image" in (answer.choices[0].message.content or "")
    assert shared.calls()[-1].body["messages"][0]["content"][1] == {"type": "image", "source": source}
    answer = await client.chat.completions.create(
        model="puter/gpt-5-nano", messages=[{"role": "user", "content": parts}]
    )
    assert "1 image" in (answer.choices[0].message.content or "")
    assert shared.calls()[-1].body["args"]["messages"][0]["content"][1] == {
        "type": "image_url",
        "image_url": {"url": url},
    }


@pytest.mark.parametrize("model", [CLAUDE, "puter/claude-haiku-4-5"])
async def test_reasoning_comes_beside_the_answer(shared: Gatewayed, model: str) -> None:
    client = await shared.openai()
    question: Any = {"model": model, "messages": said("[[think=20]] why is that so?"), "reasoning_effort": "medium"}
    whole = await client.chat.completions.create(**question)
    stream = await client.chat.completions.create(**question, stream=True)
    chunks = [chunk async for chunk in stream]
    thought = "".join(getattr(c.choices[0].delta, "reasoning_content", None) or "" for c in chunks)
    assert thought
    assert thought == getattr(whole.choices[0].message, "reasoning_content", None)
    assert shared.calls()[-1].body is not None


async def test_the_limits_of_the_answer_are_kept(shared: Gatewayed) -> None:
    client = await shared.openai()
    for field in ("max_tokens", "max_completion_tokens"):
        answer = await client.chat.completions.create(
            model=CLAUDE, messages=said("[[tokens=50]]"), extra_body={field: 5}
        )
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 5
        assert shared.calls()[-1].body["max_tokens"] == 5


@pytest.mark.parametrize("stop", ["END", ["END", "STOP"]])
async def test_stop_sequences_reach_the_provider(shared: Gatewayed, stop: Any) -> None:
    client = await shared.openai()
    await client.chat.completions.create(model=CLAUDE, messages=said("hi"), stop=stop)
    assert shared.calls()[-1].body["stop_sequences"] == ([stop] if isinstance(stop, str) else stop)


@pytest.mark.parametrize("model", [CLAUDE, "puter/gpt-5-nano"])
async def test_an_answer_ends_before_a_stop_sequence(shared: Gatewayed, model: str) -> None:
    """Puter takes `stop` and lets most models speak on: then rota ends the answer."""
    client = await shared.openai()
    ask: Any = {"model": model, "messages": said("[[tokens=80]] and stop")}
    whole = (await client.chat.completions.create(**ask)).choices[0].message.content
    assert whole is not None
    stop = whole[50:58]
    short = (await client.chat.completions.create(**ask, stop=["absent", stop])).choices[0]
    assert (short.message.content, short.finish_reason) == (whole[: whole.index(stop)], "stop")
    chunks = [c async for c in await client.chat.completions.create(**ask, stop=stop, stream=True) if c.choices]
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == short.message.content
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_the_system_says_its_part_under_both_its_names(shared: Gatewayed) -> None:
    client = await shared.openai()
    for role in ("system", "developer"):
        messages: Any = [{"role": role, "content": "Be brief."}, *said("hi")]
        await client.chat.completions.create(model=CLAUDE, messages=messages)
        assert shared.calls()[-1].body["system"] == [{"type": "text", "text": "Be brief."}]


async def test_cached_tokens_are_counted_in_the_prompt_and_told_apart(shared: Gatewayed) -> None:
    client = await shared.anthropic()
    openai_client = await shared.openai()
    long = "The rules of the house. " * 900
    system: Any = [{"type": "text", "text": long, "cache_control": {"type": "ephemeral"}}]
    question: Any = {"model": CLAUDE, "max_tokens": 20, "system": system, "messages": said("hi")}
    await client.messages.create(**question)
    again = await client.messages.create(**question)
    assert again.usage.cache_read_input_tokens
    assert shared.served()[-1].cached_tokens == again.usage.cache_read_input_tokens
    puter = await openai_client.chat.completions.create(
        model="puter/gpt-5-nano", messages=[{"role": "system", "content": long}, *said("hi")]
    )
    assert puter.usage is not None
    assert puter.usage.prompt_tokens_details is not None
    assert puter.usage.prompt_tokens >= (puter.usage.prompt_tokens_details.cached_tokens or 0)


async def test_models_are_listed_and_found_by_name(shared: Gatewayed) -> None:
    client = await shared.openai()
    listed = {m.id async for m in client.models.list()}
    assert {f"anthropic/{CLAUDE}", "puter/gemini-2.5-pro"} <= listed
    found = await client.models.retrieve("puter/gpt-5-nano")
    assert found.id == "puter/gpt-5-nano"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("puter/gpt-9000")


ERRORS: list[tuple[Fault, type[openai.APIStatusError], int]] = [
    # the caller's own fault, told as the provider tells it
    (Fault("bad-request", path="/v1/messages"), openai.BadRequestError, 400),
    # the account cannot pay, and there is no other
    (Fault("low-credit", path="/v1/messages", times=0), openai.RateLimitError, 429),
    # every account's window is spent
    (Fault("spend-cap", path="/v1/messages", times=0), openai.RateLimitError, 429),
    # nobody's fault
    (Fault("overloaded", path="/v1/messages", times=0), openai.InternalServerError, 503),
    (Fault("html", path="/v1/messages", times=0), openai.InternalServerError, 503),
    (Fault("empty", path="/v1/messages", times=0), openai.InternalServerError, 502),
    # a person must act
    (Fault("forbidden", path="/v1/messages", times=0), openai.PermissionDeniedError, 403),
    # the provider refuses this use, whoever asks
    (Fault("policy-third-party", path="/v1/messages", times=0), openai.BadRequestError, 400),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "expected", "status"), ERRORS, ids=[f.name for f, _, _ in ERRORS])
async def test_failures_become_the_sdks_own_exceptions(
    own: Gatewayed, fault: Fault, expected: type[openai.APIStatusError], status: int, stream: bool
) -> None:
    own.force(Fault(fault.name, path=fault.path, times=fault.times))
    client = await own.openai()
    with pytest.raises(openai.APIStatusError) as raised:
        await client.chat.completions.create(model=CLAUDE, messages=said("hi"), stream=stream)
    assert type(raised.value) is expected
    assert raised.value.status_code == status
    assert raised.value.request_id
    assert raised.value.message
    assert own.idle()


async def test_a_limit_says_when_to_come_back(own: Gatewayed) -> None:
    own.force(Fault("spend-cap", path="/v1/messages", times=0))
    client = await own.openai()
    with pytest.raises(openai.RateLimitError) as raised:
        await client.chat.completions.create(model=CLAUDE, messages=said("hi"))
    hold = own.state("console").hold
    assert hold is not None
    left = hold.until - own.engine.clock.now()
    assert abs(float(raised.value.response.headers["retry-after"]) - left) <= 2


BROKEN = ["stream-error", "truncated", "cut"]


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("model", [CLAUDE, "puter/gpt-5-nano"])
async def test_a_stream_that_broke_upstream_raises_and_is_never_ended_as_if_it_were_whole(
    shared: Gatewayed, name: str, model: str
) -> None:
    shared.force(
        Fault(name, after=6, path="/v1/messages", times=0), Fault(name, after=6, path="/drivers/call", times=0)
    )
    client = await shared.openai()
    stream = await client.chat.completions.create(model=model, messages=said("[[tokens=80]]"), stream=True)
    chunks, error = await read(stream)
    assert isinstance(error, openai.APIError)
    assert chunks
    assert not any(c.choices[0].finish_reason for c in chunks)
    assert shared.failed()[-1].after_content
    assert shared.idle()


async def test_the_sdk_gives_up_after_its_own_time_and_the_answer_upstream_ends(own: Gatewayed) -> None:
    own.force(Fault("stall", path="/v1/messages", seconds=600, after=6))
    client = await own.openai(timeout=openai.Timeout(10, read=0.3))
    stream = await client.chat.completions.create(model=CLAUDE, messages=said("[[tokens=80]]"), stream=True)
    _, error = await read(stream)
    assert "timed out" in str(error).lower() or "Timeout" in type(error).__name__
    await until(lambda: own.idle() and own.calls()[-1].outcome != "open")


async def test_the_synchronous_sdk_works_as_well(shared: Gatewayed) -> None:
    def ask(url: str, key: str) -> tuple[str, str]:
        with (
            openai.DefaultHttpxClient(trust_env=False) as http,
            openai.OpenAI(
                base_url=f"{url}/v1", api_key=key, http_client=http, max_retries=0, _strict_response_validation=True
            ) as client,
        ):
            whole = client.chat.completions.create(model=CLAUDE, messages=said("tell me more"))
            stream = client.chat.completions.create(model=CLAUDE, messages=said("tell me more"), stream=True)
            text = "".join(c.choices[0].delta.content or "" for c in stream)
        return whole.choices[0].message.content or "", text

    whole, streamed = await asyncio.to_thread(ask, shared.gateway.url, shared.key)
    assert whole == streamed != ""
