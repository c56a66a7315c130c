from __future__ import annotations

import pytest
from tests.support.pool_facts import HOUR, NOW, added, after, cooled, seen, window

from rota.account import Health, Kind
from rota.events import Event, HealthChanged
from rota.pool.headroom import find_headroom
from rota.pool.rules import Rules

DEAD = HealthChanged(at=NOW, account_id="a", health=Health.NEEDS_LOGIN, reason="gone")

# what happened, the least room asked for, whether there is room, whether nobody could serve at all
CASES: list[tuple[str, list[Event], float, bool, bool]] = [
    ("nobody is there", [], 0.1, False, True),
    ("room that is not known counts", [added("a")], 0.1, True, False),
    ("room enough", [added("a"), seen("a", window("5h", 0.5))], 0.5, True, False),
    ("too little", [added("a"), seen("a", window("5h", 0.95))], 0.1, False, False),
    (
        "the tightest window decides",
        [added("a"), seen("a", window("5h", 0.1), window("7d", 0.95))],
        0.1,
        False,
        False,
    ),
    ("one of two has it", [added("a"), added("b"), seen("a", window("5h", 1.0))], 0.1, True, False),
    ("cooling", [added("a"), cooled("a", NOW + HOUR)], 0.0, False, False),
    ("needs a sign-in", [added("a"), DEAD], 0.0, False, True),
    ("is not routed to", [added("a", kind=Kind.SUBSCRIPTION)], 0.0, False, True),
]


@pytest.mark.parametrize(("events", "least", "room", "nobody"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_whether_there_is_room(events: list[Event], least: float, room: bool, nobody: bool) -> None:
    found = find_headroom(after(*events), Rules(), model=None, provider=None, least=least, now=NOW)
    assert (found.room, found.nobody) == (room, nobody)
    assert bool(found.why) is not room


def test_the_account_with_the_most_room_is_named() -> None:
    snapshot = after(added("a"), added("b"), seen("a", window("5h", 0.6)), seen("b", window("5h", 0.2)))
    found = find_headroom(snapshot, Rules(), model=None, provider=None, least=0.1, now=NOW)
    assert (found.label, found.share) == ("b", 0.8)


def test_the_wait_is_until_the_first_comes_back() -> None:
    snapshot = after(added("a"), added("b"), cooled("a", NOW + HOUR), cooled("b", NOW + 60))
    found = find_headroom(snapshot, Rules(), model=None, provider=None, least=0.1, now=NOW)
    assert found.back_at == NOW + 60


def test_a_window_of_another_model_does_not_matter() -> None:
    snapshot = after(added("a"), seen("a", window("5h", 0.1), window("7d:Opus", 1.0, scope="Opus")))
    found = {
        model: find_headroom(snapshot, Rules(), model=model, provider="anthropic", least=0.1, now=NOW).room
        for model in ("claude-haiku-4-5", "claude-opus-4-5")
    }
    assert found == {"claude-haiku-4-5": True, "claude-opus-4-5": False}


def test_another_provider_is_not_looked_at() -> None:
    assert find_headroom(after(added("a")), Rules(), model=None, provider="puter", least=0.0, now=NOW).nobody
