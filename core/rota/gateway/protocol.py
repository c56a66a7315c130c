"""HTTP as uvicorn speaks it, with limits: on a head's size and time, and on a caller who reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rota.gateway.cork import Corked
from rota.gateway.exchange import LINE, Line

if TYPE_CHECKING:
    import asyncio

    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MAX_HEAD_BYTES = 64 * 1024
MOST_IN_LINE = 64
"""Requests that one connection may send before the first is answered; the rest are read later."""
_OFFER = frozenset({b"connection", b"upgrade", b"http2-settings"})


class PatientProtocol(HttpToolsProtocol):
    """uvicorn waits for ever for a head that has begun, and for a caller who reads nothing; this one does not.

    Nor does it take heads of any length, as the parser would.
    """

    head_s = 30.0
    """Seconds that a request's head may take from its connection's opening, or from its first byte later on."""
    unread_s = 120.0
    """Seconds that a caller may leave an answer unread."""
    _head: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _in_head = False
    _lines_size = 0
    """Bytes of the head's whole lines."""
    _line_size = 0
    """Bytes that came since, in pieces of which none ended a line."""
    _begun: RequestResponseCycle | None = None
    """The exchange that was begun last; uvicorn's `cycle` may be one that waits behind it."""

    @classmethod
    def patient_for(cls, head_s: float) -> type[PatientProtocol]:
        """This protocol, with other patience."""
        return type("Patient", (cls,), {"head_s": head_s})

    # --- the connection -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        corked = cast("asyncio.Transport", Corked(transport, self.loop))  # as much of one as is used
        super().connection_made(corked)
        self._head = self.loop.call_later(self.head_s, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        in_head, lines_size = self._in_head, self._lines_size
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
            return
        except HttpParserError:
            self._refuse_garbage()
            return
        if self._answering is not None:
            self._forget_head()
        elif self._head is None:
            self._head = self.loop.call_later(self.head_s, self.transport.abort)
        if in_head and self._in_head and self._lines_size == lines_size:
            self._line_size += len(data)
            if self._line_size > MAX_HEAD_BYTES:
                self._refuse(431, "Request Header Fields Too Large")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._forget_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        self._forget_unread()
        if (begun := self._answering) is not None:  # uvicorn tells the newest only, which may wait behind this one
            begun.disconnected = True
            begun.message_event.set()
            begun.scope["state"][LINE].leave()
        super().connection_lost(exc)

    def _refuse_garbage(self) -> None:
        """What cannot be read as a request is told so, unless that would break into another's answer."""
        begun = self._answering
        if begun is not None and (begun.response_started or not begun.more_body):
            self.transport.close()
        elif self._lines_size > MAX_HEAD_BYTES:
            self._refuse(431, "Request Header Fields Too Large")
        else:
            self._refuse(400, "Bad Request")

    def _refuse(self, status: int, phrase: str) -> None:
        self.transport.write(f"HTTP/1.1 {status} {phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
        self.transport.close()

    # --- as the parser reads ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._lines_size, self._line_size = True, 0, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._in_head = False
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            raise ValueError("which host is asked for is not clear")  # likewise
        if not self.parser.should_upgrade():
            self.scope["state"][LINE] = Line()
            super().on_headers_complete()
            if len(self.pipeline) < MOST_IN_LINE:
                self.flow.resume_reading()  # uvicorn stops at the second in line, and would not see its caller leave
        elif self.parser.get_method() == b"CONNECT":
            raise ValueError("this is no proxy")

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            self.cycle.scope["state"][LINE].whole = True
            super().on_message_complete()

    def _count(self, size: int) -> None:
        self._lines_size += size
        self._line_size = 0
        if self._lines_size > MAX_HEAD_BYTES:
            raise ValueError("the head is too long")  # the parser makes a refusal of it

    def _decline(self, rest: bytes) -> None:
        """Read a request again without its offer to speak something else; Java's client makes one with each.

        After an offer the parser takes neither the body nor anything else for HTTP.
        """
        kept = [name + b": " + value for name, value in self.headers if name not in _OFFER]
        if any(name == b"connection" and b"close" in value.lower() for name, value in self.headers):
            kept.append(b"connection: close")
        line = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has its own
        self.data_received(b"\r\n".join([line, *kept, b"", rest]))

    # --- one exchange after another -----------------------------------------------------------------------

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._begun = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._forget_head()

    @property
    def _answering(self) -> RequestResponseCycle | None:
        begun = self._begun
        return begun if begun is not None and not begun.response_complete else None

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
