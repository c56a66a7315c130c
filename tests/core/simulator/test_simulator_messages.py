"""The simulated messages API: its checks, its two families of limits, its streams, what an answer uses up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.simulated import ask, claude, events_of, reach

from rota.simulator import Fault, World, build_world, set_account

if TYPE_CHECKING:
    import httpx

    from rota.clock import ManualClock

URL = "/anthropic/v1/messages"
UNIFIED = "anthropic-ratelimit-unified-"


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["type"], error["message"]


# --- who may ask, and what ---

REFUSED: list[tuple[dict[str, str], str]] = [
    # no credential at all
    ({}, "x-api-key header is required"),
    ({"x-api-key": "sk-ant-api03-sim-unknown"}, "invalid x-api-key"),
    # a bearer token without the beta that allows it
    ({"authorization": "Bearer x"}, "OAuth authentication is currently not supported."),
    ({"authorization": "Bearer x", "anthropic-beta": "a, oauth-2025-04-20"}, "Invalid bearer token"),
]


@pytest.mark.parametrize(("headers", "message"), REFUSED)
async def test_a_caller_without_a_good_credential_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], message: str
) -> None:
    answer = await client.post(URL, headers={"anthropic-version": "2023-06-01", **headers}, json=ask())
    assert error_of(answer) == (401, "authentication_error", message)
    assert answer.json()["request_id"] == answer.headers["request-id"]


BAD_BODIES = [
    ({"model": None}, "model: Input should be a valid string"),
    ({"messages": []}, "messages: at least one message is required"),
    ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
    ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role: Input should be 'user' or 'assistant'"),
]


@pytest.mark.parametrize(("change", "message"), BAD_BODIES)
async def test_a_wrong_body_is_the_callers_fault(
    client: httpx.AsyncClient, world: World, change: dict[str, Any], message: str
) -> None:
    answer = await client.post(URL, headers=claude(world, "console"), json={**ask(), **change})
    assert error_of(answer) == (400, "invalid_request_error", message)


async def test_a_missing_or_unknown_version_is_refused(client: httpx.AsyncClient, world: World) -> None:
    headers = claude(world, "console")
    unknown = await client.post(URL, headers={**headers, "anthropic-version": "1999-01-01"}, json=ask())
    del headers["anthropic-version"]
    missing = await client.post(URL, headers=headers, json=ask())
    assert error_of(missing)[2] == "anthropic-version: header is required"
    assert unknown.status_code == 400


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
async def test_sampling_fields_are_refused_under_the_new_version_only(
    client: httpx.AsyncClient, world: World, field: str
) -> None:
    body = ask() | {field: 1}
    old = await client.post(URL, headers=claude(world, "console"), json=body)
    headers = {**claude(world, "console"), "anthropic-version": "2026-10-21"}
    new = await client.post(URL, headers=headers, json=body)
    assert old.status_code == 200
    assert error_of(new)[:2] == (400, "invalid_request_error")


async def test_an_unknown_or_retired_model_is_not_found(client: httpx.AsyncClient, world: World) -> None:
    for model in ("claude-9", "claude-3-haiku-20240307"):
        answer = await client.post(URL, headers=claude(world, "max"), json=ask(model=model))
        assert error_of(answer) == (404, "not_found_error", f"model: {model}")


async def test_an_expired_token_is_401_and_a_revoked_one_403(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "pro", {"access_expires_in": -1})
    set_account(world, "max", {"revoke_access": True})
    expired = await client.post(URL, headers=claude(world, "pro"), json=ask())
    revoked = await client.post(URL, headers=claude(world, "max"), json=ask())
    assert error_of(expired)[0] == 401
    assert "has expired" in error_of(expired)[2]
    assert error_of(revoked)[0] == 403
    assert "has been revoked" in error_of(revoked)[2]


async def test_an_access_token_expires_after_eight_hours(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    await clock.advance(8 * 3600 - 1)
    assert (await client.post(URL, headers=claude(world, "max"), json=ask())).status_code == 200
    await clock.advance(1)
    assert (await client.post(URL, headers=claude(world, "max"), json=ask())).status_code == 401


# --- subscriptions ---


async def test_every_subscription_answer_carries_the_unified_headers(client: httpx.AsyncClient, world: World) -> None:
    good = await client.post(URL, headers=claude(world, "max"), json=ask())
    bad = await client.post(URL, headers=claude(world, "max"), json=ask("[[status=400]]"))
    for answer in (good, bad):
        assert answer.headers[UNIFIED + "status"] == "allowed"
        assert answer.headers[UNIFIED + "5h-utilization"] == "0.18"
        assert int(answer.headers[UNIFIED + "7d-reset"]) > world.now()
        assert answer.headers["anthropic-organization-id"] == world.subscriptions["max"].organization_uuid


async def test_a_model_scoped_window_shows_only_on_requests_for_its_model(
    client: httpx.AsyncClient, world: World
) -> None:
    sonnet = await client.post(URL, headers=claude(world, "max"), json=ask())
    fable = await client.post(URL, headers=claude(world, "max"), json=ask(model="claude-fable-5"))
    assert UNIFIED + "7d_oi-status" not in sonnet.headers
    assert fable.headers[UNIFIED + "7d_oi-utilization"] == "0.27"


async def test_a_nearly_full_week_warns(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "pro", {"seven_day": {"utilization": 0.8}})
    answer = await client.post(URL, headers=claude(world, "pro"), json=ask())
    assert answer.headers[UNIFIED + "status"] == "allowed_warning"
    assert answer.headers[UNIFIED + "7d-surpassed-threshold"] == "0.75"
    assert answer.headers[UNIFIED + "representative-claim"] == "seven_day"


async def test_a_spent_window_is_a_429_until_its_reset(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    set_account(world, "pro", {"five_hour": {"utilization": 1.02, "resets_in": 2892}})
    refused = await client.post(URL, headers=claude(world, "pro"), json=ask())
    assert error_of(refused)[:2] == (429, "rate_limit_error")
    assert refused.headers["retry-after"] == "2892"
    assert refused.headers[UNIFIED + "status"] == "rejected"
    assert refused.headers[UNIFIED + "5h-utilization"] == "1.02"
    assert refused.headers[UNIFIED + "7d-status"] == "allowed"
    await clock.advance(2892)
    assert (await client.post(URL, headers=claude(world, "pro"), json=ask())).status_code == 200


async def test_a_spent_model_window_leaves_other_models_alone(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "max", {"scoped": {"utilization": 1.0, "resets_in": 86400}})
    fable = await client.post(URL, headers=claude(world, "max"), json=ask(model="claude-fable-5"))
    sonnet = await client.post(URL, headers=claude(world, "max"), json=ask())
    assert fable.status_code == 429
    assert fable.headers[UNIFIED + "representative-claim"] == "seven_day_overage_included"
    assert fable.headers[UNIFIED + "5h-status"] == "allowed"
    assert sonnet.status_code == 200


async def test_extra_usage_pays_beyond_the_plan_until_its_cap(client: httpx.AsyncClient, world: World) -> None:
    extra = {"enabled": True, "monthly_limit": 0.5}
    set_account(world, "pro", {"five_hour": {"utilization": 1.0, "resets_in": 3600}, "extra": extra})
    paid = await client.post(URL, headers=claude(world, "pro"), json=ask("[[tokens=500]]"))
    capped = await client.post(URL, headers=claude(world, "pro"), json=ask())
    assert paid.status_code == 200
    assert paid.headers[UNIFIED + "representative-claim"] == "overage"
    assert world.subscriptions["pro"].extra.used > 0.5
    assert capped.status_code == 429
    assert capped.headers[UNIFIED + "overage-disabled-reason"] == "org_spend_cap_reached"


async def test_an_idle_window_opens_with_its_first_use_and_empties_five_hours_later(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    window = world.subscriptions["team"].five_hour
    assert window.resets_at is None
    await client.post(URL, headers=claude(world, "team"), json=ask())
    assert window.resets_at == world.now() + 5 * 3600
    assert window.used > 0
    await clock.advance(5 * 3600)
    assert window.utilization(world.now()) == 0
    assert window.resets_at is None


async def test_dearer_models_and_longer_answers_use_more(client: httpx.AsyncClient, world: World) -> None:
    async def used(model: str, tokens: int) -> float:
        window = world.subscriptions["team"].seven_day
        before = window.used
        await client.post(URL, headers=claude(world, "team"), json=ask(f"[[tokens={tokens}]]", model=model))
        return window.used - before

    haiku, opus, long_opus = (
        await used("claude-haiku-4-5", 100),
        await used("claude-opus-5", 100),
        await used("claude-opus-5", 1000),
    )
    assert opus == pytest.approx(5 * haiku, rel=0.01)
    assert long_opus > 9 * opus


async def test_a_prompt_seen_within_five_minutes_is_cheap(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    system = [{"type": "text", "text": "Be brief. " * 1000, "cache_control": {"type": "ephemeral"}}]
    body = ask(system=system)

    async def usage() -> dict[str, int]:
        answer = await client.post(URL, headers=claude(world, "team"), json=body)
        found: dict[str, int] = answer.json()["usage"]
        return found

    first, second = await usage(), await usage()
    await clock.advance(301)
    third = await usage()
    assert first["cache_creation_input_tokens"] > 2000
    assert first["cache_read_input_tokens"] == 0
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert second["cache_creation_input_tokens"] == 0
    assert third["cache_read_input_tokens"] == 0


POLICIES = [
    ("claude-code", "This credential is only authorized for use with Claude Code"),
    ("third-party", "Third-party apps now draw from your extra usage"),
    ("extra-usage", "You're out of extra usage"),
]


@pytest.mark.parametrize(("policy", "words"), POLICIES)
async def test_a_refused_use_is_a_400_in_the_servers_words(
    client: httpx.AsyncClient, world: World, policy: str, words: str
) -> None:
    set_account(world, "pro", {"policy": policy})
    answer = await client.post(URL, headers=claude(world, "pro"), json=ask())
    assert error_of(answer)[:2] == (400, "invalid_request_error")
    assert error_of(answer)[2].startswith(words)


# --- API keys ---


async def test_an_api_keys_answer_carries_the_classic_headers(client: httpx.AsyncClient, world: World) -> None:
    answer = await client.post(URL, headers=claude(world, "console-small"), json=ask("[[tokens=100]]"))
    headers = {
        name.removeprefix("anthropic-ratelimit-"): value
        for name, value in answer.headers.items()
        if name.startswith("anthropic-ratelimit-")
    }
    assert headers["requests-limit"] == "50"
    assert headers["requests-remaining"] == "49"
    assert headers["output-tokens-limit"] == "8000"
    assert headers["tokens-reset"].endswith("Z")
    assert not any("unified" in name for name in headers)


async def test_requests_a_minute_are_limited_and_refill(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    set_account(world, "console-small", {"rpm": 3})
    answers = [await client.post(URL, headers=claude(world, "console-small"), json=ask()) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].headers["retry-after"] == "20"
    assert "3 requests per minute" in error_of(answers[3])[2]
    await clock.advance(20)
    assert (await client.post(URL, headers=claude(world, "console-small"), json=ask())).status_code == 200


async def test_output_tokens_a_minute_are_limited(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "console-small", {"otpm": 200})
    await client.post(URL, headers=claude(world, "console-small"), json=ask("[[tokens=300]]"))
    answer = await client.post(URL, headers=claude(world, "console-small"), json=ask())
    assert answer.status_code == 429
    assert answer.headers["anthropic-ratelimit-output-tokens-remaining"] == "0"


async def test_a_key_without_money_is_refused_in_two_ways(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "console", {"credit_cents": 0})
    set_account(world, "console-small", {"spend_limit_reached": True})
    poor = await client.post(URL, headers=claude(world, "console"), json=ask())
    capped = await client.post(URL, headers=claude(world, "console-small"), json=ask())
    assert error_of(poor)[:2] == (400, "invalid_request_error")
    assert "credit balance is too low" in error_of(poor)[2]
    assert capped.status_code == 429
    assert capped.json()["error"]["details"]["error_code"] == "enforced_spend_limit_reached"
    assert "retry-after" not in capped.headers


async def test_a_console_login_pays_like_a_key(clock: ManualClock) -> None:
    world = build_world("console", clock=clock)
    async with reach(world) as client:
        answer = await client.post(URL, headers=claude(world, "work"), json=ask())
    assert answer.status_code == 200
    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "999"


# --- forced answers ---

FORCED = [
    ("expired", 401, "authentication_error"),
    ("revoked", 403, "permission_error"),
    ("throttle", 429, "rate_limit_error"),
    ("ramp", 429, "rate_limit_error"),
    ("spend-cap", 429, "rate_limit_error"),
    ("long-context", 429, "rate_limit_error"),
    ("limited-5h", 429, "rate_limit_error"),
    ("limited-7d", 429, "rate_limit_error"),
    ("limited-model", 429, "rate_limit_error"),
    ("policy-claude-code", 400, "invalid_request_error"),
    ("low-credit", 400, "invalid_request_error"),
    ("billing", 402, "billing_error"),
    ("forbidden", 403, "permission_error"),
    ("not-found", 404, "not_found_error"),
    ("conflict", 409, "conflict_error"),
    ("too-large", 413, "request_too_large"),
    ("bad-request", 400, "invalid_request_error"),
    ("api-error", 500, "api_error"),
    ("timeout", 504, "timeout_error"),
    ("overloaded", 529, "overloaded_error"),
]


@pytest.mark.parametrize(("name", "status", "kind"), FORCED)
async def test_each_forced_answer_comes_once(
    client: httpx.AsyncClient, world: World, name: str, status: int, kind: str
) -> None:
    world.faults.force(Fault(name))
    answer = await client.post(URL, headers=claude(world, "max"), json=ask())
    after = await client.post(URL, headers=claude(world, "max"), json=ask())
    assert error_of(answer)[:2] == (status, kind)
    assert UNIFIED + "5h-utilization" in answer.headers
    assert after.status_code == 200


async def test_a_forced_window_is_shown_as_rejected_and_a_throttle_is_not(
    client: httpx.AsyncClient, world: World
) -> None:
    for name, header, status in (
        ("limited-5h", "5h-status", "rejected"),
        ("limited-7d", "7d-status", "rejected"),
        ("limited-model", "7d_oi-status", "rejected"),
        ("throttle", "status", "allowed"),
    ):
        world.faults.force(Fault(name))
        answer = await client.post(URL, headers=claude(world, "max"), json=ask())
        assert answer.headers[UNIFIED + header] == status
        assert ("retry-after" in answer.headers) == (name != "throttle")


async def test_a_fault_can_name_its_account_model_and_wait(client: httpx.AsyncClient, world: World) -> None:
    world.faults.force(Fault("overloaded", account="pro", model="claude-opus-5", seconds=7))
    world.faults.force(Fault("throttle", account="pro", headers={"Retry-After": "Fri, 15 Jan 2027 08:01:00 GMT"}))
    assert (await client.post(URL, headers=claude(world, "max"), json=ask())).status_code == 200
    dated = await client.post(URL, headers=claude(world, "pro"), json=ask())
    named = await client.post(URL, headers=claude(world, "pro"), json=ask(model="claude-opus-5"))
    assert dated.headers["retry-after"].endswith("GMT")
    assert (named.status_code, named.headers["retry-after"]) == (529, "7")


async def test_gateway_pages_half_json_and_other_shapes_can_come_from_anywhere(
    client: httpx.AsyncClient, world: World
) -> None:
    for name, status in (("html", 502), ("garbage", 200), ("wrong-shape", 200), ("empty", 200)):
        world.faults.force(Fault(name))
        answer = await client.post(URL, headers=claude(world, "max"), json=ask())
        assert answer.status_code == status
        assert "content" not in (answer.json() if name == "wrong-shape" else {})
    world.faults.force(Fault("answer", status=418, body={"tea": True}, headers={"X-Pot": "short"}))
    answer = await client.post(URL, headers=claude(world, "max"), json=ask())
    assert (answer.status_code, answer.json(), answer.headers["x-pot"]) == (418, {"tea": True}, "short")


# --- what is said ---


async def test_the_same_prompt_and_seed_give_the_same_reply(clock: ManualClock) -> None:
    async def say(seed: int, text: str) -> str:
        world = build_world("default", seed=seed, clock=clock)
        async with reach(world) as client:
            answer = await client.post(URL, headers=claude(world, "max"), json=ask(text))
        return str(answer.json()["content"][0]["text"])

    question = "How do caches and queues differ?"
    assert await say(1, question) == await say(1, question)
    assert await say(1, question) != await say(2, question)


async def test_a_reply_is_cut_at_max_tokens(client: httpx.AsyncClient, world: World) -> None:
    body = {**ask("[[tokens=2000]]"), "max_tokens": 50}
    answer = (await client.post(URL, headers=claude(world, "max"), json=body)).json()
    assert answer["stop_reason"] == "max_tokens"
    assert answer["usage"]["output_tokens"] == 50


async def test_a_stream_says_what_the_whole_message_says(client: httpx.AsyncClient, world: World) -> None:
    body = ask("Explain idempotency keys for naïve readers", thinking={"type": "enabled", "budget_tokens": 512})
    whole = (await client.post(URL, headers=claude(world, "max"), json=body)).json()
    streamed = await client.post(URL, headers=claude(world, "max"), json={**body, "stream": True})
    events = events_of(streamed.text)
    kinds = [event["type"] for event in events]

    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    assert "ping" in kinds
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    said = "".join(delta["text"] for delta in deltas if delta["type"] == "text_delta")
    thought = "".join(delta["thinking"] for delta in deltas if delta["type"] == "thinking_delta")
    assert [block["type"] for block in whole["content"]] == ["thinking", "text"]
    assert thought == whole["content"][0]["thinking"]
    assert said == whole["content"][1]["text"]
    assert events[-2]["usage"]["output_tokens"] == whole["usage"]["output_tokens"]
    assert any(delta["type"] == "signature_delta" for delta in deltas)


async def test_tools_are_called_side_by_side_in_fragments(client: httpx.AsyncClient, world: World) -> None:
    text = '[[tool=get_w:{"city":"Oslo"}]] [[tool=get_w:{"city":"Tromsø"}]]'
    answer = await client.post(URL, headers=claude(world, "max"), json=ask(text, stream=True))
    events = events_of(answer.text)
    starts = [
        event["content_block"]
        for event in events
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use"
    ]
    fragments: dict[int, str] = {}
    for event in events:
        if event.get("delta", {}).get("type") == "input_json_delta":
            fragments[event["index"]] = fragments.get(event["index"], "") + event["delta"]["partial_json"]
    assert [start["name"] for start in starts] == ["get_w", "get_w"]
    assert len({start["id"] for start in starts}) == 2
    assert list(fragments.values()) == ['{"city":"Oslo"}', '{"city":"Tromsø"}']
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
}
CHOICES = [
    ("Use get_weather for Oslo", {}, ["get_weather"]),
    ("Hello there friend", {}, []),
    ("Hello there friend", {"tool_choice": {"type": "any"}}, ["get_weather"]),
    ("Hello there friend", {"tool_choice": {"type": "tool", "name": "get_weather"}}, ["get_weather"]),
    ("Use get_weather for Oslo", {"tool_choice": {"type": "none"}}, []),
]


@pytest.mark.parametrize(("text", "more", "called"), CHOICES)
async def test_an_offered_tool_is_called_when_asked_for_or_forced(
    client: httpx.AsyncClient, world: World, text: str, more: dict[str, Any], called: list[str]
) -> None:
    body = ask(text, tools=[WEATHER], **more)
    answer = (await client.post(URL, headers=claude(world, "max"), json=body)).json()
    uses = [block for block in answer["content"] if block["type"] == "tool_use"]
    assert [use["name"] for use in uses] == called
    assert all(isinstance(use["input"]["city"], str) and isinstance(use["input"]["days"], int) for use in uses)


async def test_after_a_tools_result_the_model_answers_in_words(client: httpx.AsyncClient, world: World) -> None:
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": '[[tool=get_weather:{"city":"x"}]]'}
    body = ask(tools=[WEATHER], messages=[{"role": "user", "content": [result]}])
    answer = (await client.post(URL, headers=claude(world, "max"), json=body)).json()
    assert answer["stop_reason"] == "end_turn"
    assert [block["type"] for block in answer["content"]] == ["text"]


async def test_images_are_counted(client: httpx.AsyncClient, world: World) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    content = [image, {"type": "text", "text": "what do you see in this picture?"}]
    body = ask(messages=[{"role": "user", "content": content}])
    counted = await client.post(URL + "/count_tokens", headers=claude(world, "max"), json=body)
    answer = (await client.post(URL, headers=claude(world, "max"), json=body)).json()
    assert counted.json()["input_tokens"] == answer["usage"]["input_tokens"]
    assert answer["usage"]["input_tokens"] > 1500
    assert "1 image" in answer["content"][0]["text"]


async def test_a_stream_can_fail_stop_or_say_nothing(client: httpx.AsyncClient, world: World) -> None:
    async def kinds(fault: Fault) -> list[str]:
        world.faults.force(fault)
        answer = await client.post(URL, headers=claude(world, "max"), json=ask(stream=True))
        return [event["type"] for event in events_of(answer.text)]

    failed = await kinds(Fault("stream-error", after=4))
    ended = await kinds(Fault("truncated", after=4))
    pinged = await kinds(Fault("ping-only", after=3))
    assert failed[-1] == "error"
    assert len(failed) == 5
    assert ended == failed[:-1]
    assert pinged == ["ping"] * 3


async def test_models_come_in_two_pages(client: httpx.AsyncClient, world: World) -> None:
    headers = claude(world, "console")
    first = (await client.get("/anthropic/v1/models?limit=1000", headers=headers)).json()
    second = (await client.get(f"/anthropic/v1/models?after_id={first['last_id']}", headers=headers)).json()
    assert first["has_more"] is True
    assert second["has_more"] is False
    ids = [model["id"] for page in (first, second) for model in page["data"]]
    assert len(ids) == len(set(ids)) > 12
    assert first["data"][0].keys() >= {"type", "id", "display_name", "created_at", "max_input_tokens", "lifecycle"}
    back = (await client.get(f"/anthropic/v1/models?before_id={second['first_id']}", headers=headers)).json()
    assert back["data"] == first["data"]
    world.knobs.turn({"old_model_items": True})
    old = (await client.get("/anthropic/v1/models?limit=1", headers=headers)).json()
    assert old["data"][0].keys() == {"type", "id", "display_name", "created_at"}
