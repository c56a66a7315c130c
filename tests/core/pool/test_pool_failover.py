"""Failover and fallback through the simulated providers: every class of answer, both orders, streamed and not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.pool_world import Pooled, path_of, pooled, refused, request, waited

from rota.account import Health
from rota.debuglines import RETRIES
from rota.errors import AllSpent, Meaning, NothingConfigured, ProviderError, VaultLocked
from rota.events import (
    AccountSwitched,
    AttemptFailed,
    CooldownStarted,
    HealthChanged,
    ModelCooled,
    RequestFailed,
    RequestServed,
    SessionBound,
)
from rota.pool.pool import Ask
from rota.pool.rules import Order
from rota.simulator import Fault, World, set_account

if TYPE_CHECKING:
    from pathlib import Path

    from rota.pool.pool import PoolStream
    from rota.secret import Secret

SONNET = "claude-sonnet-4-5"
CHAIN = {"puter": ("gpt-5-nano", "gpt-4o-mini")}


def keys(*names: str) -> Any:
    def build(world: World) -> None:
        for name in names:
            world.add_api_key(name)

    return build


def plans(*names: str) -> Any:
    def build(world: World) -> None:
        for name in names:
            world.add_subscription(name, "max20")

    return build


def puters(*names: str) -> Any:
    def build(world: World) -> None:
        for name in names:
            world.add_puter(name, "paid")

    return build


async def say(it: Pooled, model: str, streamed: bool, **more: Any) -> RequestServed:
    """Ask either way; the story must be the same."""
    if streamed:
        _, hops, story = await it.stream(model, **more)
        assert [h.attempt for h in hops] == list(story.attempts)
    else:
        story = (await it.pool.complete(request(model), Ask(model=model, **more))).story
    return story


both_ways = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])

# --- Anthropic --------------------------------------------------------------------------------------------

ANTHROPIC_HOPS = [
    # fault, meaning recorded, what is left behind on the account
    (Fault("limited-5h", account="a"), Meaning.LIMITED, "cooling"),
    (Fault("limited-7d", account="a"), Meaning.LIMITED, "cooling"),
    (Fault("low-credit", account="a"), Meaning.CREDITS_EXHAUSTED, "cooling"),
    (Fault("billing", account="a"), Meaning.CREDITS_EXHAUSTED, "cooling"),
    (Fault("spend-cap", account="a"), Meaning.CREDITS_EXHAUSTED, "cooling"),
    (Fault("forbidden", account="a"), Meaning.GATED, "gated"),
    (Fault("invalid-token", account="a"), Meaning.LOGIN_DEAD, "needs-login"),
    (Fault("throttle", account="a", seconds=40.0), Meaning.THROTTLED, "cooling"),
]


@both_ways
@pytest.mark.parametrize(("fault", "meaning", "left"), ANTHROPIC_HOPS, ids=lambda v: getattr(v, "name", None))
async def test_another_key_takes_over_and_the_caller_sees_nothing(
    tmp_path: Path, fault: Fault, meaning: Meaning, left: str, streamed: bool
) -> None:
    accounts = plans("a", "b") if fault.name.startswith("limited") else keys("a", "b")
    async with pooled(tmp_path, accounts, route_subscriptions=True) as it:
        it.force(replace(fault))
        story = await say(it, SONNET, streamed)
        assert (it.label(story), path_of(story.attempts)) == ("b", [f"a {SONNET} {meaning}"])
        state = it.state("a")
        now = it.clock.now()
        expected = "cooling" if state.held(now) is not None else state.account.health.value
        assert expected == left
        # and the next request does not come near it
        assert it.label(await say(it, SONNET, streamed, session="other")) == "b"
        assert [c[0] for c in it.calls()] == ["a", "b", "b"]


@both_ways
@pytest.mark.parametrize("name", ["policy-claude-code", "policy-third-party", "policy-extra-usage", "long-context"])
async def test_a_refusal_by_policy_is_shown_as_it_is_and_tried_nowhere_else(
    tmp_path: Path, name: str, streamed: bool
) -> None:
    async with pooled(tmp_path, keys("a", "b")) as it:
        it.force(Fault(name))
        with pytest.raises(ProviderError) as caught:
            await say(it, SONNET, streamed)
        assert caught.value.failure.meaning is Meaning.REFUSED
        assert len(it.calls()) == 1
        (failed,) = it.heard(RequestFailed)
        assert (failed.meaning, len(failed.attempts)) == (Meaning.REFUSED, 1)


@both_ways
@pytest.mark.parametrize("name", ["bad-request", "too-large", "conflict"])
async def test_a_bad_request_is_given_back_at_once(tmp_path: Path, name: str, streamed: bool) -> None:
    async with pooled(tmp_path, keys("a", "b")) as it:
        it.force(Fault(name))
        with pytest.raises(ProviderError) as caught:
            await say(it, SONNET, streamed)
        assert caught.value.failure.meaning is Meaning.BAD_REQUEST
        assert len(it.calls()) == 1


@pytest.mark.parametrize("name", ["overloaded", "api-error", "timeout"])
async def test_an_overload_is_retried_on_the_same_account(tmp_path: Path, name: str) -> None:
    async with pooled(tmp_path, keys("a", "b"), retry_base_s=0.0) as it:
        it.force(Fault(name, times=2))
        story = await say(it, SONNET, streamed=False)
        assert path_of(story.attempts) == [f"a {SONNET} overloaded"] * 2
        assert [c[0] for c in it.calls()] == ["a"] * 3
        assert it.heard(CooldownStarted) == []
        assert all(RETRIES.search(failed.next_step) for failed in it.heard(AttemptFailed))  # the debug log's words


async def test_an_overload_that_lasts_is_no_reason_to_try_other_accounts(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a", "b"), retries=2, retry_base_s=0.0) as it:
        it.force(Fault("overloaded", times=0))
        error, attempts = await refused(it, SONNET)
        assert isinstance(error, ProviderError)
        assert error.failure.meaning is Meaning.OVERLOADED
        assert [c[0] for c in it.calls()] == ["a"] * 3
        assert attempts[-1].next_step == "the provider is overloaded; no other can serve now"


async def test_an_error_inside_a_stream_before_its_first_content_stays_unseen(tmp_path: Path) -> None:
    # What came inside a stream never rotated in the Puter plugin (puter.md 8.16, 21).
    async with pooled(tmp_path, keys("a", "b"), retry_base_s=0.0) as it:
        it.force(Fault("stream-error", after=1))
        text, hops, story = await it.stream(SONNET)
        assert text
        assert [h.attempt.meaning for h in hops] == [Meaning.OVERLOADED]
        assert (it.label(story), len(it.calls())) == ("a", 2)


START = {
    "type": "message_start",
    "message": {"id": "m", "model": SONNET, "content": [], "usage": {"input_tokens": 1}},
}
OPENING = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Well"}}
LIMIT = {"type": "error", "error": {"type": "rate_limit_error", "message": "limit"}}


def streamed_limit(it: Pooled, account: str, *events: dict[str, Any]) -> Fault:
    """A stream that begins with 200 and ends with the account's 5-hour limit."""
    unified = "anthropic-ratelimit-unified-"
    headers = {
        "content-type": "text/event-stream",
        f"{unified}status": "rejected",
        f"{unified}5h-status": "rejected",
        f"{unified}5h-utilization": "1.02",
        f"{unified}5h-reset": f"{it.clock.now() + 3600:.0f}",
    }
    body = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
    return Fault("answer", path="/v1/messages", account=account, body=body, headers=headers)


