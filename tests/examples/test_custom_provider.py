"""A provider of another package, installed beside rota, on a foreign server in OpenAI's dialect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.examples.conftest import EXAMPLES, run_example
from tests.support.command_line import CommandLine
from tests.support.openai_server import ANSWER, KEY, local_models
from tests.support.registered import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.openai_server import LocalModels

GROUP = "rota.providers"
SOURCE = (EXAMPLES / "custom_provider.py").read_text("utf-8")


@pytest.fixture
def server() -> Iterator[LocalModels]:
    with local_models() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, server: LocalModels) -> CommandLine:
    """A home with the example installed and pointed at the server; rota's own providers cannot be reached."""
    command = CommandLine(tmp_path).prepare()
    install(command, GROUP, "openrouter", "custom_provider", SOURCE, "OpenRouter")
    done = command.process("config", "set", "providers.urls.openrouter", f"{server.url}/")
    assert done.code == 0, done
    return command


@pytest.fixture
def signed_in(home: CommandLine) -> CommandLine:
    added = home.process("login", "openrouter", "--label", "router", given=KEY)
    assert (added.code, "Added router" in added.out) == (0, True), added
    return home


def test_its_accounts_sign_in_list_models_chat_and_are_shown(signed_in: CommandLine, server: LocalModels) -> None:
    listed = json.loads(signed_in.process("models", "--provider", "openrouter", "--json").out)["models"]
    assert [(m["id"], m["context"], m["free"]) for m in listed] == [("tiny-7b", 8192, True)]
    ran = signed_in.process("chat", "-m", "openrouter/tiny-7b", "--system", "Be brief.", "hello")
    assert (ran.code, ran.out) == (0, f"{ANSWER}\n"), ran
    assert "— router · tiny-7b" in ran.err
    assert "11+6 tokens" in ran.err
    assert [m["role"] for m in server.asked[-1]["messages"]] == ["system", "user"]
    assert "router" in signed_in.process("status").out
    assert "its login is accepted" in signed_in.process("doctor").out
    gone = signed_in.process("remove", "router", "--yes")
    assert "stays valid at openrouter until you delete it there" in gone.out


def test_the_library_and_its_tools_loop_work_with_it(signed_in: CommandLine, server: LocalModels) -> None:
    ran = run_example(signed_in, "tools.py", "openrouter/tiny-7b")
    assert (ran.code, ran.out) == (0, f"{ANSWER}\n"), ran
    assert "[weather {'city': 'Bergen'}]" in ran.err
    assert [m["role"] for m in server.asked[-1]["messages"]] == ["user", "assistant", "tool"]
    assert server.asked[-1]["messages"][-1]["content"] == "Bergen: 18 °C, light rain"


def test_a_key_that_it_refuses_is_not_kept(home: CommandLine) -> None:
    refused = home.process("login", "openrouter", given="sk-wrong-0123456789abcdef0123456789")
    assert refused.code == 1
    assert "openrouter refused it" in refused.err
    assert home.process("status").code == 3


def test_its_refusals_are_classified_and_its_accounts_stand_in_for_one_another(
    signed_in: CommandLine, server: LocalModels
) -> None:
    server.failing.append(500)
    ran = signed_in.process("chat", "-m", "openrouter/tiny-7b", "hello")
    assert (ran.code, ran.out) == (0, f"{ANSWER}\n"), ran
    server.failing.append(402)
    spent = signed_in.process("chat", "-m", "openrouter/tiny-7b", "hello")
    assert spent.code == 4, spent
    assert "router" in spent.err
    events = signed_in.process("events", "-n", "20").out
    assert "router" in events


def test_a_stream_that_breaks_off_after_its_first_content_is_an_error(
    signed_in: CommandLine, server: LocalModels
) -> None:
    server.cut = True
    ran = signed_in.process("chat", "-m", "openrouter/tiny-7b", "hello")
    assert ran.code == 1
    assert "The stream ended in the middle." in ran.err
    assert "Traceback" not in ran.err


def test_its_key_is_in_no_log_no_answer_and_no_error(signed_in: CommandLine, server: LocalModels) -> None:
    server.failing.append(400)
    said = [signed_in.process("--debug", "chat", "-m", "openrouter/tiny-7b", "hello") for _ in range(2)]
    said.append(signed_in.process("events", "--json"))
    assert all(KEY not in ran.out + ran.err for ran in said)


def test_without_its_package_its_accounts_are_shown_and_what_is_missing_is_said(
    signed_in: CommandLine, server: LocalModels
) -> None:
    signed_in.more.clear()
    assert "router" in signed_in.process("status").out
    ran = signed_in.process("chat", "-m", "openrouter/tiny-7b", "hello")
    assert (ran.code, "Traceback" in ran.err) == (2, False), ran
    assert "There is no provider called openrouter here." in ran.err
    assert "There is no provider called openrouter here." in signed_in.process("doctor").out
    refused = signed_in.process("login", "openruter", given=KEY)
    assert "'openruter' is none of anthropic, puter." in refused.err


def test_a_login_left_without_its_account_is_never_shown_to_another_provider(
    signed_in: CommandLine, server: LocalModels
) -> None:
    for path in (signed_in.home / "rota").rglob("*.db*"):
        path.unlink()
    sweep = (
        "import asyncio, rota\n"
        "async def main():\n"
        "    async with rota.open() as engine:\n"
        "        providers = (await engine.services()).providers\n"
        "        for note in await (await engine.accounts()).sweep(lambda n, c: providers[n].identify(c)):\n"
        "            print(note)\n"
        "asyncio.run(main())\n"
    )
    script = signed_in.home / "sweep.py"
    script.write_text(sweep)
    ran = run_example(signed_in, str(script))
    assert (ran.code, "it is an account again" in ran.out) == (0, True), ran
