from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.command_line import CommandLine, secret_of, simulated, tty_of, urls_of

from rota.errors import Meaning
from rota.events import CooldownStarted, ModelCooled
from rota.log import SqliteLog
from rota.paths import under
from rota.simulator import set_account

if TYPE_CHECKING:
    from pathlib import Path

    from rota.simulator import SimulatorServer

posix = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")


def accounts(command: CommandLine) -> dict[str, Any]:
    return {account["label"]: account for account in command.run("accounts", "--json").json["accounts"]}


def say(command: CommandLine, *events: Any) -> None:
    """Something happened in another process."""
    log = SqliteLog.open(under(command.home / "rota").log_file)
    log.append(events)
    log.close()


def id_of(command: CommandLine, label: str) -> str:
    return str(accounts(command)[label]["id"])


@pytest.mark.parametrize("name", ["carol", "CAROL", "car", "2", "carol@example.com", "Carol@ex"])
def test_an_account_goes_by_label_number_email_or_the_start_of_one(two: CommandLine, name: str) -> None:
    assert two.run("disable", name).out == "carol is off.\n"
    assert accounts(two)["carol"]["enabled"] is False
    assert two.run("enable", id_of(two, "carol")[:9], "carol").out == "carol is on.\n"


def test_nothing_is_changed_when_one_of_several_names_is_nobodys(two: CommandLine) -> None:
    assert two.run("disable", "carol", "nobody").code == 2
    assert accounts(two)["carol"]["enabled"] is True


def test_pinning_reserving_and_using_show_in_the_status(two: CommandLine) -> None:
    two.run("pin", "work")
    two.run("reserve", "carol")
    shown = accounts(two)
    assert (shown["work"]["pinned"], shown["carol"]["reserve"]) == (True, True)
    assert two.run("unpin").out == "Anthropic is unpinned: every account may serve.\n"
    two.run("reserve", "carol", "--off")
    shown = accounts(two)
    assert (shown["work"]["pinned"], shown["carol"]["reserve"]) == (False, False)


def test_an_account_moves_in_the_list_and_stops_at_its_ends(two: CommandLine) -> None:
    assert two.run("reorder", "carol", "to", "1").out == "carol is number 1 of 2.\n"
    assert two.run("reorder", "carol", "up", "5").out == "carol is number 1 of 2.\n"
    assert two.run("reorder", "carol", "down").out == "carol is number 2 of 2.\n"
    assert list(accounts(two)) == ["work", "carol"]


def test_a_taken_label_gets_a_number(two: CommandLine) -> None:
    assert two.run("label", "carol", "work").out == "carol is called work 2 now.\n"


def test_a_cooldown_is_lifted(two: CommandLine) -> None:
    now = time.time()
    held: dict[str, Any] = {"until": now + 3600, "meaning": Meaning.LIMITED, "reason": "spent"}
    say(
        two,
        CooldownStarted(at=now, account_id=id_of(two, "carol"), **held),
        ModelCooled(at=now, provider="puter", model="gpt-5-nano", **held),
    )
    ran = two.run("guard", "--model", "puter/gpt-5-nano")
    assert (ran.code, "back in 59m" in ran.err) == (4, True), ran.err
    assert two.run("lift", "carol").out == "carol may serve again.\n"
    assert two.run("lift", "--model", "puter/gpt-5-nano").out == "gpt-5-nano may serve again.\n"
    assert two.run("guard", "--model", "puter/gpt-5-nano").code == 0


def test_when_all_are_cooling_the_chat_says_how_long_and_exits_4(two: CommandLine) -> None:
    now = time.time()
    for label in accounts(two):
        cooled = CooldownStarted(
            at=now, account_id=id_of(two, label), until=now + 3600, meaning=Meaning.LIMITED, reason="5h limit"
        )
        say(two, cooled)
    ran = two.run("chat", "-m", "anthropic/claude-haiku-4-5", "hello")
    assert ran.code == 4
    assert "back in" in ran.err


def test_when_the_only_login_dies_the_chat_asks_for_a_sign_in_and_exits_3(tmp_path: Path) -> None:
    with simulated() as server:
        command = CommandLine(tmp_path, urls_of(server)).prepare()
        command.run("login", "anthropic", "--api-key", given=secret_of(server, "console"))
        set_account(server.world, "console", {"active": False})
        first, second = (command.run("chat", "-m", "claude-haiku-4-5", "hello") for _ in range(2))
    assert (first.code, second.code) == (3, 3)
    assert "sign-in is no longer valid" in first.err
    assert "rota login" in second.err
    assert ".." not in second.err


