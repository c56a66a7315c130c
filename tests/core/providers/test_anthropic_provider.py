"""The Anthropic client against the simulator: every call, every answer class, over ASGI and over real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from rota.account import Kind
from rota.clock import ManualClock
from rota.errors import Meaning, ProviderError
from rota.providers.anthropic import AnthropicProvider, ForwardRefused
from rota.providers.base import (
    ChatRequest,
    Credential,
    Delta,
    Finish,
    Finished,
    Message,
    Reasoning,
    ReasoningDelta,
    Role,
    Text,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolChoice,
    ToolResult,
)
from rota.providers.http import open_client
from rota.secret import Secret
from rota.simulator import (
    Fault,
    Knobs,
    SimulatorServer,
    World,
    base_urls,
    create_app,
    credentials_of,
    refreshes_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rota.providers.anthropic.provider import AnthropicProvider as Provider

MODEL = "claude-sonnet-4-5"


def ask(text: str = "hello", model: str = MODEL, **options: Any) -> ChatRequest:
    return ChatRequest(model, (Message(Role.USER, (Text(text),)),), **options)


class Setting:
    """A simulated world with one account of each kind, and a client over ASGI."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.world = World(self.clock, knobs=Knobs(pace=0.0))
        self.world.add_subscription("max", "max20", email="ada@example.com")
        self.world.add_subscription("setup", "pro", scopes=("user:inference",))
        self.world.add_api_key("console")
        urls = base_urls("http://simulator")
        self.client = open_client(transport=httpx.ASGITransport(create_app(self.world)))
        self.provider = AnthropicProvider(
            self.client,
            api_url=urls["anthropic_api"],
            auth_url=urls["anthropic_auth"],
            authorize_url=urls["anthropic_auth"],
            clock=self.clock,
        )

    def credential(self, label: str) -> Credential:
        (found,) = [c for c in credentials_of(self.world) if c["label"] == label]
        if found["kind"] == "api-key":
            return Credential(Kind.API_KEY, Secret(found["secret"]))
        return Credential(
            Kind.SUBSCRIPTION,
            Secret(found["access_token"]),
            refresh=Secret(found["refresh_token"]),
            expires_at=found["expires_at"],
            scopes=tuple(found["scopes"]),
        )

    def force(self, name: str, **how: Any) -> None:
        self.world.faults.force(Fault(name, provider="anthropic", **how))


@pytest.fixture
def setting() -> Setting:
    return Setting()


