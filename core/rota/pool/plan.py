"""What to do after a failure: try here again, go on to another account or model, or give up. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from rota.errors import Meaning
from rota.pool.cooldown import account_bound, throttle_wait
from rota.pool.routing import Target, without_suffix
from rota.replacing import replace
from rota.values import dataclass

if TYPE_CHECKING:
    from rota.errors import Attempt, Failure
    from rota.pool.cooldown import Credit
    from rota.pool.rules import Rules


class Do(StrEnum):
    RETRY = "retry"
    """The same account and model again, after a wait."""
    ON = "on"
    """Another account or model."""
    STOP = "stop"


class Closes(StrEnum):
    """What is not tried again for this request."""

    NOTHING = "nothing"
    PAIR = "pair"
    """This model on this account."""
    ACCOUNT = "account"
    MODEL = "model"
    """This model on every account."""
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Step:
    """The next step, and why."""

    do: Do
    why: str
    closes: Closes = Closes.NOTHING
    wait_s: float = 0.0
    throttled: bool = False
    """Whether it is the one hop that a per-minute limit allows."""
    adds: Target | None = None
    """A model to try next that was not in the chain."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What one request has been through."""

    targets: tuple[Target, ...]
    """The models that may serve, in order."""
    deadline: float
    """Epoch seconds; no attempt is begun after it."""
    attempts: tuple[Attempt, ...] = ()
    here: int = 0
    """Tries so far on the present account and model."""
    hopped_after_throttle: bool = False
    accounts: frozenset[str] = frozenset()
    """Closed accounts."""
    models: frozenset[Target] = frozenset()
    """Closed models."""
    pairs: frozenset[tuple[str, Target]] = frozenset()
    providers: frozenset[str] = frozenset()

    def open(self, target: Target) -> bool:
        # Asked first whether there are any: to look for a target is to hash it.
        return not (self.models and target in self.models) and target.provider not in self.providers

    def allows(self, account_id: str, target: Target) -> bool:
        """Whether this account may still be asked for this model."""
        return account_id not in self.accounts and not (self.pairs and (account_id, target) in self.pairs)

    def after(self, step: Step, attempt: Attempt, target: Target) -> Trail:
        """The trail once `attempt` failed and `step` was decided."""
        account_id, closes = attempt.account_id, step.closes
        targets = self.targets
        if step.adds is not None:
            behind = targets.index(target) + 1
            targets = (*targets[:behind], step.adds, *targets[behind:])
        return replace(
            self,
            targets=targets,
            attempts=(*self.attempts, attempt),
            here=self.here + 1 if step.do is Do.RETRY else 0,
            hopped_after_throttle=self.hopped_after_throttle or step.throttled,
            accounts=self.accounts | {account_id} if closes is Closes.ACCOUNT else self.accounts,
            models=self.models | {target} if closes is Closes.MODEL else self.models,
            pairs=self.pairs | {(account_id, target)} if closes is Closes.PAIR else self.pairs,
            providers=self.providers | {target.provider} if closes is Closes.PROVIDER else self.providers,
        )


FINAL = frozenset({Meaning.BAD_REQUEST, Meaning.REFUSED})
"""What no other account or model would change, or must not be asked to."""


def next_step(
    failure: Failure,
    target: Target,
    trail: Trail,
    rules: Rules,
    now: float,
    *,
    backoff_s: float,
    fallback: bool,
    credit: Credit | None = None,
) -> Step:
    """Decide.

    Args:
        trail: what was tried before this failure.
        backoff_s: the wait that jitter gave for the next retry.
        fallback: whether this request may be served by another model.
        credit: what the usage endpoint said of an account that could not pay.
    """
    if failure.meaning in FINAL:
        return Step(Do.STOP, _FINAL_WORDS[failure.meaning])
    if len(trail.attempts) + 1 >= rules.max_attempts:
        return Step(Do.STOP, f"tried {rules.max_attempts} times")
    if now >= trail.deadline:
        return Step(Do.STOP, "out of time")
    match failure.meaning:
        case Meaning.THROTTLED:
            return _throttled(failure, trail, rules, now)
        case Meaning.OVERLOADED | Meaning.NETWORK:
            return _retried(failure, trail, rules, now, backoff_s)
        case Meaning.LIMITED:
            closes = Closes.ACCOUNT if failure.scope is None else Closes.PAIR
            return Step(Do.ON, "its quota is spent", closes)
        case Meaning.CREDITS_EXHAUSTED:
            if credit is not None and credit.left:
                return Step(Do.ON, "it cannot pay for this request", Closes.PAIR)
            return Step(Do.ON, "it has no credit left", Closes.ACCOUNT)
        case Meaning.MODEL_LIMITED:
            return Step(Do.ON, "the model is limited for everybody", Closes.MODEL)
        case Meaning.MODEL_UNAVAILABLE if account_bound(failure):
            return Step(Do.ON, "the model is not open to this account", Closes.PAIR)
        case Meaning.MODEL_UNAVAILABLE:
            plain = without_suffix(target, trail.targets) if fallback else None
            return Step(Do.ON, "there is no such model", Closes.MODEL, adds=plain)
        case Meaning.LOGIN_DEAD:
            return Step(Do.ON, "its sign-in is no longer valid", Closes.ACCOUNT)
        case _:
            return Step(Do.ON, "a person must act at the provider", Closes.ACCOUNT)


_FINAL_WORDS = {
    Meaning.BAD_REQUEST: "the request itself is at fault",
    Meaning.REFUSED: "the provider refuses this use",
}


def _seconds(wait: float) -> str:
    return f"{wait:.1f}".removesuffix(".0") if wait >= 0.1 else "under 0.1"


def _throttled(failure: Failure, trail: Trail, rules: Rules, now: float) -> Step:
    """A short wait here if it fits, else one hop, and no more."""
    wait = throttle_wait(failure, now)
    fits = failure.retryable_here and wait <= rules.throttle_wait_s and now + wait < trail.deadline
    if fits and trail.here < 1:
        return Step(Do.RETRY, f"too many requests at once: {_seconds(wait)} s pause", wait_s=wait)
    if trail.hopped_after_throttle:
        return Step(Do.STOP, "too many requests at once, here and on the account before")
    return Step(Do.ON, "too many requests at once", Closes.ACCOUNT, throttled=True)


def _retried(failure: Failure, trail: Trail, rules: Rules, now: float, backoff_s: float) -> Step:
    """A bounded number of tries here; then another model may be in better health, another account is not."""
    wait = failure.retry_after or backoff_s  # `Retry-After: 0` from everybody at once would only add to the load
    overloaded = failure.meaning is Meaning.OVERLOADED
    what = "the provider is overloaded" if overloaded else "no usable answer arrived"
    fits = wait <= rules.retry_cap_s and now + wait < trail.deadline
    if failure.retryable_here and trail.here < rules.retries and fits:
        return Step(Do.RETRY, f"{what}: {_seconds(wait)} s pause", wait_s=wait)
    return Step(Do.ON, what, Closes.MODEL if overloaded else Closes.PROVIDER)
