"""rota in OpenCode's configuration: in, again, and out byte for byte, whatever the file looks like."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rota.errors import StoreError, UsageError
from rota.migrate import jsonc
from rota.migrate.places import Places
from rota.opencode import OpenCodeConfig, base_url, provider_block, selected
from rota.paths import under
from rota.providers.base import Model
from rota.settings import GatewaySettings

if TYPE_CHECKING:
    from pathlib import Path

MODELS = [
    Model(
        "claude-x",
        "anthropic",
        "Claude X",
        context=200_000,
        max_output=64_000,
        vision=True,
        tools=True,
        reasoning=True,
    ),
    Model("gpt-5-nano", "puter", "Nano", context=400_000, vision=False, input_usd=0.05, output_usd=0.4),
    Model("unknown", "puter", "Nobody knows"),
]

FILES = [
    # comments, trailing commas, another provider, odd spaces
    '// mine\n{\n  "$schema": "https://opencode.ai/config.json", // keep\n  "provider": {\n    /* a */ "ollama": '
    '{"npm": "x", "models": {}}, // b\n  },\n  "model": "ollama/llama",\n}\n',
    # tabs and Windows line ends, no provider at all
    '{\r\n\t"theme": "system",\r\n\t"keybinds": {}\r\n}\r\n',
    # on one line, without a line end
    '{"provider":{}}',
    "{}",
    '{"provider":{"rota":{"npm":"their-own","options":{}}},"model":"rota/x"}\n',
    "\ufeff{\n}\n",
]


class Machine:
    """A person's home with OpenCode's folder in it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "home" / ".config" / "opencode"
        self.paths = under(root / "rota")
        self.paths.ensure()
        self.config = OpenCodeConfig(self.paths, Places(home=root / "home"))
        self.block = provider_block(MODELS, "http://127.0.0.1:7682/v1", self.config.key_file)

    def write(self, text: str, name: str = "opencode.json") -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        path.write_bytes(text.encode())
        return path

    def install(self, block: dict[str, Any] | None = None) -> Path:
        change = self.config.plan_install(block or self.block)
        self.config.keep_key("rota-secret")
        self.config.install(change)
        return change.path

    def uninstall(self) -> None:
        self.config.uninstall(self.config.plan_uninstall())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
@pytest.mark.parametrize("name", ["opencode.json", "opencode.jsonc"])
def test_it_goes_in_beside_everything_else_and_comes_out_byte_for_byte(
    machine: Machine, text: str, name: str
) -> None:
    path = machine.write(text, name)
    assert machine.install() == path
    after = path.read_bytes().decode()
    before = jsonc.load(text)
    assert jsonc.load(after) == {**before, "provider": {**before.get("provider", {}), "rota": machine.block}}
    for comment in ("// mine", "// keep", "/* a */", "// b"):
        assert (comment in after) is (comment in text)
    machine.uninstall()
    assert path.read_bytes() == text.encode()
    assert not machine.config.key_file.exists()


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_a_second_time_changes_nothing_and_newer_models_only_the_block(machine: Machine, text: str) -> None:
    path = machine.write(text)
    machine.install()
    once = path.read_bytes()
    assert machine.config.plan_install(machine.block).nothing
    machine.install()
    assert path.read_bytes() == once
    newer = provider_block(MODELS[:1], "http://127.0.0.1:9999/v1", machine.config.key_file)
    machine.install(newer)
    assert jsonc.load(path.read_bytes().decode())["provider"]["rota"] == newer
    machine.uninstall()
    assert path.read_bytes() == text.encode()


def test_what_was_edited_since_stays_when_it_comes_out(machine: Machine) -> None:
    path = machine.write(FILES[0])
    machine.install()
    edited = path.read_text().replace('"ollama/llama"', '"rota/anthropic/claude-x" /* new */')
    path.write_text(edited)
    machine.install(provider_block(MODELS[:1], "http://127.0.0.1:1/v1", machine.config.key_file))
    assert "/* new */" in path.read_text()
    machine.uninstall()
    assert path.read_text() == FILES[0].replace('"ollama/llama"', '"rota/anthropic/claude-x" /* new */')