async def test_a_limit_told_inside_a_stream_is_a_limit_and_replayed_only_before_its_first_content(
    tmp_path: Path,
) -> None:
    async with pooled(tmp_path, plans("a", "b", "c"), route_subscriptions=True) as it:
        it.force(streamed_limit(it, "a", START, LIMIT), streamed_limit(it, "b", START, OPENING, LIMIT))
        got: list[Any] = []
        async with it.pool.stream(request(SONNET), Ask(model=SONNET)) as stream:
            with pytest.raises(ProviderError) as caught:
                await drain(stream, got)
        assert caught.value.failure.meaning is Meaning.LIMITED
        assert [getattr(item, "text", "hop") for item in got] == ["hop", "Well"]
        assert [account for account, _ in it.calls()] == ["a", "b"]
        for label in ("a", "b"):
            hold = it.state(label).hold
            assert hold is not None
            assert hold.until == it.clock.now() + 3600
        (failed,) = it.heard(RequestFailed)
        assert (failed.after_content, failed.meaning) == (True, Meaning.LIMITED)


async def test_after_the_first_content_nothing_is_replayed(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a", "b"), retry_base_s=0.0) as it:
        it.force(Fault("truncated", after=6))
        got: list[Any] = []
        async with it.pool.stream(request(SONNET, "[[tokens=80]]"), Ask(model=SONNET)) as stream:
            with pytest.raises(ProviderError):
                await drain(stream, got)
        assert got
        assert len(it.calls()) == 1
        (failed,) = it.heard(RequestFailed)
        assert (failed.after_content, failed.meaning) == (True, Meaning.NETWORK)


async def drain(stream: PoolStream, into: list[Any]) -> None:
    """Read to the end, keeping what came before a break."""
    async for item in stream:
        into.append(item)  # noqa: PERF401 - a comprehension would lose it all


async def test_a_model_scoped_limit_benches_the_model_and_not_the_account(tmp_path: Path) -> None:
    # In anthropic-multi-auth one model's limit blocked the whole account (anthropic.md 6.3, 9).
    async with pooled(tmp_path, plans("a", "b"), route_subscriptions=True) as it:
        it.force(Fault("limited-model", account="a"))
        assert await it.ask("claude-fable-5", session="s") == "b"
        state = it.state("a")
        assert state.hold is None
        assert state.held(it.clock.now(), "claude-fable-5") is not None
        assert await it.ask(SONNET, session="new") == "a"


async def test_a_short_throttle_is_waited_for_on_the_same_account(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a", "b")) as it:
        it.force(Fault("throttle", seconds=4.0))
        story = await waited(it, say(it, SONNET, streamed=False), 4.0)
        assert (it.label(story), path_of(story.attempts)) == ("a", [f"a {SONNET} throttled"])


async def test_after_a_throttle_there_is_one_hop_and_then_the_wait_is_told(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a", "b", "c")) as it:
        it.force(Fault("throttle", seconds=40.0, times=0))
        error, _ = await refused(it, SONNET)
        assert isinstance(error, AllSpent)
        assert [c[0] for c in it.calls()] == ["a", "b"]
        # c was left alone, so somebody could be asked at once
        assert [a.meaning for a in error.attempts] == [Meaning.THROTTLED] * 2


async def test_all_spent_says_what_was_tried_why_and_the_shortest_wait(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("a", "b"), route_subscriptions=True) as it:
        it.force(Fault("limited-5h", times=0))
        error, _ = await refused(it, SONNET)
        assert isinstance(error, AllSpent)
        assert {a.account_label for a in error.attempts} == {"a", "b"}
        first_back = min(s.hold.until for s in (it.state("a"), it.state("b")) if s.hold is not None)
        assert error.retry_at == first_back
        assert "a (claude-sonnet-4-5)" in str(error)
        assert "The first is back in" in str(error)
        # Held from the start now: no call at all, and the same wait.
        again, _ = await refused(it, SONNET)
        assert isinstance(again, AllSpent)
        assert (again.attempts, again.retry_at) == ((), first_back)
        assert len(it.calls()) == 2


async def test_whoever_comes_back_serves_again(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("a"), route_subscriptions=True) as it:
        it.force(Fault("limited-5h"))
        await refused(it, SONNET)
        hold = it.state("a").hold
        assert hold is not None
        await it.clock.advance(hold.until - it.clock.now() + 1)
        assert await it.ask(SONNET) == "a"
        assert it.state("a").strikes == 0


async def test_a_dead_key_is_said_to_be_dead_and_never_asked_again(tmp_path: Path) -> None:
    # anthropic-multi-auth ignored 401 and 403 and kept the account as its first choice (anthropic.md 6.3, 5).
    async with pooled(tmp_path, keys("a", "b")) as it:
        it.force(Fault("invalid-token", account="a", times=0))
        assert await it.ask(SONNET) == "b"
        assert it.state("a").account.health is Health.NEEDS_LOGIN
        assert await it.ask(SONNET, session="x") == "b"
        assert it.calls() == [("a", SONNET), ("b", SONNET), ("b", SONNET)]


async def test_a_vault_that_cannot_be_read_is_told_as_what_it_is(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a", "b")) as it:

        async def locked(name: str) -> Secret:
            raise VaultLocked("The keyring is locked.")

        it.vault.get = locked  # type: ignore[method-assign]
        error, _ = await refused(it, SONNET)
        assert isinstance(error, VaultLocked)
        (failed,) = it.heard(RequestFailed)
        assert (failed.message, failed.after_content) == ("The keyring is locked.", False)
        assert len(it.snapshot.in_flight) == 0


async def test_an_expired_login_is_renewed_once_and_served_by_the_same_account(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.add_profile("p")

    async with pooled(tmp_path, build) as it:
        set_account(it.world, "p", {"access_expires_in": -1})
        story = await say(it, SONNET, streamed=False)
        assert path_of(story.attempts) == [f"p {SONNET} login-dead"]
        assert it.heard(AttemptFailed)[0].next_step == "its sign-in was renewed; once more"
        assert it.state("p").account.health is Health.READY


# --- subscriptions ----------------------------------------------------------------------------------------


async def test_a_subscription_is_not_routed_to_and_the_error_names_the_setting(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("max")) as it:
        error, _ = await refused(it, SONNET)
        assert isinstance(error, NothingConfigured)
        assert "anthropic.route_subscriptions = true" in str(error)
        assert "rota login anthropic --api-key" in error.hint
        assert it.calls() == []
        with pytest.raises(NothingConfigured):
            await it.ask(SONNET, account_id=it.ids["max"], client="gateway")
        assert await it.ask(SONNET, account_id=it.ids["max"], client="chat") == "max"


# --- Puter: models-first ----------------------------------------------------------------------------------

PUTER_MODEL_HOPS = [
    # The model's fault: the next model, on the same account.
    ("upstream-429", Meaning.MODEL_LIMITED, True),
    ("upstream-401", Meaning.MODEL_LIMITED, True),
    ("upstream-500", Meaning.MODEL_LIMITED, True),
    ("model-not-found", Meaning.MODEL_UNAVAILABLE, False),
    ("subscriber-only", Meaning.MODEL_UNAVAILABLE, False),
]


@both_ways
@pytest.mark.parametrize(("name", "meaning", "cools"), PUTER_MODEL_HOPS)
async def test_models_first_tries_the_next_model_on_the_same_account(
    tmp_path: Path, name: str, meaning: Meaning, cools: bool, streamed: bool
) -> None:
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN) as it:
        it.force(Fault(name, model=SONNET))
        story = await say(it, f"puter/{SONNET}", streamed)
        assert (it.label(story), path_of(story.attempts)) == ("a", [f"a {SONNET} {meaning}"])
        assert it.calls() == [("a", SONNET), ("a", "gpt-5-nano")]
        assert [m.model for m in it.heard(ModelCooled)] == ([SONNET] if cools else [])


PUTER_ACCOUNT_HOPS = [
    ("bad-token", Meaning.LOGIN_DEAD, Health.NEEDS_LOGIN),
    ("session-revoked", Meaning.LOGIN_DEAD, Health.NEEDS_LOGIN),
    ("app-blocked", Meaning.LOGIN_DEAD, Health.NEEDS_LOGIN),
    ("suspended", Meaning.GATED, Health.SUSPENDED),
    ("needs-email", Meaning.GATED, Health.GATED),
    ("needs-phone", Meaning.GATED, Health.GATED),
    ("needs-card", Meaning.GATED, Health.GATED),
]


@both_ways
@pytest.mark.parametrize(("name", "meaning", "health"), PUTER_ACCOUNT_HOPS)
async def test_an_account_that_cannot_go_on_hands_over_with_the_asked_model(
    tmp_path: Path, name: str, meaning: Meaning, health: Health, streamed: bool
) -> None:
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN) as it:
        it.force(Fault(name, account="a"))
        story = await say(it, f"puter/{SONNET}", streamed)
        assert (it.label(story), path_of(story.attempts)) == ("b", [f"a {SONNET} {meaning}"])
        assert it.calls() == [("a", SONNET), ("b", SONNET)]
        assert it.state("a").account.health is health


@both_ways
@pytest.mark.parametrize("era", ["current", "2026Q1-legacy", "2025-legacy"])
async def test_an_exhausted_account_is_confirmed_by_its_usage_and_held_until_the_month_begins(
    tmp_path: Path, era: str, streamed: bool
) -> None:
    # Real exhaustion (402) never rotated in the Puter plugin (puter.md 8.16, 13).
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN) as it:
        it.world.knobs.turn({"era": era})
        set_account(it.world, "a", {"remaining": 0})
        it.world.knobs.turn({"metering_lags": False})
        story = await say(it, f"puter/{SONNET}", streamed)
        assert (it.label(story), path_of(story.attempts)) == ("b", [f"a {SONNET} credits-exhausted"])
        hold, month = it.state("a").hold, it.state("a").windows["month"]
        assert hold is not None
        assert (hold.until, hold.reason) == (month.resets_at, "no credit left")


@both_ways
async def test_a_request_that_is_too_dear_goes_to_a_cheaper_model_on_the_same_account(
    tmp_path: Path, streamed: bool
) -> None:
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN) as it:
        it.force(Fault("exhausted", model=SONNET))
        story = await say(it, f"puter/{SONNET}", streamed)
        assert it.label(story) == "a"
        assert it.calls() == [("a", SONNET), ("a", "gpt-5-nano")]
        assert it.state("a").hold is None


@both_ways
@pytest.mark.parametrize("name", ["moderation", "fake-chat"])
async def test_what_puter_refuses_is_tried_on_no_other_account_or_model(
    tmp_path: Path, name: str, streamed: bool
) -> None:
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN) as it:
        it.force(Fault(name))
        with pytest.raises(ProviderError) as caught:
            await say(it, f"puter/{SONNET}", streamed)
        assert caught.value.failure.meaning is Meaning.REFUSED
        assert len(it.calls()) == 1


