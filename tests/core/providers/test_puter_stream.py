"""NDJSON becomes deltas, however it is cut up, and its end is told apart from its breaking."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.puter_captures import capture

from rota.errors import Meaning, ProviderError
from rota.providers.base import Delta, Finish, Finished, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from rota.providers.puter.stream import MAX_LINE, Lines, Reader

USED = {"type": "usage", "usage": {"prompt_tokens": 11, "completion_tokens": 7, "cached_tokens": 0, "usd_cents": 0.1}}
PLACEHOLDER = capture("chat-fake-stream").body.split(b"\n")[0]


def _ndjson(*entries: object) -> bytes:
    return b"".join(json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in entries)


def _read(body: bytes, cuts: tuple[int, ...] = (), reader: Reader | None = None) -> list[Delta]:
    lines, reader = Lines(), reader or Reader("m")
    edges = (0, *sorted(cuts), len(body))
    deltas: list[Delta] = []
    for start, end in pairwise(edges):
        for line in lines.feed(body[start:end]):
            deltas += reader.read(line)
    deltas += reader.read(lines.end())
    reader.close()
    return deltas


def _failure_of(body: bytes, reader: Reader | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        _read(body, reader=reader)
    return raised.value


def test_an_openai_stream_is_read() -> None:
    *texts, last = _read(capture("chat-openai-stream").body)
    assert texts == [TextDelta(word) for word in ("Hello ", "from ", "the ", "loopback ", "stub! ")]
    assert last == Finished(Finish.STOP, Usage(11, 7), "m", 0.000585 / 100)


def test_a_claude_stream_is_read() -> None:
    *texts, last = _read(capture("chat-claude-stream").body)
    assert len(texts) == 5
    assert last == Finished(Finish.STOP, Usage(11, 7), "m", 0.0138 / 100)


@pytest.mark.parametrize(
    ("name", "call_id"), [("chat-openai-tools-stream", "call_1"), ("chat-claude-tools-stream", "toolu_1")]
)
def test_a_tool_call_comes_whole_and_is_why_the_answer_ended(name: str, call_id: str) -> None:
    call, last = _read(capture(name).body)
    assert call == ToolCallDelta(0, call_id, "get_w", '{"city":"Oslo"}')
    assert isinstance(last, Finished)
    assert last.finish is Finish.TOOL_CALLS


def test_several_tool_calls_are_numbered_and_named() -> None:
    first = {"type": "tool_use", "id": "a", "name": "f", "input": {}, "text": ""}
    second = {"type": "tool_use", "name": "g", "input": '{"x":1}', "text": ""}
    deltas = _read(_ndjson(first, second, USED))
    assert deltas[:2] == [ToolCallDelta(0, "a", "f", "{}"), ToolCallDelta(1, "call_1", "g", '{"x":1}')]


def test_reasoning_and_its_signature_are_read_and_other_lines_are_left_out() -> None:
    body = _ndjson(
        {"type": "reasoning_start", "format": "anthropic"},
        {"type": "reasoning", "reasoning": "2+2"},
        {"type": "reasoning_detail", "detail": {"type": "thinking", "thinking": "2+2", "signature": "sig"}},
        {"type": "tool_use_start", "id": "a", "name": "f"},
        {"type": "compaction", "encrypted_content": "x"},
        {"type": "extra_content", "extra_content": {}},
        {"type": "text", "text": "4"},
        {"type": "text", "text": ""},
        USED,
    )
    assert _read(body)[:-1] == [ReasoningDelta("2+2"), ReasoningDelta(signature="sig"), TextDelta("4")]


# --- ends -------------------------------------------------------------------------------------------------


def test_a_stream_whose_upstream_broke_off_is_cut_although_it_ends_with_usage() -> None:
    error = _failure_of(capture("chat-stream-cut").body)
    assert (error.failure.meaning, error.failure.code) == (Meaning.NETWORK, "stream-cut")


def test_a_stream_without_a_last_line_is_cut() -> None:
    whole = capture("chat-claude-stream").body
    error = _failure_of(whole[: whole.index(b'{"type":"usage"')])
    assert (error.failure.meaning, error.failure.code) == (Meaning.NETWORK, "stream-cut")


def test_an_empty_stream_is_cut() -> None:
    assert _failure_of(b"").failure.code == "stream-cut"


@pytest.mark.parametrize(
    ("last", "usage"),
    [
        # A vendor that reports no usage at all.
        ({"type": "usage"}, Usage()),
        # A model whose price is unknown still counts tokens, were they none.
        ({"type": "usage", "usage": {"prompt_tokens": 0, "usd_cents": None}}, Usage()),
        # Servers since autumn 2026 say why it ended, metered or not.
        ({"type": "usage", "usage": {"usd_cents": None}, "stopReason": "end_turn", "finish_reason": "stop"}, Usage()),
    ],
)
def test_a_whole_answer_of_unknown_cost_is_whole(last: object, usage: Usage) -> None:
    assert _read(_ndjson({"type": "text", "text": "Hi"}, last)) == [
        TextDelta("Hi"),
        Finished(Finish.STOP, usage, "m", None),
    ]


def test_a_last_line_without_a_line_feed_counts() -> None:
    assert isinstance(_read(capture("chat-claude-stream").body.rstrip(b"\n"))[-1], Finished)


def test_nothing_is_read_after_the_end() -> None:
    assert len(_read(_ndjson({"type": "text", "text": "Hi"}, USED, {"type": "text", "text": "more"}, USED))) == 2


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ({"stopReason": "max_tokens"}, Finish.LENGTH),
        ({"finish_reason": "content_filter"}, Finish.CONTENT_FILTER),
        ({"stopReason": "stop_sequence", "stopSequence": "END"}, Finish.STOP),
    ],
)
def test_a_newer_servers_reason_is_believed(reason: dict[str, str], finish: Finish) -> None:
    last = _read(_ndjson({"type": "text", "text": "Hi"}, {**USED, **reason}))[-1]
    assert isinstance(last, Finished)
    assert last.finish is finish
    assert last.stop_sequence == reason.get("stopSequence")


def test_an_answer_as_long_as_was_allowed_was_cut_short() -> None:
    body = _ndjson({"type": "text", "text": "Hi"}, USED)
    assert [_finish(body, most) for most in (7, 8, None)] == [Finish.LENGTH, Finish.STOP, Finish.STOP]


def _finish(body: bytes, max_tokens: int | None) -> Finish:
    last = _read(body, reader=Reader("m", max_tokens))[-1]
    assert isinstance(last, Finished)
    return last.finish


# --- errors in the stream ---------------------------------------------------------------------------------


def test_an_error_line_before_content_is_classified() -> None:
    reader = Reader("m")
    failure = _failure_of(capture("chat-stream-error-claude").body, reader).failure
    assert (failure.meaning, failure.status, failure.code) == (Meaning.MODEL_LIMITED, 429, "rate_limit_error")
    assert failure.message == "stub says 429"
    assert not reader.started


def test_an_error_line_after_content_is_the_answers_breaking() -> None:
    text = _ndjson({"type": "text", "text": "Hello "})
    reader = Reader("m")
    failure = _failure_of(text + capture("chat-stream-error-claude").body, reader).failure
    assert failure.meaning is Meaning.OVERLOADED
    assert reader.started


@pytest.mark.parametrize(
    "entry",
    [
        # 2026 and 2025 servers, as the official SDK still checks for.
        {"error": {"code": "insufficient_funds", "status": 402, "message": "m"}, "success": False},
        {"type": "error", "error": {"code": "insufficient_funds", "message": "m"}, "success": False},
        {"type": "content_block_delta", "delta": {"text": "You have reached"}, "metadata": {"usage_limited": True}},
    ],
)
def test_a_legacy_line_of_an_exhausted_account_is_exhaustion(entry: object) -> None:
    assert _failure_of(_ndjson(entry)).failure.meaning is Meaning.CREDITS_EXHAUSTED


@pytest.mark.parametrize("line", [b"{bad", b"<html>", b"[1]", b"5", b"\xff\xfe", b'{"type":"text"'])
def test_a_line_that_is_no_object_is_no_answer(line: bytes) -> None:
    assert _failure_of(line + b"\n").failure.meaning is Meaning.NETWORK


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    lines = Lines()
    piece = b"x" * (MAX_LINE // 2 + 1)
    assert list(lines.feed(piece)) == []
    with pytest.raises(ProviderError, match="does not end"):
        list(lines.feed(piece))


# --- placeholder text -------------------------------------------------------------------------------------


def test_placeholder_text_is_refused_before_a_word_of_it_is_given_out() -> None:
    reader = Reader("m")
    failure = _failure_of(capture("chat-fake-stream").body, reader).failure
    assert (failure.meaning, failure.code) == (Meaning.REFUSED, "fake-chat")
    assert not reader.started


def test_the_placeholder_page_for_robots_is_refused_too() -> None:
    page = {"type": "text", "text": "<h2>Free AI and Cloud for everyone!</h2><br />\n<script>home()</script>"}
    failure = _failure_of(_ndjson(page, {"type": "usage", "usage": {"usd_cents": None}})).failure
    assert failure.code == "fake-chat"


def test_a_model_may_write_lorem_ipsum() -> None:
    deltas = _read(PLACEHOLDER + b"\n" + _ndjson({"type": "text", "text": "Amet."}, USED))
    assert deltas[0] == TextDelta(json.loads(PLACEHOLDER)["text"])
    assert deltas[1] == TextDelta("Amet.")
    assert isinstance(_read(PLACEHOLDER + b"\n" + _ndjson(USED))[-1], Finished)


def test_lorem_ipsum_that_breaks_off_is_cut() -> None:
    reader = Reader("m")
    assert _failure_of(PLACEHOLDER + b"\n", reader).failure.code == "stream-cut"
    assert not reader.started


# --- split anywhere ---------------------------------------------------------------------------------------

_texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1)


@settings(deadline=None)
@given(texts=st.lists(_texts, max_size=6), data=st.data())
def test_a_stream_reads_the_same_wherever_it_is_cut(texts: list[str], data: st.DataObject) -> None:
    body = _ndjson(*({"type": "text", "text": text} for text in texts), USED)
    cuts = tuple(data.draw(st.lists(st.integers(0, len(body)))))
    assert _read(body, cuts) == _read(body)
    assert [delta.text for delta in _read(body) if isinstance(delta, TextDelta)] == texts


@pytest.mark.parametrize("text", ["naïve ☂ 🦊", "line\u2028separator\u2029and\x85more\x0b", "a\nb\r\nc"])
def test_each_byte_alone_reads_like_the_whole(text: str) -> None:
    body = _ndjson({"type": "text", "text": text}, USED)
    assert _read(body, tuple(range(len(body))))[0] == TextDelta(text)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_deltas_or_a_provider_error(body: bytes) -> None:
    with pytest.raises(ProviderError):
        _read(body)
