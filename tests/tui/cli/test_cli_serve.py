"""`rota serve`, `rota gateway` and `rota opencode` as a person and a script meet them."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.command_line import CommandLine

posix = pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing on Windows")


@contextmanager
def serving(command: CommandLine, *args: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`rota serve` in a process, and its address."""
    process = command.start("serve", *(args or ("--port", "0")))
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def ask(url: str, key: str, model: str = "anthropic/claude-haiku-4-5") -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(trust_env=False, timeout=30) as http:
        return http.post(f"{url}/v1/chat/completions", json=body, headers=headers)


@posix
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 0)])
def test_serve_says_where_answers_with_the_key_and_ends_in_peace(two: CommandLine, name: str, code: int) -> None:
    key = two.run("gateway", "key").out.strip()
    with serving(two) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert ask(url, key).json()["choices"][0]["message"]["content"]
        status = two.run("gateway", "status", "--json").json
        assert [g["url"] for g in status["gateways"]] == [url]
        assert [k["name"] for k in status["keys"]] == ["default"]
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=30)
        assert process.returncode == code
    assert "rota gateway key" in err
    assert key not in err
    assert "Traceback" not in err
    assert two.run("gateway", "status").out.startswith("Nobody serves")
    assert "answered" in two.run("events", "-n", "20").out


@posix
def test_a_port_that_is_taken_says_by_whom(two: CommandLine) -> None:
    with serving(two) as (process, url):
        port = url.rpartition(":")[2]
        again = two.run("serve", "--port", port)
        assert again.code == 2
        assert f"Another rota (process {process.pid}) serves on port {port} already." in again.err
        assert f"{url}/v1" in again.err
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = two.run("serve", "--port", str(other.getsockname()[1]))
        assert taken.code == 2
        assert "Another program listens" in taken.err


@posix
def test_a_key_counts_at_once_where_another_process_serves_and_ends_there(two: CommandLine) -> None:
    with serving(two) as (_, url):
        made = two.run("gateway", "key", "add", "ci", "--models", "puter/*", "--max-share", "30%")
        key = made.out.strip()
        assert ask(url, key, "puter/gpt-5-nano").status_code == 200
        assert ask(url, key).status_code == 403
        assert two.run("gateway", "key", "show", "ci").out.strip() == key
        assert "key ci: models puter/*; up to 30% of the requests" in two.run("gateway", "key", "list").out
        assert key not in two.run("gateway", "key", "list", "--json").out
        assert two.run("gateway", "key", "revoke", "ci").out == "The key ci is revoked.\n"
        # the other process follows the log within a quarter of a second
        assert any(ask(url, key, "puter/gpt-5-nano").status_code == 401 for _ in range(500))
    assert two.run("gateway", "key", "revoke", "ci").code == 2


@pytest.mark.parametrize("share", ["0", "150%", "much", "-1%"])
def test_a_share_that_is_none_is_refused(two: CommandLine, share: str) -> None:
    ran = two.run("gateway", "key", "add", "x", "--max-share", share)
    assert ran.code == 2
    assert "30%" in ran.err or "between" in ran.err


def config_of(command: CommandLine) -> Path:
    folder = command.home / "person" / ".config" / "opencode"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "opencode.jsonc"


def test_opencode_install_and_uninstall_leave_the_file_as_it_was(two: CommandLine) -> None:
    path = config_of(two)
    before = '{\n  // mine\n  "theme": "system",\n}\n'
    path.write_text(before)
    shown = two.run("opencode", "install", "--dry-run")
    assert '+    "rota": {' in shown.out
    assert path.read_text() == before
    done = two.run("opencode", "install")
    assert done.code == 0, done.err
    text = path.read_text()
    assert "// mine" in text
    assert '"baseURL": "http://127.0.0.1:7682/v1"' in text
    assert '"anthropic/claude-haiku-4-5-20251001"' in text
    key = two.run("gateway", "key", "show", "opencode").out.strip()
    assert key not in text
    assert (two.home / "rota" / "data" / "opencode.key").read_text() == key
    assert "lists them already" in two.run("opencode", "install").out
    gone = two.run("opencode", "uninstall")
    assert gone.code == 0, gone.err
    assert path.read_text() == before
    assert two.run("gateway", "key", "show", "opencode").code == 2
    assert two.run("opencode", "uninstall").code == 2


def test_opencode_install_lists_only_the_models_that_were_asked_for(two: CommandLine) -> None:
    path = config_of(two).with_name("opencode.json")
    assert two.run("opencode", "install", "--models", "anthropic/*opus*").code == 0
    models = json.loads(path.read_text())["provider"]["rota"]["models"]
    assert models
    assert all("opus" in name for name in models)
    nothing = two.run("opencode", "install", "--models", "nothing/*")
    assert nothing.code == 2


def test_without_an_account_opencode_install_says_what_to_do(fresh: CommandLine) -> None:
    ran = fresh.run("opencode", "install")
    assert ran.code == 3
    assert "rota login" in ran.err
