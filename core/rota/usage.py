"""The usage poller: when to ask which account's usage endpoint, within its budget, on a schedule all processes share.

Anthropic's endpoint gives about 30 reads an hour an account, shared with Claude Code and every other tracker; the
waits below come from what other trackers measured (protocols, section 2.1). Puter's gives 120 a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rota.account import Health, Kind
from rota.errors import Meaning, ProviderError, RotaError, VaultLocked
from rota.events import AccountDescribed, Event, HealthChanged, QuotaObserved, UsagePolled
from rota.pool.strategies.base import ago
from rota.pool.verdict import lifts_of
from rota.quota import QuotaWindow, binding
from rota.snapshot import NEVER

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from rota.clock import Clock
    from rota.errors import Failure
    from rota.journal import Journal
    from rota.pool.refresh import Credentials
    from rota.providers.base import Credential, Provider, QuotaReport
    from rota.settings import UsageSettings
    from rota.snapshot import AccountState, Poll, Snapshot

SPENT_S = 600.0
AFTER_RESET_S = 60.0
"""A known reset is asked about this long after it."""
BLOCKED_S = 300.0
"""After `Retry-After: 0`: the endpoint's rolling window is full, and asking at once only keeps it so."""
BLOCKED_STEP_S = 360.0
BLOCKED_MOST_S = 1800.0
DEADLINE_SLACK_S = 900.0
"""More than half of the accounts are blocked again within a quarter of an hour after a stated deadline."""
DEADLINE_MOST_S = 4500.0
FAULT_S = 30.0
FAULT_MOST_S = 600.0
NEVER_AGAIN_S = 86_400.0
"""For a token that may not read usage at all: asked again once a day."""
NO_FIGURES = "such accounts have no figures to ask for; they come with each answer"
"""What is told of an account that was asked and has none."""
IDENTITY_S = 7 * 86_400.0
"""How long a plan and an email are taken as told."""
JITTER = 0.1
BY_PERSON_S = 30.0
"""A person may ask sooner, but not over and over."""
CLAIM_S = 45.0
"""How long a process holds an account's turn while it asks."""
NEAR = 0.8
LOCKED_S = 60.0
"""Until a keyring that is locked is asked again."""
SHUT_S = 600.0
"""How often the provider is asked whether a person has done what it wanted of them."""

SHUT = frozenset({Health.GATED, Health.SUSPENDED})
POLLED_KINDS = frozenset({Kind.SUBSCRIPTION, Kind.CONSOLE_PROFILE, Kind.PUTER, Kind.PUTER_GUEST})


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an account's provider may be asked, in seconds between two questions."""

    floor: float
    """No account is asked more often than this, near a limit aside."""
    urgent: float
    """Near a limit and rising."""
    idle: float


def pace_of(provider: str, usage: UsageSettings) -> Pace:
    """The pace that the settings and the provider's budget allow."""
    if provider == "anthropic":
        return Pace(usage.floor_s, min(usage.floor_s, 3600.0 / usage.reads_per_hour), usage.idle_s)
    return Pace(usage.puter_floor_s, usage.puter_floor_s, min(usage.idle_s, 4 * usage.puter_floor_s))


@dataclass(frozen=True, slots=True)
class Due:
    """When an account is to be asked next, and why then."""

    at: float
    reason: str


def polled(state: AccountState) -> bool:
    """Whether there is anything to ask about it, now or later."""
    return state.account.kind in POLLED_KINDS or state.account.health in SHUT


