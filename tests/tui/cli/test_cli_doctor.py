from __future__ import annotations

import json
import os
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.command_line import CommandLine, secret_of, simulated, urls_of

from rota.log import SqliteLog
from rota.paths import under
from rota.simulator import set_account

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="plants faults in modes")


def findings(ran: Any, level: str) -> list[str]:
    return [f"{f['check']}: {f['text']} → {f['todo']}" for f in ran.json["findings"] if f["level"] == level]


def test_a_healthy_home_is_said_to_be_well(two: CommandLine) -> None:
    two.run("config", "set", "gateway.port", "0")  # the usual one may be taken on this machine
    ran = two.run("doctor")
    assert ran.code == 0
    assert ran.out.rstrip().endswith("All is well.")


def test_each_of_ten_planted_faults_is_named_with_what_to_do(tmp_path: Path) -> None:
    with simulated() as server, socket.socket() as taken:
        command = CommandLine(tmp_path / "broken", urls_of(server)).prepare()
        for label in ("console", "console-small"):
            command.run("login", "anthropic", "--api-key", "--label", label, given=secret_of(server, label))
        for label in ("carol", "dave"):
            command.run("login", "puter", "--token", "--label", label, given=secret_of(server, label))
        paths = under(tmp_path / "broken" / "rota")
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        # 1 a login that the provider took back, 2 an account that waits for its person
        set_account(server.world, "console-small", {"active": False})
        set_account(server.world, "carol", {"gates": ["phone"]})
        # 3 a secret that is gone
        secrets = json.loads(paths.vault_file.read_bytes())
        log = SqliteLog.open(paths.log_file)
        dave = next(s.id for s in log.snapshot.listed() if s.account.label == "dave")
        log.close()
        held = secrets.get("secrets", secrets)
        del held[f"account/{dave}"]
        # 4 a secret of nobody
        held["account/nobody"] = next(iter(held.values()))
        paths.vault_file.write_text(json.dumps(secrets), "utf-8")
        # 5 a settings file with a mistake, 6 a taken port
        paths.config_file.write_text(f'vault = "file"\n[gateway]\nport = {taken.getsockname()[1]}\n', "utf-8")
        # 7 a file and 8 a folder that others can read
        paths.log_file.chmod(0o644)
        paths.vault.chmod(0o755)
        # 9 an interrupted write
        (paths.state / ".settings.json.abc.tmp").write_text("{")
        # 10 another tool's login that others can read
        auth = tmp_path / "broken" / "person" / ".local" / "share" / "opencode" / "auth.json"
        auth.parent.mkdir(parents=True)
        auth.write_text(json.dumps({"anthropic": {"type": "api", "key": "sk-ant-api03-other"}}))
        auth.chmod(0o644)

        ran = command.run("doctor", "--json")
        said = "\n".join([*findings(ran, "fail"), *findings(ran, "warn")])
        assert ran.code == 1
        for fault in (
            "console-small",
            "carol waits for you at the provider",
            "The secret of dave is gone. → Run `rota login puter` again.",
            "1 secret of no account",
            "is taken by another program",
            "log.db can be read by others. → chmod 600",
            "vault can be entered by others. → chmod 700",
            "is left from a write that was interrupted. → Delete",
            "auth.json holds logins and can be read by others. → chmod 600",
        ):
            assert fault in said, fault

        paths.config_file.write_text('vault = "file"\npool.stratgy = "auto"\n', "utf-8")
        ran = command.run("doctor", "--json")
        assert any("pool.stratgy" in text for text in findings(ran, "fail"))


def test_providers_that_cannot_be_reached_are_named_and_the_rest_is_still_looked_at(offline: CommandLine) -> None:
    ran = offline.run("doctor", "--json")
    failed = "\n".join(findings(ran, "fail"))
    assert ran.code == 1
    assert "Anthropic's API" in failed
    assert "Puter's API" in failed
    assert any(f["check"] == "vault" and f["level"] == "ok" for f in ran.json["findings"])


def test_a_damaged_log_is_named_and_kept(two: CommandLine) -> None:
    path = two.home / "rota" / "data" / "log.db"
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(b"nonsense" * 1000)
    ran = two.run("doctor", "--json")
    assert ran.code == 1
    assert any("damaged" in text for text in findings(ran, "fail"))
    assert list(path.parent.glob("log.db.damaged-*"))


def test_a_bundle_holds_no_secret_no_email_and_no_label(two: CommandLine) -> None:
    two.run("label", "carol", "Grace Hopper")
    two.run("--debug", "chat", "-m", "puter/gpt-5-nano", "hello")
    path = two.home / "report.json"
    ran = two.run("doctor", "--bundle", str(path))
    assert "report.json" in ran.err
    text = path.read_text("utf-8")
    report = json.loads(text)
    assert path.stat().st_mode & 0o077 == 0
    assert report["accounts"][1]["name"] == "account 2"
    assert "Grace" not in text
    assert "@" not in text
    secrets = re.findall(r"[\w.-]{16,}", (two.home / "rota" / "data" / "vault" / "secrets.json").read_text("utf-8"))
    assert len(secrets) >= 2
    for secret in secrets:
        assert secret not in text
