"""The settings file: what is read, refused, remembered and written."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rota import config, paths
from rota.config import read, rules
from rota.errors import ConfigError
from rota.settings import FREE_MODELS, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from rota.paths import Paths


@pytest.fixture
def home(tmp_path: Path) -> Paths:
    found = paths.under(tmp_path / "home")
    found.ensure()
    return found


def given(home: Paths, text: str) -> Paths:
    home.config_file.write_text(text, encoding="utf-8")
    return home


def refused(home: Paths, text: str) -> ConfigError:
    """The error that a file with this text is refused with; the file must stay as it was."""
    given(home, text)
    with pytest.raises(ConfigError) as caught:
        config.load(home, {})
    assert home.config_file.read_text(encoding="utf-8") == text
    assert str(home.config_file) in str(caught.value)
    assert caught.value.path == home.config_file
    return caught.value


def in_a_fresh_process(home: Paths, code: str) -> Any:
    """What `code` prints as JSON in a new Python that has `home` and nothing imported yet."""
    environ = dict(os.environ, ROTA_HOME=str(home.config), PYTHONPATH=os.pathsep.join(sys.path))
    head = "import json, os, sys; from rota import config, paths; home = paths.find(os.environ)\n"
    ran = subprocess.run([sys.executable, "-c", head + code], env=environ, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


HEAVY = "json.dumps([m for m in ('pydantic', 'tomlkit', 'tomllib', 'filelock', 'rota.settings') if m in sys.modules])"


# Reading


def test_without_a_file_every_default_holds_and_nothing_is_written(home: Paths) -> None:
    assert config.load(home, {}) == Settings()
    assert not home.config_file.exists()
    assert not home.settings_cache.exists()


def test_a_file_changes_what_it_names_and_nothing_else(home: Paths) -> None:
    text = """
    vault = "file"
    [pool]
    strategy = "auto"
    deadline_s = 30
    [alerts]
    thresholds = [0.5, 0.75]
    """
    settings = config.load(given(home, text), {})
    assert (settings.vault, settings.pool.strategy, settings.pool.deadline_s) == ("file", "auto", 30.0)
    assert settings.alerts.thresholds == (0.5, 0.75)
    assert settings.gateway == Settings().gateway
    assert settings.pool.retries == Settings().pool.retries


def test_the_entries_of_a_table_are_laid_over_the_defaults(home: Paths) -> None:
    text = '[pool.fallback_models]\nanthropic = ["a", "b"]\n[pool.thresholds]\n"5h" = 0.5\n"7d:Fable" = 1\n'
    settings = config.load(given(home, text), {})
    assert settings.pool.fallback_models == {"anthropic": ("a", "b"), "puter": FREE_MODELS}
    assert settings.pool.thresholds == {"5h": 0.5, "7d": 0.95, "month": 0.98, "7d:Fable": 1.0}


def test_settings_cannot_be_changed_in_place() -> None:
    settings = Settings()
    with pytest.raises(AttributeError):
        settings.vault = "file"  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.pool.fallback_models["puter"] = ()  # type: ignore[index]


def test_the_default_chain_is_the_eighteen_free_models_of_the_plugin() -> None:
    chain = Settings().pool.fallback_models["puter"]
    assert len(chain) == len(set(chain)) == 18
    assert chain[0] == "openrouter:xiaomi/mimo-v2-flash:free"
    assert chain[-1] == "openrouter:mistralai/mistral-small-3.2-24b-instruct:free"
    assert all(model.startswith("openrouter:") and model.endswith(":free") for model in chain)


def test_a_byte_order_mark_and_windows_lines_are_read(home: Paths) -> None:
    home.config_file.write_bytes(b'\xef\xbb\xbf[pool]\r\nstrategy = "auto"\r\n')
    assert config.load(home, {}).pool.strategy == "auto"


def test_a_trailing_slash_of_an_address_is_dropped(home: Paths) -> None:
    settings = config.load(given(home, '[puter]\napi_url = "https://example.org/"\n'), {})
    assert settings.puter.api_url == "https://example.org"


# Refusing

WRONG = [
    # text, the key named, part of what is said, part of the hint
    ("[pool]\nstratgy = 'auto'\n", "pool.stratgy", "is not a setting", "Nearest: pool.strategy"),
    ("[pol]\nstrategy = 'auto'\n", "pol", "is not a setting", "Nearest: pool"),
    ("strategy = 'auto'\n", "strategy", "is not a setting", "Nearest: pool.strategy"),
    ("[pool]\nstrategy = 'fast'\n", "pool.strategy", 'is "fast"', "one of round-robin, least-recently-used"),
    ("[pool]\nrotation = 'yes'\n", "pool.rotation", "is a text", "Allowed: true or false"),
    ("[pool]\nrotation = 1\n", "pool.rotation", "is 1", "Allowed: true or false"),
    ("[gateway]\nport = 70000\n", "gateway.port", "is 70000", "a whole number from 0 to 65535"),
    ("[gateway]\nport = 80.5\n", "gateway.port", "is 80.5", "a whole number from 0 to 65535"),
    ("[gateway]\nport = true\n", "gateway.port", "is true", "a whole number from 0 to 65535"),
    ("[gateway]\nhold_seconds = -1\n", "gateway.hold_seconds", "is -1", "a number from 0 to 3600"),
    ("[gateway]\nhold_seconds = nan\n", "gateway.hold_seconds", "is nan", "a number from 0 to 3600"),
    ("[gateway]\nhold_seconds = inf\n", "gateway.hold_seconds", "is inf", "a number from 0 to 3600"),
    ("[gateway]\nhost = 2026-01-01\n", "gateway.host", "is a value of another kind", "a text"),
    ("[alerts]\nthresholds = [0.5, 2]\n", "alerts.thresholds", "is 2", "each a number from 0.01 to 1"),
    ("[alerts]\nthresholds = 0.5\n", "alerts.thresholds", "is 0.5", "a list, each a number"),
    ("[alerts]\nquiet_hours = '25:00-07:00'\n", "alerts.quiet_hours", "is a text", "22:00-07:00"),
    ("[pool.thresholds]\n5h = 7\n", "pool.thresholds.5h", "is 7", "each entry a number from 0.05 to 1"),
    ("[pool.fallback_models]\nputer = 'x'\n", "pool.fallback_models.puter", "is a text", "a list of texts"),
    ("[puter]\napi_url = 'http://example.org'\n", "puter.api_url", "is a text", "an https address"),
    ("pool = 3\n", "pool", "is a section", "[pool]"),
    ("[vault]\nkind = 'file'\n", "vault", "is a table", "one of auto, keyring, file"),
]


@pytest.mark.parametrize(("text", "key", "said", "hint"), WRONG, ids=[case[1] + "/" + case[2] for case in WRONG])
def test_a_wrong_setting_is_refused_with_its_key_and_what_is_allowed(
    home: Paths, text: str, key: str, said: str, hint: str
) -> None:
    error = refused(home, text)
    assert error.key == key
    assert f"{key} {said}" in str(error)
    assert hint in error.hint


def test_several_faults_are_counted(home: Paths) -> None:
    assert "(2 more in this file.)" in str(refused(home, "a = 1\nb = 2\nc = 3\n"))


def test_broken_toml_is_refused_with_its_line(home: Paths) -> None:
    assert "line 2" in str(refused(home, '[pool]\nstrategy = "auto\n'))


@pytest.mark.parametrize(
    "place",
    ["[gateway]\nport = '{}'\n", "[puter]\napi_url = '{}'\n", "anthropic = '{}'\n", "[pool]\nfallback = ['{}']\n"],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(home: Paths, place: str) -> None:
    error = refused(home, place.format("sk-ant-secret"))
    assert "sk-ant" not in f"{error} {error.hint} {error.__cause__}"


def test_a_file_that_is_not_text_or_far_too_large_is_refused(home: Paths) -> None:
    home.config_file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        config.load(home, {})
    home.config_file.write_bytes(b"#" * (read.LARGEST + 1))
    with pytest.raises(ConfigError, match="larger than"):
        config.load(home, {})


def test_a_folder_in_the_files_place_is_refused(home: Paths) -> None:
    home.config_file.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(home, {})


ADDRESSES = [
    ("https://api.example.org", True),
    ("https://api.example.org:8443/base", True),
    ("http://127.0.0.1:5000", True),  # a simulator on this machine
    ("http://localhost:5000", True),
    ("http://[::1]:5000", True),
    ("http://api.example.org", False),  # secrets would travel in clear
    ("http://127.0.0.1.example.org", False),
    ("https://me:secret@example.org", False),
    ("https://example.org?key=1", False),
    ("https://example.org:notaport", False),
    ("https://exa mple.org", False),
    ("ftp://example.org", False),
    ("https://", False),
    ("https://[::1", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "allowed"), ADDRESSES)
def test_secrets_go_to_https_or_to_this_machine_only(text: str, *, allowed: bool) -> None:
    assert rules.is_url(text) is allowed


SPANS = [
    ("", True),
    ("22:00-07:00", True),
    ("00:00-23:59", True),
    ("24:00-07:00", False),
    ("22-07", False),
    ("x", False),
]


@pytest.mark.parametrize(("text", "allowed"), SPANS)
def test_quiet_hours_are_two_times_of_day(text: str, *, allowed: bool) -> None:
    assert rules.is_clock_span(text) is allowed


# The environment


def test_the_environment_wins_over_the_file(home: Paths) -> None:
    given(home, 'debug = true\n[anthropic]\napi_url = "https://file.example"\n')
    environ = {
        "ROTA_ANTHROPIC_API_URL": "http://127.0.0.1:1/",
        "ROTA_ANTHROPIC_AUTH_URL": "http://127.0.0.1:2",
        "ROTA_PUTER_API_URL": "http://127.0.0.1:3",
        "ROTA_PUTER_GUI_URL": "http://127.0.0.1:4",
        "ROTA_DEBUG": "off",
    }
    settings = config.load(home, environ)
    assert settings.anthropic.api_url == "http://127.0.0.1:1"
    assert (settings.anthropic.auth_url, settings.anthropic.authorize_url) == ("http://127.0.0.1:2",) * 2
    assert (settings.puter.api_url, settings.puter.gui_url) == ("http://127.0.0.1:3", "http://127.0.0.1:4")
    assert settings.debug is False
    assert config.peek(home, environ, "puter.api_url") == "http://127.0.0.1:3"


def test_what_the_environment_set_is_not_remembered(home: Paths) -> None:
    given(home, "debug = false\n")
    assert config.load(home, {"ROTA_DEBUG": "1"}).debug is True
    assert config.load(home, {"ROTA_DEBUG": ""}).debug is False


@pytest.mark.parametrize(
    ("name", "text"),
    [("ROTA_DEBUG", "maybe"), ("ROTA_PUTER_API_URL", "http://example.org"), ("ROTA_PUTER_GUI_URL", "x")],
)
def test_a_wrong_variable_is_refused_by_name(home: Paths, name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        config.load(home, {name: text})


# Remembering


def test_an_unchanged_file_is_read_without_the_checker_or_a_parser(home: Paths) -> None:
    given(home, '[pool]\nstrategy = "auto"\n[ui.keys]\nhelp = "f1"\n')
    first = config.load(home, {})
    code = f"s = config.load(home, {{}}); print(json.dumps([s.pool.strategy, dict(s.ui.keys), {HEAVY}]))"
    assert in_a_fresh_process(home, code) == ["auto", {"help": "f1"}, '["rota.settings"]']
    assert config.load(home, {}) == first


def test_no_file_is_read_without_the_checker_or_a_parser(home: Paths) -> None:
    assert in_a_fresh_process(home, f"config.load(home, {{}}); print({HEAVY})") == ["rota.settings"]


def test_one_setting_is_peeked_without_building_all(home: Paths) -> None:
    assert config.peek(home, {}, "pool.strategy") == "auto"
    given(home, '[pool]\nstrategy = "round-robin"\n')
    assert config.peek(home, {}, "pool.strategy") == "round-robin"
    assert config.peek(home, {}, "alerts.thresholds") == (0.8, 0.95)
    assert in_a_fresh_process(home, f"print(json.dumps([config.peek(home, {{}}, 'pool.strategy'), {HEAVY}]))") == [
        "round-robin",
        "[]",
    ]


def test_peeking_at_no_setting_is_refused(home: Paths) -> None:
    with pytest.raises(ConfigError, match=r"pool\.speed is not a setting"):
        config.peek(home, {}, "pool.speed")


def test_a_changed_file_is_checked_again(home: Paths) -> None:
    assert config.load(given(home, "[pool]\nretries = 1\n"), {}).pool.retries == 1
    assert config.load(given(home, "[pool]\nretries = 2\n"), {}).pool.retries == 2
    assert "retries" in str(refused(home, "[pool]\nretries = 99\n"))


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"text": 1}', b'{"values": 3}', b"\xff"])
def test_damaged_memory_only_costs_time(home: Paths, damage: bytes) -> None:
    given(home, "[pool]\nretries = 1\n")
    config.load(home, {})
    home.settings_cache.write_bytes(damage)
    assert config.load(home, {}).pool.retries == 1


def test_what_another_rota_remembered_is_not_believed(home: Paths) -> None:
    given(home, "[pool]\nretries = 1\n")
    config.load(home, {})
    held = json.loads(home.settings_cache.read_bytes())
    held["values"]["pool.retries"] = 9
    home.settings_cache.write_text(json.dumps(held))
    assert config.load(home, {}).pool.retries == 9  # the same rules: believed
    held["stamp"] = "another version"
    home.settings_cache.write_text(json.dumps(held))
    assert config.load(home, {}).pool.retries == 1


def test_settings_load_where_nothing_can_be_remembered(home: Paths) -> None:
    home.settings_cache.mkdir()
    assert config.load(given(home, "[pool]\nretries = 1\n"), {}).pool.retries == 1


# Writing

COMMENTED = """\
# mine
debug = true  # while I look

