"""A neutral request becomes a messages request that the API takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.errors import Meaning, ProviderError
from rota.providers.anthropic.reply import read_reply
from rota.providers.anthropic.traits import Thinking, traits
from rota.providers.anthropic.wire import REDACTED, request_body
from rota.providers.base import (
    ChatRequest,
    Finish,
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
    Usage,
)

OLD, NEW = "claude-sonnet-4-5-20250929", "claude-opus-4-8"
HI = Message(Role.USER, (Text("hi"),))


def body(*messages: Message, model: str = OLD, **options: Any) -> dict[str, Any]:
    return request_body(ChatRequest(model, messages or (HI,), **options), stream=False)


def test_the_plainest_request_has_only_what_the_api_wants() -> None:
    assert body() == {
        "model": OLD,
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }


def test_a_streamed_one_says_so() -> None:
    assert request_body(ChatRequest(OLD, (HI,)), stream=True)["stream"] is True


def test_system_messages_go_to_their_own_place_wherever_they_stand() -> None:
    sent = body(Message(Role.SYSTEM, (Text("Be brief."),)), HI, Message(Role.SYSTEM, (Text("Be kind."), Text(""))))
    assert sent["system"] == [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]
    assert [turn["role"] for turn in sent["messages"]] == ["user"]


def test_neighbours_of_one_role_become_one_turn_with_tool_results_first() -> None:
    call = ToolCall("call_1", "look", {"at": "sky"})
    sent = body(
        HI,
        Message(Role.ASSISTANT, (Text("Looking."),)),
        Message(Role.ASSISTANT, (call,)),
        Message(Role.USER, (Text("and hurry"),)),
        Message(Role.TOOL, (ToolResult("call_1", (Text("blue"),)),)),
    )
    assert sent["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Looking."},
                {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": "sky"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "blue"}]},
                {"type": "text", "text": "and hurry"},
            ],
        },
    ]


def test_empty_texts_and_turns_are_left_out() -> None:
    assert body(HI, Message(Role.ASSISTANT, (Text(""),)), HI)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "hi"}]}
    ]


@pytest.mark.parametrize(
    ("image", "source"),
    [
        (Image(url="https://a.example/cat.png"), {"type": "url", "url": "https://a.example/cat.png"}),
        (Image(data="QUJD", media_type="image/webp"), {"type": "base64", "media_type": "image/webp", "data": "QUJD"}),
        (Image(url="data:image/gif;base64,QUJD"), {"type": "base64", "media_type": "image/gif", "data": "QUJD"}),
        (Image(url="data:;base64,QUJD"), {"type": "base64", "media_type": "image/png", "data": "QUJD"}),
    ],
)
def test_images_go_by_address_or_inline(image: Image, source: dict[str, str]) -> None:
    assert body(Message(Role.USER, (image,)))["messages"][0]["content"] == [{"type": "image", "source": source}]


def test_a_tool_result_carries_images_and_its_failure() -> None:
    failed = ToolResult("t", (Text("no"), Image(data="QUJD")), is_error=True)
    (block,) = body(Message(Role.TOOL, (failed, ToolResult("u", ()))))["messages"][0]["content"][:1]
    assert block["is_error"] is True
    assert [inner["type"] for inner in block["content"]] == ["text", "image"]


def test_an_id_made_by_another_vendor_is_made_fit_on_both_sides() -> None:
    # Kimi writes functions.look:0, which the API refuses.
    sent = body(
        HI,
        Message(Role.ASSISTANT, (ToolCall("functions.look:0", "look", {}),)),
        Message(Role.TOOL, (ToolResult("functions.look:0", (Text("ok"),)),)),
    )
    assert sent["messages"][1]["content"][0]["id"] == "functions_look_0"
    assert sent["messages"][2]["content"][0]["tool_use_id"] == "functions_look_0"


def test_reasoning_goes_back_under_its_signature_and_not_without_one() -> None:
    thoughts = (Reasoning("hm", "sig"), Reasoning("", REDACTED + "blob"), Reasoning("another model's"), Text("so"))
    assert body(HI, Message(Role.ASSISTANT, thoughts))["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "blob"},
        {"type": "text", "text": "so"},
    ]


@pytest.mark.parametrize(
    "message",
    [
        Message(Role.SYSTEM, (Image(data="QUJD"),)),
        Message(Role.USER, (ToolCall("t", "look", {}),)),
        Message(Role.USER, (Reasoning("hm", "sig"),)),
        Message(Role.ASSISTANT, (Image(data="QUJD"),)),
        Message(Role.ASSISTANT, (ToolResult("t", ()),)),
        Message(Role.USER, (Image(),)),
        Message(Role.USER, (Image(url="data:text/plain,hello"),)),
    ],
)
def test_what_the_api_has_no_place_for_is_refused_before_it_is_sent(message: Message) -> None:
    with pytest.raises(ProviderError) as caught:
        body(message)
    assert caught.value.failure.meaning is Meaning.BAD_REQUEST
    assert caught.value.failure.code == "cannot-carry"


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice.AUTO, None, {"type": "auto"}),
        (ToolChoice.NONE, False, {"type": "none"}),  # there is nothing to disable
        (ToolChoice.REQUIRED, False, {"type": "any", "disable_parallel_tool_use": True}),
        ("look", None, {"type": "tool", "name": "look"}),
    ],
)
def test_the_tool_choice_is_said_in_the_apis_words(choice: Any, parallel: bool | None, sent: Any) -> None:
    assert body(tools=(Tool("look"),), tool_choice=choice, parallel_tools=parallel).get("tool_choice") == sent


def test_a_tool_choice_without_tools_is_left_out() -> None:
    assert "tool_choice" not in body(tool_choice=ToolChoice.AUTO)


def test_a_tool_always_has_an_object_schema() -> None:
    schema = {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}
    assert body(tools=(Tool("look", "Looks.", schema), Tool("wait")))["tools"] == [
        {"name": "look", "description": "Looks.", "input_schema": schema},
        {"name": "wait", "input_schema": {"type": "object"}},
    ]


def test_options_are_passed() -> None:
    sent = body(max_tokens=100, temperature=0.5, stop=("END", ""), metadata={"user_id": "u1", "trace": "x"})
    assert sent["max_tokens"] == 100
    assert sent["temperature"] == 0.5
    assert sent["stop_sequences"] == ["END"]
    assert sent["metadata"] == {"user_id": "u1"}


@pytest.mark.parametrize(
    ("model", "options", "sent"),
    [
        (OLD, {"temperature": 1.7}, {"temperature": 1.0}),  # OpenAI's scale ends at 2
        (OLD, {"temperature": 0.0, "top_p": 0.5}, {"temperature": 0.0}),  # not both: 400 since Opus 4.1
        (OLD, {"top_p": 0.5}, {"top_p": 0.5}),
        ("claude-opus-4-6", {"temperature": 0.2}, {"temperature": 0.2}),
        (NEW, {"temperature": 0.2, "top_p": 0.5}, {}),  # 400 after 4.6
        (OLD, {"temperature": 0.2, "reasoning_effort": "low"}, {}),  # thinking takes no temperature
    ],
)
def test_sampling_is_sent_where_it_is_taken(model: str, options: dict[str, Any], sent: dict[str, float]) -> None:
    found = body(model=model, **options)
    assert {name: found[name] for name in ("temperature", "top_p") if name in found} == sent


def budget(tokens: int) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


def adaptive(effort: str) -> dict[str, Any]:
    return {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": effort}}


@pytest.mark.parametrize(
    ("model", "options", "sent"),
    [
        (OLD, {}, {}),
        (OLD, {"reasoning_effort": "none"}, {}),
        (OLD, {"reasoning_effort": "low"}, budget(2_048)),
        (OLD, {"reasoning_effort": "high"}, budget(24_576)),
        (OLD, {"reasoning_effort": "new word"}, budget(8_192)),
        (OLD, {"reasoning_tokens": 5_000}, budget(5_000)),
        (OLD, {"reasoning_effort": "high", "max_tokens": 4_096}, budget(3_072)),  # room to answer
        (OLD, {"reasoning_effort": "high", "max_tokens": 1_500}, {}),  # no room to think
        (OLD, {"reasoning_effort": "low", "tools": (Tool("f"),), "tool_choice": ToolChoice.REQUIRED}, {}),
        ("claude-3-5-haiku-20241022", {"reasoning_effort": "high"}, {}),
        (NEW, {"reasoning_effort": "medium"}, adaptive("medium")),
        (NEW, {"reasoning_effort": "minimal"}, adaptive("low")),
        (NEW, {"reasoning_tokens": 2_000}, adaptive("low")),
        (NEW, {"reasoning_tokens": 50_000}, adaptive("high")),
    ],
)
def test_thinking_is_asked_for_in_the_models_own_way(
    model: str, options: dict[str, Any], sent: dict[str, Any]
) -> None:
    found = body(model=model, **options)
    assert {name: found[name] for name in ("thinking", "output_config") if name in found} == sent


@pytest.mark.parametrize(("kept", "thinks"), [((Reasoning("hm", "sig"),), True), ((), False)])
def test_a_tool_loop_whose_thinking_was_lost_goes_on_without(kept: tuple[Part, ...], thinks: bool) -> None:
    # Through OpenAI's dialect signatures are lost, and a budget then makes the request a 400.
    sent = body(
        HI,
        Message(Role.ASSISTANT, (*kept, ToolCall("t", "look", {}))),
        Message(Role.TOOL, (ToolResult("t", (Text("blue"),)),)),
        reasoning_effort="low",
    )
    assert ("thinking" in sent) is thinks


@pytest.mark.parametrize(
    ("model", "most", "thinking", "sampling"),
    [
        ("claude-3-haiku-20240307", 4_096, Thinking.NONE, True),
        ("claude-3-5-sonnet-20241022", 8_192, Thinking.NONE, True),
        ("claude-3-7-sonnet-20250219", 32_000, Thinking.BUDGET, True),
        ("claude-opus-4-20250514", 32_000, Thinking.BUDGET, True),
        ("claude-haiku-4-5", 32_000, Thinking.BUDGET, True),
        ("claude-sonnet-4-6", 32_000, Thinking.ADAPTIVE, True),
        ("claude-opus-4-7", 32_000, Thinking.ADAPTIVE, False),
        ("claude-opus-5", 32_000, Thinking.ADAPTIVE, False),
        ("claude-fable-5", 32_000, Thinking.ADAPTIVE, False),
        ("somebody-elses", 32_000, Thinking.ADAPTIVE, False),
    ],
)
def test_a_models_traits_are_told_from_its_id(model: str, most: int, thinking: Thinking, sampling: bool) -> None:
    found = traits(model)
    assert (found.max_output, found.thinking, found.sampling) == (most, thinking, sampling)


PARTS = st.one_of(
    st.builds(Text, st.text(min_size=1)),
    st.builds(Reasoning, st.text(), st.text("abcXYZ019+/=", min_size=1)),
    st.builds(
        ToolCall,
        st.text("abcXYZ_-09", min_size=1),
        st.text("abc_", min_size=1),
        st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.none())),
    ),
)


@given(st.lists(PARTS, min_size=1))
def test_an_answer_survives_going_back_as_history(parts: list[Part]) -> None:
    sent = body(HI, Message(Role.ASSISTANT, tuple(parts)))
    message = {"type": "message", "stop_reason": "end_turn", "content": sent["messages"][1]["content"]}
    assert read_reply(message, model=OLD).parts == tuple(parts)


def test_a_reply_holds_everything_the_message_said() -> None:
    reply = read_reply(
        {
            "type": "message",
            "model": "claude-x",
            "content": [
                {"type": "redacted_thinking", "data": "blob"},
                {"type": "text", "text": "hello"},
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
                "not a block",
                {"type": "tool_use", "id": "t", "name": "look", "input": {"at": 1}},
            ],
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 5,
                "output_tokens": 7,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": None,
                "output_tokens_details": {"thinking_tokens": 3},
            },
        },
        model=OLD,
        request_id="req_1",
    )
    assert reply.parts == (Reasoning("", REDACTED + "blob"), Text("hello"), ToolCall("t", "look", {"at": 1}))
    assert reply.usage == Usage(input_tokens=5, output_tokens=7, cache_read_tokens=100, reasoning_tokens=3)
    assert (reply.finish, reply.model, reply.request_id) == (Finish.TOOL_CALLS, "claude-x", "req_1")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("refusal", Finish.CONTENT_FILTER),
        ("pause_turn", Finish.OTHER),
        ("a reason to come", Finish.OTHER),
    ],
)
def test_why_it_ended_is_translated(reason: str, finish: Finish) -> None:
    message = {"type": "message", "content": [], "stop_reason": reason}
    assert read_reply(message, model=OLD).finish is finish


@pytest.mark.parametrize("message", [{}, {"type": "message", "content": []}, {"type": "error", "stop_reason": "x"}])
def test_what_is_no_whole_message_never_passes_for_one(message: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as caught:
        read_reply(message, model=OLD)
    assert caught.value.failure.meaning is Meaning.NETWORK
