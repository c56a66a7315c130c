"""The admin routes: set state, force answers, read what was called, and never see a secret there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.simulated import ask, claude, drive, puter, reach, seeded

from rota.simulator import FAULTS, SCENARIOS, World, build_world, credentials_of
from rota.simulator.faults import ANYWHERE, STREAMS

if TYPE_CHECKING:
    import httpx

    from rota.clock import ManualClock

SETTINGS: list[tuple[str, dict[str, Any], str, Any]] = [
    ("max", {"five_hour": {"utilization": 0.5, "resets_in": 60}}, "subscriptions", {"utilization": 0.5}),
    ("max", {"scoped": {"utilization": 1}, "policy": "third-party"}, "subscriptions", {}),
    ("max", {"extra": {"enabled": True, "used": 12.0}, "usage_shape": "legacy"}, "subscriptions", {}),
    ("console", {"rpm": 7, "credit_cents": 3}, "api_keys", {"requests": 7, "credit_cents": 3}),
    ("carol", {"remaining": 5, "gates": ["phone", "card"]}, "puter", {"remaining": 5, "gates": ["card", "phone"]}),
    ("carol", {"tier": "paid", "flagged": True}, "puter", {"tier": "paid", "allowance": 1e9}),
]


@pytest.mark.parametrize(("label", "settings", "kind", "shown"), SETTINGS)
async def test_an_accounts_state_is_set_and_shown(
    client: httpx.AsyncClient, label: str, settings: dict[str, Any], kind: str, shown: dict[str, Any]
) -> None:
    answer = await client.patch(f"/_sim/accounts/{label}", json=settings)
    state = answer.json()[kind][label]
    assert answer.status_code == 200
    assert shown.items() <= {**state, **state.get("five_hour", {})}.items()


WRONG: list[tuple[str, str, Any]] = [
    ("PATCH", "/_sim/accounts/nobody", {}),
    ("PATCH", "/_sim/accounts/max", {"colour": "red"}),
    ("PATCH", "/_sim/accounts/max", {"policy": "none of them"}),
    ("PATCH", "/_sim/accounts/max", {"five_hour": {"utilization": "half"}}),
    ("PATCH", "/_sim/accounts/max", {"five_hour": 0.5}),
    ("PATCH", "/_sim/accounts/carol", {"suspended": 1}),
    ("PATCH", "/_sim/accounts/carol", ["suspended"]),
    ("PATCH", "/_sim/knobs", {"era": "2031"}),
    ("PATCH", "/_sim/knobs", {"latency": True}),
    ("PATCH", "/_sim/knobs", {"speed": 1}),
    ("PATCH", "/_sim/models/nope", {"limited_for": 1}),
    ("POST", "/_sim/faults", {"name": "earthquake"}),
    ("POST", "/_sim/faults", {"name": "html", "often": True}),
    ("POST", "/_sim/faults", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRONG)
async def test_what_cannot_be_set_is_said(client: httpx.AsyncClient, method: str, path: str, body: Any) -> None:
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_a_body_that_is_no_json_is_said(client: httpx.AsyncClient) -> None:
    answer = await client.patch("/_sim/knobs", content=b"{")
    assert (answer.status_code, answer.json()) == (400, {"error": "the body is not JSON"})


async def test_faults_are_forced_listed_and_cleared(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/_sim/faults", json={"name": "overloaded", "account": "max", "times": 2, "seconds": 3})
    await client.post("/_sim/faults", json={"name": "html", "times": 0, "path": "/models"})
    url, headers = "/anthropic/v1/messages", claude(world, "max")
    first = await client.post(url, headers=headers, json=ask())
    listed = (await client.get("/_sim/faults")).json()
    assert first.status_code == 529
    assert [(fault["name"], fault["times"]) for fault in listed["waiting"]] == [("overloaded", 1), ("html", 0)]
    assert listed["known"] == dict(FAULTS)
    for _ in range(3):
        assert (await client.get("/puter-api/puterai/chat/models")).status_code == 502
    await client.delete("/_sim/faults")
    assert (await client.post(url, headers=headers, json=ask())).status_code == 200


async def test_every_call_is_noted_with_what_a_test_may_ask(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/anthropic/v1/messages?beta=true", headers=claude(world, "max"), json=ask(stream=True))
    await client.post("/puter-api/drivers/call", headers=puter(world, "carol"), json=drive("[[status=429]]"))
    await client.get("/puter-api/nope")
    calls = (await client.get("/_sim/calls")).json()
    first, second, third = calls
    assert (first["provider"], first["method"], first["path"]) == ("anthropic", "POST", "/v1/messages")
    assert (first["account"], first["model"], first["stream"]) == ("max", "claude-sonnet-4-5", True)
    assert (first["status"], first["outcome"], first["query"]) == (200, "answered", {"beta": "true"})
    assert first["headers"]["anthropic-beta"] == "oauth-2025-04-20"
    assert first["body"]["messages"] == [{"role": "user", "content": "hi"}]
    assert (second["account"], second["status"], second["headers"]["origin"]) == ("carol", 429, "http://localhost")
    assert (third["account"], third["status"]) == (None, 404)
    assert [call["id"] for call in (await client.get("/_sim/calls?since=1&provider=puter")).json()] == [2, 3]
    assert [call["id"] for call in (await client.get("/_sim/calls?path=/drivers&account=carol")).json()] == [2]
    await client.delete("/_sim/calls")
    assert (await client.get("/_sim/calls")).json() == []


async def test_no_secret_is_noted_or_shown(client: httpx.AsyncClient, world: World) -> None:
    login = seeded(world, "max")
    body = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"], "client_id": "c"}
    tokens = [
        (await client.post("/claude/v1/oauth/token", json=body)).json(),
        (await client.post("/claude/v1/oauth/token", data=body)).json(),
    ]
    await client.post("/anthropic/v1/messages", headers=claude(world, "console"), json=ask())
    await client.post("/puter-api/drivers/call", json={**drive(), "auth_token": seeded(world, "carol")["secret"]})
    await client.get("/puter-api/whoami", params={"auth_token": seeded(world, "carol")["secret"]})
    shown = [await client.get(path) for path in ("/_sim/calls", "/_sim/", "/_sim/refreshes", "/_sim/faults")]
    secrets = [item[name] for item in credentials_of(world) for name in ("secret", "refresh_token") if name in item]
    secrets += [tokens[0]["access_token"], tokens[0]["refresh_token"]]
    for answer in shown:
        assert not [secret for secret in secrets if secret in answer.text]
    spent = [item for item in shown[2].json() if item["account"] == "max"]
    assert [(item["spent"], item["refused"]) for item in spent] == [(1, 1), (0, 0)]


async def test_secrets_are_recognisable_fakes_with_the_providers_prefixes(world: World) -> None:
    for item in credentials_of(world):
        match item["kind"]:
            case "subscription":
                assert item["access_token"].startswith("sk-ant-oat01-sim-")
                assert item["refresh_token"].startswith("sk-ant-ort01-sim-")
            case "api-key":
                assert item["secret"].startswith("sk-ant-api03-sim-")
            case _:
                assert item["secret"].count(".") == 2
                assert ".sim-" in item["secret"]


@pytest.mark.parametrize("name", SCENARIOS)
async def test_every_scenario_is_the_same_for_the_same_seed(clock: ManualClock, name: str) -> None:
    one, two, other = (build_world(name, seed=seed, clock=clock) for seed in (5, 5, 6))
    assert json.dumps(credentials_of(one)) == json.dumps(credentials_of(two))
    assert credentials_of(one)[0]["secret"] != credentials_of(other)[0]["secret"]
    async with reach(one) as first, reach(two) as second:
        assert (await first.get("/_sim/")).json() == (await second.get("/_sim/")).json()


SIZES = [("default", 8), ("many", 50), ("many-200", 200)]


@pytest.mark.parametrize(("name", "accounts"), SIZES)
def test_a_scenario_has_its_size(clock: ManualClock, name: str, accounts: int) -> None:
    assert len(credentials_of(build_world(name, clock=clock))) == accounts


def test_the_default_scenario_is_what_the_first_tests_expect(world: World) -> None:
    kinds = [item["kind"] for item in credentials_of(world)]
    assert (kinds.count("subscription"), kinds.count("api-key")) == (3, 2)
    assert (kinds.count("puter"), kinds.count("puter-guest")) == (2, 1)


async def test_the_exhausted_scenario_serves_only_who_pays_extra_or_asks_another_model(clock: ManualClock) -> None:
    world = build_world("exhausted", clock=clock)
    served = {}
    async with reach(world) as client:
        for item in credentials_of(world):
            if item["provider"] == "anthropic":
                url, headers, body = (
                    "/anthropic/v1/messages",
                    claude(world, item["label"]),
                    ask(model="claude-fable-5"),
                )
            else:
                url, headers, body = "/puter-api/drivers/call", puter(world, item["label"]), drive()
            served[item["label"]] = (await client.post(url, headers=headers, json=body)).status_code
    assert served == {
        "five-hour": 429,
        "weekly": 429,
        "fable-weekly": 429,
        "paying-extra": 200,
        "no-credit": 400,
        "spend-cap": 429,
        "one-a-minute": 200,
        "spent-guest": 402,
        "spent-free": 402,
        "spent-paid": 402,
    }


async def test_the_broken_scenario_answers_badly_in_turn(clock: ManualClock) -> None:
    world = build_world("broken", clock=clock)
    async with reach(world) as client:
        usage = await client.get("/anthropic/api/oauth/usage", headers=claude(world, "max"))
        first = await client.post("/anthropic/v1/messages", headers=claude(world, "max"), json=ask())
        puters = await client.post("/puter-api/drivers/call", headers=puter(world, "carol"), json=drive())
    assert usage.headers["content-type"].startswith("text/html")
    assert (first.status_code, puters.json()["code"]) == (529, "upstream_provider_unavailable")


def test_each_fault_says_what_it_does() -> None:
    assert all(FAULTS.values())
    assert {*ANYWHERE, *STREAMS} < set(FAULTS)


async def test_each_knob_turns_what_it_says(client: httpx.AsyncClient, world: World) -> None:
    turns = {"overloaded": True, "refuse_clients": True, "normalize": True, "usage_reads_per_hour": 0}
    state = (await client.patch("/_sim/knobs", json=turns)).json()
    grant = {
        "grant_type": "refresh_token",
        "refresh_token": seeded(world, "max")["refresh_token"],
        "client_id": "c",
    }
    messages = await client.post("/anthropic/v1/messages", headers=claude(world, "max"), json=ask())
    token = await client.post("/claude/v1/oauth/token", json=grant)
    driver = await client.post("/puter-api/drivers/call", headers=puter(world, "carol"), json=drive())
    usage = await client.get("/anthropic/api/oauth/usage", headers=claude(world, "max"))
    assert turns.items() <= state["knobs"].items()
    await client.patch("/_sim/knobs", json={"pace": 0})
    assert (await client.patch("/_sim/knobs", json={"pace": 0.5})).json()["knobs"]["pace"] == 0.5
    assert messages.json()["error"]["type"] == "overloaded_error"
    assert token.json()["error"] == "invalid_client"
    assert isinstance(driver.json()["result"]["message"]["content"], str)
    assert usage.status_code == 429


async def test_an_organisation_can_switch_logins_off(client: httpx.AsyncClient, world: World) -> None:
    await client.patch("/_sim/accounts/pro", json={"organization_disabled": True})
    answer = await client.post("/anthropic/v1/messages", headers=claude(world, "pro"), json=ask())
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "permission_error")