async def refused(awaitable: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await awaitable
    return caught.value


async def streamed(provider: Provider, request: ChatRequest, credential: Credential) -> list[Delta]:
    async with provider.stream(request, credential) as stream:
        return [delta async for delta in stream]


# --- who and what -----------------------------------------------------------------------------------------


async def test_a_subscription_is_known_by_account_and_organisation(setting: Setting) -> None:
    max20 = setting.world.subscriptions["max"]
    identity = await setting.provider.identify(setting.credential("max"))
    assert identity.key == f"{max20.account_uuid}/{max20.organization_uuid}"
    assert (identity.email, identity.plan) == ("ada@example.com", "Max 20x")


async def test_one_email_in_two_organisations_is_two_identities(setting: Setting) -> None:
    setting.world.add_subscription("team", "team-premium", email="ada@example.com", organization="Engines")
    first = await setting.provider.identify(setting.credential("max"))
    second = await setting.provider.identify(setting.credential("team"))
    assert first.key != second.key
    assert (second.plan, second.organization) == ("Team Premium", "Engines")


async def test_an_api_key_is_known_by_its_fingerprint(setting: Setting) -> None:
    credential = setting.credential("console")
    identity = await setting.provider.identify(credential)
    assert identity.key == f"key-{credential.secret.fingerprint()}"
    assert (identity.plan, identity.organization) == ("API", setting.world.api_keys["console"].organization_uuid)
    (call,) = setting.world.calls.listed()
    assert (call.path, call.query) == ("/v1/models", {"limit": "1"})


@pytest.mark.parametrize("scopes", [("user:inference",), ()])
async def test_a_setup_token_is_proved_without_a_profile(setting: Setting, scopes: tuple[str, ...]) -> None:
    credential = replace(setting.credential("setup"), scopes=scopes)  # () is a token whose scopes nobody knows
    identity = await setting.provider.identify(credential)
    assert identity.key == f"token-{credential.secret.fingerprint()}"
    assert identity.plan is None


@pytest.mark.parametrize("secret", ["sk-ant-api03-wrong", "with space", "new\nline", "ünïcode", ""])
async def test_a_wrong_key_is_refused(setting: Setting, secret: str) -> None:
    error = await refused(setting.provider.identify(Credential(Kind.API_KEY, Secret(secret))))
    assert error.failure.meaning is Meaning.LOGIN_DEAD


@pytest.mark.parametrize("old_items", [False, True])
async def test_models_come_from_every_page_in_both_shapes(setting: Setting, old_items: bool) -> None:
    setting.world.knobs.models_page = 2
    setting.world.knobs.old_model_items = old_items
    models = await setting.provider.models(setting.credential("console"))
    assert len(setting.world.calls.listed(path="/v1/models")) > 2
    assert len({m.id for m in models}) == len(models) > 4
    assert all(m.provider == "anthropic" and m.name and m.tools for m in models)
    sonnet = next(m for m in models if m.id.startswith(MODEL))
    assert sonnet.reasoning is True
    assert sonnet.context is None if old_items else sonnet.context


async def test_models_need_an_account(setting: Setting) -> None:
    assert (await refused(setting.provider.models(None))).failure.meaning is Meaning.GATED


async def test_a_catalogue_that_never_ends_is_given_up(setting: Setting) -> None:
    page = {"data": [{"type": "model", "id": "m"}], "has_more": True, "last_id": "m"}
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=page)

    provider = AnthropicProvider(open_client(transport=httpx.MockTransport(answer)), clock=setting.clock)
    assert [m.id for m in await provider.models(setting.credential("console"))] == ["m"]
    assert len(asked) == 2


# --- usage ------------------------------------------------------------------------------------------------


async def test_usage_and_headers_agree_on_every_window(setting: Setting) -> None:
    max20 = setting.world.subscriptions["max"]
    max20.five_hour.fill(setting.clock.now(), 0.5, 3600)
    max20.seven_day.fill(setting.clock.now(), 0.25, 86400)
    max20.scoped[0].window.fill(setting.clock.now(), 0.75, 86400)
    report = await setting.provider.usage(setting.credential("max"))
    assert report is not None
    by_usage = {w.key: w for w in report.windows if w.counts}
    reply = await setting.provider.complete(ask(model="claude-fable-5"), setting.credential("max"))
    by_headers = {w.key: w for w in reply.windows if w.counts}
    assert set(by_usage) == set(by_headers) == {"5h", "7d", "7d:fable"}
    for key, window in by_headers.items():
        assert window.resets_at == pytest.approx(by_usage[key].resets_at, abs=1.5)
        assert window.utilization == pytest.approx(by_usage[key].utilization, abs=0.01)


async def test_keys_and_setup_tokens_have_no_usage_and_nobody_asks(setting: Setting) -> None:
    assert await setting.provider.usage(setting.credential("console")) is None
    assert await setting.provider.usage(setting.credential("setup")) is None
    assert setting.world.calls.listed() == []


async def test_a_token_of_unknown_scopes_learns_that_it_may_not_ask(setting: Setting) -> None:
    error = await refused(setting.provider.usage(replace(setting.credential("setup"), scopes=())))
    assert (error.failure.meaning, error.failure.code) == (Meaning.GATED, "scope-refused")
    assert not error.failure.retryable_here


@pytest.mark.parametrize("wait", [None, 0, 3600])
async def test_the_usage_endpoints_own_limit_is_told_with_its_wait(setting: Setting, wait: float | None) -> None:
    setting.force("usage-429", seconds=wait)
    failure = (await refused(setting.provider.usage(setting.credential("max")))).failure
    assert (failure.meaning, failure.status, failure.retry_after) == (Meaning.THROTTLED, 429, wait)


