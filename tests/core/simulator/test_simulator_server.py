"""The simulator behind a real socket: odd chunks, cuts, slots, pace, and what its command prints."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support.simulated import ask, claude, drive, events_of, lines_of, puter

from rota.clock import FastClock, ManualClock
from rota.simulator import Fault, SimulatorServer, run
from rota.simulator.scenarios import UnknownScenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PROMPT = "Wie erklärt man naïve Zwischenspeicher — kurz?"


@pytest.fixture
async def server(clock: ManualClock) -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(clock=clock) as server:
        yield server


@pytest.fixture
async def wire(server: SimulatorServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


def messages_url(server: SimulatorServer) -> str:
    return server.base_urls["anthropic_api"] + "/v1/messages"


def driver_url(server: SimulatorServer) -> str:
    return server.base_urls["puter_api"] + "/drivers/call"


async def until(condition: Callable[[], object]) -> None:
    """Let everything on this loop run until something holds."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


async def settled(server: SimulatorServer) -> None:
    """Let the server notice what a client did."""
    await until(lambda: all(call.seconds is not None for call in server.world.calls.listed()))


@pytest.mark.parametrize(
    "knobs", [{"chunk_bytes": 1}, {"chunk_bytes": 7}, {"chunk_bytes": 40, "uneven_chunks": True}]
)
async def test_streams_split_inside_lines_and_characters_hold_the_same_bytes(
    server: SimulatorServer, wire: httpx.AsyncClient, knobs: dict[str, int]
) -> None:
    world = server.world
    asked = [
        (messages_url(server), claude(world, "max"), ask(PROMPT, stream=True)),
        (driver_url(server), puter(world, "carol"), drive(PROMPT, stream=True)),
    ]
    whole = [(await wire.post(url, headers=headers, json=body)).content for url, headers, body in asked]
    world.knobs.turn(knobs)
    for (url, headers, body), expected in zip(asked, whole, strict=True):
        async with wire.stream("POST", url, headers=headers, json=body) as answer:
            chunks = [chunk async for chunk in answer.aiter_raw()]
        assert b"".join(chunks) == expected
        assert max(len(chunk) for chunk in chunks) <= 40 * 4
        assert len(chunks) > 20
        if knobs["chunk_bytes"] == 1:
            assert any(not _is_text(chunk) for chunk in chunks)


def _is_text(chunk: bytes) -> bool:
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return False
    return True


