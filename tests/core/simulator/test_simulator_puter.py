"""The simulated Puter: tokens, gates, credits, limits, models, upstreams, eras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.simulated import drive, lines_of, puter, reach

from rota.simulator import Fault, World, build_world, set_account, set_model

if TYPE_CHECKING:
    import httpx

    from rota.clock import ManualClock

CALL = "/puter-api/drivers/call"
METER = "/puter-api/metering/usage"
FREE = "openrouter:qwen/qwen3-coder:free"
OPENAI = "/puter-api/puterai/openai/v1/chat/completions"
ANTHROPIC = "/puter-api/puterai/anthropic/v1/messages"


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- tokens and gates ---


async def test_a_token_in_the_body_wins_over_the_header(client: httpx.AsyncClient, world: World) -> None:
    body = {**drive(), "auth_token": next(iter(world.puter["dave"].tokens))}
    await client.post(CALL, headers=puter(world, "carol"), json=body)
    assert world.calls.listed(path="/drivers/call")[0].account == "dave"


async def test_a_key_header_and_a_query_are_tokens_too(client: httpx.AsyncClient, world: World) -> None:
    token = next(iter(world.puter["carol"].tokens))
    by_key = await client.get("/puter-api/whoami", headers={"x-api-key": token})
    by_query = await client.get("/puter-api/whoami", params={"auth_token": token})
    assert by_key.json()["username"] == by_query.json()["username"] == "carol"


GATED = [
    ("needs-email", (403, "email_confirmation_required")),
    ("needs-phone", (403, "phone_verification_required")),
    ("needs-card", (403, "card_verification_required")),
    ("suspended", (403, "forbidden")),
    ("session-revoked", (401, "reauth_required")),
    ("session-expired", (401, "reauth_required")),
    ("token-v1", (401, "reauth_required")),
    ("app-blocked", (403, "app_blocked")),
    ("scoped-token", (403, "forbidden")),
]


@pytest.mark.parametrize(("label", "expected"), GATED)
async def test_a_gated_account_is_refused_as_the_server_words_it(
    clock: ManualClock, label: str, expected: tuple[int, str]
) -> None:
    world = build_world("gated", clock=clock)
    async with reach(world) as client:
        answer = await client.post(CALL, headers=puter(world, label), json=drive())
        who = await client.get("/puter-api/whoami", headers=puter(world, label))
    assert code_of(answer) == expected
    assert (who.status_code == 200) == label.startswith("needs-")


@pytest.mark.parametrize("name", ["bad-token", "token-v1", "session-revoked", "session-expired"])
async def test_a_dead_login_can_be_forced(client: httpx.AsyncClient, world: World, name: str) -> None:
    world.faults.force(Fault(name))
    answer = await client.get("/puter-api/whoami", headers=puter(world, "carol"))
    assert answer.status_code == 401
    assert answer.json().get("reason") in (None, name.replace("-", "_"))


async def test_an_app_token_learns_less_of_its_user(client: httpx.AsyncClient, world: World) -> None:
    token = world.mint_puter(world.puter["carol"], "app")
    who = (await client.get("/puter-api/whoami", headers={"authorization": f"Bearer {token}"})).json()
    assert who["app_name"].startswith("app-")
    assert not who.keys() & {"email", "created_ts", "directories"}


# --- credits ---


async def test_a_reply_is_charged_in_microcents(client: httpx.AsyncClient, world: World) -> None:
    before = (await client.get(METER, headers=puter(world, "carol"))).json()
    answer = await client.post(CALL, headers=puter(world, "carol"), json=drive("[[tokens=100]]"))
    after = (await client.get(METER, headers=puter(world, "carol"))).json()
    usage = answer.json()["result"]["usage"]
    cost = usage["input_tokens"] * 300 + 100 * 1500
    assert usage["usd_cents"] == pytest.approx(cost / 1e6)
    assert before["allowanceInfo"]["remaining"] - after["allowanceInfo"]["remaining"] == pytest.approx(cost)
    record = after["usage"]["claude:claude-sonnet-4-5-20250929:output_tokens"]
    assert record == {"units": 100, "cost": 150_000, "count": 1}


async def test_metering_lags_one_call_behind(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "carol", {"remaining": 1_200})
    headers = puter(world, "carol")
    statuses = [(await client.post(CALL, headers=headers, json=drive("[[tokens=70]]"))).status_code for _ in range(3)]
    assert statuses == [200, 200, 402]
    world.knobs.turn({"metering_lags": False})
    set_account(world, "carol", {"remaining": 1_200})
    statuses = [(await client.post(CALL, headers=headers, json=drive("[[tokens=70]]"))).status_code for _ in range(2)]
    assert statuses == [200, 402]


async def test_answers_get_shorter_as_the_credits_run_out(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "carol", {"remaining": 90_000})
    answer = await client.post(CALL, headers=puter(world, "carol"), json=drive("[[tokens=500]]"))
    result = answer.json()["result"]
    assert result["message"]["stop_reason"] == "max_tokens"
    assert result["usage"]["output_tokens"] < 60


async def test_even_free_models_need_a_microcent(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "carol", {"remaining": 0})
    answer = await client.post(CALL, headers=puter(world, "carol"), json=drive(model=FREE))
    assert code_of(answer) == (402, "insufficient_funds")


async def test_credits_come_back_on_the_first_of_the_month(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    set_account(world, "carol", {"remaining": 0})
    await client.post(CALL, headers=puter(world, "carol"), json=drive())
    await clock.advance(17 * 86400)  # 15 January to 1 February
    body = (await client.get(METER, headers=puter(world, "carol"))).json()
    assert body["allowanceInfo"]["remaining"] == body["allowanceInfo"]["monthUsageAllowance"] == 50_000_000
    assert body["usage"] == {"total": 0}


async def test_bought_credits_are_used_after_the_allowance(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "carol", {"remaining": 10_000})
    set_account(world, "carol", {"purchased": 1_000_000})
    await client.post(CALL, headers=puter(world, "carol"), json=drive("[[tokens=100]]"))
    body = (await client.get(METER, headers=puter(world, "carol"))).json()["allowanceInfo"]
    assert body["addons"]["purchasedCredits"] == 1_000_000
    assert 100_000 < body["addons"]["consumedPurchaseCredits"] < 200_000


async def test_money_can_be_told_in_credits(client: httpx.AsyncClient, world: World) -> None:
    world.knobs.turn({"credits_per_microcent": 0.001})
    body = (await client.get(METER, headers=puter(world, "dave"))).json()["allowanceInfo"]
    assert (body["unit"], body["monthUsageAllowance"]) == ("credits", 1_000_000)


# --- limits ---

TIERS = [("patient_door_615887", 20), ("carol", 30)]


@pytest.mark.parametrize(("label", "allowed"), TIERS)
async def test_requests_are_counted_in_ten_seconds(
    client: httpx.AsyncClient, world: World, clock: ManualClock, label: str, allowed: int
) -> None:
    headers = puter(world, label)
    body = drive(model="fake")
    for _ in range(allowed):
        assert (await client.post(CALL, headers=headers, json=body)).status_code == 200
    refused = await client.post(CALL, headers=headers, json=body)
    assert code_of(refused) == (429, "too_many_requests")
    assert "retry-after" not in refused.headers
    await clock.advance(10)
    assert (await client.post(CALL, headers=headers, json=body)).status_code == 200


async def test_a_free_model_is_limited_for_everybody_together(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    world.knobs.turn({"free_models_per_minute": 2})
    for label in ("carol", "dave"):
        assert (await client.post(CALL, headers=puter(world, label), json=drive(model=FREE))).status_code == 200
    limited = await client.post(CALL, headers=puter(world, "dave"), json=drive(model=FREE))
    assert code_of(limited) == (429, "upstream_rate_limited")
    assert limited.json()["attempts"][0]["provider"] == "openrouter"
    await clock.advance(60)
    assert (await client.post(CALL, headers=puter(world, "dave"), json=drive(model=FREE))).status_code == 200


async def test_a_model_can_be_limited_for_a_while(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    set_model(world, "gpt-5-nano", {"limited_for": 30})
    limited = await client.post(CALL, headers=puter(world, "carol"), json=drive(model="gpt-5-nano"))
    other = await client.post(CALL, headers=puter(world, "carol"), json=drive(model="gpt-5-mini"))
    assert (limited.status_code, other.status_code) == (429, 200)
    await clock.advance(30)
    assert (await client.post(CALL, headers=puter(world, "carol"), json=drive(model="gpt-5-nano"))).status_code == 200


# --- models ---

NAMES = [
    ("claude-haiku", "claude-haiku-4-5-20251001"),
    ("anthropic:anthropic/claude-haiku-4-5", "claude-haiku-4-5-20251001"),
    ("  GPT-5 ", "gpt-5-2025-08-07"),
    ("OpenRouter:Qwen/Qwen3-Coder:FREE", FREE),
    ("qwen/qwen3-coder:free", FREE),
]


@pytest.mark.parametrize(("asked", "served"), NAMES)
async def test_a_model_answers_to_all_its_names(
    client: httpx.AsyncClient, world: World, asked: str, served: str
) -> None:
    answer = await client.post(CALL, headers=puter(world, "carol"), json=drive(model=asked))
    assert answer.json()["metadata"]["providerUsed"] == served


async def test_the_catalogue_has_more_than_five_hundred_models_with_distinct_ids(client: httpx.AsyncClient) -> None:
    models = (await client.get("/puter-api/puterai/chat/models/details")).json()["models"]
    ids = [model["id"] for model in models]
    assert len(ids) == len(set(ids)) > 500
    assert ids == [model["id"] for model in sorted(models, key=lambda model: (model["provider"], model["id"]))]
    free = [model for model in models if not any(cost for key, cost in model["costs"].items() if key != "tokens")]
    assert len(free) > 50
    assert any(model.get("max_tokens") is None for model in models)


async def test_the_default_chain_of_free_models_is_served(client: httpx.AsyncClient, world: World) -> None:
    for slug in ("xiaomi/mimo-v2-flash", "mistralai/mistral-small-3.2-24b-instruct", "openai/gpt-oss-20b"):
        body = drive(model=f"openrouter:{slug}:free")
        usage = (await client.post(CALL, headers=puter(world, "carol"), json=body)).json()["result"]["usage"]
        assert usage.keys() == {"prompt", "completion", "input_cache_read", "request", "usd_cents"}
        assert usage["usd_cents"] == 0


async def test_some_models_are_for_subscribers(client: httpx.AsyncClient, world: World) -> None:
    free = await client.post(CALL, headers=puter(world, "carol"), json=drive(model="gpt-5-pro"))
    paid = await client.post(CALL, headers=puter(world, "dave"), json=drive(model="gpt-5-pro"))
    assert code_of(free) == (403, "permission_denied")
    assert paid.status_code == 200


async def test_an_openai_image_to_claude_goes_by_openrouter(client: httpx.AsyncClient, world: World) -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    messages = [{"role": "user", "content": [part, {"type": "text", "text": "what is in this picture?"}]}]
    answer = (await client.post(CALL, headers=puter(world, "carol"), json=drive(messages=messages))).json()
    assert answer["metadata"]["service_used"] == "openrouter"
    assert "1 image" in answer["result"]["message"]["content"]


# --- replies ---

TWO_CALLS = '[[tool=f:{"n":1}]] [[tool=f:{"n":2}]]'


async def test_claude_stops_with_stop_though_it_calls_a_tool(client: httpx.AsyncClient, world: World) -> None:
    answer = (await client.post(CALL, headers=puter(world, "carol"), json=drive(TWO_CALLS))).json()["result"]
    assert answer["finish_reason"] == "stop"
    assert answer["message"]["stop_reason"] == "tool_use"
    uses = [block["input"] for block in answer["message"]["content"] if block["type"] == "tool_use"]
    assert uses == [{"n": 1}]  # parallel use is always off for Claude


async def test_parallel_calls_lose_all_but_the_last_in_a_stream(client: httpx.AsyncClient, world: World) -> None:
    body = drive(TWO_CALLS, model="gpt-4o-mini")
    whole = (await client.post(CALL, headers=puter(world, "carol"), json=body)).json()["result"]
    body["args"]["stream"] = True
    lines = lines_of((await client.post(CALL, headers=puter(world, "carol"), json=body)).text)
    calls = [call["function"]["arguments"] for call in whole["message"]["tool_calls"]]
    assert calls == ['{"n":1}', '{"n":2}']
    assert whole["finish_reason"] == "tool_calls"
    assert [line["input"] for line in lines if line["type"] == "tool_use"] == [{"n": 2}]


async def test_claudes_answer_can_be_had_in_openais_shape(client: httpx.AsyncClient, world: World) -> None:
    for more in ({"normalize": True}, {"response": {"normalize": True}}):
        body = drive("[[tokens=9]]", max_tokens=4, **more)
        result = (await client.post(CALL, headers=puter(world, "carol"), json=body)).json()["result"]
        assert isinstance(result["message"]["content"], str)
        assert result["finish_reason"] == "length"


async def test_reasoning_is_said_apart(client: httpx.AsyncClient, world: World) -> None:
    body = drive(model="deepseek-reasoner")
    whole = (await client.post(CALL, headers=puter(world, "carol"), json=body)).json()["result"]["message"]
    lines = lines_of(
        (
            await client.post(CALL, headers=puter(world, "carol"), json=drive(model="deepseek-reasoner", stream=True))
        ).text
    )
    assert whole["reasoning"] == "".join(line["reasoning"] for line in lines if line["type"] == "reasoning")
    effort = drive(reasoning_effort="high")
    blocks = (await client.post(CALL, headers=puter(world, "carol"), json=effort)).json()["result"]["message"]
    assert blocks["content"][0]["type"] == "thinking"


# --- upstreams and odd streams ---

UPSTREAM = [
    (400, "claude-sonnet-4-5", (400, "upstream_bad_request")),
    (401, "claude-sonnet-4-5", (500, "upstream_auth_failed")),
    (404, "gpt-4o-mini", (400, "upstream_failed")),
    (429, "gpt-4o-mini", (429, "upstream_rate_limited")),
    (500, "gpt-4o-mini", (400, "upstream_provider_unavailable")),
]


@pytest.mark.parametrize(("status", "model", "expected"), UPSTREAM)
async def test_an_upstreams_status_comes_as_puter_passes_it_on(
    client: httpx.AsyncClient, world: World, status: int, model: str, expected: tuple[int, str]
) -> None:
    asked = await client.post(CALL, headers=puter(world, "carol"), json=drive(f"[[status={status}]]", model=model))
    world.faults.force(Fault(f"upstream-{'failed' if status == 404 else status}"))
    forced = await client.post(CALL, headers=puter(world, "carol"), json=drive(model=model))
    assert code_of(asked) == code_of(forced) == expected
    assert asked.json()["attempts"][0]["status"] == status


FORCED = [
    ("exhausted", (402, "insufficient_funds")),
    ("too-many-requests", (429, "too_many_requests")),
    ("too-many-concurrent", (429, "too_many_requests")),
    ("model-not-found", (400, "bad_request")),
    ("subscriber-only", (403, "permission_denied")),
    ("moderation", (400, "bad_request")),
    ("suspended", (403, "forbidden")),
    ("app-blocked", (403, "app_blocked")),
    ("needs-card", (403, "card_verification_required")),
    ("db-unavailable", (503, "db_unavailable")),
    ("internal", (500, "internal_error")),
]


@pytest.mark.parametrize(("name", "expected"), FORCED)
async def test_each_forced_answer_comes_once(
    client: httpx.AsyncClient, world: World, name: str, expected: tuple[int, str]
) -> None:
    world.faults.force(Fault(name))
    answer = await client.post(CALL, headers=puter(world, "carol"), json=drive())
    assert code_of(answer) == expected
    assert answer.headers.get("retry-after") == ("5" if name == "db-unavailable" else None)
    assert (await client.post(CALL, headers=puter(world, "carol"), json=drive())).status_code == 200
    assert world.puter["carol"].running == 0


async def test_a_plain_403_is_no_json(client: httpx.AsyncClient, world: World) -> None:
    world.faults.force(Fault("plain-403"))
    answer = await client.post(CALL, headers=puter(world, "carol"), json=drive())
    assert (answer.status_code, answer.text) == (403, "Forbidden")
    assert answer.headers["content-type"].startswith("text/plain")


ODD_STREAMS: list[tuple[Fault, dict[str, Any]]] = [
    (Fault("stream-error", after=1), {"type": "error", "message": "terminated"}),
    (Fault("drop", after=1), {"type": "usage", "usage": {"usd_cents": None}}),
    (Fault("no-usage"), {"type": "usage"}),
]


@pytest.mark.parametrize(("fault", "last"), ODD_STREAMS)
async def test_a_stream_can_end_oddly(
    client: httpx.AsyncClient, world: World, fault: Fault, last: dict[str, Any]
) -> None:
    world.faults.force(fault)
    answer = await client.post(CALL, headers=puter(world, "carol"), json=drive("[[tokens=40]]", stream=True))
    assert answer.status_code == 200
    assert lines_of(answer.text)[-1] == last
    assert world.puter["carol"].running == 0
    metered = " ".join(world.puter["carol"].records)
    assert ("estimated_output_tokens" in metered) == (fault.name != "no-usage")


async def test_a_flagged_account_is_answered_by_fake_chat(client: httpx.AsyncClient, world: World) -> None:
    set_account(world, "carol", {"flagged": True})
    answer = (await client.post(CALL, headers=puter(world, "carol"), json=drive())).json()
    streamed = await client.post(CALL, headers=puter(world, "carol"), json=drive(stream=True))
    assert answer["metadata"] == {"service_used": "fake-chat", "providerUsed": "fake"}
    assert answer["result"]["usage"]["usd_cents"] is None
    assert [line["type"] for line in lines_of(streamed.text)] == ["text", "usage"]


# --- eras ---


@pytest.mark.parametrize("era", ["2025-legacy", "2026Q1-legacy"])
async def test_older_servers_refuse_a_post_without_an_origin(clock: ManualClock, era: str) -> None:
    world = build_world("legacy", clock=clock)
    world.knobs.turn({"era": era})
    headers = puter(world, "carol")
    async with reach(world) as client:
        good = await client.post(CALL, headers=headers, json=drive())
        del headers["origin"]
        bad = await client.post(CALL, headers=headers, json=drive())
        read = await client.get("/puter-api/whoami", headers=headers)
    assert (good.status_code, bad.status_code, read.status_code) == (200, 403, 200)
    assert bad.text == "Forbidden"


ERAS = [
    ("current", 402, ("code", "insufficient_funds")),
    ("2026Q1-legacy", 200, ("code", "insufficient_funds")),
    ("2025-legacy", 200, ("code", "error_400_from_delegate")),
]


@pytest.mark.parametrize(("era", "status", "said"), ERAS)
async def test_each_era_says_exhausted_in_its_way(
    client: httpx.AsyncClient, world: World, era: str, status: int, said: tuple[str, str]
) -> None:
    world.knobs.turn({"era": era})
    set_account(world, "carol", {"remaining": 0})
    answer = await client.post(CALL, headers=puter(world, "carol"), json=drive(stream=True))
    error = answer.json() if status == 402 else answer.json()["error"]
    assert answer.status_code == status
    assert error[said[0]] == said[1]
    assert ("success" in answer.json()) == (status == 200)


async def test_a_server_of_2025_could_answer_success_for_nothing_left(
    client: httpx.AsyncClient, world: World
) -> None:
    world.faults.force(Fault("usage-limited", times=2))
    answer = (await client.post(CALL, headers=puter(world, "carol"), json=drive())).json()
    streamed = await client.post(CALL, headers=puter(world, "carol"), json=drive(stream=True))
    assert answer["metadata"]["usage_limited"] is True
    assert "usage limit" in streamed.text


async def test_older_servers_word_logins_gates_and_models_differently(clock: ManualClock) -> None:
    world = build_world("legacy", clock=clock)
    set_account(world, "dave", {"gates": ["email"]})
    async with reach(world) as client:
        no_token = await client.get("/puter-api/whoami")
        gated = await client.post(CALL, headers=puter(world, "dave"), json=drive())
        no_model = await client.post(CALL, headers=puter(world, "carol"), json=drive(model="nope"))
    assert no_token.json() == {"message": "Missing authentication token", "code": "token_missing"}
    assert gated.json()["code"] == "email_must_be_confirmed"
    assert (no_model.status_code, no_model.json()["error"]["key"]) == (200, "model")


# --- the compatible routes ---


async def test_the_compatible_routes_serve_paid_plans(client: httpx.AsyncClient, world: World) -> None:
    body = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}
    openai = await client.post(OPENAI, headers=puter(world, "dave"), json=body)
    anthropic = await client.post(ANTHROPIC, headers=puter(world, "dave"), json=body)
    assert openai.json()["choices"][0]["message"]["content"] == anthropic.json()["content"][0]["text"]
    streamed = await client.post(OPENAI, headers=puter(world, "dave"), json={**body, "stream": True})
    assert streamed.text.endswith("data: [DONE]\n\n")
    events = await client.post(ANTHROPIC, headers=puter(world, "dave"), json={**body, "stream": True})
    assert events.text.rstrip().endswith('data: {"type":"message_stop"}')
    assert world.puter["dave"].running == 0


async def test_the_compatible_routes_refuse_free_plans_and_messages_that_are_none(
    client: httpx.AsyncClient, world: World
) -> None:
    free = await client.post(OPENAI, headers=puter(world, "patient_door_615887"), json={"messages": []})
    wrong = await client.post(OPENAI, headers=puter(world, "dave"), json={"messages": "hi"})
    assert (code_of(free), free.json()["subscription"]) == ((402, "subscription_required"), "temp_free")
    assert code_of(wrong) == (400, "bad_request")
