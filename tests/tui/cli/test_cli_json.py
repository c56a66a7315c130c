from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from tests.support.command_line import CommandLine, commands, secret_of, simulated, urls_of

from rota import schemas
from rota.simulator import set_account
from rota_tui.cli import rota

if TYPE_CHECKING:
    from pathlib import Path

    from rota.simulator import SimulatorServer

COMMANDS = [
    ("status", ["status", "--json"]),
    ("accounts", ["accounts", "--json"]),
    ("usage", ["usage", "--json"]),
    ("usage", ["usage", "carol", "--refresh", "--json"]),
    ("stats", ["stats", "--json"]),
    ("models", ["models", "haiku", "--json"]),
    ("why", ["why", "--json"]),
    ("guard", ["guard", "--json"]),
    ("doctor", ["doctor", "--json"]),
    ("chat", ["chat", "-m", "puter/gpt-5-nano", "--json", "hello"]),
    ("config-get", ["config", "get", "pool.thresholds", "--json"]),
    ("config-list", ["config", "list", "--json"]),
    ("migrate", ["migrate", "--dry-run", "--json"]),
    ("gateway-status", ["gateway", "status", "--json"]),
    ("gateway-key-list", ["gateway", "key", "list", "--json"]),
    ("use", ["use", "carol", "--json"]),
    ("pin", ["pin", "work", "--json"]),
    ("unpin", ["unpin", "--json"]),
    ("enable", ["enable", "carol", "--json"]),
    ("disable", ["disable", "work", "carol", "--json"]),
    ("label", ["label", "carol", "[/b] 日本", "--json"]),
    ("reorder", ["reorder", "carol", "up", "--json"]),
    ("reserve", ["reserve", "carol", "--json"]),
    ("lift", ["lift", "carol", "--json"]),
    ("remove", ["remove", "carol", "--yes", "--json"]),
    ("gateway-key", ["gateway", "key", "--json"]),
    ("gateway-key-show", ["gateway", "key", "show", "--json"]),
    ("gateway-key-add", ["gateway", "key", "add", "ci", "--json"]),
    ("opencode-install", ["opencode", "install", "--json"]),
    ("opencode-install", ["opencode", "install", "--dry-run", "--json"]),
    ("opencode-uninstall", ["opencode", "uninstall", "--dry-run", "--json"]),
    ("config-set", ["config", "set", "pool.thresholds.5h", "0.8", "--json"]),
    ("config-unset", ["config", "unset", "pool.retries", "--json"]),
    ("config-path", ["config", "path", "--json"]),
    ("config-keys", ["config", "keys", "--json"]),
]

WITHOUT = {("completion",), ("demo",), ("mcp",), ("simulator",)}
"""A script for a shell, the app, a protocol of its own, and JSON whatever is said."""


