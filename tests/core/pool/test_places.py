from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.pool import places as module
from rota.pool.places import Place, Places

MARKS: st.SearchStrategy[Place] = st.tuples(st.integers(0, 2), st.integers(0, 40))


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few places make many runs."""
    monkeypatch.setattr(module, "RUN", 3)


@given(st.sets(MARKS), st.lists(MARKS, max_size=60), MARKS)
def test_places_are_in_order_whatever_is_added_and_removed(
    begin: set[Place], turned: list[Place], mark: Place
) -> None:
    places, there = Places(begin), set(begin)
    for place in turned:
        if place in there:
            places.remove(place)
        else:
            places.add(place)
        there ^= {place}
        assert places.first == min(there, default=None)
    assert list(places) == sorted(there)
    assert list(places.after(mark)) == sorted(place for place in there if place > mark)
    assert list(places.after(mark[:1])) == sorted(place for place in there if place[0] >= mark[0])


def test_many_places_lie_in_short_runs() -> None:
    places = Places()
    for number in range(100):
        places.add((0, number))
    assert list(places.after((0, 96))) == [(0, 97), (0, 98), (0, 99)]
    assert len(places._runs) > 100 / (2 * module.RUN)
