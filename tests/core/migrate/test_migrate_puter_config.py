"""Every option of `puter.json` has a fate, and what is carried is a setting that rota has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.foreign_files import Machine
from tests.support.papers import README

from rota.config import locate
from rota.migrate.puter_config import MAPPING
from rota.migrate.records import Fate

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = [
    *("log_enabled", "quiet_mode", "debug", "log_dir", "auto_update", "api_base_url", "api_timeout_ms"),
    *("auto_create_temp_user", "max_retries", "retry_delay_ms", "stream_buffer_size"),
    *("cache_ttl_ms", "cache_enabled", "cache_max_entries", "cache_directory"),
    *("metrics_enabled", "metrics_max_samples", "metrics_file"),
    *("fallback_enabled", "fallback_models", "fallback_cooldown_ms"),
    *("account_rotation_enabled", "account_rotation_strategy", "account_rotation_cooldown_ms"),
]
"""All that opencode-puter-auth 1.1.2 knows (protocols/puter.md 8.2)."""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def fates(machine: Machine, options: dict[str, Any]) -> list[tuple[str, Fate, str | None, str | None]]:
    machine.write(".config/opencode/puter.json", options, mode=0o644)
    return [(c.option, c.fate, c.setting, c.text) for c in machine.reading("puter.json").settings]


def test_every_option_has_a_fate() -> None:
    assert [option.name for option in MAPPING] == OPTIONS


@pytest.mark.parametrize("option", MAPPING, ids=lambda option: option.name)
def test_what_is_carried_is_a_setting_and_what_is_not_has_a_reason(option: Any) -> None:
    assert option.why.endswith(".")
    for setting in option.settings:
        locate(setting)


def test_the_readme_names_what_each_option_became() -> None:
    table = README.read_text("utf-8").partition("<!-- puter.json")[2].partition("<!-- end -->")[0]
    told = dict(re.findall(r"`(\w+)` \| (`[\w.]+`|—) \|", table))
    assert sorted(told) == sorted(OPTIONS)
    assert told["fallback_cooldown_ms"] == "`pool.model_cooldown_s`"


CASES = [
    ({"debug": True}, [("debug", Fate.CARRIED, "debug", "true")]),
    ({"quiet_mode": True}, [("quiet_mode", Fate.RENAMED, "log.level", "error")]),
    ({"quiet_mode": False}, [("quiet_mode", Fate.RENAMED, "log.level", None)]),
    ({"api_timeout_ms": 300_000}, [("api_timeout_ms", Fate.RENAMED, "timeouts.answer_s", "300")]),
    ({"retry_delay_ms": 1500}, [("retry_delay_ms", Fate.RENAMED, "pool.retry_base_s", "1.5")]),
    ({"max_retries": 5}, [("max_retries", Fate.RENAMED, "pool.retries", "5")]),
    ({"max_retries": 5.0}, [("max_retries", Fate.RENAMED, "pool.retries", "5")]),
    # the plugin checks no range; rota does
    ({"max_retries": 99}, [("max_retries", Fate.RENAMED, "pool.retries", "10")]),
    ({"auto_create_temp_user": True}, [("auto_create_temp_user", Fate.NEEDLESS, None, None)]),
    (
        {"fallback_models": ["a", "b", "a"]},
        [("fallback_models", Fate.RENAMED, "pool.fallback_models.puter", '["a", "b"]')],
    ),
    (
        {"cache_ttl_ms": 60_000},
        [
            ("cache_ttl_ms", Fate.RENAMED, "catalogue.cache_ttl_s", "60"),
        ],
    ),
    (
        {"account_rotation_strategy": "round-robin"},
        [("account_rotation_strategy", Fate.RENAMED, "pool.strategy", "round-robin")],
    ),
    (
        {"api_base_url": "https://api.example/"},
        [("api_base_url", Fate.RENAMED, "puter.api_url", "https://api.example")],
    ),
    ({"$schema": "x"}, []),
]


@pytest.mark.parametrize(("options", "expected"), CASES)
def test_an_option_is_carried_in_rotas_words(machine: Machine, options: dict[str, Any], expected: list[Any]) -> None:
    assert fates(machine, options) == expected


def test_a_folder_under_the_home_is_spelled_out(machine: Machine) -> None:
    ((_, _, _, text),) = fates(machine, {"log_dir": "~/logs"})
    assert text == str(machine.home / "logs")


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"api_base_url": "http://somewhere.example"}, "api_base_url"),  # tokens in clear
        ({"account_rotation_strategy": "random"}, "account_rotation_strategy"),
        ({"max_retries": "many"}, "max_retries"),
        ({"fallback_models": [1]}, "fallback_models"),
        ({"debug": 1}, "debug"),
        ({"no_such": 1}, "no_such"),
    ],
)
def test_an_option_that_cannot_be_carried_is_told(machine: Machine, options: dict[str, Any], where: str) -> None:
    machine.write(".config/opencode/puter.json", {**options, "cache_enabled": True})

    reading = machine.reading("puter.json")

    assert [c.option for c in reading.settings] == ["cache_enabled"]
    assert [p.where for p in reading.problems] == [where]
