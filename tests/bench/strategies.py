"""Every strategy in every shape of demand beside what a clairvoyant could serve; the table goes to STRATEGIES.md."""

from __future__ import annotations

from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path

from tests.bench.row import Row
from tests.bench.world.bound import most_served
from tests.bench.world.life import Outcome, live
from tests.bench.world.scenarios import SCENARIOS

from rota.pool.rules import Rules
from rota.pool.strategies import STRATEGIES

TABLE = Path(__file__).parent / "STRATEGIES.md"
WEEKS = 6
"""Weeks of each shape, each with its own sessions."""
PER_REQUEST = "lowest-utilization, re-chosen per request"
MINE = "auto"


@dataclass(frozen=True, slots=True)
class Job:
    """A strategy in one week of one shape."""

    strategy: str
    shape: int
    seed: int


@dataclass(frozen=True, slots=True)
class Week:
    """What became of it."""

    outcome: Outcome
    bound: float
    """Quota's worth that a clairvoyant could have served."""


def measure() -> list[Row]:
    names = [PER_REQUEST, *STRATEGIES]
    shapes = range(len(SCENARIOS))
    seeds = range(1, WEEKS + 1)
    bounds = {(shape, seed): Job("", shape, seed) for shape in shapes for seed in seeds}
    jobs = [Job(name, shape, seed) for shape in shapes for seed in seeds for name in names]
    # Two at a time, in processes of their own: a week is all computing.
    with get_context("spawn").Pool(2) as pool:
        most = dict(zip(bounds, pool.imap(_bound, bounds.values()), strict=True))
        lived = dict(zip(jobs, pool.imap(_live, jobs), strict=True))
    results = {
        (shape, name): [Week(lived[Job(name, shape, seed)], most[shape, seed]) for seed in seeds]
        for shape in shapes
        for name in names
    }
    TABLE.write_text(_table(results, names), encoding="utf-8")
    return _rows(results, names)


def _bound(job: Job) -> float:
    plans, calls = SCENARIOS[job.shape].week(job.seed)
    return most_served(plans, calls)


def _live(job: Job) -> Outcome:
    plans, calls = SCENARIOS[job.shape].week(job.seed)
    per_request = job.strategy == PER_REQUEST
    rules = Rules(
        strategy="lowest-utilization" if per_request else job.strategy,
        session_ttl_s=0.0 if per_request else Rules().session_ttl_s,
        route_subscriptions=True,
    )
    return live(plans, calls, rules)


Results = dict[tuple[int, str], list[Week]]


def _share(weeks: list[Week]) -> float:
    """Of what a clairvoyant could serve, how much was served."""
    return sum(week.outcome.served for week in weeks) / sum(week.bound for week in weeks)


def _rows(results: Results, names: list[str]) -> list[Row]:
    shapes = range(len(SCENARIOS))
    share = sum(_share(results[shape, MINE]) for shape in shapes) / len(shapes)
    behind = {
        shape: max(_share(results[shape, name]) for name in names if name != MINE) - _share(results[shape, MINE])
        for shape in shapes
    }
    worst = max(behind, key=lambda shape: behind[shape])
    per_request, mine = _total(results, PER_REQUEST), _total(results, MINE)
    moved = mine.moved / per_request.moved
    switched = mine.switched / per_request.switched
    limits = mine.limits / per_request.limits
    return [
        Row("auto, demand served over a clairvoyant's, mean of shapes", f"{share:.2%}", "≥ 99 %", share >= 0.99),
        Row(
            "auto behind the best other strategy, worst shape",
            f"{max(0.0, behind[worst]):.2%}",
            "≤ 0.2 %",
            behind[worst] <= 0.002,
            SCENARIOS[worst].name,
        ),
        Row(
            "auto, sessions moved over lowest-utilization re-chosen per request",
            f"{moved:.3f}",
            "≤ 0.1",
            moved <= 0.1,
            f"{mine.moved:,} over {per_request.moved:,}",
        ),
        Row(
            "auto, changes of the active account over the same",
            f"{switched:.3f}",
            "≤ 0.1",
            switched <= 0.1,
            f"{mine.switched:,} over {per_request.switched:,}",
        ),
        Row(
            "auto, 429s over the same",
            f"{limits:.2f}",
            "< 0.5",
            limits < 0.5,
            f"{mine.limits} over {per_request.limits}",
        ),
    ]


def _total(results: Results, name: str) -> Outcome:
    total = Outcome()
    for (_, other), weeks in results.items():
        if other == name:
            for week in weeks:
                _add(total, week.outcome)
    return total


def _add(total: Outcome, outcome: Outcome) -> None:
    for field in fields(Outcome):
        setattr(total, field.name, getattr(total, field.name) + getattr(outcome, field.name))


def _table(results: Results, names: list[str]) -> str:
    lines = [
        "# Strategies",
        "",
        f"By `make bench`: {WEEKS} weeks of each shape. A bound of 100 % means that a clairvoyant serves everything.",
        "",
        "- **of bound**: quota's worth of calls served, over what a clairvoyant could serve.",
        "- **429s**: refusals by the provider; a caller without rota would have seen each.",
        "- **unserved**: calls that no account could serve.",
        "- **moved**: calls of a session that went to another account than the one before; "
        "**switches**: changes of the account that takes new sessions.",
        "- **cold**: share of all quota spent because a prompt cache was at another account, or gone.",
    ]
    for shape, scenario in enumerate(SCENARIOS):
        demand = sum(week.outcome.demand for week in results[shape, MINE])
        most = sum(week.bound for week in results[shape, MINE])
        lines += [
            "",
            f"## {scenario.name[0].upper()}{scenario.name[1:]}",
            "",
            f"Bound: {most / demand:.2%} of the demand.",
            "",
            *_HEAD,
        ]
        for name in names:
            lines.append(_line(name, results[shape, name]))
    lines += ["", "## All shapes", "", *_HEAD]
    for name in names:
        lines.append(_line(name, [week for shape in range(len(SCENARIOS)) for week in results[shape, name]], results))
    return "\n".join(lines) + "\n"


_HEAD = ("| strategy | of bound | 429s | unserved | moved | switches | cold |", "|---|--:|--:|--:|--:|--:|--:|")


def _line(name: str, weeks: list[Week], results: Results | None = None) -> str:
    total = Outcome()
    for week in weeks:
        _add(total, week.outcome)
    share = _share(weeks)
    if results is not None:
        shapes = range(len(SCENARIOS))
        share = sum(_share(results[shape, name]) for shape in shapes) / len(shapes)
    return (
        f"| {name} | {share:.2%} | {total.limits:,} | {total.unserved:,} | {total.moved:,} | {total.switched:,} "
        f"| {total.cold / total.spent:.2%} |"
    )
