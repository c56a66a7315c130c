"""One lease's answer in the caller's dialect: Anthropic's own bytes where both speak it, else the encoder's.

Only what has certainly begun is given back: a refusal, or an error before the first content, is raised.
"""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from rota.errors import ProviderError
from rota.gateway.dialects import ANTHROPIC
from rota.gateway.rename import with_model
from rota.pool.ask import Outcome
from rota.providers.anthropic import AnthropicProvider
from rota.providers.anthropic.fields import fields, text
from rota.providers.anthropic.reply import read_finish, read_usage
from rota.providers.base import ReasoningDelta, TextDelta, Usage
from rota.providers.http import decode_json
from rota.replacing import replace
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from rota.gateway.dialects import Dialect, Parsed
    from rota.gateway.exchange import Exchange
    from rota.pool.ask import Lease
    from rota.providers.anthropic.forward import Forwarded, Forwarding
    from rota.providers.base import Delta, Finished
    from rota.quota import QuotaWindow


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes for the caller, and what they say."""

    raw: bytes
    deltas: tuple[Delta, ...] = ()
    broke: ProviderError | None = None
    """Set on the last chunk of an answer that broke off, when `raw` says so itself."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """A streamed answer that has begun."""

    head: tuple[Chunk, ...]
    rest: AsyncIterator[Chunk]
    headers: Mapping[str, str]
    windows: tuple[QuotaWindow, ...]
    """What the headers said of the account's quota."""
    connection: AsyncExitStack
    """Closed when the caller is done or gone."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole answer."""

    raw: bytes
    headers: Mapping[str, str]
    outcome: Outcome
    windows: tuple[QuotaWindow, ...]
    """What the headers said of the account's quota."""


@dataclass(frozen=True, slots=True)
class Call:
    """A caller's request, read as far as its dialect needs it."""

    exchange: Exchange
    dialect: Dialect
    parsed: Parsed
    raw: bytes
    answer_id: str
    now: float
    listed: bool = True
    """Whether a list shows the model; one that none shows is sent on trust."""

    def straight(self, lease: Lease) -> AnthropicProvider | None:
        """The provider, when it speaks the caller's dialect, so that bytes may pass through."""
        provider = lease.provider
        return provider if self.dialect is ANTHROPIC and isinstance(provider, AnthropicProvider) else None

    def forward(self, provider: AnthropicProvider, lease: Lease) -> Forwarding:
        """Pass the caller's bytes on; only a model that goes by another name there is put in its place."""
        body = self.raw if lease.model == self.parsed.model else with_model(self.raw, lease.model)
        exchange = self.exchange
        return provider.forward(
            exchange.method, exchange.target, body, exchange.headers, lease.credential, model=lease.model
        )


async def open_stream(call: Call, lease: Lease) -> Streaming:
    """Send, and read up to the first content. Raises `ProviderError`, and `Refusal` for what cannot be carried."""
    headers: Mapping[str, str] = {}
    async with AsyncExitStack() as stack:
        if (provider := call.straight(lease)) is not None:
            rest, headers, windows = _forwarded(await stack.enter_async_context(call.forward(provider, lease)))
        else:
            rest, windows = await _translated(call, lease, stack)
        head = []
        async for chunk in rest:
            head.append(chunk)
            if chunk.broke is not None:
                raise chunk.broke
            if any(_is_content(delta) for delta in chunk.deltas):
                break
        return Streaming(tuple(head), rest, headers, windows, stack.pop_all())


async def fetch_whole(call: Call, lease: Lease) -> Whole:
    """Send, and read the whole answer. Raises as `open_stream` does."""
    if (provider := call.straight(lease)) is not None:
        async with call.forward(provider, lease) as answer:
            raw = await answer.body()
            return Whole(raw, answer.headers, _outcome(raw, lease.model), answer.windows)
    request = replace(call.parsed.request(), model=lease.model)
    reply = await lease.provider.complete(request, lease.credential)
    outcome = Outcome(
        model=reply.model,
        finish=reply.finish,
        input_tokens=reply.usage.prompt_tokens,
        output_tokens=reply.usage.output_tokens,
        cached_tokens=reply.usage.cache_read_tokens,
        cost_usd=reply.cost_usd,
    )
    body = call.dialect.reply(reply, call.answer_id, call.now)
    return Whole(json.dumps(body, ensure_ascii=False).encode(), {}, outcome, reply.windows)


def outcome_of(last: Finished) -> Outcome:
    """What the log keeps of a stream's last delta."""
    return Outcome(
        model=last.model,
        finish=last.finish,
        input_tokens=last.usage.prompt_tokens,
        output_tokens=last.usage.output_tokens,
        cached_tokens=last.usage.cache_read_tokens,
        cost_usd=last.cost_usd,
    )


def _forwarded(
    answer: Forwarded,
) -> tuple[AsyncIterator[Chunk], Mapping[str, str], tuple[QuotaWindow, ...]]:
    async def chunks() -> AsyncIterator[Chunk]:
        async for piece in answer.pieces():
            broke = ProviderError(piece.failure, windows=answer.windows) if piece.failure is not None else None
            yield Chunk(piece.raw, piece.deltas, broke)

    return chunks(), answer.headers, answer.windows


async def _translated(
    call: Call, lease: Lease, stack: AsyncExitStack
) -> tuple[AsyncIterator[Chunk], tuple[QuotaWindow, ...]]:
    request = replace(call.parsed.request(), model=lease.model)
    encoder = call.dialect.encoder(call.parsed, lease.model, call.answer_id, call.now)
    reply = await stack.enter_async_context(lease.provider.stream(request, lease.credential))

    async def chunks() -> AsyncIterator[Chunk]:
        async for delta in reply:
            yield Chunk(encoder.of(delta), (delta,))

    return chunks(), reply.windows


def _outcome(raw: bytes, model: str) -> Outcome:
    """What a passed-through answer amounted to; one that is no message (a token count) amounts to nothing."""
    body = fields(_parsed(raw))
    if body.get("type") != "message":
        return Outcome(model=model)
    usage = read_usage(Usage(), fields(body.get("usage")))
    return Outcome(
        model=text(body.get("model")) or model,
        finish=read_finish(text(body.get("stop_reason")) or ""),
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cache_read_tokens,
    )


def _parsed(raw: bytes) -> Any:
    """An answer's JSON; by pydantic's parser, which is three times as fast and refuses half an emoji."""
    try:
        return from_json(raw)
    except ValueError:
        return decode_json(raw)


def _is_content(delta: Delta) -> bool:
    """Whether a reader sees anything of it; an opening without words is none."""
    return bool(delta.text) if isinstance(delta, TextDelta | ReasoningDelta) else True
