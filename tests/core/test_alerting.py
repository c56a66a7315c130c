"""Speaking up: one process takes an alert, and commands and notifications are real processes."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.gatewayed import until
from tests.support.pool_facts import DAY, HOUR, NOW, added, cooled, seen, window

from rota.account import Kind
from rota.alerting import APART_S, LOOK_S, Alerter, notify, run_command
from rota.clock import ManualClock
from rota.engine import open_engine
from rota.events import AccountDisabled, AccountLabelled, AlertRaised
from rota.journal import Journal
from rota.log import SqliteLog
from rota.providers.base import Credential
from rota.providers.credential import seal
from rota.secret import Secret
from rota.settings import AlertSettings, Settings, UsageSettings
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WRITE = "import sys, pathlib; pathlib.Path(sys.argv[1]).open('a').write(sys.stdin.read() + '\\n')"
SLEEP = "import time; time.sleep(60)"


def python(script: str, *args: object) -> str:
    return shlex.join([sys.executable, "-c", script, *map(str, args)])


class Watched:
    """An alerter over a real log, and what it wrote."""

    def __init__(self, journal: Journal, clock: ManualClock, settings: AlertSettings) -> None:
        self.journal = journal
        self.clock = clock
        self.settings = settings
        self.alerter = Alerter(journal, clock, lambda: self.settings, UTC)

    async def raised(self) -> list[str]:
        events = await self.journal.ask(lambda log: log.recent(100))
        return [event.text for event in events if isinstance(event, AlertRaised)]

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and whatever falls due be written and told."""
        await self.clock.advance(seconds)
        await until(lambda: self.clock.sleepers)
        await self.journal.flush()


@asynccontextmanager
async def watching(folder: Path, settings: AlertSettings | None = None) -> AsyncIterator[Watched]:
    clock = ManualClock(NOW)
    async with Journal(SqliteLog.open(folder / "log.db"), clock) as journal:
        journal.publish(*(added(name) for name in ("ada", "bob", "cyd", "dan")))
        await journal.flush()
        it = Watched(journal, clock, settings or AlertSettings(runway_minutes=0))
        task = asyncio.create_task(it.alerter.run())
        await it.pass_time(0)
        yield it
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_happens_is_told_once_and_long_storms_in_few_words(tmp_path: Path) -> None:
    async with watching(tmp_path) as it:
        it.journal.publish(cooled("ada", NOW + HOUR))
        await it.pass_time(LOOK_S)
        assert await it.raised() == ["ada is spent, back 09:00"]
        it.journal.publish(cooled("bob", NOW + HOUR))
        await it.pass_time(LOOK_S)
        it.journal.publish(cooled("cyd", NOW + HOUR))
        await it.pass_time(LOOK_S)
        assert len(await it.raised()) == 1  # not yet: something was told just now
        await it.pass_time(APART_S)
        assert (await it.raised())[1:] == ["bob is spent, back 09:00; cyd is spent, back 09:00"]
        await it.pass_time(10 * LOOK_S)
        assert len(await it.raised()) == 2


async def test_time_alone_brings_accounts_back(tmp_path: Path) -> None:
    async with watching(tmp_path) as it:
        it.journal.publish(cooled("ada", NOW + HOUR))
        await it.pass_time(LOOK_S)
        for _ in range(65):
            await it.pass_time(60)
        assert await it.raised() == ["ada is spent, back 09:00", "ada is back"]


async def test_a_pool_about_to_run_dry_is_told_within_a_minute(tmp_path: Path) -> None:
    async with watching(tmp_path, AlertSettings()) as it:
        it.journal.publish(*(AccountDisabled(at=NOW, account_id=name) for name in ("bob", "cyd", "dan")))
        for n in range(7):
            at = NOW - 300 * (6 - n)
            shares = window("5h", 0.55 + 0.05 * n, resets_in=2 * HOUR, seen=at)
            it.journal.publish(seen("ada", shares, at=at))
        for _ in range(12):
            await it.pass_time(LOOK_S)
        assert await it.raised() == ["The pool runs dry about 08:15, more 10:00"]


async def test_switched_off_nothing_is_raised_and_switching_on_needs_no_restart(tmp_path: Path) -> None:
    async with watching(tmp_path, AlertSettings(enabled=False)) as it:
        it.journal.publish(cooled("ada", NOW + HOUR))
        await it.pass_time(LOOK_S)
        it.settings = AlertSettings(runway_minutes=0)
        it.journal.publish(cooled("bob", NOW + HOUR))
        await it.pass_time(LOOK_S)
        assert await it.raised() == ["bob is spent, back 09:00"]


