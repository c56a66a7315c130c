"""`rota mcp`, met as a real child process by the official client, with the simulator behind it."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult, TextContent
from tests.support.command_line import CommandLine, secret_of, simulated, urls_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from rota.simulator import SimulatorServer

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def bare(tmp_path: Path) -> CommandLine:
    """A home without an account, and no network."""
    return CommandLine(tmp_path).prepare()


@asynccontextmanager
async def connected(home: CommandLine) -> AsyncIterator[ClientSession]:
    """The official client on a server process of its own."""
    server = StdioServerParameters(command=sys.executable, args=["-m", "rota_tui", "mcp"], env=home.environ())
    with (home.home / "mcp-stderr.txt").open("w", encoding="utf-8") as told:
        async with stdio_client(server, errlog=told) as streams, ClientSession(*streams) as client:
            await client.initialize()
            yield client


def text(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


def document(result: CallToolResult) -> dict[str, Any]:
    assert not result.isError, text(result)
    assert result.structuredContent is not None
    return result.structuredContent


async def test_the_official_client_lists_and_calls_the_five_tools(two: CommandLine, server: SimulatorServer) -> None:
    async with connected(two) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["models", "account", "chat", "usage", "stats"]
        assert all(tool.description and tool.inputSchema["type"] == "object" for tool in tools.values())

        listed = document(await client.call_tool("models", {"provider": "puter", "limit": 3}))
        assert len(listed["models"]) == 3 < listed["total"]
        assert {model["provider"] for model in listed["models"]} == {"puter"}

        accounts = document(await client.call_tool("account", {}))["accounts"]
        assert {a["label"] for a in accounts} == {"work", "carol"}
        assert all(a["health"] == "ready" for a in accounts)

        answered = await client.call_tool("chat", {"message": "Say hello", "model": "puter/gpt-5-nano"})
        served = document(answered)
        assert text(answered) == served["text"] != ""
        assert served["account"] == "carol"
        assert served["usage"]["output_tokens"] > 0

        windows = document(await client.call_tool("usage", {"all": True, "refresh": True}))["accounts"]
        month = {a["label"]: a for a in windows}["carol"]["windows"]
        (spent,) = [window for window in month if window["key"] == "month"]
        assert spent["utilization"] is not None
        assert spent["dollars"]["left"] == pytest.approx(spent["dollars"]["limit"] - spent["dollars"]["used"])
        assert 0 < spent["dollars"]["limit"] == spent["limit"] / 1e8

        stats = document(await client.call_tool("stats", {"model": "gpt-5-nano"}))
        assert sum(m["requests"] for m in stats["models"] if m["provider"] == "puter") == 2
        assert document(await client.call_tool("stats", {"reset": True}))["models"] == []

        everything = json.dumps([listed, accounts, served, windows, stats])
        for credential in server.credentials:
            assert credential["secret"] not in everything
        assert "@" not in json.dumps([accounts, windows])


async def test_a_chat_takes_an_image_a_system_prompt_and_one_account(two: CommandLine) -> None:
    picture = two.home / "pixel.png"
    picture.write_bytes(PIXEL)
    async with connected(two) as client:
        given = {
            "message": "What is this?",
            "model": "anthropic/claude-haiku-4-5",
            "system": "Be brief.",
            "temperature": 0.2,
            "max_tokens": 50,
            "file_path": str(picture),
            "account": "work",
            "fallback": False,
        }
        served = document(await client.call_tool("chat", given))
    assert served["account"] == "work"
    assert served["usage"]["input_tokens"] > 1000  # the simulated models count an image like that


WRONG: list[tuple[str, dict[str, Any], str]] = [
    # Arguments that cannot be, each by name, and nothing of their values.
    ("chat", {"message": ""}, "message: String should have at least 1 character"),
    ("chat", {"message": "x", "temperature": 3}, "temperature: Input should be less than or equal to 2"),
    ("chat", {"mesage": "x"}, "mesage: Extra inputs are not permitted"),
    ("models", {"limit": 0}, "limit: Input should be greater than 0"),
    # Accounts and models that are not there.
    ("chat", {"message": "x", "account": "nobody"}, "nobody"),
    ("usage", {"account": "nobody"}, "nobody"),
    ("chat", {"message": "x", "model": "puter/no-such-model", "fallback": False}, "no-such-model"),
    # Files of the person are not read for a model.
    ("chat", {"message": "x", "file_path": __file__}, "is no image"),
    ("chat", {"message": "x", "file_path": "/nowhere/a.png"}, "cannot be read"),
    ("chat", {"message": "x", "image_url": "http://example.com/a.png"}, "neither an https address"),
    ("chat", {"message": "x", "image_url": "data:image/png;base64,aGVsbG8="}, "is no image"),
    ("transfer", {}, "There is no tool called transfer. There are models, account, chat, usage, stats."),
]


async def test_what_cannot_be_done_is_an_error_that_says_why(two: CommandLine) -> None:
    async with connected(two) as client:
        for tool, given, words in WRONG:
            result = await client.call_tool(tool, given)
            assert (result.isError, words in text(result)) == (True, True), (tool, given, text(result))


async def test_without_an_account_every_tool_says_how_to_get_one(bare: CommandLine) -> None:
    async with connected(bare) as client:
        for tool, given in (("models", {}), ("account", {}), ("usage", {}), ("chat", {"message": "hello"})):
            result = await client.call_tool(tool, given)
            assert result.isError
            assert "There is no account yet. Add one with `rota login" in text(result)


@pytest.fixture
def spent(tmp_path: Path) -> Iterator[CommandLine]:
    """A home whose one account has nothing left this month."""
    with simulated("exhausted") as server:
        home = CommandLine(tmp_path, urls_of(server)).prepare()
        ran = home.run("login", "puter", "--token", "--label", "empty", given=secret_of(server, "spent-free"))
        assert ran.code == 0, ran.err
        yield home


async def test_when_all_is_spent_the_error_names_what_was_tried_and_when_to_come_back(spent: CommandLine) -> None:
    async with connected(spent) as client:
        result = await client.call_tool("chat", {"message": "hi", "model": "puter/gpt-5-nano"})
    assert result.isError
    assert "Tried: empty, gpt-5-nano: " in text(result)
    assert "The first is back at 20" in text(result)


def said(process: subprocess.Popen[str], **message: Any) -> dict[str, Any]:
    """Send one message by hand; the next line of the answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


