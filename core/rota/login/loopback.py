"""The page on this machine that a browser is sent back to: one exact path, one use, loopback only.

Everything else that knocks (a favicon, a port scan, another site's script) gets a plain refusal and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import h11

from rota.errors import SignInFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

READ_S = 10.0
"""How long one connection may take to say what it wants."""
MAX_REQUEST = 16_384

HOSTS = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a visit to the right path comes to: `accepted` ends the wait; anything else only answers the browser."""

    accepted: bool
    title: str
    text: str


class CallbackServer:
    """Listens on 127.0.0.1 until one visit is accepted. Use as an async context manager.

    Args:
        path: the one path that counts, compared in constant time; hold a nonce in it or a state in the query.
    """

    def __init__(self, path: str, *, port: int = 0) -> None:
        self.judge: Callable[[Mapping[str, str]], Verdict] = _too_early
        """Looks at a visit's query and says whether it is the one that was waited for."""
        self._path = path
        self._wanted_port = port
        self._server: asyncio.Server | None = None
        self._accepted = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self._wanted_port, limit=MAX_REQUEST * 2
            )
        except OSError as error:
            raise SignInFailed(
                f"No port on this machine could be opened for the browser to come back to ({error.strerror}).",
                hint="Sign in with --no-browser and paste the code instead.",
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def wait(self) -> None:
        """Until a visit was accepted."""
        await self._accepted.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_REQUEST)
        try:
            async with asyncio.timeout(READ_S):
                request = await _read_request(connection, reader)
                if request is None:
                    return
                status, page = self._answer(request)
                writer.write(_response(connection, status, page))
                await writer.drain()
        except (TimeoutError, OSError, h11.RemoteProtocolError):
            pass  # a visitor that does not speak HTTP, or left: nobody to answer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _answer(self, request: h11.Request) -> tuple[int, str]:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
        target = urlsplit(request.target.decode("latin-1"))
        if headers.get("host", "") not in {f"{host}:{self.port}" for host in HOSTS}:
            return 421, _page("Wrong host", "This page answers to this machine only.")
        if not hmac.compare_digest(target.path.encode(), self._path.encode()):
            return 404, _page("Nothing here", "rota waits for a sign-in on another path.")
        if request.method != b"GET":
            return 405, _page("Not like this", "A sign-in comes back as an ordinary page visit.")
        if "origin" in headers or headers.get("sec-fetch-mode", "navigate") != "navigate":
            return 403, _page("Not like this", "A page of another site may not finish a sign-in.")
        if self._accepted.is_set():
            return 410, _page("Already done", "This sign-in has been finished; you can close this tab.")
        verdict = self.judge({name: values[0] for name, values in parse_qs(target.query).items()})
        if verdict.accepted:
            self._accepted.set()
        return 200 if verdict.accepted else 400, _page(verdict.title, verdict.text)


def _too_early(_query: Mapping[str, str]) -> Verdict:
    return Verdict(False, "Too early", "rota is not ready for this sign-in yet.")


async def _read_request(connection: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(4096))
        elif isinstance(event, h11.Request):
            return event
        else:
            return None


def _response(connection: h11.Connection, status: int, page: str) -> bytes:
    nonce = secrets.token_urlsafe(12)
    body = page.replace("NONCE", nonce).encode()
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Content-Security-Policy", f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Connection", "close"),
    ]
    sent = connection.send(h11.Response(status_code=status, headers=headers)) or b""
    sent += connection.send(h11.Data(data=body)) or b""
    return sent + (connection.send(h11.EndOfMessage()) or b"")


def _page(title: str, text: str) -> str:
    """A page that says what happened and takes the code or token out of the address bar. All text is ours."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>rota</title>'
        '<meta name="viewport" content="width=device-width">'
        '<style nonce="NONCE">body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;'
        "padding:0 1rem;color:#1b2430;background:#f6f7f9}h1{font-size:1.4rem}@media(prefers-color-scheme:dark)"
        "{body{color:#dde3ec;background:#12161c}}</style>"
        '<script nonce="NONCE">history.replaceState(null,"","/")</script>'
        f"<h1>{title}</h1><p>{text}</p></html>"
    )
