"""What the papers say is so: their tables, links and texts, every command line in them, every program."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import click
import pytest
from tests.support.command_line import CommandLine, Ran, secret_of, tty_of
from tests.support.papers import PAPERS, PLACES, README, ROOT, Fence, fences, refreshed, shown_key, spans

from rota_tui.cli import COMMANDS, rota
from rota_tui.keymap import commands

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from rota.simulator import SimulatorServer

posix = pytest.mark.skipif(os.name == "nt", reason="the papers' command lines are for a POSIX shell")

HERE = "http://127.0.0.1:7682"
"""Where the papers say that the endpoint is."""
INSTALLER = re.compile(r"(uv|pipx|python3) .*install \.")
"""They take a package index and long: `.ci/run` runs these lines of README, found by the same pattern."""
BROWSER = """\
#!{python}
import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "&approve=dave", timeout=30).read()
"""
"""A person who says yes on the provider's page, and is sent back from there."""
TRIAL = "Try all of it without an account"
PATIENCE_S = 30.0
PAPER_NAMES = [str(path.relative_to(ROOT)) for path in PAPERS]


@pytest.mark.parametrize("paper", PAPERS, ids=PAPER_NAMES)
def test_the_tables_are_as_the_code_says(paper: Path) -> None:
    text = paper.read_text("utf-8")
    assert refreshed(text) == text, "write them anew: make papers"


