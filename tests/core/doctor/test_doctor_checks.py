from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from tests.support.pool_facts import after

from rota.account import Account, Kind
from rota.doctor import bundle, machine
from rota.doctor.findings import Finding, Level, document, failure, good, well
from rota.errors import StoreError
from rota.events import AccountAdded
from rota.secret import Secret
from rota.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("version", "level"), [((3, 10), Level.FAIL), ((3, 11), Level.OK), ((3, 14), Level.OK), ((3, 15), Level.NOTE)]
)
def test_which_pythons_will_do(version: tuple[int, int], level: Level) -> None:
    assert machine.python(version, "python3").level is level


# environment, is it a terminal, encoding, columns, the worst that is found
TERMINALS = [
    ({"TERM": "xterm"}, True, "utf-8", 120, Level.OK),
    ({}, True, "utf-8", 120, Level.OK),  # the app needs no name to draw
    ({"TERM": "dumb"}, True, "utf-8", 120, Level.WARN),
    ({"OS": "Windows_NT"}, True, "utf-8", 120, Level.OK),
    ({"TERM": "xterm"}, True, "ascii", 120, Level.WARN),
    ({"TERM": "xterm"}, True, "utf-8", 60, Level.NOTE),
    ({}, False, "ascii", 60, Level.NOTE),
]


@pytest.mark.parametrize(("environ", "is_terminal", "encoding", "columns", "level"), TERMINALS)
def test_which_terminals_will_do(
    environ: dict[str, str], is_terminal: bool, encoding: str, columns: int, level: Level
) -> None:
    found = machine.terminal(environ, is_terminal=is_terminal, encoding=encoding, columns=columns)
    assert level in {finding.level for finding in found}


@pytest.mark.parametrize(
    ("date", "level"),
    [
        (formatdate(NOW, usegmt=True), Level.OK),
        (formatdate(NOW - 59, usegmt=True), Level.OK),
        (formatdate(NOW - 3600, usegmt=True), Level.WARN),
        (formatdate(NOW + 3600, usegmt=True), Level.WARN),
        ("yesterday", None),  # what is no date says nothing
        (None, None),
    ],
)
def test_how_far_the_clock_may_be_off(date: str | None, level: Level | None) -> None:
    finding = machine.clock_skew(NOW, date, "host")
    assert (finding.level if finding is not None else None) is level


def test_what_is_wrong_always_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="nothing to do"):
        Finding("vault", Level.FAIL, "it is broken")


def test_only_a_failure_makes_it_unwell() -> None:
    assert well([good("a", "fine")])
    assert not well([good("a", "fine"), failure("b", "broken", "mend it")])
    assert document([failure("b", "broken", "mend it")])["ok"] is False


ACCOUNT = Account("a", "puter", Kind.PUTER, "id", "Grace Hopper", email="grace@example.com", organization="Navy")
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1dWlkIjoiMSJ9.c2lnbmF0dXJl"


def reported(*texts: str) -> str:
    snapshot = after(AccountAdded(at=NOW, account=ACCOUNT))
    findings = [failure("account", text, "mend it") for text in texts]
    return bundle.report(findings, snapshot, Settings(), [f"line {t}" for t in texts], home="/home/grace")


def test_a_report_names_nobody_and_holds_no_secret() -> None:
    text = reported(
        "Grace Hopper of Navy needs a sign-in",
        "grace@example.com and ada@example.org",
        f"token {TOKEN}",
        "/home/grace/x",
    )
    for hidden in ("Grace", "Navy", "@", TOKEN, "/home/grace"):
        assert hidden not in text
    assert "account 1 of organization needs a sign-in" in text
    assert "~/x" in text


def test_a_report_that_would_leak_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    for text, secrets, emails in (
        ("it is hunter2hunter2", [Secret("hunter2hunter2")], []),
        ("part of it: abcdefghijklmnop1234", [Secret('{"t": "abcdefghijklmnop1234"}')], []),
        ("from grace", [], ["grace"]),
        ("somebody@example.com", [], []),
    ):
        with pytest.raises(StoreError, match="would have held"):
            bundle.write(path, text, secrets, emails)
    assert not path.exists()
    bundle.write(path, "nothing of that", [Secret("hunter2hunter2")], ["grace"])
    assert path.read_text() == "nothing of that"


@pytest.mark.skipif(os.name == "nt", reason="pipes that have a name")
def test_a_report_goes_into_a_pipe_and_leaves_it_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor() as reader:
        got = reader.submit(path.read_text)
        bundle.write(path, "all is well", [], [])
        assert got.result(30) == "all is well"
    assert path.is_fifo()
