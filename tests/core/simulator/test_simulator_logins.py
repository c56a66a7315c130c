"""The simulated sign-in pages, token endpoint, usage and profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.support.simulated import ask, claude, reach, seeded

from rota.simulator import Fault, World, build_world, refreshes_of, set_account
from rota.simulator.anthropic.oauth import challenge_of

if TYPE_CHECKING:
    import httpx

    from rota.clock import ManualClock

TOKEN = "/claude/v1/oauth/token"
USAGE = "/anthropic/api/oauth/usage"
PROFILE = "/anthropic/api/oauth/profile"
CLIENT = "a-client-of-ours"
CALLBACK = "http://localhost:54545/callback"
VERIFIER = "v" * 43


def authorize(**change: str) -> dict[str, str]:
    return {
        "code": "true",
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "user:profile user:inference",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "state": "some-state",
    } | change


def spend(world: World, label: str, **change: str) -> dict[str, str]:
    token = seeded(world, label)["refresh_token"]
    return {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT, **change}


async def issue_code(client: httpx.AsyncClient, **change: str) -> dict[str, str]:
    answer = await client.get("/claude/oauth/authorize", params=authorize(approve="max", **change))
    assert answer.status_code == 302
    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    return {
        "grant_type": "authorization_code",
        "code": query["code"],
        "state": query["state"],
        "client_id": CLIENT,
        "redirect_uri": change.get("redirect_uri", CALLBACK),
        "code_verifier": VERIFIER,
    }


# --- signing in ---


async def test_the_authorize_page_lists_accounts_and_a_way_to_cancel(client: httpx.AsyncClient, world: World) -> None:
    page = (await client.get("/claude/oauth/authorize", params=authorize())).text
    for login in world.logins().values():
        assert login.email in page
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', page)]
    approved = await client.get(links[0])
    cancelled = await client.get(links[-1])
    assert approved.headers["location"].startswith(CALLBACK + "?code=sim-code-")
    assert cancelled.headers["location"] == CALLBACK + "?error=access_denied&state=some-state"


WRONG_REQUESTS = [
    {"redirect_uri": "https://evil.example/callback"},
    {"redirect_uri": "http://localhost:1/other"},
    {"code_challenge_method": "plain"},
    {"code_challenge": ""},
    {"state": ""},
    {"response_type": "token"},
]


@pytest.mark.parametrize("change", WRONG_REQUESTS)
async def test_a_wrong_authorize_request_shows_an_error_and_redirects_nowhere(
    client: httpx.AsyncClient, change: dict[str, str]
) -> None:
    answer = await client.get("/claude/oauth/authorize", params=authorize(approve="max") | change)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_code_is_exchanged_for_a_login_once(client: httpx.AsyncClient, world: World) -> None:
    body = await issue_code(client)
    first = await client.post(TOKEN, json=body)
    second = await client.post(TOKEN, json=body)
    token = first.json()
    assert first.status_code == 200
    assert token["expires_in"] == 28800
    assert token["account"]["email_address"] == "ada@example.com"
    assert token["organization"]["uuid"] == world.subscriptions["max"].organization_uuid
    headers = {**claude(world, "max"), "authorization": f"Bearer {token['access_token']}"}
    assert (await client.post("/anthropic/v1/messages", headers=headers, json=ask())).status_code == 200
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "change",
    [{"state": "other"}, {"code_verifier": "w" * 43}, {"redirect_uri": CALLBACK + "/"}, {"client_id": "other"}],
)
async def test_an_exchange_must_repeat_what_was_authorized(client: httpx.AsyncClient, change: dict[str, str]) -> None:
    answer = await client.post(TOKEN, json=await issue_code(client) | change)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_code_is_good_for_ten_minutes(client: httpx.AsyncClient, clock: ManualClock) -> None:
    body = await issue_code(client)
    await clock.advance(600)
    assert (await client.post(TOKEN, json=body)).json()["error"] == "invalid_grant"


async def test_without_a_loopback_the_page_shows_code_and_state(client: httpx.AsyncClient) -> None:
    redirect = "https://platform.example/oauth/code/callback"
    answer = await client.get(
        "/claude/oauth/authorize", params=authorize(approve="grace@example.com", redirect_uri=redirect)
    )
    page = await client.get(answer.headers["location"])
    assert urlsplit(answer.headers["location"]).path == "/claude/oauth/code/callback"
    assert re.search(r"<code>sim-code-\w+#some-state</code>", page.text)


# --- refreshing ---


async def test_a_refresh_token_works_once(client: httpx.AsyncClient, world: World) -> None:
    first = await client.post(TOKEN, json=spend(world, "max"))
    replay = await client.post(TOKEN, json=spend(world, "max"))
    next_one = await client.post(TOKEN, json=spend(world, "max", refresh_token=first.json()["refresh_token"]))
    assert first.status_code == 200
    assert replay.json() == {
        "error": "invalid_grant",
        "error_description": "Refresh token not found or invalid",
    }
    assert next_one.status_code == 200
    counts = [(item["spent"], item["refused"]) for item in refreshes_of(world) if item["account"] == "max"]
    assert counts == [(1, 1), (1, 0), (0, 0)]


async def test_a_form_and_the_api_host_do_as_well(client: httpx.AsyncClient, world: World) -> None:
    form = await client.post(TOKEN, data=spend(world, "max"))
    api = await client.post("/anthropic/v1/oauth/token", json=spend(world, "pro"))
    assert (form.status_code, api.status_code) == (200, 200)


async def test_a_replay_can_take_the_successors_with_it(client: httpx.AsyncClient, world: World) -> None:
    world.knobs.turn({"replay_kills_family": True})
    first = (await client.post(TOKEN, json=spend(world, "max"))).json()
    await client.post(TOKEN, json=spend(world, "max"))
    after = await client.post(TOKEN, json=spend(world, "max", refresh_token=first["refresh_token"]))
    assert after.json()["error"] == "invalid_grant"


async def test_a_refresh_token_ends_after_twenty_eight_days(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    body = spend(world, "max")
    await clock.advance(28 * 86400)
    answer = await client.post(TOKEN, json=body)
    assert answer.json() == {"error": "invalid_grant", "error_description": "Refresh token expired"}


async def test_a_console_login_is_refreshed_by_its_own_client_only(clock: ManualClock) -> None:
    world = build_world("console", clock=clock)
    async with reach(world) as client:
        other = await client.post(TOKEN, json=spend(world, "work"))
        own = await client.post(TOKEN, json=spend(world, "work", client_id=seeded(world, "work")["client_id"]))
    assert (other.status_code, own.status_code) == (400, 200)


AGENTS = [("claude-cli/2.1", 404), ("claude-code/2.1", 429), ("rota/0.1", 200), ("", 200)]


@pytest.mark.parametrize(("agent", "status"), AGENTS)
async def test_who_calls_itself_claude_code_is_turned_away_before_the_token_is_spent(
    client: httpx.AsyncClient, world: World, agent: str, status: int
) -> None:
    answer = await client.post(TOKEN, json=spend(world, "max"), headers={"user-agent": agent})
    assert answer.status_code == status
    assert refreshes_of(world)[0]["spent"] == (status == 200)


TOKEN_FAULTS: list[tuple[Fault, int, Any]] = [
    (Fault("token-429"), 429, {"type": "rate_limit_error", "message": "Rate limited. Please try again later."}),
    (Fault("token-expired"), 400, "invalid_grant"),
    (Fault("token-gone"), 400, "invalid_grant"),
    (Fault("invalid-client"), 401, "invalid_client"),
]


@pytest.mark.parametrize(("fault", "status", "error"), TOKEN_FAULTS)
async def test_the_token_endpoint_can_refuse_in_its_ways(
    client: httpx.AsyncClient, world: World, fault: Fault, status: int, error: Any
) -> None:
    world.faults.force(fault)
    answer = await client.post(TOKEN, json=spend(world, "max"))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "retry-after" not in answer.headers


async def test_a_token_answer_can_lack_what_is_optional(client: httpx.AsyncClient, world: World) -> None:
    world.faults.force(Fault("no-refresh-token"))
    world.faults.force(Fault("bare"))
    assert "refresh_token" not in (await client.post(TOKEN, json=spend(world, "max"))).json()
    bare = (await client.post(TOKEN, json=spend(world, "pro"))).json()
    assert bare.keys() == {"token_type", "access_token", "refresh_token"}


async def test_no_client_id_and_no_json_are_refused(client: httpx.AsyncClient, world: World) -> None:
    anonymous = await client.post(TOKEN, json=spend(world, "max", client_id=""))
    broken = await client.post(TOKEN, content=b"{bad", headers={"content-type": "application/json"})
    strange = await client.post(TOKEN, json={"grant_type": "password", "client_id": CLIENT})
    assert [answer.json()["error"] for answer in (anonymous, broken, strange)] == [
        "invalid_client",
        "invalid_request",
        "unsupported_grant_type",
    ]


# --- usage and profile ---


async def test_usage_speaks_percent_of_what_was_used(client: httpx.AsyncClient, world: World) -> None:
    body = (await client.get(USAGE, headers=claude(world, "max"))).json()
    assert body["five_hour"]["utilization"] == 18.0
    assert body["seven_day"]["utilization"] == 41.0
    kinds = {limit["kind"]: limit for limit in body["limits"]}
    assert kinds.keys() == {"session", "weekly_all", "weekly_scoped"}
    assert kinds["weekly_scoped"]["scope"]["model"] == {"id": None, "display_name": "Fable"}
    assert kinds["weekly_all"]["is_active"] is True
    assert body["five_hour"]["resets_at"].endswith("+00:00")


async def test_every_shape_of_usage_can_be_had(clock: ManualClock) -> None:
    world = build_world("usage-shapes", clock=clock)
    async with reach(world) as client:
        bodies = {
            label.removeprefix("usage-"): (await client.get(USAGE, headers=claude(world, label))).json()
            for label in world.subscriptions
        }
    assert "limits" not in bodies["legacy"]
    assert bodies["extra-only"].keys() == {"extra_usage"}
    assert not any(bodies["all-null"].values())
    assert bodies["idle"]["five_hour"] == {"utilization": 0, "resets_at": None}
    assert bodies["over"]["five_hour"]["utilization"] == 104.0
    assert bodies["past-reset"]["five_hour"]["resets_at"] < "2027-01-15T08:00:00"
    assert "lunar_cycle" in {limit["kind"] for limit in bodies["unknown-kinds"]["limits"]}
    assert "notice" in bodies["notice"]
    assert bodies["bare-windows"] == {"five_hour": {"utilization": 15.0}, "seven_day": {"utilization": 48.0}}
    assert len(bodies) == 10


async def test_thirty_reads_an_hour_and_no_more(client: httpx.AsyncClient, world: World, clock: ManualClock) -> None:
    headers = claude(world, "max")
    statuses = [(await client.get(USAGE, headers=headers)).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    saturated = await client.get(USAGE, headers=headers)
    assert saturated.headers["retry-after"] == "0"
    assert saturated.json().keys() == {"error"}
    assert (await client.get(USAGE, headers=claude(world, "pro"))).status_code == 200
    await clock.advance(3600)
    assert (await client.get(USAGE, headers=headers)).status_code == 200


async def test_the_other_regime_has_a_fixed_deadline(
    client: httpx.AsyncClient, world: World, clock: ManualClock
) -> None:
    set_account(world, "max", {"usage_regime": "deadline"})
    headers = claude(world, "max")
    for _ in range(30):
        await client.get(USAGE, headers=headers)
    assert (await client.get(USAGE, headers=headers)).headers["retry-after"] == "3600"
    await clock.advance(1000)
    assert (await client.get(USAGE, headers=headers)).headers["retry-after"] == "2600"
    await clock.advance(2600)
    assert (await client.get(USAGE, headers=headers)).status_code == 200


async def test_a_token_for_inference_only_may_not_read_usage_and_insisting_blocks_the_host(
    clock: ManualClock,
) -> None:
    world = build_world("duplicates", clock=clock)
    async with reach(world) as client:
        refused = [await client.get(USAGE, headers=claude(world, "setup-token")) for _ in range(6)]
        innocent = await client.get(USAGE, headers=claude(world, "personal"))
        profile = await client.get(PROFILE, headers=claude(world, "setup-token"))
    assert [answer.status_code for answer in refused] == [403] * 5 + [429]
    assert refused[0].json()["error"]["details"] == {"error_visibility": "user_facing"}
    assert (innocent.status_code, innocent.headers["retry-after"]) == (429, "3600")
    assert profile.status_code == 403


async def test_usage_without_a_version_is_a_429_that_means_nothing(client: httpx.AsyncClient, world: World) -> None:
    headers = claude(world, "max")
    del headers["anthropic-version"]
    assert (await client.get(USAGE, headers=headers)).headers["retry-after"] == "0"
    world.knobs.turn({"usage_needs_version": False})
    assert (await client.get(USAGE, headers=headers)).status_code == 200


@pytest.mark.parametrize("seconds", [None, 0, 3600])
async def test_usage_can_be_limited_with_and_without_a_wait(
    client: httpx.AsyncClient, world: World, seconds: float | None
) -> None:
    world.faults.force(Fault("usage-429", seconds=seconds))
    answer = await client.get(USAGE, headers=claude(world, "max"))
    assert answer.status_code == 429
    assert answer.headers.get("retry-after") == (None if seconds is None else str(seconds))


PLANS = [
    ("max", "claude_max", "default_claude_max_20x", None),
    ("pro", "claude_pro", "default_claude_ai", None),
    ("team", "claude_team", "claude_team", "team_tier_1"),
]


@pytest.mark.parametrize(("label", "kind", "tier", "seat"), PLANS)
async def test_the_profile_names_the_plan(
    client: httpx.AsyncClient, world: World, label: str, kind: str, tier: str, seat: str | None
) -> None:
    body = (await client.get(PROFILE, headers=claude(world, label))).json()
    organization = body["organization"]
    assert (organization["organization_type"], organization["rate_limit_tier"], organization["seat_tier"]) == (
        kind,
        tier,
        seat,
    )
    assert body["account"]["email"] == seeded(world, label)["email"]


async def test_one_person_in_two_organisations_is_two_identities(client: httpx.AsyncClient, world: World) -> None:
    one = (await client.get(PROFILE, headers=claude(world, "max"))).json()
    two = (await client.get(PROFILE, headers=claude(world, "team"))).json()
    assert one["account"]["uuid"] == two["account"]["uuid"]
    assert one["organization"]["uuid"] != two["organization"]["uuid"]


# --- Puter ---

AUTHME = {"action": "authme", "redirectURL": "http://127.0.0.1:4321/cb/nonce?flow=1"}


async def test_puters_consent_returns_the_token_and_keeps_path_and_query(client: httpx.AsyncClient) -> None:
    page = await client.get("/puter/", params=AUTHME)
    assert "http://127.0.0.1:4321/cb/nonce" in page.text
    answer = await client.get("/puter/", params={**AUTHME, "approve": "newbie"})
    target = urlsplit(answer.headers["location"])
    query = parse_qs(target.query)
    assert (target.netloc, target.path, query["flow"]) == ("127.0.0.1:4321", "/cb/nonce", ["1"])
    headers = {"authorization": f"Bearer {query['token'][0]}"}
    assert (await client.get("/puter-api/whoami", headers=headers)).json()["username"] == "newbie"
    compat = await client.post("/puter-api/auth/create-access-token", headers=headers)
    assert compat.status_code == 403  # a PAT manages no accounts


async def test_cancelling_at_puter_redirects_nowhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/puter/", params={**AUTHME, "approve": "cancel"})
    assert answer.status_code == 200
    assert "You can close this window" in answer.text


async def test_a_fresh_browser_ends_on_a_guest(client: httpx.AsyncClient) -> None:
    answer = await client.get("/puter/action/authme", params={**AUTHME, "approve": "guest"})
    token = parse_qs(urlsplit(answer.headers["location"]).query)["token"][0]
    who = (await client.get("/puter-api/whoami", headers={"authorization": f"Bearer {token}"})).json()
    assert (who["is_temp"], who["email"]) == (True, None)


@pytest.mark.parametrize("redirect", ["javascript:alert(1)", "not a url", ""])
async def test_a_redirect_that_is_no_web_address_is_refused(client: httpx.AsyncClient, redirect: str) -> None:
    answer = await client.get("/puter/", params={**AUTHME, "redirectURL": redirect, "approve": "carol"})
    assert answer.status_code == 400


async def test_a_token_can_be_copied_with_an_end(client: httpx.AsyncClient, clock: ManualClock) -> None:
    page = await client.get("/puter/", params={"action": "copyauth", "approve": "carol", "expires": "7d"})
    found = re.search(r"<code>(.+)</code>", page.text)
    assert found is not None
    headers = {"authorization": f"Bearer {found[1]}"}
    assert (await client.get("/puter-api/whoami", headers=headers)).status_code == 200
    await clock.advance(7 * 86400)
    late = await client.get("/puter-api/whoami", headers=headers)
    assert late.json()["reason"] == "session_expired"


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:5500", 403), ("http://simulator.test", 401), (None, 401)],
)
async def test_passwords_are_taken_from_puters_own_pages_only(
    client: httpx.AsyncClient, origin: str | None, status: int
) -> None:
    headers = {} if origin is None else {"origin": origin}
    answer = await client.post("/puter/login", headers=headers, json={"username": "carol", "password": "x"})
    assert answer.status_code == status


async def test_logging_a_guest_out_deletes_it(client: httpx.AsyncClient, world: World) -> None:
    guest = world.puter["patient_door_615887"]
    pat = await client.post("/puter/logout", headers={"authorization": f"Bearer {next(iter(guest.tokens))}"})
    session = world.mint_puter(guest, "session")
    out = await client.post("/puter/logout", headers={"authorization": f"Bearer {session}"})
    assert (pat.status_code, out.text) == (403, "logged out")
    assert "patient_door_615887" not in world.puter