@pytest.mark.parametrize(
    ("shape", "keys"),
    [
        ("full", {"5h", "7d", "7d:fable"}),
        ("legacy", {"5h", "7d", "7d:opus"}),
        ("all-null", set()),
        ("idle", {"5h", "7d"}),
        ("over", {"5h", "7d", "7d:fable"}),
        ("past-reset", {"5h", "7d"}),
        ("unknown-kinds", {"5h", "7d", "7d:fable", "lunar-cycle"}),
        ("notice", set()),
        ("bare-windows", {"5h", "7d"}),
    ],
)
async def test_every_shape_of_usage_is_read(setting: Setting, shape: Any, keys: set[str]) -> None:
    setting.world.subscriptions["max"].usage_shape = shape
    report = await setting.provider.usage(setting.credential("max"))
    assert report is not None
    assert {w.key for w in report.windows if w.counts} == keys


# --- chat -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["max", "console"])
async def test_a_whole_answer_arrives_signed_the_right_way(setting: Setting, label: str) -> None:
    reply = await setting.provider.complete(ask(), setting.credential(label))
    assert reply.text
    assert reply.finish is Finish.STOP
    assert reply.usage.output_tokens > 0
    assert reply.request_id
    (call,) = setting.world.calls.listed(path="/v1/messages")
    assert call.account == label
    assert call.headers["anthropic-version"] == "2023-06-01"
    assert call.headers["user-agent"].startswith("rota/")
    assert ("x-api-key" in call.headers) is (label == "console")
    assert ("authorization" in call.headers) is (label == "max")
    assert call.headers.get("anthropic-beta") == (None if label == "console" else "oauth-2025-04-20")
    windows = {w.key for w in reply.windows if w.counts}
    assert windows == ({"5h", "7d"} if label == "max" else {"requests", "tokens", "input-tokens", "output-tokens"})


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-8", "claude-haiku-4-5"])
async def test_every_option_is_one_the_server_takes(setting: Setting, model: str) -> None:
    request = ask(
        "[[think=5]] think", model, temperature=1.5, top_p=0.9, stop=("ZZZ",), reasoning_effort="low", max_tokens=9000
    )
    reply = await setting.provider.complete(request, setting.credential("console"))
    assert isinstance(reply.parts[0], Reasoning)
    await setting.provider.complete(replace(request, reasoning_effort=None), setting.credential("console"))


@pytest.mark.parametrize("text", ["hello", "[[think=5]] hello", '[[tool=look:{"at": "sky"}]]'])
async def test_a_stream_says_what_the_whole_answer_says(setting: Setting, text: str) -> None:
    request = ask(text, tools=(Tool("look"),), reasoning_effort="low" if "think" in text else None)
    whole = await setting.provider.complete(request, setting.credential("max"))
    said = await streamed(setting.provider, request, setting.credential("max"))
    assert "".join(d.text for d in said if isinstance(d, TextDelta)) == whole.text
    thoughts = [p.text for p in whole.parts if isinstance(p, Reasoning)]
    assert "".join(d.text for d in said if isinstance(d, ReasoningDelta)) == "".join(thoughts)
    calls = [d for d in said if isinstance(d, ToolCallDelta) and d.id is not None]
    assert [(d.index, d.name) for d in calls] == [(i, c.name) for i, c in enumerate(whole.tool_calls)]
    assert isinstance(said[-1], Finished)
    assert said[-1].finish is whole.finish
    assert said[-1].usage.output_tokens == whole.usage.output_tokens
    assert sum(isinstance(d, Finished) for d in said) == 1


