"""`Places`: a provider's accounts kept in order, so that mending one moves a few and not ten thousand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Place: TypeAlias = tuple[Any, ...]
"""`(tier, priority, *strategy key, account id)`: sorts the accounts of a provider, best first."""

RUN = 128
"""Places a run is made of; one of twice as many is cut in two."""


class Places:
    """A sorted list in short runs: what is searched first, the last place of each, is little and stays at hand."""

    __slots__ = ("_lasts", "_runs")

    def __init__(self, places: Iterable[Place] = ()) -> None:
        ordered = sorted(places)
        self._runs = [ordered[begin : begin + RUN] for begin in range(0, len(ordered), RUN)]
        self._lasts = [run[-1] for run in self._runs]

    @property
    def first(self) -> Place | None:
        return self._runs[0][0] if self._runs else None

    def __iter__(self) -> Iterator[Place]:
        return chain.from_iterable(self._runs)

    def after(self, mark: Place) -> Iterator[Place]:
        """Those behind `mark`, in order."""
        number = bisect_right(self._lasts, mark)
        if number == len(self._runs):
            return iter(())
        run = self._runs[number]
        return chain(run[bisect_right(run, mark) :], chain.from_iterable(self._runs[number + 1 :]))

    def add(self, place: Place) -> None:
        if not self._runs:
            self._runs, self._lasts = [[place]], [place]
            return
        number = min(bisect_left(self._lasts, place), len(self._runs) - 1)
        run = self._runs[number]
        insort(run, place)
        self._lasts[number] = run[-1]
        if len(run) >= 2 * RUN:
            self._runs[number : number + 1] = run[:RUN], run[RUN:]
            self._lasts.insert(number, run[RUN - 1])

    def remove(self, place: Place) -> None:
        """Take out a place that is there."""
        number = bisect_left(self._lasts, place)
        run = self._runs[number]
        del run[bisect_left(run, place)]
        if run:
            self._lasts[number] = run[-1]
        else:
            del self._runs[number], self._lasts[number]
