"""Puter over HTTP: every call goes to its api host, with an `Origin`, and none to its sign-in routes."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from rota.errors import Failure, Meaning, ProviderError
from rota.providers.base import (
    Finish,
    Finished,
    Reasoning,
    ReasoningDelta,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from rota.providers.http import fetch, network_errors, open_stream, read_body
from rota.providers.puter import answer, catalogue, classify, fields, usage, wire
from rota.providers.puter.stream import Lines, Reader
from rota.providers.stops import Stops, ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rota.account import Identity
    from rota.clock import Clock
    from rota.providers.base import ChatRequest, Credential, Delta, Model, QuotaReport, Reply, ReplyStream
    from rota.providers.puter.fields import Record
    from rota.quota import QuotaWindow


_REST_S = 0.25
"""How long the end of a stream is waited for behind its last line, so that its connection can serve again."""


class PuterProvider:
    """Puter's wire format; `rota.providers.base.Provider`."""

    name = "puter"

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        api_url: str = "https://api.puter.com",
        gui_url: str = classify.PUTER,
        clock: Clock,
        answer_s: float = 300.0,
        first_content_s: float = 120.0,
        between_chunks_s: float = 90.0,
        after_stop_s: float = 2.0,
    ) -> None:
        """Speak to one Puter.

        Args:
            client: the shared HTTP client; closed by whoever made it.
            api_url: where every call goes.
            gui_url: where people sign in; its origin is the one we give as ours.
            clock: tells when a quota was observed.
            answer_s: seconds to wait for a whole answer that is not streamed.
            first_content_s: seconds a stream may take to its first content. A stream has no limit as a whole.
            between_chunks_s: seconds a stream may be silent after that; Puter sends no heartbeats.
            after_stop_s: seconds that a stream may go on behind a stop sequence, for its usage; then it is left.
        """
        self._after_stop_s = after_stop_s
        self._client = client
        self._api = api_url.rstrip("/")
        self._site = gui_url.rstrip("/")
        site = urlsplit(gui_url)
        self._origin = f"{site.scheme}://{site.netloc}"
        self._clock = clock
        self.take_waits(answer_s, first_content_s, between_chunks_s)

    def take_waits(self, answer_s: float, first_content_s: float, between_chunks_s: float) -> None:
        """Be as patient as this from the next request on."""
        self._answer_s = answer_s
        self._first_content_s = first_content_s
        self._between_chunks_s = between_chunks_s

    async def identify(self, credential: Credential) -> Identity:
        """Who the token belongs to. whoami also answers for gated accounts: their `gate` says what to do."""
        who = usage.identity(await self._get("/whoami", credential))
        if who.plan is not None or who.gate is not None:
            return who
        # whoami names no plan for most accounts, but their allowance gives it away.
        with suppress(ProviderError):
            return usage.with_plan(who, await self._get("/metering/usage", credential))
        return who

    async def models(self, credential: Credential | None) -> tuple[Model, ...]:
        """The catalogue; it is public, so no token is sent for it."""
        return catalogue.models(await self._get("/puterai/chat/models/details", None))

    async def usage(self, credential: Credential) -> QuotaReport | None:
        return usage.report(await self._get("/metering/usage", credential), self._clock.now())

    async def complete(self, request: ChatRequest, credential: Credential) -> Reply:
        sent = self._call(request, credential, stream=False, read_s=self._answer_s)
        got = await fetch(self._client, sent)
        success = self._success(got.status, got.headers, got.body, request.model)
        return ended(answer.reply(success, request.model), request.stop)

    @asynccontextmanager
    async def stream(self, request: ChatRequest, credential: Credential) -> AsyncIterator[ReplyStream]:
        """An answer as it comes.

        Raises:
            ProviderError: on entering, when it failed before its first byte; later from the iteration.
        """
        read_s = max(self._first_content_s, self._between_chunks_s)
        sent = self._call(request, credential, stream=True, read_s=read_s)
        async with open_stream(self._client, sent) as response:
            if response.status_code == 200 and _content_type(response.headers) == "application/x-ndjson":
                yield _Stream(response, request, self._first_content_s, self._between_chunks_s, self._after_stop_s)
                return
            # Legacy servers refuse with 200 and JSON, and a server may answer whole what was asked as a stream.
            body = await read_body(response)
            success = self._success(response.status_code, response.headers, body, request.model)
            yield _Whole(ended(answer.reply(success, request.model), request.stop))

    async def refresh(self, credential: Credential) -> Credential:
        """Puter has no refresh tokens: a token lives until its owner revokes it.

        Raises:
            ProviderError: always, `login-dead`.
        """
        raise ProviderError(
            Failure(
                Meaning.LOGIN_DEAD,
                "A Puter token cannot be renewed; the account must sign in again.",
                code="no-refresh",
                action="Sign in to Puter again.",
                retryable_here=False,
            )
        )

    async def aclose(self) -> None:
        """Nothing of its own is open: the client belongs to whoever made it."""

    async def _get(self, path: str, credential: Credential | None) -> Record:
        sent = self._client.build_request("GET", self._api + path, headers=self._headers(credential))
        got = await fetch(self._client, sent)
        return self._success(got.status, got.headers, got.body, None)

    def _call(self, request: ChatRequest, credential: Credential, *, stream: bool, read_s: float) -> httpx.Request:
        usual = self._client.timeout
        return self._client.build_request(
            "POST",
            self._api + "/drivers/call",
            headers={**self._headers(credential), "content-type": "application/json"},
            content=_encode(wire.call(request, stream=stream)),
            timeout=httpx.Timeout(connect=usual.connect, read=read_s, write=usual.write, pool=usual.pool),
        )

    def _headers(self, credential: Credential | None) -> dict[str, str]:
        # Servers before 2026-04-30 answered a bare 403 to a POST without an origin.
        headers = {"origin": self._origin, "accept": "application/json, application/x-ndjson"}
        if credential is not None:
            headers["authorization"] = f"Bearer {credential.secret.reveal()}"
        return headers

    def _success(self, status: int, headers: httpx.Headers, body: bytes, model: str | None) -> Record:
        """The JSON object of a success.

        Raises:
            ProviderError: for anything else, legacy failures under HTTP 200 included.
        """
        got = fields.parse(body)
        if 200 <= status < 300 and isinstance(got, dict) and got.get("success") is not False:
            return got
        if 200 <= status < 300 and not isinstance(got, dict):
            said = f"Puter's answer is {_content_type(headers) or 'of no type'}, not JSON."
            raise ProviderError(classify.unusable(said, status, "not-json"))
        now = self._clock.now()
        raise ProviderError(classify.failure(status, body, headers, now, model=model, site=self._site))


