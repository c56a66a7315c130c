"""rota in OpenCode's configuration: in, again, and out byte for byte, whatever the file looks like."""

from __future__ import annotations

import functools
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

BLANK = ["", "\n", "\ufeff", "// mine", "// mine\r\n/* and\r\nmore */\r\n", "/* a */ /* b */"]
"""Files that say nothing yet, as an editor or a template leaves them."""


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


@pytest.mark.parametrize("text", BLANK, ids=range(len(BLANK)))
def test_an_empty_file_and_one_of_comments_become_a_configuration_and_come_back(machine: Machine, text: str) -> None:
    path = machine.write(text)
    machine.install()
    after = path.read_bytes().decode()
    assert jsonc.load(after) == {"provider": {"rota": machine.block}}
    assert after.startswith(text)
    assert machine.config.plan_install(machine.block).nothing
    machine.uninstall()
    assert path.read_bytes() == text.encode()


@pytest.mark.parametrize("text", BLANK, ids=range(len(BLANK)))
def test_what_was_written_since_into_a_file_that_was_empty_stays(machine: Machine, text: str) -> None:
    path = machine.write(text)
    machine.install()
    path.write_bytes(jsonc.put(path.read_bytes().decode(), ("theme",), "dark").encode())
    machine.uninstall()
    left = path.read_bytes().decode()
    assert jsonc.load(left) == {"theme": "dark"}
    assert left.startswith(text)


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


def test_a_provider_of_that_name_that_was_there_comes_back_even_where_the_file_was_edited_since(
    machine: Machine,
) -> None:
    before = '{"provider": {"rota": {"npm": "their-own" /* mine */}}, "theme": "dark"}'
    path = machine.write(before)
    machine.install()
    path.write_text(path.read_text().replace("dark", "light"))
    machine.uninstall()
    assert path.read_text() == before.replace("dark", "light")


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


@pytest.mark.parametrize("text", ["{", "[]", '{"provider": []}', '{"provider": 1}', "nonsense", "/* open"])
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
between = st.lists(
    st.sampled_from([" ", "\t", "\n  ", "\r\n", "/**/", '/* "a": {, } */', '// x "q": [ }\n', "// y\r\n"]), max_size=2
).map("".join)
scalars = st.sampled_from(["1", "-2.5e3", '"a"', '"\\u00fc\\"/"', '"// no"', '"/* no */"', "true", "null", '"{,}"'])


@st.composite
def boxes(draw: st.DrawFn, inner: st.SearchStrategy[str], more: tuple[tuple[str, str], ...] = ()) -> str:
    """An object as people write it: comments and spaces anywhere, a comma after the last member or none."""
    members = [(json.dumps(key), draw(inner)) for key in draw(st.lists(keys, unique=True, max_size=3))]
    gap = functools.partial(draw, between)
    body = ",".join(f"{gap()}{key}{gap()}:{gap()}{value}{gap()}" for key, value in [*members, *more])
    trailing: bool = draw(st.booleans())
    comma = f",{gap()}" if body and trailing else ""
    return "{" + (body or gap()) + comma + "}"


values = st.recursive(scalars, boxes, max_leaves=6)


@st.composite
def configurations(draw: st.DrawFn) -> str:
    provider = draw(st.none() | boxes(values))
    others = (('"provider"', provider),) if provider is not None else ()
    mark: str = draw(st.sampled_from(["", "\ufeff"]))
    return mark + draw(between) + draw(boxes(values, others)) + draw(between)


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(configurations(), st.booleans(), st.booleans())
def test_any_configuration_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, text: str, edited: bool, again: bool
) -> None:
    machine = Machine(tmp_path_factory.mktemp("any"))
    path = machine.write(text)
    before = jsonc.load(text)
    machine.install()
    after = path.read_bytes().decode()
    assert jsonc.load(after) == {**before, "provider": {**before.get("provider", {}), "rota": machine.block}}
    assert machine.config.plan_install(machine.block).nothing

    def edit(now: str) -> str:
        mark = "\ufeff" if now.startswith("\ufeff") else ""
        return f"{mark}// by hand\n{now.removeprefix(mark)}\n// and here\r\n" if edited else now

    path.write_bytes(edit(after).encode())
    if again:
        machine.install(provider_block(MODELS[:1], "http://127.0.0.1:1/v1", machine.config.key_file))
    machine.uninstall()
    assert path.read_bytes().decode() == edit(text)
