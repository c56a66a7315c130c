"""The timeline: what each account did and will do, as one lane of cells each. Pure functions of facts and a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from rota.account import Health
from rota.errors import Meaning
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    AccountRemoved,
    AccountRenewed,
    CooldownLifted,
    CooldownStarted,
    HealthChanged,
    RequestServed,
)
from rota_tui.formatting import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from rota.events import Event
    from rota.snapshot import Sample

ZOOMS = (1 * HOUR, 5 * HOUR, 24 * HOUR, 7 * DAY)
NAMES = ("1 h", "5 h", "24 h", "7 d")
AHEAD = 0.3
"""Share of what is seen that lies ahead, until one looks elsewhere."""
PAN = 0.25
"""Share of what is seen that one step moves."""
FURTHEST = 60 * DAY
"""How far from now one may look."""

STATES = (
    "CooldownStarted",
    "CooldownLifted",
    "HealthChanged",
    "AccountRenewed",
    "AccountEnabled",
    "AccountDisabled",
    "AccountRemoved",
)
"""Kinds that begin or end what an account is in; they matter from before what is seen, too."""
WORK = ("RequestServed",)
LOOK_BACK = 9 * DAY
"""How much earlier than what is seen a hold may have begun: the longest window is a week."""

_SPENT = frozenset({Meaning.LIMITED, Meaning.CREDITS_EXHAUSTED})
_STEPS = tuple(m * MINUTE for m in (1, 5, 10, 15, 30)) + tuple(h * HOUR for h in (1, 2, 3, 6, 12, 24, 48))


class Doing(StrEnum):
    """What an account did, does or will do."""

    NOTHING = "nothing"
    ABSENT = "absent"
    """It was not there yet, or nothing is known of the future."""
    SERVING = "serving"
    COOLING = "cooling"
    SPENT = "spent"
    OUT = "out"
    """Off, or it needs a person."""


class Spell(NamedTuple):
    """A stretch of time in which an account did one thing."""

    doing: Doing
    since: float
    until: float


class Cell(NamedTuple):
    """One cell of a lane."""

    doing: Doing
    served: int = 0
    """Requests that were served in it."""


@dataclass(frozen=True, slots=True)
class View:
    """Which stretch of time is seen: its length, and how far it was moved from where now is."""

    zoom: int = 1
    shift: float = 0.0

    @property
    def span(self) -> float:
        return ZOOMS[self.zoom]

    @property
    def name(self) -> str:
        return NAMES[self.zoom]

    def since(self, now: float) -> float:
        return now + self.shift - (1 - AHEAD) * self.span

    def until(self, now: float) -> float:
        return self.since(now) + self.span

    def zoomed(self, steps: int) -> View:
        """Nearer (-1) or further (1)."""
        return replace(self, zoom=max(0, min(len(ZOOMS) - 1, self.zoom + steps)))

    def panned(self, steps: int) -> View:
        """Earlier (-1) or later (1)."""
        return replace(self, shift=max(-FURTHEST, min(FURTHEST / 8, self.shift + steps * PAN * self.span)))

    def at_now(self) -> View:
        return replace(self, shift=0.0)


def column(at: float, since: float, until: float, width: int) -> int | None:
    """The cell that a moment falls into; None outside."""
    place = math.floor((at - since) / (until - since) * width)
    return place if 0 <= place < width else None


# --- facts become spells ----------------------------------------------------------------------------------


def spells(events: Iterable[Event]) -> dict[str, tuple[Spell, ...]]:
    """What each account did, by its facts in order. What has not ended goes on for ever."""
    done: dict[str, list[Spell]] = {}
    holds: dict[str, Spell] = {}
    out: dict[str, Spell] = {}

    def close(running: dict[str, Spell], account_id: str, at: float) -> None:
        if (spell := running.pop(account_id, None)) is not None and min(spell.until, at) > spell.since:
            done.setdefault(account_id, []).append(spell._replace(until=min(spell.until, at)))

    for event in events:
        match event:
            case RequestServed(account_id=account_id):
                began = event.started_at or event.at - event.duration
                done.setdefault(account_id, []).append(Spell(Doing.SERVING, min(began, event.at), event.at))
            case CooldownStarted(account_id=account_id, model=None):
                close(holds, account_id, event.at)
                doing = Doing.SPENT if event.meaning in _SPENT else Doing.COOLING
                holds[account_id] = Spell(doing, event.at, event.until)
            case CooldownLifted(account_id=account_id, model=None):
                close(holds, account_id, event.at)
            case AccountDisabled(account_id=account_id):
                close(out, account_id, event.at)
                out[account_id] = Spell(Doing.OUT, event.at, math.inf)
            case HealthChanged(account_id=account_id) if event.health is not Health.READY:
                close(out, account_id, event.at)
                out[account_id] = Spell(Doing.OUT, event.at, math.inf)
            case AccountEnabled() | HealthChanged() | AccountRenewed():
                close(out, event.account_id, event.at)
            case AccountRemoved(account_id=account_id):
                close(holds, account_id, event.at)
                close(out, account_id, event.at)
            case _:
                pass
    for running in (holds, out):
        for account_id in list(running):
            close(running, account_id, math.inf)
    return {account_id: tuple(each) for account_id, each in done.items()}


def spent_spells(samples: Sequence[Sample]) -> tuple[Spell, ...]:
    """When one window was used up, by its sights, oldest first: until its reset, or until it was seen with room."""
    found: list[Spell] = []
    for place, sample in enumerate(samples):
        if sample.utilization < 1:
            continue
        after = samples[place + 1].at if place + 1 < len(samples) else math.inf
        until = min(after, sample.resets_at if sample.resets_at is not None else sample.at + sample.width)
        if until > sample.at:
            found.append(Spell(Doing.SPENT, sample.at, until))
    return tuple(found)


# --- spells become cells ----------------------------------------------------------------------------------


def cells(
    own: Iterable[Spell], since: float, until: float, now: float, width: int, *, added_at: float = -math.inf
) -> tuple[Cell, ...]:
    """One account's lane: in each cell what it did most, though work is never hidden by a short hold."""
    step = (until - since) / width
    covered: dict[Doing, list[float]] = {}
    served = [0] * width
    for spell in own:
        if spell.until < since or spell.since >= until:
            continue
        first = 0 if spell.since <= since else math.floor((spell.since - since) / step)
        last = width - 1 if spell.until >= until else min(width - 1, math.floor((spell.until - since) / step))
        if spell.doing is Doing.SERVING:
            for place in range(first, last + 1):
                served[place] += 1
            continue
        shares = covered.setdefault(spell.doing, [0.0] * width)
        for place in range(first, last + 1):
            begin = since + place * step
            shares[place] += max(0.0, min(begin + step, spell.until) - max(begin, spell.since)) / step
    return tuple(
        _cell(since + place * step, step, served[place], {d: s[place] for d, s in covered.items()}, now, added_at)
        for place in range(width)
    )


