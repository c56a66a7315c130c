"""Places at accounts: the provider's own limits, first come first served, and one discovery for a whole herd."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from rota.account import Account, Kind
from rota.clock import ManualClock
from rota.pool.gate import Gate, limit_of
from rota.pool.waits import sleep_until

if TYPE_CHECKING:
    from rota.pool.gate import Slot


def account(name: str, kind: Kind = Kind.PUTER_GUEST, plan: str | None = None) -> Account:
    return Account(id=name, provider="puter", kind=kind, identity=name, label=name, plan=plan)


GUEST, KEY = account("guest"), account("key", Kind.API_KEY)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def enter(gate: Gate, *accounts: Account) -> asyncio.Task[Slot | None]:
    return asyncio.create_task(gate.enter({a.id: a for a in accounts}, gate.ticket(), 1000.0))


@pytest.mark.parametrize(
    ("kind", "plan", "limit"),
    [
        (Kind.PUTER_GUEST, "Guest", 2),
        (Kind.PUTER, "Free", 3),
        (Kind.PUTER, None, 3),
        (Kind.PUTER, "Paid", 20),
        (Kind.API_KEY, "API", None),
        (Kind.SUBSCRIPTION, "Max 20x", None),
    ],
)
def test_known_limits_on_requests_at_once(kind: Kind, plan: str | None, limit: int | None) -> None:
    assert limit_of(account("x", kind, plan)) == limit


async def test_a_full_account_serves_its_line_in_the_order_of_coming() -> None:
    gate = Gate(ManualClock())
    places = [gate.try_enter(GUEST), gate.try_enter(GUEST)]
    assert gate.try_enter(GUEST) is None
    line = [enter(gate, GUEST) for _ in range(3)]
    await settle()
    for number, task in enumerate(line):
        first = places[number]
        assert first is not None
        first.leave()
        await settle()
        assert [t.done() for t in line] == [i <= number for i in range(3)]
        assert gate.try_enter(GUEST) is None  # whoever comes now does not pass those who wait
        places.append(await task)


async def test_waiting_can_be_cancelled_and_gives_no_place_away() -> None:
    gate = Gate(ManualClock())
    first, second = gate.try_enter(GUEST), gate.try_enter(GUEST)
    gone, patient = enter(gate, GUEST), enter(gate, GUEST)
    await settle()
    gone.cancel()
    await settle()
    assert first is not None
    first.leave()
    assert (await patient) is not None
    assert gate.inside("guest") == 2
    assert second is not None


async def test_a_place_given_in_the_moment_of_cancelling_is_passed_on() -> None:
    gate = Gate(ManualClock())
    first, _second = gate.try_enter(GUEST), gate.try_enter(GUEST)
    gone, patient = enter(gate, GUEST), enter(gate, GUEST)
    await settle()
    assert first is not None
    first.leave()  # given to `gone`, which does not run any more
    gone.cancel()
    assert (await patient) is not None
    assert gate.inside("guest") == 2


async def test_whoever_waits_at_several_accounts_takes_the_first_free_place() -> None:
    gate, other = Gate(ManualClock()), account("other")
    slots = [gate.try_enter(a) for a in (GUEST, GUEST, other, other)]
    waiting = enter(gate, GUEST, other)
    await settle()
    assert slots[3] is not None
    slots[3].leave()
    slot = await waiting
    assert slot is not None
    assert slot.account_id == "other"


async def test_a_slot_is_given_back_once() -> None:
    gate = Gate(ManualClock())
    first, second = gate.try_enter(GUEST), gate.try_enter(GUEST)
    assert first is not None
    assert second is not None
    first.leave()
    first.leave()
    assert gate.inside("guest") == 1


async def test_a_herd_lets_one_find_out_and_follows_when_it_is_served() -> None:
    gate = Gate(ManualClock())
    gate.ramp("key")
    first = gate.try_enter(KEY)
    assert first is not None
    herd = [enter(gate, KEY) for _ in range(10)]
    await settle()
    inside = [gate.inside("key")]
    for _ in range(4):
        gate.accepted("key")
        await settle()
        inside.append(gate.inside("key"))
    assert inside == [1, 2, 4, 8, 11]
    assert all(task.done() for task in herd)


async def test_a_herd_chooses_again_when_the_one_finds_the_account_spent() -> None:
    gate = Gate(ManualClock())
    gate.ramp("key")
    first = gate.try_enter(KEY)
    herd = [enter(gate, KEY) for _ in range(10)]
    await settle()
    gate.spent("key")
    assert await asyncio.gather(*herd) == [None] * 10
    assert first is not None
    assert gate.inside("key") == 1


async def test_a_ramp_opens_with_time_when_no_refusal_comes() -> None:
    # A whole answer may take a minute; a refusal takes a moment.
    clock = ManualClock()
    gate = Gate(clock)
    gate.ramp("key")
    assert gate.try_enter(KEY) is not None
    waiting = enter(gate, KEY)
    await settle()
    assert not waiting.done()
    await clock.advance(1.0)
    assert (await waiting) is not None


async def test_whoever_comes_as_a_ramp_opens_does_not_pass_those_who_wait() -> None:
    clock = ManualClock()
    gate = Gate(clock)
    gate.ramp("key")
    assert gate.try_enter(KEY) is not None
    await clock.advance(0.5)
    waiting = enter(gate, KEY)
    await settle()
    await clock.advance(0.6)
    assert gate.try_enter(KEY) is None
    await clock.advance(0.5)
    assert (await waiting) is not None


async def test_a_ramp_is_over_after_a_while_though_nobody_came() -> None:
    clock = ManualClock()
    gate = Gate(clock)
    gate.ramp("key")
    first = gate.try_enter(KEY)
    assert first is not None
    gate.accepted("key")
    first.leave()
    await clock.advance(60)
    assert all(gate.try_enter(KEY) is not None for _ in range(64))


async def test_an_empty_lane_is_forgotten() -> None:
    gate = Gate(ManualClock())
    slot = gate.try_enter(KEY)
    assert slot is not None
    slot.leave()
    assert gate._lanes == {}


async def test_a_sleep_ends_when_the_laptop_wakes() -> None:
    clock = ManualClock()
    sleep = asyncio.create_task(sleep_until(clock, clock.now() + 300))
    await clock.advance(4)
    assert not sleep.done()
    clock.jump(3600)  # the lid was shut: the wall clock went on, the monotonic one did not
    await clock.advance(2)
    assert sleep.done()


async def test_a_clock_that_is_put_back_makes_no_wait_longer() -> None:
    clock = ManualClock()
    sleep = asyncio.create_task(sleep_until(clock, clock.now() + 4))
    await clock.advance(1)
    clock.jump(-3600)
    await clock.advance(3)
    assert sleep.done()
