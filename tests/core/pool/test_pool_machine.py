"""Two rotas at one home, through random answers, drains, clocks and restarts: what holds after every step."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from functools import reduce
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
    ModelCooled,
    ModelLifted,
    RequestFailed,
    RequestServed,
    RequestStarted,
)
from rota.fold import fold
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
from rota.quota import Source
from rota.simulator import Fault, World, base_urls, create_app, credentials_of, refreshes_of, set_account
from rota.snapshot import Snapshot
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from rota.providers.base import Provider

T = TypeVar("T")

CLAUDE = (
    *("limited-5h", "limited-7d", "limited-model", "throttle", "overloaded", "stream-error", "html"),
    *("low-credit",) * 2,  # says no end
)
PUTER = (
    *("exhausted", "too-many-requests", "model-not-found", "moderation", "drop", "bad-token"),
    *("upstream-429", "subscriber-only") * 2,  # what holds a model only
)
MODELS = ("claude-sonnet-4-5", "claude-fable-5", "claude-fable-5", "puter/gpt-5-nano")
ROTAS = st.integers(0, 1)
CAPS_S = (21_600.0, 200.0)
ACCESS_S = {"plan": 600.0, "plan2": 1200.0, "plan3": 28_800.0}
"""Two logins end while the machine runs, so that renewals meet requests of both rotas."""
LABELS = (*ACCESS_S, "key", "key2", "free", "paid")
PATIENCE_S = 4000.0
"""So much of the manual clock's time that a thread's real work never seems to take long."""


def faults(provider: str, kinds: Sequence[str]) -> st.SearchStrategy[Fault]:
    """What goes wrong at a provider, how often and for how long."""
    times, seconds = st.integers(1, 4), st.sampled_from([None, 2.0, 30.0])
    return st.builds(Fault, st.sampled_from(kinds), provider=st.just(provider), times=times, seconds=seconds)


CHANGES = st.one_of(
    faults("anthropic", CLAUDE),
    faults("puter", PUTER),
    st.tuples(st.sampled_from(sorted(ACCESS_S)), st.booleans()),
)
"""What the next answers are, or a plan that is drained or filled."""


def facts(snapshot: Snapshot) -> tuple[object, ...]:
    """What is the same in whatever order it is heard; a request's end comes after its beginning."""
    return snapshot.accounts, snapshot.model_holds, snapshot.active, snapshot.sessions


