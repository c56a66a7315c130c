"""Many requests at once: one discovers, the rest follow; the provider's own limits are kept; nobody is lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.pool_world import Pooled, pooled, refused, request, settle, waited

from rota.account import Health
from rota.errors import AllSpent, Meaning, RotaError
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    AccountSwitched,
    CooldownStarted,
    RequestFailed,
    SessionBound,
    TokenRefreshed,
)
from rota.pool.pool import Ask
from rota.settings import UsageSettings
from rota.simulator import Fault, World, set_account
from rota.usage import Poller

if TYPE_CHECKING:
    from pathlib import Path

SONNET, NANO = "claude-sonnet-4-5", "puter/gpt-5-nano"


def plans(*names: str) -> Any:
    def build(world: World) -> None:
        for name in names:
            world.add_subscription(name, "max20")

    return build


async def many(it: Pooled, count: int, model: str, **more: Any) -> list[str]:
    """Ask `count` times at once; gives who served each, or the error's name."""

    async def one(number: int) -> str:
        try:
            return await it.ask(model, session=f"s{number}", **more)
        except RotaError as error:
            return type(error).__name__

    return await asyncio.gather(*(one(n) for n in range(count)))


async def test_a_herd_follows_one_discovery_through_a_row_of_spent_accounts(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("a", "b", "c", "d", "e"), route_subscriptions=True, strategy="auto") as it:
        it.world.knobs.latency = 0.3
        for name in "abcd":
            it.force(Fault("limited-5h", account=name, times=0))
        served = await waited(it, many(it, 64, SONNET), 60)
        assert served == ["e"] * 64
        asked = Counter(account for account, _ in it.calls())
        assert asked["a"] == 64  # they were under way before anybody knew
        assert [asked[name] for name in "bcd"] == [1, 1, 1]
        assert len(it.heard(CooldownStarted)) == 4
        assert [e.account_id for e in it.heard(AccountSwitched)] == [f"id-{n}" for n in "abcde"]
        assert {it.state(name).strikes for name in "abcd"} == {1}


async def test_when_a_hold_ends_one_finds_out_whether_the_account_serves_again(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("a"), route_subscriptions=True) as it:
        it.world.knobs.latency = 0.3
        it.force(Fault("limited-5h", times=2))
        await waited(it, many(it, 1, SONNET), 60)
        for tried, served in ((2, "AllSpent"), (2 + 64, "a")):
            hold = it.state("a").hold
            assert hold is not None
            await it.clock.advance(hold.until - it.clock.now() + 1)
            assert await waited(it, many(it, 64, SONNET), 60) == [served] * 64
            assert len(it.calls()) == tried
        # Whoever is known to serve is not opened slowly again.
        again = asyncio.ensure_future(many(it, 64, SONNET))
        await settle(400)
        assert it.pool._means.gate.inside("id-a") == 64
        await waited(it, again, 60)


async def test_when_all_are_spent_a_herd_is_told_so_after_one_discovery_each(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("a", "b", "c"), route_subscriptions=True, strategy="auto") as it:
        it.world.knobs.latency = 0.3
        it.force(Fault("limited-5h", times=0))
        served = await waited(it, many(it, 40, SONNET), 60)
        assert served == ["AllSpent"] * 40
        asked = Counter(account for account, _ in it.calls())
        assert (asked["b"], asked["c"]) == (1, 1)
        assert all(e.retry_at is not None for e in it.heard(RequestFailed))