HELLO = {
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def test_the_end_of_standard_input_ends_it_cleanly_with_nothing_but_messages_on_standard_output(
    bare: CommandLine,
) -> None:
    process = bare.start("--debug", "mcp", stdin=subprocess.PIPE)
    assert said(process, **HELLO)["result"]["serverInfo"]["name"] == "rota"
    rest, told = process.communicate("no JSON at all\n", timeout=60)
    assert process.returncode == 0, told
    for line in rest.splitlines():
        assert json.loads(line)["jsonrpc"] == "2.0"
    assert "Traceback" not in told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_it_at_once_though_standard_input_is_open(bare: CommandLine) -> None:
    process = bare.start("mcp", stdin=subprocess.PIPE)
    said(process, **HELLO)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    rest, told = process.communicate(timeout=60)
    assert rest == ""
    assert "Traceback" not in told
    assert "Fatal" not in told


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_client_that_is_gone_is_no_error_message(bare: CommandLine) -> None:
    with bare.start("mcp", stdin=subprocess.PIPE) as process:
        said(process, **HELLO)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        for _ in range(3):
            process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "ping"}) + "\n")
            process.stdin.flush()
        process.stdin.close()
        told = process.stderr.read()
        assert process.wait(60) in (0, 1)
    assert "Traceback" not in told
    assert "Exception" not in told


def test_a_message_of_many_megabytes_is_read_in_one_go(bare: CommandLine) -> None:
    process = bare.start("mcp", stdin=subprocess.PIPE)
    said(process, **HELLO)
    image = "data:image/png;base64," + "A" * 20_000_000
    given = {"message": "x", "model": "puter/gpt-5-nano", "image_url": image}
    answer = said(process, id=2, method="tools/call", params={"name": "chat", "arguments": given})
    process.communicate(timeout=60)
    assert answer["result"]["isError"]
    assert "The data: URL is no image." in answer["result"]["content"][0]["text"]
