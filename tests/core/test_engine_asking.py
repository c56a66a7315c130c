"""The library: chat, stream, tools, pictures, thoughts and ends are one call each, on either provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.gatewayed import CLAUDE, Gatewayed, gatewayed, key_and_puter, one_puter

from rota.errors import AllSpent, ProviderError, RotaError
from rota.pool.ask import Ask, Hop
from rota.providers.base import (
    ChatRequest,
    Finish,
    Finished,
    Image,
    Message,
    Reasoning,
    ReasoningDelta,
    Role,
    Text,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolResult,
)
from rota.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rota.engine import Engine

MODELS = [f"anthropic/{CLAUDE}", "puter/gpt-5-nano", "puter/claude-haiku-4-5"]
TOOLS = (
    Tool("weather", "", {"type": "object", "properties": {"city": {"type": "string"}}}),
    Tool("time_of_day", "", {"type": "object", "properties": {"city": {"type": "string"}}}),
)


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Gatewayed]:
    async with gatewayed(tmp_path, key_and_puter) as running:
        yield running


def asked(model: str, text: str, **more: Any) -> ChatRequest:
    return ChatRequest(model=model, messages=(Message(Role.USER, (Text(text),)),), **{"max_tokens": 2000, **more})


async def streamed(engine: Engine, request: ChatRequest, ask: Ask | None = None) -> list[Any]:
    async with engine.stream(request, ask) as stream:
        return [item async for item in stream]


@pytest.mark.parametrize("model", MODELS)
async def test_an_answer_is_one_call_whole_or_streamed(it: Gatewayed, model: str) -> None:
    request = asked(model, "tell me about gateways in some detail")
    served = await it.engine.chat(request)
    items = await streamed(it.engine, request)
    assert "".join(i.text for i in items if isinstance(i, TextDelta)) == served.reply.text != ""
    assert served.reply.finish is Finish.STOP
    last = items[-1]
    assert isinstance(last, Finished)
    assert last.usage.output_tokens == served.reply.usage.output_tokens > 0
    assert served.story.duration > 0


@pytest.mark.parametrize("model", MODELS[:2])
async def test_tools_are_called_and_answered(it: Gatewayed, model: str) -> None:
    request = asked(model, '[[tool=weather:{"city": "Oslo"}]] [[tool=time_of_day:{"city": "Lima"}]]', tools=TOOLS)
    first = (await it.engine.chat(request)).reply
    assert first.finish is Finish.TOOL_CALLS
    assert [(c.name, c.arguments) for c in first.tool_calls] == [
        ("weather", {"city": "Oslo"}),
        ("time_of_day", {"city": "Lima"}),
    ]
    results = tuple(Message(Role.TOOL, (ToolResult(c.id, (Text("fine"),)),)) for c in first.tool_calls)
    turns = (*request.messages, Message(Role.ASSISTANT, first.parts), *results)
    second = (await it.engine.chat(ChatRequest(model=model, messages=turns, tools=TOOLS))).reply
    assert second.finish is Finish.STOP
    assert "the tool answered" in second.text


async def test_a_streamed_tool_call_comes_in_pieces(it: Gatewayed) -> None:
    items = await streamed(it.engine, asked(MODELS[0], '[[tool=weather:{"city": "Oslo"}]]', tools=TOOLS))
    calls = [i for i in items if isinstance(i, ToolCallDelta)]
    assert (calls[0].name, "".join(c.arguments for c in calls)) == ("weather", '{"city":"Oslo"}')


@pytest.mark.parametrize("image", [Image(url="https://example.com/cat.png"), Image(data="aGk=")])
@pytest.mark.parametrize("model", MODELS)
async def test_pictures_go_along(it: Gatewayed, model: str, image: Image) -> None:
    request = ChatRequest(model=model, messages=(Message(Role.USER, (Text("what is in it?"), image)),))
    assert "1 image" in (await it.engine.chat(request)).reply.text


@pytest.mark.parametrize("model", [MODELS[0], MODELS[2]])
async def test_thoughts_come_apart_from_the_answer(it: Gatewayed, model: str) -> None:
    request = asked(model, "[[think=20]] why?", reasoning_effort="low")
    reply = (await it.engine.chat(request)).reply
    thoughts = [p.text for p in reply.parts if isinstance(p, Reasoning)]
    items = await streamed(it.engine, request)
    assert "".join(i.text for i in items if isinstance(i, ReasoningDelta)) == "".join(thoughts) != ""


ENDS = [("hello there", {}, Finish.STOP), ("[[tokens=50]]", {"max_tokens": 5}, Finish.LENGTH)]


@pytest.mark.parametrize(("text", "more", "finish"), ENDS)
@pytest.mark.parametrize("model", MODELS[:2])
async def test_why_it_ended_is_told(
    it: Gatewayed, model: str, text: str, more: dict[str, Any], finish: Finish
) -> None:
    assert (await it.engine.chat(asked(model, text, **more))).reply.finish is finish


async def test_fallback_is_forbidden_for_one_request(tmp_path: Path) -> None:
    chain = {"anthropic": (), "puter": ("puter/claude-haiku-4-5",)}
    async with gatewayed(tmp_path, one_puter, pool={"fallback_models": chain}) as it:
        it.force(Fault("upstream-429", path="/drivers/call", model="gpt-5-nano", times=0))
        request = asked("puter/gpt-5-nano", "hi")
        with pytest.raises(AllSpent):
            await it.engine.chat(request, Ask(model=request.model, fallback=False))
        served = await it.engine.chat(request)
        assert served.story.model.startswith("claude-haiku-4-5")
        assert served.story.requested_model == "puter/gpt-5-nano"


async def test_hops_are_seen_in_a_stream_before_its_first_word(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, one_puter) as it:
        it.force(Fault("upstream-429", path="/drivers/call", model="gpt-5-nano", times=1))
        items = await streamed(it.engine, asked("puter/gpt-5-nano", "hi"))
        assert isinstance(items[0], Hop)
        assert isinstance(items[-1], Finished)


async def test_a_stream_that_breaks_raises_after_what_it_gave(it: Gatewayed) -> None:
    it.force(Fault("cut", path="/v1/messages", after=6))
    words: list[str] = []
    with pytest.raises(ProviderError):
        await _read(it.engine, asked(MODELS[0], "[[tokens=80]]"), words)
    assert words


async def _read(engine: Engine, request: ChatRequest, words: list[str]) -> None:
    async with engine.stream(request) as stream:
        async for item in stream:
            if isinstance(item, TextDelta):
                words.append(item.text)  # noqa: PERF401 - those before the error are wanted too


@pytest.mark.parametrize("model", ["puter/no-such-model", "anthropic/claude-nonsense-9"])
async def test_a_model_that_is_not_there_is_an_error_of_ours(it: Gatewayed, model: str) -> None:
    with pytest.raises(RotaError):
        await it.engine.chat(asked(model, "hi"), Ask(model=model, fallback=False))
