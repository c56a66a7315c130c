"""Every strategy in every shape of demand beside what a clairvoyant could serve; the tables go to STRATEGIES.md."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import sqrt
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev

from tests.bench.row import Row
from tests.bench.world.bound import most_served
from tests.bench.world.life import Outcome, live
from tests.bench.world.scenarios import SCENARIOS

from rota.pool.rules import Rules
from rota.pool.strategies import STRATEGIES

TABLES = Path(__file__).parent / "STRATEGIES.md"
FIRST = 4001
"""Seed of the first week. `auto` was made on weeks of other seeds, and nobody looked at these meanwhile."""
PER_REQUEST = "lowest-utilization, re-chosen per request"
MINE = "auto"
NAMES = (PER_REQUEST, *STRATEGIES)
SHAPES = range(len(SCENARIOS))


@dataclass(frozen=True, slots=True)
class Week:
    """What became of one week under one strategy."""

    outcome: Outcome
    bound: float
    """Quota's worth that a clairvoyant could have served."""


@dataclass(frozen=True, order=True, slots=True)
class Apart:
    """How much more of the bound one strategy served than another."""

    mean: float
    error: float
    """Its standard error, from week to week."""

    def __str__(self) -> str:
        return f"{self.mean:+.2%} ± {self.error:.2%}"


Results = dict[tuple[int, str], list[Week]]
"""By shape and strategy."""


def measure() -> list[Row]:
    jobs = [(shape, FIRST + n) for shape in SHAPES for n in range(SCENARIOS[shape].weeks)]
    # Two at a time, in processes of their own: a week is all computing.
    with get_context("spawn").Pool(2) as pool:
        lived = list(zip(jobs, pool.imap(_lived, jobs), strict=True))
    results = {
        (shape, name): [week[name] for (at, _), week in lived if at == shape] for shape in SHAPES for name in NAMES
    }
    TABLES.write_text(_told(results), encoding="utf-8")
    return _rows(results)


def _lived(job: tuple[int, int]) -> dict[str, Week]:
    """One week under every strategy."""
    shape, seed = job
    plans, calls = SCENARIOS[shape].week(seed)
    most = most_served(plans, calls)
    return {name: Week(live(plans, calls, _rules(name)), most) for name in NAMES}


def _rules(name: str) -> Rules:
    if name == PER_REQUEST:
        return Rules(strategy="lowest-utilization", session_ttl_s=0.0, route_subscriptions=True)
    return Rules(strategy=name, route_subscriptions=True)


def _share(weeks: list[Week]) -> float:
    """Of what a clairvoyant could serve, how much was served."""
    return sum(week.outcome.served for week in weeks) / sum(week.bound for week in weeks)


def _mean_share(results: Results, name: str) -> float:
    return sum(_share(results[shape, name]) for shape in SHAPES) / len(SHAPES)


def _a_week(weeks: list[Week]) -> dict[str, float]:
    """What becomes of one on average, by the fields of its outcome."""
    return {field.name: fmean(getattr(week.outcome, field.name) for week in weeks) for field in fields(Outcome)}


def _in_all(results: Results, name: str) -> dict[str, float]:
    """The same with every shape counting alike, however many weeks of it there are."""
    shapes = [_a_week(results[shape, name]) for shape in SHAPES]
    return {field.name: fmean(shape[field.name] for shape in shapes) for field in fields(Outcome)}


def _rows(results: Results) -> list[Row]:
    share = _mean_share(results, MINE)
    worst, shape, other = min(
        (_over(results[shape, MINE], results[shape, name]), shape, name)
        for shape in SHAPES
        for name in NAMES
        if name != MINE
    )
    mine, per_request = _in_all(results, MINE), _in_all(results, PER_REQUEST)
    ratios = [
        ("sessions moved over lowest-utilization re-chosen per request", "moved", "≤ 0.1", 0.1),
        ("changes of the active account over the same", "switched", "≤ 0.1", 0.1),
        ("429s over the same", "limits", "< 0.5", 0.5),
    ]
    return [
        Row("auto, demand served over a clairvoyant's", f"{share:.2%}", "≥ 99 %", share >= 0.99),
        Row(
            "auto behind the best other strategy, worst shape",
            f"{max(0.0, -worst.mean):.2%}",
            "≤ 0.2 %",
            worst.mean >= -0.002,
            f"{SCENARIOS[shape].name}, {other}: {worst}",
        ),
        *(
            Row(
                f"auto, {what}",
                f"{(ratio := mine[field] / per_request[field]):.3f}",
                target,
                ratio < most,
                f"{mine[field]:,.1f} over {per_request[field]:,.1f} a week",
            )
            for what, field, target, most in ratios
        ),
    ]