async def test_a_tool_loop_goes_round_with_parallel_calls_and_signed_thinking(setting: Setting) -> None:
    text = '[[think=4]] [[tool=look:{"at": "sky"}]] [[tool=look:{"at": "sea"}]]'
    request = ask(text, tools=(Tool("look"),), reasoning_effort="low")
    first = await setting.provider.complete(request, setting.credential("console"))
    assert (first.finish, [c.arguments for c in first.tool_calls]) == (
        Finish.TOOL_CALLS,
        [{"at": "sky"}, {"at": "sea"}],
    )
    results = tuple(Message(Role.TOOL, (ToolResult(c.id, (Text("blue"),)),)) for c in first.tool_calls)
    history = (*request.messages, Message(Role.ASSISTANT, first.parts), *results)
    second = await setting.provider.complete(replace(request, messages=history), setting.credential("console"))
    assert second.finish is Finish.STOP
    assert second.text


async def test_a_forced_tool_is_called(setting: Setting) -> None:
    request = ask("hello", tools=(Tool("look"),), tool_choice=ToolChoice.REQUIRED, reasoning_effort="high")
    reply = await setting.provider.complete(request, setting.credential("console"))
    assert [c.name for c in reply.tool_calls] == ["look"]


ANSWERS = [
    ("limited-5h", Meaning.LIMITED),
    ("limited-7d", Meaning.LIMITED),
    ("limited-model", Meaning.LIMITED),
    ("throttle", Meaning.THROTTLED),
    ("ramp", Meaning.THROTTLED),
    ("spend-cap", Meaning.CREDITS_EXHAUSTED),
    ("low-credit", Meaning.CREDITS_EXHAUSTED),
    ("billing", Meaning.CREDITS_EXHAUSTED),
    ("long-context", Meaning.REFUSED),
    ("policy-claude-code", Meaning.REFUSED),
    ("policy-third-party", Meaning.REFUSED),
    ("policy-extra-usage", Meaning.REFUSED),
    ("expired", Meaning.LOGIN_DEAD),
    ("invalid-token", Meaning.LOGIN_DEAD),
    ("revoked", Meaning.LOGIN_DEAD),
    ("forbidden", Meaning.GATED),
    ("not-found", Meaning.MODEL_UNAVAILABLE),
    ("conflict", Meaning.BAD_REQUEST),
    ("too-large", Meaning.BAD_REQUEST),
    ("bad-request", Meaning.BAD_REQUEST),
    ("api-error", Meaning.OVERLOADED),
    ("timeout", Meaning.OVERLOADED),
    ("overloaded", Meaning.OVERLOADED),
    ("html", Meaning.OVERLOADED),
    ("garbage", Meaning.NETWORK),
    ("wrong-shape", Meaning.NETWORK),
    ("empty", Meaning.NETWORK),
]


@pytest.mark.parametrize(("fault", "meaning"), ANSWERS)
@pytest.mark.parametrize("way", ["complete", "stream", "forward"])
async def test_every_answer_is_classified_each_way(setting: Setting, fault: str, meaning: Meaning, way: str) -> None:
    setting.force(fault)
    credential, model = setting.credential("max"), "claude-fable-5"
    if way == "complete":
        error = await refused(setting.provider.complete(ask(model=model), credential))
    elif way == "stream":
        error = await refused(streamed(setting.provider, ask(model=model), credential))
    elif fault in ("garbage", "wrong-shape", "empty"):
        return  # a 200 of whatever kind is the caller's to read
    else:
        body = b'{"model":"claude-fable-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'

        async def forward() -> None:
            async with setting.provider.forward("POST", "/v1/messages", body, {}, credential, model=model):
                pass

        error = await refused(forward())
        assert isinstance(error, ForwardRefused)
        assert error.body
        assert error.status == error.failure.status
    assert error.failure.meaning is meaning
    assert error.failure.scope == (model if fault == "limited-model" else None)
    if meaning is Meaning.LIMITED:
        assert error.failure.until is not None
        assert error.failure.until > setting.clock.now()
        assert any(w.status == "rejected" for w in error.windows)


# --- logins -----------------------------------------------------------------------------------------------


async def test_a_refresh_token_works_once_and_its_successor_works(setting: Setting) -> None:
    spent = setting.credential("max")
    renewed = await setting.provider.refresh(spent)
    assert renewed.secret != spent.secret
    assert renewed.refresh not in (None, spent.refresh)
    assert (renewed.expires_at or 0) > setting.clock.now()
    assert (await setting.provider.identify(renewed)).email == "ada@example.com"
    error = await refused(setting.provider.refresh(spent))
    assert (error.failure.meaning, error.failure.code) == (Meaning.LOGIN_DEAD, "invalid_grant")