def check(name: str, document: object) -> None:
    schema = schemas.read(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize(("name", "args"), COMMANDS, ids=[" ".join(args) for _, args in COMMANDS])
def test_what_a_command_prints_is_as_its_schema_says(two: CommandLine, name: str, args: list[str]) -> None:
    ran = two.run(*args)
    assert ran.code == 0, ran.err
    assert ran.json["schema"] == 1
    check(name, ran.json)


@pytest.mark.parametrize("name", ["status", "accounts", "usage", "stats", "guard"])
def test_an_empty_home_is_said_in_the_same_shape(fresh: CommandLine, name: str) -> None:
    ran = fresh.run(name, "--json")
    assert ran.code == (3 if name == "guard" else 0)
    check(name, ran.json)


def test_every_event_is_a_line_as_the_schema_says(two: CommandLine) -> None:
    ran = two.run("events", "--json", "-n", "1000")
    kinds = set()
    for line in ran.out.splitlines():
        event = json.loads(line)
        check("event", event)
        kinds.add(event["kind"])
    assert {"AccountAdded", "RequestStarted", "RequestServed"} <= kinds


def test_a_failed_request_is_told_in_the_same_shape(offline: CommandLine) -> None:
    (offline.home / "rota" / "config.toml").write_text('vault = "file"\n[pool]\nretries = 0\n', "utf-8")
    assert offline.run("chat", "-m", "puter/gpt-5-nano", "--no-fallback", "hello").code == 1
    ran = offline.run("why", "--json")
    check("why", ran.json)
    assert ran.json["outcome"] == "failed"
    assert ran.json["attempts"][0]["meaning"] == "network"


def test_a_sign_in_says_which_account_it_added_or_renewed(fresh: CommandLine, server: SimulatorServer) -> None:
    secret = secret_of(server, "carol")
    said = []
    for _ in range(2):
        ran = fresh.run("login", "puter", "--token", "--label", "carol", "--json", given=secret)
        assert secret not in ran.out
        check("login", ran.json)
        said.append((ran.json["account"]["label"], ran.json["renewed"], ran.json["vault"]))
    assert said == [("carol", False, "file"), ("carol", True, "file")]


def test_an_import_says_what_it_found_did_and_took_back(fresh: CommandLine, server: SimulatorServer) -> None:
    path = fresh.home / "person" / ".local" / "share" / "opencode" / "auth.json"
    path.parent.mkdir(parents=True)
    key = secret_of(server, "console")
    path.write_text(json.dumps({"anthropic": {"type": "api", "key": key}, "puter": {"type": 3}}))
    path.chmod(0o644)
    steps = [("--dry-run",), ("--yes",), ("--yes",), ("--undo", "--yes")]
    ran = [fresh.run("migrate", *step, "--json") for step in steps]
    assert [each.code for each in ran] == [0, 0, 0, 0], [each.err for each in ran]
    for each in ran:
        assert key not in each.out
        check("migrate", each.json)
    shown, done, again, undone = (each.json for each in ran)
    assert [login["action"] for login in shown["plan"]["logins"]] == ["new"]
    assert shown["plan"]["exposed"] == [str(path)]
    assert shown["plan"]["problems"][0]["record"].startswith("puter")
    assert shown["done"] is None
    assert len(done["done"]["added"]) == 1
    assert [login["action"] for login in again["plan"]["logins"]] == ["same"]
    assert undone["undone"]["removed"] == done["done"]["added"]


def test_what_is_asked_about_is_seen_beside_the_json(fresh: CommandLine, server: SimulatorServer) -> None:
    path = fresh.home / "person" / ".local" / "share" / "opencode" / "auth.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"anthropic": {"type": "api", "key": secret_of(server, "console")}}))
    ran = fresh.run("migrate", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert f"from {path}" in ran.err
    assert "say --yes" in ran.err


def test_a_gateway_and_its_keys_are_listed_by_their_schema(two: CommandLine) -> None:
    two.run("gateway", "key", "add", "ci", "--models", "puter/*", "--max-share", "30%")
    check("gateway-key-list", two.run("gateway", "key", "list", "--json").json)
    with two.start("serve", "--port", "0", "--json") as serving:
        assert serving.stdout is not None
        said = json.loads(serving.stdout.readline())
        status = two.run("gateway", "status", "--json").json
        serving.kill()
    check("gateway-status", status)
    check("serve", said)
    assert status["gateways"] == [said["gateway"]]


def test_every_schema_has_a_command_that_is_held_against_it() -> None:
    checked = {schemas.SHARED.get(name, name) for name, _ in COMMANDS}
    assert checked | {"event", "login", "serve", "error"} == set(schemas.names())


def test_every_command_prints_json_by_a_schema_that_names_it() -> None:
    with click.Context(rota) as ctx:
        every = dict(commands(rota, ctx))
    flagged = {words for words, command in every.items() if takes_json(command)}
    groups = {words for words, command in every.items() if isinstance(command, click.Group)}
    assert every.keys() - flagged - groups == WITHOUT
    for words in flagged:
        assert f"rota {' '.join(words)} --json" in schemas.read("-".join(words))["title"]


def test_what_changes_an_account_says_what_is_so_now_and_what_was(two: CommandLine, server: SimulatorServer) -> None:
    two.run("login", "puter", "--token", "--label", "dave", given=secret_of(server, "dave"))
    two.run("use", "carol")
    used = two.run("use", "dave", "--json").json
    assert [(a["label"], a["active"]) for a in used["accounts"]] == [("dave", True)]
    assert {(a["label"], a["active"]) for a in used["before"]} == {("carol", True), ("dave", False)}
    again = two.run("use", "dave", "--json").json
    assert ([a["label"] for a in again["accounts"]], again["before"]) == (["dave"], [])
    named = two.run("label", "dave", "art", "--json").json
    assert ([a["label"] for a in named["accounts"]], [a["label"] for a in named["before"]]) == (["art"], ["dave"])
    moved = two.run("reorder", "art", "to", "1", "--json").json
    assert [a["number"] for a in moved["accounts"]] == [1]
    assert [a["label"] for a in moved["before"]] == ["work", "carol", "art"]
    two.run("pin", "art")
    freed = two.run("unpin", "puter", "--json").json
    assert [(a["label"], a["pinned"]) for a in freed["accounts"]] == [("art", False)]
    assert [(a["label"], a["pinned"]) for a in freed["before"]] == [("art", True)]
    gone = two.run("remove", "art", "--yes", "--json").json
    assert [(each["account"]["label"], each["url"]) for each in gone["removed"]] == [("art", "https://puter.com/")]
    assert [(each["provider"], each["account"]["label"]) for each in gone["serving"]] == [("puter", "carol")]


def test_a_key_is_in_the_json_that_asks_for_it_and_in_no_other(two: CommandLine) -> None:
    made = two.run("gateway", "key", "add", "ci", "--max-share", "30%", "--json").json
    assert made["secret"] == two.run("gateway", "key", "show", "ci").out.strip()
    listed = two.run("gateway", "key", "list", "--json")
    assert made["secret"] not in listed.out
    assert listed.json["keys"] == [made["key"]]
    ended = two.run("gateway", "key", "revoke", "ci", "--json")
    check("gateway-key-revoke", ended.json)
    assert (ended.json["key"], ended.json["secret"]) == (made["key"], None)


def test_a_setting_says_what_it_was_and_who_else_decides(two: CommandLine) -> None:
    two.more["ROTA_DEBUG"] = "0"
    said = [
        two.run("config", *args, "--json").json for args in (("set", "pool.retries", "1"), ("unset", "pool.retries"))
    ]
    assert [(each["before"], each["value"]) for each in said] == [(3, 1), (1, 3)]
    debug = two.run("config", "set", "debug", "true", "--json").json
    assert (debug["value"], debug["overridden"], debug["restart"]) == (True, True, True)


def test_opencodes_configuration_is_told_by_its_path_and_models(two: CommandLine) -> None:
    steps = [("install", "--dry-run"), ("install",), ("install",), ("uninstall",)]
    said = [two.run("opencode", *step, "--json").json for step in steps]
    for each in said:
        check("opencode", each)
    assert [(each["changed"], each["written"]) for each in said] == [
        (True, False),
        (True, True),
        (False, True),
        (True, True),
    ]
    assert "puter/gpt-5-nano-2025-08-07" in said[1]["models"]


FAILURES: list[tuple[list[str], str, int]] = [
    (["use", "nobody", "--json"], "UnknownAccount", 2),
    (["disable", "c", "--json"], "AmbiguousAccount", 2),
    (["usage", "--jsno", "--json"], "UsageError", 2),
    (["chta", "--json"], "UsageError", 2),
    (["config", "set", "pool.retries", "many", "--json"], "ConfigError", 2),
    (["remove", "carol", "--json"], "UsageError", 2),
    (["gateway", "key", "show", "ci", "--json"], "UsageError", 2),
]


@pytest.mark.parametrize(("args", "kind", "code"), FAILURES, ids=[" ".join(args) for args, *_ in FAILURES])
def test_a_failure_is_an_object_on_standard_error(two: CommandLine, args: list[str], kind: str, code: int) -> None:
    two.run("label", "work", "coal")
    ran = two.run(*args)
    assert (ran.code, ran.out) == (code, "")
    said = json.loads(ran.err.splitlines()[-1])  # above it may stand what is asked about
    check("error", said)
    assert (said["error"]["kind"], said["error"]["exit_code"]) == (kind, code)
    if kind == "AmbiguousAccount":
        assert said["error"]["candidates"] == ["1 coal", "2 carol"]


def test_when_all_are_cooling_the_object_says_until_when_and_why(tmp_path: Path) -> None:
    with simulated() as server:
        command = CommandLine(tmp_path, urls_of(server)).prepare()
        command.run("login", "puter", "--token", "--label", "carol", given=secret_of(server, "carol"))
        set_account(server.world, "carol", {"remaining": 0})
        command.run("chat", "-m", "puter/gpt-5-nano", "hello")  # metering lags: this one may pass
        ran = command.run("chat", "-m", "puter/gpt-5-nano", "--json", "hello")
    error = json.loads(ran.err.splitlines()[-1])["error"]
    check("error", {"schema": 1, "error": error})
    assert (ran.code, error["kind"], error["exit_code"]) == (4, "AllSpent", 4)
    assert error["retry_at"] is not None


def test_words_after_two_dashes_ask_for_no_json(two: CommandLine) -> None:
    assert two.run("use", "--", "--json").err.startswith('rota: No account is called "--json".')


def takes_json(command: click.Command) -> bool:
    return any("--json" in option.opts for option in command.params)
