"""Whole answers in every vendor's shape become one form of reply."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.puter_captures import capture

from rota.errors import Meaning, ProviderError
from rota.providers.base import Finish, Reasoning, Reply, Text, ToolCall, Usage
from rota.providers.puter import answer


def _reply(message: object, **result: Any) -> Reply:
    return answer.reply({"success": True, "result": {"message": message, **result}}, "asked-model")


def test_an_openai_answer_is_read() -> None:
    reply = answer.reply(capture("chat-openai").json, "gpt-4o-mini")
    assert reply == Reply(
        parts=(Text("Hello from the loopback stub!"),),
        finish=Finish.STOP,
        usage=Usage(input_tokens=11, output_tokens=7),
        model="gpt-4o-mini",
        cost_usd=0.000585 / 100,
    )


@pytest.mark.parametrize("name", ["chat-claude", "chat-claude-tools"])
def test_a_claude_answer_is_read(name: str) -> None:
    reply = answer.reply(capture(name).json, "claude-sonnet-4-5")
    assert reply.text == "Hello from the loopback stub!"
    assert reply.finish is Finish.STOP
    assert reply.usage == Usage(input_tokens=11, output_tokens=7)
    assert reply.model == "claude-sonnet-4-5-20250929"
    assert reply.cost_usd == pytest.approx(0.000138)


@pytest.mark.parametrize("name", ["chat-fake", "chat-no-messages", "chat-no-origin"])
def test_placeholder_text_is_a_refusal_and_never_an_answer(name: str) -> None:
    with pytest.raises(ProviderError) as raised:
        answer.reply(capture(name).json, "claude-sonnet-4-5")
    assert raised.value.failure.meaning is Meaning.REFUSED
    assert raised.value.failure.code == "fake-chat"


def test_placeholder_text_is_known_by_its_model_too() -> None:
    with pytest.raises(ProviderError, match="abuse policy"):
        _reply({"role": "assistant", "model": "abuse", "content": [{"type": "text", "text": "Come on down"}]})


@pytest.mark.parametrize("place", ["body", "result"])
def test_a_legacy_success_of_a_limited_account_is_exhaustion(place: str) -> None:
    limited = {"metadata": {"usage_limited": True, "service_used": "usage-limited-chat"}}
    body: dict[str, Any] = {
        "success": True,
        "result": {"message": {"content": "You have reached your AI usage limit"}},
    }
    (body if place == "body" else body["result"]).update(limited)
    with pytest.raises(ProviderError) as raised:
        answer.reply(body, "m")
    assert raised.value.failure.meaning is Meaning.CREDITS_EXHAUSTED


def test_a_claude_tool_call_finishes_as_one_although_puter_says_stop() -> None:
    reply = _reply(
        {
            "content": [
                {"type": "thinking", "thinking": "Weather, then.", "signature": "sig=="},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "toolu_1", "name": "get_w", "input": {"city": "Oslo"}},
            ],
            "stop_reason": "tool_use",
        },
        finish_reason="stop",
    )
    assert reply.finish is Finish.TOOL_CALLS
    assert reply.parts == (
        Reasoning("Weather, then.", "sig=="),
        Text("Let me look."),
        ToolCall("toolu_1", "get_w", {"city": "Oslo"}),
    )


def test_an_openai_tool_call_is_read_and_its_arguments_parsed() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_w", "arguments": '{"city":"Oslo"}'}}
    reply = _reply({"role": "assistant", "content": None, "tool_calls": [call]}, finish_reason="tool_calls")
    assert reply.finish is Finish.TOOL_CALLS
    assert reply.tool_calls == (ToolCall("call_1", "get_w", {"city": "Oslo"}),)


def test_a_responses_api_answer_says_stop_but_calls_tools() -> None:
    # Its reasoning is null and its calls carry a second id.
    call = {"id": "call_1", "canonical_id": "fc_1", "function": {"name": "get_w", "arguments": "{}"}}
    reply = _reply({"content": "", "reasoning": None, "tool_calls": [call]}, finish_reason="stop")
    assert reply.finish is Finish.TOOL_CALLS
    assert reply.parts == (ToolCall("call_1", "get_w", {}),)


def test_a_normalised_answer_is_read_in_choices_and_as_blocks() -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "Hi"}, "there"]}
    assert _reply(message, normalized=True).parts == (Text("Hi"), Text("there"))
    result = {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "length"}]}
    reply = answer.reply({"success": True, "result": result}, "m")
    assert (reply.text, reply.finish) == ("Hi", Finish.LENGTH)


def test_a_call_that_is_said_in_both_forms_is_one_call() -> None:
    reply = _reply(
        {
            "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": '{"a":1}'}],
            "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": '{"a":1}'}}],
        }
    )
    assert reply.tool_calls == (ToolCall("c1", "f", {"a": 1}),)


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        # DeepSeek and others through OpenRouter.
        ({"content": "4", "reasoning": "2+2"}, (Reasoning("2+2"), Text("4"))),
        ({"content": "4", "reasoning_content": "2+2"}, (Reasoning("2+2"), Text("4"))),
        # Servers since autumn 2026 keep signed thoughts beside a string content.
        (
            {"content": "4", "reasoning": "2+2", "reasoning_details": [{"thinking": "2+2", "signature": "s"}]},
            (Reasoning("2+2", "s"), Text("4")),
        ),
        # A refusal has no content.
        ({"content": None, "refusal": "I can't help with that."}, (Text("I can't help with that."),)),
        # Blocks of kinds that we do not know are left out.
        ({"content": [{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "4"}]}, (Text("4"),)),
        ({"content": [{"type": "tool_use", "id": "c"}, 5, None, {"type": "text", "text": ""}]}, ()),
    ],
)
def test_thoughts_and_odd_blocks_are_read(message: dict[str, Any], parts: tuple[Any, ...]) -> None:
    assert _reply(message).parts == parts


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("refusal", Finish.CONTENT_FILTER),
        ("pause_turn", Finish.OTHER),
        (None, Finish.STOP),
    ],
)
def test_the_vendors_own_reason_outranks_puters(reason: str | None, finish: Finish) -> None:
    assert _reply({"content": "x", "stop_reason": reason}, finish_reason="stop").finish is finish


@pytest.mark.parametrize(
    ("counted", "usage", "cost"),
    [
        # Claude: cache writes of both ages.
        (
            {
                "input_tokens": 3,
                "ephemeral_5m_input_tokens": 10,
                "ephemeral_1h_input_tokens": 20,
                "cache_read_input_tokens": 40,
                "output_tokens": 5,
                "thinking_tokens": 2,
                "usd_cents": 1.5,
            },
            Usage(3, 5, 40, 30, 2),
            0.015,
        ),
        # Anthropic's own keys.
        ({"input_tokens": 3, "output_tokens": 5, "cache_creation_input_tokens": 7}, Usage(3, 5, 0, 7), None),
        # OpenAI: prompt without what was cached.
        ({"prompt_tokens": 3, "completion_tokens": 5, "cached_tokens": 8}, Usage(3, 5, 8), None),
        # OpenRouter.
        (
            {"prompt": 3, "completion": 5, "input_cache_read": 8, "request": 0, "usd_cents": 0.2},
            Usage(3, 5, 8),
            0.002,
        ),
        # Unknown cost is unknown, not nothing; wrong types are absent.
        ({"prompt_tokens": "3", "completion_tokens": -1, "usd_cents": None}, Usage(), None),
    ],
)
def test_tokens_are_counted_under_every_vendors_names(
    counted: dict[str, Any], usage: Usage, cost: float | None
) -> None:
    reply = _reply({"content": "x"}, usage=counted)
    assert reply.usage == usage
    assert reply.cost_usd == (None if cost is None else pytest.approx(cost))


@pytest.mark.parametrize("body", [{}, {"result": "text"}, {"result": {"message": None}}, {"result": {"choices": []}}])
def test_a_success_without_a_message_is_no_answer(body: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as raised:
        answer.reply(body, "m")
    assert raised.value.failure.meaning is Meaning.NETWORK
