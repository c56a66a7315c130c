"""The demo goes on whatever a person does in it, and lets their own things be."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest

from rota.demo import Demo, open_demo, running
from rota.events import RequestServed

LATER_S = 300.0
"""Of the demo's time: long enough for every client and the second spender to have come by."""


async def still_served(demo: Demo) -> bool:
    """Whether a request is answered that ended a good while from now."""
    after = demo.clock.now() + LATER_S
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            async for batch in demo.engine.subscribe():
                if any(isinstance(event, RequestServed) and event.at > after for event in batch.events):
                    return True
    return False


async def test_clients_go_on_asking_when_accounts_got_other_labels() -> None:
    async with open_demo(speed=120) as demo, running(demo):
        accounts = await demo.engine.accounts()
        for number, state in enumerate(demo.engine.snapshot.listed()):
            await accounts.label(state.id, f"mine {number}")

        assert await still_served(demo)


async def test_clients_come_back_when_the_gateway_was_off() -> None:
    async with open_demo(speed=120) as demo, running(demo):
        assert await still_served(demo)
        await demo.engine.stop_gateway()
        await demo.engine.start_gateway(port=0)

        assert await still_served(demo)


async def test_what_a_person_has_of_other_tools_is_neither_read_nor_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = tmp_path / ".local" / "share" / "opencode" / "auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text(json.dumps({"anthropic": {"type": "api", "key": "sk-ant-api03-mine"}}))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-mine-too")
    async with open_demo() as demo:
        desk = await demo.engine.imports()

        assert (await desk.plan(online=False)).empty
        assert await desk.find() == ()


async def test_the_demo_starts_however_fast_its_time_is_to_pass() -> None:
    async with open_demo(speed=1_000_000) as demo:  # its shortest token would last less than a thousandth of a second
        assert len(demo.engine.snapshot.listed()) == len(demo.simulator.credentials)
