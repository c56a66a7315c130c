from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from tests.support.command_line import CommandLine, secret_of, simulated, urls_of
from tests.support.keyrings import Remembering

from rota.clock import ManualClock
from rota.log import SqliteLog
from rota.paths import under
from rota.simulator import set_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="plants faults in modes")


def findings(ran: Any, level: str) -> list[str]:
    return [f"{f['check']}: {f['text']} → {f['todo']}" for f in ran.json["findings"] if f["level"] == level]


def test_a_healthy_home_is_said_to_be_well(two: CommandLine) -> None:
    two.run("config", "set", "gateway.port", "0")  # the usual one may be taken on this machine
    ran = two.run("doctor")
    assert ran.code == 0
    assert ran.out.rstrip().endswith("All is well.")


def test_what_rota_itself_writes_into_opencodes_configuration_is_no_open_login(two: CommandLine) -> None:
    assert two.run("opencode", "install").code == 0
    ran = two.run("doctor", "--json")
    (written,) = (two.home / "person").rglob("opencode.json")
    assert any(str(written) in text for text in findings(ran, "note"))
    assert findings(ran, "warn") == []


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


def test_a_login_that_another_tool_holds_too_is_told_and_a_dead_one_names_its_account(tmp_path: Path) -> None:
    with simulated() as server:
        command = CommandLine(tmp_path, urls_of(server)).prepare()
        login = next(item for item in server.credentials if item["label"] == "max")
        entry = {
            "type": "oauth",
            "access": login["secret"],
            "refresh": login["refresh_token"],
            "expires": int(login["expires_at"] * 1000),
        }
        auth = tmp_path / "person" / ".local" / "share" / "opencode" / "auth.json"
        auth.parent.mkdir(parents=True)
        auth.write_text(json.dumps({"anthropic": entry}))
        auth.chmod(0o600)
        assert command.run("migrate", "--yes").code == 0
        label = command.run("accounts", "--json").json["accounts"][0]["label"]
        said = findings(command.run("doctor", "--json"), "note")
        shared = next(text for text in said if text.startswith("shared login"))
        assert f"{label} shares its login with {auth}" in shared
        assert "written back there" in shared

        command.run("config", "set", "sharing.opencode", "false")
        said = findings(command.run("doctor", "--json"), "warn")
        assert any("not written back" in text and "sharing.opencode true" in text for text in said)

        set_account(server.world, "max", {"revoke_access": True, "revoke_refresh": True})
        ran = command.run("doctor", "--json")
        assert ran.code == 1
        refused = [text for text in findings(ran, "fail") if label in text]
        assert len(refused) == 1
        assert "refuses the login" in refused[0] or "needs a sign-in" in refused[0]
        assert "Run `rota login anthropic` again." in refused[0]


def test_a_clock_that_is_wrong_is_named(tmp_path: Path) -> None:
    with simulated(clock=ManualClock(time.time() + 7200)) as server:
        ran = CommandLine(tmp_path, urls_of(server)).prepare().run("doctor", "--json")
    said = [text for text in findings(ran, "warn") if text.startswith("clock: ")]
    assert len(said) == 1
    assert re.search(r"clock is 7,[12]\d\d seconds behind", said[0])
    assert "Set the clock" in said[0]


def test_a_gateway_that_was_killed_is_named(two: CommandLine) -> None:
    with two.start("serve", "--port", "0") as serving:
        assert serving.stdout is not None
        serving.stdout.readline()
        serving.kill()
    said = findings(two.run("doctor", "--json"), "note")
    assert any(f"(process {serving.pid}) does not answer. → " in text for text in said)


def no_toml(home: Path) -> None:
    (home / "rota" / "config.toml").write_text("vault = = file", "utf-8")


def no_vault(home: Path) -> None:
    (home / "rota" / "data" / "vault" / "secrets.json").write_text("{", "utf-8")


def file_for_folder(home: Path) -> None:
    shutil.rmtree(home / "rota" / "cache", ignore_errors=True)
    (home / "rota" / "cache").write_text("", "utf-8")


# how a home is broken, and what is said of it
BROKEN = [
    (no_toml, "settings: ", "line 1"),
    (no_vault, "vault: ", "secrets.json"),
    (file_for_folder, "files: ", "cache"),
]


@pytest.mark.parametrize(("broken", "check", "said"), BROKEN, ids=[case[0].__name__ for case in BROKEN])
def test_a_broken_file_is_named_with_what_to_do(
    two: CommandLine, broken: Callable[[Path], None], check: str, said: str
) -> None:
    broken(two.home)
    ran = two.run("doctor", "--json")
    named = [text for text in (*findings(ran, "fail"), *findings(ran, "warn")) if text.startswith(check)]
    assert ran.code == 1
    assert any(said in text for text in named), ran.out


@pytest.fixture
def system_keyring() -> Iterator[Remembering]:
    """A keyring of this process's own in place of the machine's."""
    before = keyring.get_keyring()
    backend = Remembering()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_a_locked_keyring_is_named_and_nothing_is_lost(two: CommandLine, system_keyring: Remembering) -> None:
    assert two.run("config", "set", "vault", "keyring").code == 0
    held = dict(system_keyring.entries)
    system_keyring.locked = True
    ran = two.run("doctor", "--json")
    assert ran.code == 1
    assert any(text.startswith("vault: ") and "locked" in text for text in findings(ran, "fail"))
    system_keyring.locked = False
    assert system_keyring.entries == held
    assert "carol: its login is accepted." in two.run("doctor").out


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