def due(state: AccountState, pace: Pace, *, active: bool, now: float) -> Due | None:
    """When to ask about this account next; None when there is nothing to ask (an API key, or off)."""
    account = state.account
    if not state.known or state.removed or account.health is Health.NEEDS_LOGIN or not account.enabled:
        return None
    scheduled = state.poll.next_at if state.poll is not None else float("-inf")
    if account.health in SHUT:
        since, _ = state.stamps.get("health", NEVER)
        return Due(max(scheduled, since + SHUT_S), "it may be open again")
    if account.kind not in POLLED_KINDS:
        return None
    told = max((w.observed_at for w in state.windows.values() if w.scope is None and w.counts), default=None)
    if told is None:
        return Due(max(scheduled, now), "never asked") if scheduled <= now else Due(scheduled, "scheduled")
    reset = min(
        (w.resets_at for w in state.windows.values() if w.resets_at is not None and w.expired(now)), default=None
    )
    asked = state.poll.at if state.poll is not None else float("-inf")
    if reset is not None and max(told, asked) < reset and (state.poll is None or state.poll.problem is None):
        return Due(max(reset + AFTER_RESET_S, asked + pace.urgent), "a window has reset")
    fresh_until = told + _interval(state, pace, active=active, now=now)
    if any(hold.active(now) and hold.meaning is Meaning.LIMITED for hold in state.model_holds.values()):
        # Headers tell of a model's own window only where that model is asked for, which its hold prevents.
        told_of_models = (w.observed_at for w in state.windows.values() if w.scope is not None and w.counts)
        fresh_until = min(fresh_until, max(told_of_models, default=told) + SPENT_S)
    return Due(max(scheduled, fresh_until), "scheduled" if scheduled >= fresh_until else "figures have aged")


def after_success(
    state: AccountState, windows: Sequence[QuotaWindow], pace: Pace, *, active: bool, now: float
) -> float:
    """Seconds until the next question after one that was answered."""
    seen = {w.key: w for w in windows}
    fuller = replace(state, windows={**state.windows, **seen}) if seen else state
    wait = _interval(fuller, pace, active=active, now=now)
    if state.poll is not None and state.poll.blocked_at is not None and now - state.poll.blocked_at < 3600:
        wait = max(wait, BLOCKED_STEP_S)
    resets = [w.resets_at for w in windows if w.resets_at is not None and w.resets_at > now]
    if resets:
        wait = max(pace.floor, min(wait, min(resets) + AFTER_RESET_S - now))
    return wait


def after_failure(state: AccountState, failure: Failure, now: float) -> float:
    """Seconds until the next question after one that failed."""
    previous = max(0.0, state.poll.next_at - state.poll.at) if state.poll is not None else 0.0
    if failure.status == 429:
        if failure.retry_after:
            return min(failure.retry_after + DEADLINE_SLACK_S, DEADLINE_MOST_S)
        recently = state.poll is not None and state.poll.blocked_at is not None and now - state.poll.blocked_at < 3600
        return min(BLOCKED_MOST_S, max(BLOCKED_STEP_S, previous * 1.5)) if recently else BLOCKED_S
    if failure.meaning is Meaning.GATED:
        return NEVER_AGAIN_S
    in_a_row = state.poll is not None and state.poll.problem is not None and state.poll.blocked_at is None
    return min(FAULT_MOST_S, max(FAULT_S, previous * 2)) if in_a_row else FAULT_S


def _interval(state: AccountState, pace: Pace, *, active: bool, now: float) -> float:
    """How long figures are good for, quota and use considered."""
    fullest = binding(state.windows.values(), None, now)
    if fullest is None or fullest.utilization is None:
        return pace.floor if active else pace.idle
    if fullest.utilization >= 1.0:
        return SPENT_S
    if fullest.utilization >= NEAR and _rising(state, fullest.key):
        return pace.urgent
    return pace.floor if active else pace.idle


def _blocked_for(state: AccountState, now: float) -> float | None:
    """Seconds for which an endpoint that said 429 is left alone: to ask sooner, whoever does, only prolongs it."""
    poll = state.poll
    if poll is None or poll.problem is None or poll.blocked_at is None or poll.blocked_at < poll.at:
        return None
    return poll.next_at - now if poll.next_at > now else None


def _rising(state: AccountState, key: str) -> bool:
    samples = state.history.get(key, ())
    return len(samples) >= 2 and samples[-1].utilization > samples[-2].utilization


