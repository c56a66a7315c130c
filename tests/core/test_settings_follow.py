"""Settings that somebody else changes while rota runs, and where each value comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.support.engines import engine_on

from rota.clock import ManualClock
from rota.config.follow import SettingsFollower
from rota.config.sources import Source, sources
from rota.errors import ConfigError
from rota.paths import under
from rota.simulator import build_world

if TYPE_CHECKING:
    from pathlib import Path

    from rota.paths import Paths


@pytest.fixture
def home(tmp_path: Path) -> Paths:
    paths = under(tmp_path)
    paths.ensure()
    return paths


def write(home: Paths, text: str) -> None:
    """As an editor does; a size that differs is enough to be seen, whatever the clock's grain."""
    home.config_file.write_text(text, encoding="utf-8")


def test_an_unchanged_file_changes_nothing(home: Paths) -> None:
    follower = SettingsFollower(home, {})
    assert follower.changed() == ()


def test_what_an_editor_changes_is_named_once(home: Paths) -> None:
    follower = SettingsFollower(home, {})
    write(home, '[pool]\nretries = 7\n[ui]\ntheme = "nord"\n')
    assert follower.changed() == ("pool.retries", "ui.theme")
    assert follower.changed() == ()


def test_a_file_taken_away_means_the_defaults_again(home: Paths) -> None:
    write(home, "[pool]\nretries = 7\n")
    follower = SettingsFollower(home, {})
    home.config_file.unlink()
    assert follower.changed() == ("pool.retries",)


def test_a_wrong_file_is_told_once_and_mending_it_goes_on_from_before(home: Paths) -> None:
    follower = SettingsFollower(home, {})
    write(home, "[pool]\nretries = 7000\n")
    with pytest.raises(ConfigError, match=r"pool\.retries is 7000"):
        follower.changed()
    assert follower.changed() == ()
    write(home, "[pool]\nretries = 7\n")
    assert follower.changed() == ("pool.retries",)


async def test_a_running_rota_takes_up_what_an_editor_writes(tmp_path: Path) -> None:
    clock = ManualClock()
    async with engine_on(build_world("default", clock=clock), tmp_path, clock=clock) as engine:
        poller = (await engine.services()).poller
        engine.start_background()
        await clock.advance(1)
        write(engine.paths, "[usage]\nfloor_s = 200\n[timeouts]\nconnect_s = 3\n")
        await clock.advance(3)
        assert engine.settings.usage.floor_s == 200
        assert poller._usage.floor_s == 200
        assert (await engine.services()).client.timeout.connect == 3
        write(engine.paths, "nothing = 1\n")
        await clock.advance(3)
        assert any("nothing is not a setting" in notice for notice in engine.take_notices())
        assert engine.settings.usage.floor_s == 200


def test_each_value_says_who_decides_it(home: Paths) -> None:
    write(home, 'debug = true\n[pool]\nretries = 7\nthresholds = { 5h = 0.5 }\n[puter]\napi_url = "https://a.test"\n')
    found = sources(home, {"ROTA_PUTER_API_URL": "http://127.0.0.1:1", "ROTA_DEBUG": ""})
    assert found.of("pool.retries") is Source.FILE
    assert found.of("debug") is Source.FILE
    assert found.of("pool.strategy") is Source.DEFAULT
    assert found.of("pool.thresholds.5h") is Source.FILE
    assert found.of("pool.thresholds.7d") is Source.DEFAULT
    assert found.of("puter.api_url") is Source.ENVIRONMENT
    assert found.variables == {"puter.api_url": "ROTA_PUTER_API_URL"}


def test_without_a_file_everything_is_the_default_or_the_environments(home: Paths) -> None:
    assert not home.config_file.exists()
    assert sources(home, {}).of("ui.theme") is Source.DEFAULT
    assert os.fspath(home.config_file).endswith("config.toml")