async def test_a_block_by_address_is_no_fault_of_the_account(tmp_path: Path) -> None:
    # Any 403 counted as exhaustion in the Puter plugin (puter.md 8.16, 19).
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN, retries=1, retry_base_s=0.0) as it:
        it.force(Fault("plain-403", times=0))
        error, _ = await refused(it, f"puter/{SONNET}")
        assert isinstance(error, ProviderError)
        assert error.failure.meaning is Meaning.NETWORK
        assert [c[0] for c in it.calls()] == ["a", "a"]
        assert it.state("a").account.health is Health.READY
        assert it.state("a").hold is None


async def test_when_the_chain_is_spent_the_next_account_begins_it_again(tmp_path: Path) -> None:
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN) as it:
        for model in (SONNET, "gpt-5-nano", "gpt-4o-mini"):
            it.force(Fault("subscriber-only", account="a", model=model))
        story = await say(it, f"puter/{SONNET}", streamed=False)
        assert it.calls() == [
            ("a", SONNET),
            ("a", "gpt-5-nano"),
            ("a", "gpt-4o-mini"),
            ("b", SONNET),
        ]
        assert it.label(story) == "b"


async def test_accounts_first_asks_every_account_for_the_model_before_the_next_model(tmp_path: Path) -> None:
    orders = {"puter": Order.ACCOUNTS_FIRST}
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN, orders=orders) as it:
        for account in "ab":
            it.force(Fault("subscriber-only", account=account, model=SONNET))
        await say(it, f"puter/{SONNET}", streamed=False)
        assert it.calls()[:2] == [("a", SONNET), ("b", SONNET)]
        assert it.calls()[2][1] == "gpt-5-nano"