@pytest.mark.parametrize(
    ("fault", "meaning", "code"),
    [
        ("token-gone", Meaning.LOGIN_DEAD, "invalid_grant"),
        ("token-expired", Meaning.LOGIN_DEAD, "invalid_grant"),
        ("token-429", Meaning.THROTTLED, "rate_limit_error"),
        ("token-404", Meaning.OVERLOADED, None),
        ("invalid-client", Meaning.OVERLOADED, "invalid_client"),
        ("html", Meaning.OVERLOADED, None),
        ("garbage", Meaning.NETWORK, "answer-lost"),
        ("empty", Meaning.NETWORK, "answer-lost"),
        ("wrong-shape", Meaning.NETWORK, "answer-lost"),
    ],
)
async def test_a_failed_refresh_is_classified(
    setting: Setting, fault: str, meaning: Meaning, code: str | None
) -> None:
    setting.force(fault, path="oauth/token")
    failure = (await refused(setting.provider.refresh(setting.credential("max")))).failure
    assert (failure.meaning, failure.code) == (meaning, code)


@pytest.mark.parametrize("fault", ["no-refresh-token", "bare"])
async def test_a_sparse_token_answer_is_enough(setting: Setting, fault: str) -> None:
    setting.force(fault)
    spent = setting.credential("max")
    renewed = await setting.provider.refresh(spent)
    assert renewed.refresh is not None
    assert renewed.scopes == spent.scopes
    assert (await setting.provider.identify(renewed)).email == "ada@example.com"


async def test_a_sign_in_ends_with_the_account_that_approved_it(setting: Setting) -> None:
    sign_in = setting.provider.begin_sign_in()
    page = await setting.client.get(f"{sign_in.url}&approve=max")
    pasted = parse_qs(urlsplit(page.headers["location"]).query)
    code = sign_in.accept(f"{pasted['code'][0]}#{pasted['state'][0]}")
    grant = await setting.provider.exchange_code(sign_in, code)
    identity = await setting.provider.identify(grant.credential)
    assert grant.identity is not None
    assert grant.identity.key == identity.key
    again = await refused(setting.provider.exchange_code(sign_in, code))
    assert again.failure.code == "invalid_grant"


# --- over real sockets ------------------------------------------------------------------------------------


@asynccontextmanager
async def over_sockets() -> AsyncIterator[tuple[SimulatorServer, Provider, Credential]]:
    async with SimulatorServer() as server:
        client = open_client()
        provider = AnthropicProvider(
            client,
            api_url=server.base_urls["anthropic_api"],
            auth_url=server.base_urls["anthropic_auth"],
            clock=server.world.clock,
        )
        key = next(c for c in server.credentials if c["label"] == "console")
        try:
            yield server, provider, Credential(Kind.API_KEY, Secret(key["secret"]))
        finally:
            await client.aclose()


async def test_a_compressed_answer_is_read() -> None:
    async with over_sockets() as (server, provider, key):
        plain = await provider.complete(ask(), key)
        server.world.knobs.gzip = True
        assert (await provider.complete(ask(), key)).text == plain.text
        assert len(await provider.models(key)) > 4


async def test_a_stream_over_a_socket_is_whole_however_it_is_chunked() -> None:
    async with over_sockets() as (server, provider, key):
        whole = await provider.complete(ask("hello"), key)
        for split in (1, 3, 7, 0):
            server.world.knobs.chunk_bytes = split
            said = await streamed(provider, ask("hello"), key)
            assert "".join(d.text for d in said if isinstance(d, TextDelta)) == whole.text
            assert isinstance(said[-1], Finished)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("cut", "cut"), ("truncated", "cut"), ("stream-error", "overloaded_error"), ("ping-only", "cut")],
)
async def test_a_broken_stream_over_a_socket_never_passes_for_whole(fault: str, code: str) -> None:
    async with over_sockets() as (server, provider, key):
        server.world.faults.force(Fault(fault, after=4))
        said: list[Delta] = []

        async def read() -> None:
            nonlocal said
            async with provider.stream(ask(), key) as stream:
                async for delta in stream:
                    said += [delta]

        assert (await refused(read())).failure.code == code
        assert not any(isinstance(d, Finished) for d in said)


