"""Which events are shown, and which wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from tests.support.facts import any_event
from tests.support.pool_facts import NOW, added, cooled, used

from rota.errors import Attempt, Meaning
from rota.events import EVENT_TYPES, AccountEnabled, AttemptFailed, Event
from rota_tui.feed import TOLD, Feed, Wanted, about
from rota_tui.telling import sentence


def turned_on(number: int) -> Event:
    return AccountEnabled(at=NOW + number, id=f"e{number:04}", account_id="a")


def ids(feed: Feed) -> list[int]:
    return [int(key[1:]) for key in feed.keys]


FAILED = AttemptFailed(
    at=NOW,
    request_id="r",
    provider="anthropic",
    attempt=Attempt("b", "spare", "opus", Meaning.LIMITED, ""),
    next_step="",
)


def test_every_kind_with_words_is_in_one_group_and_no_other_is() -> None:
    assert len(TOLD) == len(set(TOLD))
    assert set(TOLD) <= set(EVENT_TYPES)


@given(any_event())
def test_what_is_told_in_words_is_looked_for(event: Event) -> None:
    if sentence(event, str, None) is not None:
        assert type(event).__name__ in TOLD


@pytest.mark.parametrize(
    ("wanted", "event", "fits"),
    [
        (Wanted(), added("a"), True),
        (Wanted(), used("a", NOW), False),  # moves figures only
        (Wanted(account_id="a"), added("a"), True),
        (Wanted(account_id="b"), added("a"), False),
        (Wanted(account_id="b"), FAILED, True),  # named by its attempt
        (Wanted(group="cooldowns"), cooled("a", NOW + 60), True),
        (Wanted(group="switches"), cooled("a", NOW + 60), False),
        (Wanted(account_id="a", group="cooldowns"), cooled("b", NOW + 60), False),
    ],
)
def test_events_are_wanted_by_account_and_kind(wanted: Wanted, event: Event, fits: bool) -> None:
    assert wanted.fits(event) is fits


@pytest.mark.parametrize(
    ("typed", "text", "says"),
    [
        ("", "anything", True),
        ("SPENT work", "work cooling: 5h spent", True),  # all words, in any order and case
        ("spent lab", "work cooling: 5h spent", False),
        ("[/b]", "[/b] lab took over", True),  # brackets are text
    ],
)
def test_typed_words_must_all_be_said(typed: str, text: str, says: bool) -> None:
    assert Wanted(typed=typed).says(text) is says


def test_the_account_is_found_wherever_an_event_names_it() -> None:
    assert [about(e) for e in (added("a"), FAILED, cooled("c", NOW))] == ["a", "b", "c"]


def test_the_newest_is_first_and_nothing_is_shown_twice() -> None:
    feed = Feed()
    feed.start([turned_on(1), turned_on(2)], complete=True)
    assert feed.add([turned_on(2), turned_on(3)])
    assert not feed.add([turned_on(3)])
    assert ids(feed) == [3, 2, 1]


def test_paused_events_wait_and_are_counted() -> None:
    feed = Feed()
    feed.start([turned_on(1)], complete=True)
    feed.paused = True
    assert not feed.add([turned_on(2), turned_on(3)])
    assert (ids(feed), feed.waiting) == ([1], 2)
    feed.start([turned_on(n) for n in (1, 2, 3)], complete=True)
    assert (ids(feed), feed.waiting, feed.paused) == ([3, 2, 1], 0, False)


def test_however_much_happens_only_so_much_is_held() -> None:
    feed = Feed(kept=10)
    feed.start([turned_on(0)], complete=True)
    for number in range(1, 100):
        feed.add([turned_on(number)])
    assert ids(feed) == list(range(99, 89, -1))
    assert not feed.complete


def test_far_back_the_newest_make_room_and_wait() -> None:
    feed = Feed(kept=10)
    feed.start([turned_on(n) for n in range(92, 100)], complete=False)
    feed.older([turned_on(n) for n in range(86, 92)], complete=False)
    assert (ids(feed), feed.behind, feed.waiting) == (list(range(95, 85, -1)), True, 4)
    feed.add([turned_on(100)])
    assert (ids(feed)[0], feed.waiting) == (95, 5)