def test_an_account_that_waits_for_its_person_says_how_it_comes_back(tmp_path: Path) -> None:
    with simulated() as server:
        command = CommandLine(tmp_path, urls_of(server)).prepare()
        set_account(server.world, "carol", {"gates": ["email"]})
        command.run("login", "puter", "--token", "--label", "carol", given=secret_of(server, "carol"))
        asked = ("chat", "-m", "puter/gpt-5-nano", "hello")
        refused = command.run(*asked)
        set_account(server.world, "carol", {"gates": []})
        looked = command.run("doctor", "--json").json
        command.run("usage", "--refresh")
        answered = command.run(*asked)
    assert refused.code == 3
    assert "Confirm your email address" in refused.err
    assert refused.err.rstrip().endswith("When that is done, `rota usage --refresh` brings it back.")
    told = next(f for f in looked["findings"] if f["check"] == "account")
    assert (told["level"], told["todo"]) == ("warn", "`rota usage --refresh` brings it back.")
    assert answered.code == 0, answered.err


def test_removing_says_what_stays_and_who_serves_now(two: CommandLine, server: SimulatorServer) -> None:
    from tests.support.command_line import secret_of

    two.run("login", "puter", "--label", "dave", given=secret_of(server, "dave"))
    two.run("use", "carol")
    ran = two.run("remove", "carol", "--yes")
    assert ran.out.splitlines() == [
        "Removed carol; its secret is deleted. The token stays valid at Puter until you revoke it: Settings,"
        ' Security, Manage sessions, "External app".',
        "  https://puter.com/",
        "dave serves new sessions now.",
    ]
    vault = (two.home / "rota" / "data" / "vault" / "secrets.json").read_text("utf-8")
    assert secret_of(server, "carol") not in vault


def test_log_out_everywhere_leaves_nothing(two: CommandLine) -> None:
    assert two.run("remove", "--all", "--yes", "--purge").code == 0
    assert accounts(two) == {}
    assert "carol" not in two.run("events", "--json", "-n", "1000").out


@posix
def test_removing_is_asked_about_on_a_terminal_and_a_no_changes_nothing(two: CommandLine) -> None:
    with tty_of(two, "remove", "carol") as terminal:
        terminal.until("Remove?")
        terminal.type("n\n")
        assert terminal.ended() == 130
    assert "carol" in accounts(two)


def test_settings_are_read_changed_and_taken_back(two: CommandLine) -> None:
    path = two.home / "rota" / "config.toml"
    path.write_text('# mine\nvault = "file"\n', "utf-8")
    assert two.run("config", "get", "pool.retries").out == "3\n"
    assert two.run("config", "set", "pool.retries", "1").out == "pool.retries = 1\n"
    assert two.run("config", "get", "pool.retries").out == "1\n"
    assert path.read_text("utf-8").startswith("# mine\n")
    assert "takes it up when it is started again" in two.run("config", "set", "gateway.port", "0").err
    assert two.run("config", "unset", "pool.retries").out == "pool.retries is out of the file; its default holds.\n"
    assert two.run("config", "unset", "pool.retries").out.endswith("its default holds already.\n")
    assert two.run("config", "path").out == f"{path}\n"
    two.more["ROTA_DEBUG"] = "0"
    assert "The environment sets debug too" in two.run("config", "set", "debug", "true").err


def test_a_name_that_is_no_setting_is_taken_out_of_the_file(two: CommandLine) -> None:
    path = two.home / "rota" / "config.toml"
    path.write_text('# mine\nvault = "file"\nnonsense = 3\n', "utf-8")
    ran = two.run("config", "unset", "nonsense")
    assert (ran.code, ran.out, ran.err) == (0, "nonsense is out of the file; it was no setting.\n", "")
    assert path.read_text("utf-8") == '# mine\nvault = "file"\n'


def test_a_vault_that_cannot_be_moved_to_leaves_the_setting_as_it_was(two: CommandLine) -> None:
    two.more["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    ran = two.process("config", "set", "vault", "keyring")
    assert ran.code == 1
    assert two.run("config", "get", "vault").out == "file\n"
    assert two.run("usage", "carol", "--refresh").code == 0


def test_the_chats_settings_hold_for_the_command_too(two: CommandLine, server: SimulatorServer) -> None:
    two.run("config", "set", "chat.model", "puter/gpt-5-nano")
    two.run("config", "set", "chat.max_tokens", "7")
    since = server.world.calls.listed()[-1].id
    said = two.run("chat", "--json", "Tell me a very long story.").json
    assert (said["served"]["model"], said["served"]["account"]["label"]) == ("gpt-5-nano", "carol")
    asked = next(call for call in server.world.calls.listed(since=since) if call.path == "/drivers/call")
    assert asked.body["args"]["max_tokens"] == 7
