"""The Puter client against the simulated server: in process, and over real sockets cut into odd pieces."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

import httpx
import pytest

from rota.account import Kind
from rota.clock import ManualClock
from rota.errors import Failure, Meaning, ProviderError
from rota.providers.base import (
    ChatRequest,
    Credential,
    Finish,
    Finished,
    Image,
    Message,
    ReasoningDelta,
    Role,
    Text,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolResult,
)
from rota.providers.http import open_client
from rota.providers.puter import PuterProvider
from rota.quota import Unit
from rota.secret import Secret
from rota.simulator import Fault, SimulatorServer, World, base_urls, build_world, create_app, set_account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rota.providers.base import Delta, Part

CLAUDE, GPT, FREE = "claude-sonnet-4-5", "gpt-4o-mini", "openrouter:deepseek/deepseek-r1-0528:free"
WEATHER = Tool("get_w", "weather", {"type": "object", "properties": {"city": {"type": "string"}}})


def credential(world: World, label: str = "carol") -> Credential:
    return Credential(Kind.PUTER, Secret(next(iter(world.puter[label].tokens))))


def ask(
    *parts: Part | str, model: str = CLAUDE, tools: tuple[Tool, ...] = (), max_tokens: int | None = None
) -> ChatRequest:
    said = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    return ChatRequest(model, (Message(Role.USER, said),), tools=tools, max_tokens=max_tokens)


@asynccontextmanager
async def in_process(scenario: str = "default") -> AsyncIterator[tuple[World, PuterProvider]]:
    clock = ManualClock()
    world = build_world(scenario, clock=clock)
    urls = base_urls("http://simulator.test")
    client = open_client(transport=httpx.ASGITransport(create_app(world)))
    try:
        yield world, PuterProvider(client, api_url=urls["puter_api"], gui_url=urls["puter_gui"], clock=clock)
    finally:
        await client.aclose()


@asynccontextmanager
async def on_a_socket(scenario: str = "default") -> AsyncIterator[tuple[World, PuterProvider]]:
    async with SimulatorServer(scenario, clock=ManualClock()) as server:
        client = open_client()
        urls = server.base_urls
        try:
            yield (
                server.world,
                PuterProvider(client, api_url=urls["puter_api"], gui_url=urls["puter_gui"], clock=server.world.clock),
            )
        finally:
            await client.aclose()


async def streamed(
    puter: PuterProvider, request: ChatRequest, key: Credential, into: list[Delta] | None = None
) -> list[Delta]:
    """What a stream gave; `into` keeps it also when the stream fails."""
    deltas: list[Delta] = [] if into is None else into
    async with puter.stream(request, key) as stream:
        async for delta in stream:
            deltas.append(delta)  # noqa: PERF401  a comprehension would lose what came before a failure
    return deltas


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


async def failure_of(puter: PuterProvider, request: ChatRequest, key: Credential, *, stream: bool = False) -> Failure:
    with pytest.raises(ProviderError) as raised:
        await (streamed(puter, request, key) if stream else puter.complete(request, key))
    return raised.value.failure


# --- answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [CLAUDE, GPT, FREE, "gpt-5.4-mini"])
async def test_streaming_and_not_give_the_same_answer(model: str) -> None:
    async with in_process() as (world, puter):
        key = credential(world)
        reply = await puter.complete(ask("Explain caches", model=model), key)
        deltas = await streamed(puter, ask("Explain caches", model=model), key)
    last = deltas[-1]
    assert isinstance(last, Finished)
    assert text_of(deltas) == reply.text != ""
    assert (last.finish, last.usage, last.cost_usd) == (reply.finish, reply.usage, reply.cost_usd)
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0


@pytest.mark.parametrize(("chunk", "uneven"), [(1, False), (7, False), (64, True)])
async def test_a_stream_over_a_socket_survives_any_cutting(chunk: int, uneven: bool) -> None:
    async with on_a_socket() as (world, puter):
        key = credential(world)
        whole = (await puter.complete(ask("A café analogy ☕, please"), key)).text
        world.knobs.turn({"chunk_bytes": chunk, "uneven_chunks": uneven})
        deltas = await streamed(puter, ask("A café analogy ☕, please"), key)
    assert text_of(deltas) == whole
    assert isinstance(deltas[-1], Finished)


@pytest.mark.parametrize("model", [CLAUDE, GPT])
async def test_a_tool_is_called_answered_and_spoken_of(model: str) -> None:
    async with in_process() as (world, puter):
        key = credential(world)
        request = ask('[[tool=get_w:{"city":"Oslo"}]]', model=model, tools=(WEATHER,))
        reply = await puter.complete(request, key)
        *_, call, last = await streamed(puter, request, key)
        assert isinstance(call, ToolCallDelta)
        assert isinstance(last, Finished)
        assert (call.name, call.arguments, last.finish) == ("get_w", '{"city":"Oslo"}', Finish.TOOL_CALLS)
        assert reply.finish is Finish.TOOL_CALLS
        assert [(made.name, made.arguments) for made in reply.tool_calls] == [("get_w", {"city": "Oslo"})]
        answered = ChatRequest(
            model,
            (
                *request.messages,
                Message(Role.ASSISTANT, reply.parts),
                Message(Role.TOOL, (ToolResult(reply.tool_calls[0].id, (Text("4 degrees"),)),)),
            ),
            tools=(WEATHER,),
        )
        spoken = await puter.complete(answered, key)
    assert spoken.text
    assert spoken.finish is Finish.STOP


async def test_reasoning_comes_before_the_answer() -> None:
    async with in_process() as (world, puter):
        request = ChatRequest(CLAUDE, ask("Why?").messages, reasoning_effort="low")
        deltas = await streamed(puter, request, credential(world))
    assert isinstance(deltas[0], ReasoningDelta)
    assert text_of(deltas)


async def test_an_image_reaches_claudes_own_route() -> None:
    async with in_process() as (world, puter):
        reply = await puter.complete(ask(Image(data="QUJD"), "What is this?"), credential(world))
    # An OpenAI-shaped image would have been served by a reseller under another name.
    assert reply.model.startswith("claude-")


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_cut_at_its_limit_says_so(stream: bool) -> None:
    async with in_process() as (world, puter):
        key = credential(world)
        request = ask("Tell me everything", max_tokens=3)
        finish = (await streamed(puter, request, key))[-1] if stream else await puter.complete(request, key)
    assert isinstance(finish, Finished) is stream
    assert getattr(finish, "finish", None) is Finish.LENGTH


async def test_every_call_carries_an_origin() -> None:
    async with in_process() as (world, puter):
        key = credential(world)
        await puter.identify(key)
        await puter.models(key)
        await puter.usage(key)
        await puter.complete(ask("hi"), key)
        calls = world.calls.listed(provider="puter")
    assert len(calls) == 5
    assert all(call.headers.get("origin") == "http://simulator.test" for call in calls)


# --- who, what is left, which models ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "kind", "plan"),
    [("carol", Kind.PUTER, "Free"), ("dave", Kind.PUTER, "Paid"), ("patient_door_615887", Kind.PUTER_GUEST, "Guest")],
)
async def test_accounts_are_identified(label: str, kind: Kind, plan: str) -> None:
    async with in_process() as (world, puter):
        who = await puter.identify(credential(world, label))
        assert (who.key, who.kind, who.name, who.plan) == (world.puter[label].uuid, kind, label, plan)
        assert who.gate is None


@pytest.mark.parametrize("gate", ["email", "phone", "card"])
async def test_a_gated_account_is_identified_and_refused_elsewhere(gate: str) -> None:
    async with in_process("gated") as (world, puter):
        key = credential(world, f"needs-{gate}")
        who = await puter.identify(key)
        failure = await failure_of(puter, ask("hi"), key)
    assert failure.meaning is Meaning.GATED
    assert failure.action == who.gate
    assert gate in str(who.gate)
    assert failure.action_url == "http://simulator.test/puter"


@pytest.mark.parametrize(
    ("label", "meaning", "code"),
    [
        ("suspended", Meaning.GATED, "account_suspended"),
        ("session-revoked", Meaning.LOGIN_DEAD, "reauth_required"),
        ("session-expired", Meaning.LOGIN_DEAD, "reauth_required"),
        ("token-v1", Meaning.LOGIN_DEAD, "reauth_required"),
        ("app-blocked", Meaning.LOGIN_DEAD, "app_blocked"),
        ("scoped-token", Meaning.LOGIN_DEAD, "scoped_token"),
        ("flagged", Meaning.REFUSED, "fake-chat"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_account_that_may_not_is_told_apart(label: str, meaning: Meaning, code: str, stream: bool) -> None:
    async with in_process("gated") as (world, puter):
        failure = await failure_of(puter, ask("hi"), credential(world, label), stream=stream)
    assert (failure.meaning, failure.code) == (meaning, code)


async def test_what_is_used_shows_in_the_month() -> None:
    async with in_process() as (world, puter):
        key = credential(world)
        set_account(world, "carol", {"remaining": 10e6})
        report = await puter.usage(key)
        assert report is not None
        assert report.windows[0].utilization == pytest.approx(0.8)
        world.knobs.turn({"credits_per_microcent": 1e-8})
        scaled = await puter.usage(key)
    assert scaled is not None
    assert scaled.windows[0].unit is Unit.CREDITS
    assert scaled.windows[0].utilization == pytest.approx(0.8)


async def test_the_catalogue_is_read() -> None:
    async with in_process() as (_, puter):
        found = {model.id: model for model in await puter.models(None)}
    assert found[FREE].free
    assert found[GPT].input_usd == 0.15
    assert all(model.provider == "puter" and model.name for model in found.values())


# --- failures ---------------------------------------------------------------------------------------------


Era = Literal["2025-legacy", "2026Q1-legacy", "current"]


@pytest.mark.parametrize("era", ["2025-legacy", "2026Q1-legacy", "current"])
@pytest.mark.parametrize("stream", [False, True])
async def test_an_exhausted_account_is_known_on_every_age_of_server(era: Era, stream: bool) -> None:
    async with in_process("exhausted") as (world, puter):
        world.knobs.era = era
        failure = await failure_of(puter, ask("hi"), credential(world, "spent-free"), stream=stream)
    assert failure.meaning is Meaning.CREDITS_EXHAUSTED


@pytest.mark.parametrize("era", ["2025-legacy", "2026Q1-legacy", "current"])
async def test_old_servers_answer_us_because_we_send_an_origin(era: Era) -> None:
    async with in_process() as (world, puter):
        world.knobs.era = era
        assert (await puter.complete(ask("hi"), credential(world))).text
        failure = await failure_of(puter, ask("hi", model="no-such-model"), credential(world))
    assert failure.meaning is Meaning.MODEL_UNAVAILABLE


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ("bad-token", Meaning.LOGIN_DEAD),
        ("plain-403", Meaning.NETWORK),
        ("db-unavailable", Meaning.OVERLOADED),
        ("internal", Meaning.OVERLOADED),
        ("exhausted", Meaning.CREDITS_EXHAUSTED),
        ("too-many-requests", Meaning.THROTTLED),
        ("too-many-concurrent", Meaning.THROTTLED),
        ("upstream-400", Meaning.BAD_REQUEST),
        ("upstream-401", Meaning.MODEL_LIMITED),
        ("upstream-429", Meaning.MODEL_LIMITED),
        ("upstream-500", Meaning.MODEL_LIMITED),
        ("model-not-found", Meaning.MODEL_UNAVAILABLE),
        ("subscriber-only", Meaning.MODEL_UNAVAILABLE),
        ("moderation", Meaning.REFUSED),
        ("fake-chat", Meaning.REFUSED),
        ("usage-limited", Meaning.CREDITS_EXHAUSTED),
        ("html", Meaning.OVERLOADED),
        ("garbage", Meaning.NETWORK),
        ("wrong-shape", Meaning.NETWORK),
        ("empty", Meaning.NETWORK),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_failure_is_classified_before_content(fault: str, meaning: Meaning, stream: bool) -> None:
    async with in_process() as (world, puter):
        world.faults.force(Fault(fault, provider="puter"))
        failure = await failure_of(puter, ask("hi"), credential(world), stream=stream)
    assert failure.meaning is meaning
    assert failure.message


@pytest.mark.parametrize(
    ("fault", "meaning", "code"),
    [
        ("drop", Meaning.NETWORK, "stream-cut"),
        ("truncated", Meaning.NETWORK, "stream-cut"),
        ("cut", Meaning.NETWORK, "cut"),
        ("stream-error", Meaning.OVERLOADED, None),
    ],
)
async def test_a_stream_that_breaks_is_never_a_short_success(fault: str, meaning: Meaning, code: str | None) -> None:
    async with on_a_socket() as (world, puter):
        world.faults.force(Fault(fault, provider="puter"))
        given: list[Delta] = []
        with pytest.raises(ProviderError) as raised:
            await streamed(puter, ask("Tell me everything"), credential(world), given)
    assert text_of(given)
    assert (raised.value.failure.meaning, raised.value.failure.code) == (meaning, code)


async def test_a_vendor_that_reports_no_usage_still_finished() -> None:
    async with in_process() as (world, puter):
        world.faults.force(Fault("no-usage", provider="puter"))
        last = (await streamed(puter, ask("hi"), credential(world)))[-1]
    assert isinstance(last, Finished)
    assert last.cost_usd is None


async def test_nobody_listening_is_the_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    async with open_client() as client:
        puter = PuterProvider(client, api_url=nobody, clock=ManualClock())
        with pytest.raises(ProviderError) as raised:
            await puter.models(None)
    assert (raised.value.failure.meaning, raised.value.failure.code) == (Meaning.NETWORK, "connect")