async def test_two_processes_tell_a_thing_once(tmp_path: Path) -> None:
    told = tmp_path / "told"
    settings = Settings(
        alerts=AlertSettings(command=python(WRITE, told), runway_minutes=0), usage=UsageSettings(enabled=False)
    )
    clocks = [ManualClock(NOW), ManualClock(NOW)]
    vault = MemoryVault()
    for name in ("ada", "bob"):  # without a secret rota would ask for a new sign-in
        await vault.put(f"account/{name}", seal(Credential(kind=Kind.API_KEY, secret=Secret(f"sk-test-{name}"))))
    opened = [open_engine(home=tmp_path / "home", settings=settings, clock=clock, vault=vault) for clock in clocks]
    async with opened[0] as one, opened[1] as other, asyncio.timeout(30):
        one.journal.publish(added("ada"))
        await one.journal.flush()
        await other.journal.refresh()
        alerters = [Alerter(e.journal, e.clock, lambda: settings.alerts, UTC) for e in (one, other)]
        before = one.snapshot, other.snapshot
        one.journal.publish(cooled("ada", NOW + HOUR))
        await one.journal.flush()
        await other.journal.refresh()
        taken = await asyncio.gather(*(a.take(b) for a, b in zip(alerters, before, strict=True)))
        assert sorted(map(len, taken)) == [0, 1]

        one.start_background()
        other.start_background()
        one.journal.publish(added("bob"))
        await one.journal.flush()
        await other.journal.refresh()
        for clock in clocks:
            await clock.advance(0)
        one.journal.publish(cooled("bob", NOW + HOUR))
        await one.journal.flush()
        await other.journal.refresh()
        await asyncio.gather(*(clock.advance(LOOK_S) for clock in clocks))
        await until(lambda: told.exists() and told.read_text().endswith("\n"))
        await asyncio.gather(*(clock.advance(APART_S) for clock in clocks))
        events = await one.recent()
    assert [e.text.split(",")[0] for e in events if isinstance(e, AlertRaised)] == ["ada is spent", "bob is spent"]
    (said,) = map(json.loads, told.read_text().splitlines())
    assert said["text"].startswith("bob is spent")


async def test_the_command_gets_the_alert_as_json(tmp_path: Path) -> None:
    told = tmp_path / "told it"
    async with watching(tmp_path, AlertSettings(command=python(WRITE, told), runway_minutes=0)) as it:
        it.journal.publish(AccountLabelled(at=NOW, account_id="ada", label="$(rm) `x` [red]; 'q'"))
        it.journal.publish(cooled("ada", NOW + HOUR), added("eve", login_expires_at=NOW + DAY))
        await it.pass_time(LOOK_S)
    spent, ends = map(json.loads, told.read_text().splitlines())
    text = "$(rm) `x` [red]; 'q' is spent, back 09:00"
    key = spent["alerts"][0].pop("key")
    assert key.startswith("spent ada ")
    assert spent == {
        "schema": 1,
        "at": NOW + LOOK_S,
        "kind": "spent",
        "text": text,
        "alerts": [{"text": text, "account_id": "ada", "label": "$(rm) `x` [red]; 'q'"}],
    }
    assert ends["kind"] == "sign-in-ends"


async def test_in_quiet_hours_it_is_written_down_and_nothing_outside_the_app_speaks(tmp_path: Path) -> None:
    told = tmp_path / "told"
    settings = AlertSettings(command=python(WRITE, told), quiet_hours="07:00-09:00", runway_minutes=0)
    async with watching(tmp_path, settings) as it:
        it.journal.publish(cooled("ada", NOW + 2 * HOUR))
        await it.pass_time(LOOK_S)
        assert await it.raised() == ["ada is spent, back 10:00"]
    assert not told.exists()


async def test_a_command_that_fails_is_said_once_without_showing_it(tmp_path: Path) -> None:
    command = python("raise SystemExit(3)", "token-of-a-hook")
    async with watching(tmp_path, AlertSettings(command=command, runway_minutes=0)) as it:
        for name in ("ada", "bob"):
            it.journal.publish(cooled(name, NOW + HOUR))
            await it.pass_time(APART_S + LOOK_S)
        assert await it.raised() == [
            "ada is spent, back 09:00",
            "The alert command ended with 3: see alerts.command.",
            "bob is spent, back 09:00",
        ]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (python("import sys; sys.stdin.read()"), None),
        (python("pass"), None),  # does not care for its input
        ("   ", None),
        (python("raise SystemExit(7)"), "ended with 7"),
        ("'half", "has an odd number of quotation marks"),
        ("rota-no-such-command --now", "could not be started (No such file or directory)"),
        (python(SLEEP), "took longer than 0.2 seconds"),
    ],
)
async def test_what_went_wrong_with_a_command_is_said_in_words(command: str, problem: str | None) -> None:
    seconds = 0.2 if "sleep" in command else 20
    assert await run_command(command, {"text": "x" * 200_000}, seconds) == problem


@pytest.mark.skipif(sys.platform != "linux", reason="notify-send is how a Linux desktop is told")
async def test_the_desktop_is_told_where_the_system_has_notifications(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    await notify("nobody is there to hear it")
    shown = tmp_path / "shown"
    tool = tmp_path / "notify-send"
    tool.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > {shlex.quote(str(shown))}\n')
    tool.chmod(0o755)
    async with watching(tmp_path, AlertSettings(desktop=True, runway_minutes=0)) as it:
        it.journal.publish(cooled("ada", NOW + HOUR))
        await it.pass_time(LOOK_S)
    assert shown.read_text() == "--app-name=rota|--|ada is spent, back 09:00|"


async def test_a_log_that_cannot_be_written_loses_no_alert(tmp_path: Path) -> None:
    def pages(limit: int) -> Any:
        return lambda log: log._db.execute(f"PRAGMA max_page_count = {limit}").fetchone()

    async with watching(tmp_path, replace(AlertSettings(), runway_minutes=0)) as it:
        it.journal.publish(cooled("ada", NOW + HOUR))
        await it.journal.flush()
        await it.journal.ask(pages(1))
        long = "x" * 200_000
        it.journal.publish(AccountLabelled(at=NOW, account_id="bob", label=long))
        await it.clock.advance(LOOK_S)
        await until(lambda: it.clock.sleepers)
        assert await it.raised() == []
        await it.journal.ask(pages(1 << 30))
        await it.pass_time(LOOK_S)
        await it.pass_time(60)
        assert await it.raised() == ["ada is spent, back 09:00"]
