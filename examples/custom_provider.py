"""A provider of your own: any endpoint in OpenAI's dialect, such as OpenRouter or a model server on this machine.

Put it in a package that says, in its `pyproject.toml`:

    [project.entry-points."rota.providers"]
    openrouter = "custom_provider:OpenRouter"

Installed beside rota, `rota login openrouter` takes a key, `rota chat -m openrouter/…` asks it, and its accounts
rotate, cool and are shown like any other. For a server of yours:

    rota config set providers.urls.openrouter http://127.0.0.1:8080/v1
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from httpx_sse import EventSource

import rota
from rota.providers.http import decode_json, excerpt, fetch, network_errors, open_stream, read_body
from rota.providers.timing import retry_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx

MEANINGS = {
    401: rota.Meaning.LOGIN_DEAD,
    402: rota.Meaning.CREDITS_EXHAUSTED,
    403: rota.Meaning.REFUSED,
    404: rota.Meaning.MODEL_UNAVAILABLE,
    408: rota.Meaning.OVERLOADED,
    429: rota.Meaning.THROTTLED,
}
"""What a refusal means; other 4xx are the caller's fault, 5xx nobody's."""
FINISHES = {
    "stop": rota.Finish.STOP,
    "length": rota.Finish.LENGTH,
    "tool_calls": rota.Finish.TOOL_CALLS,
    "content_filter": rota.Finish.CONTENT_FILTER,
}


class OpenRouter:
    """One provider's wire format; every method raises `rota.ProviderError` for anything but success."""

    name = "openrouter"

    def __init__(self, context: rota.Context) -> None:
        self._client, self._clock = context.client, context.clock
        self._url = context.url or "https://openrouter.ai/api/v1"

    async def identify(self, credential: rota.Credential) -> rota.Identity:
        """A key is known by its fingerprint; listing the models proves that it works."""
        await self.models(credential)
        return rota.Identity(key=f"key-{credential.secret.fingerprint()}", kind=rota.Kind.API_KEY, plan="API")

    async def models(self, credential: rota.Credential | None) -> tuple[rota.Model, ...]:
        answer = await fetch(self._client, self._request("GET", "/models", credential))
        self._check(answer.status, answer.headers, answer.body)
        with understood():
            return tuple(
                rota.Model(
                    id=listed["id"],
                    provider=self.name,
                    name=listed.get("name") or listed["id"],
                    context=listed.get("context_length"),
                    input_usd=_per_million(listed.get("pricing", {}).get("prompt")),
                    output_usd=_per_million(listed.get("pricing", {}).get("completion")),
                )
                for listed in answer.json()["data"]
            )

    async def complete(self, request: rota.ChatRequest, credential: rota.Credential) -> rota.Reply:
        answer = await fetch(self._client, self._request("POST", "/chat/completions", credential, _body(request)))
        self._check(answer.status, answer.headers, answer.body)
        with understood():
            said = answer.json()
            message = said["choices"][0]["message"]
            parts: list[rota.Part] = [rota.Text(message["content"])] if message.get("content") else []
            for call in message.get("tool_calls") or ():
                arguments = decode_json(call["function"]["arguments"] or "{}")
                parts.append(rota.ToolCall(call["id"], call["function"]["name"], arguments))
            finish = FINISHES.get(said["choices"][0]["finish_reason"], rota.Finish.OTHER)
            return rota.Reply(tuple(parts), finish, _usage(said.get("usage")), said.get("model") or request.model)

    @asynccontextmanager
    async def stream(self, request: rota.ChatRequest, credential: rota.Credential) -> AsyncIterator[rota.ReplyStream]:
        body = _body(request) | {"stream": True, "stream_options": {"include_usage": True}}
        async with open_stream(
            self._client, self._request("POST", "/chat/completions", credential, body)
        ) as response:
            if not response.is_success:
                self._check(response.status_code, response.headers, await read_body(response))
            yield Stream(response, request.model)

    async def usage(self, credential: rota.Credential) -> rota.QuotaReport | None:
        return None  # keys have no windows to ask for

    async def refresh(self, credential: rota.Credential) -> rota.Credential:
        return credential  # keys do not end

    async def aclose(self) -> None:
        """Close nothing: the client is rota's."""

    def _request(
        self, method: str, path: str, credential: rota.Credential | None, body: dict[str, Any] | None = None
    ) -> httpx.Request:
        headers = {"authorization": f"Bearer {credential.secret.reveal()}"} if credential is not None else {}
        with network_errors():  # an address in the settings that is none
            return self._client.build_request(method, self._url + path, headers=headers, json=body)

    def _check(self, status: int, headers: httpx.Headers, body: bytes) -> None:
        if status < 400:
            return
        usual = rota.Meaning.OVERLOADED if status >= 500 else rota.Meaning.BAD_REQUEST
        wait = retry_after(headers, self._clock.now())
        words = excerpt(body.decode("utf-8", "replace"))
        raise rota.ProviderError(
            rota.Failure(MEANINGS.get(status, usual), words or f"HTTP {status}", status=status, retry_after=wait)
        )