async def test_a_model_limited_for_everybody_is_not_asked_of_other_accounts(tmp_path: Path) -> None:
    orders = {"puter": Order.ACCOUNTS_FIRST}
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN, orders=orders) as it:
        it.force(Fault("upstream-429", model=SONNET))
        await say(it, f"puter/{SONNET}", streamed=False)
        assert it.calls() == [("a", SONNET), ("a", "gpt-5-nano")]
        # and the next request leaves it out while it cools
        await say(it, f"puter/{SONNET}", streamed=False)
        assert it.calls()[2][1] == "gpt-5-nano"
        await it.clock.advance(61)
        await say(it, f"puter/{SONNET}", streamed=False)
        assert it.calls()[3][1] == SONNET


async def test_a_request_may_forbid_fallback(tmp_path: Path) -> None:
    async with pooled(tmp_path, puters("a", "b"), fallback_models=CHAIN) as it:
        it.force(Fault("upstream-429", model=SONNET, times=0))
        error, _ = await refused(it, f"puter/{SONNET}", fallback=False)
        assert isinstance(error, AllSpent)
        assert it.calls() == [("a", SONNET)]
        assert error.retry_at == it.clock.now() + 60


async def test_fallback_off_in_the_settings_is_off_unless_the_request_asks(tmp_path: Path) -> None:
    async with pooled(tmp_path, puters("a"), fallback_models=CHAIN, fallback=False) as it:
        it.force(Fault("upstream-429", model=SONNET, times=0))
        await refused(it, f"puter/{SONNET}")
        await it.clock.advance(61)
        assert await it.ask(f"puter/{SONNET}", fallback=True) == "a"