async def test_no_more_requests_than_a_puter_guest_may_have_at_once(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.add_puter("guest", "guest")
        world.knobs.latency = 1.0

    async with pooled(tmp_path, build, fallback=False) as it:
        work = asyncio.ensure_future(many(it, 7, NANO))
        most = 0
        for _ in range(30):
            await settle(60)
            most = max(most, sum(c.outcome == "open" for c in it.world.calls.listed()))
            await it.clock.advance(0.25)
        served = await waited(it, asyncio.wait_for(work, None), 60)
        assert Counter(served) == {"guest": 7}
        assert most == 2


async def test_a_full_account_lets_others_help_without_moving_the_session(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.add_puter("a", "guest")
        world.add_puter("b", "guest")
        world.knobs.latency = 1.0

    async with pooled(tmp_path, build, fallback=False) as it:
        mine = [asyncio.ensure_future(it.ask(NANO, session="mine")) for _ in range(4)]
        for _ in range(8):
            await settle(60)
            await it.clock.advance(0.5)
        assert Counter([await m for m in mine]) == {"a": 2, "b": 2}
        assert {s.account_id for s in it.snapshot.sessions.values()} == {"id-a"}


def keys(*names: str) -> Any:
    def build(world: World) -> None:
        for name in names:
            world.add_api_key(name)

    return build


@pytest.mark.parametrize(
    ("pause", "meaning", "stays"),
    [(3.0, Meaning.THROTTLED, True), (60.0, Meaning.THROTTLED, False), (3.0, Meaning.LIMITED, False)],
)
async def test_a_session_outlasts_a_short_pause_of_its_account(
    tmp_path: Path, pause: float, meaning: Meaning, stays: bool
) -> None:
    async with pooled(tmp_path, keys("a", "b")) as it:
        assert await it.ask(SONNET, session="s") == "a"
        now = it.clock.now()
        it.journal.publish(
            CooldownStarted(at=now, account_id="id-a", until=now + pause, meaning=meaning, reason="busy")
        )
        assert await it.ask(SONNET, session="s") == "b"  # which is no reason to wait while another can serve
        await it.clock.advance(pause)
        assert await it.ask(SONNET, session="s") == ("a" if stays else "b")


async def test_a_session_leaves_an_account_that_is_turned_off_in_a_pause(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a", "b")) as it:
        assert await it.ask(SONNET, session="s") == "a"
        now = it.clock.now()
        it.journal.publish(
            CooldownStarted(at=now, account_id="id-a", until=now + 3, meaning=Meaning.THROTTLED, reason="busy"),
            AccountDisabled(at=now, account_id="id-a"),
        )
        assert await it.ask(SONNET, session="s") == "b"
        it.journal.publish(AccountEnabled(at=now, account_id="id-a"))
        await it.clock.advance(3)
        assert await it.ask(SONNET, session="s") == "b"


async def test_naming_an_account_for_one_request_does_not_move_its_session(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a", "b")) as it:
        assert await it.ask(SONNET, session="s") == "a"
        assert await it.ask(SONNET, session="s", account_id="id-b") == "b"
        assert await it.ask(SONNET, session="s") == "a"


async def test_with_sessions_off_the_log_is_told_of_none(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a"), session_ttl_s=0.0) as it:
        await it.ask(SONNET, session="s")
        assert it.heard(SessionBound) == []


async def test_a_switch_is_told_once_however_often_the_strategy_says_the_same(tmp_path: Path) -> None:
    async with pooled(tmp_path, keys("a"), strategy="least-recently-used") as it:
        for session in ("1", "2", "3"):
            await it.ask(SONNET, session=session)
        assert [e.account_id for e in it.heard(AccountSwitched)] == ["id-a"]


async def test_a_login_refused_again_after_its_renewal_is_dead_and_renewed_no_more(tmp_path: Path) -> None:
    async with pooled(tmp_path, plans("a", "b"), route_subscriptions=True) as it:
        it.force(Fault("invalid-token", account="a", times=2))
        assert await it.ask(SONNET) == "b"
        assert [e.account_id for e in it.heard(TokenRefreshed)] == ["id-a"]
        assert it.state("a").account.health is Health.NEEDS_LOGIN


async def test_cancelled_requests_leave_their_place_to_others(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.add_puter("guest", "guest")
        world.knobs.latency = 1.0

    async with pooled(tmp_path, build, fallback=False) as it:
        work = [asyncio.ensure_future(it.ask(NANO, session=str(n))) for n in range(5)]
        await settle()
        for task in work[:3]:
            task.cancel()
        await settle()
        assert await waited(it, asyncio.wait_for(work[4], None), 30) == "guest"
        assert await waited(it, asyncio.wait_for(work[3], None), 30) == "guest"
        left = it.heard(RequestFailed)
        assert [e.message for e in left] == ["The caller went away."] * 3
        assert len(it.snapshot.in_flight) == 0


async def test_waiting_for_a_place_ends_with_the_deadline(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.add_puter("guest", "guest")

    async with pooled(tmp_path, build, fallback=False) as it:
        it.force(Fault("slow", seconds=1e6, times=2))
        stuck = [asyncio.ensure_future(it.ask(NANO, session=str(n))) for n in range(2)]
        await settle()
        late = asyncio.ensure_future(it.ask(NANO, session="late", deadline_s=5))
        await settle()
        for _ in range(12):
            await it.clock.advance(0.5)
            await settle()
        with pytest.raises(AllSpent):
            await late
        for task in stuck:
            task.cancel()
        await settle()


async def test_a_short_hold_is_waited_out_when_nobody_else_can_serve(tmp_path: Path) -> None:
    async with pooled(tmp_path, lambda w: w.add_puter("a", "paid"), fallback=False) as it:
        it.journal.publish(
            CooldownStarted(
                at=it.clock.now(),
                account_id="id-a",
                until=it.clock.now() + 4,
                meaning=Meaning.THROTTLED,
                reason="busy",
            )
        )
        assert await waited(it, it.ask(NANO), 6) == "a"
        assert it.clock.monotonic() >= 4


async def test_a_session_outlives_a_restart(tmp_path: Path) -> None:
    def build(world: World) -> None:
        for name in ("a", "b", "c"):
            world.add_api_key(name)

    async with pooled(tmp_path, build, strategy="round-robin") as it:
        first = [await it.ask(SONNET, session=s) for s in ("1", "2", "3")]
        clock = it.clock
    async with pooled(tmp_path, build, strategy="round-robin", clock=clock) as it:
        assert [await it.ask(SONNET, session=s) for s in ("3", "1", "2")] == [first[2], first[0], first[1]]


async def test_a_cooldown_outlives_a_restart(tmp_path: Path) -> None:
    # Both plugins kept cooldowns in memory, so that each process tried spent accounts anew (puter.md 8.16, 18).
    async with pooled(tmp_path, plans("a"), route_subscriptions=True) as it:
        it.force(Fault("limited-5h"))
        await refused(it, SONNET)
        clock = it.clock
    async with pooled(tmp_path, plans("a"), route_subscriptions=True, clock=clock) as it:
        error, _ = await refused(it, SONNET)
        assert isinstance(error, AllSpent)
        assert it.calls() == []


async def test_newer_figures_let_a_held_account_serve_again_at_once(tmp_path: Path) -> None:
    async with pooled(tmp_path, lambda w: w.add_puter("a", "paid"), fallback=False) as it:
        it.world.knobs.turn({"metering_lags": False})
        set_account(it.world, "a", {"remaining": 0})
        await refused(it, NANO)
        assert it.state("a").hold is not None
        set_account(it.world, "a", {"remaining": 40e6})
        await it.clock.advance(120)
        poller = Poller(it.journal, it.credentials, it.providers, UsageSettings(), it.clock, random.Random(1))
        assert await poller.ask("id-a", by_person=True) is None
        assert it.state("a").hold is None
        assert await it.ask(NANO) == "a"


async def test_one_question_to_the_usage_endpoint_serves_all_that_wonder(tmp_path: Path) -> None:
    async with pooled(tmp_path, lambda w: w.add_puter("a", "paid"), fallback=False) as it:
        it.world.knobs.turn({"metering_lags": False})
        set_account(it.world, "a", {"remaining": 0})
        await waited(it, many(it, 15, NANO), 30)
        assert len(it.calls("/metering/usage")) < 5
        assert len(it.heard(CooldownStarted)) == 1


async def test_requests_and_streams_are_each_told_once(tmp_path: Path) -> None:
    def build(world: World) -> None:
        for name in ("a", "b"):
            world.add_api_key(name)

    async with pooled(tmp_path, build) as it:
        for _ in range(3):
            await it.ask(SONNET)
            await it.stream(SONNET)
        ids = [s.request_id for s in it.stories()]
        assert len(ids) == len(set(ids)) == 6
        async with it.pool.stream(request(SONNET), Ask(model=SONNET)) as stream:
            assert [d async for d in stream]
            with pytest.raises(RuntimeError, match="read once"):
                await anext(aiter(stream))