class Stream:
    """An answer under way."""

    windows: tuple[rota.QuotaWindow, ...] = ()
    request_id: str | None = None

    def __init__(self, response: httpx.Response, model: str) -> None:
        self._response, self._model = response, model

    async def __aiter__(self) -> AsyncIterator[rota.Delta]:
        finish, usage = None, rota.Usage()
        with network_errors(), understood():
            async for event in EventSource(self._response).aiter_sse():
                if event.data == "[DONE]":
                    break
                said = decode_json(event.data)
                self._model = said.get("model") or self._model
                usage = _usage(said["usage"]) if said.get("usage") else usage
                for choice in said.get("choices", ()):
                    delta = choice.get("delta", {})
                    if delta.get("content"):
                        yield rota.TextDelta(delta["content"])
                    for call in delta.get("tool_calls") or ():
                        named = call.get("function", {})
                        yield rota.ToolCallDelta(
                            call["index"], call.get("id"), named.get("name"), named.get("arguments") or ""
                        )
                    finish = choice.get("finish_reason") or finish
        if finish is None:
            raise rota.ProviderError(
                rota.Failure(rota.Meaning.NETWORK, "The stream ended in the middle.", code="cut")
            )
        yield rota.Finished(FINISHES.get(finish, rota.Finish.OTHER), usage, self._model)


@contextmanager
def understood() -> Iterator[None]:
    """A server that answers in another form has failed, like one that hangs up."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        failure = rota.Failure(rota.Meaning.NETWORK, "The answer is not in OpenAI's form.", code="shape")
        raise rota.ProviderError(failure) from error


def _body(request: rota.ChatRequest) -> dict[str, Any]:
    """The request in OpenAI's words; what was not said is left to the server."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(m) for message in request.messages for m in _split(message)],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "tools": [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
            }
            for t in request.tools
        ]
        or None,
        "tool_choice": _choice(request.tool_choice),
    }
    return {name: value for name, value in body.items() if value is not None}


def _choice(choice: rota.ToolChoice | str | None) -> Any:
    named = choice is not None and not isinstance(choice, rota.ToolChoice)
    return {"type": "function", "function": {"name": choice}} if named else choice


def _split(message: rota.Message) -> list[rota.Message]:
    """OpenAI wants each tool's result as a message of its own."""
    results = [part for part in message.parts if isinstance(part, rota.ToolResult)]
    return [rota.Message(rota.Role.TOOL, (result,)) for result in results] or [message]


def _message(message: rota.Message) -> dict[str, Any]:
    for part in message.parts:
        if isinstance(part, rota.ToolResult):
            text = "".join(p.text for p in part.content if isinstance(p, rota.Text))
            return {"role": "tool", "tool_call_id": part.call_id, "content": text}
    content: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, rota.Text):
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, rota.Image):
            url = part.url or f"data:{part.media_type};base64,{part.data}"
            content.append({"type": "image_url", "image_url": {"url": url}})
    said: dict[str, Any] = {"role": message.role.value, "content": content or None}
    if calls := [part for part in message.parts if isinstance(part, rota.ToolCall)]:
        said["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(dict(c.arguments))}}
            for c in calls
        ]
    return said


def _usage(said: dict[str, Any] | None) -> rota.Usage:
    said = said or {}
    cached = (said.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return rota.Usage(
        input_tokens=(said.get("prompt_tokens") or 0) - cached,
        output_tokens=said.get("completion_tokens") or 0,
        cache_read_tokens=cached,
    )


def _per_million(usd: str | None) -> float | None:
    return None if usd is None else float(usd) * 1e6
