"""The pool: whoever asks it gets an answer while any account can give one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from rota.pool.ask import Ask, Hop, Lease, Outcome, Served
from rota.pool.chooser import Chooser, Quest
from rota.pool.confirm import Confirmer
from rota.pool.gate import Gate
from rota.pool.plan import Trail
from rota.pool.roster import Rosters
from rota.pool.routing import chain, target
from rota.pool.rules import Rules, rules_of
from rota.pool.run import Means, Run
from rota.pool.sticky import opening_of, session_key
from rota.pool.stream import PoolStream

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping

    from rota.clock import Clock
    from rota.journal import Journal
    from rota.pool.refresh import Credentials
    from rota.providers.base import ChatRequest, Provider, Reply
    from rota.settings import Settings
    from rota.snapshot import Snapshot

__all__ = ["Ask", "Hop", "Lease", "Outcome", "Pool", "PoolStream", "Run", "Served"]

T = TypeVar("T")


class Pool:
    """Leases an account, sends, classifies, goes on to the next, and says all of it in the log."""

    def __init__(
        self,
        journal: Journal,
        credentials: Credentials,
        providers: Mapping[str, Provider],
        settings: Settings | Rules,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._rules = settings if isinstance(settings, Rules) else rules_of(settings)
        self._rosters = Rosters(self._rules)
        self._events = journal.subscribe()
        gate = Gate(clock)
        self._means = Means(
            journal=journal,
            credentials=credentials,
            providers=providers,
            rules=self._rules,
            clock=clock,
            rng=rng,
            gate=gate,
            chooser=Chooser(self._look, self._rosters, gate, self._rules, clock),
            confirmer=Confirmer(journal, providers, clock),
        )

    def take_settings(self, settings: Settings) -> None:
        """Go on by other settings; requests under way end by the rules that they began with."""
        self._rules = rules_of(settings)
        self._rosters.take_rules(self._rules)
        gate = self._means.gate
        chooser = Chooser(self._look, self._rosters, gate, self._rules, self._clock)
        self._means = replace(self._means, rules=self._rules, chooser=chooser)

    async def complete(self, request: ChatRequest, ask: Ask | None = None) -> Served:
        """One whole answer from whichever account can give it. Raises as `Run.attempt` does.

        Args:
            ask: how to serve it; any account that has the request's model when None.
        """

        async def send(lease: Lease) -> Reply:
            return await lease.provider.complete(_for_model(request, lease.model), lease.credential)

        async with self._run_of(request, ask) as run:
            while isinstance(got := await run.attempt(send), Hop):
                pass
            story = run.served(
                Outcome(
                    model=got.model,
                    finish=got.finish,
                    input_tokens=got.usage.prompt_tokens,
                    output_tokens=got.usage.output_tokens,
                    cached_tokens=got.usage.cache_read_tokens,
                    cost_usd=got.cost_usd,
                ),
                got.windows,
            )
        return Served(got, story)

    @asynccontextmanager
    async def stream(self, request: ChatRequest, ask: Ask | None = None) -> AsyncIterator[PoolStream]:
        """An answer as it comes, asked as in `complete`; leaving the context early ends it upstream."""
        async with self._run_of(request, ask) as run:
            stream = PoolStream(run, lambda model: _for_model(request, model))
            try:
                yield stream
            finally:
                await stream.aclose()

    def run(self, ask: Ask, opening: str = "") -> Run:
        """A request about to be served, step by step; to be entered as a context.

        What passes answers on byte for byte sends by itself: `attempt` until it gives no `Hop`, then `served`.

        Args:
            opening: how the conversation begins (`sticky.opening_of`), which tells its session where `ask` does not.

        Raises:
            NothingConfigured: there is no account at all.
        """
        snapshot, rules, now = self._look(), self._rules, self._clock.now()
        present = self._rosters.present(snapshot)
        only = snapshot.account(ask.account_id) if ask.account_id is not None else None
        first = target(ask.model, present, only.account.provider if only is not None else ask.provider)
        fallback = rules.fallback if ask.fallback is None else ask.fallback
        targets = chain(first, rules.chain(first.provider), present) if fallback else (first,)
        deadline_s = rules.deadline_s if ask.deadline_s is None else ask.deadline_s
        quest = Quest(
            trail=Trail(targets=targets, deadline=now + deadline_s),
            ticket=self._means.gate.ticket(),
            client=ask.client,
            account_id=ask.account_id,
            sessions={p: session_key(p, ask.session, opening) for p in {t.provider for t in targets}},
        )
        return Run(self._means, ask, quest, fallback=fallback)

    async def aclose(self) -> None:
        """End what runs behind."""
        await self._means.confirmer.aclose()

    def _run_of(self, request: ChatRequest, ask: Ask | None) -> Run:
        ask = ask or Ask(request.model)
        return self.run(ask, "" if ask.session else opening_of(request.messages))

    def _look(self) -> Snapshot:
        """The snapshot, after the rosters were told what happened since the last look."""
        batch = self._events.look()
        if batch.dropped:
            self._rosters.forget()
        else:
            self._rosters.feed(batch.events)
        return batch.snapshot


def _for_model(request: ChatRequest, model: str) -> ChatRequest:
    return request if request.model == model else replace(request, model=model)
