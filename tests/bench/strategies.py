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
KNOWN = 2001
"""First seed of weeks that `auto` was tuned on."""
UNSEEN = 3001
"""First seed of weeks that nobody looked at while `auto` was made."""
WEEKS = {UNSEEN: (4, 12), KNOWN: (2, 4)}
"""How many of each shape whose accounts reset one by one, and of each whose accounts reset together: there a rare
peak that finds every window spent decides a week, so that it takes more of them to tell signal from noise."""
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


Results = dict[tuple[int, str], list[Week]]
"""By shape and strategy."""


def measure() -> list[Row]:
    jobs = [(shape, seed) for first in WEEKS for shape in SHAPES for seed in _seeds(first, shape)]
    # Two at a time, in processes of their own: a week is all computing.
    with get_context("spawn").Pool(2) as pool:
        lived = dict(zip(jobs, pool.imap(_lived, jobs), strict=True))
    unseen, known = (
        {
            (shape, name): [lived[shape, seed][name] for seed in _seeds(first, shape)]
            for shape in SHAPES
            for name in NAMES
        }
        for first in (UNSEEN, KNOWN)
    )
    TABLES.write_text(_told(unseen, known), encoding="utf-8")
    return [*_rows(unseen, "unseen weeks"), *_rows(known, "weeks it was tuned on")]


def _seeds(first: int, shape: int) -> range:
    one_by_one, together = WEEKS[first]
    return range(first, first + (one_by_one if SCENARIOS[shape].staggered else together))


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


def _total(weeks: list[Week]) -> Outcome:
    total = Outcome()
    for week in weeks:
        for field in fields(Outcome):
            setattr(total, field.name, getattr(total, field.name) + getattr(week.outcome, field.name))
    return total


def _all(results: Results, name: str) -> list[Week]:
    return [week for shape in SHAPES for week in results[shape, name]]


def _rows(results: Results, which: str) -> list[Row]:
    share = _mean_share(results, MINE)
    behind = {
        shape: max(_share(results[shape, name]) for name in NAMES if name != MINE) - _share(results[shape, MINE])
        for shape in SHAPES
    }
    worst = max(behind, key=lambda shape: behind[shape])
    per_request, mine = _total(_all(results, PER_REQUEST)), _total(_all(results, MINE))
    moved = mine.moved / per_request.moved
    switched = mine.switched / per_request.switched
    limits = mine.limits / per_request.limits
    return [
        Row(f"auto, demand served over a clairvoyant's, {which}", f"{share:.2%}", "≥ 99 %", share >= 0.99),
        Row(
            f"auto behind the best other strategy, worst shape, {which}",
            f"{max(0.0, behind[worst]):.2%}",
            "≤ 0.2 %",
            behind[worst] <= 0.002,
            SCENARIOS[worst].name,
        ),
        Row(
            f"auto, sessions moved over lowest-utilization re-chosen per request, {which}",
            f"{moved:.3f}",
            "≤ 0.1",
            moved <= 0.1,
            f"{mine.moved:,} over {per_request.moved:,}",
        ),
        Row(
            f"auto, changes of the active account over the same, {which}",
            f"{switched:.3f}",
            "≤ 0.1",
            switched <= 0.1,
            f"{mine.switched:,} over {per_request.switched:,}",
        ),
        Row(
            f"auto, 429s over the same, {which}",
            f"{limits:.2f}",
            "< 0.5",
            limits < 0.5,
            f"{mine.limits} over {per_request.limits}",
        ),
    ]


def _told(unseen: Results, known: Results) -> str:
    lines = [
        "# Strategies",
        "",
        f"By `make bench`: weeks of each shape of demand that nobody looked at while `auto` was made (seeds from "
        f"{UNSEEN} on), then some of those that its figures were chosen by (from {KNOWN} on; three models and more "
        "than the pool holds on 24 weeks, the others on three).",
        "",
        f"Of a shape whose accounts reset one by one there are {WEEKS[UNSEEN][0]} unseen weeks and {WEEKS[KNOWN][0]} "
        f"known ones; where they reset together {WEEKS[UNSEEN][1]} and {WEEKS[KNOWN][1]}, since there a rare peak "
        "that finds every window spent decides a week.",
        "",
        "- **of bound**: quota's worth of calls served, over what a clairvoyant could serve.",
        "- **429s**: refusals by the provider; a caller without rota would have seen each.",
        "- **unserved**: calls that no account could serve.",
        "- **moved**: calls of a session that went to another account than the one before; "
        "**switches**: changes of the account that takes new sessions.",
        "- **cold**: share of all quota spent because a prompt cache was at another account, or gone.",
        "- **auto over the best other**: with the standard error of that difference, from week to week.",
        "- **of demand** (beside a shape's name): what a clairvoyant could serve of all that was asked for.",
    ]
    for title, results in (("Unseen weeks", unseen), ("Weeks that auto was tuned on", known)):
        lines += ["", f"## {title}", "", *_HEAD]
        lines += [_line(name, _all(results, name), _mean_share(results, name)) for name in NAMES]
        lines += ["", f"### Of bound, shape by shape: {title.lower()}", "", *_shares(results)]
    lines += ["", "## Unseen weeks in full"]
    for shape, scenario in enumerate(SCENARIOS):
        lines += ["", f"### {scenario.name[0].upper()}{scenario.name[1:]} ({_bound(unseen, shape)} of demand)", ""]
        lines += _HEAD
        lines += [_line(name, unseen[shape, name], _share(unseen[shape, name])) for name in NAMES]
    return "\n".join(lines) + "\n"


_HEAD = ("| strategy | of bound | 429s | unserved | moved | switches | cold |", "|---|--:|--:|--:|--:|--:|--:|")


def _line(name: str, weeks: list[Week], share: float) -> str:
    total = _total(weeks)
    return (
        f"| {name} | {share:.2%} | {total.limits:,} | {total.unserved:,} | {total.moved:,} | {total.switched:,} "
        f"| {total.cold / total.spent:.2%} |"
    )


def _shares(results: Results) -> list[str]:
    """A line a shape: what each strategy served, and how far auto is from the best other."""
    names = [name for name in NAMES if name not in (PER_REQUEST, MINE)]
    lines = [
        f"| shape | {' | '.join((*names, MINE))} | auto over the best other |",
        f"|---|{'--:|' * (len(names) + 2)}",
    ]
    for shape, scenario in enumerate(SCENARIOS):
        shares = {name: _share(results[shape, name]) for name in names}
        mine, best = _share(results[shape, MINE]), max(names, key=lambda name: shares[name])
        shown = " | ".join(f"{share:.2%}" for share in (*shares.values(), mine))
        error = _error(results[shape, MINE], results[shape, best])
        lines.append(f"| {scenario.name} | {shown} | {mine - shares[best]:+.2%} ± {error:.2%} |")
    return lines


def _error(mine: list[Week], others: list[Week]) -> float:
    """Standard error of the difference between two strategies that lived through the same weeks."""
    apart = _share(mine) - _share(others)
    bound = fmean(week.bound for week in mine)
    pairs = zip(mine, others, strict=True)
    rests = [m.outcome.served - o.outcome.served - apart * m.bound for m, o in pairs]
    return stdev(rests) / bound / sqrt(len(rests))


def _bound(results: Results, shape: int) -> str:
    weeks = results[shape, MINE]
    return f"{sum(week.bound for week in weeks) / sum(week.outcome.demand for week in weeks):.2%}"
