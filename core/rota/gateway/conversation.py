"""A model's answer for a caller, by whichever account can give it.

Nothing is sent before an answer is certain, so that errors keep their status and failover stays unseen. A stream that
breaks afterwards ends with the dialect's error event, never as if it were whole.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from rota.errors import AllSpent, Meaning, ProviderError
from rota.gateway.exchange import EVENTS
from rota.gateway.hold import held
from rota.gateway.problems import Refusal
from rota.gateway.upstream import Call, Chunk, Streaming, fetch_whole, open_stream, outcome_of
from rota.gateway.verdicts import of_failure
from rota.pool.ask import Hop
from rota.providers.anthropic.forward import ForwardRefused
from rota.providers.base import Finished
from rota.providers.http import decode_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from rota.clock import Clock
    from rota.gateway.exchange import Exchange
    from rota.journal import Journal
    from rota.pool.ask import Ask, Lease
    from rota.pool.pool import Pool
    from rota.pool.run import Run

T = TypeVar("T")


class Conversations:
    """Serves calls from the pool.

    Args:
        hold_s: how long a request is kept waiting while every account cools.
    """

    def __init__(self, pool: Pool, journal: Journal, clock: Clock, hold_s: float) -> None:
        self._pool = pool
        self._journal = journal
        self._clock = clock
        self._hold_s = hold_s

    async def serve(self, call: Call, ask: Ask, headers: Mapping[str, str]) -> None:
        """Answer one call.

        Args:
            headers: to be sent with every answer.

        Raises:
            RotaError, Refusal: the error is to be told, with its status if nothing was sent yet.
        """
        opening = "" if ask.session else _opening(call)
        hold_until = self._clock.now() + self._hold_s
        while True:
            try:
                async with self._pool.run(ask, opening) as run:
                    if call.parsed.stream:
                        await self._stream(call, run, headers)
                    else:
                        await self._whole(call, run, headers)
                return
            except ForwardRefused as error:
                if call.exchange.begun or not _speaks_json(error) or not_a_model(call, error):
                    raise
                await call.exchange.answer(error.status, error.body, {**headers, **error.headers})
                return
            except AllSpent as error:
                if error.retry_at is None or error.retry_at > hold_until:
                    raise
                await held(error.retry_at, self._journal, self._clock, self._reassure(call, headers))
                ask = replace(ask, request_id=None)

    async def _whole(self, call: Call, run: Run, headers: Mapping[str, str]) -> None:
        whole = await _certain(run, lambda lease: fetch_whole(call, lease))
        story = run.served(whole.outcome, whole.windows)
        how = _served(call, story.model, len(story.attempts), lambda: self._label(story.account_id))
        content_type = whole.headers.get("content-type", "application/json")
        await call.exchange.answer(200, whole.raw, {**headers, **whole.headers, **how}, content_type)

    async def _stream(self, call: Call, run: Run, headers: Mapping[str, str]) -> None:
        exchange, dialect = call.exchange, call.dialect
        leases: list[Lease] = []

        async def send(lease: Lease) -> Streaming:
            leases.append(lease)
            return await open_stream(call, lease)

        streaming = await _certain(run, send)
        run.observed(streaming.windows)
        async with streaming.connection:
            if not exchange.begun:
                how = _served(call, leases[-1].model, len(leases) - 1, lambda: leases[-1].account.label)
                said = {**headers, **streaming.headers, **how}
                await exchange.begin(200, {**said, "content-type": EVENTS, "cache-control": "no-cache"})
            try:
                for chunk in streaming.head:
                    await self._pass_on(chunk, run, exchange)
                async for chunk in streaming.rest:
                    await self._pass_on(chunk, run, exchange)
            except ProviderError as error:
                run.broke(error)
                await exchange.write(dialect.problem_event(of_failure(error.failure, self._clock.now())))
        await exchange.end()

    @staticmethod
    async def _pass_on(chunk: Chunk, run: Run, exchange: Exchange) -> None:
        """Tell the story before its last words are out: the caller may leave with them."""
        for delta in chunk.deltas:
            if isinstance(delta, Finished):
                run.served(outcome_of(delta))
        await exchange.write(chunk.raw)
        if chunk.broke is not None:
            run.broke(chunk.broke)

    def _reassure(self, call: Call, headers: Mapping[str, str]) -> Callable[[], Awaitable[None]]:
        """What tells a streaming caller that somebody is there; others can only wait."""

        async def reassure() -> None:
            if not call.parsed.stream:
                return
            if not call.exchange.begun:
                await call.exchange.begin(200, {**headers, "content-type": EVENTS, "cache-control": "no-cache"})
            await call.exchange.write(call.dialect.keep_alive)

        return reassure

    def _label(self, account_id: str) -> str:
        state = self._journal.snapshot.account(account_id)
        return state.account.label if state is not None else account_id


async def _certain(run: Run, send: Callable[[Lease], Awaitable[T]]) -> T:
    """Try until an answer is certain."""
    while isinstance(got := await run.attempt(send), Hop):
        pass
    return got


def not_a_model(call: Call, error: ProviderError) -> bool:
    """Whether the provider says that a name sent on trust is no model's."""
    return not call.listed and error.failure.meaning is Meaning.MODEL_UNAVAILABLE


def _speaks_json(error: ForwardRefused) -> bool:
    """Whether the provider's own refusal can be given to a caller as it is; the page of a proxy cannot."""
    with suppress(ProviderError):
        return isinstance(decode_json(error.body), dict)
    return False


def _opening(call: Call) -> str:
    """How the conversation begins; one that has no neutral form has no such words."""
    with suppress(Refusal):
        return call.parsed.opening()
    return ""


def _served(call: Call, model: str, hops: int, label: Callable[[], str]) -> dict[str, str]:
    """How it was served; by which account only for callers that ask."""
    said = {"x-rota-model": model, "x-rota-attempts": str(hops + 1)}
    if call.exchange.headers.get("x-rota-show-account"):
        said["x-rota-account"] = label()
    return said
