"""Settings that change while rota runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.engines import engine_on

from rota import config
from rota.account import Kind
from rota.clock import ManualClock
from rota.errors import ConfigError
from rota.pool.ask import Ask
from rota.secret import Secret
from rota.simulator import build_world, credentials_of

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_changed_chain_is_written_and_holds_from_the_next_request_on(tmp_path: Path) -> None:
    world = build_world("default", clock=ManualClock())
    token = next(str(c["secret"]) for c in credentials_of(world) if c["kind"] == Kind.PUTER)
    async with engine_on(world, tmp_path) as engine:
        await engine.add_secret("puter", Kind.PUTER, Secret(token))
        pool = (await engine.services()).pool
        engine.change_setting("pool.fallback_models", {"puter": ["mine"]})
        assert engine.settings.pool.fallback_models["puter"] == ("mine",)
        assert config.load(engine.paths, {}).pool.fallback_models["puter"] == ("mine",)
        run = pool.run(Ask(model="puter/gpt-5-nano"))
        assert [target.model for target in run._quest.trail.targets] == ["gpt-5-nano", "mine"]


async def test_another_strategy_chooses_from_now_on(tmp_path: Path) -> None:
    async with engine_on(build_world("default", clock=ManualClock()), tmp_path) as engine:
        pool = (await engine.services()).pool
        engine.change_setting("pool.strategy", "round-robin")
        assert (pool._rules.strategy, pool._means.rules.strategy) == ("round-robin", "round-robin")


async def test_a_change_leaves_alone_what_the_engine_was_opened_with(tmp_path: Path) -> None:
    """The demo and tests are opened with addresses of their own that no file holds."""
    async with engine_on(build_world("default", clock=ManualClock()), tmp_path) as engine:
        before = engine.settings.puter.gui_url
        engine.change_setting("puter.order", "accounts-first")
        assert engine.settings.puter.order == "accounts-first"
        assert engine.settings.puter.gui_url == before


async def test_what_is_not_allowed_changes_nothing(tmp_path: Path) -> None:
    async with engine_on(build_world("default", clock=ManualClock()), tmp_path) as engine:
        before = engine.settings
        with pytest.raises(ConfigError):
            engine.change_setting("pool.retries", "many")
        assert engine.settings is before