async def test_a_free_model_that_is_gone_is_tried_once_without_its_suffix(tmp_path: Path) -> None:
    free = "openrouter:deepseek/deepseek-r1-0528:free"
    async with pooled(tmp_path, puters("a"), fallback_models=CHAIN) as it:
        it.force(Fault("model-not-found", model=free), Fault("model-not-found", model=free.removesuffix(":free")))
        story = await say(it, free, streamed=False)
        assert [m for _, m in it.calls()] == [free, free.removesuffix(":free"), "gpt-5-nano"]
        assert story.requested_model == free


async def test_a_model_nobody_has_is_said_in_the_providers_words(tmp_path: Path) -> None:
    async with pooled(tmp_path, puters("a", "b")) as it:
        error, _ = await refused(it, "puter/no-such-model")
        assert isinstance(error, ProviderError)
        assert error.failure.meaning is Meaning.MODEL_UNAVAILABLE
        assert len(it.calls()) == 1


# --- what the log is told ---------------------------------------------------------------------------------


async def test_the_story_names_the_candidates_the_attempts_and_the_switch(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("a", "b", "c"), route_subscriptions=True) as it:
        await it.ask(SONNET, session="one")
        it.force(Fault("limited-5h", account="a"))
        await it.ask(SONNET, session="one")
        served = it.heard(RequestServed)[-1]
        assert [c.account_id for c in served.candidates] == ["id-b", "id-c"]
        assert served.attempts[0].account_label == "a"
        assert "5h limit reached" in served.reason
        first, second = it.heard(AccountSwitched)
        assert (first.account_id, second.previous_id, second.account_id) == ("id-a", "id-a", "id-b")
        assert second.reason == "5h limit reached"
        assert [b.account_id for b in it.heard(SessionBound)] == ["id-a", "id-b"]
        assert it.heard(SessionBound)[1].reason.startswith("the session had to leave its account:")


