"""Many at once, accounts that run dry under them, upstreams that die: clients see right answers or right errors."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.support.gatewayed import CLAUDE, Gatewayed, gatewayed, key_and_puter, two_keys, until

from rota.clock import ManualClock
from rota.events import TokenRefreshed
from rota.simulator import Fault, set_account

if TYPE_CHECKING:
    from pathlib import Path

    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI

    from rota.simulator import World


async def streamed(client: AsyncOpenAI, number: int, model: str = CLAUDE, **more: Any) -> str:
    """One stream to its end: its text, with a check that it was ended properly."""
    stream = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": f"[[tokens=30]] number {number}"}], stream=True, **more
    )
    text, finish = "", None
    async for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        finish = chunk.choices[0].finish_reason
    assert finish == "stop"
    return text


async def asked(one: AsyncOpenAI, other: AsyncAnthropic, number: int) -> str:
    """One question in one of four ways: either SDK, streamed or not. Its text, from an answer that is whole."""
    if number % 4 == 0:
        return await streamed(one, number)
    messages: Any = [{"role": "user", "content": f"[[tokens=30]] number {number}"}]
    if number % 4 == 1:
        whole = await one.chat.completions.create(model=CLAUDE, messages=messages)
        assert whole.choices[0].finish_reason == "stop"
        return whole.choices[0].message.content or ""
    question: Any = {"model": CLAUDE, "max_tokens": 500, "messages": messages}
    if number % 4 == 2:
        async with other.messages.stream(**question) as stream:
            message = await stream.get_final_message()
    else:
        message = await other.messages.create(**question)
    assert message.stop_reason == "end_turn"
    return "".join(block.text for block in message.content if block.type == "text")


async def test_a_hundred_streams_at_once_each_get_their_own_answer(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.add_api_key("big", rpm=100_000, itpm=10**8, otpm=10**8)

    async with gatewayed(tmp_path, build) as it:
        client = await it.openai()
        texts = await asyncio.gather(*(streamed(client, n) for n in range(100)))
        assert texts == [await streamed(client, n) for n in range(100)][:100]
        assert it.idle()
        assert len(it.served()) == 200
        assert not it.failed()


async def test_an_account_that_is_spent_under_load_is_left_without_a_client_noticing(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, two_keys) as it:
        clients = await it.openai(), await it.anthropic()

        async def agent(number: int) -> None:
            for turn in range(4):
                assert await asked(*clients, number * 5 + turn)
                if number == turn == 1:
                    set_account(it.world, "first", {"spend_limit_reached": True})

        async with asyncio.TaskGroup() as group:
            for number in range(12):
                group.create_task(agent(number))
        by = Counter(it.engine.snapshot.accounts[s.account_id].account.label for s in it.served())
        assert by["second"] > 0
        assert by.total() == 48
        assert not it.failed()
        assert it.attempts()


async def test_a_limit_inside_a_stream_before_its_first_word_is_not_seen_by_the_client(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, two_keys) as it:
        it.force(Fault("stream-error", path="/v1/messages", after=1, times=3))
        client = await it.openai()
        for model in (CLAUDE, f"anthropic/{CLAUDE}"):
            assert await streamed(client, 1, model)
        other = await it.anthropic()
        it.force(Fault("stream-error", path="/v1/messages", after=1, times=1))
        message: Any = {"model": CLAUDE, "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}
        async with other.messages.stream(**message) as stream:
            assert (await stream.get_final_message()).stop_reason == "end_turn"
        assert len(it.attempts()) == 4
        assert not it.failed()


async def test_tokens_that_expire_under_load_are_renewed_once_for_everybody(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.add_subscription("max", "max20")

    async with gatewayed(tmp_path, build, anthropic={"route_subscriptions": True}) as it:
        clients = await it.openai(), await it.anthropic()
        await asked(*clients, 0)
        set_account(it.world, "max", {"revoke_access": True})
        assert all(await asyncio.gather(*(asked(*clients, n) for n in range(20))))
        assert len(it.heard(TokenRefreshed)) == 1
        assert not it.failed()


async def test_an_upstream_that_is_killed_gives_every_client_a_right_error(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, key_and_puter, tapped=True, pool={"retries": 1, "retry_base_s": 0.01}) as it:
        clients = await it.openai(), await it.anthropic()
        it.force(Fault("stall", path="/v1/messages", seconds=600, after=8, times=10))
        running = [asyncio.create_task(asked(*clients, n)) for n in range(0, 20, 2)]  # streamed
        await until(lambda: len(it.engine.snapshot.in_flight) == len(it.calls()) == 10)
        it.force(Fault("slow", path="/v1/messages", seconds=600, times=10))
        running += [asyncio.create_task(asked(*clients, n)) for n in range(1, 20, 2)]
        await until(lambda: len(it.engine.snapshot.in_flight) == len(it.calls()) == 20)
        it.tap.kill()
        results = await asyncio.gather(*running, return_exceptions=True)
        assert all(isinstance(r, openai.APIError | anthropic.APIError) for r in results), results
        for number in range(4):
            with pytest.raises((openai.InternalServerError, anthropic.InternalServerError), match="502"):
                await asked(*clients, number)
        assert it.idle()


async def test_an_upstream_that_dies_and_comes_back_under_load_costs_only_what_had_begun(tmp_path: Path) -> None:
    """What had shown a word ends in an error, what had not is asked again; nothing is cut short or told twice."""
    async with gatewayed(tmp_path, two_keys, tapped=True, pool={"retries": 6, "retry_base_s": 0.05}) as it:
        clients = await it.openai(), await it.anthropic()
        right = [await asked(*clients, n) for n in range(4)]
        wrong: list[Exception] = []

        async def agent(number: int) -> None:
            for _ in range(6):
                try:
                    assert await asked(*clients, number) == right[number]
                except (openai.APIError, anthropic.APIError) as error:
                    wrong.append(error)

        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(agent(number))
            for _ in range(3):
                seen = len(it.calls())
                while len(it.calls()) < seen + 3:  # noqa: ASYNC110 - as in `until`
                    await asyncio.sleep(0)
                it.tap.cut()
        assert len(it.served()) + len(it.failed()) == 4 + 4 * 6
        assert len(it.failed()) == len(wrong)
        assert it.idle()


# --- holding ----------------------------------------------------------------------------------------------

HELD: dict[str, Any] = {"gateway": {"port": 0, "hold_seconds": 120.0}}


def spend(it: Gatewayed, seconds: float) -> None:
    it.force(Fault("ramp", path="/v1/messages", seconds=seconds, times=1))


async def test_a_request_is_held_with_keep_alives_until_the_first_account_is_back(tmp_path: Path) -> None:
    clock = ManualClock()
    async with gatewayed(tmp_path, clock=clock, pool={"throttle_wait_s": 0.0}, **HELD) as it:
        spend(it, 40.0)
        http = await it.http()
        body = {"model": CLAUDE, "messages": [{"role": "user", "content": "hi"}], "stream": True}
        async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
            assert answer.status_code == 200
            reading = asyncio.create_task(_text(answer))
            for _ in range(4):
                await until(lambda: clock.sleepers)
                await clock.advance(10.0)
            heard = await reading
        assert heard.startswith(": waiting\n\n")
        assert heard.count(": waiting\n\n") == 4
        assert heard.endswith("data: [DONE]\n\n")
        assert it.served()


async def _text(answer: Any) -> str:
    return "".join([piece async for piece in answer.aiter_text()])


async def test_anthropics_callers_hear_pings_while_they_are_held(tmp_path: Path) -> None:
    clock = ManualClock()
    async with gatewayed(tmp_path, clock=clock, pool={"throttle_wait_s": 0.0}, **HELD) as it:
        spend(it, 40.0)
        client = await it.anthropic()
        question: Any = {"model": CLAUDE, "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}
        asking = asyncio.create_task(_final(client, question))
        for _ in range(5):
            await until(lambda: clock.sleepers or asking.done())
            await clock.advance(10.0)
        assert (await asking).stop_reason == "end_turn"


async def _final(client: Any, question: Any) -> Any:
    async with client.messages.stream(**question) as stream:
        return await stream.get_final_message()


async def test_a_held_request_goes_on_as_soon_as_somebody_can_serve(tmp_path: Path) -> None:
    clock = ManualClock()
    async with gatewayed(tmp_path, clock=clock, pool={"throttle_wait_s": 0.0}, **HELD) as it:
        spend(it, 100.0)
        client = await it.openai()
        asking = asyncio.create_task(streamed(client, 1))
        await until(lambda: it.state("console").hold is not None and clock.sleepers)
        await (await it.engine.accounts()).lift(it.state("console").id)
        assert await asking


async def test_longer_than_hold_seconds_is_said_at_once(tmp_path: Path) -> None:
    shorter: dict[str, Any] = {"gateway": {"port": 0, "hold_seconds": 60.0}}
    async with gatewayed(tmp_path, clock=ManualClock(), pool={"throttle_wait_s": 0.0}, **shorter) as it:
        spend(it, 61.0)
        with pytest.raises(openai.RateLimitError) as raised:
            await streamed(await it.openai(), 1)
        assert float(raised.value.response.headers["retry-after"]) == 61


async def test_a_caller_who_leaves_while_held_is_forgotten(tmp_path: Path) -> None:
    clock = ManualClock()
    async with gatewayed(tmp_path, clock=clock, pool={"throttle_wait_s": 0.0}, **HELD) as it:
        spend(it, 40.0)
        client = await it.openai()
        asking = asyncio.create_task(streamed(client, 1))
        await until(lambda: it.state("console").hold is not None and clock.sleepers)
        asking.cancel()
        await until(lambda: not clock.sleepers)
        await clock.advance(60.0)
        assert len(it.calls()) == 1


# --- stopping ---------------------------------------------------------------------------------------------


async def test_stopping_lets_running_answers_finish_and_takes_no_more(tmp_path: Path) -> None:
    clock = ManualClock()
    async with gatewayed(tmp_path, world_clock=clock) as it:
        it.force(Fault("stall", path="/v1/messages", seconds=5, after=8))
        client = await it.openai()
        running = asyncio.create_task(streamed(client, 1))
        await until(lambda: clock.sleepers)
        stopping = asyncio.create_task(it.engine.stop_gateway())
        await until(lambda: _refused(it))
        await clock.advance(5)
        assert await running
        await stopping


async def test_stopping_cuts_off_what_takes_longer_than_its_grace(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, gateway={"port": 0, "stop_grace_s": 0.0}) as it:
        it.force(Fault("stall", path="/v1/messages", seconds=600, after=8))
        client = await it.openai()
        running = asyncio.create_task(streamed(client, 1))
        await until(lambda: it.calls() and it.engine.snapshot.in_flight)
        events = await it.http()
        listening = asyncio.create_task(events.get("/rota/events"))
        await it.engine.stop_gateway()
        assert it.idle()
        told = (await asyncio.gather(running, listening, return_exceptions=True))[0]
        assert isinstance(told, Exception)  # the body was aborted: never a clean end
        assert it.failed()[-1].message == "The caller went away in the middle of the answer."


def _refused(it: Gatewayed) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex((it.gateway.host, it.gateway.port)) != 0
