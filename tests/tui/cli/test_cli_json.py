from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from tests.support.command_line import commands, secret_of

from rota import schemas
from rota_tui.cli import rota

if TYPE_CHECKING:
    from tests.support.command_line import CommandLine

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
]


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
    with two.start("serve", "--port", "0") as serving:
        assert serving.stdout is not None
        url = serving.stdout.readline().strip()
        status = two.run("gateway", "status", "--json").json
        serving.kill()
    check("gateway-status", status)
    assert [g["url"] for g in status["gateways"]] == [url]


def test_every_schema_has_a_command_that_is_held_against_it() -> None:
    assert {name for name, _ in COMMANDS} | {"event", "login"} == set(schemas.names())


def test_every_json_flag_has_a_schema(two: CommandLine) -> None:
    with click.Context(rota) as ctx:
        flagged = {"-".join(words) for words, command in commands(rota, ctx) if takes_json(command)}
    assert flagged == {"events" if name == "event" else name for name in schemas.names()}


def takes_json(command: click.Command) -> bool:
    return any("--json" in option.opts for option in command.params)
