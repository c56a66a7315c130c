"""Browser sign-ins against the simulated providers: the browser's return and a paste race each other."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support.browsing import Browser
from tests.support.engines import engine_on

from rota.account import Kind
from rota.clock import ManualClock
from rota.errors import SignInFailed
from rota.login.flow import SignInCancelled, SignInDenied, SignInTimedOut
from rota.simulator import Fault, World, build_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from rota.engine import Engine
    from rota.login.flow import SignIn


@pytest.fixture
def world() -> World:
    return build_world("default", clock=ManualClock())


@asynccontextmanager
async def signing_in(world: World, home: Path, provider: str) -> AsyncIterator[tuple[Engine, SignIn, Browser]]:
    browser = Browser(world)
    try:
        async with engine_on(world, home) as engine, engine.sign_in(provider) as attempt:
            yield engine, attempt, browser
    finally:
        await browser.aclose()


async def until(true: Callable[[], bool]) -> None:
    """Let the other tasks run until something is so."""
    while not true():  # noqa: ASYNC110 - what is waited for happens in the simulator, which sets no event
        await asyncio.sleep(0)


def callback_of(attempt: SignIn) -> str:
    """Where the provider's page is told to send the browser."""
    query = parse_qs(urlsplit(attempt.url).query)
    return (query.get("redirect_uri") or query["redirectURL"])[0]


# --- Claude -----------------------------------------------------------------------------------------------


async def test_the_browsers_return_signs_in_to_claude(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "anthropic") as (engine, attempt, browser):
        page, added = await asyncio.gather(
            browser.sign_in(attempt.url, "newcomer"), engine.finish_sign_in("anthropic", attempt)
        )

        account = engine.snapshot.listed()[0].account
    assert page.status_code == 200
    assert (account.kind, account.email, account.plan) == (Kind.SUBSCRIPTION, "alan@example.com", "Max 5x")
    assert account.identity.count("/") == 1, "account and organisation together"
    assert added.identity.email == "alan@example.com"


async def test_the_page_for_the_browser_takes_the_code_out_of_the_address_bar(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "anthropic") as (_engine, attempt, browser):
        page = await browser.sign_in(attempt.url, "newcomer")

    assert "history.replaceState" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


async def test_a_code_from_the_paste_page_signs_in(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "anthropic") as (engine, attempt, browser):
        attempt.paste(f"  {await browser.read_code(attempt.manual_url, 'newcomer')}\n")
        await engine.finish_sign_in("anthropic", attempt)

        assert engine.snapshot.listed()[0].account.email == "alan@example.com"


async def test_the_whole_callback_address_can_be_pasted_over_ssh(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "anthropic") as (engine, attempt, browser):
        page = await browser.approve(attempt.url, "newcomer")
        attempt.paste(page.headers["location"])
        await engine.finish_sign_in("anthropic", attempt)

        assert engine.snapshot.listed()[0].account.email == "alan@example.com"


async def test_a_wrong_state_is_refused_and_the_sign_in_goes_on(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "anthropic") as (engine, attempt, browser):
        forged = await browser.visit(f"{callback_of(attempt)}?code=stolen&state=guess")
        page, _ = await asyncio.gather(
            browser.sign_in(attempt.url, "newcomer"), engine.finish_sign_in("anthropic", attempt)
        )

    assert forged.status_code == 400
    assert page.status_code == 200


async def test_a_code_of_another_sign_in_cannot_be_pasted(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "anthropic") as (_engine, attempt, _browser):
        with pytest.raises(SignInFailed, match="another sign-in"):
            attempt.paste("some-code#some-other-state")


async def test_a_limited_exchange_is_tried_once_more_with_the_same_code(world: World, tmp_path: Path) -> None:
    clock = world.clock
    assert isinstance(clock, ManualClock)
    world.faults.force(Fault("token-429"))
    async with signing_in(world, tmp_path, "anthropic") as (engine, attempt, browser):
        await browser.sign_in(attempt.url, "newcomer")
        finishing = asyncio.create_task(engine.finish_sign_in("anthropic", attempt))
        await until(lambda: len(world.calls.listed(path="/v1/oauth/token")) == 1 and clock.sleepers >= 1)
        await clock.advance(30)
        await finishing

    assert len(world.calls.listed(path="/v1/oauth/token")) == 2


@pytest.mark.parametrize("fault", ["html", "not-found", "bad-grant"])
async def test_a_refused_exchange_keeps_nothing(world: World, tmp_path: Path, fault: str) -> None:
    names = {"html": Fault("html", path="/v1/oauth/token"), "not-found": Fault("token-404")}
    async with signing_in(world, tmp_path, "anthropic") as (engine, attempt, browser):
        page = await browser.approve(attempt.url, "newcomer")
        if fault in names:
            world.faults.force(names[fault])
            attempt.paste(page.headers["location"])
        else:
            location = urlsplit(page.headers["location"])
            state = parse_qs(location.query)["state"][0]
            attempt.paste(f"http://localhost/callback?code=never-issued&state={state}")
        with pytest.raises(SignInFailed):
            await engine.finish_sign_in("anthropic", attempt)

        assert engine.snapshot.listed() == []
        assert await (await engine.services()).vault.names() == frozenset()