def _cell(begin: float, step: float, served: int, shares: Mapping[Doing, float], now: float, added_at: float) -> Cell:
    # Off says more than spent, and spent more than cooling, where they are at the same time.
    order = (Doing.OUT, Doing.SPENT, Doing.COOLING)
    most = next((doing for doing in order if shares.get(doing, 0.0) >= 0.5), None)
    if most is None and served:
        return Cell(Doing.SERVING, served)
    if most is None:
        most = next((doing for doing in order if shares.get(doing, 0.0) > 0), None)
    if most is not None:
        return Cell(most, served)
    return Cell(Doing.ABSENT if begin >= now or begin + step <= added_at else Doing.NOTHING)


# --- the axis ---------------------------------------------------------------------------------------------


def ticks(since: float, until: float, width: int, tz: tzinfo | None, apart: int = 11) -> tuple[tuple[int, str], ...]:
    """Round moments on the axis, at least `apart` cells from one another, each as a cell and its name."""
    least = (until - since) / width * apart
    step = next((each for each in _STEPS if each >= least), _STEPS[-1])
    start = datetime.fromtimestamp(since, tz).replace(hour=0, minute=0, second=0, microsecond=0)
    at = start.timestamp()
    found: list[tuple[int, str]] = []
    while at < until:
        if (place := column(at, since, until, width)) is not None:
            then = datetime.fromtimestamp(at, tz)
            midnight = (then.hour, then.minute) == (0, 0)
            found.append((place, f"{then:%a} {then.day}" if midnight or step >= DAY else f"{then:%H:%M}"))
        if step >= DAY:
            # By the calendar: a day of summer time's end has 25 hours.
            start += timedelta(days=step // DAY)
            at = start.timestamp()
        else:
            at += step
    return tuple(found)
