"""Files that are not as they should be: each is said for what it is, and costs nothing but itself."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.foreign_files import Machine, oauth, puter_token, token

from rota.engine import open_engine
from rota.migrate import foreign, survey
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rota.migrate.places import Places
    from rota.migrate.records import Reading

USER = "6f3f8f0e-3f57-4d2a-9a3e-0b6c5d4e3f21"

FILES = {
    "opencode": ".local/share/opencode/auth.json",
    "anthropic-multi-auth": ".config/opencode/anthropic-accounts.json",
    "opencode-puter-auth": ".config/opencode/puter-accounts.json",
    "anthropic-multi-account": ".config/opencode/anthropic-multi-account-accounts.json",
    "claude-code": ".claude/.credentials.json",
    "console-profiles": ".config/anthropic/configs/default.json",
    "puter-cli": ".config/puter-cli-nodejs/config.json",
    "puter.json": ".config/opencode/puter.json",
    "opencode-config": ".config/opencode/opencode.json",
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


WHOLE_FILES = [
    # truncated while it was written
    ('{"anthropic": {"type": "oau', "breaks off"),
    ("", "empty"),
    ("  \n", "empty"),
    # of the wrong type
    ("[1, 2]", None),
    ("3", None),
    ('"text"', None),
    ("null", None),
    # not JSON at all
    ("<html>504</html>", None),
    ("{" * 3000, None),
    ('{"n": ' + "9" * 5000 + "}", None),
]


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize(("text", "why"), WHOLE_FILES)
def test_a_broken_file_is_one_problem_and_no_crash(machine: Machine, source: str, text: str, why: str | None) -> None:
    machine.write(FILES[source], text)

    reading = machine.reading(source)

    assert reading.records == ()
    assert reading.edits == ()
    if source != "opencode-config" or text not in ("[1, 2]", "3", '"text"', "null"):
        (problem,) = reading.problems
        assert str(machine.home) in problem.path
        assert why is None or why in problem.why


@pytest.mark.parametrize("source", FILES)
def test_ten_megabytes_are_refused_unread(machine: Machine, source: str) -> None:
    machine.write(FILES[source], "{" + " " * 10 * 1024 * 1024 + "}")
    (problem,) = machine.reading(source).problems
    assert "too large" in problem.why


@pytest.mark.parametrize("source", FILES)
def test_text_that_is_not_utf_8_is_said_to_be_so(machine: Machine, source: str) -> None:
    path = machine.write(FILES[source], "{}")
    path.write_bytes(b'{"a": "\xff\xfe"}')
    (problem,) = machine.reading(source).problems
    assert "UTF-8" in problem.why


@pytest.mark.parametrize("source", FILES)
def test_a_file_that_may_not_be_read_is_said_to_be_so(
    machine: Machine, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = machine.write(FILES[source], "{}")
    honest = type(path).open

    def closed(self: Path, *args: Any, **kwargs: Any) -> Any:
        # Tests may run as root, whom no mode keeps out.
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return honest(self, *args, **kwargs)

    monkeypatch.setattr(type(path), "open", closed)

    (problem,) = machine.reading(source).problems

    assert "cannot be read (Permission denied)" in problem.why
    assert problem.todo


@pytest.mark.parametrize("source", FILES)
def test_a_folder_or_a_pipe_in_a_files_place_is_not_opened(machine: Machine, source: str) -> None:
    path = machine.home / FILES[source]
    path.mkdir(parents=True)
    (folder,) = machine.reading(source).problems
    path.rmdir()
    os.mkfifo(path)
    (pipe,) = machine.reading(source).problems

    assert folder.why == pipe.why == "it is not a file"


def test_a_linked_file_is_read_and_said_to_be_a_link(machine: Machine) -> None:
    real = machine.write("dotfiles/auth.json", {"anthropic": oauth("a")})
    machine.auth.parent.mkdir(parents=True)
    machine.auth.symlink_to(real)

    reading = machine.reading("opencode")

    assert len(reading.records) == 1
    assert reading.found[0].notes == (f"a link to {real}",)


def test_a_link_to_nothing_and_a_link_to_itself_are_problems(machine: Machine) -> None:
    machine.auth.parent.mkdir(parents=True)
    machine.auth.symlink_to(machine.home / "gone.json")
    (gone,) = machine.reading("opencode").problems
    machine.auth.unlink()
    machine.auth.symlink_to(machine.auth)
    (loop,) = machine.reading("opencode").problems

    assert "not there" in gone.why
    assert "cannot be looked at" in loop.why


def test_a_file_open_to_others_is_warned_of_and_can_be_closed(machine: Machine) -> None:
    path = machine.write(machine.puter_accounts, {"accounts": [{"authToken": "t"}]}, mode=0o644)
    (found,) = machine.reading("opencode-puter-auth").found
    assert found.exposed
    assert "others on this machine can read it" in found.notes

    foreign.tighten(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert not machine.reading("opencode-puter-auth").found[0].exposed


# --- one bad record ----------------------------------------------------------------------------------------

GOOD = oauth("good")
BAD_RECORDS = [
    ("opencode", {"anthropic": {**GOOD, "refresh": ""}, "puter": {"type": "api", "key": "t"}}, "anthropic.refresh"),
    ("opencode", {"anthropic": {"type": "magic"}, "puter": {"type": "api", "key": "t"}}, "anthropic.type"),
    ("opencode", {"anthropic": None, "puter": {"type": "api", "key": "t"}}, "anthropic"),
    ("opencode", {"puter": GOOD, "anthropic": GOOD}, "puter"),
    ("opencode", {"anthropic": {"type": "wellknown"}, "puter": {"type": "api", "key": "t"}}, "anthropic"),
    ("anthropic-multi-auth", {"accounts": [{"access": "x"}, {"refresh": token("ort", "b")}]}, "accounts[0].refresh"),
    ("anthropic-multi-auth", {"accounts": [7, {"refresh": token("ort", "b")}]}, "accounts[0]"),
    ("anthropic-multi-auth", {"accounts": [{"refresh": "two words"}, {"refresh": "r"}]}, "accounts[0].refresh"),
    ("anthropic-multi-auth", {"accounts": [{"refresh": "a\nb"}, {"refresh": "r"}]}, "accounts[0].refresh"),
    ("opencode-puter-auth", {"accounts": [{"authToken": "t"}, {"username": "x"}]}, "accounts[1].authToken"),
    ("anthropic-multi-account", {"accounts": [{"name": "x"}, {"name": "y", "refresh": "r"}]}, "accounts[0]"),
    ("puter-cli", {"accounts": {"a": {"token": 7}, "b": {"token": "t"}}}, "accounts.a.token"),
]


@pytest.mark.parametrize(("source", "held", "where"), BAD_RECORDS)
def test_one_bad_record_leaves_the_good_ones(machine: Machine, source: str, held: object, where: str) -> None:
    machine.write(FILES[source], held)

    reading = machine.reading(source)

    assert len(reading.records) == 1
    (problem,) = reading.problems
    assert problem.where == where
    assert problem.why
    assert problem.todo


@pytest.mark.parametrize("held", [{"accounts": {}}, {"accounts": None}, {}])
@pytest.mark.parametrize("source", ["anthropic-multi-auth", "opencode-puter-auth", "anthropic-multi-account"])
def test_accounts_that_are_no_list_are_a_problem(machine: Machine, source: str, held: object) -> None:
    machine.write(FILES[source], held)
    (problem,) = machine.reading(source).problems
    assert problem.where == "accounts"


def test_wrong_numbers_and_flags_cost_only_themselves(machine: Machine) -> None:
    account = {
        "refresh": token("ort", "a"),
        "access": token("oat", "a"),
        "expires": "tomorrow",
        "enabled": "no",
        "label": 7,
        "rateLimitedUntil": -1,
        "addedAt": None,
    }
    machine.write(machine.plugin_accounts, {"accounts": [account], "activeIndex": "first"})

    (record,) = machine.reading("anthropic-multi-auth").records

    assert record.credential.expires_at is None
    assert (record.enabled, record.label, record.limited_until, record.active) == (True, None, None, False)
    assert record.place.slot == "number 1"


def test_no_problem_quotes_what_was_in_the_file(machine: Machine) -> None:
    secret = "sk-ant-ort01-do-not-show-me"
    for source, path in FILES.items():
        for text in (f'{{"x": "{secret}', f'"{secret}"', json.dumps({"accounts": [{"refresh": [secret]}, secret]})):
            machine.write(path, text)
            reading = machine.reading(source)
            assert "do-not-show-me" not in repr(reading) + "".join(map(str, reading.problems))


def test_a_token_is_not_shown_by_any_reading(machine: Machine) -> None:
    machine.write(machine.auth, {"anthropic": oauth("hidden"), "puter": {"type": "api", "key": puter_token(USER)}})
    machine.environ["OPENCODE_AUTH_CONTENT"] = json.dumps({"anthropic": oauth("hidden")})
    shown = repr(machine.read()) + repr(machine.places)
    assert "hidden" not in shown
    assert puter_token(USER)[:20] not in shown


async def test_a_file_that_is_being_written_at_that_moment_is_read_when_it_is_whole(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = machine.write(FILES["opencode"], "")
    read = survey.read

    def and_then_written(places: Places, only: Iterable[str] = ()) -> tuple[Reading, ...]:
        readings = read(places, only)
        machine.write(auth, {"anthropic": oauth("mine")})
        return readings

    monkeypatch.setattr(survey, "read", and_then_written)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(machine.home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    async with open_engine(home=tmp_path / "rota", vault=MemoryVault()) as engine:
        plan = await (await engine.imports()).plan(["opencode"], online=False)

    assert [item.record.provider for item in plan.items] == ["anthropic"]
    assert plan.problems == ()