# --- Puter ------------------------------------------------------------------------------------------------


async def test_puters_consent_page_signs_in(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "puter") as (engine, attempt, browser):
        page, _ = await asyncio.gather(
            browser.sign_in(attempt.url, "newbie"), engine.finish_sign_in("puter", attempt)
        )

        account = engine.snapshot.listed()[0].account
    assert page.status_code == 200
    assert account.kind is Kind.PUTER
    assert callback_of(attempt).startswith("http://127.0.0.1:")


async def test_a_guest_is_recognised_and_labelled(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "puter") as (engine, attempt, browser):
        await asyncio.gather(browser.sign_in(attempt.url, "guest"), engine.finish_sign_in("puter", attempt))
        account = engine.snapshot.listed()[0].account

    assert (account.kind, account.plan) == (Kind.PUTER_GUEST, "Guest")


async def test_strays_on_the_callback_port_change_nothing(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "puter") as (engine, attempt, browser):
        back = urlsplit(callback_of(attempt))
        root = f"http://127.0.0.1:{back.port}"
        token = "eyJx.eyJ0b2tlbiI6ImF0dGFja2VyIn0.planted-by-a-stranger"
        strays = [
            await browser.visit(f"{root}/favicon.ico"),
            await browser.visit(f"{root}/"),
            await browser.visit(f"{root}/cb/{'0' * 32}?token={token}"),
            await browser.visit(f"{root}{back.path}?token={token}", Host="evil.example"),
            await browser.visit(f"{root}{back.path}?token={token}", Origin="https://evil.example"),
            await browser.visit(f"{root}{back.path}"),
        ]
        await asyncio.gather(browser.sign_in(attempt.url, "newbie"), engine.finish_sign_in("puter", attempt))

    assert [s.status_code for s in strays] == [404, 404, 404, 421, 403, 400]


async def test_the_callback_works_once(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "puter") as (_engine, attempt, browser):
        first = await browser.sign_in(attempt.url, "newbie")
        second = await browser.sign_in(attempt.url, "carol")

    assert (first.status_code, second.status_code) == (200, 410)


async def test_a_pasted_token_is_proved_before_it_is_kept(world: World, tmp_path: Path) -> None:
    async with signing_in(world, tmp_path, "puter") as (engine, attempt, _browser):
        with pytest.raises(SignInFailed, match="not a Puter token"):
            attempt.paste("hello")
        attempt.paste("eyJhbGciOiJIUzI1NiJ9.eyJ0IjoidCJ9.not-a-token-that-puter-knows")
        with pytest.raises(SignInFailed, match="refused"):
            await engine.finish_sign_in("puter", attempt)

        assert engine.snapshot.listed() == []


async def test_cancelled_timed_out_and_denied_are_three_messages(world: World, tmp_path: Path) -> None:
    clock = world.clock
    assert isinstance(clock, ManualClock)
    said: dict[type[SignInFailed], str] = {}
    async with engine_on(world, tmp_path) as engine:
        async with engine.sign_in("puter") as attempt:
            attempt.cancel()
            with pytest.raises(SignInCancelled) as cancelled:
                await engine.finish_sign_in("puter", attempt)
            said[SignInCancelled] = str(cancelled.value)
        async with engine.sign_in("puter") as attempt:
            waiting = asyncio.create_task(engine.finish_sign_in("puter", attempt))
            await until(lambda: clock.sleepers > 0)
            await clock.advance(301)
            with pytest.raises(SignInTimedOut) as late:
                await waiting
            said[SignInTimedOut] = str(late.value)
        async with engine.sign_in("anthropic") as attempt, httpx.AsyncClient(trust_env=False) as browser:
            state = parse_qs(urlsplit(attempt.url).query)["state"][0]
            await browser.get(f"{callback_of(attempt)}?error=access_denied&state={state}")
            with pytest.raises(SignInDenied) as denied:
                await engine.finish_sign_in("anthropic", attempt)
            said[SignInDenied] = str(denied.value)

    assert len(set(said.values())) == 3
    assert "5 minutes" in said[SignInTimedOut]


async def test_signing_in_again_renews_the_account(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        renewed = []
        for _ in range(2):
            browser = Browser(world)
            async with engine.sign_in("anthropic") as attempt:
                _, added = await asyncio.gather(
                    browser.sign_in(attempt.url, "newcomer"), engine.finish_sign_in("anthropic", attempt)
                )
            await browser.aclose()
            renewed.append(added.renewed)

        assert renewed == [False, True]
        assert len(engine.snapshot.listed()) == 1
