"""The library's single calls: usage, login, migrate; see `docs/library.md`."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from tests.support.browsing import Browser
from tests.support.engines import engine_on, sign_in
from tests.support.simulated import seeded

import rota
from rota.clock import SystemClock
from rota.simulator import build_world, set_account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rota.simulator import World


@pytest.fixture
def world() -> World:
    return build_world("default", clock=SystemClock())


@pytest.fixture
async def engine(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[rota.Engine]:
    """An engine on a home of its own, and a machine on which no other tool has anything."""
    for name in ("HOME", "USERPROFILE", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "person"))
    for name in ("ANTHROPIC_API_KEY", "PUTER_AUTH_TOKEN", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    async with engine_on(world, tmp_path / "rota") as opened:
        yield opened


async def test_usage_gives_the_windows_of_one_account_or_of_all_with_what_kept_figures_away(
    engine: rota.Engine, world: World
) -> None:
    await sign_in(engine, world, "carol", "console")
    assert {usage.account.label for usage in await engine.usage()} == {"carol", "console"}
    set_account(world, "carol", {"remaining": 0})
    (carol,) = await engine.usage("carol", refresh=True)
    month = next(window for window in carol.windows if window.key == "month")
    assert month.source is rota.Source.USAGE
    assert month.headroom(world.now()) == 0.0
    assert carol.asked_at is not None
    (key,) = await engine.usage("console", refresh=True)
    assert key.problem == "such accounts have no figures to ask for; they come with each answer"
    with pytest.raises(rota.UnknownAccount):
        await engine.usage("nobody")


async def test_a_login_takes_a_key_or_a_token_as_its_provider_has_them(engine: rota.Engine, world: World) -> None:
    for provider, label, kind in (
        ("anthropic", "console", rota.Kind.API_KEY),
        ("puter", "carol", rota.Kind.PUTER),
    ):
        added = await engine.login(provider, rota.Secret(seeded(world, label)["secret"]), label="mine")
        assert added.identity.kind is kind
    assert [state.account.label for state in engine.snapshot.listed()] == ["mine", "mine 2"]
    with pytest.raises(rota.SignInFailed):
        await engine.login("puter", rota.Secret("no token"))
    with pytest.raises(rota.ConfigError, match="There is no provider called openrouter here"):
        await engine.login("openrouter", rota.Secret("sk-whatever"))
    with pytest.raises(rota.UsageError, match="openrouter has no sign-in in the browser"):
        await engine.login("openrouter")


async def test_a_login_without_a_secret_shows_the_providers_page_and_waits_for_its_person(
    engine: rota.Engine, world: World
) -> None:
    browser = Browser(world)
    shown: asyncio.Queue[str] = asyncio.Queue()
    signing_in = asyncio.create_task(engine.login("puter", label="by browser", show=shown.put_nowait))
    async with asyncio.timeout(60):
        answer = await browser.sign_in(await shown.get(), "newbie")
        added = await signing_in
    await browser.aclose()
    assert answer.status_code == 200
    assert (added.label, added.renewed) == ("by browser", False)


async def test_a_migration_is_planned_then_done_and_leaves_subscriptions_out_unless_agreed(
    engine: rota.Engine, world: World, tmp_path: Path
) -> None:
    login = seeded(world, "max")
    path = tmp_path / "person" / ".local" / "share" / "opencode" / "auth.json"
    path.parent.mkdir(parents=True)
    oauth = {"type": "oauth", "access": login["secret"], "refresh": login["refresh_token"]}
    expires = {"expires": int(login["expires_at"] * 1000)}
    puter = {"type": "api", "key": seeded(world, "carol")["secret"]}
    path.write_text(json.dumps({"anthropic": oauth | expires, "puter": puter}))

    planned = await engine.migrate(dry_run=True)
    assert planned.report is None
    assert [item.record.provider for item in planned.plan.wanted] == ["puter"]
    assert not engine.snapshot.listed()

    done = await engine.migrate(["opencode"])
    assert done.report is not None
    assert len(done.report.added) == 1
    assert (await engine.migrate()).report is None  # nothing is left to do

    agreed = await engine.migrate(subscriptions=True)
    assert agreed.report is not None
    kinds = {state.account.kind for state in engine.snapshot.listed()}
    assert kinds == {rota.Kind.PUTER, rota.Kind.SUBSCRIPTION}
