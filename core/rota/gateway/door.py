"""The door: open as soon as the port is, with the service behind it still on its way.

`/healthz` is answered at once; everybody else waits, and is let through to the service when it is there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rota import __version__
from rota.gateway.exchange import BODILESS, Exchange
from rota.gateway.guard import refuse_visitor

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HEALTH = "/healthz"
"""What anybody on this machine may ask without a key."""


async def tell_health(exchange: Exchange) -> None:
    """That rota is here."""
    await exchange.answer_json(200, {"status": "ok", "service": "rota", "version": __version__}, {})


class Door:
    """An ASGI app, before there is the one that it leads to."""

    def __init__(self, *, allow_remote: bool) -> None:
        self._allow_remote = allow_remote
        self._behind: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()
        self._app: ASGIApp = self._wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def open(self, app: ASGIApp) -> None:
        """Let in who waits and who comes."""
        self._app = app
        self._behind.set_result(app)

    def shut(self) -> None:
        """There will be no service: who waits is sent away."""
        self._behind.cancel()

    async def _wait(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        if exchange.method in BODILESS and exchange.path == HEALTH and self._may_come(exchange):
            await tell_health(exchange)
            return
        # Shielded: one who is sent away for another reason must not take the others along.
        app = await asyncio.shield(self._behind)
        await app(scope, receive, send)

    def _may_come(self, exchange: Exchange) -> bool:
        """Whether the service would let this visitor in; one that it would not hears so from the service."""
        return refuse_visitor(exchange.headers, allow_remote=self._allow_remote) is None
