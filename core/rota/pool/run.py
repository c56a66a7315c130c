"""One request's life in the pool: lease, send, classify, next; every step an event with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rota.account import Health
from rota.errors import Attempt, Failure, Meaning, ProviderError, RotaError, SecretMissing, VaultError
from rota.events import AttemptFailed, HealthChanged, QuotaObserved, RequestFailed, RequestServed, random_word
from rota.pool.ask import Hop, Lease, Outcome
from rota.pool.endings import ending
from rota.pool.opening import opening
from rota.pool.plan import FINAL, Closes, Do, Step, next_step
from rota.pool.verdict import facts_after, lifts_of
from rota.pool.waits import backoff, sleep_until
from rota.values import dataclass

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from rota.clock import Clock
    from rota.events import Candidate, Event
    from rota.journal import Journal
    from rota.pool.ask import Ask
    from rota.pool.chooser import Chooser, Pick, Quest
    from rota.pool.confirm import Confirmer
    from rota.pool.gate import Gate, Slot
    from rota.pool.refresh import Credentials
    from rota.pool.rules import Rules
    from rota.providers.base import Credential, Provider
    from rota.quota import QuotaWindow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Means:
    """What every request works with."""

    journal: Journal
    credentials: Credentials
    providers: Mapping[str, Provider]
    rules: Rules
    clock: Clock
    rng: random.Random
    gate: Gate
    chooser: Chooser
    confirmer: Confirmer


@dataclass(frozen=True, slots=True)
class _Try:
    """The try under way."""

    pick: Pick
    slot: Slot
    reason: str
    session: str | None
    """The session's key, if the session is at this account."""
    began: float
    """Monotonic."""
    waited: float


