"""Class of failure, order and what was tried: the next step."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from tests.support.pool_facts import NOW

from rota.errors import Attempt, Failure, Meaning
from rota.pool.cooldown import Credit
from rota.pool.plan import Closes, Do, Step, Trail, next_step
from rota.pool.routing import Target, chain, target, without_suffix
from rota.pool.rules import Rules
from rota.pool.waits import backoff

M0, M1 = Target("puter", "m0"), Target("puter", "m1")
RULES = Rules(retries=2, throttle_wait_s=10.0)
TRAIL = Trail(targets=(M0, M1), deadline=NOW + 100)


def decide(
    failure: Failure,
    trail: Trail = TRAIL,
    *,
    on: Target = M0,
    now: float = NOW,
    credit: Credit | None = None,
    fallback: bool = True,
) -> Step:
    return next_step(failure, on, trail, RULES, now, backoff_s=1.5, fallback=fallback, credit=credit)


def fail(meaning: Meaning, **more: object) -> Failure:
    return replace(Failure(meaning, "said"), **more)  # type: ignore[arg-type]  # the fields of Failure


STEPS = [
    (fail(Meaning.LIMITED), Do.ON, Closes.ACCOUNT),
    (fail(Meaning.LIMITED, scope="m0"), Do.ON, Closes.PAIR),
    (fail(Meaning.MODEL_LIMITED), Do.ON, Closes.MODEL),
    (fail(Meaning.MODEL_UNAVAILABLE, status=404), Do.ON, Closes.MODEL),
    (fail(Meaning.MODEL_UNAVAILABLE, status=403), Do.ON, Closes.PAIR),
    (fail(Meaning.CREDITS_EXHAUSTED), Do.ON, Closes.ACCOUNT),
    (fail(Meaning.LOGIN_DEAD), Do.ON, Closes.ACCOUNT),
    (fail(Meaning.GATED), Do.ON, Closes.ACCOUNT),
    # Nobody's fault: here again, with jitter or as told.
    (fail(Meaning.OVERLOADED), Do.RETRY, Closes.NOTHING),
    (fail(Meaning.NETWORK), Do.RETRY, Closes.NOTHING),
    # Sending the same again could never succeed.
    (fail(Meaning.OVERLOADED, retryable_here=False), Do.ON, Closes.MODEL),
    # A per-minute limit: here when the wait fits, else the one hop.
    (fail(Meaning.THROTTLED, retry_after=3.0), Do.RETRY, Closes.NOTHING),
    (fail(Meaning.THROTTLED, retry_after=30.0), Do.ON, Closes.ACCOUNT),
    # Never elsewhere.
    (fail(Meaning.REFUSED), Do.STOP, Closes.NOTHING),
    (fail(Meaning.BAD_REQUEST), Do.STOP, Closes.NOTHING),
]


@pytest.mark.parametrize(("failure", "do", "closes"), STEPS)
def test_the_class_of_a_failure_decides_the_next_step(failure: Failure, do: Do, closes: Closes) -> None:
    step = decide(failure)
    assert (step.do, step.closes) == (do, closes)


def attempt(account: str = "a", model: str = "m0") -> Attempt:
    return Attempt(account, account, model, Meaning.LIMITED, "said")


def walk(failure: Failure, times: int) -> list[Do]:
    trail, done = TRAIL, []
    for _ in range(times):
        step = decide(failure, trail)
        done.append(step.do)
        trail = trail.after(step, attempt(), M0)
    return done


def test_an_overload_is_retried_here_a_bounded_number_of_times_and_then_left_to_another_model() -> None:
    assert walk(fail(Meaning.OVERLOADED), 3) == [Do.RETRY, Do.RETRY, Do.ON]


def test_a_retry_waits_as_told_or_by_jitter() -> None:
    assert decide(fail(Meaning.OVERLOADED)).wait_s == 1.5
    assert decide(fail(Meaning.OVERLOADED, retry_after=4.0)).wait_s == 4.0
    assert decide(fail(Meaning.OVERLOADED, retry_after=400.0)).do is Do.ON


@pytest.mark.parametrize("meaning", [Meaning.OVERLOADED, Meaning.NETWORK])
def test_a_retry_after_of_nothing_is_no_order_to_hammer(meaning: Meaning) -> None:
    assert decide(fail(meaning, retry_after=0.0)).wait_s == 1.5


def test_after_a_network_fault_no_other_account_of_the_provider_is_tried() -> None:
    trail = replace(TRAIL, here=2)
    assert decide(fail(Meaning.NETWORK), trail).closes is Closes.PROVIDER


def test_after_a_throttle_there_is_at_most_one_hop() -> None:
    throttled = fail(Meaning.THROTTLED, retry_after=30.0)
    hop = decide(throttled)
    assert (hop.do, hop.throttled) == (Do.ON, True)
    assert decide(throttled, TRAIL.after(hop, attempt(), M0)).do is Do.STOP


def test_a_throttle_is_waited_for_once_and_then_hopped_from() -> None:
    assert walk(fail(Meaning.THROTTLED, retry_after=3.0), 3) == [Do.RETRY, Do.ON, Do.RETRY]


def test_a_dear_request_goes_to_a_cheaper_model_and_leaves_the_account_open() -> None:
    assert decide(fail(Meaning.CREDITS_EXHAUSTED), credit=Credit(left=True)).closes is Closes.PAIR
    assert decide(fail(Meaning.CREDITS_EXHAUSTED), credit=Credit(left=False)).closes is Closes.ACCOUNT


def test_the_attempt_cap_ends_a_request() -> None:
    trail = replace(TRAIL, attempts=(attempt(),) * (RULES.max_attempts - 1))
    assert decide(fail(Meaning.LIMITED), trail).do is Do.STOP


def test_nothing_is_begun_after_the_deadline() -> None:
    assert decide(fail(Meaning.LIMITED), now=NOW + 100).do is Do.STOP
    near = decide(fail(Meaning.THROTTLED, retry_after=8.0), now=NOW + 95)
    assert near.do is Do.ON  # the wait would not fit


def test_a_missing_free_model_is_tried_once_without_its_suffix() -> None:
    free = Target("puter", "x:free")
    trail = replace(TRAIL, targets=(free, M1))
    step = decide(fail(Meaning.MODEL_UNAVAILABLE, status=400), trail, on=free)
    after = trail.after(step, attempt(model=free.model), free)
    assert after.targets == (free, Target("puter", "x"), M1)
    assert not after.open(free)
    assert without_suffix(free, after.targets) is None


def test_a_request_without_fallback_keeps_its_model() -> None:
    free = Target("puter", "x:free")
    trail = Trail(targets=(free,), deadline=NOW + 100)
    assert decide(fail(Meaning.MODEL_UNAVAILABLE), trail, on=free, fallback=False).adds is None


def test_a_trail_remembers_what_was_closed() -> None:
    for closes, allowed in [
        (Closes.PAIR, [("a", M1), ("b", M0), ("b", M1)]),
        (Closes.ACCOUNT, [("b", M0), ("b", M1)]),
        (Closes.MODEL, [("a", M1), ("b", M1)]),
        (Closes.PROVIDER, []),
    ]:
        trail = TRAIL.after(Step(Do.ON, "", closes), attempt(), M0)
        pairs = [(a, t) for a in ("a", "b") for t in (M0, M1)]
        assert [(a, t) for a, t in pairs if trail.open(t) and trail.allows(a, t)] == allowed


# --- names ------------------------------------------------------------------------------------------------

BOTH, PUTER = {"anthropic", "puter"}, {"puter"}
NAMES = [
    ("anthropic/claude-opus-4-5", BOTH, None, Target("anthropic", "claude-opus-4-5")),
    ("puter/gpt-5-nano", BOTH, None, Target("puter", "gpt-5-nano")),
    ("openrouter:qwen/qwen3-coder:free", BOTH, None, Target("puter", "openrouter:qwen/qwen3-coder:free")),
    ("claude-opus-4-5", BOTH, None, Target("anthropic", "claude-opus-4-5")),
    ("claude-opus-4-5", PUTER, None, Target("puter", "claude-opus-4-5")),
    ("gpt-5-nano", BOTH, None, Target("puter", "gpt-5-nano")),
    ("deepseek/deepseek-chat", BOTH, None, Target("puter", "deepseek/deepseek-chat")),
    # The caller says which provider: the name's own prefix goes only when it agrees.
    ("puter/gpt-5-nano", BOTH, "puter", Target("puter", "gpt-5-nano")),
    ("anthropic/claude-haiku-4-5", BOTH, "puter", Target("puter", "anthropic/claude-haiku-4-5")),
]


@pytest.mark.parametrize(("name", "present", "provider", "expected"), NAMES)
def test_a_models_name_says_its_provider(
    name: str, present: set[str], provider: str | None, expected: Target
) -> None:
    assert target(name, present, provider) == expected


def test_a_chain_holds_each_model_once_and_only_present_providers() -> None:
    # The Puter plugin did not dedupe its list (puter.md 8.16, 22).
    names = ("m1", "m0", "m1", "anthropic/claude-haiku-4-5", "puter/m2")
    assert chain(M0, names, PUTER) == (M0, M1, Target("puter", "m2"))
    assert Target("anthropic", "claude-haiku-4-5") in chain(M0, names, BOTH)


# --- waits ------------------------------------------------------------------------------------------------


def test_backoff_is_anywhere_up_to_a_doubling_step_under_its_cap() -> None:
    rng = random.Random(1)
    for retry, most in [(0, 1.0), (1, 2.0), (2, 4.0), (5, 30.0), (400, 30.0)]:
        waits = [backoff(retry, 1.0, 30.0, rng) for _ in range(300)]
        assert 0.0 <= min(waits) < 0.2 * most
        assert 0.8 * most < max(waits) <= most


@pytest.mark.parametrize(
    ("backoff_s", "told"), [(0.0, "under 0.1 s"), (0.04, "under 0.1 s"), (0.1, "0.1 s"), (2.0, "2 s")]
)
def test_a_pause_too_short_to_count_is_not_told_as_none(backoff_s: float, told: str) -> None:
    step = next_step(fail(Meaning.OVERLOADED), M0, TRAIL, RULES, NOW, backoff_s=backoff_s, fallback=True)
    assert step.why == f"the provider is overloaded: {told} pause"
