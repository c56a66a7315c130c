"""The most that anyone could serve who knew the whole week beforehand: a linear programme over the windows.

Every schedule that the provider's books allow is a point of it, so its optimum is a true upper bound: a call costs
the least it can (every cache warm), parts of calls may be served, and windows may be opened in fractions.

Time is cut into slots of half an hour. For each account and slot there is a variable for how much of a 5-hour window
is opened in it, and one for what the calls of each later slot take from that window. Another program's spending is
fixed; a window that serves last in some slot has lost what the other spent before, so that each window with another
spender is split among its possible last slots.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array
from tests.bench.world.accounts import HOURS_5
from tests.bench.world.demand import START

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.bench.world.accounts import Plan
    from tests.bench.world.demand import Call

SLOT_S = 1800.0
SPAN = int(HOURS_5 / SLOT_S)
"""Slots that a window covers; opened within one, it reaches into one more."""
STEPS_A_WEEK = 28
"""Last slots told apart in a week that another program spends from."""


class _Programme:
    """Rows of `A @ v <= b`, v >= 0, and what each variable is worth."""

    def __init__(self) -> None:
        self.worth: list[float] = []
        self._rows: list[int] = []
        self._columns: list[int] = []
        self._values: list[float] = []
        self._most: list[float] = []

    def variable(self, worth: float = 0.0) -> int:
        self.worth.append(worth)
        return len(self.worth) - 1

    def row(self, terms: Iterable[tuple[int, float]], most: float) -> None:
        for column, value in terms:
            self._rows.append(len(self._most))
            self._columns.append(column)
            self._values.append(value)
        self._most.append(most)

    def best(self) -> float:
        shape = len(self._most), len(self.worth)
        matrix = csr_array((self._values, (self._rows, self._columns)), shape=shape)
        solved = linprog(-np.array(self.worth), A_ub=matrix, b_ub=self._most, bounds=(0, None), method="highs-ipm")
        if not solved.success:
            raise RuntimeError(solved.message)
        return float(-solved.fun)


def most_served(plans: Sequence[Plan], calls: Sequence[Call]) -> float:
    """Quota's worth of calls that a clairvoyant could have served, in the unit of `Call.least`."""
    capped = any(plan.opus is not None for plan in plans)
    scale = 1e-6
    demand: dict[tuple[int, int], float] = defaultdict(float)
    busy: set[int] = set()
    for call in calls:
        demand[_slot(call.ends_at), _class(call, capped)] += call.least * scale
        busy.update((_slot(call.at), _slot(call.ends_at)))
    programme = _Programme()
    drawn: dict[tuple[int, int], list[int]] = defaultdict(list)
    for plan in plans:
        _add_account(programme, plan, busy, demand, drawn, scale)
    for key, amount in demand.items():
        programme.row(((column, 1.0) for column in drawn[key]), amount)
    return programme.best() / scale


def _add_account(
    programme: _Programme,
    plan: Plan,
    busy: set[int],
    demand: dict[tuple[int, int], float],
    drawn: dict[tuple[int, int], list[int]],
    scale: float,
) -> None:
    others: dict[int, float] = defaultdict(float)
    for at, cost in plan.others:
        others[_slot(at)] += cost * scale
    classes = sorted({model for _, model in demand})
    opened: dict[int, int] = {}
    week_of: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for begins in sorted(busy | others.keys()):
        opened[begins] = programme.variable()
        by_slot: dict[int, list[int]] = {}
        for slot in range(begins, begins + SPAN + 1):
            columns = []
            for model in classes:
                if demand.get((slot, model), 0.0) > 0.0:
                    column = programme.variable(1.0)
                    columns.append(column)
                    drawn[slot, model].append(column)
                    for week in _weeks(slot, plan):
                        week_of[week].append((slot, model, column))
            by_slot[slot] = columns
        most = plan.five_hours * scale
        _limit_window(programme, by_slot, opened[begins], most, others)
    for slot in range(min(opened), max(opened) + 1):
        recent = [(opened[s], 1.0) for s in range(slot - SPAN + 1, slot + 1) if s in opened]
        if recent:
            programme.row(recent, 1.0)
    for week, entries in week_of.items():
        most = plan.week * scale * (1.0 - plan.used if week == 0 else 1.0)
        _limit_week(programme, entries, week, plan, most, others)
        if plan.opus is not None:
            most = plan.opus * scale * (1.0 - plan.used if week == 0 else 1.0)
            programme.row(((column, 1.0) for _, model, column in entries if model == 1), most)


def _limit_window(
    programme: _Programme, by_slot: dict[int, list[int]], opened: int, most: float, others: dict[int, float]
) -> None:
    everything = [column for columns in by_slot.values() for column in columns]
    if not everything:
        return
    if not any(slot in others for slot in by_slot):
        programme.row([*((column, 1.0) for column in everything), (opened, -most)], 0.0)
        return
    slots = sorted(by_slot)
    gone, left = 0.0, []
    for slot in slots:
        left.append(max(0.0, most - gone))
        # Of the opening slot's spending, some may lie before the opening.
        gone += others.get(slot, 0.0) if slot != slots[0] else 0.0
    last = [programme.variable() for _ in slots]
    programme.row([*((z, 1.0) for z in last), (opened, -1.0)], 0.0)
    for n in range(len(slots)):
        late = [column for slot in slots[n:] for column in by_slot[slot]]
        if late:
            ends = zip(last[n:], left[n:], strict=True)
            programme.row([*((column, 1.0) for column in late), *((z, -room) for z, room in ends)], 0.0)


def _limit_week(
    programme: _Programme,
    entries: Sequence[tuple[int, int, int]],
    week: int,
    plan: Plan,
    most: float,
    others: dict[int, float],
) -> None:
    if not others:
        programme.row(((column, 1.0) for _, _, column in entries), most)
        return
    first = 0 if week == 0 else _slot(START + plan.resets_in)
    until = max(slot for slot, _, _ in entries) + 1
    edges = [first + (until - first) * n // STEPS_A_WEEK for n in range(STEPS_A_WEEK + 1)]
    last = [programme.variable() for _ in range(STEPS_A_WEEK)]
    left = [
        # What was spent in the slot of the reset may belong to the week before.
        max(0.0, most - sum(cost for slot, cost in others.items() if first + (week > 0) <= slot < edge))
        for edge in edges[:-1]
    ]
    programme.row(((z, 1.0) for z in last), 1.0)
    for n in range(STEPS_A_WEEK):
        late = [(column, 1.0) for slot, _, column in entries if slot >= edges[n]]
        programme.row([*late, *((z, -room) for z, room in zip(last[n:], left[n:], strict=True))], 0.0)


def _slot(at: float) -> int:
    return int((at - START) // SLOT_S)


def _class(call: Call, capped: bool) -> int:
    return int(capped and "opus" in call.model)


def _weeks(slot: int, plan: Plan) -> tuple[int, ...]:
    """The week that a slot lies in; the slot of a reset lies in neither, which only loosens the bound."""
    resets = plan.resets_in / SLOT_S
    if slot + 1 <= resets:
        return (0,)
    return (1,) if slot >= resets else ()
