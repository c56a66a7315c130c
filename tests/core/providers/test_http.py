"""What happens on the wire, told apart: against real sockets that misbehave in one way each."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import httpx
import pytest

from rota.errors import Meaning, ProviderError
from rota.providers.http import NOT_SENT, Timeouts, decode_json, excerpt, fetch, open_client, open_stream
from rota.providers.redaction import redact
from rota.providers.timing import clock_offset, retry_after, rfc3339
from rota.providers.transport import LARGE, PIECE

Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

QUICK = Timeouts(connect=0.3, read=0.2, write=0.3, pool=0.5)


@contextlib.asynccontextmanager
async def host(handler: Handler) -> AsyncIterator[str]:
    """A server that does to each connection what `handler` does."""

    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await handler(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*serving), 5)


async def failing(url: str) -> str:
    """The code of the failure that asking `url` ends in."""
    client = open_client(timeouts=QUICK)
    try:
        with pytest.raises(ProviderError) as caught:
            await fetch(client, client.build_request("POST", url, content=b"{}"))
    finally:
        await client.aclose()
    assert caught.value.failure.meaning is Meaning.NETWORK
    assert caught.value.failure.message.endswith(".")
    return caught.value.failure.code or ""


async def asked(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n{}")


async def test_a_refused_connection_is_told_from_a_slow_one() -> None:
    async with host(lambda reader, writer: asked(reader)) as url:
        pass
    code = await failing(url)
    assert code == "connect"
    assert code in NOT_SENT


async def test_a_host_that_hangs_up_on_a_request_may_have_seen_it() -> None:
    # Were it called a failure to connect, a spent refresh token would look unspent.
    async with host(lambda reader, writer: asked(reader)) as url:
        code = await failing(url)
    assert code == "cut"
    assert code not in NOT_SENT


async def test_a_silent_host_is_a_read_timeout() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with host(silent) as url:
        assert await failing(url) == "read-timeout"


async def test_a_host_that_never_shakes_hands_is_a_connect_timeout() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with host(silent) as url:
        assert await failing(url.replace("http:", "https:")) == "connect-timeout"


async def test_a_host_without_tls_is_told_apart() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with host(plain) as url:
        assert await failing(url.replace("http:", "https:")) == "tls"


async def test_an_unknown_name_is_told_apart() -> None:
    assert await failing("http://no-such-host.invalid/") == "dns"


async def test_what_is_not_http_is_malformed() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"220 smtp.example.com ready\r\n\r\n")
        await writer.drain()

    async with host(other) as url:
        assert await failing(url) == "malformed"


async def test_a_body_that_breaks_off_is_cut() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        await writer.drain()

    async with host(half) as url:
        assert await failing(url) == "cut"


@pytest.mark.parametrize("url", ["foo://example.com/", "http:///nowhere"])
async def test_an_address_that_is_none_is_told_apart(url: str) -> None:
    assert await failing(url) == "address"


async def test_leaving_a_stream_closes_its_connection_at_once() -> None:
    closed = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await writer.drain()
        await reader.read()
        closed.set()

    client = open_client()
    async with host(endless) as url:
        async with open_stream(client, client.build_request("POST", url, content=b"{}")) as response:
            async for piece in response.aiter_bytes():
                assert piece == b"hello"
                break
        await asyncio.wait_for(closed.wait(), 2)
    await client.aclose()


async def test_a_cancelled_request_closes_its_connection() -> None:
    there, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        there.set()
        await reader.read()
        gone.set()

    client = open_client()
    async with host(silent) as url:
        asking = asyncio.create_task(fetch(client, client.build_request("POST", url, content=b"{}")))
        await there.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(gone.wait(), 2)
    await client.aclose()


async def test_accounts_that_share_the_client_share_no_cookie() -> None:
    seen: list[bytes] = []

    async def baker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: who=ada; Path=/\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()

    client = open_client()
    async with host(baker) as url:
        for _ in range(2):
            await fetch(client, client.build_request("GET", url))
    await client.aclose()
    assert len(seen) == 2
    assert b"who=ada" not in seen[1]
    assert b"user-agent: rota/" in seen[1].lower()


async def test_a_proxy_from_the_environment_is_used_but_never_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_of_proxy: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked_of_proxy.append(await reader.readuntil(b"\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async def direct(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    for name in ("NO_PROXY", "no_proxy", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with host(proxy) as proxy_url, host(direct) as url:
        monkeypatch.setenv("HTTP_PROXY", proxy_url)
        client = open_client()
        outside = await fetch(client, client.build_request("GET", "http://provider.example/x"))
        inside = await fetch(client, client.build_request("GET", url))
        await client.aclose()
    assert (outside.status, inside.status) == (204, 200)
    assert asked_of_proxy == [b"GET http://provider.example/x HTTP/1.1\r\n"]


async def test_a_proxy_is_told_the_name_and_password_in_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    for name in ("NO_PROXY", "no_proxy", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with host(proxy) as url:
        monkeypatch.setenv("HTTP_PROXY", url.replace("http://", "http://ada:p%40ss@"))
        client = open_client()
        answer = await fetch(client, client.build_request("GET", "http://provider.example/x"))
        await client.aclose()
    assert answer.status == 204
    said = [line for line in heads[0].split(b"\r\n") if line.lower().startswith(b"proxy-authorization:")]
    assert said[0].partition(b": ")[2] == b"Basic " + base64.b64encode(b"ada:p@ss")


@pytest.mark.parametrize("size", [0, 1, LARGE - 1, LARGE, LARGE + PIECE + 1])
async def test_a_body_of_any_size_arrives_whole_and_with_its_length(size: int) -> None:
    arrived: list[bytes] = []

    async def taking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert f"content-length: {size}".encode() in head.lower()
        arrived.append(await reader.readexactly(size))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()

    body = bytes(number % 251 for number in range(size))
    client = open_client()
    async with host(taking) as url:
        answer = await fetch(client, client.build_request("POST", url, content=body))
    await client.aclose()
    assert answer.json() == {}
    assert arrived == [body]


async def test_an_encoded_answer_is_decoded() -> None:
    async def encoding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        body = gzip.compress(b'{"said": "yes"}')
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    client = open_client()
    async with host(encoding) as url:
        answer = await fetch(client, client.build_request("POST", url, content=b"{}"))
    await client.aclose()
    assert answer.json() == {"said": "yes"}


async def test_more_than_the_limit_is_not_read() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"x" * 1000))
    client = open_client(transport=transport)
    with pytest.raises(ProviderError, match="larger than 999 bytes") as caught:
        await fetch(client, client.build_request("GET", "http://provider.example/"), limit=999)
    assert caught.value.failure.code == "too-large"
    await client.aclose()


@pytest.mark.parametrize("body", [b"", b"{", b"<html>Bad Gateway</html>", b"\xff\xfe{", b"[" * 100_000])
def test_what_is_not_json_is_a_network_failure_and_nothing_else(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        decode_json(body, status=200)
    assert caught.value.failure.meaning is Meaning.NETWORK
    assert caught.value.failure.code == "not-json"


def test_an_excerpt_has_no_markup_and_is_short() -> None:
    page = "<html><style>b{}</style><h1>502 Bad Gateway</h1><script>alert(1)</script>" + "<p>nginx</p>" * 100
    assert excerpt(page).startswith("502 Bad Gateway nginx nginx")
    assert len(excerpt(page)) == 200


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("invalid x-api-key sk-ant-api03-abcDEF_123-xyz", "abcDEF"),
        ("token sk-ant-ort01-zzzz9999 is spent", "zzzz9999"),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJ1dSI6MX0.c2lnbmF0dXJl here", "eyJhbGci"),
        ('{"refresh_token": "opaque-refresh-value", "x": 1}', "opaque-refresh-value"),
        ("http://localhost:1/callback?code=abcdef123456&state=s", "abcdef123456"),
        ("x-api-key: plainvalue99", "plainvalue99"),
        ("Incorrect API key provided: sk-or-v1-0123456789abcdef.", "0123456789abcdef"),
    ],
)
def test_a_secret_does_not_survive_in_a_message(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "rate_limit_error: Rate limited",
        'max_tokens: 100000000, "code": "invalid_grant"',
        "Invalid bearer authentication",
    ],
)
def test_words_that_are_no_secret_survive(text: str) -> None:
    assert redact(text) == text


def test_text_that_could_not_be_encoded_can_be_afterwards() -> None:
    assert redact("half an emoji \ud83d").encode() == b"half an emoji ?"


NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),  # not the same as none: the usage endpoint's window is full
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1587827"}, 1_587_827.0),  # 18 days: seen, and no moment
        ({"retry-after": "1800000060"}, 60.0),  # epoch seconds
        ({"retry-after": "Fri, 15 Jan 2027 08:01:30 GMT"}, 90.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),  # past
        ({"retry-after": "2027-01-15T08:00:30Z"}, 30.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-15T08:00:00Z", NOW),
        ("2027-01-15T08:00:00.570750+00:00", NOW + 0.57075),
        ("2027-01-15T09:00:00+01:00", NOW),
        ("2027-01-15T08:00:00", NOW),
        (None, None),
        ("tomorrow", None),
        (1_800_000_000, None),  # a number is never guessed at
        ("2027-02-30T00:00:00Z", None),
    ],
)
def test_rfc_3339_times_are_read(text: object, moment: float | None) -> None:
    assert rfc3339(text) == moment


def test_the_date_header_tells_how_far_the_clock_is_off() -> None:
    assert clock_offset({"date": "Fri, 15 Jan 2027 08:02:00 GMT"}, NOW) == 120.0
    assert clock_offset({}, NOW) is None
