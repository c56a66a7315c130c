"""Hypothesis strategies for what providers and dialects have in common: requests, replies, deltas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from rota.providers.base import (
    Finish,
    Finished,
    Image,
    Message,
    Reasoning,
    ReasoningDelta,
    Reply,
    Role,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolChoice,
    ToolResult,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.providers.base import Delta, Part

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,12}", fullmatch=True)
ids = st.from_regex(r"[A-Za-z0-9_-]{1,16}", fullmatch=True)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(words, json_values, max_size=3)

texts = st.builds(Text, words)
images = st.builds(lambda n: Image(url=f"https://example.com/{n}.png"), names) | st.builds(
    lambda n: Image(data=n.encode().hex() + "==", media_type="image/png"), names
)
calls = st.builds(ToolCall, ids, names, objects)
results = st.builds(ToolResult, ids, st.lists(texts, min_size=1, max_size=2).map(tuple))
tools = st.builds(Tool, names, words, objects.map(lambda extra: {"type": "object", **extra}))
choices = st.none() | st.sampled_from(list(ToolChoice)) | names.filter(lambda n: n not in set(ToolChoice))

users = st.builds(Message, st.just(Role.USER), st.lists(texts | images, min_size=1, max_size=3).map(tuple))
tool_answers = st.builds(Message, st.just(Role.TOOL), st.tuples(results))
finishes = st.sampled_from([Finish.STOP, Finish.LENGTH, Finish.TOOL_CALLS, Finish.CONTENT_FILTER])
usages = st.builds(
    Usage,
    input_tokens=st.integers(0, 10**6),
    output_tokens=st.integers(0, 10**6),
    cache_read_tokens=st.integers(0, 10**6),
    cache_write_tokens=st.integers(0, 10**6),
    reasoning_tokens=st.integers(0, 10**6),
)


def replies(reasoning: st.SearchStrategy[Reasoning]) -> st.SearchStrategy[Reply]:
    """Whole answers as models give them: thoughts, then text, then calls."""

    def reply(
        thoughts: list[Reasoning], said: list[Text], made: list[ToolCall], finish: Finish, usage: Usage
    ) -> Reply:
        return Reply((*thoughts, *said, *made), finish, usage, "some-model")

    return st.builds(
        reply,
        st.lists(reasoning, max_size=1),
        st.lists(texts, max_size=1),
        st.lists(calls, max_size=3, unique_by=lambda call: call.id),
        finishes,
        usages,
    )


def deltas_of(reply: Reply, sizes: list[int]) -> Iterator[Delta]:
    """An answer in pieces of the given sizes, round and round."""
    import itertools
    import json

    pieces = itertools.cycle(sizes or [3])
    number = 0
    for part in reply.parts:
        match part:
            case Text(text=text):
                yield from (TextDelta(piece) for piece in _cut(text, pieces))
            case Reasoning(text=text, signature=signature):
                yield from (ReasoningDelta(piece) for piece in _cut(text, pieces))
                if signature is not None:
                    yield ReasoningDelta(signature=signature)
            case ToolCall(id=call_id, name=name, arguments=arguments):
                yield ToolCallDelta(number, call_id, name, "")
                said = json.dumps(dict(arguments), ensure_ascii=False)
                yield from (ToolCallDelta(number, arguments=piece) for piece in _cut(said, pieces))
                number += 1
            case _:
                raise AssertionError(part)
    yield Finished(reply.finish, reply.usage, reply.model, stop_sequence=reply.stop_sequence)


def _cut(text: str, sizes: Iterator[int]) -> Iterator[str]:
    while text:
        size = next(sizes)
        yield text[:size]
        text = text[size:]


def merged(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Neighbouring texts as one: no dialect tells them apart in a stream."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + part.text)
        else:
            found.append(part)
    return tuple(found)
