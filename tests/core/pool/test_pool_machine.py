"""Two rotas at one home, through random answers, drains, clocks and restarts: what holds after every step."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.pool_world import ORDERS, Pooled, add_login, request, waited

from rota.clock import ManualClock
from rota.errors import RotaError
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    CooldownLifted,
    CooldownStarted,
    Event,
    ModelLifted,
    RequestFailed,
    RequestServed,
    RequestStarted,
)
from rota.journal import Journal
from rota.log import SqliteLog
from rota.pool.ask import Ask
from rota.pool.cooldown import RESET_CAP_S
from rota.pool.pool import Pool
from rota.pool.refresh import Credentials
from rota.pool.rules import Rules
from rota.pool.strategies import STRATEGIES
from rota.providers.anthropic import AnthropicProvider
from rota.providers.http import open_client
from rota.providers.puter import PuterProvider
from rota.simulator import Fault, World, base_urls, create_app, credentials_of, refreshes_of, set_account
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rota.providers.base import Provider

T = TypeVar("T")

CLAUDE = ("limited-5h", "limited-7d", "limited-model", "throttle", "overloaded", "stream-error", "html", "low-credit")
PUTER = ("exhausted", "too-many-requests", "upstream-429", "model-not-found", "moderation", "drop", "bad-token")
FAULTS = [("anthropic", name) for name in CLAUDE] + [("puter", name) for name in PUTER]
MODELS = ("claude-sonnet-4-5", "claude-fable-5", "puter/gpt-5-nano")
ROTAS = st.integers(0, 1)
PATIENCE_S = 4000.0
"""So much of the manual clock's time that a thread's real work never seems to take long."""
PLANS = ("plan", "plan2", "plan3")


class TwoRotas(RuleBasedStateMachine):
    """Each has a journal, a pool and credentials of its own; log, vault, locks and providers are the same."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.world = World(self.clock, seed=3)
        for name in PLANS:
            self.world.add_subscription(name, "max20")
        self.world.add_api_key("key")
        self.world.add_puter("free")
        self.world.add_puter("paid", "paid")
        self.world.knobs.latency = 0.1
        self.vault = MemoryVault()
        urls = base_urls("http://simulator.test")
        self.client = open_client(transport=httpx.ASGITransport(create_app(self.world)))
        self.providers: dict[str, Provider] = {
            "anthropic": AnthropicProvider(
                self.client, api_url=urls["anthropic_api"], auth_url=urls["anthropic_auth"], clock=self.clock
            ),
            "puter": PuterProvider(
                self.client, api_url=urls["puter_api"], gui_url=urls["puter_gui"], clock=self.clock
            ),
        }
        self.pool_rules = Rules()
        self.told: list[Event] = []
        self.asked = 0
        self.wrong: list[str] = []
        self.rotas: list[Pooled] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(strategy=st.sampled_from(sorted(STRATEGIES)))
    def begin(self, strategy: str) -> None:
        self.pool_rules = Rules(
            strategy=strategy,
            orders=ORDERS,
            route_subscriptions=True,
            deadline_s=PATIENCE_S,
            fallback_models={"puter": ("gpt-4o-mini",), "anthropic": ("claude-haiku-4-5",)},
        )
        self.rotas = [self.run(self._open()) for _ in range(2)]
        for number, login in enumerate(credentials_of(self.world)):
            self.run(add_login(self.rotas[0], login, number))
        self.rotas[1].ids = self.rotas[0].ids
        self.run(self._exchange())

    async def _open(self) -> Pooled:
        home = Path(self.folder.name)
        journal = Journal(SqliteLog.open(home / "log.db"), self.clock)
        await journal.__aenter__()
        credentials = Credentials(journal, self.vault, self.providers, home / "locks", self.clock)
        pool = Pool(journal, credentials, self.providers, self.pool_rules, self.clock, random.Random(1))
        it = Pooled(pool, credentials, journal, self.world, self.clock, self.vault, self.providers)
        publish = journal.publish

        def listen(*events: Event) -> None:
            for event in events:
                if isinstance(event, RequestStarted):
                    self._started(journal, event)
            self.told.extend(events)
            publish(*events)

        journal.publish = listen  # type: ignore[method-assign]  # only listens
        return it

    def _started(self, journal: Journal, event: RequestStarted) -> None:
        known = journal.snapshot
        held = known.accounts[event.account_id].held(event.at, event.model)
        if held is not None or known.model_hold(event.provider, event.model, event.at) is not None:
            self.wrong.append(f"{event.account_id} was asked for {event.model} while it was held")

    async def _close(self, it: Pooled) -> None:
        await it.pool.aclose()
        await it.credentials.aclose()
        await it.journal.aclose()

    async def _exchange(self) -> None:
        for it in self.rotas:
            await it.journal.flush()
        for it in self.rotas:
            await it.journal.refresh()

    async def _one(self, it: Pooled, model: str, session: str, *, streamed: bool) -> str:
        ask = Ask(model=model, session=session)
        try:
            if not streamed:
                await it.pool.complete(request(model), ask)
                return "served"
            async with it.pool.stream(request(model), ask) as stream:
                async for _ in stream:
                    pass
            return "served"
        except RotaError as error:
            return type(error).__name__

    # --- what happens -------------------------------------------------------------------------------------

    @rule(fault=st.sampled_from(FAULTS), times=st.integers(1, 3), seconds=st.sampled_from([None, 2.0, 30.0]))
    def answer_with(self, fault: tuple[str, str], times: int, seconds: float | None) -> None:
        provider, name = fault
        self.world.faults.force(Fault(name, provider=provider, times=times, seconds=seconds))

    @rule(name=st.sampled_from(PLANS), full=st.booleans())
    def drain_or_fill(self, name: str, full: bool) -> None:
        window = {"utilization": 1.0, "resets_in": 900.0} if full else {"utilization": 0.1, "resets_in": 9000.0}
        set_account(self.world, name, {"five_hour": window})

    @rule(seconds=st.sampled_from([1.0, 61.0, 900.0, 9 * 3600.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.run(self.clock.advance(seconds))

    @rule(which=ROTAS)
    def restart(self, which: int) -> None:
        self.run(self._close(self.rotas[which]))
        ids = self.rotas[which].ids
        self.rotas[which] = self.run(self._open())
        self.rotas[which].ids = ids

    @rule(which=ROTAS, label=st.sampled_from([*PLANS, "key", "free", "paid"]), on=st.booleans())
    def switch(self, which: int, label: str, on: bool) -> None:
        kind = AccountEnabled if on else AccountDisabled
        self.rotas[which].journal.publish(kind(at=self.clock.now(), account_id=f"id-{label}"))

    @rule(
        crowds=st.lists(
            st.tuples(ROTAS, st.sampled_from(MODELS), st.integers(0, 5), st.booleans()), min_size=1, max_size=10
        ),
    )
    def ask(self, crowds: list[tuple[int, str, int, bool]]) -> None:
        self.asked += len(crowds)

        async def all_of_them() -> None:
            asked = [
                self._one(self.rotas[n], model, f"s{session}", streamed=streamed)
                for n, model, session, streamed in crowds
            ]
            await waited(self.rotas[0], asyncio.gather(*asked), 2 * PATIENCE_S)

        self.run(all_of_them())

    @precondition(lambda self: self.rotas)
    @rule(which=ROTAS, model=st.sampled_from(MODELS))
    def ask_once_nothing_is_in_the_way(self, which: int, model: str) -> None:
        """Whoever is on and ready is found."""
        self.run(self._exchange())
        it, now = self.rotas[which], self.clock.now()
        self.world.faults.clear()
        for name in PLANS:
            set_account(self.world, name, {"five_hour": {"utilization": 0.1, "resets_in": 9000.0}})
        for name in ("free", "paid"):
            set_account(self.world, name, {"remaining": 1e6})
        for state in it.snapshot.listed():
            it.journal.publish(CooldownLifted(at=now, account_id=state.id, reason="by a person"))
            for held in state.model_holds:
                it.journal.publish(CooldownLifted(at=now, account_id=state.id, reason="by a person", model=held))
        for provider, held in it.snapshot.model_holds:
            it.journal.publish(ModelLifted(at=now, provider=provider, model=held, reason="by a person"))
        provider = "puter" if model.startswith("puter") else "anthropic"
        able = [s for s in it.snapshot.listed() if s.usable() and s.account.provider == provider]
        self.asked += 1
        end = self.run(waited(it, self._one(it, model, "s0", streamed=False), 2 * PATIENCE_S))
        assert (end == "served") is bool(able), (end, able)

    # --- what holds ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.rotas)
    @invariant()
    def every_promise_is_kept(self) -> None:
        assert self.wrong == []
        told = Counter(e.request_id for e in self.told if isinstance(e, RequestServed | RequestFailed))
        assert set(told.values()) <= {1}
        assert len(told) == self.asked
        assert all(r["spent"] + r["refused"] <= 1 for r in refreshes_of(self.world))
        holds = [e for e in self.told if isinstance(e, CooldownStarted)]
        assert all(e.until <= e.at + RESET_CAP_S for e in holds)
        for it in self.rotas:
            assert {it.pool._means.gate.inside(id_) for id_ in it.ids.values()} == {0}

    @precondition(lambda self: self.rotas)
    @rule()
    def both_know_the_same(self) -> None:
        self.run(self._exchange())
        assert self.rotas[0].snapshot == self.rotas[1].snapshot

    def teardown(self) -> None:
        for it in self.rotas:
            self.run(self._close(it))
        self.run(self.client.aclose())
        self.loop.close()
        self.folder.cleanup()


TwoRotas.TestCase.settings = settings(
    max_examples=20, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
TestTwoRotas = TwoRotas.TestCase