def _told(results: Results) -> str:
    lines = [
        "# Strategies",
        "",
        "By `python -m tests.bench strategies`: weeks of each shape of demand that nobody looked at while `auto` was "
        f"made (seeds from {FIRST} on).",
        "",
        "Where a rare peak that finds every 5-hour window spent decides a week, one week tells little: there are "
        "many. Figures are for a week on average, and in all every shape counts alike. Strategies are compared in "
        "pairs that lived through the same weeks.",
        "",
        "- **of bound**: quota's worth of calls served, over what a clairvoyant could serve.",
        "- **429s**: refusals by the provider; a caller without rota would have seen each.",
        "- **unserved**: calls that no account could serve.",
        "- **moved**: calls of a session that went to another account than the one before; "
        "**switches**: changes of the account that takes new sessions.",
        "- **cold**: share of all quota spent because a prompt cache was at another account, or gone.",
        "- **auto over** another: how much more of the bound it served, with the standard error of that difference, "
        "from week to week.",
        "- **of demand** (beside a shape's name): what a clairvoyant could serve of all that was asked for.",
        "",
        *_HEAD,
        *(_line(name, _in_all(results, name), _mean_share(results, name)) for name in NAMES),
        "",
        "## Shape by shape",
        "",
        *_shares(results),
        "",
        "## In full",
    ]
    for shape, scenario in enumerate(SCENARIOS):
        lines += ["", f"### {scenario.name[0].upper()}{scenario.name[1:]} ({_bound(results, shape)} of demand)", ""]
        lines += _HEAD
        lines += [_line(name, _a_week(results[shape, name]), _share(results[shape, name])) for name in NAMES]
    return "\n".join(lines) + "\n"


_HEAD = ("| strategy | of bound | 429s | unserved | moved | switches | cold |", "|---|--:|--:|--:|--:|--:|--:|")


def _line(name: str, a_week: dict[str, float], share: float) -> str:
    counts = " | ".join(f"{a_week[field]:,.1f}" for field in ("limits", "unserved", "moved", "switched"))
    return f"| {name} | {share:.2%} | {counts} | {a_week['cold'] / a_week['spent']:.2%} |"


def _shares(results: Results) -> list[str]:
    """A line a shape: what auto served, and how far it is from each other strategy."""
    names = [name for name in NAMES if name not in (PER_REQUEST, MINE)]
    lines = [
        f"| shape | weeks | auto, of bound | {' | '.join(f'auto over {name}' for name in names)} |",
        f"|---|{'--:|' * (len(names) + 2)}",
    ]
    for shape, scenario in enumerate(SCENARIOS):
        mine = results[shape, MINE]
        over = " | ".join(str(_over(mine, results[shape, name])) for name in names)
        lines.append(f"| {scenario.name} | {scenario.weeks} | {_share(mine):.2%} | {over} |")
    return lines


def _over(mine: list[Week], others: list[Week]) -> Apart:
    """How far two strategies are apart that lived through the same weeks."""
    apart = _share(mine) - _share(others)
    bound = fmean(week.bound for week in mine)
    pairs = zip(mine, others, strict=True)
    rests = [m.outcome.served - o.outcome.served - apart * m.bound for m, o in pairs]
    return Apart(apart, stdev(rests) / bound / sqrt(len(rests)))


def _bound(results: Results, shape: int) -> str:
    weeks = results[shape, MINE]
    return f"{sum(week.bound for week in weeks) / sum(week.outcome.demand for week in weeks):.2%}"
