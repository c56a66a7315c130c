"""What a dialect cannot carry is refused by name; what changes nothing is taken; nothing else ever comes out."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import neutral

from rota.gateway.anthropic import reply as anthropic_reply
from rota.gateway.anthropic import request as anthropic_request
from rota.gateway.openai import reply as openai_reply
from rota.gateway.openai import request as openai_request
from rota.gateway.problems import Refusal
from rota.providers.base import Finish, Message, Reply, Role, Text, ToolResult, Usage

HELLO = [{"role": "user", "content": "hi"}]

OPENAI_REFUSED: list[tuple[dict[str, Any], str]] = [
    # another number of answers than one
    ({"n": 2}, "n"),
    # forms that only OpenAI's models promise to keep
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format"),
    # what changes the answer and has no neutral form
    ({"frequency_penalty": 0.5}, "frequency_penalty"),
    ({"logit_bias": {"50256": -100}}, "logit_bias"),
    ({"logprobs": True}, "logprobs"),
    ({"seed": 7}, "seed"),
    ({"modalities": ["text", "audio"]}, "modalities"),
    ({"functions": [{"name": "old"}]}, "functions"),
    # a field nobody has heard of: OpenAI refuses it too
    ({"top_k": 5}, "top_k"),
    ({"made_up": None, "also_made_up": 1}, "also_made_up"),
    # parts that are neither text nor image
    (
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        "messages.0.content.0",
    ),
    ({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}, "messages.0.content.0"),
    # tools of OpenAI's own
    ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools.0.type"),
]


@pytest.mark.parametrize(("more", "param"), OPENAI_REFUSED, ids=[p for _, p in OPENAI_REFUSED])
def test_what_openais_dialect_cannot_carry_is_a_400_that_names_the_field(more: dict[str, Any], param: str) -> None:
    with pytest.raises(Refusal) as raised:
        openai_request.to_chat(openai_request.parse(json.dumps({"model": "m", "messages": HELLO, **more}).encode()))
    assert raised.value.problem.status == 400
    assert raised.value.problem.param == param
    assert param.rpartition(".")[2] in raised.value.problem.message or "part" in raised.value.problem.message


OPENAI_TAKEN: list[dict[str, Any]] = [
    # nulls for everything that may be left out: some clients write them all
    dict.fromkeys(
        (
            *("stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "max_tokens"),
            *("max_completion_tokens", "temperature", "top_p", "stop", "reasoning_effort", "response_format", "n"),
            *("user", "seed", "logprobs", "top_logprobs", "logit_bias", "frequency_penalty", "functions"),
        )
    ),
    # bookkeeping
    {"metadata": {"a": "b"}, "store": True, "service_tier": "auto", "safety_identifier": "x", "verbosity": "low"},
    {"stream_options": {"include_usage": None, "include_obfuscation": False}},
    # their defaults, said aloud
    {"n": 1, "frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}, "modalities": ["text"]},
    {"response_format": {"type": "text"}},
    {"tools": [{"type": "function", "function": {"name": "f", "description": None, "parameters": None}}]},
    {"tools": [{"type": "function", "function": {"name": "f", "strict": True}}]},
    {"messages": [{"role": "user", "content": "hi", "name": "ada"}]},
    {"messages": [{"role": "assistant", "content": None, "refusal": None, "tool_calls": None}, *HELLO]},
]


@pytest.mark.parametrize("more", OPENAI_TAKEN)
def test_what_changes_nothing_is_taken(more: dict[str, Any]) -> None:
    raw = json.dumps({"model": "m", "messages": HELLO, **more}).encode()
    assert openai_request.to_chat(openai_request.parse(raw)).messages[-1] == Message(Role.USER, (Text("hi"),))


ANTHROPIC_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"mcp_servers": [{"url": "https://example.com"}]}, "mcp_servers"),
    ({"container": "c_1"}, "container"),
    ({"top_k": 5}, "top_k"),
    ({"made_up": 1}, "made_up"),
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0"),
    ({"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]}, "messages.0.content.0"),
    ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, "output_config.format"),
]


@pytest.mark.parametrize(("more", "param"), ANTHROPIC_REFUSED, ids=[p for _, p in ANTHROPIC_REFUSED])
def test_what_anthropics_dialect_cannot_carry_is_a_400_that_names_the_field(more: dict[str, Any], param: str) -> None:
    body = {"model": "m", "max_tokens": 5, "messages": HELLO, **more}
    with pytest.raises(Refusal) as raised:
        anthropic_request.to_chat(anthropic_request.parse(json.dumps(body).encode()))
    assert raised.value.problem.status == 400
    assert raised.value.problem.param == param


def test_hints_about_cost_do_not_keep_an_anthropic_body_from_another_provider() -> None:
    body = {
        "model": "m",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "e"}}]}],
        "metadata": {"user_id": "x"},
        "service_tier": "auto",
        "context_management": {"edits": []},
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "stop_sequences": None,
        "tools": [{"name": "f", "description": None, "input_schema": {"type": "object"}, "cache_control": None}],
    }
    request = anthropic_request.to_chat(anthropic_request.parse(json.dumps(body).encode()))
    assert request.reasoning_effort == "high"
    assert request.messages == (Message(Role.USER, (Text("hi"),)),)


def test_adaptive_thinking_without_an_effort_still_asks_for_reasoning() -> None:
    body = {"model": "m", "max_tokens": 5, "messages": HELLO, "thinking": {"type": "adaptive"}}
    assert anthropic_request.to_chat(anthropic_request.parse(json.dumps(body).encode())).reasoning_effort == "medium"


def test_tool_results_come_before_what_was_said_beside_them() -> None:
    body = {
        "model": "m",
        "max_tokens": 5,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": "1", "is_error": True},
                    {"type": "tool_result", "tool_use_id": "b"},
                    {"type": "text", "text": "so?"},
                ],
            }
        ],
    }
    assert anthropic_request.to_chat(anthropic_request.parse(json.dumps(body).encode())).messages == (
        Message(Role.TOOL, (ToolResult("a", (Text("1"),), is_error=True),)),
        Message(Role.TOOL, (ToolResult("b", ()),)),
        Message(Role.USER, (Text("so?"),)),
    )


def test_a_stop_sequence_is_told_in_both_dialects() -> None:
    reply = Reply((Text("x"),), Finish.STOP, Usage(), "m", stop_sequence="END")
    assert anthropic_reply.body(reply, answer_id="1")["stop_reason"] == "stop_sequence"
    assert anthropic_reply.body(reply, answer_id="1")["stop_sequence"] == "END"
    assert openai_reply.body(reply, answer_id="1", created=1)["choices"][0]["finish_reason"] == "stop"


BAD_JSON = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"model": "m"', b'{"model": 7, "messages": []}']


@pytest.mark.parametrize("raw", BAD_JSON)
def test_a_body_that_is_none_is_a_400(raw: bytes) -> None:
    for parse in (openai_request.parse, anthropic_request.parse, anthropic_request.parse_head):
        with pytest.raises(Refusal) as raised:
            parse(raw)
        assert raised.value.problem.status == 400


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.builds(lambda value: json.dumps(value).encode(), neutral.json_values))
def test_nothing_that_is_sent_makes_the_parsers_fail_in_another_way(raw: bytes) -> None:
    for parse in (openai_request.parse, anthropic_request.parse):
        with suppress(Refusal):
            parse(raw)
