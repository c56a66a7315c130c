from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.pool import places as module
from rota.pool.places import Place, Places

IDS = st.sampled_from("abcdefghijkl")
MARKS = st.tuples(st.integers(0, 2), st.integers(0, 9))
MOVES = st.lists(st.tuples(IDS, st.one_of(st.none(), MARKS), st.booleans()), max_size=80)


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few places make many runs."""
    monkeypatch.setattr(module, "RUN", 4)


@given(st.dictionaries(IDS, MARKS), MOVES, MARKS)
def test_accounts_are_in_order_however_they_move(
    begin: dict[str, Place], moves: list[tuple[str, Place | None, bool]], mark: Place
) -> None:
    there = {account: (*at, account) for account, at in begin.items()}
    places = Places(there.values())
    for account, at, read in moves:
        if at is None:
            there.pop(account, None)
            places.drop(account)
        else:
            there[account] = (*at, account)
            places.put((*at, account))
        if read:
            assert places.first == min(there.values(), default=None)
            assert list(places.after(mark)) == sorted(place for place in there.values() if place > mark)
    assert list(places) == sorted(there.values())
    assert list(places.after(mark[:1])) == sorted(place for place in there.values() if place[0] >= mark[0])


def test_many_places_lie_in_short_runs() -> None:
    places = Places()
    for number in range(100):
        places.put((0, number))
    assert list(places.after((0, 96))) == [(0, 97), (0, 98), (0, 99)]
    assert len(places._runs) > 100 / (2 * module.RUN)


def test_what_accounts_have_left_is_not_kept_for_ever() -> None:
    places = Places((0, account) for account in range(20))
    for at in range(2_000):
        places.put((1 + at, 1 + at % 19))
    assert places.first == (0, 0)
    assert sum(map(len, places._runs)) < 10 * 20
