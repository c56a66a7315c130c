"""How fast a quota window is being used, from the few past sights that a snapshot keeps. Pure arithmetic."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.snapshot import Sample

RESET_JITTER_S = 600.0
"""The provider's reset times differ by this much between two answers about one window."""
LEAST_SAMPLES = 3
HALF_LIFE = 4.0
"""A sight counts half for each of these widths of sample that it is older."""
IDLE = 6.0
"""A window not used for this many widths of sample is idle: what was before says nothing of what comes."""
ROUNDING = 0.01
"""Most figures come in whole percent."""
FALLS, RISES = 0.3, 2.2
"""What becomes of a burn within the hour, as sessions end and begin: about two times in three it lies between."""


@dataclass(frozen=True, slots=True)
class Burn:
    """An estimate of the share of a window used a second, with its range."""

    rate: float
    low: float
    high: float
    samples: int


def burn(samples: Sequence[Sample], now: float) -> Burn | None:
    """How fast the window is used now, later sights counting more; None while too few are known.

    Only sights since the last reset and the last idle stretch count. A window that is idle itself burns nothing.
    """
    run = _running(samples)
    if len(run) < LEAST_SAMPLES:
        return None
    last, width = run[-1], run[-1].width
    if now - last.at > 2 * IDLE * width or _risen_at(run) < last.at - IDLE * width:
        return Burn(0.0, 0.0, ROUNDING / (IDLE * width), len(run))
    total = used = 0.0
    slopes = []
    for before, after in pairwise(run):
        seconds = after.at - before.at
        slope = max(0.0, after.utilization - before.utilization) / seconds
        weight = seconds * 0.5 ** ((last.at - (before.at + after.at) / 2) / (HALF_LIFE * width))
        slopes.append((slope, weight))
        total += weight
        used += slope * weight
    rate = used / total
    variance = sum(weight * (slope - rate) ** 2 for slope, weight in slopes) / total
    independent = total**2 / sum(weight**2 for _, weight in slopes)
    error = max(sqrt(variance / max(1.0, independent - 1.0)), ROUNDING / (last.at - run[0].at))
    return Burn(rate, max(0.0, rate * FALLS - error), rate * RISES + error, len(run))


def lately(samples: Sequence[Sample], span: float) -> float:
    """Share used a second in the last `span` seconds before the newest sight; 0 while there is only one.

    Quicker than `burn`, and rougher: it is asked at every choice.
    """
    if len(samples) < 2:
        return 0.0
    last = first = samples[-1]
    since, resets_at = last.at - span, last.resets_at
    for sample in reversed(samples):
        if sample.at < since or (sample.resets_at != resets_at and not same_window(sample, last)):
            break
        first = sample
    if first is last:
        return 0.0
    # Two sights close together say little about a pace: a percent more within seconds is rounding.
    return max(0.0, last.utilization - first.utilization) / max(last.at - first.at, span / 2)


def same_window(one: Sample, other: Sample) -> bool:
    """Whether no reset lies between two sights."""
    if one.resets_at is None or other.resets_at is None:
        return one.resets_at is other.resets_at
    return abs(one.resets_at - other.resets_at) <= RESET_JITTER_S


def _running(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The newest sights of one window without a reset or an idle stretch between them, all of one width."""
    if not samples:
        return samples
    last, first = samples[-1], len(samples) - 1
    flat = first
    for index in range(len(samples) - 2, -1, -1):
        sample, later = samples[index], samples[index + 1]
        if sample.width != last.width or not same_window(sample, last) or sample.utilization > later.utilization:
            break
        first = index
        if later.utilization > sample.utilization:
            flat = index
        elif samples[flat].at - sample.at > IDLE * sample.width:
            return samples[flat:] if samples[flat] is not last else samples[index:]
    return samples[first:]


def _risen_at(run: Sequence[Sample]) -> float:
    """When use was last seen to have grown."""
    for before, after in zip(run[-2::-1], run[:0:-1], strict=False):
        if after.utilization > before.utilization:
            return after.at
    return run[0].at
