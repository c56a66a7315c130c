"""A caller's own request in Anthropic's dialect, passed on byte for byte: only what signs it is exchanged."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from rota.errors import Failure, Meaning, ProviderError
from rota.providers.anthropic.fields import Fields, fields
from rota.providers.anthropic.stream import Origin, Unfolding
from rota.providers.http import decode_json, decoded, network_errors, read_body
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
    from types import TracebackType

    import httpx

    from rota.clock import Clock
    from rota.providers.base import Delta
    from rota.providers.http import open_stream
    from rota.quota import QuotaWindow

_TO_PROVIDER = frozenset({"content-type", "accept", "idempotency-key"})
_TO_CALLER = frozenset({"content-type", "request-id", "retry-after", "retry-after-ms", "x-should-retry"})
_OURS = "anthropic-"

MOST = 32 * 1024 * 1024
"""Bytes of one event."""
_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
_CONTENT = b"event: content_block_delta\n"
_REST_S = 0.25


def headers_to_provider(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's headers that belong to the request itself. Not its key, its cookies or the name of its program.

    The answer is asked for uncompressed, so that its pieces can be read on the way without changing them.
    """
    return _kept(headers, _TO_PROVIDER) | {"accept-encoding": "identity"}


def headers_to_caller(headers: Mapping[str, str]) -> dict[str, str]:
    """The provider's headers that mean something to a caller; how the body travelled does not."""
    return _kept(headers, _TO_CALLER)


def _kept(headers: Mapping[str, str], which: frozenset[str]) -> dict[str, str]:
    lowered = [(name.lower(), value) for name, value in headers.items()]
    return {name: value for name, value in lowered if name in which or name.startswith(_OURS)}


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
    """Whole events of a forwarded stream, as they arrived together."""

    raw: bytes
    deltas: tuple[Delta, ...] = ()
    """What they say: everything up to the first content, then only what is not content, such as the end."""
    failure: Failure | None = None
    """Of an error event, the last of these: before any content a reason to try elsewhere, else part of the answer."""


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

    async def body(self) -> bytes:
        """All the bytes, whatever they are.

        Raises:
            ProviderError: `network`, when they broke off or are more than a whole answer has.
        """
        return await read_body(self._response)

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """The stream by whole events: their bytes unchanged and what they say. All come, in their order.

        An event that has begun is kept back until it is whole: an error could not be told in the middle of one.

        Raises:
            ProviderError: `network`, when it broke off or ended without its last event: never end the caller's
                stream as if it were whole.
        """
        if not self.streamed:
            raise _broken("The answer is not a stream.", "not-a-stream")
        reader = _Reader(Unfolding(self._origin, self._clock))
        async with aclosing(self._arriving()) as arriving:
            async for arrived in arriving:
                if (piece := reader.read(arrived)) is None:
                    continue
                yield piece
                if piece.failure is not None:
                    return
                if reader.unfolding.whole:
                    if rest := reader.begun + await _rest(arriving):
                        yield Piece(rest)
                    return
        reader.unfolding.finish()

    async def _arriving(self) -> AsyncGenerator[bytes, None]:
        with network_errors():
            async for piece in decoded(self._response):  # decoded, should it be encoded though that was not asked for
                yield piece


class Forwarding:
    """A request that is passed on: entered, its answer is `Forwarded`; leaving closes the connection.

    No generator as a context, which takes twice as long.
    """

    __slots__ = ("_open", "_read")

    def __init__(self, opening: open_stream, read: Callable[[httpx.Response], Awaitable[Forwarded]]) -> None:
        """
        Args:
            read: tells what an answer's headers say, and raises for one that is a refusal.
        """
        self._open = opening
        self._read = read

    async def __aenter__(self) -> Forwarded:
        response = await self._open.__aenter__()
        try:
            return await self._read(response)
        except BaseException:
            await self._open.__aexit__(*sys.exc_info())
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.__aexit__(kind, error, trace)


class _Reader:
    """Reads events only as far as needed: a hundred pieces of text a second cost a search, not a parser each."""

    def __init__(self, unfolding: Unfolding) -> None:
        self.unfolding = unfolding
        self.begun = b""
        """The event that is not whole yet."""
        self._content = False

    def read(self, arrived: bytes) -> Piece | None:
        """The events that are whole with this; None when none is."""
        raw = self.begun + arrived
        if len(raw) > MOST:
            raise _broken("An event of the stream does not end.", "too-large")
        ends = [found.end() for found in _EVENT_END.finditer(raw)]
        if not ends:
            self.begun = raw
            return None
        self.begun = raw[ends[-1] :]
        deltas: list[Delta] = []
        start = 0
        for end in ends:
            if not (self._content and raw.startswith(_CONTENT, start)):
                event = _event(raw[start:end])
                if event.get("type") == "error":
                    return Piece(raw[:end], tuple(deltas), self.unfolding.failure(event))
                deltas += self.unfolding.take(event)
                self._content = self._content or event.get("type") == "content_block_delta"
            start = end
        return Piece(raw[: ends[-1]], tuple(deltas))


def _event(raw: bytes) -> Fields:
    """What one event says; comments and events without data say nothing."""
    data = [line[5:] for line in raw.splitlines() if line.startswith(b"data:")]
    return fields(decode_json(b"\n".join(data))) if any(data) else {}


async def _rest(arriving: AsyncGenerator[bytes, None]) -> bytes:
    """What follows the last event, so that the connection can serve again; a host that keeps it is not waited for."""
    rest = bytearray()
    with suppress(TimeoutError, ProviderError):
        async with asyncio.timeout(_REST_S):
            async for piece in arriving:
                rest += piece
    return bytes(rest)


def _broken(why: str, code: str) -> ProviderError:
    return ProviderError(Failure(Meaning.NETWORK, why, code=code))
