from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.support.command_line import tty_of

if TYPE_CHECKING:
    from tests.support.command_line import CommandLine

posix = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")


def test_the_table_fits_80_columns_and_has_no_colour_in_a_pipe(two: CommandLine) -> None:
    two.run("label", "carol", "a label that is far too long for any table that has to fit in here")
    shown = two.run("status").out
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown


def test_plain_status_is_a_sentence_an_account(two: CommandLine) -> None:
    work, carol = two.run("status", "--plain").out.splitlines()
    assert work.startswith("1. work, Anthropic, API, ready, serves new sessions, next")
    assert carol.startswith("2. carol, Puter, Free, ready, serves new sessions, next, month ")
    assert " used until " in carol
    assert carol.endswith(".")


@posix
def test_a_terminal_has_colour_unless_nobody_wants_it(two: CommandLine) -> None:
    with tty_of(two, "status") as terminal:
        assert terminal.ended() == 0
        assert "\x1b[" in terminal.shown
    two.more["NO_COLOR"] = "1"
    with tty_of(two, "status") as terminal:
        assert terminal.ended() == 0
        assert "\x1b[" not in terminal.shown


@posix
def test_watching_on_a_terminal_rewrites_in_place_and_leaves_the_cursor(two: CommandLine) -> None:
    with tty_of(two, "status", "--watch", columns=60) as terminal:
        terminal.until("carol")
        two.run("label", "carol", "art")
        shown = terminal.until("art")
        assert terminal.interrupted() == 130
        assert "\x1b[?25h" in terminal.shown
    assert "F" in shown.partition("\x1b[?25l")[2]
    assert "\x1b[2J" not in shown


@posix
def test_watching_in_sentences_on_a_terminal_only_ever_adds_lines(two: CommandLine) -> None:
    with tty_of(two, "status", "--watch", "--plain") as terminal:
        terminal.until("2. carol")
        two.run("label", "carol", "art")
        terminal.until("2. art")
        assert terminal.interrupted() == 130
        assert "\x1b" not in terminal.shown


@posix
@pytest.mark.skipif(shutil.which("watch") is None, reason="watch is not here")
def test_status_works_under_watch(two: CommandLine) -> None:
    with tty_of(two, "status", columns=80, before=("watch", "-t", "-n", "1")) as terminal:
        terminal.until("2 accounts")
        terminal.until("carol")
        two.run("label", "carol", "art")
        terminal.until("art")


def test_watching_in_a_pipe_says_only_what_changed(two: CommandLine) -> None:
    with two.start("status", "--watch") as running:
        assert running.stdout is not None
        first = [running.stdout.readline() for _ in range(2)]
        two.run("disable", "carol")
        changed = running.stdout.readline()
        running.kill()
    assert [line[:2] for line in first] == ["1.", "2."]
    assert changed[9:].startswith("2. carol, Puter, Free, off")


def test_watching_as_json_is_an_object_a_change(two: CommandLine) -> None:
    with two.start("status", "--watch", "--json") as running:
        assert running.stdout is not None
        before = json.loads(running.stdout.readline())
        two.run("label", "carol", "art")
        after = json.loads(running.stdout.readline())
        running.kill()
    assert [a["label"] for a in before["accounts"]] == ["work", "carol"]
    assert [a["label"] for a in after["accounts"]] == ["work", "art"]
