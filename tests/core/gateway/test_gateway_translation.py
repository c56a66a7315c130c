"""Both dialects to the neutral form and back, field by field, for any conversation, tools and answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support import neutral

from rota.gateway.anthropic import reply as anthropic_reply
from rota.gateway.anthropic import request as anthropic_request
from rota.gateway.openai import reply as openai_reply
from rota.gateway.openai import request as openai_request
from rota.providers.base import (
    ChatRequest,
    Image,
    Message,
    Part,
    Reasoning,
    Reply,
    Role,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

unsigned = st.builds(Reasoning, neutral.words)
signed = st.builds(Reasoning, neutral.words, neutral.ids)


def assistants(reasoning: st.SearchStrategy[Reasoning]) -> st.SearchStrategy[Message]:
    def message(thoughts: list[Reasoning], said: list[Text], calls: list[ToolCall]) -> Message:
        return Message(Role.ASSISTANT, (*thoughts, *said, *calls))

    some = st.builds(
        message,
        st.lists(reasoning, max_size=1),
        st.lists(neutral.texts, max_size=2),
        st.lists(neutral.calls, max_size=2),
    )
    return some.filter(lambda m: m.parts)


systems = st.builds(Message, st.just(Role.SYSTEM), st.tuples(neutral.texts))


@st.composite
def requests(draw: st.DrawFn, /, turns: st.SearchStrategy[Message], **more: st.SearchStrategy[Any]) -> ChatRequest:
    beginning = draw(st.lists(systems, max_size=1))
    return ChatRequest(
        model=draw(neutral.names),
        messages=(*beginning, *draw(st.lists(turns, min_size=1, max_size=5))),
        tools=tuple(draw(st.lists(neutral.tools, max_size=2))),
        tool_choice=draw(neutral.choices),
        parallel_tools=draw(st.none() | st.booleans()),
        max_tokens=draw(st.integers(1, 10**6)),
        temperature=draw(st.none() | st.floats(0, 1)),
        top_p=draw(st.none() | st.floats(0, 1)),
        stop=tuple(draw(st.lists(neutral.words, max_size=3))),
        **{name: draw(strategy) for name, strategy in more.items()},
    )


# --- OpenAI -----------------------------------------------------------------------------------------------


def as_openai(request: ChatRequest) -> dict[str, Any]:
    """The request as a client of OpenAI writes it."""
    choice = request.tool_choice
    named = isinstance(choice, str) and not isinstance(choice, ToolChoice)
    body = {
        "model": request.model,
        "messages": [_openai_message(m) for m in request.messages],
        "tools": [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
            }
            for t in request.tools
        ],
        "tool_choice": {"type": "function", "function": {"name": choice}} if named else choice,
        "parallel_tool_calls": request.parallel_tools,
        "max_completion_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop),
        "reasoning_effort": request.reasoning_effort,
        "user": request.metadata.get("user"),
    }
    return {name: value for name, value in body.items() if value not in (None, [])}


def _openai_message(message: Message) -> dict[str, Any]:
    if message.role is Role.TOOL:
        (result,) = message.parts
        assert isinstance(result, ToolResult)
        return {"role": "tool", "tool_call_id": result.call_id, "content": _openai_parts(result.content)}
    said = [p for p in message.parts if isinstance(p, Text | Image)]
    written: dict[str, Any] = {"role": message.role.value, "content": _openai_parts(said) if said else None}
    for part in message.parts:
        if isinstance(part, Reasoning):
            written["reasoning_content"] = part.text
        elif isinstance(part, ToolCall):
            function = {"name": part.name, "arguments": json.dumps(part.arguments)}
            written.setdefault("tool_calls", []).append({"id": part.id, "type": "function", "function": function})
    return written


def _openai_parts(parts: Any) -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": p.text}
        if isinstance(p, Text)
        else {"type": "image_url", "image_url": {"url": p.url or f"data:{p.media_type};base64,{p.data}"}}
        for p in parts
    ]


openai_requests = requests(
    neutral.users | assistants(unsigned) | neutral.tool_answers,
    reasoning_effort=st.sampled_from([None, "low", "medium", "high"]),
    metadata=st.sampled_from([{}, {"user": "somebody"}]),
)


@given(openai_requests)
def test_an_openai_body_keeps_every_field(request: ChatRequest) -> None:
    raw = json.dumps(as_openai(request)).encode()
    assert openai_request.to_chat(openai_request.parse(raw)) == request


@given(neutral.replies(unsigned))
def test_an_answer_in_openais_words_keeps_every_field(reply: Reply) -> None:
    body = openai_reply.body(reply, answer_id="chatcmpl-1", created=1)
    assert _read_openai(body["choices"][0]["message"]) == reply.parts
    assert body["choices"][0]["finish_reason"] == openai_reply.FINISH[reply.finish]
    _check_openai_usage(body["usage"], reply.usage)


@given(neutral.replies(unsigned), st.lists(st.integers(1, 9), max_size=4))
def test_a_stream_in_openais_words_adds_up_to_the_whole_answer(reply: Reply, sizes: list[int]) -> None:
    chunks = openai_reply.Chunks("chatcmpl-1", 1, "some-model", wants_usage=True)
    raw = b"".join(chunks.of(delta) for delta in neutral.deltas_of(reply, sizes))
    *events, done = _data(raw)
    assert done == "[DONE]"
    message: dict[str, Any] = {"content": "", "reasoning_content": "", "tool_calls": []}
    frames = [json.loads(e) for e in events]
    for frame in frames[:-1]:
        _add_openai(message, frame["choices"][0]["delta"])
    assert _read_openai(message) == reply.parts
    assert [f["choices"][0]["finish_reason"] for f in frames[:-1]] == [None] * (len(frames) - 2) + [
        openai_reply.FINISH[reply.finish]
    ]
    _check_openai_usage(frames[-1]["usage"], reply.usage)


def _check_openai_usage(usage: dict[str, Any], expected: Usage) -> None:
    assert usage["prompt_tokens"] == expected.prompt_tokens
    assert usage["completion_tokens"] == expected.output_tokens
    assert usage["prompt_tokens_details"]["cached_tokens"] == expected.cache_read_tokens
    assert usage["completion_tokens_details"]["reasoning_tokens"] == expected.reasoning_tokens


def _add_openai(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name in ("content", "reasoning_content"):
        message[name] += delta.get(name) or ""
    for piece in delta.get("tool_calls", ()):
        if piece["index"] == len(message["tool_calls"]):
            message["tool_calls"].append({"id": piece["id"], "function": dict(piece["function"])})
        else:
            message["tool_calls"][piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]


def _read_openai(message: dict[str, Any]) -> tuple[Part, ...]:
    parts: list[Part] = []
    if message.get("reasoning_content"):
        parts.append(Reasoning(message["reasoning_content"]))
    if message["content"]:
        parts.append(Text(message["content"]))
    parts += [
        ToolCall(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls", ())
    ]
    return tuple(parts)


# --- Anthropic --------------------------------------------------------------------------------------------


def as_anthropic(request: ChatRequest) -> dict[str, Any]:
    """The request as a client of Anthropic writes it."""
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": [
            {
                "role": "user" if m.role is Role.TOOL else m.role.value,
                "content": [_anthropic_block(p) for p in m.parts],
            }
            for m in request.messages
            if m.role is not Role.SYSTEM
        ],
        "system": [{"type": "text", "text": m.text} for m in request.messages if m.role is Role.SYSTEM],
        "tools": [
            {"name": t.name, "description": t.description, "input_schema": t.parameters} for t in request.tools
        ],
        "tool_choice": _anthropic_choice(request),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": list(request.stop),
    }
    if request.reasoning_tokens is not None:
        body["thinking"] = {"type": "enabled", "budget_tokens": request.reasoning_tokens}
    return {name: value for name, value in body.items() if value not in (None, [])}


def _anthropic_choice(request: ChatRequest) -> dict[str, Any] | None:
    if request.tool_choice is None:
        return None
    kinds = {ToolChoice.AUTO: "auto", ToolChoice.REQUIRED: "any", ToolChoice.NONE: "none"}
    kind = kinds.get(request.tool_choice) if isinstance(request.tool_choice, ToolChoice) else None
    choice: dict[str, Any] = {"type": kind} if kind else {"type": "tool", "name": request.tool_choice}
    if request.parallel_tools is not None:
        choice["disable_parallel_tool_use"] = not request.parallel_tools
    return choice


def _anthropic_block(part: Part) -> dict[str, Any]:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Image(url=str(url)):
            return {"type": "image", "source": {"type": "url", "url": url}}
        case Image():
            return {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": part.data}}
        case Reasoning(text=text, signature=signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": part.arguments}
        case ToolResult():
            content = [_anthropic_block(p) for p in part.content]
            return {"type": "tool_result", "tool_use_id": part.call_id, "content": content, "is_error": part.is_error}
    raise AssertionError(part)


anthropic_requests = requests(
    neutral.users | assistants(signed) | neutral.tool_answers,
    reasoning_tokens=st.none() | st.integers(1024, 10_000),
).filter(lambda r: r.parallel_tools is None or r.tool_choice is not None)


@given(anthropic_requests)
def test_an_anthropic_body_keeps_every_field(request: ChatRequest) -> None:
    raw = json.dumps(as_anthropic(request)).encode()
    assert anthropic_request.to_chat(anthropic_request.parse(raw)) == request


@given(neutral.replies(signed))
def test_an_answer_in_anthropics_words_keeps_every_field(reply: Reply) -> None:
    body = anthropic_reply.body(reply, answer_id="msg_1")
    assert tuple(_read_block(block) for block in body["content"]) == reply.parts
    assert body["stop_reason"] == anthropic_reply.STOP_REASON[reply.finish]
    _check_anthropic_usage(body["usage"], reply.usage)


@given(neutral.replies(signed), st.lists(st.integers(1, 9), max_size=4))
def test_a_stream_in_anthropics_words_adds_up_to_the_whole_answer(reply: Reply, sizes: list[int]) -> None:
    encoder = anthropic_reply.Events("msg_1", "some-model")
    raw = b"".join(encoder.of(delta) for delta in neutral.deltas_of(reply, sizes))
    events = [json.loads(data) for data in _data(raw)]
    assert [e["type"] for e in events][:1] + [e["type"] for e in events][-2:] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    blocks: list[dict[str, Any]] = []
    for event in events[1:-2]:
        _add_anthropic(blocks, event)
    assert all(block.pop("closed") for block in blocks)
    assert tuple(_read_block(block) for block in blocks) == reply.parts
    assert events[-2]["delta"]["stop_reason"] == anthropic_reply.STOP_REASON[reply.finish]
    _check_anthropic_usage(events[-2]["usage"], reply.usage)


def _check_anthropic_usage(usage: dict[str, Any], expected: Usage) -> None:
    assert usage == {
        "input_tokens": expected.input_tokens,
        "output_tokens": expected.output_tokens,
        "cache_creation_input_tokens": expected.cache_write_tokens,
        "cache_read_input_tokens": expected.cache_read_tokens,
    }


def _add_anthropic(blocks: list[dict[str, Any]], event: dict[str, Any]) -> None:
    match event["type"]:
        case "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append({**event["content_block"], "json": "", "closed": False})
        case "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            assert not block["closed"]
            match delta["type"]:
                case "text_delta":
                    block["text"] += delta["text"]
                case "thinking_delta":
                    block["thinking"] += delta["thinking"]
                case "signature_delta":
                    block["signature"] += delta["signature"]
                case "input_json_delta":
                    block["json"] += delta["partial_json"]
        case "content_block_stop":
            blocks[event["index"]]["closed"] = True


def _read_block(block: dict[str, Any]) -> Part:
    match block["type"]:
        case "text":
            return Text(block["text"])
        case "thinking":
            return Reasoning(block["thinking"], block["signature"])
        case "tool_use":
            said = json.loads(block["json"]) if block.get("json") else block["input"]
            return ToolCall(block["id"], block["name"], said)
    raise AssertionError(block)


def _data(raw: bytes) -> list[str]:
    return list(_lines(raw.decode()))


def _lines(text: str) -> Iterator[str]:
    for event in text.split("\n\n"):
        for line in event.split("\n"):
            if line.startswith("data: "):
                yield line.removeprefix("data: ")
