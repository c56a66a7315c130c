from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from rota import schemas

if TYPE_CHECKING:
    from tests.support.command_line import CommandLine

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


def test_every_schema_has_a_command_that_is_held_against_it() -> None:
    assert {name for name, _ in COMMANDS} | {"event"} == set(schemas.names())