async def test_a_lost_refresh_over_a_socket_says_that_the_token_may_be_spent() -> None:
    async with over_sockets() as (server, provider, _):
        found = next(c for c in server.credentials if c["label"] == "pro")
        login = Credential(Kind.SUBSCRIPTION, Secret(found["access_token"]), refresh=Secret(found["refresh_token"]))
        server.world.faults.force(Fault("lost"))
        failure = (await refused(provider.refresh(login))).failure
        assert (failure.meaning, failure.code) == (Meaning.NETWORK, "answer-lost")
        assert next(r["spent"] for r in refreshes_of(server.world) if r["account"] == "pro") == 1


async def test_forwarding_over_a_socket_changes_no_byte_and_exchanges_only_the_key() -> None:
    body = (
        b'{ "model":"claude-sonnet-4-5" ,"max_tokens":50,"stream":true,"messages":[{"role":"user","content":"hi"}]}'
    )
    callers = {
        "X-Api-Key": "the-gateways-own-key",
        "Authorization": "Bearer the-gateways-own-key",
        "User-Agent": "somebody/1.0",
        "Cookie": "a=b",
        "Host": "127.0.0.1:1",
        "Content-Type": "application/json",
        "Anthropic-Beta": "context-1m-2025-08-07, oauth-2025-04-20",
        "Anthropic-Version": "2023-06-01",
        "Accept-Encoding": "gzip, br",
    }
    async with over_sockets() as (server, provider, key):
        async with provider.forward("POST", "/v1/messages?beta=true", body, callers, key, model=MODEL) as answer:
            raw = await answer.body()
        assert answer.status == 200
        assert answer.streamed
        assert answer.request_id == answer.headers["request-id"]
        assert "transfer-encoding" not in answer.headers
        assert "date" not in answer.headers
        assert raw.startswith(b"event: message_start\n")
        assert raw.rstrip().endswith(b"}")
        assert b"message_stop" in raw
        assert {w.key for w in answer.windows} == {"requests", "tokens", "input-tokens", "output-tokens"}
        (call,) = server.world.calls.listed(path="/v1/messages")
        assert call.account == "console"
        assert call.query == {"beta": "true"}
        assert call.headers["user-agent"].startswith("rota/")
        assert call.headers["anthropic-beta"] == "context-1m-2025-08-07, oauth-2025-04-20"
        assert "authorization" not in call.headers
        assert call.headers["host"] != "127.0.0.1:1"


class Held(httpx.AsyncByteStream):
    """A refusal whose connection stays open until somebody closes it."""

    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'

    async def aclose(self) -> None:
        self.closed = True


async def test_a_refused_forward_gives_its_connection_back(setting: Setting) -> None:
    held = Held()
    transport = httpx.MockTransport(lambda request: httpx.Response(529, stream=held))
    provider = AnthropicProvider(open_client(transport=transport), clock=setting.clock)
    with pytest.raises(ForwardRefused, match="Overloaded"):
        async with provider.forward("POST", "/v1/messages", b"{}", {}, setting.credential("console")):
            pass
    assert held.closed


async def test_a_callers_betas_are_joined_by_the_logins_own_once(setting: Setting) -> None:
    body = b'{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"hi"}]}'
    betas = {"anthropic-beta": "a-1,b-2"}
    async with setting.provider.forward(
        "POST", "/v1/messages/count_tokens", body, betas, setting.credential("max")
    ) as answer:
        raw = await answer.body()
    assert b"input_tokens" in raw
    assert not answer.streamed
    (call,) = setting.world.calls.listed(path="count_tokens")
    assert call.headers["anthropic-beta"] == "a-1,b-2,oauth-2025-04-20"
