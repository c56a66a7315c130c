"""One request and its answer over ASGI: the body within its limits, the answer by pieces, a caller who leaves."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rota.gateway.guard import headers_of
from rota.gateway.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import Receive, Scope, Send

JSON = "application/json"
LINGER_S = 2.0
"""How long the rest of a refused body is read away: a connection closed on unread bytes loses the answer too."""

EVENTS = "text/event-stream; charset=utf-8"
LINE = "line"
"""Where in a request's state its connection has put its `Line`."""

BODILESS = frozenset({"GET", "HEAD"})
"""Methods whose requests have no body."""


class Exchange:
    """A request under way. Handlers write to it; nothing else touches the connection."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        query = scope.get("query_string", b"").decode("latin-1")
        self.target = f"{self.path}?{query}" if query else self.path
        """The path with its query, as it came."""
        self.headers = headers_of(scope["headers"])
        self.in_pieces: bool = scope["http_version"] != "1.0"
        """Whether an answer of unknown length can be sent as it comes."""
        self.begun = False
        """Whether the answer's head is out, so that an error can only be told in the body."""
        self.ended = False
        """Whether its last piece is out."""
        self._whole = False
        """Whether the request's body has been read to its end."""
        self._line: Line = scope["state"][LINE]
        self._held: bytearray | None = None
        """What is kept until the end for a caller who takes no pieces."""
        self._start: dict[str, Any] = {}
        """The answer's head."""
        self._receive = receive
        self._send = send

    async def read_body(self, limit: int, within_s: float) -> bytes:
        """The whole body.

        Raises:
            Refusal: 413 when it is larger than `limit` bytes, 408 when it takes longer than `within_s` seconds.
        """
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise Refusal(_too_large(limit))
        if self._line.whole:
            piece = await self._piece()
            if len(piece) > limit:
                raise Refusal(_too_large(limit))
            return piece
        pieces = bytearray()
        try:
            async with asyncio.timeout(within_s):
                while not self._whole:
                    pieces += await self._piece()
                    if len(pieces) > limit:
                        raise Refusal(_too_large(limit))
        except TimeoutError:
            raise Refusal(Problem(408, "slow", f"The request did not arrive within {within_s:g} seconds.")) from None
        return bytes(pieces)

    async def _piece(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise CallerGoneError
        self._whole = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the answer's head."""
        self.begun = True
        raw = [(name.encode("latin-1"), _header(value)) for name, value in headers.items()]
        self._start = {"type": "http.response.start", "status": status, "headers": raw}
        if not self.in_pieces and "content-length" not in headers:
            self._held = bytearray()
        else:
            await self._send(self._start)

    async def write(self, piece: bytes) -> None:
        """Send a piece of the body at once."""
        if self._held is not None:
            self._held += piece
        elif piece:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self, piece: bytes = b"") -> None:
        """Send the last piece."""
        self.ended = True
        if self._held is not None:
            piece = bytes(self._held + piece)
            self._start["headers"].append((b"content-length", b"%d" % len(piece)))
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": piece, "more_body": False})

    async def answer(self, status: int, body: bytes, headers: Mapping[str, str], content_type: str = JSON) -> None:
        """Send a whole answer; before the request has arrived whole it is the connection's last."""
        headers = {"content-type": content_type, "content-length": str(len(body)), **headers}
        if self._whole or self.method in BODILESS:
            await self.begin(status, headers)
            await self.end(body)
            return
        await self.begin(status, {**headers, "connection": "close"})
        await self.write(body)
        with suppress(TimeoutError, CallerGoneError):
            async with asyncio.timeout(LINGER_S):
                while not self._whole:
                    await self._piece()
        await self.end()

    async def answer_json(self, status: int, value: Any, headers: Mapping[str, str]) -> None:
        await self.answer(status, json.dumps(value, ensure_ascii=False).encode(), headers)

    async def while_there(self, work: Awaitable[None]) -> None:
        """Do `work` for as long as the caller is there; when it leaves, `work` is cancelled at once.

        To be called after the body was read: from then on, all that can arrive is the caller's leaving.
        """
        doing = asyncio.current_task()
        assert doing is not None  # noqa: S101 - a server calls its app in one
        left = False

        def leave() -> None:
            nonlocal left
            if not self.ended:
                left = True
                doing.cancel()

        self._line.when_gone(leave)
        try:
            await work
        except asyncio.CancelledError:
            # Cancelled by the server too, it is not only the caller who wants an end.
            if not left or doing.uncancel() > 0:
                raise
        finally:
            self._line.when_gone(None)


class Line:
    """What a connection tells beside ASGI: whether the request is here, and that the caller has left.

    ASGI would take a timer for the one and a task that waits for the other, with each request.
    """

    __slots__ = ("_gone", "_listener", "whole")

    def __init__(self) -> None:
        self.whole = False
        """Whether the request has arrived to its end."""
        self._gone = False
        self._listener: Callable[[], None] | None = None

    def when_gone(self, listener: Callable[[], None] | None) -> None:
        """Call `listener` when the caller leaves, now if it has."""
        self._listener = listener
        if self._gone and listener is not None:
            listener()

    def leave(self) -> None:
        """The caller has left."""
        self._gone = True
        if self._listener is not None:
            self._listener()


class CallerGoneError(Exception):
    """The caller left before its request was whole: nobody to answer."""


def _header(value: str) -> bytes:
    """A header's value in one line, whatever a label or a caller's model name holds."""
    if not value.isprintable():
        value = "".join(c if c.isprintable() else " " for c in value).strip()
    return value.encode("latin-1", "replace")


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"The request is larger than {limit} bytes (gateway.max_body_bytes).")
