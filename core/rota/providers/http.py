"""The one place where an HTTP client is made, and where what goes wrong on a wire gets a meaning.

Facts about httpx-aiohttp 0.2 that shape this module:

- it maps nearly every connection error to `ConnectTimeout`, even a refused port or a server that hung up on a sent
  request, and lets a malformed answer through as aiohttp's own error; so the cause is looked at, not the wrapper;
- aiohttp has no write timeout, and its `connect` covers waiting for a free connection *and* connecting;
- aiohttp's session keeps cookies; accounts share a client, so neither it nor httpx may keep any;
- leaving a response before its end closes the connection at once.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport, HttpxAiohttpClient

from rota import __version__
from rota.errors import Failure, Meaning, ProviderError
from rota.providers.redaction import redact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

USER_AGENT = f"rota/{__version__}"
"""What rota calls itself, everywhere and always."""

MAX_BODY = 32 * 1024 * 1024
"""No whole answer we ask for is larger; a catalogue of 600 models has 1 MB."""

LARGE = 512 * 1024
"""A request body from here on is sent piece by piece."""
PIECE = 64 * 1024

_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for each phase of a request."""

    connect: float = 10.0
    """One attempt to open a connection, TLS included."""
    read: float = 120.0
    """Silence between two pieces of an answer; a provider's ping counts as a piece."""
    write: float = 60.0
    """Silence while sending; only transports other than aiohttp's know it."""
    pool: float = 30.0
    """Until a connection is there, waiting for a free one included."""


def open_client(
    *, transport: httpx.AsyncBaseTransport | None = None, timeouts: Timeouts | None = None
) -> httpx.AsyncClient:
    """The HTTP client that providers share; close it with `aclose()`.

    Proxies come from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` (http proxies only: aiohttp speaks no
    SOCKS); loopback never goes through one. With a `transport` given, everything goes through that.
    """
    return _Client(
        transport=transport,
        mounts=None if transport else dict.fromkeys(_LOOPBACK),
        headers={"user-agent": USER_AGENT},
        timeout=phases(timeouts or Timeouts()),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=30.0),
        follow_redirects=False,
        event_hooks=_hooks(),
    )


def phases(timeouts: Timeouts) -> httpx.Timeout:
    """The same in httpx's form."""
    return httpx.Timeout(connect=timeouts.connect, read=timeouts.read, write=timeouts.write, pool=timeouts.pool)


def _hooks() -> dict[str, Any]:
    """What tells the debug log of requests and answers, when somebody listens."""
    if not logging.getLogger("rota.debug").handlers:
        return {}
    from rota import debuglog  # late: off by default

    return debuglog.hooks()


class _Client(HttpxAiohttpClient):
    """httpx's client on aiohttp's transport, direct or through a proxy, with a session of our making."""

    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """None are kept."""

    def _init_transport(self, *args: Any, **kwargs: Any) -> httpx.AsyncBaseTransport:
        return _with_session(super()._init_transport(*args, **kwargs))

    def _init_proxy_transport(self, *args: Any, **kwargs: Any) -> httpx.AsyncBaseTransport:
        return _with_session(super()._init_proxy_transport(*args, **kwargs))


class _NoCookies(httpx.Cookies):
    """Keeps none. A jar that refuses every cookie costs a twentieth of a forwarded request."""

    def extract_cookies(self, response: httpx.Response) -> None:
        return


_NO_COOKIES = _NoCookies()


def _with_session(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    if isinstance(transport, AiohttpTransport):
        transport.client = partial(_session, transport.ssl_context, transport.limits.keepalive_expiry)
    return transport


def _session(tls: ssl.SSLContext, keepalive_s: float | None) -> aiohttp.ClientSession:
    """Made late, inside the running loop. `limit=0` is no limit: the transport would make 100 of our None."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=0, keepalive_timeout=keepalive_s or 30.0),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


# --- sending ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ProviderError: `network`, when it is HTML, half a line or anything else.
        """
        return decode_json(self.body, status=self.status)


def ready_made(
    method: str, url: str, *, headers: Mapping[str, str], content: bytes, timeout: httpx.Timeout
) -> httpx.Request:
    """A request with exactly these headers and our name, made at a third of the cost of `client.build_request`.

    Raises:
        ProviderError: `network` with code `address`.
    """
    with network_errors():
        address = _parsed(url)
    said = {"user-agent": USER_AGENT, "host": address.netloc.decode("ascii"), **headers}
    if content:
        said["content-length"] = str(len(content))
    stream = httpx.ByteStream(content)
    made = httpx.Request(method, address, headers=said, stream=stream, extensions={"timeout": timeout.as_dict()})
    made.read()  # so that its `content` is known, as it is of every request with a body in memory
    return made


@lru_cache(maxsize=256)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


async def fetch(client: httpx.AsyncClient, request: httpx.Request, *, limit: int = MAX_BODY) -> Answer:
    """Send and read to the end.

    Raises:
        ProviderError: `network`, when no whole answer arrived.
    """
    async with open_stream(client, request) as response:
        return Answer(response.status_code, response.headers, await read_body(response, limit=limit))


class open_stream:
    """Send, and hold the answer open; leaving closes the connection unless the answer was read to its end."""

    __slots__ = ("_client", "_request", "_response")

    def __init__(self, client: httpx.AsyncClient, request: httpx.Request) -> None:
        self._client = client
        self._request = request

    async def __aenter__(self) -> httpx.Response:
        with network_errors():
            self._response = await self._client.send(_in_pieces(self._request), stream=True)
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(*_ERRORS):  # what was needed of the answer has been read, or its reader has said what failed
            await self._response.aclose()
        # httpx's stream holds its response: all of it would wait for the collector, a tenth of a request's cost.
        self._response.stream = _READ


_READ = httpx.ByteStream(b"")


def _in_pieces(request: httpx.Request) -> httpx.Request:
    """The request, a large body of it as a stream of known length: written in one go it would stop the event loop."""
    with suppress(httpx.RequestNotRead):
        if len(request.content) > LARGE:
            stream = _Pieces(request.content)
            return httpx.Request(
                request.method, request.url, headers=request.headers, stream=stream, extensions=request.extensions
            )
    return request


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), PIECE):
            yield bytes(self._body[start : start + PIECE])


