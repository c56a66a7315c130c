"""A caller's own request in Anthropic's dialect, passed on byte for byte: only what signs it is exchanged."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from rota.errors import Failure, ProviderError
from rota.providers.anthropic.stream import Origin, Unfolding, drain, events
from rota.providers.http import network_errors

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from rota.clock import Clock
    from rota.providers.base import Delta
    from rota.quota import QuotaWindow

_TO_PROVIDER = frozenset({"content-type", "accept", "idempotency-key"})
_TO_CALLER = frozenset({"content-type", "request-id", "retry-after", "retry-after-ms", "x-should-retry"})
_OURS = "anthropic-"


def headers_to_provider(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's headers that belong to the request itself. Not its key, its cookies or the name of its program.

    The answer is asked for uncompressed, so that its pieces can be read on the way without changing them.
    """
    kept = {n.lower(): v for n, v in headers.items() if n.lower() in _TO_PROVIDER or n.lower().startswith(_OURS)}
    return kept | {"accept-encoding": "identity"}


def headers_to_caller(headers: Mapping[str, str]) -> dict[str, str]:
    """The provider's headers that mean something to a caller; how the body travelled does not."""
    return {n.lower(): v for n, v in headers.items() if n.lower() in _TO_CALLER or n.lower().startswith(_OURS)}


class ForwardRefused(ProviderError):
    """A forwarded request was not served; `body` is the provider's own answer, for the caller who is to blame."""

    def __init__(
        self,
        failure: Failure,
        *,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        windows: tuple[QuotaWindow, ...] = (),
    ) -> None:
        super().__init__(failure, windows=windows)
        self.status = status
        self.headers = headers
        self.body = body


@dataclass(frozen=True, slots=True)
class Piece:
    """An event of a forwarded stream, and the bytes that arrived until it was whole."""

    raw: bytes
    """May hold the beginning of the next event, and be empty when this one arrived with the last."""
    deltas: tuple[Delta, ...] = ()
    failure: Failure | None = None
    """Of an error event: before the first content a reason to try elsewhere, after it part of the answer."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The answer to a forwarded request, whose headers have arrived."""

    status: int
    headers: Mapping[str, str]
    """Those for the caller."""
    windows: tuple[QuotaWindow, ...]
    request_id: str | None
    streamed: bool
    """Whether it is server-sent events; then `pieces` can be read, otherwise `body`."""
    _response: httpx.Response
    _origin: Origin
    _clock: Clock

    async def body(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they come, whatever they are.

        Raises:
            ProviderError: `network`, when they broke off.
        """
        with network_errors():
            async for piece in self._response.aiter_bytes():
                yield piece

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """The stream event by event: its bytes unchanged and what they say. All bytes come, in their order.

        Raises:
            ProviderError: `network`, when it broke off or ended without its last event: never end the caller's
                stream as if it were whole.
        """
        pulled = bytearray()
        unfolding = Unfolding(self._origin, self._clock)
        watched = httpx.Response(200, headers=self._response.headers, stream=_Watched(self, pulled))
        async with aclosing(events(watched)) as said:
            async for event in said:
                raw = bytes(pulled)
                pulled.clear()
                if event.get("type") == "error":
                    yield Piece(raw, failure=unfolding.failure(event))
                    return
                yield Piece(raw, tuple(unfolding.take(event)))
                if unfolding.whole:
                    await drain(said)
        if pulled:
            yield Piece(bytes(pulled))
        unfolding.finish()


class _Watched(httpx.AsyncByteStream):
    """A body that keeps a copy of what is pulled from it."""

    def __init__(self, forwarded: Forwarded, pulled: bytearray) -> None:
        self._forwarded = forwarded
        self._pulled = pulled

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._forwarded.body()) as pieces:
            async for piece in pieces:
                self._pulled += piece
                yield piece
