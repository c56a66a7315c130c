"""`Places`: accounts in order, so that moving one of ten thousand costs a short search."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Place: TypeAlias = tuple[Any, ...]
"""`(tier, priority, *strategy key, account id)`: sorts the accounts of a provider, best first."""

RUN = 32
"""Places a run is made of; one of twice as many is cut in two."""


class _Run(list[Place]):
    """Places between two marks, in order once they were sorted."""

    sorted = True


class Places:
    """A sorted list in short runs, of which most but the first are never read.

    So elsewhere a place is only put into its run, which is sorted when it is read; and one that its account has left
    stays in its run until that is sorted or cut, or until its turn to be tidied comes.
    """

    __slots__ = ("_marks", "_now", "_puts", "_runs", "_turn")

    def __init__(self, places: Iterable[Place] = ()) -> None:
        ordered = sorted(places)
        self._now = {place[-1]: place for place in ordered}
        """By account, where it stands now."""
        self._runs = [_Run(ordered[begin : begin + RUN]) for begin in range(0, len(ordered), RUN)] or [_Run()]
        self._marks = [run[-1] for run in self._runs[:-1]]
        """Nothing in a run lies behind its mark, nor before the mark of the run before; the last run has none."""
        self._puts = self._turn = 0

    @property
    def first(self) -> Place | None:
        return next(iter(self), None)

    def __iter__(self) -> Iterator[Place]:
        first = self._read(0)
        while first and not self._stands(first[0]):
            del first[0]
        if not first and self._marks:
            self._tidy(0)
            return iter(self)
        return self._from(0, 0)

    def after(self, mark: Place) -> Iterator[Place]:
        """Those behind `mark`, in order."""
        number = bisect_left(self._marks, mark)
        return self._from(number, bisect_right(self._read(number), mark))

    def put(self, place: Place) -> None:
        """Where an account stands from now on."""
        if self._now.get(place[-1]) == place:
            return
        self._now[place[-1]] = place
        number = bisect_left(self._marks, place)
        run = self._runs[number]
        if number == 0:
            insort(self._read(0), place)
        else:
            run.append(place)
            run.sorted = False
        if len(run) >= 2 * RUN:
            self._cut(number)
        self._puts += 1
        if self._puts % (RUN // 2) == 0:  # twice as many make a run more, at most
            self._turn = (self._turn + 1) % len(self._runs)
            self._tidy(self._turn)

    def drop(self, account_id: str) -> None:
        """The account stands nowhere now."""
        self._now.pop(account_id, None)

    def _stands(self, place: Place) -> bool:
        return self._now.get(place[-1]) is place

    def _read(self, number: int) -> _Run:
        """A run in order."""
        run = self._runs[number]
        if not run.sorted:
            run[:] = sorted(filter(self._stands, run))
            run.sorted = True
        return run

    def _from(self, number: int, begin: int) -> Iterator[Place]:
        """Where accounts stand, from a place of a run on."""
        while number < len(self._runs):
            yield from filter(self._stands, self._read(number)[begin:])
            number, begin = number + 1, 0

    def _tidy(self, number: int) -> None:
        """Rid a run of what was left."""
        self._runs[number].sorted = False
        if not self._read(number) and self._marks:
            del self._runs[number], self._marks[min(number, len(self._marks) - 1)]

    def _cut(self, number: int) -> None:
        """Make two of a run that is long without what was left."""
        run = self._runs[number]
        self._tidy(number)
        if len(run) > RUN:
            self._runs.insert(number + 1, _Run(run[len(run) // 2 :]))
            del run[len(run) // 2 :]
            self._marks.insert(number, run[-1])
