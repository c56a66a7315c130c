"""Compresses answers when the knob says so, as the providers' edges do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.gzip import GZipMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from rota.simulator.knobs import Knobs


class Compressor:
    """ASGI middleware: gzip, while it is turned on."""

    def __init__(self, app: ASGIApp, *, knobs: Knobs) -> None:
        self._plain = app
        self._gzip = GZipMiddleware(app, minimum_size=0)
        self._knobs = knobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._gzip if self._knobs.gzip else self._plain
        await app(scope, receive, send)