def test_where_there_was_no_file_there_is_none_afterwards(machine: Machine) -> None:
    path = machine.install()
    assert path == machine.folder / "opencode.json"
    assert set(json.loads(path.read_text())) == {"$schema", "provider"}
    machine.uninstall()
    assert not path.exists()


def test_the_file_that_opencode_reads_last_is_taken(machine: Machine) -> None:
    machine.write("{}", "opencode.json")
    last = machine.write("{}", "opencode.jsonc")
    assert machine.install() == last


def test_planning_writes_nothing(machine: Machine) -> None:
    change = machine.config.plan_install(machine.block)
    assert change.after is not None
    assert not machine.folder.exists()
    assert not machine.config.installed
    assert not machine.config.key_file.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"provider": []}', '{"provider": 1}', "nonsense", ""])
def test_a_file_that_is_none_is_left_alone(machine: Machine, text: str) -> None:
    path = machine.write(text)
    with pytest.raises(StoreError, match=r"opencode\.json"):
        machine.install()
    assert path.read_bytes() == text.encode()


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
def test_the_key_is_private_the_files_mode_stays_and_a_link_stays_a_link(machine: Machine, tmp_path: Path) -> None:
    path = machine.write("{}")
    real = tmp_path / "dotfiles.json"
    path.rename(real)
    real.chmod(0o640)
    path.symlink_to(real)
    machine.install()
    assert path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert stat.S_IMODE(machine.config.key_file.stat().st_mode) == 0o600
    assert machine.config.key_file.read_text() == "rota-secret"
    assert "rota-secret" not in real.read_text()
    for kept in machine.paths.data.rglob("*"):
        assert not kept.is_file() or kept == machine.config.key_file or b"rota-secret" not in kept.read_bytes()


def test_a_model_is_told_with_its_limits_and_what_it_takes(machine: Machine) -> None:
    models = machine.block["models"]
    assert models["anthropic/claude-x"] == {
        "name": "Claude X (anthropic)",
        "attachment": True,
        "modalities": {"input": ["text", "image"], "output": ["text"]},
        "tool_call": True,
        "reasoning": True,
        "limit": {"context": 200_000, "output": 64_000},
    }
    assert models["puter/gpt-5-nano"]["limit"] == {"context": 400_000, "output": 8192}
    assert models["puter/gpt-5-nano"]["cost"] == {"input": 0.05, "output": 0.4}
    assert models["puter/unknown"] == {"name": "Nobody knows (puter)"}
    assert machine.block["options"]["apiKey"] == f"{{file:{machine.config.key_file.as_posix()}}}"


def test_models_are_selected_by_their_whole_names() -> None:
    assert [m.id for m in selected(MODELS, ("anthropic/*", "*nano"))] == ["claude-x", "gpt-5-nano"]
    assert selected(MODELS, ()) == MODELS


def test_an_address_that_changes_each_time_cannot_be_written_down() -> None:
    assert base_url(GatewaySettings()) == "http://127.0.0.1:7682/v1"
    assert base_url(GatewaySettings(host="::1", port=1)) == "http://[::1]:1/v1"
    with pytest.raises(UsageError, match=r"gateway\.port"):
        base_url(GatewaySettings(port=0))


keys = st.text("abc$ü", min_size=1, max_size=3)
configs = st.recursive(
    st.none() | st.booleans() | st.integers() | keys,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.dictionaries(keys, configs, max_size=4), st.sampled_from([None, 1, 4]), st.sampled_from(["", "\n", "// end"])
)
def test_any_configuration_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any], indent: int | None, end: str
) -> None:
    machine = Machine(tmp_path_factory.mktemp("any"))
    text = json.dumps(value, indent=indent, ensure_ascii=False) + end
    path = machine.write(text)
    machine.install()
    assert jsonc.load(path.read_bytes().decode()) == {**value, "provider": {"rota": machine.block}}
    path.write_bytes(path.read_bytes() + b"\n")  # edited: the backup no longer fits
    machine.uninstall()
    assert path.read_bytes() == text.encode() + b"\n"
