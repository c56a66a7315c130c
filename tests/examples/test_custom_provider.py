"""A provider of another package, installed beside rota, on a foreign server in OpenAI's dialect."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.examples.conftest import EXAMPLES, run_example
from tests.support.command_line import CommandLine
from tests.support.openai_server import ANSWER, KEY, local_models
from tests.support.registered import install, searched

from rota.paths import under

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.openai_server import LocalModels

GROUP = "rota.providers"
SOURCE = (EXAMPLES / "custom_provider.py").read_text("utf-8")


@pytest.fixture(scope="module")
def running() -> Iterator[LocalModels]:
    with local_models() as running:
        yield running


@pytest.fixture
def server(running: LocalModels) -> LocalModels:
    """The foreign server, in good health and asked nothing yet."""
    running.asked.clear()
    running.failing.clear()
    running.cut = False
    return running


@pytest.fixture(scope="module")
def prepared(running: LocalModels, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A home with the example installed and pointed at the server; rota's own providers cannot be reached."""
    command = CommandLine(tmp_path_factory.mktemp("provider")).prepare()
    install(command, GROUP, "openrouter", "custom_provider", SOURCE, "OpenRouter")
    done = command.process("config", "set", "providers.urls.openrouter", f"{running.url}/")
    assert done.code == 0, done
    with under(command.home / "rota").config_file.open("a", encoding="utf-8") as file:
        file.write("\n[pool]\nretry_base_s = 0.01\n")
    return command


@pytest.fixture(scope="module")
def added(prepared: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A copy of it with an account."""
    command = copied(prepared, tmp_path_factory.mktemp("added") / "home")
    ran = command.process("login", "openrouter", "--label", "router", given=KEY)
    assert (ran.code, "Added router" in ran.out) == (0, True), ran
    return command


@pytest.fixture
def signed_in(added: CommandLine, tmp_path: Path) -> CommandLine:
    return copied(added, tmp_path / "home")


def copied(command: CommandLine, folder: Path) -> CommandLine:
    shutil.copytree(command.home, folder)
    return CommandLine(folder, more={"PYTHONPATH": searched(folder / "site")})


def test_its_accounts_sign_in_list_models_chat_and_are_shown(signed_in: CommandLine, server: LocalModels) -> None:
    listed = json.loads(signed_in.process("models", "--provider", "openrouter", "--json").out)["models"]
    assert [(m["id"], m["context"], m["free"]) for m in listed] == [("tiny-7b", 8192, True)]
    ran = signed_in.process("chat", "-m", "openrouter/tiny-7b", "--system", "Be brief.", "hello")
    assert (ran.code, ran.out) == (0, f"{ANSWER}\n"), ran
    assert "— router · tiny-7b" in ran.err
    assert "11+6 tokens" in ran.err
    assert [m["role"] for m in server.asked[-1]["messages"]] == ["system", "user"]
    assert "router" in signed_in.process("status").out
    gone = signed_in.process("remove", "router", "--yes")
    assert "stays valid at openrouter until you delete it there" in gone.out


def test_the_library_and_its_tools_loop_work_with_it(signed_in: CommandLine, server: LocalModels) -> None:
    ran = run_example(signed_in, "tools.py", "openrouter/tiny-7b")
    assert (ran.code, ran.out) == (0, f"{ANSWER}\n"), ran
    assert "[weather {'city': 'Bergen'}]" in ran.err
    assert [m["role"] for m in server.asked[-1]["messages"]] == ["user", "assistant", "tool"]
    assert server.asked[-1]["messages"][-1]["content"] == "Bergen: 18 °C, light rain"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_the_gateway_serves_it_in_both_dialects(signed_in: CommandLine, server: LocalModels) -> None:
    key = signed_in.process("gateway", "key").out.split()[-1]
    asked = {"model": "openrouter/tiny-7b", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 50}
    with signed_in.start("serve", "--port", "0") as serving:
        assert serving.stdout is not None
        url = serving.stdout.readline().strip()
        with httpx.Client(base_url=url, headers={"x-api-key": key}, trust_env=False, timeout=60) as client:
            listed = client.get("/v1/models").json()["data"]
            openai = client.post("/v1/chat/completions", json=asked).json()
            streamed = client.post("/v1/chat/completions", json=asked | {"stream": True}).text
            anthropic = client.post("/v1/messages", json=asked, headers={"anthropic-version": "2023-06-01"}).json()
        serving.send_signal(signal.SIGINT)
        assert serving.wait(60) == 130
    assert [model["id"] for model in listed] == ["openrouter/tiny-7b"]
    assert openai["choices"][0]["message"]["content"] == ANSWER
    assert streamed.count('"content":') == len(ANSWER.split())
    assert streamed.rstrip().endswith("data: [DONE]")
    assert anthropic["content"] == [{"type": "text", "text": ANSWER}]


def test_a_key_that_it_refuses_is_not_kept(prepared: CommandLine, tmp_path: Path) -> None:
    home = copied(prepared, tmp_path / "home")
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
