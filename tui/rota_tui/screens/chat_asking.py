"""How a question goes out and its answer comes in: workers fill answers, one or several at a time."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual import work
from textual.screen import Screen

from rota.clock import FastClock
from rota.errors import RotaError
from rota.pool.ask import Ask
from rota_tui.asking import listen
from rota_tui.conversation import CLIENT, IF_LEFT, chat_request
from rota_tui.quiet_gc import full_collections_paused
from rota_tui.served import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.engine import Engine
    from rota.events import RequestServed
    from rota.providers.base import ChatRequest, Model
    from rota_tui.conversation import Choice, Exchange, Question
    from rota_tui.widgets.answer_view import AnswerView
    from rota_tui.widgets.comparison import Comparison

GROUP = "ask"
"""The worker group of everything that is being asked."""


class ChatAsking(Screen[None]):
    """Asks on behalf of the chat screen, which says what the catalogue knows of a model (`model_of`)."""

    engine: Engine
    effort: str | None = None
    """How much the model is asked to reason."""

    def model_of(self, choice: Choice) -> Model | None:
        """What the catalogue knows about a model."""
        raise NotImplementedError

    @property
    def asking(self) -> bool:
        """Whether any answer is under way."""
        return any(worker.group == GROUP and not worker.is_finished for worker in self.workers)

    def stop_asking(self) -> None:
        """End every answer under way; what has come stays."""
        self.workers.cancel_group(self, GROUP)

    @work(group=GROUP, exclusive=True, description="ask a model")
    async def ask_one(self, view: AnswerView, choice: Choice, before: Sequence[Exchange], question: Question) -> None:
        """Ask one model; the pool may use other accounts and models as the settings allow."""
        async with full_collections_paused():
            await self._fill(view, choice, before, question, fallback=None)

    @work(group=GROUP, exclusive=True, description="ask several models")
    async def ask_several(self, comparison: Comparison, before: Sequence[Exchange], question: Question) -> None:
        """Ask every side at once, each only itself: a fallback would compare something else."""
        async with full_collections_paused(), asyncio.TaskGroup() as group:
            for lane in comparison.lanes:
                group.create_task(self._fill_lane(comparison, lane.answer, lane.choice, before, question))

    async def _fill_lane(
        self,
        comparison: Comparison,
        view: AnswerView,
        choice: Choice,
        before: Sequence[Exchange],
        question: Question,
    ) -> None:
        try:
            await self._fill(view, choice, before, question, fallback=False)
        finally:
            comparison.mark()

    def _request(self, choice: Choice, before: Sequence[Exchange], question: Question) -> ChatRequest:
        limit = self.engine.settings.chat.max_tokens
        return chat_request(choice, before, question, max_tokens=limit, effort=self.effort)

    async def _fill(
        self,
        view: AnswerView,
        choice: Choice,
        before: Sequence[Exchange],
        question: Question,
        *,
        fallback: bool | None,
    ) -> None:
        """Bring one answer into its view, to whichever end it comes."""
        engine, clock = self.engine, self.engine.clock
        ask = Ask(
            model=choice.model,
            provider=choice.provider,
            account_id=choice.account_id,
            client=CLIENT,
            if_left=IF_LEFT,
            fallback=fallback,
        )
        speed = clock.speed if isinstance(clock, FastClock) else 1.0
        snapshot, began = engine.snapshot, clock.monotonic()

        def elapsed() -> float:
            return (clock.monotonic() - began) / speed

        story: RequestServed | None = None
        who, model = "", choice.model
        view.footer.tell("", choice.model, 0.0, 0)
        try:
            async with aclosing(listen(engine, self._request(choice, before, question), ask)) as frames:
                async for heard in frames:
                    if heard.hops:
                        who, model = "", choice.model
                    who, model = self._server(heard.request_id) or (who, model)
                    view.show(heard, choice.model, who, model, elapsed())
                    story = heard.story or story
        except RotaError as error:
            await view.settle()
            chosen = engine.snapshot.account(choice.account_id) if choice.account_id else None
            view.fail(error, clock.now(), chosen.account.label if chosen is not None else "")
        except asyncio.CancelledError:
            if view.children:  # none when the whole app is closing
                await view.settle()
                view.stop(elapsed())
            raise
        else:
            await view.settle()
            if story is None:
                view.stop(elapsed())
            else:
                view.serve(figures(story, snapshot, engine.snapshot, self.model_of(choice), clock_speed=speed))

    def _server(self, request_id: str) -> tuple[str, str] | None:
        """Who is answering right now, and with which model; None when that is not known, or not any more."""
        snapshot = self.engine.snapshot
        flight = snapshot.in_flight.get(request_id)
        state = snapshot.account(flight.account_id) if flight is not None else None
        return (state.account.label, flight.model) if flight is not None and state is not None else None
