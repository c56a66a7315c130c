"""Slow, broken and hostile callers, over bare sockets: each gets a clear answer or none, and keeps nothing."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.gatewayed import CLAUDE, Gatewayed, gatewayed, until

from rota.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = {"model": CLAUDE, "messages": [{"role": "user", "content": "hi"}]}


class Wire:
    """One bare connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, *pieces: bytes | str) -> None:
        for piece in pieces:
            self._writer.write(piece.encode("latin-1") if isinstance(piece, str) else piece)

    async def answer(self) -> tuple[int, dict[str, str], Any]:
        """The next answer: status, headers, body (read as JSON when it is)."""
        async with asyncio.timeout(30):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip().split("\r\n")
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
            body = await self._reader.readexactly(int(headers["content-length"]))
        return int(first.split()[1]), headers, json.loads(body) if body[:1] in b"{[" else body

    async def closed(self) -> bytes:
        """What came until the gateway closed the connection."""
        async with asyncio.timeout(30):
            try:
                return await self._reader.read()
            except ConnectionError:
                return b""

    def leave(self) -> None:
        self._writer.close()


@asynccontextmanager
async def wire(it: Gatewayed) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(it.gateway.host, it.gateway.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def post(it: Gatewayed, body: bytes, *lines: str, host: str = "localhost", length: int | None = None) -> str:
    """A whole request of the chat endpoint; `lines` are more headers."""
    size = len(body) if length is None else length
    head = [
        "POST /v1/chat/completions HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {it.key}",
        f"Content-Length: {size}",
        *lines,
    ]
    return "\r\n".join(head) + "\r\n\r\n" + body.decode("latin-1")


def said(body: Any) -> tuple[str, str]:
    return body["error"]["type"], body["error"]["code"]


# --- who may come in --------------------------------------------------------------------------------------

HOSTS: list[tuple[str, int]] = [
    ("127.0.0.1", 200),
    ("127.0.0.1:7682", 200),
    ("localhost", 200),
    ("LOCALHOST.:80", 200),
    ("[::1]:7682", 200),
    ("127.5.5.5", 200),
    # a page whose name was rebound to 127.0.0.1 still says its own name
    ("evil.example", 421),
    ("evil.example:7682", 421),
    ("127.0.0.1.evil.example", 421),
    ("localhost.evil.example", 421),
    ("localhost@evil.example", 421),
    ("127.0.0.1:7682@evil.example", 421),
    ("localhost:", 200),
    ("[::1]evil.example:80", 421),
    ("[::1", 421),
    ("0.0.0.0", 421),
    ("192.168.1.5", 421),
    ("", 421),
]


@pytest.mark.parametrize(("host", "status"), HOSTS)
async def test_only_this_machines_names_are_answered_to(shared: Gatewayed, host: str, status: int) -> None:
    async with wire(shared) as caller:
        caller.send(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n")
        assert (await caller.answer())[0] == status


async def test_a_request_without_a_host_is_refused(shared: Gatewayed) -> None:
    for version in ("1.0", "1.1"):
        async with wire(shared) as caller:
            caller.send(f"GET /healthz HTTP/{version}\r\n\r\n")
            assert (await caller.closed()).split()[1] in (b"400", b"421")


async def test_two_hosts_in_one_request_are_refused(shared: Gatewayed) -> None:
    """Whoever looks at the other one would think that it was let in."""
    for hosts in (("localhost", "evil.example"), ("evil.example", "localhost"), ("localhost", "localhost")):
        async with wire(shared) as caller:
            caller.send("GET /healthz HTTP/1.1\r\n", *(f"Host: {host}\r\n" for host in hosts), "\r\n")
            assert (await caller.closed()).startswith(b"HTTP/1.1 400")


async def test_an_address_in_the_request_line_is_no_way_past_the_host(shared: Gatewayed) -> None:
    async with wire(shared) as caller:
        caller.send("GET http://localhost/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert (await caller.answer())[0] == 421
    async with wire(shared) as caller:
        caller.send("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await caller.closed()).startswith(b"HTTP/1.1 400")


PAGES = [
    "Origin: https://evil.example",
    "Origin: http://localhost:7682",
    "Origin: null",
    "Sec-Fetch-Site: cross-site",
]


@pytest.mark.parametrize("line", PAGES)
async def test_a_web_page_is_refused_even_with_the_key(shared: Gatewayed, line: str) -> None:
    async with wire(shared) as caller:
        caller.send(post(shared, json.dumps(HELLO).encode(), line))
        status, headers, body = await caller.answer()
    assert (status, said(body)) == (403, ("permission_error", "origin"))
    assert "access-control-allow-origin" not in headers
    assert shared.calls() == []


async def test_a_preflight_gets_no_cors_headers(shared: Gatewayed) -> None:
    async with wire(shared) as caller:
        caller.send(
            "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n"
            "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n\r\n"
        )
        status, headers, _ = await caller.answer()
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control")]


KEYS = [
    [],
    ["Authorization: Bearer"],
    ["Authorization: Bearer rota-wrong"],
    ["Authorization: Basic cm90YTp4"],
    ["x-api-key: rota-wrong"],
    ["x-api-key: \xe4\xf6\xfc"],
]


@pytest.mark.parametrize("lines", KEYS)
@pytest.mark.parametrize("path", ["/v1/models", "/rota/status", "/rota/events", "/metrics"])
async def test_nothing_is_told_without_the_key(shared: Gatewayed, path: str, lines: list[str]) -> None:
    async with wire(shared) as caller:
        caller.send("\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines]) + "\r\n\r\n")
        status, headers, body = await caller.answer()
    assert (status, said(body)) == (401, ("authentication_error", "invalid_api_key"))
    assert headers["www-authenticate"] == "Bearer"
    assert headers["x-should-retry"] == "false"
    assert "console" not in str(body)


async def test_the_key_is_taken_in_both_headers(shared: Gatewayed) -> None:
    for line in (f"Authorization: bearer {shared.key}", f"X-API-Key: {shared.key}"):
        async with wire(shared) as caller:
            caller.send(f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n{line}\r\n\r\n")
            assert (await caller.answer())[0] == 200


async def test_unknown_paths_and_wrong_methods_are_told_apart(shared: Gatewayed) -> None:
    async with wire(shared) as caller:
        caller.send("GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await caller.answer())[0] == 404
        caller.send(f"GET /v1/messages HTTP/1.1\r\nHost: localhost\r\nx-api-key: {shared.key}\r\n\r\n")
        status, headers, body = await caller.answer()
        assert (status, headers["allow"]) == (405, "POST")
        assert "POST" in body["error"]["message"]
        assert body["error"]["type"] == "invalid_request_error"
        caller.send(f"DELETE /v1/models HTTP/1.1\r\nHost: localhost\r\nx-api-key: {shared.key}\r\n\r\n")
        status, headers, body = await caller.answer()
        assert (status, headers["allow"]) == (405, "GET, HEAD")
        assert body["error"]["type"] == "invalid_request_error"


async def test_a_head_is_answered_as_the_get_without_its_body(shared: Gatewayed) -> None:
    client = await shared.http()
    for path in ("/healthz", "/v1/models", "/metrics", "/rota/status", "/rota/events"):
        answer = await client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await client.head("/v1/messages")).headers["allow"] == "POST"
    assert (await client.head("/nowhere")).status_code == 404


# --- what they send ---------------------------------------------------------------------------------------

BAD_BODIES = [b"", b"{", b"[1]", b"\xff\x00", b'{"model": 1}', b'{"messages": "hi"}', b"[" * 50_000]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
async def test_a_bad_body_is_a_400_and_the_connection_lives_on(shared: Gatewayed, body: bytes) -> None:
    async with wire(shared) as caller:
        for path in ("/v1/chat/completions", "/v1/messages"):
            caller.send(post(shared, body).replace("/v1/chat/completions", path))
            status, _, answer = await caller.answer()
            assert status == 400
            assert answer["error"]["type"] == "invalid_request_error"
        caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await caller.answer())[0] == 200


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, gateway={"port": 0, "max_body_bytes": 2048}) as it, wire(it) as caller:
        caller.send(post(it, b"", length=5_000_000))
        status, headers, body = await caller.answer()
        assert (status, said(body)) == (413, ("invalid_request_error", "too_large"))
        assert headers["connection"] == "close"
        caller.leave()


async def test_a_chunked_body_that_grows_too_large_is_refused_and_its_sender_hears_so(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, gateway={"port": 0, "max_body_bytes": 2048}) as it, wire(it) as caller:
        head = post(it, b"", "Transfer-Encoding: chunked").replace("Content-Length: 0\r\n", "")
        caller.send(head, *[b"400\r\n" + b"x" * 1024 + b"\r\n"] * 64, b"0\r\n\r\n")
        assert (await caller.answer())[0] == 413


async def test_a_large_body_within_the_limit_gets_through(own: Gatewayed) -> None:
    body = json.dumps({"model": CLAUDE, "messages": [{"role": "user", "content": "x" * 3_000_000}]}).encode()
    async with wire(own) as caller:
        caller.send(post(own, body))
        status, _, answer = await caller.answer()
    assert status == 200
    assert answer["usage"]["prompt_tokens"] > 700_000


LONG_HEADS: list[tuple[bytes, ...]] = [
    (b"X-Long: " + b"x" * 200_000, b"\r\n\r\n"),
    tuple(b"X-%d: y\r\n" % n for n in range(20_000)),
    # without an end, in pieces: nothing of it is a header yet
    (b"X-Long: ", *[b"x" * 4096] * 60),
]


@pytest.mark.parametrize("head", LONG_HEADS, ids=["one", "many", "endless"])
async def test_headers_that_are_too_large_end_the_connection(shared: Gatewayed, head: tuple[bytes, ...]) -> None:
    async with wire(shared) as caller:
        caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        for piece in head:
            caller.send(piece)
            await asyncio.sleep(0)
        answer = await caller.closed()
        assert not answer or answer.startswith(b"HTTP/1.1 431")  # reset before it is read, for what was left unread
    assert (await (await shared.http()).get("/healthz")).status_code == 200


async def test_a_line_that_is_too_long_for_a_path_is_refused_too(shared: Gatewayed) -> None:
    async with wire(shared) as caller:
        caller.send("GET /", "x" * 100_000, " HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = await caller.closed()
        assert not answer or answer.startswith(b"HTTP/1.1 431")


async def test_garbage_is_not_http(shared: Gatewayed) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HELO there\r\n\r\n", b"GET\r\n\r\n"):
        async with wire(shared) as caller:
            caller.send(garbage)
            caller.send(b"\r\n\r\n")
            answer = await caller.closed()
            assert not answer or answer.startswith(b"HTTP/1.1 400")


async def test_lengths_that_contradict_each_other_are_refused(shared: Gatewayed) -> None:
    """Two readers who disagree about where a request ends are how requests are smuggled."""
    for lines in (["Content-Length: 5"], ["Transfer-Encoding: chunked"], ["Content-Length: -1"]):
        async with wire(shared) as caller:
            caller.send(post(shared, b"{}", *lines), "GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = await caller.closed()
            assert b" 200 " not in answer.split(b"\r\n")[0]
            assert b"/admin" not in answer


INJECTED = ["claude-x\r\nX-Evil: 1", "openrouter:\r\n\r\nHTTP/1.1 200 OK", "puter/openrouter:\x00\x1b[31m", "é-模型"]


@pytest.mark.parametrize("model", INJECTED)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_a_models_name_injects_no_header(shared: Gatewayed, model: str, path: str) -> None:
    """Even a name that a provider took: the simulated ones are asked to serve whatever it is."""
    whole = {"type": "message", "content": [], "stop_reason": "end_turn", "usage": {}, "model": model}
    shared.force(Fault("answer", path="/v1/messages", status=200, body=whole, times=0))
    result = {"success": True, "result": {"message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}}
    shared.force(Fault("answer", path="/drivers/call", status=200, body=result, times=0))
    body = json.dumps({**HELLO, "model": model, "max_tokens": 5}).encode()
    async with wire(shared) as caller:
        caller.send(post(shared, body).replace("/v1/chat/completions", path))
        status, headers, _ = await caller.answer()
    assert status in (200, 400, 404)
    assert "x-evil" not in headers


async def test_requests_in_one_go_are_answered_in_their_order(shared: Gatewayed) -> None:
    async with wire(shared) as caller:
        one = json.dumps({**HELLO, "max_tokens": 3}).encode()
        two = json.dumps({**HELLO, "max_tokens": 4}).encode()
        caller.send(
            post(shared, one),
            post(shared, b"{"),
            post(shared, two),
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        )
        answers = [await caller.answer() for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 400, 200, 200]
    assert [answers[n][2]["usage"]["completion_tokens"] for n in (0, 2)] == [3, 4]


async def test_a_long_line_of_requests_is_answered_to_its_end(shared: Gatewayed) -> None:
    async with wire(shared) as caller:
        caller.send(*["GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 1000)
        for _ in range(1000):
            assert (await caller.answer())[0] == 200


async def test_garbage_behind_a_request_does_not_break_into_its_answer(shared: Gatewayed) -> None:
    body = json.dumps({**HELLO, "stream": True}).encode()
    async with wire(shared) as caller:
        caller.send(post(shared, body), "\x16\x03\x01 this is no request\r\n\r\n")
        answer = await caller.closed()
    assert b" 400 " not in answer
    await until(lambda: shared.idle())


async def test_leaving_with_requests_in_line_ends_the_one_that_is_served(own: Gatewayed) -> None:
    own.force(Fault("slow", path="/v1/messages", seconds=600))
    async with wire(own) as caller:
        caller.send(post(own, json.dumps(HELLO).encode()), post(own, json.dumps(HELLO).encode()))
        await until(lambda: own.calls())
    await until(lambda: own.failed())
    assert own.failed()[-1].message == "The caller went away."
    assert own.idle()
    assert len(own.calls()) == 1


async def test_an_offer_to_speak_http_2_is_passed_over(shared: Gatewayed) -> None:
    """Java's client makes one with every request, curl with `--http2`."""
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    whole = post(shared, json.dumps(HELLO).encode(), *offer)
    head, _, body = whole.partition("\r\n\r\n")
    async with wire(shared) as caller:
        for pieces in ([whole], [whole, whole], [f"{head}\r\n\r\n", body], [head[:50], head[50:] + "\r\n\r\n", body]):
            for piece in pieces:
                caller.send(piece)
                await asyncio.sleep(0)
            for _ in range(pieces.count(whole) or 1):
                status, _, answer = await caller.answer()
                assert (status, answer["choices"][0]["finish_reason"]) == (200, "stop")
        caller.send(post(shared, json.dumps(HELLO).encode(), "Connection: Upgrade, close", "Upgrade: h2c"))
        assert (await caller.answer())[1]["connection"] == "close"


async def test_a_caller_of_http_1_0_gets_a_stream_in_one_piece(shared: Gatewayed) -> None:
    body = json.dumps({**HELLO, "stream": True, "max_tokens": 5}).encode()
    async with wire(shared) as caller:
        caller.send(post(shared, body).replace("HTTP/1.1", "HTTP/1.0"))
        status, headers, answer = await caller.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert "transfer-encoding" not in headers
        assert answer.endswith(b"data: [DONE]\n\n")
    async with wire(shared) as caller:
        caller.send(f"GET /rota/events HTTP/1.0\r\nHost: localhost\r\nx-api-key: {shared.key}\r\n\r\n")
        assert (await caller.answer())[0] == 400


async def test_an_event_does_not_wait_until_the_one_before_is_confirmed(shared: Gatewayed) -> None:
    """Small sends are held back for up to 40 ms otherwise; asyncio prevents it only for sockets that name TCP."""
    async with wire(shared) as caller:
        caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await caller.answer()
        assert shared.gateway._now is not None
        connections = shared.gateway._now.server.server_state.connections
        sockets = [connection.transport.get_extra_info("socket") for connection in connections]
        assert sockets
        assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in sockets)


# --- slow callers -----------------------------------------------------------------------------------------

PATIENCE: dict[str, Any] = {"gateway": {"port": 0, "read_timeout_s": 0.2, "max_concurrent": 2}}


async def test_a_head_that_does_not_end_is_not_waited_for(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, **PATIENCE) as it:
        for beginning in (b"", b"GET /he", b"GET /healthz HTTP/1.1\r\nHost: local"):
            async with wire(it) as caller:
                caller.send(beginning)
                assert await caller.closed() == b""


async def test_a_second_head_that_does_not_end_is_not_waited_for_either(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, **PATIENCE) as it, wire(it) as caller:
        caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await caller.answer())[0] == 200
        caller.send("GET /healthz HTTP/1.1\r\nHo")
        assert await caller.closed() == b""


async def test_a_body_that_does_not_end_is_told_so_and_gives_up_its_place(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, **PATIENCE) as it, wire(it) as caller, wire(it) as other:
        caller.send(post(it, b'{"model":', length=500))
        other.send(post(it, b'{"model":', length=500))
        for each in (caller, other):
            status, headers, body = await each.answer()
            assert (status, body["error"]["code"]) == (408, "slow")
            assert headers["connection"] == "close"
            each.leave()
        async with wire(it) as third:
            third.send(post(it, json.dumps(HELLO).encode()))
            assert (await third.answer())[0] == 200


async def test_more_requests_than_may_be_served_at_once_are_sent_away(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, gateway={"port": 0, "max_concurrent": 2}) as it:
        it.force(Fault("slow", path="/v1/messages", seconds=600, times=2))
        async with wire(it) as first, wire(it) as second, wire(it) as third:
            for caller in (first, second):
                caller.send(post(it, json.dumps(HELLO).encode()))
            await until(lambda: len(it.calls()) == 2)
            third.send(post(it, json.dumps(HELLO).encode()))
            status, headers, body = await third.answer()
            assert (status, said(body)) == (429, ("rate_limit_error", "too_many"))
            assert int(headers["retry-after"]) >= 1
            assert "x-should-retry" not in headers
            first.leave()
            await until(lambda: len(it.engine.snapshot.in_flight) == 1)
            async with wire(it) as fourth:
                fourth.send(post(it, json.dumps(HELLO).encode()))
                assert (await fourth.answer())[0] == 200


async def test_a_caller_who_reads_nothing_is_dropped_and_the_answer_upstream_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rota.gateway.protocol import PatientProtocol

    monkeypatch.setattr(PatientProtocol, "unread_s", 0.2)
    async with gatewayed(tmp_path) as it:
        reader, writer = await asyncio.open_connection(it.gateway.host, it.gateway.port, limit=1024)
        body = {**HELLO, "stream": True, "max_tokens": 60_000}
        body["messages"] = [{"role": "user", "content": "[[tokens=60000]]"}]
        writer.write(post(it, json.dumps(body).encode()).encode())
        await reader.readexactly(100)
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # a caller that stands still
        await until(lambda: it.failed(), within_s=30)
        assert it.failed()[-1].message == "The caller went away in the middle of the answer."
        assert it.idle()
        writer.close()


async def test_leaving_before_the_body_is_whole_leaves_nothing_behind(shared: Gatewayed) -> None:
    async with wire(shared) as caller:
        caller.send(post(shared, b'{"model":', length=500))
    async with wire(shared) as other:
        other.send(post(shared, json.dumps(HELLO).encode()))
        assert (await other.answer())[0] == 200
    assert len(shared.calls()) == 1
    assert shared.idle()


async def test_a_caller_who_waits_to_be_asked_for_its_body_is_asked(shared: Gatewayed) -> None:
    body = json.dumps(HELLO).encode()
    async with wire(shared) as caller:
        caller.send(post(shared, b"", "Expect: 100-continue", length=len(body)))
        assert (await caller._reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        caller.send(body)
        assert (await caller.answer())[0] == 200
