"""An answer of the pool as it comes: hops before the first content, then the content, then the story."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from rota.errors import ProviderError
from rota.pool.ask import Hop, Outcome
from rota.providers.base import Finished, ReasoningDelta, TextDelta, ToolCallDelta

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rota.events import RequestServed
    from rota.pool.ask import Lease
    from rota.pool.run import Run
    from rota.providers.base import ChatRequest, Delta


class PoolStream:
    """Iterates `Hop`s, then `Delta`s; entered by `Pool.stream`.

    Nothing is passed on before the first content, so a failure until then goes to another account unseen; after it
    nothing is ever replayed.
    """

    def __init__(self, run: Run, request_for: Callable[[str], ChatRequest]) -> None:
        self._run = run
        self._request_for = request_for
        self._upstream = AsyncExitStack()
        self._begun = False

    @property
    def request_id(self) -> str:
        return self._run.request_id

    @property
    def story(self) -> RequestServed | None:
        """How the answer came about; None until it is whole."""
        return self._run.story

    async def __aiter__(self) -> AsyncIterator[Delta | Hop]:
        if self._begun:
            raise RuntimeError("a stream is read once")
        self._begun = True
        while isinstance(got := await self._run.attempt(self._open), Hop):
            yield got
        head, rest = got
        try:
            for delta in head:
                self._note(delta)
                yield delta
            async for delta in rest:
                self._note(delta)
                yield delta
        except ProviderError as error:
            self._run.broke(error)
            raise
        finally:
            await self._upstream.aclose()

    async def aclose(self) -> None:
        """Close the connection upstream."""
        await self._upstream.aclose()

    async def _open(self, lease: Lease) -> tuple[list[Delta], AsyncIterator[Delta]]:
        """Send, and read up to the first content."""
        async with AsyncExitStack() as stack:
            reply = await stack.enter_async_context(
                lease.provider.stream(self._request_for(lease.model), lease.credential)
            )
            self._run.observed(reply.windows)
            rest = aiter(reply)
            head: list[Delta] = []
            async for delta in rest:
                head.append(delta)
                if _is_content(delta):
                    break
            self._upstream = stack.pop_all()
            return head, rest

    def _note(self, delta: Delta) -> None:
        """The last delta ends the story, before its reader can leave with it."""
        if isinstance(delta, Finished):
            self._run.served(
                Outcome(
                    model=delta.model,
                    finish=delta.finish,
                    input_tokens=delta.usage.prompt_tokens,
                    output_tokens=delta.usage.output_tokens,
                    cached_tokens=delta.usage.cache_read_tokens,
                    cost_usd=delta.cost_usd,
                )
            )


def _is_content(delta: Delta) -> bool:
    """Whether a reader sees anything of it; an opening without words is none."""
    match delta:
        case TextDelta(text=text):
            return bool(text)
        case ReasoningDelta(text=text):
            return bool(text)
        case ToolCallDelta() | Finished():
            return True