class Poller:
    """Asks usage endpoints in the background; several processes share one schedule through the log."""

    def __init__(
        self,
        journal: Journal,
        credentials: Credentials,
        providers: Mapping[str, Provider],
        usage: UsageSettings,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._journal = journal
        self._credentials = credentials
        self._providers = providers
        self._usage = usage
        self._clock = clock
        self._rng = rng
        self._nudged = asyncio.Event()
        self._described_at: dict[str, float] = {}
        self._asked_at: dict[str, float] = {}
        """When this process last took an account's turn, or was answered."""

    def take_settings(self, usage: UsageSettings) -> None:
        """Go on at another pace, stop, or begin again."""
        self._usage = usage
        self.nudge()

    async def run(self) -> None:
        """Poll until cancelled, one account at a time."""
        while True:
            now = self._clock.now()
            next_at = now + 60.0
            for state in self._journal.snapshot.listed() if self._usage.enabled else ():
                turn = self._due(self._journal.snapshot, state, now)
                if turn is None:
                    continue
                if turn.at <= now:
                    await self.ask(state.id)
                    next_at = now
                else:
                    next_at = min(next_at, turn.at)
            await self._wait(max(1.0, next_at - self._clock.now()))

    def nudge(self) -> None:
        """Look at the schedule again now: an account was added or lifted."""
        self._nudged.set()

    async def ask(self, account_id: str, *, by_person: bool = False) -> str | None:
        """Ask about one account, if it is its turn (or a person asks) and no other process is at it.

        Returns why there are no new figures, or None when there are.
        """
        mine, before = await self._claim(account_id, by_person=by_person)
        state = self._journal.snapshot.account(account_id)
        if state is None:
            return "the account is gone"
        if mine:
            # What came of the last question, which the claim wrote over: failures in a row wait ever longer.
            state = replace(state, poll=before)
        if not mine:
            if (left := _blocked_for(state, self._clock.now())) is not None:
                return f"the provider gives no more figures for now; rota asks again in {ago(left)}"
            if state.poll is not None and state.poll.at <= self._asked_at.get(account_id, float("-inf")):
                left = max(1.0, state.poll.at + BY_PERSON_S - self._clock.now())
                return f"rota asked only just now; the next time can be in {ago(left)}"
            return "another rota is asking already, or just did"
        self._asked_at[account_id] = self._clock.now()
        try:
            provider = self._providers[state.account.provider]
            credential = await self._credentials.current(account_id)
            if state.account.health in SHUT and (shut := await self._still_shut(state, credential)) is not None:
                self._scheduled(state, SHUT_S, shut, None)
                return shut
            report = await self._report(state, provider, credential)
            windows = report.windows if report is not None else ()
        except ProviderError as error:
            self._failed(state, error.failure)
            return str(error)
        except VaultLocked as error:
            self._scheduled(state, LOCKED_S, error.in_full, None)
            return str(error)
        except RotaError as error:
            self._scheduled(state, NEVER_AGAIN_S, str(error), None)
            return str(error)
        now = self._clock.now()
        if windows:
            self._journal.publish(QuotaObserved(at=now, account_id=account_id, windows=windows))
            self._journal.publish(*lifts_of(self._journal.snapshot.accounts[account_id], now))
        active, pace = self._is_active(self._journal.snapshot, state), self._pace(state)
        self._scheduled(state, after_success(state, windows, pace, active=active, now=now), None, None)
        if now - self._described_at.get(account_id, float("-inf")) > IDENTITY_S:
            await self._describe(state)
        return None if windows else NO_FIGURES

    async def _report(self, state: AccountState, provider: Provider, credential: Credential) -> QuotaReport | None:
        """What the provider says is left; an access token that it refuses before its time is renewed once."""
        try:
            return await provider.usage(credential)
        except ProviderError as error:
            if error.failure.meaning is not Meaning.LOGIN_DEAD or credential.refresh is None:
                raise
        return await provider.usage(await self._credentials.renew(state.id, credential))

    async def _still_shut(self, state: AccountState, credential: Credential) -> str | None:
        """What the provider still wants of the person; None when the account is open again, which is said."""
        try:
            identity = await self._providers[state.account.provider].identify(credential)
        except ProviderError as error:
            if error.failure.meaning is not Meaning.GATED:
                raise
            return str(error)
        said = HealthChanged(
            at=self._clock.now(),
            account_id=state.id,
            health=Health.GATED if identity.gate else Health.READY,
            reason=identity.gate or "",
        )
        if (said.health, said.reason) != (state.account.health, state.account.health_reason):
            self._journal.publish(said)
        return identity.gate

    async def _describe(self, state: AccountState) -> None:
        """Ask who the account is, once in a while: plans change."""
        first = state.id not in self._described_at
        self._described_at[state.id] = self._clock.now()
        if first and state.account.plan is not None:
            return
        with contextlib.suppress(RotaError):
            credential = await self._credentials.current(state.id)
            identity = await self._providers[state.account.provider].identify(credential)
            if identity.key == state.account.identity and identity.plan != state.account.plan:
                self._journal.publish(AccountDescribed(at=self._clock.now(), account_id=state.id, identity=identity))

    async def _claim(self, account_id: str, *, by_person: bool) -> tuple[bool, Poll | None]:
        """Take the account's turn in the log, so that no other process asks at the same time.

        Returns whether it was taken, and what was known of the question before.
        """
        mine = False
        before: Poll | None = None

        def decide(snapshot: Snapshot) -> Sequence[Event]:
            nonlocal mine, before
            now = self._clock.now()
            state = snapshot.account(account_id)
            if state is None:
                return []
            before = state.poll
            asked = state.poll.at if state.poll is not None else float("-inf")
            turn = self._due(snapshot, state, now)
            if by_person:
                mine = now - asked >= BY_PERSON_S and _blocked_for(state, now) is None
            else:
                mine = turn is not None and turn.at <= now
            if not mine:
                return []
            blocked_at = state.poll.blocked_at if state.poll is not None else None
            return [UsagePolled(at=now, account_id=account_id, next_at=now + CLAIM_S, blocked_at=blocked_at)]

        await self._journal.commit(decide)
        return mine, before

    def _failed(self, state: AccountState, failure: Failure) -> None:
        now = self._clock.now()
        blocked_at = now if failure.status == 429 else None
        wait = after_failure(state, failure, now)
        if failure.meaning is Meaning.LOGIN_DEAD:
            wait = NEVER_AGAIN_S
        self._scheduled(state, wait, failure.message, blocked_at)

    def _scheduled(self, state: AccountState, wait: float, problem: str | None, blocked_at: float | None) -> None:
        now = self._clock.now()
        if blocked_at is None and state.poll is not None and state.poll.blocked_at is not None:
            blocked_at = state.poll.blocked_at if now - state.poll.blocked_at < 3600 else None
        jittered = wait * (1.0 + self._rng.uniform(-JITTER, JITTER))
        self._asked_at[state.id] = now
        self._journal.publish(
            UsagePolled(at=now, account_id=state.id, next_at=now + jittered, problem=problem, blocked_at=blocked_at)
        )

    def _due(self, snapshot: Snapshot, state: AccountState, now: float) -> Due | None:
        return due(state, self._pace(state), active=self._is_active(snapshot, state), now=now)

    def _pace(self, state: AccountState) -> Pace:
        return pace_of(state.account.provider, self._usage)

    @staticmethod
    def _is_active(snapshot: Snapshot, state: AccountState) -> bool:
        choice = snapshot.active.get(state.account.provider)
        return choice is not None and choice.account_id == state.id

    async def _wait(self, seconds: float) -> None:
        """Sleep on the clock, or until nudged."""
        self._nudged.clear()
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        nudge = asyncio.ensure_future(self._nudged.wait())
        try:
            await asyncio.wait({sleep, nudge}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sleep, nudge):
                task.cancel()
