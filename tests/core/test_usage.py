"""When usage endpoints are asked: the pace, the shared schedule, and what an answer changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.engines import engine_on, settings_for, sign_in
from tests.support.pool_world import request

from rota.account import Account, Health, Kind
from rota.clock import ManualClock, SystemClock
from rota.errors import AllSpent, Failure, Meaning
from rota.events import QuotaObserved
from rota.quota import QuotaWindow, Source
from rota.settings import UsageSettings
from rota.simulator import Fault, World, build_world, set_account
from rota.snapshot import AccountState, Hold, Poll, Sample
from rota.usage import Pace, after_failure, after_success, due, pace_of

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0
CLAUDE = Pace(floor=180.0, urgent=138.0, idle=480.0)
USAGE = "/api/oauth/usage"


def subscription(**known: object) -> AccountState:
    account = Account(id="a", provider="anthropic", kind=Kind.SUBSCRIPTION, identity="a/b", label="work")
    return replace(AccountState(account=account, known=True), **known)  # type: ignore[arg-type]


def window(used: float | None, *, age: float = 0.0, resets_in: float = 7200.0) -> QuotaWindow:
    return QuotaWindow("5h", "5h", used, NOW - age, Source.USAGE, resets_at=NOW + resets_in, length=18_000.0)


def with_window(seen: QuotaWindow, **known: object) -> AccountState:
    state = subscription(**known)
    return replace(state, windows={**state.windows, seen.key: seen})


def limited(retry_after: float | None) -> Failure:
    return Failure(Meaning.THROTTLED, "Rate limited.", status=429, retry_after=retry_after)


# --- the pace ---------------------------------------------------------------------------------------------


def test_an_account_never_asked_is_due_at_once() -> None:
    turn = due(subscription(), CLAUDE, active=False, now=NOW)
    assert turn is not None
    assert turn.at <= NOW


@pytest.mark.parametrize(
    "state",
    [
        replace(subscription(), account=replace(subscription().account, kind=Kind.API_KEY)),  # has no such endpoint
        replace(subscription(), account=replace(subscription().account, enabled=False)),
        replace(subscription(), account=replace(subscription().account, health=Health.NEEDS_LOGIN)),
        replace(subscription(), removed=True),
    ],
)
def test_an_account_that_has_nothing_to_say_is_never_due(state: AccountState) -> None:
    assert due(state, CLAUDE, active=True, now=NOW) is None


@pytest.mark.parametrize(
    ("used", "active", "wait"),
    [
        (0.3, True, 180.0),  # the one that serves
        (0.3, False, 480.0),  # one that idles
        (1.0, True, 600.0),  # spent: nothing changes before its reset
        (None, False, 480.0),  # a window without a figure
    ],
)
def test_figures_are_good_for_a_while(used: float | None, active: bool, wait: float) -> None:
    turn = due(with_window(window(used)), CLAUDE, active=active, now=NOW)
    assert turn is not None
    assert turn.at == NOW + wait


def test_near_a_limit_and_rising_it_is_asked_sooner() -> None:
    state = with_window(window(0.9))
    rising = (Sample(NOW - 300, 0.85, None), Sample(NOW, 0.9, None))
    flat = (Sample(NOW - 300, 0.9, None), Sample(NOW, 0.9, None))
    waits = [
        after_success(replace(state, history={"5h": samples}), (), CLAUDE, active=True, now=NOW)
        for samples in (rising, flat)
    ]
    assert waits == [138.0, 180.0]


def test_what_headers_just_told_is_not_polled() -> None:
    told = replace(window(0.3), source=Source.HEADERS)
    asked_long_ago = Poll(at=NOW - 4000, next_at=NOW - 3000)
    turn = due(with_window(told, poll=asked_long_ago), CLAUDE, active=True, now=NOW)
    assert turn is not None
    assert turn.at == NOW + 180


def test_a_reset_is_asked_about_a_minute_later() -> None:
    stale = window(0.97, age=3600, resets_in=-10)
    turn = due(with_window(stale, poll=Poll(at=NOW - 3600, next_at=NOW + 900)), CLAUDE, active=False, now=NOW)
    assert turn is not None
    assert turn.at == NOW - 10 + 60


def test_a_reset_that_was_asked_about_is_not_asked_about_again_and_again() -> None:
    # A window that has not opened again is null in the answer, so its old figure stays.
    stale = window(0.97, age=3600, resets_in=-600)
    asked_since = Poll(at=NOW - 500, next_at=NOW - 20)
    turn = due(with_window(stale, poll=asked_since), CLAUDE, active=False, now=NOW)
    assert turn is not None
    assert turn.at == NOW - 20
    assert turn.reason != "a window has reset"


def test_while_a_model_is_held_its_own_window_is_asked_about_though_headers_tell_the_others() -> None:
    told = replace(window(0.3), source=Source.HEADERS)
    fable = replace(window(1.0, age=700), key="7d:fable", scope="fable")
    hold = Hold(NOW + 86_400, Meaning.LIMITED, "fable limit reached", NOW - 700, model="claude-fable-5")
    state = with_window(told, poll=Poll(at=NOW - 4000, next_at=NOW - 3000))
    state = replace(state, windows={**state.windows, fable.key: fable})
    held = replace(state, model_holds=state.model_holds.insert("claude-fable-5", hold))
    turns = [due(each, CLAUDE, active=True, now=NOW) for each in (state, held)]
    assert [turn.at - NOW for turn in turns if turn is not None] == [180.0, -100.0]


def test_the_next_question_is_no_later_than_a_minute_after_a_known_reset() -> None:
    wait = after_success(subscription(), (window(0.5, resets_in=200),), CLAUDE, active=False, now=NOW)
    assert wait == 260.0


@pytest.mark.parametrize(
    ("failure", "poll", "wait"),
    [
        (limited(0.0), None, 300.0),  # the rolling window is full: asking at once keeps it so
        (limited(None), None, 300.0),
        (limited(0.0), Poll(NOW - 400, NOW, "429", blocked_at=NOW - 400), 600.0),  # again: half as long once more
        (limited(0.0), Poll(NOW - 2000, NOW, "429", blocked_at=NOW - 2000), 1800.0),  # at most half an hour
        (limited(3600.0), None, 4500.0),  # a stated deadline, and a quarter of an hour behind it
        (limited(600.0), None, 1500.0),
        (Failure(Meaning.GATED, "scope", status=403, code="scope-refused"), None, 86_400.0),
        (Failure(Meaning.NETWORK, "down"), None, 30.0),
        (Failure(Meaning.NETWORK, "down"), Poll(NOW - 60, NOW, "down"), 120.0),  # doubling
        (Failure(Meaning.NETWORK, "down"), Poll(NOW - 28, NOW, "down"), 56.0),  # the first wait was a little shorter
        (Failure(Meaning.OVERLOADED, "529"), Poll(NOW - 500, NOW, "529"), 600.0),
    ],
)
def test_after_a_failure_it_waits(failure: Failure, poll: Poll | None, wait: float) -> None:
    assert after_failure(subscription(poll=poll), failure, NOW) == wait


def test_for_an_hour_after_a_429_the_pace_stays_slow() -> None:
    lately = subscription(poll=Poll(NOW - 400, NOW, None, blocked_at=NOW - 1800))
    assert after_success(lately, (window(0.2),), CLAUDE, active=True, now=NOW) == 360.0


def test_the_settings_set_the_pace_within_the_budget() -> None:
    assert pace_of("anthropic", UsageSettings()).urgent >= 3600 / 30
    assert pace_of("puter", UsageSettings()).floor == 60.0


# --- the poller -------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    return build_world("default", clock=ManualClock())


def asked(world: World) -> int:
    return len(world.calls.listed(path=USAGE))


async def test_polling_shows_the_figures(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "max")
        assert await engine.refresh_usage(added.account_id) is None

        windows = engine.snapshot.accounts[added.account_id].windows
    assert windows["5h"].utilization == pytest.approx(0.18)
    assert windows["7d"].source is Source.USAGE


async def test_two_processes_share_one_schedule(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as one, engine_on(world, tmp_path) as other:
        (added,) = await sign_in(one, world, "max")
        await other.journal.refresh()
        pollers = [(await engine.services()).poller for engine in (one, other)]
        answers = await asyncio.gather(*(p.ask(added.account_id) for p in pollers))

    assert sorted(a or "" for a in answers) == ["", "another rota is asking already, or just did"]
    assert asked(world) == 1


async def test_a_person_may_ask_sooner_but_not_over_and_over(world: World, tmp_path: Path) -> None:
    clock = world.clock
    assert isinstance(clock, ManualClock)
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "max")
        said = [await engine.refresh_usage(added.account_id)]
        said.append(await engine.refresh_usage(added.account_id))
        await clock.advance(31)
        said.append(await engine.refresh_usage(added.account_id))

    assert said == [None, "rota asked only just now; the next time can be in 30 s", None]


async def test_a_blocked_endpoint_keeps_the_last_figures_and_waits(world: World, tmp_path: Path) -> None:
    clock = world.clock
    assert isinstance(clock, ManualClock)
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "max")
        await engine.refresh_usage(added.account_id)
        world.faults.force(Fault("usage-429"))
        await clock.advance(200)
        problem = await engine.refresh_usage(added.account_id)
        state = engine.snapshot.accounts[added.account_id]

    assert problem is not None
    assert state.windows["5h"].utilization == pytest.approx(0.18)
    assert state.poll is not None
    assert state.poll.blocked_at == clock.now()
    assert state.poll.next_at - clock.now() >= 300 * 0.9


async def test_an_endpoint_that_goes_on_failing_is_asked_ever_less_often(world: World, tmp_path: Path) -> None:
    clock = world.clock
    assert isinstance(clock, ManualClock)
    waits: list[float] = []
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "max")
        poller = (await engine.services()).poller
        for _ in range(4):
            world.faults.force(Fault("usage-429"))
            assert await poller.ask(added.account_id) is not None
            poll = engine.snapshot.accounts[added.account_id].poll
            assert poll is not None
            waits.append(poll.next_at - clock.now())
            await clock.advance(waits[-1] + 1)

    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0]


async def test_a_person_cannot_ask_an_endpoint_that_wants_to_be_left_alone(world: World, tmp_path: Path) -> None:
    # Asking at once only keeps its rolling window full (anthropic.md 2.1).
    clock = world.clock
    assert isinstance(clock, ManualClock)
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "max")
        world.faults.force(Fault("usage-429"))
        await engine.refresh_usage(added.account_id)
        await clock.advance(31)
        said = await engine.refresh_usage(added.account_id)
        assert asked(world) == 1
        assert said is not None
        assert said.startswith("the provider gives no more figures for now; rota asks again in ")
        await clock.advance(400)
        assert await engine.refresh_usage(added.account_id) is None


async def test_a_day_of_polling_stays_within_thirty_reads_an_hour(world: World, tmp_path: Path) -> None:
    clock = world.clock
    assert isinstance(clock, ManualClock)
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world, "max")
        engine.start_background()
        most = 0
        for _ in range(6):
            before = asked(world)
            for _ in range(60):
                await clock.advance(60)
                await engine.journal.flush()
            most = max(most, asked(world) - before)

    assert 0 < most <= 30


async def test_a_new_account_is_asked_about_at_once_on_a_clock_that_runs(tmp_path: Path) -> None:
    """Regression: "now" was read anew for every question, and what was due now never was."""
    world = build_world(clock=SystemClock())
    async with engine_on(world, tmp_path) as engine:
        engine.start_background()
        news = engine.subscribe()
        await sign_in(engine, world, "max")
        async with asyncio.timeout(10):
            async for batch in news:
                if any(isinstance(event, QuotaObserved) for event in batch.events):
                    break

    assert asked(world) == 1


async def test_polling_can_be_switched_off_and_on_again(world: World, tmp_path: Path) -> None:
    settings = settings_for()
    settings = replace(settings, usage=replace(settings.usage, enabled=False))
    async with engine_on(world, tmp_path, settings=settings) as engine:
        await sign_in(engine, world, "max")
        poller = (await engine.services()).poller
        polling = asyncio.create_task(poller.run())
        assert isinstance(engine.clock, ManualClock)
        await engine.clock.advance(3600)
        assert asked(world) == 0
        poller.take_settings(replace(settings.usage, enabled=True))
        async with asyncio.timeout(30):
            while not asked(world):
                await engine.clock.advance(1)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)


@pytest.mark.parametrize("kind", ["puter", "api-key"])
async def test_an_account_is_open_again_once_its_person_did_what_the_provider_wanted(
    tmp_path: Path, kind: str
) -> None:
    world = World(ManualClock())
    clock = world.clock
    assert isinstance(clock, ManualClock)
    model = "claude-sonnet-4-5"
    if kind == "puter":
        world.add_puter("ada")
        set_account(world, "ada", {"gates": ["email"]})
        model = "puter/gpt-5-nano"
    else:
        world.add_api_key("ada")
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "ada")
        if kind == "api-key":
            world.faults.force(Fault("forbidden"))
            with pytest.raises(AllSpent):
                await engine.chat(request(model))
        state = engine.snapshot.accounts[added.account_id]
        assert state.account.health is Health.GATED
        engine.start_background()
        if kind == "puter":
            await clock.advance(700)
            await engine.journal.flush()
            assert engine.snapshot.accounts[added.account_id].account.health is Health.GATED
            set_account(world, "ada", {"gates": []})
        for _ in range(15):
            await clock.advance(60)
            await engine.journal.flush()
        assert engine.snapshot.accounts[added.account_id].account.health is Health.READY
        assert (await engine.chat(request(model))).story.account_id == added.account_id


async def test_a_person_who_did_what_was_wanted_need_not_wait_for_it_to_be_noticed(tmp_path: Path) -> None:
    world = World(ManualClock())
    world.add_puter("ada")
    set_account(world, "ada", {"gates": ["phone"]})
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "ada")
        said = await engine.refresh_usage(added.account_id)
        assert said == engine.snapshot.accounts[added.account_id].account.health_reason
        assert "phone" in said
        set_account(world, "ada", {"gates": []})
        assert isinstance(world.clock, ManualClock)
        await world.clock.advance(31)
        assert await engine.refresh_usage(added.account_id) is None
        assert engine.snapshot.accounts[added.account_id].account.health is Health.READY
