"""Speaking up: looks at the news, takes what is due so that no other process tells it too, and tells it outside."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shlex
import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rota.alerts import AlertKind, due, grouped, quiet
from rota.errors import StoreError
from rota.events import AlertRaised

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from rota.alerts import Telling
    from rota.clock import Clock
    from rota.events import Event
    from rota.journal import Journal
    from rota.settings import AlertSettings
    from rota.snapshot import Snapshot

SCHEMA = 1
LOOK_S = 5.0
"""Seconds between two looks at the news: what comes together is told together."""
STILL_S = 60.0
"""The same while nothing is new, and for the pool's future: time alone ends sign-ins and brings accounts back."""
APART_S = 30.0
"""Seconds between two tellings, so that a long storm is a few sentences."""
COMMAND_S = 10.0
"""Seconds a command may take before it is ended."""
OSASCRIPT = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
"""The text is an argument, never part of the script."""


class Alerter:
    """One an engine that runs in the background; `run` until it is cancelled."""

    def __init__(
        self, journal: Journal, clock: Clock, settings: Callable[[], AlertSettings], tz: tzinfo | None = None
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._tz = tz

    async def run(self) -> None:
        """Watch and tell."""
        before, wait, thorough_at = self._journal.snapshot, LOOK_S, self._clock.monotonic()
        while True:
            await self._clock.sleep(wait)
            wait, after, now = LOOK_S, self._journal.snapshot, self._clock.monotonic()
            thorough = now - thorough_at >= STILL_S
            if after is before and not thorough:
                continue
            if thorough:
                thorough_at = now
            try:
                told = await self.take(before, runway=thorough)
            except StoreError:
                continue  # the journal says so itself; what is due stays due
            before = after
            if told:
                await self._tell(told)
                wait = APART_S

    async def take(self, before: Snapshot, *, runway: bool = True) -> tuple[Telling, ...]:
        """What is due since `before`, written down as told; nothing of it is told by another process.

        Args:
            before: as it was at the last look.
            runway: whether to reckon the pool's future too: a tenth of a second at 200 accounts.

        Raises:
            StoreError: the log cannot be written, and nothing was taken.
        """
        settings, now = self._settings(), self._clock.now()
        if not runway:
            settings = replace(settings, runway_minutes=0)
        # In a thread, so that the app's keys do not wait for the forecast.
        found = await asyncio.to_thread(due, before, self._journal.snapshot, settings, now, self._tz)
        if not found:
            return ()
        if all(alert.kind is not AlertKind.RUNWAY for alert in found):
            settings = replace(settings, runway_minutes=0)  # nor do other processes for the log
        taken: tuple[Telling, ...] = ()

        def decide(newest: Snapshot) -> Sequence[Event]:
            nonlocal taken
            taken = grouped(due(before, newest, settings, now, self._tz))
            return [_raised(telling, now) for telling in taken]

        await self._journal.commit(decide)
        return taken

    async def _tell(self, tellings: Sequence[Telling]) -> None:
        settings, now = self._settings(), self._clock.now()
        if quiet(settings.quiet_hours, now, self._tz):
            return
        for telling in tellings:
            if settings.desktop:
                await notify(telling.text)
            if settings.command:
                problem = await run_command(settings.command, message(telling, now))
                if problem is not None:
                    await self._say_once(settings.command, problem, now)

    async def _say_once(self, command: str, problem: str, now: float) -> None:
        """Say that the command fails, once a day; the command itself may hold a secret and is not shown."""
        key = f"alert-command {hashlib.sha256(command.encode()).hexdigest()[:16]} {int(now // 86_400)}"
        text = f"The alert command {problem}: see alerts.command."

        def decide(newest: Snapshot) -> Sequence[Event]:
            return [] if key in newest.alerts else [AlertRaised(at=now, key=key, text=text)]

        with suppress(StoreError):  # the journal says so itself
            await self._journal.commit(decide)


def _raised(telling: Telling, now: float) -> AlertRaised:
    first, *others = (alert.key for alert in telling.alerts)
    return AlertRaised(at=now, key=first, text=telling.text, also=tuple(others))


def message(telling: Telling, now: float) -> dict[str, Any]:
    """What a command gets on its standard input."""
    return {
        "schema": SCHEMA,
        "at": now,
        "kind": str(telling.kind),
        "text": telling.text,
        "alerts": [
            {"key": alert.key, "text": alert.text, "account_id": alert.account_id, "label": alert.label or None}
            for alert in telling.alerts
        ],
    }


async def run_command(command: str, said: dict[str, Any], seconds: float = COMMAND_S) -> str | None:
    """Run a person's command without a shell; returns what went wrong, in words that follow "The command"."""
    try:
        # A backslash parts folders on Windows; there the quotation marks stay on the words.
        argv = (
            [word.strip('"') for word in shlex.split(command, posix=False)]
            if os.name == "nt"
            else shlex.split(command)
        )
    except ValueError:
        return "has an odd number of quotation marks"
    if not argv:
        return None
    return await _run(argv, json.dumps(said).encode(), seconds)


async def notify(text: str) -> None:
    """Show a notification where the system has them; where it has none, nothing happens."""
    if sys.platform == "darwin" and (tool := shutil.which("osascript")):
        await _run([tool, "-e", OSASCRIPT, "rota", text], b"", COMMAND_S)
    elif tool := shutil.which("notify-send"):
        # As the summary: a notification's body may be read as markup.
        await _run([tool, "--app-name=rota", "--", text], b"", COMMAND_S)


async def _run(argv: Sequence[str], given: bytes, seconds: float) -> str | None:
    nothing = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.PIPE, stdout=nothing, stderr=nothing
        )
    except (OSError, ValueError) as error:
        return f"could not be started ({getattr(error, 'strerror', None) or 'bad argument'})"
    try:
        async with asyncio.timeout(seconds):
            await process.communicate(given)
    except TimeoutError:
        return f"took longer than {seconds:g} seconds"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return f"ended with {process.returncode}" if process.returncode else None