class TwoRotas(RuleBasedStateMachine):
    """Each has a journal, a pool and credentials of its own; log, vault, locks and providers are the same."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.world = World(self.clock, seed=3)
        for name, seconds in ACCESS_S.items():
            self.world.add_subscription(name, "max20", access_seconds=seconds)
        self.world.add_api_key("key")
        self.world.add_api_key("key2")
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

    @initialize(strategy=st.sampled_from(sorted(STRATEGIES)), cap_s=st.sampled_from(CAPS_S))
    def begin(self, strategy: str, cap_s: float) -> None:
        self.pool_rules = Rules(
            strategy=strategy,
            orders=ORDERS,
            route_subscriptions=True,
            deadline_s=PATIENCE_S,
            cooldown_cap_s=cap_s,
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
                self._judge(journal.snapshot, event)
            self.told.extend(events)
            publish(*events)

        journal.publish = listen  # type: ignore[method-assign]  # only listens
        return it

    def _judge(self, known: Snapshot, event: Event) -> None:
        """What may not be said, by what this rota knew."""
        match event:
            case RequestStarted():
                held = known.accounts[event.account_id].held(event.at, event.model)
                if held is not None or known.model_hold(event.provider, event.model, event.at) is not None:
                    self.wrong.append(f"{event.account_id} was asked for {event.model} while it was held")
            case CooldownStarted():
                windows = known.accounts[event.account_id].windows.values()
                watched = any(w.source is Source.USAGE and event.at - w.observed_at <= 7200.0 for w in windows)
                if event.until > event.at + (RESET_CAP_S if watched else self.pool_rules.cooldown_cap_s):
                    self.wrong.append(f"{event.account_id} is held longer than anybody can tell")
            case ModelCooled():
                if event.until > event.at + self.pool_rules.cooldown_cap_s:
                    self.wrong.append(f"{event.model} is held longer than anybody can tell")

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

    @rule(
        changes=st.lists(CHANGES, max_size=4),
        crowds=st.lists(
            st.tuples(ROTAS, st.sampled_from(MODELS), st.integers(1, 5), st.booleans()), min_size=1, max_size=5
        ),
        seconds=st.sampled_from([1.0, 1.0, 1.0, 61.0, 900.0, 9 * 3600.0]),
    )
    def crowds_ask(
        self,
        changes: list[Fault | tuple[str, bool]],
        crowds: list[tuple[int, str, int, bool]],
        seconds: float,
    ) -> None:
        """Several ask at once at each rota, whatever the answers; then time goes by."""
        for change in changes:
            if isinstance(change, Fault):
                self.world.faults.force(change)
            else:
                name, full = change
                self._fill(name) if not full else set_account(
                    self.world, name, {"five_hour": {"utilization": 1.0, "resets_in": 900.0}}
                )
        asked = [
            self._one(self.rotas[which], model, f"s{number}", streamed=streamed)
            for which, model, many, streamed in crowds
            for number in range(many)
        ]
        self.asked += len(asked)

        async def all_of_them() -> None:
            await waited(self.rotas[0], asyncio.gather(*asked), 2 * PATIENCE_S)

        self.run(all_of_them())
        self.run(self.clock.advance(seconds))

    @rule(which=ROTAS)
    def restart(self, which: int) -> None:
        self.run(self._close(self.rotas[which]))
        ids = self.rotas[which].ids
        self.rotas[which] = self.run(self._open())
        self.rotas[which].ids = ids

    @precondition(lambda self: self.rotas)
    @rule(which=ROTAS, number=st.integers(0, 6), lift=st.booleans())
    def ask_when_one_is_left(self, which: int, number: int, lift: bool) -> None:
        """With its holds lifted, or nothing heard for as long as one may last, the only one that is on is found."""
        self.run(self._exchange())
        it, cap_s, now = self.rotas[which], self.pool_rules.cooldown_cap_s, self.clock.now()
        known = it.snapshot.listed()
        hindered = [s for s in known if s.held(now) or any(w.spent(now) for w in s.windows.values())] or known
        label = hindered[number % len(hindered)].account.label
        self.world.faults.clear()
        for name in LABELS:
            self._fill(name)
        if lift:
            self._lift(it)
        else:
            self.run(self.clock.advance(cap_s))
        chosen, now = it.state(label), self.clock.now()
        provider = chosen.account.provider
        others = [s.id for s in known if s.account.provider == provider and s.id != chosen.id]
        it.journal.publish(*(AccountDisabled(at=now, account_id=other) for other in others))
        self.asked += 1
        model = "puter/gpt-5-nano" if provider == "puter" else "claude-sonnet-4-5"
        end = self.run(waited(it, self._one(it, model, "s0", streamed=False), 2 * PATIENCE_S))
        spent = any(w.spent(now) and now - w.observed_at < cap_s for w in chosen.windows.values())
        if chosen.held(now) is None and not spent:
            assert (end == "served") is chosen.usable(), (end, chosen)
        it.journal.publish(*(AccountEnabled(at=self.clock.now(), account_id=other) for other in others))

    def _lift(self, it: Pooled) -> None:
        now, by = self.clock.now(), "by a person"
        for state in it.snapshot.listed():
            for held in (*([None] if state.hold is not None else []), *state.model_holds):
                it.journal.publish(CooldownLifted(at=now, account_id=state.id, reason=by, model=held))
        for provider, model in it.snapshot.model_holds:
            it.journal.publish(ModelLifted(at=now, provider=provider, model=model, reason=by))

    def _fill(self, name: str) -> None:
        if name in ACCESS_S:
            set_account(self.world, name, {"five_hour": {"utilization": 0.1, "resets_in": 9000.0}})
        elif name in ("free", "paid"):
            set_account(self.world, name, {"remaining": 1e6})

    # --- what holds ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.rotas)
    @invariant()
    def every_promise_is_kept(self) -> None:
        assert self.wrong == []
        told = Counter(e.request_id for e in self.told if isinstance(e, RequestServed | RequestFailed))
        assert set(told.values()) <= {1}
        assert len(told) == self.asked
        assert all(r["spent"] + r["refused"] <= 1 for r in refreshes_of(self.world))
        for it in self.rotas:
            assert {it.pool._means.gate.inside(id_) for id_ in it.ids.values()} == {0}

    @precondition(lambda self: self.rotas)
    @rule()
    def both_know_the_same(self) -> None:
        self.run(self._exchange())
        assert self.rotas[0].snapshot == self.rotas[1].snapshot
        backwards = reduce(fold, reversed(self.told), Snapshot())
        assert facts(backwards) == facts(self.rotas[0].snapshot)

    def teardown(self) -> None:
        for it in self.rotas:
            self.run(self._close(it))
        self.run(self.client.aclose())
        self.loop.close()
        self.folder.cleanup()


TwoRotas.TestCase.settings = settings(
    max_examples=80, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
TestTwoRotas = TwoRotas.TestCase
