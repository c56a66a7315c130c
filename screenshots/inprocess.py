"""HTTP to the simulator without sockets, streamed: the order of things then hangs on the event loop alone."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette


class InProcess(httpx.AsyncBaseTransport):
    """A transport to an ASGI app. httpx's own gives an answer only when it is whole; this one piece by piece."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        url = request.url
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port or 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        answer = _Answer()
        received = False

        async def receive() -> dict[str, Any]:
            nonlocal received
            if received:
                await answer.left.wait()
                return {"type": "http.disconnect"}
            received = True
            return {"type": "http.request", "body": body, "more_body": False}

        answer.serving = asyncio.create_task(self._serve(scope, receive, answer))
        await answer.begun.wait()
        return httpx.Response(answer.status, headers=answer.headers, stream=answer, request=request)

    async def _serve(self, scope: dict[str, Any], receive: Any, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer.take)
        finally:
            answer.begun.set()
            answer.pieces.put_nowait(None)


class _Answer(httpx.AsyncByteStream):
    """An answer under way."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.begun, self.left = asyncio.Event(), asyncio.Event()
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.serving: asyncio.Task[None] | None = None

    async def take(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
            self.begun.set()
        elif message["type"] == "http.response.body":
            self.pieces.put_nowait(message.get("body", b""))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self.pieces.get()) is not None:
            yield piece

    async def aclose(self) -> None:
        self.left.set()
        if self.serving is not None:
            self.serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.serving