async def read_body(response: httpx.Response, *, limit: int = MAX_BODY) -> bytes:
    """The decoded body, up to `limit` bytes.

    Raises:
        ProviderError: `network`, when it broke off or is larger.
    """
    body = bytearray()
    with network_errors():
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > limit:
                raise ProviderError(
                    Failure(
                        Meaning.NETWORK,
                        f"The answer is larger than {limit:,} bytes; it was not read to its end.",
                        status=response.status_code,
                        code="too-large",
                    )
                )
    return bytes(body)


def decode_json(body: bytes | str, *, status: int | None = None) -> Any:
    """Parse JSON that came over the network.

    Raises:
        ProviderError: `network` with code `not-json`.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        said = f": {excerpt(text)}" if text.strip() else ", it is empty"
        raise ProviderError(
            Failure(Meaning.NETWORK, f"The answer is not JSON{said}", status=status, code="not-json")
        ) from None


def excerpt(text: str, limit: int = 200) -> str:
    """The readable beginning of a foreign text, without mark-up and secrets, for a message."""
    text = re.sub(r"(?is)<(script|style)\b.*?(</\1>|$)|<[^>]*>", " ", text)
    text = redact(" ".join(text.split()))
    return text if len(text) <= limit else text[: limit - 1] + "…"


# --- what went wrong --------------------------------------------------------------------------------------

NOT_SENT = frozenset({"dns", "tls", "connect", "connect-timeout", "pool-timeout", "proxy", "address"})
"""Codes of network failures after which the provider cannot have seen the request."""

_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError, TimeoutError)
"""All that a transport raises when the network fails."""


class network_errors:
    """Turn whatever the transport raises inside into a classified `ProviderError`."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, _ERRORS):
            raise ProviderError(network_failure(error)) from error


def network_failure(error: Exception) -> Failure:
    """What an error of the transport means, told by what really happened underneath."""
    code = _code(error)
    return Failure(Meaning.NETWORK, _MESSAGES[code], code=code)


_MESSAGES = {
    "address": "The address is not one that can be asked; check the base URL in the settings.",
    "dns": "The host's name could not be resolved; check the network and DNS.",
    "tls": "The encrypted connection could not be made: the certificate or protocol was not accepted.",
    "proxy": "The proxy did not let the connection through; check HTTPS_PROXY and NO_PROXY.",
    "connect": "The host refused or dropped the connection before anything was sent.",
    "connect-timeout": "The host did not take the connection in time.",
    "pool-timeout": "No connection became free in time.",
    "write-timeout": "The host stopped taking the request.",
    "read-timeout": "The host sent nothing more in time.",
    "cut": "The host closed the connection in the middle.",
    "malformed": "The host's answer is not valid HTTP.",
    "timeout": "The host took too long.",
    "network": "The network failed.",
}

_KINDS: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("proxy", (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError, httpx.ProxyError)),
    ("dns", (aiohttp.ClientConnectorDNSError, socket.gaierror)),
    ("tls", (aiohttp.ClientSSLError, ssl.SSLError)),
    ("connect-timeout", (aiohttp.ConnectionTimeoutError,)),
    ("read-timeout", (aiohttp.SocketTimeoutError,)),
    ("connect", (aiohttp.ClientConnectorError,)),
    ("cut", (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientOSError, ConnectionError)),
    ("address", (aiohttp.InvalidURL, httpx.InvalidURL, httpx.UnsupportedProtocol)),
    ("malformed", (aiohttp.ClientResponseError, httpx.DecodingError)),
    # httpx's own words last: on aiohttp's transport they are often wrong, elsewhere they are all there is.
    ("pool-timeout", (httpx.PoolTimeout,)),
    ("connect-timeout", (httpx.ConnectTimeout,)),
    ("read-timeout", (httpx.ReadTimeout,)),
    ("write-timeout", (httpx.WriteTimeout,)),
    ("connect", (httpx.ConnectError,)),
    ("cut", (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.StreamError)),
    ("malformed", (httpx.RemoteProtocolError, httpx.LocalProtocolError)),
    ("timeout", (httpx.TimeoutException, TimeoutError)),
)


def _code(error: BaseException) -> str:
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__
    for code, types in _KINDS:
        if any(isinstance(link, types) for link in chain):
            return code
    return "network"
