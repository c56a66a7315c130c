"""A tap on the wire to a provider: everything passes, and the bytes of bodies are kept as they passed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import h11

if TYPE_CHECKING:
    from types import TracebackType


@dataclass
class Passed:
    """One request and its answer."""

    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    status: int = 0
    answer: bytes = b""


@dataclass
class Wiretap:
    """Listens on a port of its own and passes on to `upstream`."""

    upstream: str
    passed: list[Passed] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Wiretap:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """Die: every connection is reset, no new one is taken."""
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection; new ones are taken."""
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = urlsplit(self.upstream)
        far_reader, far_writer = await asyncio.open_connection(there.hostname, there.port)
        heard = _Listener(self.passed)
        self._open |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, far_writer, heard.asked))
                group.create_task(_pump(far_reader, writer, heard.answered))
        finally:
            self._open -= {writer, far_writer}
            writer.close()
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Any) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            heard(piece)
            writer.write(piece)
            await writer.drain()
    with suppress(ConnectionError, OSError):
        writer.write_eof()


class _Listener:
    """Reads one connection along, in both directions."""

    def __init__(self, passed: list[Passed]) -> None:
        self._passed = passed
        self._last = Passed("", [])
        self._server = h11.Connection(h11.SERVER)
        self._client = h11.Connection(h11.CLIENT)

    def asked(self, piece: bytes) -> None:
        self._server.receive_data(piece)
        while not isinstance(event := self._server.next_event(), type):
            if isinstance(event, h11.Request):
                headers = [(n.decode(), v.decode("latin-1")) for n, v in event.headers]
                self._last = Passed(event.target.decode(), headers)
                self._passed.append(self._last)
                self._client.send(event)
            elif isinstance(event, h11.Data):
                self._last.body += event.data
                self._client.send(event)
            elif isinstance(event, h11.EndOfMessage):
                self._client.send(event)

    def answered(self, piece: bytes) -> None:
        self._client.receive_data(piece)
        while not isinstance(event := self._client.next_event(), type):
            if isinstance(event, h11.Response):
                self._last.status = event.status_code
                self._server.send(event)
            elif isinstance(event, h11.Data):
                self._last.answer += event.data
                self._server.send(event)
            elif isinstance(event, h11.EndOfMessage):
                self._server.send(event)
                if self._client.our_state is h11.DONE and self._client.their_state is h11.DONE:
                    self._client.start_next_cycle()
                    self._server.start_next_cycle()
