"""What is on this machine: every source asked, and each login checked with its provider when online."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeAlias

from rota.errors import Meaning, ProviderError
from rota.migrate import (
    anthropic_accounts,
    claude_code,
    console_profiles,
    environment,
    multi_account,
    opencode_auth,
    opencode_config,
    puter_accounts,
    puter_cli,
    puter_config,
)
from rota.migrate.borders import NO_ACCESS
from rota.migrate.foreign import HALF_WRITTEN_S
from rota.migrate.plan import Checked, is_provisional

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from rota.account import Identity
    from rota.migrate.places import Places
    from rota.migrate.records import Found, Reading, Record, Source
    from rota.providers.base import Credential

    Identify: TypeAlias = Callable[[str, Credential], Awaitable[Identity]]
    """Ask a provider, by name, whose a credential is; raises `ProviderError`."""

AT_ONCE = 4
"""Logins checked at the same time."""

LOOKS = 5
"""How often a half-written file is looked at again; one that stays broken costs a quarter of a second."""

SOURCES: tuple[Source, ...] = (
    anthropic_accounts,
    multi_account,
    opencode_auth,
    claude_code,
    console_profiles,
    puter_accounts,
    puter_cli,
    environment,
    puter_config,
    opencode_config,
)
"""In the order in which accounts come in: files that hold several accounts first, since they name them."""


def names() -> tuple[str, ...]:
    """What `--from` takes."""
    return tuple(source.NAME for source in SOURCES)


def titles(only: Iterable[str]) -> tuple[str, ...]:
    """What people call these sources, given by their names."""
    wanted = frozenset(only)
    return tuple(source.TITLE for source in SOURCES if source.NAME in wanted)


def find(places: Places) -> tuple[Found, ...]:
    """What there is, without reading it; for the first start's offer."""
    return tuple(found for source in SOURCES for found in source.find(places))


def read(places: Places, only: Iterable[str] = ()) -> tuple[Reading, ...]:
    """What the sources hold; blocking, so it belongs in a thread."""
    wanted = frozenset(only)
    return tuple(
        source.read(source.find(places), places) for source in SOURCES if not wanted or source.NAME in wanted
    )


def read_whole(places: Places, only: Iterable[str] = ()) -> tuple[Reading, ...]:
    """The same, looked at again while a file seems half-written: other tools write theirs in place."""
    readings = read(places, only)
    for _ in range(LOOKS):
        if not any(problem.passing for reading in readings for problem in reading.problems):
            break
        time.sleep(HALF_WRITTEN_S)
        readings = read(places, only)
    return readings


async def check(readings: Sequence[Reading], identify: Identify, now: float) -> dict[str, Checked]:
    """Ask the providers whose each login is, by lineage. Nothing is renewed, so nothing is spent."""
    records = {record.lineage: record for reading in readings for record in reading.records}
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(record: Record) -> Checked:
        async with gate:
            return await _checked(record, identify, now)

    answers = await asyncio.gather(*(one(record) for record in records.values()))
    return dict(zip(records, answers, strict=True))


async def _checked(record: Record, identify: Identify, now: float) -> Checked:
    credential = record.credential
    ended = credential.expires_at is not None and credential.expires_at <= now
    if ended or credential.secret == NO_ACCESS:
        if credential.refresh is None:
            return Checked(dead=True, problem="its access token has ended")
        return Checked(problem="its access token has ended; it is renewed, and so checked, at its first use")
    try:
        identity = await identify(record.provider, credential)
        if credential.refresh is not None and is_provisional(identity.key):
            return Checked(problem="the provider does not say whose it is")
        return Checked(identity=identity)
    except ProviderError as error:
        if error.failure.meaning is Meaning.LOGIN_DEAD:
            return Checked(dead=True, problem=error.failure.message)
        return Checked(problem=f"it could not be checked: {error.failure.message}")