async def test_a_cut_connection_is_no_clean_end(server: SimulatorServer, wire: httpx.AsyncClient) -> None:
    world = server.world
    for url, headers, body in (
        (messages_url(server), claude(world, "max"), ask("[[cut]] [[tokens=50]]", stream=True)),
        (driver_url(server), puter(world, "carol"), drive("[[cut]] [[tokens=50]]", stream=True)),
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await wire.post(url, headers=headers, json=body)
    assert [call.outcome for call in world.calls.listed()] == ["cut", "cut"]
    assert world.puter["carol"].running == 0


async def test_a_stream_can_be_cut_at_any_byte(server: SimulatorServer, wire: httpx.AsyncClient) -> None:
    server.world.faults.force(Fault("cut", after_bytes=333))
    headers, body = claude(server.world, "max"), ask(PROMPT, stream=True)
    seen = b""
    async with wire.stream("POST", messages_url(server), headers=headers, json=body) as answer:
        with contextlib.suppress(httpx.RemoteProtocolError):
            async for chunk in answer.aiter_raw():
                seen += chunk
    assert len(seen) == 333


async def test_an_answer_to_a_refresh_can_be_lost_after_the_token_was_spent(
    server: SimulatorServer, wire: httpx.AsyncClient
) -> None:
    server.world.faults.force(Fault("lost"))
    login = server.credentials[0]
    body = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"], "client_id": "c"}
    url = server.base_urls["anthropic_auth"] + "/v1/oauth/token"
    with pytest.raises(httpx.RemoteProtocolError):
        await wire.post(url, json=body)
    assert (await wire.post(url, json=body)).json()["error"] == "invalid_grant"


async def test_a_stream_holds_its_slot_until_it_is_drained(
    server: SimulatorServer, wire: httpx.AsyncClient, clock: ManualClock
) -> None:
    server.world.knobs.turn({"pace": 1.0})
    headers, account = puter(server.world, "carol"), server.world.puter["carol"]
    body = drive("[[tokens=60]]", stream=True)
    async with contextlib.AsyncExitStack() as streams:
        for _ in range(3):
            await streams.enter_async_context(wire.stream("POST", driver_url(server), headers=headers, json=body))
        assert account.running == 3
        refused = await wire.post(driver_url(server), headers=headers, json=body)
        assert refused.json()["message"] == "Too many concurrent requests."
    await settled(server)
    assert account.running == 0
    assert account.held == 0
    assert [call.outcome for call in server.world.calls.listed()] == ["left", "left", "left", "answered"]


async def test_a_model_speaks_at_its_own_pace(
    server: SimulatorServer, wire: httpx.AsyncClient, clock: ManualClock
) -> None:
    server.world.knobs.turn({"pace": 1.0})
    request = wire.post(messages_url(server), headers=claude(server.world, "max"), json=ask("[[tokens=150]]"))
    asking = asyncio.create_task(request)
    await until(lambda: clock.sleepers)
    await clock.advance(0.8)
    await clock.advance(1.9)
    assert not asking.done()
    await clock.advance(0.1)
    assert (await asking).json()["usage"]["output_tokens"] == 150
    assert server.world.calls.listed()[0].seconds == pytest.approx(2.8)


async def test_a_stream_can_stall(server: SimulatorServer, wire: httpx.AsyncClient, clock: ManualClock) -> None:
    server.world.faults.force(Fault("stall", after=3, seconds=90))
    body = ask(stream=True)
    asking = asyncio.create_task(wire.post(messages_url(server), headers=claude(server.world, "max"), json=body))
    await until(lambda: clock.sleepers)
    await clock.advance(89)
    assert not asking.done()
    await clock.advance(1)
    assert events_of((await asking).text)[-1]["type"] == "message_stop"


async def test_any_answer_can_be_slow(server: SimulatorServer, wire: httpx.AsyncClient, clock: ManualClock) -> None:
    server.world.faults.force(Fault("slow", seconds=20))
    server.world.knobs.turn({"latency": 5})
    url = server.base_urls["puter_api"] + "/whoami"
    asking = asyncio.create_task(wire.get(url, headers=puter(server.world, "carol")))
    for seconds in (5, 20):
        await until(lambda: clock.sleepers)
        assert not asking.done()
        await clock.advance(seconds)
    assert (await asking).status_code == 200


async def test_answers_are_dated_by_the_simulated_clock(server: SimulatorServer, wire: httpx.AsyncClient) -> None:
    answer = await wire.get(server.base_urls["puter_api"] + "/whoami")
    assert answer.headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"


async def test_answers_can_be_compressed(server: SimulatorServer, wire: httpx.AsyncClient) -> None:
    server.world.knobs.turn({"gzip": True})
    answer = await wire.post(messages_url(server), headers=claude(server.world, "max"), json=ask())
    stream = await wire.post(messages_url(server), headers=claude(server.world, "max"), json=ask(stream=True))
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["type"] == "message"
    assert "content-encoding" not in stream.headers


async def test_a_browser_may_ask_the_callback_for_a_favicon_first(
    server: SimulatorServer, wire: httpx.AsyncClient
) -> None:
    asked: list[bytes] = []

    async def callback(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server.world.knobs.turn({"stray_favicon": True})
    async with await asyncio.start_server(callback, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        query = {"action": "authme", "redirectURL": f"http://127.0.0.1:{port}/cb/n", "approve": "carol"}
        answer = await wire.get(server.base_urls["puter_gui"] + "/", params=query)
    assert asked == [b"GET /favicon.ico HTTP/1.1\r\n"]
    assert "token" in parse_qs(urlsplit(answer.headers["location"]).query)


async def test_leaving_ends_a_stream_that_would_never_end(clock: ManualClock) -> None:
    async with SimulatorServer(clock=clock, pace=1.0) as server, httpx.AsyncClient() as wire:
        body = drive("[[tokens=60]]", stream=True)
        async with wire.stream("POST", driver_url(server), headers=puter(server.world, "carol"), json=body):
            await server.__aexit__(None, None, None)
        assert server.world.puter["carol"].running == 0


async def test_the_command_prints_addresses_and_credentials_as_json() -> None:
    out = io.StringIO()
    running = asyncio.create_task(run(port=0, scenario="many", speed=60.0, seed=3, out=out))
    await until(lambda: out.getvalue().endswith("}\n"))
    said = json.loads(out.getvalue())
    async with httpx.AsyncClient() as wire:
        token = next(item["secret"] for item in said["credentials"] if item["provider"] == "puter")
        url = said["base_urls"]["puter_api"] + "/whoami"
        who = await wire.get(url, headers={"authorization": f"Bearer {token}"})
        state = (await wire.get(said["admin"])).json()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert who.status_code == 200
    assert len(said["credentials"]) == 50
    assert state["knobs"]["pace"] == pytest.approx(1 / 60)


async def test_time_runs_as_fast_as_asked_for() -> None:
    async with SimulatorServer(speed=3600.0) as server:
        assert isinstance(server.world.clock, FastClock)
        assert server.world.clock.speed == 3600.0
    with pytest.raises(UnknownScenario, match="default, demo"):
        SimulatorServer("nothing")


async def test_parallel_requests_are_all_served(server: SimulatorServer, wire: httpx.AsyncClient) -> None:
    headers = puter(server.world, "dave")
    posts = (
        wire.post(driver_url(server), headers=headers, json=drive(f"question {n}", stream=True)) for n in range(20)
    )
    answers = await asyncio.gather(*posts)
    assert all(lines_of(answer.text)[-1]["type"] == "usage" for answer in answers)
    assert server.world.puter["dave"].running == 0