class _Stream:
    """An answer under way; `rota.providers.base.ReplyStream`."""

    windows: tuple[QuotaWindow, ...] = ()
    request_id: str | None = None

    def __init__(
        self,
        response: httpx.Response,
        request: ChatRequest,
        first_content_s: float,
        between_chunks_s: float,
        after_stop_s: float,
    ) -> None:
        self._response = response
        self._model = request.model
        self._reader = Reader(request.model, request.max_tokens)
        self._stops = Stops(request.stop)  # of most models Puter takes them and lets them speak on
        self._first_content_s = first_content_s
        self._between_chunks_s = between_chunks_s
        self._after_stop_s = after_stop_s
        self._until: float | None = None
        """Loop time at which the usage is no longer waited for, once a stop sequence was found."""

    async def __aiter__(self) -> AsyncIterator[Delta]:
        lines = Lines()
        pieces = self._response.aiter_bytes()
        try:
            while piece := await self._next(pieces):
                for line in lines.feed(piece):
                    for delta in self._reader.read(line):
                        for said in self._stops.of(delta):
                            yield said
            for delta in self._reader.read(lines.end()):
                for said in self._stops.of(delta):
                    yield said
            self._reader.close()
        except ProviderError:
            if self._reader.finished:
                return  # all was said before
            if self._stops.found is None:
                raise
            yield Finished(Finish.STOP, Usage(), self._model, stop_sequence=self._stops.found)

    def _patience_s(self) -> float:
        """How long the next piece is waited for."""
        if self._reader.finished:
            return _REST_S
        if self._stops.found is not None:
            now = asyncio.get_running_loop().time()
            self._until = self._until or now + self._after_stop_s
            return self._until - now
        return self._between_chunks_s if self._reader.started else self._first_content_s

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes:
        """The next piece; empty at the end."""
        patience = self._patience_s()
        try:
            if patience <= 0:
                raise TimeoutError  # a model that never pauses would not be timed out below
            async with asyncio.timeout(patience):
                with network_errors():
                    return await anext(pieces, b"")
        except TimeoutError:
            what = "went silent in the middle of its answer" if self._reader.started else "sent no content"
            said = f"Puter {what} for {patience:g} seconds."
            raise ProviderError(Failure(Meaning.NETWORK, said, code="read-timeout")) from None


class _Whole:
    """An answer that came whole although a stream was asked for; `rota.providers.base.ReplyStream`."""

    windows: tuple[QuotaWindow, ...] = ()
    request_id: str | None = None

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[Delta]:
        for delta in _deltas(self._reply):
            yield delta


def _deltas(reply: Reply) -> Iterator[Delta]:
    calls = 0
    for part in reply.parts:
        match part:
            case Text(text):
                yield TextDelta(text)
            case Reasoning(text, signature):
                yield ReasoningDelta(text, signature)
            case ToolCall(id_, name, arguments):
                yield ToolCallDelta(calls, id_, name, answer.as_json(arguments))
                calls += 1
            case _:
                pass
    yield Finished(reply.finish, reply.usage, reply.model, reply.cost_usd, reply.stop_sequence)


def _content_type(headers: httpx.Headers) -> str:
    value: str = headers.get("content-type", "")
    return value.partition(";")[0].strip().lower()


def _encode(body: dict[str, Any]) -> bytes:
    """The body as JSON. In ASCII, so that half a surrogate pair in somebody's text does not stop it.

    Raises:
        ProviderError: `bad-request`, when a tool's arguments hold what JSON cannot say.
    """
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError):
        said = "The request holds something that JSON cannot say (a NaN in a tool's arguments, perhaps)."
        raise ProviderError(Failure(Meaning.BAD_REQUEST, said, retryable_here=False)) from None
