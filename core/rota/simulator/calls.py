"""Notes every call a client made, with fingerprints for secrets, so that tests see what went over the wire."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rota.clock import Clock
    from rota.simulator.knobs import Knobs

KEPT_CALLS = 5000
KEPT_BODY_BYTES = 64 * 1024
PREFIXES = {
    "/anthropic": "anthropic",
    "/claude": "anthropic",
    "/puter-api": "puter",
    "/puter": "puter",
}
_SECRET_FIELDS = {
    "auth_token",
    "access_token",
    "refresh_token",
    "token",
    "code",
    "code_verifier",
    "password",
    "reauth_token",
}
_HEADERS_OF_INTEREST = {
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "host",
    "origin",
    "user-agent",
    "x-app",
}
_SECRET_HEADERS = {"authorization", "x-api-key"}


@dataclass(slots=True)
class Call:
    """One request and what became of it."""

    id: int
    at: float
    """When it came, on the simulator's clock."""
    method: str
    provider: str
    path: str
    """The provider's own path, without the simulator's prefix."""
    query: dict[str, str]
    headers: dict[str, str]
    account: str | None = None
    model: str | None = None
    stream: bool = False
    fault: str | None = None
    status: int | None = None
    seconds: float | None = None
    outcome: str = "open"
    """`answered`, `cut` by the simulator, `left` by the client, or still `open`."""
    body: Any = None
    """The JSON or form body, secrets replaced; None when there was none or it was too long."""


class CallLog:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._ids = 0

    def open(self, at: float, method: str, path: str, query: bytes, headers: Mapping[str, str]) -> Call:
        prefix = next((prefix for prefix in PREFIXES if path == prefix or path.startswith(prefix + "/")), "")
        self._ids += 1
        call = Call(
            id=self._ids,
            at=at,
            method=method,
            provider=PREFIXES.get(prefix, "simulator"),
            path=path[len(prefix) :] or "/",
            query={name: _hidden(name, value) for name, value in parse_qsl(query.decode("latin-1"))},
            headers=_redacted_headers(headers),
        )
        self._calls.append(call)
        return call

    def clear(self) -> None:
        self._calls.clear()

    def listed(
        self, *, path: str | None = None, account: str | None = None, provider: str | None = None, since: int = 0
    ) -> list[Call]:
        """Calls whose path contains `path`, later than the id `since`."""
        return [
            call
            for call in self._calls
            if call.id > since
            and (path is None or path in call.path)
            and account in (None, call.account)
            and provider in (None, call.provider)
        ]


def as_json(call: Call) -> dict[str, Any]:
    return asdict(call)


def call_of(request: Request) -> Call:
    """The note of the call being served."""
    call: Call = request.scope["rota.call"]
    return call


def fingerprint(secret: str) -> str:
    return "fp:" + Secret(secret).fingerprint()


def redact(value: Any) -> Any:
    """A JSON value with what is secret in it replaced by fingerprints."""
    if isinstance(value, dict):
        return {name: _hidden(name, redact(item)) for name, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


def _hidden(name: str, value: Any) -> Any:
    if name in _SECRET_FIELDS and isinstance(value, str):
        return fingerprint(value)
    return value


def _redacted_headers(headers: Mapping[str, str]) -> dict[str, str]:
    kept = {}
    for name, value in headers.items():
        if name in _SECRET_HEADERS:
            scheme, _, secret = value.rpartition(" ")
            kept[name] = f"{scheme} {fingerprint(secret)}".strip()
        elif name in _HEADERS_OF_INTEREST or name.startswith("x-stainless-"):
            kept[name] = value
    return kept


@dataclass(slots=True)
class _Body:
    """What was read of a request's body, up to a limit."""

    data: bytes = b""
    whole: bool = field(default=True)

    def add(self, chunk: bytes) -> None:
        if len(self.data) + len(chunk) > KEPT_BODY_BYTES:
            self.whole = False
        else:
            self.data += chunk

    def parsed(self, content_type: str) -> Any:
        if not self.data or not self.whole:
            return None
        if "form-urlencoded" in content_type:
            return redact(dict(parse_qsl(self.data.decode(errors="replace"))))
        try:
            return redact(json.loads(self.data))
        except ValueError:
            return None


class Recorder:
    """ASGI middleware: notes the call, waits the latency, dates the answer by the simulator's clock."""

    def __init__(self, app: ASGIApp, *, calls: CallLog, clock: Clock, knobs: Knobs) -> None:
        self._app = app
        self._calls = calls
        self._clock = clock
        self._knobs = knobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sim"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        began = self._clock.monotonic()
        call = self._calls.open(self._clock.now(), scope["method"], scope["path"], scope["query_string"], headers)
        scope["rota.call"] = call
        body = _Body()

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                body.add(message.get("body", b""))
                if not message.get("more_body", False):
                    call.body = body.parsed(headers.get("content-type", ""))
            elif call.outcome == "open":
                call.outcome = "left"
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                message["headers"].append((b"date", http_date(self._clock.now()).encode()))
            elif not message.get("more_body", False):
                call.outcome = "answered"
            await send(message)

        if self._knobs.latency > 0:
            await self._clock.sleep(self._knobs.latency)
        try:
            await self._app(scope, receiving, sending)
        finally:
            call.seconds = self._clock.monotonic() - began
            if call.outcome == "open":
                call.outcome = "cut"


def http_date(moment: float) -> str:
    """A time as HTTP headers write it."""
    return formatdate(moment, usegmt=True)
