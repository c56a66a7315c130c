"""Which model and account a request goes to, by its name, its key and the settings; and what is said when to none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest
from tests.support.gatewayed import CLAUDE, Gatewayed, gatewayed, key_and_puter, one_puter, one_subscription, until

from rota.errors import NothingConfigured, UnknownModel, UsageError
from rota.events import RequestServed
from rota.gateway.keys import vault_name
from rota.gateway.names import Names
from rota.providers.base import Model
from rota.simulator import Fault

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from rota.simulator import World

HI = [{"role": "user", "content": "hi"}]

LISTED = (
    Model("claude-sonnet-4-6", "anthropic", "Sonnet"),
    Model("claude-haiku-4-5-20251001", "puter", "Haiku", aliases=("claude-haiku-4-5",)),
    Model("gpt-5-nano", "puter", "Nano", aliases=("openai/gpt-5-nano",)),
    Model("openrouter:x/y:free", "puter", "Y"),
)
NAMES = Names(LISTED, {"fast": "puter/gpt-5-nano"}, {"anthropic", "puter"})

RESOLVED = [
    ("anthropic/claude-sonnet-4-6", "anthropic/claude-sonnet-4-6"),
    # dated ids and those to come are Anthropic's to know
    ("anthropic/claude-9-99991231", "anthropic/claude-9-99991231"),
    ("claude-sonnet-4-6", "anthropic/claude-sonnet-4-6"),
    ("claude-haiku-4-5", "anthropic/claude-haiku-4-5"),
    ("puter/claude-haiku-4-5", "puter/claude-haiku-4-5"),
    ("gpt-5-nano", "puter/gpt-5-nano"),
    ("GPT-5-Nano", "puter/gpt-5-nano"),
    ("openai/gpt-5-nano", "puter/gpt-5-nano"),
    ("openrouter:x/y:free", "puter/openrouter:x/y:free"),
    # the upstream list changes within the hour
    ("openrouter:new/model", "puter/openrouter:new/model"),
    ("puter/openrouter:new/model", "puter/openrouter:new/model"),
    ("fast", "puter/gpt-5-nano"),
]


@pytest.mark.parametrize(("asked", "expected"), RESOLVED)
def test_a_models_name_says_where_it_goes(asked: str, expected: str) -> None:
    assert NAMES.resolve(asked) == expected


UNKNOWN = [
    ("gpt-5-nanno", "gpt-5-nano"),
    ("puter/gpt-5-nanno", "gpt-5-nano"),
    ("anthropic/sonnet-4-6", "claude-sonnet-4-6"),
    ("fst", "fast"),
    ("puter/", None),
    ("", None),
    ("anthropic/", None),
    ("google/gemini", None),
]


@pytest.mark.parametrize(("asked", "near"), UNKNOWN)
def test_a_name_that_nobody_serves_is_told_with_the_nearest(asked: str, near: str | None) -> None:
    with pytest.raises(UnknownModel) as raised:
        NAMES.resolve(asked)
    assert near is None or near in raised.value.nearest


def test_without_any_account_it_is_not_the_name_that_is_wrong() -> None:
    with pytest.raises(NothingConfigured):
        Names((), {}, ()).resolve("claude-sonnet-4-6")


def test_a_provider_whose_list_is_not_known_takes_any_name() -> None:
    names = Names((), {}, {"puter"})
    assert names.resolve("gpt-5-nano") == "puter/gpt-5-nano"
    assert names.resolve("claude-haiku-4-5") == "puter/claude-haiku-4-5"
    with pytest.raises(UnknownModel):
        names.resolve("anthropic/claude-haiku-4-5")


async def asked(it: Gatewayed, model: str, **more: Any) -> httpx.Response:
    client = await it.http()
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 20}
    return await client.post("/v1/chat/completions", json=body, **more)


async def test_an_unknown_model_is_404_with_the_nearest_names(both: Gatewayed) -> None:
    answer = await asked(both, "puter/gpt-5-nanno")
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "model_not_found"
    assert "gpt-5-nano" in error["message"]
    assert both.calls() == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_a_name_that_was_sent_on_trust_and_is_none_is_told_with_the_nearest_too(
    both: Gatewayed, path: str, stream: bool
) -> None:
    """Anthropic takes names that its list does not show, so that only its own 404 tells."""
    client = await both.http()
    body = {"model": "claude-haku-4-5", "max_tokens": 9, "messages": HI, "stream": stream}
    answer = await client.post(path, json=body)
    assert answer.status_code == 404
    said = answer.json()["error"]["message"]
    assert "claude-haku-4-5" in said
    assert "claude-haiku-4-5" in said
    assert answer.headers["x-request-id"] == both.failed()[-1].request_id


async def test_a_listed_model_that_is_refused_keeps_the_providers_words(both: Gatewayed) -> None:
    both.force(Fault("not-found", path="/v1/messages"))
    client = await both.http()
    answer = await client.post("/v1/messages", json={"model": CLAUDE, "max_tokens": 9, "messages": HI})
    assert (answer.status_code, "Nearest" in answer.text) == (404, False)


async def test_catalogues_that_cannot_be_had_keep_no_request_waiting(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, key_and_puter, catalogue={"cache_ttl_s": 0.0}) as it:
        for path in ("/v1/models", "/puterai/chat/models/details"):
            it.force(Fault("cut", path=path, times=0))
        for model in (CLAUDE, "puter/gpt-5-nano", "gpt-5-nano"):
            assert (await asked(it, model)).status_code == 200


async def test_an_account_that_comes_later_brings_its_models(tmp_path: Path) -> None:
    from rota.demo import credential_of

    def build(world: World) -> None:
        one_puter(world)
        world.add_api_key("later", seeded=False)

    async with gatewayed(tmp_path, build) as it:
        assert (await asked(it, CLAUDE)).status_code in (200, 404)
        it.world.api_keys["later"].seeded = True
        login = next(c for c in it.simulator.credentials if c["label"] == "later")
        await it.engine.add_credential("anthropic", credential_of(login), label="later")
        answer = await asked(it, f"anthropic/{CLAUDE}")
        assert answer.status_code == 200
        assert it.calls()[-1].account == "later"


async def test_with_no_account_at_all_the_error_says_what_to_do(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, lambda _world: None) as it:
        answer = await asked(it, CLAUDE)
        assert answer.status_code == 403
        assert "rota login" in answer.json()["error"]["message"]
        assert (await (await it.http()).get("/v1/models")).json()["data"] == []


# --- subscriptions ----------------------------------------------------------------------------------------


async def test_a_subscription_is_not_routed_to_and_the_error_names_setting_and_reason(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, one_subscription) as it:
        for path in ("/v1/chat/completions", "/v1/messages"):
            client = await it.http()
            body = {"model": CLAUDE, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
            answer = await client.post(path, json=body)
            assert answer.status_code == 403
            message = answer.json()["error"]["message"]
            assert "anthropic.route_subscriptions = true" in message
            assert "Anthropic's own apps" in message
        assert it.calls() == []


async def test_a_subscription_is_routed_to_when_the_setting_is_on_and_as_rota_itself(tmp_path: Path) -> None:
    sections = {"anthropic": {"route_subscriptions": True}}
    async with gatewayed(tmp_path, one_subscription, tapped=True, **sections) as it:  # type: ignore[arg-type]
        client = await it.http()
        body = {"model": CLAUDE, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
        answer = await client.post(
            "/v1/messages", json=body, headers={"user-agent": "claude-cli/2.0", "x-app": "cli"}
        )
        assert answer.status_code == 200
        sent = dict(it.wire[-1].headers)
        assert sent["user-agent"].startswith("rota/")
        assert "x-app" not in sent
        assert b'"system"' not in it.wire[-1].body


# --- keys -------------------------------------------------------------------------------------------------


async def test_a_key_may_ask_only_for_its_models(both: Gatewayed) -> None:
    assert both.gateway.keys is not None
    key = (await both.gateway.keys.add("ci", models=("puter/*",))).reveal()
    headers = {"authorization": f"Bearer {key}"}
    assert (await asked(both, "gpt-5-nano", headers=headers)).status_code == 200
    refused = await asked(both, CLAUDE, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_not_allowed")
    assert both.heard(RequestServed)[-1].client == "ci"


async def test_a_key_is_shown_only_the_models_it_may_ask_for(tmp_path: Path) -> None:
    aliases = {"fast": "puter/gpt-5-nano", "good": f"anthropic/{CLAUDE}"}
    async with gatewayed(tmp_path, key_and_puter, catalogue={"aliases": aliases}) as it:
        assert it.gateway.keys is not None
        key = (await it.gateway.keys.add("ci", models=("puter/gpt-*",))).reveal()
        shown = await it.openai(api_key=key)
        names = {model.id async for model in shown.models.list()}
        assert "puter/gpt-4o" in names
        assert {name for name in names if not name.startswith("puter/gpt-")} == {"fast"}
        assert (await shown.models.retrieve("fast")).id == "fast"
        for hidden in ("good", CLAUDE):
            with pytest.raises(openai.PermissionDeniedError, match="The key ci may not ask for"):
                await shown.models.retrieve(hidden)
        in_anthropics = await it.anthropic(api_key=key)
        assert {model.id async for model in in_anthropics.models.list()} == names - {"fast"}
        assert {"fast", "good", f"anthropic/{CLAUDE}"} <= {m.id async for m in (await it.openai()).models.list()}


async def test_a_key_gets_no_other_models_by_falling_back(tmp_path: Path) -> None:
    chain = {"anthropic": (), "puter": ("puter/claude-haiku-4-5",)}
    async with gatewayed(tmp_path, one_puter, pool={"fallback_models": chain}) as it:
        assert it.gateway.keys is not None
        key = (await it.gateway.keys.add("ci", models=("puter/gpt-*",))).reveal()
        it.force(*[Fault("upstream-429", path="/drivers/call", model="gpt-5-nano", times=0)])
        refused = await asked(it, "puter/gpt-5-nano", headers={"authorization": f"Bearer {key}"})
        assert refused.status_code == 429
        assert (await asked(it, "puter/gpt-5-nano")).headers["x-rota-model"].startswith("claude-haiku-4-5")
        forbidden = await asked(it, "puter/gpt-5-nano", headers={"x-rota-fallback": "off"})
        assert forbidden.status_code == 429


async def test_a_chain_that_is_changed_meanwhile_opens_no_models_to_a_key(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, one_puter, pool={"fallback_models": {"anthropic": (), "puter": ()}}) as it:
        assert it.gateway.keys is not None
        key = (await it.gateway.keys.add("ci", models=("puter/gpt-*",))).reveal()
        it.engine.change_setting("pool.fallback_models", {"puter": ["puter/claude-haiku-4-5"]})
        it.force(Fault("upstream-429", path="/drivers/call", model="gpt-5-nano", times=0))
        refused = await asked(it, "puter/gpt-5-nano", headers={"authorization": f"Bearer {key}"})
        assert refused.status_code == 429
        assert {c.model for c in it.calls()} == {"gpt-5-nano"}


async def test_a_key_with_a_share_makes_room_for_the_others(both: Gatewayed) -> None:
    assert both.gateway.keys is not None
    key = (await both.gateway.keys.add("greedy", max_share=0.3)).reveal()
    headers = {"authorization": f"Bearer {key}"}
    for _ in range(14):
        assert (await asked(both, "gpt-5-nano")).status_code == 200
    for _ in range(6):
        assert (await asked(both, "gpt-5-nano", headers=headers)).status_code == 200
    refused = await asked(both, "gpt-5-nano", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "share_used")
    assert int(refused.headers["retry-after"]) > 0
    assert (await asked(both, "gpt-5-nano")).status_code == 200
    assert (await asked(both, "gpt-5-nano", headers=headers)).status_code == 200


async def test_a_revoked_key_is_refused_at_once_in_every_process(both: Gatewayed, tmp_path: Path) -> None:
    from rota.engine import open_engine
    from rota.gateway.keys import Keys

    assert both.gateway.keys is not None
    key = (await both.gateway.keys.add("ci")).reveal()
    headers = {"authorization": f"Bearer {key}"}
    assert (await asked(both, "gpt-5-nano", headers=headers)).status_code == 200
    vault = (await both.engine.services()).vault
    async with open_engine(home=tmp_path, settings=both.engine.settings, vault=vault) as elsewhere:
        keys = Keys(elsewhere.journal, vault, elsewhere.clock)
        assert {k.name for k in keys.listed()} == {"default", "ci"}
        await keys.revoke("ci")
    await until(lambda: both.engine.snapshot.keys["ci"].revoked)
    assert (await asked(both, "gpt-5-nano", headers=headers)).status_code == 401
    again = (await both.gateway.keys.add("ci")).reveal()
    assert again != key
    assert (await asked(both, "gpt-5-nano", headers=headers)).status_code == 401


async def test_a_key_that_the_vault_did_not_have_is_looked_for_again(both: Gatewayed) -> None:
    assert both.gateway.keys is not None
    key = await both.gateway.keys.add("ci")
    headers = {"authorization": f"Bearer {key.reveal()}"}
    vault, place = (await both.engine.services()).vault, vault_name("ci", key.fingerprint())
    await vault.delete(place)
    assert (await asked(both, "gpt-5-nano", headers=headers)).status_code == 401
    await vault.put(place, key)
    assert (await asked(both, "gpt-5-nano", headers=headers)).status_code == 200


async def test_the_default_key_stays_the_same_and_is_made_anew_when_its_vault_was_cleared(tmp_path: Path) -> None:
    async with gatewayed(tmp_path) as it:
        key = it.key
        await it.engine.stop_gateway()
        assert (await it.engine.start_gateway()).key.reveal() == key
        vault = (await it.engine.services()).vault
        for name in [n for n in await vault.names() if n.startswith("gateway/")]:
            await vault.delete(name)
        await it.engine.stop_gateway()
        assert (await it.engine.start_gateway()).key.reveal() not in ("", key)


@pytest.mark.parametrize("name", ["", "a b", "../x", "x/y", "ci\n"])
async def test_a_key_needs_a_usable_name(claude: Gatewayed, name: str) -> None:
    assert claude.gateway.keys is not None
    with pytest.raises(UsageError, match="cannot name a key"):
        await claude.gateway.keys.add(name)


async def test_two_keys_do_not_share_a_name(claude: Gatewayed) -> None:
    assert claude.gateway.keys is not None
    with pytest.raises(UsageError, match="already"):
        await claude.gateway.keys.add("default")
    with pytest.raises(UsageError, match="no key called nobody") as raised:
        await claude.gateway.keys.revoke("nobody")
    assert raised.value.hint == "There is: default."
