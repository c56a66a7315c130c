"""HTTP as uvicorn speaks it, with patience that ends: who does not finish a request head is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio


class PatientProtocol(H11Protocol):
    """uvicorn times idle connections out only after their first request; this one from the first byte on."""

    patience_s = 30.0

    @classmethod
    def patient_for(cls, seconds: float) -> type[PatientProtocol]:
        """This protocol, with other patience."""
        return type("Patient", (cls,), {"patience_s": seconds})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request head."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.patience_s, self._drop_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def _drop_if_silent(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()
