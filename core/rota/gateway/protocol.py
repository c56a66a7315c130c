"""HTTP as uvicorn speaks it, with patience that ends: for a request's head, and for a caller who reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

from rota.gateway.cork import Corked

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle


class PatientProtocol(H11Protocol):
    """uvicorn waits for ever for a head that has begun, and for a caller who reads nothing; this one does not."""

    head_s = 30.0
    """Seconds that a request's head may take from its connection's opening, or from its first byte later on."""
    unread_s = 120.0
    """Seconds that a caller may leave an answer unread."""
    _head: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    @classmethod
    def patient_for(cls, head_s: float) -> type[PatientProtocol]:
        """This protocol, with other patience."""
        return type("Patient", (cls,), {"head_s": head_s})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]  # as much of one as is used
        self._head = self.loop.call_later(self.head_s, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn has None there until the first request
        if cycle is not None and not cycle.response_complete:
            self._forget_head()
        elif self._head is None:
            self._head = self.loop.call_later(self.head_s, self.transport.abort)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._forget_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._forget_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        self._forget_unread()
        super().connection_lost(exc)

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