@pytest.mark.parametrize("paper", PAPERS, ids=PAPER_NAMES)
def test_every_link_leads_somewhere(paper: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", paper.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        page = (paper.parent / path) if path else paper
        assert page.exists(), target
        if anchor:
            assert anchor in anchors(page), target


def anchors(page: Path) -> set[str]:
    """What a heading is called in an address."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("paper", PAPERS, ids=PAPER_NAMES)
def test_every_command_in_running_text_is_one(paper: Path) -> None:
    for words in spans(paper):
        with click.Context(rota, info_name="rota") as ctx:
            check(rota, ctx, words[1:], " ".join(words))


def check(command: click.Command, ctx: click.Context, words: list[str], whole: str) -> None:
    """Whether the words name a command and options that it has; a word in capitals stands for any."""
    try:
        _, rest, _ = command.make_parser(ctx).parse_args(list(words))
    except click.UsageError as error:
        raise AssertionError(f"{whole}: {error.format_message()}") from None
    if isinstance(command, click.Group) and rest and not rest[0].isupper():
        inner = command.get_command(ctx, rest[0])
        assert inner is not None, whole
        check(inner, click.Context(inner, parent=ctx, info_name=rest[0]), rest[1:], whole)


@pytest.mark.parametrize("paper", PAPERS, ids=PAPER_NAMES)
def test_every_json_block_is_json(paper: Path) -> None:
    for fence in fences(paper, "json"):
        json.loads(fence.text)


def test_every_command_is_named_in_the_readme() -> None:
    text = README.read_text("utf-8")
    assert {name for name in COMMANDS if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("place", PLACES)
def test_every_key_in_the_readme_is_one_of_its_screen(place: str) -> None:
    told = README.read_text("utf-8").partition("## The app")[2].partition("Every key:")[0]
    if place == "Accounts":
        keys = re.findall(r"[|/] `([^`]+)`", told.partition("In Chat,")[0])
    else:
        keys = re.findall(r"`([^`]+)`", re.split(r"\bIn [A-Z]", told.partition(f"In {place},")[2])[0])
    known = {shown_key(key) for command in commands().values() if command.where == place for key in command.keys}
    known |= {"enter", "esc"}  # of every table, and every way back
    assert keys
    assert [key for key in keys if key not in known] == []


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for paper in PAPERS:
        assert set(re.findall(r"(?:^\$ |`)make ([a-z]+)", paper.read_text("utf-8"), re.MULTILINE)) <= targets


def test_the_install_lines_are_run_before_a_change_lands() -> None:
    lines = [line for fence in fences(README, "console") for line in fence.commands()]
    assert [line.split()[0] for line in lines if INSTALLER.fullmatch(line)] == ["uv", "pipx", "python3"]
    assert f"({INSTALLER.pattern})$" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_text_of_ours_under_trouble_is_one_that_rota_says() -> None:
    code = "".join(path.read_text("utf-8") for folder in ("core", "tui") for path in (ROOT / folder).rglob("*.py"))
    code = re.sub(r'"\s*\n\s*f?"', "", code)
    missing = []
    for paper in (README, ROOT / "docs" / "troubleshooting.md"):
        quoted = [
            line.partition("(the plugin")[0] for line in paper.read_text("utf-8").splitlines() if line[:2] == "> "
        ]
        quoted += [
            line.split("|")[1]
            for line in re.findall(r"^\| `[A-Z].*troubleshooting.md#.*$", paper.read_text("utf-8"), re.MULTILINE)
        ]
        for text in re.findall(r"`([^`]+)`", "\n".join(quoted)):
            words = text.split()
            runs = [" ".join(words[at : at + 3]) for at in range(len(words) - 2)]
            if runs and not any(run in code for run in runs):
                missing.append(text)
    assert missing == []


class Shell:
    """Runs a paper's command lines one after another, as a person would, on one home."""

    def __init__(self, command: CommandLine, folder: Path) -> None:
        self.command = command
        self.folder = folder
        self.served: list[Popen[str]] = []
        self.url = HERE
        self._before: list[str] = []
        programs = command.home / "bin"
        programs.mkdir(exist_ok=True)
        program = programs / "rota"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rota_tui "$@"\n')
        program.chmod(0o755)
        (programs / "python3").unlink(missing_ok=True)
        (programs / "python3").symlink_to(sys.executable)
        self._path = str(programs)

    def run(self, fence: Fence) -> None:
        for line in fence.commands():
            if line.startswith("curl ") and shutil.which("curl") is None:
                continue
            ran = self.line(line)
            assert ran.code == 0, f"{line}\n{ran.out}{ran.err}"
            assert not line.startswith("curl ") or '"choices"' in ran.out, ran.out

    def line(self, line: str) -> Ran:
        """One command line: in this process where that will do, in a shell where it needs one."""
        plain, _, source = line.partition(" < ")
        if INSTALLER.fullmatch(line):
            return Ran(0, "", "")
        if line.startswith("make "):  # what it would run, which is this test among others
            return self.shell(f"{line} --dry-run --directory {shlex.quote(str(ROOT))}")
        if plain == "rota serve":
            return self._serve()
        if line == "rota login puter":
            return self._login()
        if line.startswith(". "):
            said = shlex.split((self.folder / line[2:]).read_text("utf-8"))
            self.command.more |= dict(word.split("=", 1) for word in said if word != "export")
            return Ran(0, "", "")
        if line.startswith("export "):
            self._before.append(line)
            return Ran(0, "", "")
        if plain.startswith("rota ") and not re.search(r"[<>|&$]", plain):
            given = (self.folder / source).read_text("utf-8") if source else None
            return self.command.run(*shlex.split(plain)[1:], given=given)
        return self.shell(line)

    def shell(self, line: str) -> Ran:
        script = "\n".join(("set -e -o pipefail", *self._before, line.replace(HERE, self.url)))
        environ = self.command.environ()
        environ["PATH"] = f"{self._path}{os.pathsep}{environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def _login(self) -> Ran:
        """At a terminal, with a browser that somebody sits at."""
        browser = self.folder / "browser"
        browser.write_text(BROWSER.format(python=sys.executable))
        browser.chmod(0o755)
        self.command.more["BROWSER"] = str(browser)
        with tty_of(self.command, "login", "puter") as terminal:
            terminal.until("Sign in with")
            terminal.type("\n")
            terminal.until("Added dave")
            terminal.until("Add another?")
            terminal.type("\n")
            return Ran(terminal.ended(), terminal.shown, "")

    def _serve(self) -> Ran:
        script = "\n".join((*self._before, f'exec "{self._path}/rota" serve --port 0'))
        environ = {**self.command.environ(), "PATH": f"{self._path}{os.pathsep}{self.command.environ()['PATH']}"}
        served = subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.served.append(served)
        assert served.stdout is not None
        self.url = served.stdout.readline().strip()
        return Ran(0 if self.url.startswith("http://127.0.0.1:") else 1, self.url, "")

    def close(self) -> None:
        for served in self.served:
            served.kill()
            served.communicate()


@posix
def test_the_readmes_command_lines_and_programs_work_one_after_another(
    two: CommandLine, server: SimulatorServer, tmp_path: Path
) -> None:
    auth = two.home / "person" / ".local" / "share" / "opencode" / "auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text(json.dumps({"anthropic": {"type": "api", "key": secret_of(server, "console")}}))
    auth.chmod(0o600)
    for name, label in (("work.key", "console"), ("home.key", "console-small"), ("carol.token", "carol")):
        (tmp_path / name).write_text(secret_of(server, label))
    shell = Shell(two, tmp_path)
    try:
        for fence in fences(README, "console"):
            if fence.heading != TRIAL:
                shell.run(fence)
        programs = [fence.text.replace(HERE, shell.url) for fence in fences(README, "python")]
        assert len(programs) == 3
        (tmp_path / "programs.py").write_text("\n".join(programs))
        ran = shell.shell("python3 programs.py")
        assert ran.code == 0, ran.err
        assert len(ran.out.splitlines()) >= 3
    finally:
        shell.close()
    assert unnamed(two.home / "rota") == []


def unnamed(home: Path) -> list[str]:
    """What lies in a home without SECURITY.md naming it, or stands open to others."""
    table = (ROOT / "SECURITY.md").read_text("utf-8").partition("## Files")[2].partition("A damaged file")[0]
    named = set(re.findall(r"`([\w./*-]+)`", table.replace("(+ `-wal`, `-shm`)", "").replace("(+ `.1` …)", "")))
    folders = {"data", "state", "cache", "logs", "data/vault", "data/backups", "state/locks"}
    wrong = []
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        known = (
            name in folders
            if path.is_dir()
            else any(
                fnmatch(name, f"{each}*")
                for each in named  # a folder's own files, -wal, -shm
            )
        )
        if not known or path.stat().st_mode & 0o077:
            wrong.append(name)
    return wrong


def test_every_host_in_the_code_is_named_in_security_md() -> None:
    code = "".join(
        path.read_text("utf-8") for path in (ROOT / "core" / "rota").rglob("*.py") if "simulator" not in path.parts
    )
    hosts = set(re.findall(r'"https://([a-z0-9.-]+)', code)) - {"opencode.ai"}  # the name of a schema, never fetched
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert {host for host in hosts if f"`{host}`" not in text} == set()


@posix
@pytest.mark.parametrize("paper", [p for p in PAPERS if p != README and fences(p, "console")], ids=lambda p: p.name)
def test_the_other_papers_command_lines_work(
    two: CommandLine, server: SimulatorServer, tmp_path: Path, paper: Path
) -> None:
    auth = two.home / "person" / ".local" / "share" / "opencode" / "auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text(json.dumps({"anthropic": {"type": "api", "key": secret_of(server, "console-small")}}))
    shell = Shell(two, tmp_path)
    try:
        for fence in fences(paper, "console"):
            shell.run(fence)
    finally:
        shell.close()


@posix
def test_who_reads_only_the_readme_gets_opencode_talking_through_rota(fresh: CommandLine, tmp_path: Path) -> None:
    fresh.urls = {}
    first, second, third = (fence for fence in fences(README, "console") if fence.heading == TRIAL)
    (simulate,) = first.commands()
    shell = Shell(fresh, tmp_path)
    simulator = fresh.start(*shlex.split(simulate)[1:], cwd=tmp_path)
    try:
        assert simulator.stdout is not None
        assert simulator.stdout.readline() == "{\n"
        shell.run(second)
        assert shell.served, "nobody serves"
        path = next((tmp_path / "rota-try" / "config" / "opencode").glob("*.json*"))
        config = json.loads(path.read_text("utf-8"))
        opencode, *rest = (line for line in third.commands() if not line.startswith(". "))
        model = shlex.split(opencode)[3].removeprefix("rota/")
        assert answer_to_opencode(config["provider"]["rota"], model, shell.url)
        until = time.monotonic() + PATIENCE_S
        while "answered" not in shell.line(rest[0]).out:  # the other process writes its log a moment later
            assert time.monotonic() < until, "the log does not tell of the answer"
        told = [shell.line(line) for line in rest]
        assert [ran.code for ran in told] == [0, 0, 0], told
        assert "served" in told[1].out
        assert "opencode asked for" in told[1].out
        assert "3 accounts" in told[2].out
        if shutil.which("opencode") is not None:
            path.write_text(path.read_text("utf-8").replace(HERE, shell.url), "utf-8")
            ran = shell.shell(opencode)
            assert ran.code == 0, ran.err
    finally:
        shell.close()
        simulator.kill()
        simulator.communicate()


def answer_to_opencode(provider: dict[str, object], model: str, url: str) -> str:
    """What OpenCode gets from what was written for it: its address, its key by reference, a model that it lists."""
    from openai import OpenAI

    options = provider["options"]
    models = provider["models"]
    assert isinstance(options, dict)
    assert isinstance(models, dict)
    assert options["baseURL"] == f"{HERE}/v1"
    assert model in models
    key = re.fullmatch(r"\{file:(.+)\}", options["apiKey"])
    assert key is not None
    with (
        open(key[1], encoding="utf-8") as file,
        OpenAI(base_url=f"{url}/v1", api_key=file.read(), max_retries=0) as client,
    ):
        said = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Say hello"}], max_tokens=50
        )
    return str(said.choices[0].message.content)
