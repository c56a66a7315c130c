"""Anthropic's dialect to Anthropic: request and answer go through byte for byte, only what signs is exchanged."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import neutral
from tests.support.gatewayed import CLAUDE, Gatewayed, gatewayed

from rota.gateway.rename import with_model
from rota.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HEAD = {"anthropic-version": "2023-06-01", "content-type": "application/json"}
HELLO: Any = [{"role": "user", "content": "hello there, how are you?"}]

BODIES = [
    # as an SDK writes it
    json.dumps({"model": CLAUDE, "max_tokens": 100, "messages": HELLO}).encode(),
    # as nobody writes it, with fields that nobody has heard of, numbers in odd forms, escapes and repeats
    (
        '{ "zukunft" : {"a":[1.0, 1e2, -0, 12345678901234567890]} ,\r\n\t"messages":[{"content":"caf\\u00e9 \\ud83d'
        '\\ude00 😀 \\/","role":"user","x":null}] , "max_tokens" : 100,"model":"' + CLAUDE + '","max_tokens":99 }\n'
    ).encode(),
    json.dumps(
        {"model": CLAUDE, "max_tokens": 100, "messages": HELLO, "stream": False, "made_up": {"b": 1}}
    ).encode(),
]


@pytest.fixture
async def tapped(tmp_path: Path) -> AsyncIterator[Gatewayed]:
    async with gatewayed(tmp_path, tapped=True) as it:
        yield it


@pytest.mark.parametrize("body", BODIES)
async def test_a_request_arrives_as_it_was_sent_and_its_answer_comes_as_it_was_given(
    tapped: Gatewayed, body: bytes
) -> None:
    client = await tapped.http(**HEAD)
    answer = await client.post("/v1/messages?beta=true&x=%20y", content=body)
    passed = tapped.wire[-1]
    assert answer.status_code == passed.status == 200
    assert passed.body == body
    assert answer.content == passed.answer
    assert passed.target == "/anthropic/v1/messages?beta=true&x=%20y"


@pytest.mark.parametrize("pieces", [{}, {"chunk_bytes": 7}, {"chunk_bytes": 40, "uneven_chunks": True}])
async def test_a_stream_comes_as_it_was_given_however_the_network_cuts_it(
    tapped: Gatewayed, pieces: dict[str, Any]
) -> None:
    tapped.world.knobs.turn(pieces)
    client = await tapped.http(**HEAD)
    body = {"model": CLAUDE, "max_tokens": 400, "messages": HELLO, "stream": True, "made_up": 1}
    answer = await client.post("/v1/messages", json=body)
    assert answer.content == tapped.wire[-1].answer
    assert answer.content.endswith(b'data: {"type":"message_stop"}\n\n')
    assert b"event: ping" in answer.content
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_an_answer_with_half_an_emoji_in_it_passes_and_is_counted(tmp_path: Path) -> None:
    said = (
        rb'{"type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"cut \ud83d"}],'
        rb'"stop_reason":"max_tokens","usage":{"input_tokens":7,"output_tokens":5}}'
    )

    async def provide(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        body = said if asked.startswith(b"POST") else b'{"data":[],"has_more":false}'
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        writer.write(head % len(body) + body)
        writer.close()

    async with await asyncio.start_server(provide, "127.0.0.1", 0) as provider:
        url = f"http://127.0.0.1:{provider.sockets[0].getsockname()[1]}"
        async with gatewayed(tmp_path, anthropic={"api_url": url}) as it:
            client = await it.http(**HEAD)
            answer = await client.post("/v1/messages", content=BODIES[0])
            assert answer.content == said
            (served,) = it.served()
            assert (served.input_tokens, served.output_tokens, served.finish) == (7, 5, "length")


async def test_a_refusal_of_the_request_comes_as_it_was_given(tapped: Gatewayed) -> None:
    client = await tapped.http(**HEAD)
    for stream in (False, True):
        tapped.force(Fault("bad-request", path="/v1/messages"))
        body = {"model": CLAUDE, "max_tokens": 5, "messages": HELLO, "stream": stream}
        answer = await client.post("/v1/messages", json=body)
        assert answer.status_code == 400
        assert answer.content == tapped.wire[-1].answer
        assert answer.headers["request-id"] == answer.json()["request_id"]


async def test_only_what_signs_a_request_is_exchanged(tapped: Gatewayed) -> None:
    client = await tapped.http(
        **HEAD, **{"anthropic-beta": "a-1,b-2", "cookie": "c=1", "x-forwarded-for": "1.2.3.4", "x-app": "cli"}
    )
    await client.post("/v1/messages", content=BODIES[0])
    sent = dict(tapped.wire[-1].headers)
    assert sent["anthropic-beta"] == "a-1,b-2"
    assert sent["anthropic-version"] == HEAD["anthropic-version"]
    assert sent["x-api-key"].startswith("sk-ant-api03-sim-")
    assert sent["user-agent"].startswith("rota/")
    assert tapped.key not in str(tapped.wire[-1].headers)
    assert not {"authorization", "cookie", "x-forwarded-for", "x-app", "x-session-id"} & set(sent)


async def test_quota_headers_reach_the_caller_and_the_log(tapped: Gatewayed) -> None:
    client = await tapped.http(**HEAD)
    answer = await client.post("/v1/messages", content=BODIES[0])
    assert int(answer.headers["anthropic-ratelimit-requests-remaining"]) > 0
    assert answer.headers["x-rota-model"] == CLAUDE
    assert answer.headers["x-rota-attempts"] == "1"
    assert "x-rota-account" not in answer.headers
    assert tapped.state("console").windows
    shown = await client.post("/v1/messages", content=BODIES[0], headers={"x-rota-show-account": "1"})
    assert shown.headers["x-rota-account"] == "console"


async def test_a_model_under_another_name_is_all_that_changes(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, tapped=True, catalogue={"aliases": {"fast": f"anthropic/{CLAUDE}"}}) as it:
        client = await it.http(**HEAD)
        for name in ("fast", f"anthropic/{CLAUDE}"):
            body = BODIES[1].replace(CLAUDE.encode(), name.encode())
            answer = await client.post("/v1/messages", content=body)
            assert answer.status_code == 200
            assert it.wire[-1].body == BODIES[1]


objects = st.dictionaries(neutral.words, neutral.json_values, max_size=4)


@given(objects, objects, st.sampled_from([None, 0, 3]), st.booleans(), neutral.words)
def test_renaming_the_model_touches_no_other_byte(
    before: dict[str, Any], after: dict[str, Any], indent: int | None, escaped: bool, name: str
) -> None:
    body = {
        **before,
        "nested": {"model": "x"},
        "model": "old-name",
        **{k: v for k, v in after.items() if k != "model"},
    }
    raw = json.dumps(body, indent=indent, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    renamed = with_model(raw, name)
    assert json.loads(renamed) == {**body, "model": name}
    assert with_model(renamed, "old-name") == raw


def test_of_a_model_named_twice_the_one_that_counts_is_renamed() -> None:
    raw = b'{"model": "a", "messages": [{"model": "m"}], "model": "b"}'
    assert with_model(raw, "c") == b'{"model": "a", "messages": [{"model": "m"}], "model": "c"}'
