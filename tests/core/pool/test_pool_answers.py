"""Every answer that the simulated providers know, in every age, both orders, whole and streamed: what comes next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import formatdate
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.pool_world import path_of, pooled, request, waited

from rota.errors import Meaning, ProviderError
from rota.events import RequestFailed
from rota.pool.pool import Ask
from rota.pool.rules import Order
from rota.simulator import Fault, World
from rota.simulator.faults import ANYWHERE, LOGINS, MESSAGES, PUTER_ACCESS, PUTER_CHAT, STREAMS
from rota.simulator.knobs import ERAS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pool_world import Pooled

SONNET, FABLE = "claude-sonnet-4-5", "claude-fable-5"
SECOND = {"anthropic": "claude-haiku-4-5", "puter": "gpt-5-nano"}


class Next(Enum):
    """Who serves after the one answer that was no success."""

    SERVED = "no failure at all"
    HERE = "the same account again"
    ACCOUNT = "the next account, same model"
    MODEL = "the next model"
    PAIR = "models-first the next model here, accounts-first the next account"
    NOBODY = "given back as it is"


@dataclass(frozen=True)
class Case:
    """One answer and what it comes to."""

    fault: Fault
    meaning: Meaning | None
    then: Next
    model: str = SONNET
    ways: tuple[bool, ...] = (False, True)
    """Whole, streamed."""


def case(name: str, meaning: Meaning | None, then: Next, **more: Any) -> Case:
    fault = Fault(name, **{k: more.pop(k) for k in ("seconds", "after", "status", "headers", "body") if k in more})
    return Case(fault, meaning, then, **more)


STREAMED: Any = (True,)
EVERYWHERE = [
    case("html", Meaning.OVERLOADED, Next.HERE),
    case("html", Meaning.NETWORK, Next.HERE, status=407),
    case("html", Meaning.THROTTLED, Next.HERE, status=429, headers={"retry-after-ms": "1500"}),
    case("garbage", Meaning.NETWORK, Next.HERE),
    case("wrong-shape", Meaning.NETWORK, Next.HERE),
    case("empty", Meaning.NETWORK, Next.HERE),
    case("slow", None, Next.SERVED, seconds=3.0),
    case("truncated", Meaning.NETWORK, Next.HERE, after=0, ways=STREAMED),
    case("stall", None, Next.SERVED, seconds=3.0, after=0, ways=STREAMED),
    case("stream-error", Meaning.OVERLOADED, Next.HERE, after=0, ways=STREAMED),
]
CLAUDE = [
    *EVERYWHERE,
    case("limited-5h", Meaning.LIMITED, Next.ACCOUNT),
    case("limited-7d", Meaning.LIMITED, Next.ACCOUNT),
    case("limited-model", Meaning.LIMITED, Next.PAIR, model=FABLE),
    case("throttle", Meaning.THROTTLED, Next.HERE),
    case("throttle", Meaning.THROTTLED, Next.HERE, seconds=0.0),
    # anthropic-multi-auth read a date as no wait at all (anthropic.md 6.3, 8); the worlds begin at 1 800 000 000.
    case("throttle", Meaning.THROTTLED, Next.HERE, headers={"retry-after": formatdate(1_800_000_008, usegmt=True)}),
    case(
        "throttle", Meaning.THROTTLED, Next.ACCOUNT, headers={"retry-after": formatdate(1_800_000_040, usegmt=True)}
    ),
    case("throttle", Meaning.THROTTLED, Next.ACCOUNT, seconds=40.0),
    case("ramp", Meaning.THROTTLED, Next.ACCOUNT, seconds=40.0),
    case("spend-cap", Meaning.CREDITS_EXHAUSTED, Next.ACCOUNT),
    case("low-credit", Meaning.CREDITS_EXHAUSTED, Next.ACCOUNT),
    case("billing", Meaning.CREDITS_EXHAUSTED, Next.ACCOUNT),
    case("long-context", Meaning.REFUSED, Next.NOBODY),
    case("policy-claude-code", Meaning.REFUSED, Next.NOBODY),
    case("policy-third-party", Meaning.REFUSED, Next.NOBODY),
    case("policy-extra-usage", Meaning.REFUSED, Next.NOBODY),
    case("forbidden", Meaning.GATED, Next.ACCOUNT),
    case("not-found", Meaning.MODEL_UNAVAILABLE, Next.MODEL),
    case("conflict", Meaning.BAD_REQUEST, Next.NOBODY),
    case("too-large", Meaning.BAD_REQUEST, Next.NOBODY),
    case("bad-request", Meaning.BAD_REQUEST, Next.NOBODY),
    case("api-error", Meaning.OVERLOADED, Next.HERE),
    case("timeout", Meaning.OVERLOADED, Next.HERE),
    case("overloaded", Meaning.OVERLOADED, Next.HERE),
    case("overloaded", Meaning.OVERLOADED, Next.HERE, seconds=3.0),
    case("overloaded", Meaning.OVERLOADED, Next.MODEL, seconds=900.0),
    case("ping-only", Meaning.NETWORK, Next.HERE, ways=STREAMED),
    case("expired", Meaning.LOGIN_DEAD, Next.ACCOUNT),
    case("invalid-token", Meaning.LOGIN_DEAD, Next.ACCOUNT),
    case("revoked", Meaning.LOGIN_DEAD, Next.ACCOUNT),
]
PUTER = [
    *EVERYWHERE,
    case("bad-token", Meaning.LOGIN_DEAD, Next.ACCOUNT),
    case("token-v1", Meaning.LOGIN_DEAD, Next.ACCOUNT),
    case("session-revoked", Meaning.LOGIN_DEAD, Next.ACCOUNT),
    case("session-expired", Meaning.LOGIN_DEAD, Next.ACCOUNT),
    case("app-blocked", Meaning.LOGIN_DEAD, Next.ACCOUNT),
    case("suspended", Meaning.GATED, Next.ACCOUNT),
    case("needs-email", Meaning.GATED, Next.ACCOUNT),
    case("needs-phone", Meaning.GATED, Next.ACCOUNT),
    case("needs-card", Meaning.GATED, Next.ACCOUNT),
    case("plain-403", Meaning.NETWORK, Next.HERE),
    case("db-unavailable", Meaning.OVERLOADED, Next.HERE),
    case("internal", Meaning.OVERLOADED, Next.HERE),
    case("exhausted", Meaning.CREDITS_EXHAUSTED, Next.PAIR),
    case("usage-limited", Meaning.CREDITS_EXHAUSTED, Next.PAIR),
    case("too-many-requests", Meaning.THROTTLED, Next.HERE),
    case("too-many-concurrent", Meaning.THROTTLED, Next.HERE),
    case("upstream-400", Meaning.BAD_REQUEST, Next.NOBODY),
    case("upstream-401", Meaning.MODEL_LIMITED, Next.MODEL),
    case("upstream-429", Meaning.MODEL_LIMITED, Next.MODEL),
    case("upstream-500", Meaning.MODEL_LIMITED, Next.MODEL),
    case("upstream-failed", Meaning.MODEL_UNAVAILABLE, Next.MODEL),
    case("model-not-found", Meaning.MODEL_UNAVAILABLE, Next.MODEL),
    case("subscriber-only", Meaning.MODEL_UNAVAILABLE, Next.PAIR),
    case("moderation", Meaning.REFUSED, Next.NOBODY),
    case("fake-chat", Meaning.REFUSED, Next.NOBODY),
    case("no-usage", None, Next.SERVED),
]


async def asked(it: Pooled, model: str, *, streamed: bool) -> None:
    if not streamed:
        await it.pool.complete(request(model), Ask(model=model))
        return
    async with it.pool.stream(request(model), Ask(model=model)) as stream:
        async for _ in stream:
            pass


async def comes_next(home: Path, provider: str, case: Case, order: Order, *, streamed: bool, era: str) -> None:
    def build(world: World) -> None:
        for name in ("a", "b"):
            if provider == "puter":
                world.add_puter(name, "paid")
            elif case.meaning is Meaning.LIMITED:
                world.add_subscription(name, "max20")
            else:
                world.add_api_key(name)

    rules: dict[str, Any] = {"orders": {provider: order}, "fallback_models": {provider: (SECOND[provider],)}}
    async with pooled(home, build, route_subscriptions=True, retry_base_s=0.0, **rules) as it:
        it.world.knobs.turn({"era": era})
        it.force(replace(case.fault, account="a", model=case.model))
        work = asked(it, f"{provider}/{case.model}", streamed=streamed)
        if case.then is Next.NOBODY:
            with pytest.raises(ProviderError) as caught:
                await waited(it, work, 60)
            assert caught.value.failure.meaning is case.meaning
            (failed,) = it.heard(RequestFailed)
            assert path_of(failed.attempts) == [f"a {case.model} {case.meaning}"]
            assert it.calls() == [("a", case.model)]
            return
        await waited(it, work, 60)
        (story,) = it.stories()
        tries = [] if case.then is Next.SERVED else [f"a {case.model} {case.meaning}"]
        assert path_of(story.attempts) == tries
        other = ("a", SECOND[provider])
        served = {
            Next.SERVED: ("a", case.model),
            Next.HERE: ("a", case.model),
            Next.ACCOUNT: ("b", case.model),
            Next.MODEL: other,
            Next.PAIR: other if order is Order.MODELS_FIRST else ("b", case.model),
        }[case.then]
        assert it.calls()[-1] == served
        assert len(it.calls()) == len(tries) + 1


def named(case: Case) -> str:
    return f"{case.fault.name}-{case.then.name.lower()}"


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("case", CLAUDE, ids=named)
async def test_what_comes_after_an_answer_of_anthropics(tmp_path: Path, case: Case, order: Order) -> None:
    for streamed in case.ways:
        await comes_next(tmp_path / str(streamed), "anthropic", case, order, streamed=streamed, era="current")


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("case", PUTER, ids=named)
async def test_what_comes_after_an_answer_of_puters(tmp_path: Path, case: Case, era: str, order: Order) -> None:
    for streamed in case.ways:
        await comes_next(tmp_path / str(streamed), "puter", case, order, streamed=streamed, era=era)


ELSEWHERE = {
    "answer",  # says what it is given
    "cut",  # needs a connection: tests/core/gateway
    "drop",  # breaks off after the first content: test_pool_failover.py
    "subscription-required",  # of routes that rota does not use: test_puter_classify.py
}


def test_the_tables_leave_out_no_answer() -> None:
    at_any = {*ANYWHERE, *STREAMS}
    assert {c.fault.name for c in CLAUDE} == (at_any | {*LOGINS, *MESSAGES}) - ELSEWHERE
    assert {c.fault.name for c in PUTER} == (at_any | {*PUTER_ACCESS, *PUTER_CHAT}) - ELSEWHERE
