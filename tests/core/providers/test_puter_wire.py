"""A neutral request becomes the arguments that every vendor behind Puter understands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.puter_captures import capture

from rota.providers.base import (
    ChatRequest,
    Image,
    Message,
    Part,
    Reasoning,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from rota.providers.puter import wire
from rota.providers.puter.catalogue import is_claude

CLAUDE, GPT = "claude-sonnet-4-5", "gpt-4o-mini"


def _messages(*messages: Message, model: str = GPT) -> list[dict[str, Any]]:
    return wire.messages(ChatRequest(model, messages))


def _one(part: Part, model: str = GPT) -> Any:
    (written,) = _messages(Message(Role.USER, (part, Text("?"))), model=model)
    return written["content"][0]


def test_the_plainest_request_is_what_the_capture_sent() -> None:
    request = ChatRequest(CLAUDE, (Message(Role.USER, (Text("hi"),)),))
    assert wire.call(request, stream=False) == json.loads(capture("chat-claude").sent)
    assert wire.call(request, stream=True) == json.loads(capture("chat-claude-stream").sent)


def test_tools_go_out_in_openais_form_like_the_captures() -> None:
    sent = json.loads(capture("chat-openai-tools-stream").sent)
    (function,) = [tool["function"] for tool in sent["args"]["tools"]]
    request = ChatRequest(
        GPT,
        (Message(Role.USER, (Text(sent["args"]["messages"][0]["content"]),)),),
        tools=(Tool(function["name"], function["description"], function["parameters"]),),
    )
    assert wire.call(request, stream=True) == sent


def test_every_option_is_passed_and_none_is_invented() -> None:
    request = ChatRequest(
        GPT,
        (Message(Role.USER, (Text("hi"),)),),
        tools=(Tool("f"),),
        tool_choice="f",
        parallel_tools=False,
        max_tokens=100,
        temperature=0.0,
        top_p=0.9,
        stop=("END",),
        reasoning_effort="high",
    )
    args = wire.call(request, stream=False)["args"]
    assert args.pop("messages")
    assert args == {
        "model": GPT,
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "description": "", "parameters": {"type": "object", "properties": {}}},
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": False,
        "max_tokens": 100,
        "temperature": 0.0,
        "top_p": 0.9,
        "stop": ["END"],
        "reasoning_effort": "high",
    }


@pytest.mark.parametrize(
    ("choice", "said"),
    [(ToolChoice.AUTO, "auto"), (ToolChoice.NONE, "none"), (ToolChoice.REQUIRED, "required"), (None, None)],
)
def test_a_choice_of_tools_is_said_only_with_tools(choice: ToolChoice | None, said: str | None) -> None:
    hi = (Message(Role.USER, (Text("hi"),)),)
    with_tools = wire.call(ChatRequest(GPT, hi, tools=(Tool("f"),), tool_choice=choice), stream=False)
    without = wire.call(ChatRequest(GPT, hi, tool_choice=choice, parallel_tools=True), stream=False)
    assert with_tools["args"].get("tool_choice") == said
    assert without["args"].keys() == {"model", "messages"}


@pytest.mark.parametrize(
    ("tokens", "effort"), [(None, None), (0, None), (1024, "low"), (4096, "medium"), (32_000, "high")]
)
def test_a_thinking_budget_becomes_an_effort(tokens: int | None, effort: str | None) -> None:
    request = ChatRequest(GPT, (Message(Role.USER, (Text("hi"),)),), reasoning_tokens=tokens)
    assert wire.call(request, stream=False)["args"].get("reasoning_effort") == effort


def test_a_tool_call_is_a_content_block_with_an_object() -> None:
    call = ToolCall("c1", "f", {"city": "Oslo"})
    assert _messages(Message(Role.ASSISTANT, (Text("Let me look."), call))) == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"city": "Oslo"}},
            ],
        }
    ]


def test_tool_results_are_messages_of_their_own_before_what_else_was_said() -> None:
    written = _messages(
        Message(
            Role.USER,
            (
                Text("And now?"),
                ToolResult("c1", (Text("4 "), Text("degrees"))),
                ToolResult("c2", (Image(data="QUJD"), Text("a map"))),
            ),
        )
    )
    assert written == [
        {"role": "tool", "tool_call_id": "c1", "content": "4 degrees"},
        {"role": "tool", "tool_call_id": "c2", "content": "a map"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
                {"type": "text", "text": "And now?"},
            ],
        },
    ]


@pytest.mark.parametrize(("is_error", "said"), [(False, "(no output)"), (True, "The tool failed without a message.")])
def test_an_empty_tool_result_says_so_for_puter_refuses_empty_content(is_error: bool, said: str) -> None:
    result = ToolResult("c1", (), is_error)
    assert _messages(Message(Role.TOOL, (result,))) == [{"role": "tool", "tool_call_id": "c1", "content": said}]


def test_all_that_the_system_says_goes_first_in_one_piece() -> None:
    written = _messages(
        Message(Role.SYSTEM, (Text("Be brief."),)),
        Message(Role.USER, (Text("hi"),)),
        Message(Role.SYSTEM, (Text("Be kind."),)),
        Message(Role.SYSTEM, ()),
    )
    assert written == [{"role": "system", "content": "Be brief.\n\nBe kind."}, {"role": "user", "content": "hi"}]


def test_what_is_empty_stays_behind() -> None:
    assert (
        _messages(Message(Role.USER, (Text(""),)), Message(Role.ASSISTANT, ()), Message(Role.USER, (Image(),))) == []
    )


@pytest.mark.parametrize(
    ("image", "claude", "openai"),
    [
        (
            Image(url="https://example.org/a.png"),
            {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        ),
        (
            Image(data="QUJD", media_type="image/webp"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": "QUJD"}},
            {"type": "image_url", "image_url": {"url": "data:image/webp;base64,QUJD"}},
        ),
    ],
)
def test_an_image_takes_the_form_that_its_vendor_reads(image: Image, claude: object, openai: object) -> None:
    assert _one(image, CLAUDE) == claude
    assert _one(image, GPT) == openai
    assert _one(image, "openrouter:anthropic/claude-sonnet-4.5") == openai


def test_only_signed_thoughts_return_and_only_to_claude() -> None:
    signed, unsigned = Reasoning("2+2", "sig"), Reasoning("2+2")
    assert _one(signed, CLAUDE) == {"type": "thinking", "thinking": "2+2", "signature": "sig"}
    assert _one(unsigned, CLAUDE) == "?"  # a lone text is a string, and this is its first character
    assert _one(signed, GPT) == "?"


@pytest.mark.parametrize(
    ("model", "claude"),
    [
        ("claude-haiku-4-5", True),
        (" Claude-Opus ", True),
        ("anthropic/claude-opus-4-5", True),
        ("anthropic:anthropic/claude-opus-4-5", True),
        ("openrouter:anthropic/claude-opus-4.5", False),
        ("gpt-4o", False),
    ],
)
def test_claude_ids_are_known(model: str, claude: bool) -> None:
    assert is_claude(model) is claude
