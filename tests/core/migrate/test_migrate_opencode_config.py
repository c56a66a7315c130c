"""OpenCode's configuration in the plugins' old form becomes today's, and nothing else in it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.foreign_files import Machine

from rota.migrate import jsonc, told
from rota.migrate.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from rota.migrate.records import FileEdit

OLD = """{
  "$schema": "https://opencode.ai/config.json",
  // the plug-ins
  "plugin": ["opencode-puter-auth@1.0.27", "other"],
  "model": "google/puter-claude-opus-4-5", // my favourite
  "agent": { "plan": { "model": "google/puter-gpt-5-nano" }, "build": { "model": "openai/gpt-5" } },
  "provider": {
    "google": {
      "models": {
        /* Puter's */
        "puter-claude-opus-4-5": {
          "name": "Claude Opus 4.5", // from Puter
          "limit": { "context": 200000, "output": 64000 },
        },
        "gemini-3-pro": { "name": "Gemini" },
      },
    },
    "mine": { "options": { "apiKey": "sk-live-never-shown-1234567890" } },
  },
  "unknown": [1, 2],
}
"""

NEW = """{
  "$schema": "https://opencode.ai/config.json",
  // the plug-ins
  "plugin": ["opencode-puter-auth", "other"],
  "model": "puter/claude-opus-4-5", // my favourite
  "agent": { "plan": { "model": "puter/gpt-5-nano" }, "build": { "model": "openai/gpt-5" } },
  "provider": {
    "google": {
      "models": {
        /* Puter's */
        "gemini-3-pro": { "name": "Gemini" },
      },
    },
    "mine": { "options": { "apiKey": "sk-live-never-shown-1234567890" } },
    "puter": {
      "npm": "opencode-puter-auth",
      "name": "Puter",
      "models": {
        "claude-opus-4-5": {
          "name": "Claude Opus 4.5", // from Puter
          "limit": { "context": 200000, "output": 64000 },
        }
      }
    },
  },
  "unknown": [1, 2],
}
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def edit_of(machine: Machine, text: str, name: str = "opencode.jsonc") -> FileEdit | None:
    machine.write(f".config/opencode/{name}", text, mode=0o644)
    edits = machine.reading("opencode-config").edits
    return edits[0] if edits else None


def rewritten(machine: Machine, text: str) -> str:
    edit = edit_of(machine, text)
    assert edit is not None
    assert edit.refused is None
    return edit.after


def test_the_old_form_becomes_todays_with_comments_and_unknown_keys_kept(machine: Machine) -> None:
    assert rewritten(machine, OLD) == NEW


def test_todays_form_is_left_alone(machine: Machine) -> None:
    assert edit_of(machine, NEW) is None
    assert edit_of(machine, "{}") is None


def test_what_the_move_leaves_empty_goes_unless_it_holds_a_comment(machine: Machine) -> None:
    bare = '{"provider": {"google": {"models": {"puter-a": {}}}}}'
    told_why = '{"provider": {"google": {"models": {/* why */ "puter-a": {}}}}}'

    assert "google" not in jsonc.load(rewritten(machine, bare))["provider"]
    assert "/* why */" in rewritten(machine, told_why)


def test_the_wrong_key_plugins_becomes_plugin(machine: Machine) -> None:
    assert jsonc.load(rewritten(machine, '{"plugins": ["anthropic-multi-auth"], "a": 1}')) == {
        "plugin": ["anthropic-multi-auth"],
        "a": 1,
    }
    assert jsonc.load(rewritten(machine, '{"plugins": ["x", "y"], "plugin": ["y"]}')) == {"plugin": ["y", "x"]}


def test_a_list_of_enabled_providers_gets_puter(machine: Machine) -> None:
    text = '{"enabled_providers": ["google"], "provider": {"google": {"models": {"puter-a": {}}}}}'
    assert jsonc.load(rewritten(machine, text))["enabled_providers"] == ["google", "puter"]


CONFLICTS = [
    # the same model is there already and says something else
    '{"provider": {"google": {"models": {"puter-a": {"name": "x"}}}, "puter": {"models": {"a": {"name": "y"}}}}}',
    # comments would be lost
    '{"plugins": [/* needed */ "x"], "plugin": ["y"]}',
    '{"plugins": "x"}',
]


@pytest.mark.parametrize("text", CONFLICTS)
def test_a_change_that_is_not_safe_is_refused_and_printed(machine: Machine, text: str) -> None:
    edit = edit_of(machine, text)
    assert edit is not None
    assert edit.refused
    assert "is left alone" in "\n".join(told.edit_lines(edit))


def test_a_write_protected_file_is_refused_with_the_patch(machine: Machine) -> None:
    path = machine.write(".config/opencode/opencode.json", OLD, mode=0o444)

    (edit,) = machine.reading("opencode-config").edits

    assert edit.refused == "the file is write-protected"
    printed = "\n".join(told.edit_lines(edit))
    assert '+  "model": "puter/claude-opus-4-5", // my favourite' in printed
    assert path.read_text() == OLD


def test_no_secret_is_printed_with_a_patch(machine: Machine) -> None:
    machine.write(".config/opencode/opencode.json", OLD)
    plan = make_plan(machine.read())
    printed = told.text(plan)
    assert "puter/claude-opus-4-5" in printed
    assert "never-shown" not in printed


def test_every_place_that_opencode_reads_is_looked_at(machine: Machine) -> None:
    text = '{"model": "google/puter-a"}'
    machine.environ["OPENCODE_CONFIG"] = str(machine.home / "named.json")
    machine.environ["OPENCODE_CONFIG_DIR"] = str(machine.home / "dir")
    for path in ("named.json", "dir/opencode.json", ".config/opencode/config.json", ".config/opencode/opencode.json"):
        machine.write(path, text)

    edits = machine.reading("opencode-config").edits

    assert len(edits) == 4
    assert {jsonc.load(edit.after)["model"] for edit in edits} == {"puter/a"}
