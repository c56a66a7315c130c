"""Anthropic as a `Provider`: every call over one HTTP client, each signed with the credential it is given."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from rota.account import Kind
from rota.errors import Failure, Meaning, ProviderError
from rota.providers.anthropic import oauth
from rota.providers.anthropic.catalogue import read_models
from rota.providers.anthropic.classify import refusal
from rota.providers.anthropic.fields import fields, text
from rota.providers.anthropic.forward import (
    Forwarded,
    Forwarding,
    ForwardRefused,
    headers_to_caller,
    headers_to_provider,
)
from rota.providers.anthropic.limits import quota_windows
from rota.providers.anthropic.profile import read_identity, unprofiled
from rota.providers.anthropic.reply import read_reply
from rota.providers.anthropic.signing import OAUTH_BETA, signed
from rota.providers.anthropic.stream import AnthropicStream, Origin
from rota.providers.anthropic.usage import read_usage
from rota.providers.anthropic.wire import request_body
from rota.providers.base import QuotaReport
from rota.providers.http import NOT_SENT, Answer, fetch, network_errors, open_stream, plain, read_body, ready_made

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from rota.account import Identity
    from rota.clock import Clock
    from rota.providers.base import ChatRequest, Credential, Model, Reply

API_URL = "https://api.anthropic.com"

_QUICK_S = 30.0
"""Longest silence of the small routes; the official clients give the token endpoint the same."""
_WHOLE_S = 600.0
"""Longest silence before an unstreamed answer: nothing comes until all of it is written (official SDK's default)."""
_MOST_PAGES = 20
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class AnthropicProvider:
    """Messages, models, usage and logins of Anthropic accounts."""

    name = "anthropic"

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        api_url: str = API_URL,
        auth_url: str = oauth.AUTH_URL,
        authorize_url: str = oauth.AUTHORIZE_URL,
        clock: Clock,
    ) -> None:
        self._client = client
        self._encodings = client.headers["accept-encoding"]
        self._api_url = api_url.rstrip("/")
        self._auth_url = auth_url.rstrip("/")
        self._authorize_url = authorize_url
        self._clock = clock

    # --- who and what ---

    async def identify(self, credential: Credential) -> Identity:
        """Who this is. Keys and tokens that may not read a profile are named by what else is known of them."""
        if credential.kind is not Kind.API_KEY and _may_read_profile(credential):
            try:
                answer = await self._get("/api/oauth/profile", credential)
            except ProviderError as error:
                if error.failure.meaning is not Meaning.GATED:
                    raise
            else:
                if (identity := read_identity(fields(answer.json()), credential.kind)) is not None:
                    return identity
        answer = await self._get("/v1/models", credential, {"limit": "1"})
        return unprofiled(credential, text(answer.headers.get("anthropic-organization-id")))

    async def models(self, credential: Credential | None) -> tuple[Model, ...]:
        """All models this credential sees, page by page."""
        if credential is None:
            raise ProviderError(
                Failure(Meaning.GATED, "Anthropic lists its models only for an account.", code="no-credential")
            )
        found: dict[str, Model] = {}
        query = {"limit": "1000"}
        for _ in range(_MOST_PAGES):
            page = fields((await self._get("/v1/models", credential, query)).json())
            found |= {model.id: model for model in read_models(page)}
            last = text(page.get("last_id"))
            if page.get("has_more") is not True or last is None or last == query.get("after_id"):
                break
            query["after_id"] = last
        return tuple(found.values())

    async def usage(self, credential: Credential) -> QuotaReport | None:
        """The usage endpoint's figures; None for kinds of credential that have none, without asking.

        Raises:
            ProviderError: `gated` with code `scope-refused` when the token may never ask: do not ask again with it.
        """
        if credential.kind is not Kind.SUBSCRIPTION or not _may_read_profile(credential):
            return None
        answer = await self._get("/api/oauth/usage", credential)
        return QuotaReport(read_usage(fields(answer.json()), self._clock.now()))

    # --- chat ---

    async def complete(self, request: ChatRequest, credential: Credential) -> Reply:
        """One whole answer."""
        body = request_body(request, stream=False)
        wire = self._asking(body, credential, read_s=_WHOLE_S)
        answer = await self._fetch(wire, model=request.model)
        message = fields(answer.json())
        if message.get("type") == "error":  # with a 200: seen from proxies that had promised success already
            raise refusal(answer.status, answer.headers, answer.body, now=self._clock.now(), model=request.model)
        origin = self._origin(answer.headers, request.model)
        return read_reply(message, model=origin.model, windows=origin.windows, request_id=origin.request_id)

    @asynccontextmanager
    async def stream(self, request: ChatRequest, credential: Credential) -> AsyncIterator[AnthropicStream]:
        """An answer as it comes; leaving the context closes the connection."""
        body = request_body(request, stream=True)
        wire = self._asking(body, credential)
        async with open_stream(self._client, wire) as response:
            if not response.is_success:
                raw = await read_body(response)
                raise refusal(response.status_code, response.headers, raw, now=self._clock.now(), model=request.model)
            yield AnthropicStream(response, self._origin(response.headers, request.model), self._clock)

    def forward(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        credential: Credential,
        *,
        model: str | None = None,
    ) -> Forwarding:
        """Pass a caller's request on as it is, signed with `credential`; leaving closes the connection.

        Args:
            path: with its query (`/v1/messages?beta=true`).
            headers: the caller's; those that sign it or name its program are left out, its betas are kept.
            model: what the request asks for, to tell a missing model from a missing route.

        Raises:
            ForwardRefused: the provider answered something other than success.
            ProviderError: `network`, when nothing usable arrived.
        """
        wire = ready_made(
            method,
            self._api_url + path,
            headers=signed(credential, headers_to_provider(headers)),
            content=body,
            timeout=self._timeout(_WHOLE_S),
        )

        async def read(response: httpx.Response) -> Forwarded:
            headers = plain(response.headers)
            status, said = response.status_code, headers_to_caller(headers)
            if not 200 <= status < 300:
                raw = await read_body(response)
                error = refusal(status, response.headers, raw, now=self._clock.now(), model=model)
                raise ForwardRefused(error.failure, status=status, headers=said, body=raw, windows=error.windows)
            origin = self._origin(headers, model or "")
            return Forwarded(
                status=status,
                headers=said,
                windows=origin.windows,
                request_id=origin.request_id,
                streamed=said.get("content-type", "").startswith("text/event-stream"),
                _response=response,
                _origin=origin,
                _clock=self._clock,
            )

        return Forwarding(open_stream(self._client, wire), read)

    # --- logins ---

    async def refresh(self, credential: Credential) -> Credential:
        """Spend the refresh token for its successor. Exactly one request, never retried here.

        Raises:
            ProviderError: `login-dead` only for `invalid_grant`; `network` with code `answer-lost` when the token
                may have been spent though no answer arrived.
        """
        asked_at = self._clock.now()
        answer = await self._ask_for_token(oauth.refresh_request(credential), credential.kind)
        return oauth.successor(credential, _token_body(answer), asked_at=asked_at)

    async def exchange_code(self, sign_in: oauth.SignIn, code: str) -> oauth.Grant:
        """Exchange the code that a sign-in ended with. A code works once."""
        asked_at = self._clock.now()
        answer = await self._ask_for_token(oauth.code_request(sign_in, code), sign_in.kind)
        return oauth.read_grant(
            _token_body(answer), kind=sign_in.kind, client_id=sign_in.client_id, asked_at=asked_at
        )

    def begin_sign_in(self, redirect_uri: str | None = None, *, kind: Kind = Kind.SUBSCRIPTION) -> oauth.SignIn:
        """Make the address of a sign-in; see `oauth.begin_sign_in`."""
        return oauth.begin_sign_in(
            redirect_uri, auth_url=self._auth_url, authorize_url=self._authorize_url, kind=kind
        )

    async def aclose(self) -> None:
        """Close nothing: the client belongs to whoever opened it."""

    # --- the wire ---

    async def _ask_for_token(self, body: dict[str, Any], kind: Kind) -> Answer:
        console = kind is Kind.CONSOLE_PROFILE
        url = f"{self._api_url if console else self._auth_url}/v1/oauth/token"
        headers = {"accept": "application/json"} | ({"anthropic-beta": OAUTH_BETA} if console else {})
        with network_errors():
            wire = self._client.build_request(
                "POST", url, json=body, headers=headers, timeout=self._timeout(_QUICK_S)
            )
        try:
            answer = await fetch(self._client, wire)
        except ProviderError as error:
            if error.failure.code in NOT_SENT:
                raise
            raise oauth.answer_lost(
                f"The answer to a token request did not arrive, though it may have been obeyed. {error}"
            ) from error
        if not answer.ok:
            raise ProviderError(oauth.token_refusal(answer, self._clock.now()))
        return answer

    async def _get(self, path: str, credential: Credential, query: dict[str, str] | None = None) -> Answer:
        with network_errors():  # an address in the settings that is none
            wire = self._client.build_request(
                "GET",
                self._api_url + path,
                headers=signed(credential, {"accept": "application/json"}),
                params=query,
                timeout=self._timeout(_QUICK_S),
            )
        return await self._fetch(wire)

    async def _fetch(self, wire: httpx.Request, model: str | None = None) -> Answer:
        answer = await fetch(self._client, wire)
        if not answer.ok:
            raise refusal(answer.status, answer.headers, answer.body, now=self._clock.now(), model=model)
        return answer

    def _asking(self, body: Mapping[str, Any], credential: Credential, read_s: float | None = None) -> httpx.Request:
        said = {
            "accept": "application/json",
            "accept-encoding": self._encodings,
            "content-type": "application/json",
        }
        content = _dumps(body).encode()
        url = f"{self._api_url}/v1/messages"
        headers, timeout = signed(credential, said), self._timeout(read_s)
        return ready_made("POST", url, headers=headers, content=content, timeout=timeout)

    def _timeout(self, read_s: float | None) -> httpx.Timeout:
        usual = self._client.timeout
        read = usual.read if read_s is None else read_s
        return httpx.Timeout(connect=usual.connect, read=read, write=usual.write, pool=usual.pool)

    def _origin(self, headers: Mapping[str, str], model: str) -> Origin:
        return Origin(
            model, quota_windows(headers, self._clock.now(), model or None), text(headers.get("request-id"))
        )


def _may_read_profile(credential: Credential) -> bool:
    """Whether profile and usage may answer; unknown scopes may, a setup-token's one scope may not."""
    return not credential.scopes or "user:profile" in credential.scopes


def _token_body(answer: Answer) -> dict[str, Any]:
    """A successful token answer's fields; broken off, it means that the old token is spent and the new one lost."""
    try:
        return dict(fields(answer.json()))
    except ProviderError as error:
        raise oauth.answer_lost(f"The token endpoint's answer cannot be read. {error}") from error
