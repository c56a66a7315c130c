"""Secrets, emails and prompts go through every path there is, and the debug log holds none of them."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.browsing import Browser
from tests.support.engines import engine_on, settings_for

from rota.account import Kind
from rota.clock import ManualClock
from rota.errors import RotaError
from rota.providers.base import ChatRequest, Message, Role, Text
from rota.secret import Secret
from rota.simulator import Fault, World, build_world, credentials_of, set_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rota.engine import Engine

PROMPT = "the merger with Initech is off"
WRONG = ("sk-ant-api03-" + "wrong" * 12, "eyJhbGciOiJIUzI1NiJ9.d3Jvbmc.d3Jvbmc", "codecodecodecode#statestatestate")
ACCESS_S = 8 * 3600.0


def held(world: World) -> Iterator[str | None]:
    """Every secret and email that the world ever gave out."""
    for login in world.logins().values():
        yield from (*login.access, *login.refresh, login.email)
    yield from (key.key for key in world.api_keys.values())
    for account in world.puter.values():
        yield from (*account.tokens, account.email)


async def asks(engine: Engine, model: str) -> None:
    """A chat and a stream whose every text is a secret; what the provider makes of it does not matter."""
    texts = (Message(Role.SYSTEM, (Text(f"{PROMPT} {WRONG[0]}"),)), Message(Role.USER, (Text(PROMPT),)))
    request = ChatRequest(model=model, messages=texts)
    with contextlib.suppress(RotaError):
        await engine.chat(request)
    with contextlib.suppress(RotaError):
        async with engine.stream(request) as stream:
            async for _ in stream:
                pass


async def signs_in(engine: Engine, world: World, provider: str, who: str) -> None:
    """By a paste: first a wrong one, then what the page shows."""
    browser = Browser(world)
    try:
        async with engine.sign_in(provider) as attempt:
            with contextlib.suppress(RotaError):
                attempt.paste(WRONG[2])
            if provider == "anthropic":
                attempt.paste(await browser.read_code(attempt.manual_url, who))
            else:
                attempt.paste((await browser.approve(attempt.url, who)).headers["location"])
            await engine.finish_sign_in(provider, attempt, label=f"{who}@example.com")
    finally:
        await browser.aclose()


async def through_the_gateway(engine: Engine) -> str:
    """Both dialects with the right key and with a wrong one; gives the right one."""
    gateway = await engine.start_gateway(port=0)
    key = gateway.key.reveal()
    body: dict[str, Any] = {"max_tokens": 16, "messages": [{"role": "user", "content": PROMPT}]}
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=60) as http:
        for shown in (key, WRONG[0]):
            headers = {"authorization": f"Bearer {shown}", "cookie": f"session={WRONG[1]}"}
            asked = f"/v1/models?key={WRONG[0]}"
            await http.get(asked, headers=headers)
            await http.post("/v1/chat/completions", json={"model": "puter/gpt-5-nano", **body}, headers=headers)
            await http.post("/v1/messages", json={"model": "claude-haiku-4-5", **body}, headers=headers)
    await engine.stop_gateway()
    return key


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_no_path_puts_a_secret_an_email_or_a_prompt_into_the_debug_log(tmp_path: Path, log_format: str) -> None:
    clock = ManualClock()
    world = build_world("default", seed=1, clock=clock)
    settings = replace(settings_for(), debug=True, log_format=log_format)
    async with engine_on(world, tmp_path, clock=clock, settings=settings) as engine:
        for login in credentials_of(world):
            if login["kind"] in ("api-key", "puter", "puter-guest"):
                kind = Kind(login["kind"])
                label = login.get("email") or login["label"]
                await engine.add_secret(login["provider"], kind, Secret(login["secret"]), label=label)
        for wrong, provider, kind in ((WRONG[0], "anthropic", Kind.API_KEY), (WRONG[1], "puter", Kind.PUTER)):
            with pytest.raises(RotaError):
                await engine.add_secret(provider, kind, Secret(wrong))
        await signs_in(engine, world, "anthropic", "newcomer")
        await signs_in(engine, world, "puter", "newbie")

        for model in ("anthropic/claude-haiku-4-5", "puter/gpt-5-nano", f"puter/{PROMPT}"):
            await asks(engine, model)
        world.faults.force(Fault("upstream-500", provider="puter", path="/drivers/call", times=2))
        await asks(engine, "puter/gpt-5-nano")
        key = await through_the_gateway(engine)

        states = engine.snapshot.listed()
        for state in states:
            await engine.refresh_usage(state.id)
        await clock.advance(ACCESS_S + 60.0)  # access tokens end
        await asks(engine, "anthropic/claude-haiku-4-5")
        for label in ("console", "carol"):
            set_account(world, label, {"active": False} if label == "console" else {"revoke_tokens": True})
        for model in ("anthropic/claude-haiku-4-5", "puter/gpt-5-nano"):
            await asks(engine, model)
        await engine.journal.flush()
        path = engine.paths.debug_log
    written = path.read_text("utf-8")
    assert written.count("Request") > 20
    assert "/oauth/token" in written
    assert "Auth" in written
    for hidden in filter(None, (*held(world), *WRONG, *WRONG[2].split("#"), key, "example.com", PROMPT)):
        assert hidden not in written, f"{hidden[:12]}… is in the debug log"
    if log_format == "json":
        for line in written.splitlines():
            json.loads(line)