class Run:
    """One request; entered as a context, so that what becomes of it is always recorded."""

    def __init__(self, means: Means, ask: Ask, quest: Quest, *, fallback: bool) -> None:
        self._means = means
        self._ask = ask
        self._quest = quest
        self._fallback = fallback
        self.request_id = ask.request_id or random_word()
        self.story: RequestServed | None = None
        """The whole story, once served."""
        self._started_at = means.clock.now()
        self._began = self._free_since = means.clock.monotonic()
        self._resume_at: float | None = None
        self._try: _Try | None = None
        self._last: ProviderError | None = None
        self._renewed: set[str] = set()
        self._candidates: tuple[Candidate, ...] = ()
        self._first_content: float | None = None
        self._ended = False

    async def __aenter__(self) -> Run:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever neither was served nor failed was left by its caller, or the vault failed it."""
        if isinstance(error, VaultError) and not self._ended:
            self._fail(None, str(error))
        elif not self._ended:
            begun = self._first_content is not None
            where = " in the middle of the answer" if begun else ""
            self._fail(None, f"{self._ask.if_left}{where}.", after_content=begun)

    async def attempt(self, send: Callable[[Lease], Awaitable[T]]) -> T | Hop:
        """One try: what `send` gave, or why it failed and what comes next (then call again).

        Args:
            send: sends the request with the lease and returns when an answer is certain: at the first content of a
                stream. It raises `ProviderError` for a failure, before anything was passed on.

        Raises:
            AllSpent, NothingConfigured, UnknownAccount: nobody can serve it.
            ProviderError: the provider says no to the request itself, or cannot be reached.
            VaultError: the secrets cannot be read.
        """
        means = self._means
        if self._resume_at is not None:
            await sleep_until(means.clock, self._resume_at)
            self._resume_at = None
        while True:
            taken = await means.chooser.lease(self._quest)
            if taken is None:
                raise self._over()
            attempt = self._begin(*taken)
            try:
                credential = await self._signed(attempt)
            except ProviderError as error:
                return await self._failed(error, attempt, None)
            except SecretMissing:
                return self._without_secret(attempt)
            if credential is not None:
                break
        account, target = attempt.pick.account, attempt.pick.target
        provider = means.providers[target.provider]
        lease = Lease(self.request_id, account, provider, target.model, credential, attempt.reason)
        try:
            got = await send(lease)
        except ProviderError as error:
            return await self._failed(error, attempt, credential)
        self._first_content = means.clock.monotonic() - self._began
        means.gate.accepted(account.id)
        return got

    def observed(self, windows: tuple[QuotaWindow, ...]) -> None:
        """Note what the answer's headers said of the account's quota."""
        if self._try is not None:
            self._observe(self._try.pick.account.id, windows)

    def served(self, outcome: Outcome, windows: tuple[QuotaWindow, ...] = ()) -> RequestServed:
        """The answer is whole: tell the story, with what its headers said of quota, and give up the place."""
        attempt = self._try
        if attempt is None or self._ended:
            raise RuntimeError("a request is served once, after a try that was accepted")
        means = self._means
        self.story = RequestServed(
            at=means.clock.now(),
            request_id=self.request_id,
            account_id=attempt.pick.account.id,
            provider=attempt.pick.target.provider,
            model=outcome.model,
            requested_model=self._ask.model,
            client=self._ask.client,
            session=attempt.session,
            started_at=self._started_at,
            first_token=self._first_content,
            duration=means.clock.monotonic() - self._began,
            input_tokens=outcome.input_tokens,
            output_tokens=outcome.output_tokens,
            cached_tokens=outcome.cached_tokens,
            cost_usd=outcome.cost_usd,
            finish=outcome.finish,
            reason=attempt.reason,
            candidates=self._candidates,
            attempts=self._quest.trail.attempts,
        )
        self._observe(attempt.pick.account.id, windows, self.story)
        self._end()
        return self.story

    def broke(self, error: ProviderError) -> None:
        """The answer broke off after its first content: recorded, held where it tells of a limit, never replayed."""
        if self._try is None or self._ended:
            return
        account_id, target = self._try.pick.account.id, self._try.pick.target
        self._observe(account_id, error.windows)
        state = self._means.journal.snapshot.account(account_id)
        if state is not None:
            now = self._means.clock.now()
            self._means.journal.publish(*facts_after(error.failure, state, target, now, self._means.rules))
        self._fail(error.failure.meaning, error.failure.message, after_content=True)

    # --- beginning ----------------------------------------------------------------------------------------

    def _begin(self, pick: Pick, slot: Slot) -> _Try:
        """Say who serves and why."""
        means, quest = self._means, self._quest
        now, monotonic = means.clock.now(), means.clock.monotonic()
        snapshot = means.journal.snapshot
        choice = snapshot.active.get(pick.target.provider) if pick.starts else None
        active = None
        if choice is not None and choice.account_id is not None:
            active = means.chooser.view(snapshot, quest.question(pick.target), now).standing(choice.account_id)
        opened = opening(snapshot, pick, quest, self._ask, self.request_id, means.rules, now, active=active)
        means.journal.publish(*opened.events)
        quest.here, quest.again, quest.closed = pick.account.id, None, Closes.NOTHING
        self._candidates = pick.candidates
        self._try = _Try(pick, slot, opened.reason, opened.session, monotonic, monotonic - self._free_since)
        return self._try

    async def _signed(self, attempt: _Try) -> Credential | None:
        """What signs the try; None when its account was held while it was being renewed: choose again."""
        means, known = self._means, self._means.journal.snapshot
        credential = await means.credentials.current(attempt.pick.account.id)
        if means.journal.snapshot is known or means.chooser.still(attempt.pick, self._quest):
            return credential
        self._try = None
        attempt.slot.leave()
        return None

    # --- failing ------------------------------------------------------------------------------------------

    async def _failed(self, error: ProviderError, attempt: _Try, credential: Credential | None) -> Hop:
        """Learn from a failed try, and decide."""
        means, quest = self._means, self._quest
        account, target, failure = attempt.pick.account, attempt.pick.target, error.failure
        self._last = error
        self._observe(account.id, error.windows)
        if credential is None:
            return self._hop(_not_renewed(failure), failure, attempt)
        if failure.meaning is Meaning.LOGIN_DEAD:
            return self._hop(await self._renewed_or_dead(account.id, credential), failure, attempt)
        credit = None
        if failure.meaning is Meaning.CREDITS_EXHAUSTED and failure.until is None:
            credit = await means.confirmer.credit(account.id, target.provider, credential)
        now = means.clock.now()
        state = means.journal.snapshot.account(account.id)
        if state is not None:
            means.journal.publish(*facts_after(failure, state, target, now, means.rules, credit))
        pause = backoff(quest.trail.here, means.rules.retry_base_s, means.rules.retry_cap_s, means.rng)
        step = next_step(
            failure, target, quest.trail, means.rules, now, backoff_s=pause, fallback=self._fallback, credit=credit
        )
        return self._hop(step, failure, attempt)

    async def _renewed_or_dead(self, account_id: str, spent: Credential) -> Step:
        """Another credential, once; refused again, the login is dead."""
        credentials = self._means.credentials
        dead = Step(Do.ON, "its sign-in is no longer valid", Closes.ACCOUNT)
        if account_id in self._renewed:
            credentials.condemn(account_id, spent, "the provider refused it, renewed too")
            return dead
        self._renewed.add(account_id)
        try:
            await credentials.renew(account_id, spent)
        except ProviderError as error:
            return _not_renewed(error.failure)
        return Step(Do.RETRY, "its sign-in was renewed")

    def _without_secret(self, attempt: _Try) -> Hop:
        """The vault holds nothing for this account: others may serve."""
        account = attempt.pick.account
        said = "Its secret is gone from the vault; sign in again."
        self._means.journal.publish(
            HealthChanged(at=self._means.clock.now(), account_id=account.id, health=Health.NEEDS_LOGIN, reason=said)
        )
        failure = Failure(Meaning.LOGIN_DEAD, said)
        self._last = ProviderError(failure)
        return self._hop(Step(Do.ON, "its secret is gone", Closes.ACCOUNT), failure, attempt)

    def _hop(self, step: Step, failure: Failure, attempt: _Try) -> Hop:
        """Record the try, give up its place, and take the step."""
        means, quest = self._means, self._quest
        account, target = attempt.pick.account, attempt.pick.target
        tried = Attempt(
            account_id=account.id,
            account_label=account.label,
            model=target.model,
            meaning=failure.meaning,
            message=failure.message,
            status=failure.status,
            waited=attempt.waited,
            took=means.clock.monotonic() - attempt.began,
        )
        quest.trail = quest.trail.after(step, tried, target)
        quest.closed = step.closes
        quest.again = target if step.do is Do.RETRY else None
        self._try = None
        attempt.slot.leave()
        if step.closes is Closes.ACCOUNT:
            means.gate.spent(account.id)
        now = means.clock.now()
        hop = Hop(tried, self._in_words(step, now))
        means.journal.publish(
            AttemptFailed(
                at=now, request_id=self.request_id, provider=target.provider, attempt=tried, next_step=hop.next_step
            )
        )
        if step.do is Do.STOP:
            raise self._over(final=failure.meaning in FINAL)
        if step.wait_s > 0:
            self._resume_at = now + step.wait_s
        self._free_since = means.clock.monotonic()
        return hop

    def _in_words(self, step: Step, now: float) -> str:
        """`its quota is spent; on to work-2`."""
        if step.do is not Do.ON:
            return f"{step.why}; {'once more' if step.do is Do.RETRY else 'given up'}"
        pick = self._means.chooser.pick(self._means.journal.snapshot, self._quest, now)
        if pick is None:
            return f"{step.why}; no other can serve now"
        if isinstance(pick, dict):
            return f"{step.why}; on to the first with a free place"
        model = f" with {pick.target.model}" if pick.target != self._quest.trail.targets[0] else ""
        return f"{step.why}; on to {pick.account.label}{model}"

    def _over(self, *, final: bool = False) -> RotaError:
        """The error that ends the request, recorded."""
        means = self._means
        last = self._last
        error: RotaError
        if final and last is not None:
            error = last
        else:
            error = ending(means.journal.snapshot, self._quest, means.rules, means.clock.now(), last)
        meaning = last.failure.meaning if last is not None else None
        self._fail(meaning, str(error), retry_at=getattr(error, "retry_at", None))
        return error

    def _fail(
        self, meaning: Meaning | None, message: str, *, retry_at: float | None = None, after_content: bool = False
    ) -> None:
        """Say in the log that nobody served it, and give up the place."""
        means, quest = self._means, self._quest
        self._means.journal.publish(
            RequestFailed(
                at=means.clock.now(),
                request_id=self.request_id,
                provider=quest.trail.targets[0].provider,
                requested_model=self._ask.model,
                meaning=meaning,
                message=message,
                client=self._ask.client,
                session=self._try.session if self._try is not None else None,
                account_id=quest.here,
                started_at=self._started_at,
                duration=means.clock.monotonic() - self._began,
                retry_at=retry_at,
                candidates=self._candidates,
                attempts=quest.trail.attempts,
                after_content=after_content,
            )
        )
        self._end()

    def _end(self) -> None:
        self._ended = True
        if self._try is not None:
            self._try.slot.leave()
            self._try = None

    def _observe(self, account_id: str, windows: tuple[QuotaWindow, ...], *said: Event) -> None:
        """Figures into the log with what else is said, and the end of the holds that they contradict."""
        means = self._means
        now = means.clock.now()
        seen = (QuotaObserved(at=now, account_id=account_id, windows=windows),) if windows else ()
        means.journal.publish(*seen, *said)
        if not seen:
            return
        state = means.journal.snapshot.account(account_id)
        if state is not None and (state.hold is not None or state.model_holds) and (lifts := lifts_of(state, now)):
            means.journal.publish(*lifts)


def _not_renewed(failure: Failure) -> Step:
    if failure.meaning is Meaning.LOGIN_DEAD:
        return Step(Do.ON, "its sign-in is no longer valid", Closes.ACCOUNT)
    return Step(Do.ON, "its sign-in could not be renewed", Closes.ACCOUNT)