async def test_a_session_stays_and_new_ones_go_where_the_strategy_says(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a", "b", "c"), strategy="round-robin") as it:
        assert [await it.ask(SONNET, session=s) for s in ("1", "2", "3", "4")] == ["a", "b", "c", "a"]
        assert [await it.ask(SONNET, session=s) for s in ("2", "3", "2", "5")] == ["b", "c", "b", "b"]


async def test_an_answer_left_early_is_closed_upstream_and_recorded(tmp_path: Path) -> None:
    async with pooled(tmp_path, puters("a")) as it:
        async with it.pool.stream(request("puter/gpt-5-nano", "[[tokens=500]]"), Ask(model="puter/gpt-5-nano")) as s:
            async for _ in s:
                break
        (failed,) = it.heard(RequestFailed)
        assert (failed.meaning, failed.after_content, failed.account_id) == (None, True, "id-a")
        assert it.snapshot.in_flight.get(s.request_id) is None


async def test_quota_in_headers_reaches_the_log_from_answers_and_refusals(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("max"), route_subscriptions=True) as it:
        await it.ask(SONNET)
        assert it.state("max").windows["5h"].utilization is not None
        await it.clock.advance(1)
        it.force(Fault("limited-5h"))
        await refused(it, SONNET)
        assert it.state("max").windows["5h"].status == "rejected"


async def test_gated_says_what_to_do_and_where(tmp_path: Path) -> None:
    async with pooled(tmp_path, puters("a")) as it:
        it.force(Fault("needs-email"))
        error, _ = await refused(it, "puter/gpt-5-nano")
        (change,) = it.heard(HealthChanged)
        assert change.reason == "Confirm your email address on puter.com. (http://simulator.test/puter)"
        assert isinstance(error, AllSpent)