[pool]   # the heart
# not too clever
strategy = "round-robin"
retries = 1

[ui]
theme = "nord" # nice
"""


def test_setting_a_value_keeps_comments_order_and_everything_else(home: Paths) -> None:
    given(home, COMMENTED)
    assert config.set_value(home, "pool.strategy", "auto") == "auto"
    assert home.config_file.read_text() == COMMENTED.replace('"round-robin"', '"auto"')


def test_a_value_set_is_what_the_next_load_gives(home: Paths) -> None:
    cases: list[tuple[str, str, Any]] = [
        ("vault", "file", "file"),
        ("debug", "on", True),
        ("gateway.port", "8_000", 8000),
        ("pool.deadline_s", "2.5", 2.5),
        ("pool.cooldown_base_s", "60", 60.0),
        ("alerts.thresholds", "0.5, 0.75", (0.5, 0.75)),
        ("alerts.thresholds", "[1]", (1.0,)),
        ("chat.model", "  spaced [x] ", "  spaced [x] "),
        ("pool.fallback_models.puter", "a, b", ("a", "b")),
        ("pool.fallback_models.puter", '["a", "b", "c", "d", "e"]', ("a", "b", "c", "d", "e")),
        ("pool.fallback_models.puter", "", ()),
        ("pool.thresholds.7d:Fable", "0.5", 0.5),
        ("ui.keys", '{"help": "f1"}', {"help": "f1"}),
        ("ui.keys", '{help = "f2"}', {"help": "f2"}),
        ("catalogue.aliases.gpt.5.1", "puter/gpt-5.1", "puter/gpt-5.1"),
        ("anthropic.api_url", "http://127.0.0.1:9", "http://127.0.0.1:9"),
    ]
    for start in (
        "",
        COMMENTED,
        'ui.theme = "nord"\npool.retries = 1\n',
        'pool = {retries = 1}\nui = {theme = "x"}\n',
    ):
        given(home, start)
        for key, text, expected in cases:
            config.set_value(home, key, text)
            assert config.get(config.load(home, {}), key) == expected, (start, key)


def test_the_first_setting_makes_the_file_private(home: Paths) -> None:
    config.set_value(home, "pool.strategy", "auto")
    assert home.config_file.read_text() == '[pool]\nstrategy = "auto"\n'
    if os.name != "nt":
        assert home.config_file.stat().st_mode & 0o777 == 0o600


BAD_VALUES = [
    ("pool.strategy", "fast", "one of round-robin"),
    ("pool.stratgy", "auto", "Nearest: pool.strategy"),
    ("pool", "auto", "It is a section; its settings: pool.strategy"),
    ("gateway.port", "99999", "from 0 to 65535"),
    ("gateway.port", "many", "from 0 to 65535"),
    ("pool.deadline_s", "inf", "a number from 1"),
    ("debug", "maybe", "true or false"),
    ("ui.keys", "help", "a table"),
    ("alerts.thresholds", "[0.5", "a list"),
    ("alerts.thresholds", "0.5, much", "a list"),
    ("puter.api_url", "http://example.org", "an https address"),
    ("pool.fallback_models.puter", "[1, 2]", "a list of texts"),
]


@pytest.mark.parametrize(("key", "text", "hint"), BAD_VALUES)
def test_a_wrong_value_is_refused_before_anything_is_written(home: Paths, key: str, text: str, hint: str) -> None:
    given(home, COMMENTED)
    with pytest.raises(ConfigError) as caught:
        config.set_value(home, key, text)
    assert hint in caught.value.hint
    assert home.config_file.read_text() == COMMENTED


def test_nothing_is_written_into_a_file_that_is_already_wrong(home: Paths) -> None:
    for text in ("[pool]\nstrategy = 'fast'\n", "[pool\n", "pool = 3\n"):
        given(home, text)
        with pytest.raises(ConfigError):
            config.set_value(home, "pool.retries", "2")
        assert home.config_file.read_text() == text


def test_a_python_value_can_be_put(home: Paths) -> None:
    config.put(home, "pool.fallback_models.puter", ("b", "a"))
    config.put(home, "debug", value=True)
    settings = config.load(home, {})
    assert (settings.pool.fallback_models["puter"], settings.debug) == (("b", "a"), True)


def test_unsetting_brings_the_default_back_and_keeps_the_rest(home: Paths) -> None:
    given(home, COMMENTED)
    assert config.unset(home, "pool.strategy") is True
    assert config.unset(home, "pool.strategy") is False
    assert config.load(home, {}).pool.strategy == Settings().pool.strategy
    assert home.config_file.read_text() == COMMENTED.replace('strategy = "round-robin"\n', "")


def test_a_wrong_setting_can_be_got_rid_of(home: Paths) -> None:
    given(home, "[pool]\nstratgy = 'auto'\nretries = 1\n[catalogue.aliases]\n'a.b' = 'c'\n")
    assert config.unset(home, "pool.stratgy") is True
    assert config.unset(home, "catalogue.aliases.a.b") is True
    settings = config.load(home, {})
    assert (settings.pool.retries, settings.catalogue.aliases) == (1, {})


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_settings_file_linked_from_dotfiles_stays_a_link(home: Paths, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("# mine\n")
    home.config_file.symlink_to(kept)
    config.set_value(home, "debug", "true")
    assert home.config_file.is_symlink()
    assert "debug = true" in kept.read_text()


def _set_many(folder: Path, names: list[str]) -> None:
    for name in names:
        config.set_value(paths.under(folder), f"catalogue.aliases.{name}", name)


def test_two_processes_setting_values_lose_none(home: Paths) -> None:
    context = multiprocessing.get_context("spawn")
    names = [[f"{letter}{number}" for number in range(8)] for letter in "ab"]
    writers = [context.Process(target=_set_many, args=(home.config, batch)) for batch in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert set(config.load(home, {}).catalogue.aliases) == {*names[0], *names[1]}


# Describing


def test_every_setting_has_a_meaning_and_words_for_what_it_may_be() -> None:
    described = config.describe()
    assert len({setting.key for setting in described}) == len(described) > 60
    for setting in described:
        assert setting.help.endswith("."), setting.key
        assert setting.allowed, setting.key
        assert config.get(Settings(), setting.key) == setting.default
    assert all(config.section_help(section) for section in {s.section for s in described} - {""})


def test_every_default_is_allowed(home: Paths) -> None:
    for setting in config.describe():
        config.put(home, setting.key, setting.default)
    assert config.load(home, {}) == Settings()


def test_a_bounded_setting_says_its_bounds_and_a_choice_its_choices() -> None:
    port, _ = config.locate("gateway.port")
    vault, _ = config.locate("vault")
    assert port.allowed == "a whole number from 0 to 65535"
    assert vault.allowed == "one of auto, keyring, file"
    assert (port.section, port.name, vault.section, vault.name) == ("gateway", "port", "", "vault")
    assert port.restart is True


RENDERED = [
    (True, "true"),
    (300.0, "300"),
    (0.5, "0.5"),
    (7, "7"),
    ("auto", "auto"),
    (("a", "b"), '["a", "b"]'),
    ({}, "{}"),
]


@pytest.mark.parametrize(("value", "text"), RENDERED)
def test_a_value_is_shown_as_it_is_typed(value: object, text: str) -> None:
    assert config.render(value) == text


def test_what_is_shown_can_be_typed_back(home: Paths) -> None:
    for setting in config.describe():
        config.set_value(home, setting.key, config.render(setting.default))
    assert config.load(home, {}) == Settings()


def test_a_missing_entry_of_a_table_is_said() -> None:
    with pytest.raises(ConfigError, match="has no entry 1h") as caught:
        config.get(Settings(), "pool.thresholds.1h")
    assert "5h, 7d, month" in caught.value.hint


def test_a_lock_that_cannot_be_had_is_said_and_nothing_is_written(home: Paths) -> None:
    given(home, "# mine\n")
    (home.locks / "config.lock").mkdir(parents=True)
    with pytest.raises(ConfigError, match="gives no lock") as caught:
        config.set_value(home, "debug", "true")
    assert caught.value.hint == "Nothing was changed."
    assert home.config_file.read_text(encoding="utf-8") == "# mine\n"
