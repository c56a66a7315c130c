"""The one place where an HTTP client is made, and where what goes wrong on a wire gets a meaning.

Connections are aiohttp's (`transport`), and so are the errors of a wire; a transport that is given raises httpx's.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.request import getproxies

import aiohttp
import httpx

from rota import __version__
from rota.errors import Failure, Meaning, ProviderError
from rota.providers.redaction import redact_to
from rota.providers.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

USER_AGENT = f"rota/{__version__}"
"""What rota calls itself, everywhere and always."""

MAX_BODY = 32 * 1024 * 1024
"""No whole answer we ask for is larger; a catalogue of 600 models has 1 MB."""

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
        mounts=dict.fromkeys(_LOOPBACK) if transport is None and getproxies() else None,
        headers={"user-agent": USER_AGENT},
        timeout=phases(timeouts or Timeouts()),
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


class _Client(httpx.AsyncClient):
    """httpx's client on aiohttp's connections, with less on the way to them."""

    async def send(self, request: httpx.Request, *, stream: bool = False, **_unused: Any) -> httpx.Response:
        """Send, without httpx's turns for sign-in, redirects and cookies, of which rota has none.

        Accounts share the client, so that it may keep no cookie; and to be asked whether it does cost a tenth of a
        forwarded request.
        """
        if self.is_closed:
            raise RuntimeError("the client is closed")
        for told in self.event_hooks["request"]:
            await told(request)
        response = await self._transport_for_url(request.url).handle_async_request(request)
        response.request = request
        try:
            for told in self.event_hooks["response"]:
                await told(response)
            if not stream:
                await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return response

    def _init_transport(self, *_args: Any, **how: Any) -> httpx.AsyncBaseTransport:
        return how["transport"] or Transport(_tls(how))

    def _init_proxy_transport(self, *args: Any, **how: Any) -> httpx.AsyncBaseTransport:
        return Transport(_tls(how), *args)


def _tls(how: Mapping[str, Any]) -> ssl.SSLContext:
    return httpx.create_ssl_context(verify=how["verify"], trust_env=how["trust_env"])


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
    """A request with exactly these headers and our name, made at a fifth of the cost of `client.build_request`.

    Raises:
        ProviderError: `network` with code `address`.
    """
    with network_errors():
        address, host = _parsed(url)
    said = {"user-agent": USER_AGENT, "host": host, **headers}
    if content:
        said["content-length"] = str(len(content))
    raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in said.items()]
    stream = httpx.ByteStream(content)
    made = httpx.Request(method, address, headers=raw, stream=stream, extensions={"timeout": timeout.as_dict()})
    made._content = content  # as `read` leaves it, at a tenth of its cost
    return made


@lru_cache(maxsize=256)
def _parsed(url: str) -> tuple[httpx.URL, str]:
    """The address, and its host as the header names it."""
    parsed = httpx.URL(url)
    return parsed, parsed.netloc.decode("ascii")


def plain(headers: httpx.Headers) -> dict[str, str]:
    """The same as a dict, names in lower case, for many looks: with httpx's own a look costs a microsecond."""
    return {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in headers.raw}


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
            self._response = await self._client.send(self._request, stream=True)
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(*_ERRORS):  # what was needed of the answer has been read, or its reader has said what failed
            await self._response.aclose()


def decoded(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes, decoded."""
    # Among the raw names: for a look by name httpx first finds out in which encoding all the headers are.
    if any(name.lower() == b"content-encoding" for name, _ in response.headers.raw):
        return response.aiter_bytes()
    # As it is: httpx's two generators above it cost more than the reading.
    return aiter(cast("httpx.AsyncByteStream", response.stream))


async def read_body(response: httpx.Response, *, limit: int = MAX_BODY) -> bytes:
    """The decoded body, up to `limit` bytes.

    Raises:
        ProviderError: `network`, when it broke off or is larger.
    """
    body = bytearray()
    with network_errors():
        async for piece in decoded(response):
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
    return redact_to(" ".join(text.split()), limit)


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
    ("address", (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, httpx.InvalidURL, httpx.UnsupportedProtocol)),
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
