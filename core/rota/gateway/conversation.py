"""A model's answer for a caller, by whichever account can give it.

Nothing is sent before an answer is certain, so that errors keep their status and failover stays unseen. A stream that
breaks afterwards ends with the dialect's error event, never as if it were whole.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from rota.errors import AllSpent, ProviderError
from rota.gateway.exchange import EVENTS
from rota.gateway.problems import Refusal
from rota.gateway.upstream import Call, Chunk, Streaming, fetch_whole, open_stream, outcome_of
from rota.gateway.verdicts import of_failure
from rota.pool.ask import Ask, Hop
from rota.providers.base import Finished

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from rota.clock import Clock
    from rota.gateway.exchange import Exchange
    from rota.pool.ask import Lease
    from rota.pool.pool import Pool
    from rota.pool.run import Run
    from rota.providers.base import ChatRequest

T = TypeVar("T")

KEEP_ALIVE_S = 10.0
"""While a streamed request is held, the caller hears something this often."""


class Conversations:
    """Serves calls from the pool."""

    def __init__(self, pool: Pool, label: Callable[[str], str], clock: Clock, hold_s: float) -> None:
        self._pool = pool
        self._label = label
        self._clock = clock
        self._hold_s = hold_s

    async def serve(self, call: Call, client: str, headers: Mapping[str, str]) -> None:
        """Answer one call.

        Args:
            client: the name of the caller's key.
            headers: to be sent with every answer.

        Raises:
            RotaError, Refusal: nothing was sent yet; the error is to be told with its status.
        """
        parsed = call.parsed
        ask = Ask(model=call.model, session=parsed.session, client=client)
        opening = None if parsed.session else _opening(call)
        held_until = self._clock.now() + self._hold_s
        while True:
            try:
                async with self._pool.run(ask, opening) as run:
                    if parsed.stream:
                        await self._stream(call, run, headers)
                    else:
                        await self._whole(call, run, headers)
                return
            except AllSpent as error:
                if error.retry_at is None or error.retry_at > held_until:
                    raise
                await self._hold(call, error.retry_at, headers)

    async def _whole(self, call: Call, run: Run, headers: Mapping[str, str]) -> None:
        whole = await _certain(run, lambda lease: fetch_whole(call, lease))
        run.observed(whole.windows)
        story = run.served(whole.outcome)
        await call.exchange.answer(
            200,
            whole.raw,
            {
                **whole.headers,
                **headers,
                **_served(call, story.model, len(story.attempts), self._label(story.account_id)),
            },
            whole.headers.get("content-type", "application/json"),
        )

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
                lease = leases[-1]
                how = _served(call, lease.model, len(leases) - 1, lease.account.label)
                await exchange.begin(
                    200, {**streaming.headers, **headers, **how, "content-type": EVENTS, "cache-control": "no-cache"}
                )
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

    async def _hold(self, call: Call, until: float, headers: Mapping[str, str]) -> None:
        """Wait for the first account to come back; a streaming caller hears that somebody is there."""
        while (left := until - self._clock.now()) > 0:
            if call.parsed.stream:
                if not call.exchange.begun:
                    await call.exchange.begin(200, {**headers, "content-type": EVENTS, "cache-control": "no-cache"})
                await call.exchange.write(call.dialect.keep_alive)
            await self._clock.sleep(min(left, KEEP_ALIVE_S))


async def _certain(run: Run, send: Callable[[Lease], Awaitable[T]]) -> T:
    """Try until an answer is certain."""
    while isinstance(got := await run.attempt(send), Hop):
        pass
    return got


def _opening(call: Call) -> ChatRequest | None:
    """The conversation, to tell its session by how it opens; one that has no neutral form has none."""
    with suppress(Refusal):
        return call.parsed.request()
    return None


def _served(call: Call, model: str, hops: int, label: str) -> dict[str, str]:
    """How it was served; by which account only for callers that ask."""
    said = {"x-rota-model": model, "x-rota-attempts": str(hops + 1)}
    if call.exchange.headers.get("x-rota-show-account"):
        said["x-rota-account"] = label.encode("ascii", "replace").decode()
    return said
