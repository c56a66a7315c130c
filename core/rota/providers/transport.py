"""aiohttp's connections behind httpx's interface: what every request of rota goes out through.

httpx's own pool takes three times the processor time a request with many in flight. What goes wrong is raised as
aiohttp's own errors, which tell more than httpx's would; `http.network_errors` gives them their meaning.

Facts about aiohttp that shape this module:

- it has no write timeout, and its `connect` covers waiting for a free connection *and* connecting;
- its session keeps cookies; accounts share one, so it may not;
- leaving a response before its end closes the connection at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import aiohttp
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

KEPT_IDLE_S = 30.0
"""How long a connection waits for its next request."""
LARGE = 512 * 1024
"""A request body from here on is sent piece by piece: written in one go it would stop the event loop."""
PIECE = 64 * 1024


class Transport(httpx.AsyncBaseTransport):
    """One pool of connections, without a limit, direct or through one proxy."""

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.Proxy | None = None) -> None:
        self._tls = tls
        self._proxy = _address(proxy) if proxy is not None else None
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and give back the answer once its head is here. Raises aiohttp's errors."""
        session = self._session or self._open()
        limits = request.extensions.get("timeout", {})
        body = await request.aread()
        answer = await session.request(
            request.method,
            str(request.url),
            headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
            data=(body if len(body) < LARGE else _in_pieces(body)) or None,
            allow_redirects=False,
            timeout=_timeout(limits.get("pool"), limits.get("connect"), limits.get("read")),
            proxy=self._proxy,
        )
        extensions = {"http_version": b"HTTP/1.1", "reason_phrase": (answer.reason or "").encode()}
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Body(answer), extensions=extensions)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Late, for it belongs to the running loop."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=0, keepalive_timeout=KEPT_IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self._session


class _Body(httpx.AsyncByteStream):
    """An answer's body, as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._answer.content.iter_any())

    async def aclose(self) -> None:
        self._answer.release()
        await self._answer.wait_for_close()


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    whole = memoryview(body)
    for start in range(0, len(body), PIECE):
        yield bytes(whole[start : start + PIECE])


@lru_cache(maxsize=64)
def _timeout(pool: float | None, connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=pool, sock_connect=connect, sock_read=read)


def _address(proxy: httpx.Proxy) -> str:
    """With its name and password, which httpx keeps apart; aiohttp makes the header of them."""
    url = proxy.url
    return str(url if proxy.auth is None else url.copy_with(username=proxy.auth[0], password=proxy.auth[1]))
