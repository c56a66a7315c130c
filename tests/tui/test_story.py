"""A request told whole, for people who never saw rota."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st
from tests.support.facts import any_event

from rota.account import Health
from rota.choice import Candidate
from rota.errors import Attempt, Meaning
from rota.events import (
    AccountSwitched,
    AttemptFailed,
    CooldownStarted,
    Event,
    HealthChanged,
    ModelCooled,
    RequestFailed,
    RequestServed,
    RequestStarted,
)
from rota_tui.pieces import Locale, plain
from rota_tui.story import began, ending, story_lines, stretch, with_effects

NOW = 1_800_014_400.0
LABELS = {"a": "work", "b": "[/b] spare"}
LOCALE = Locale(tz=UTC)


def started(account_id: str, after: float, why: str = "") -> RequestStarted:
    return RequestStarted(
        at=NOW + after, request_id="r1", account_id=account_id, provider="anthropic", model="opus", reason=why
    )


def limited(account_id: str, after: float, took: float) -> AttemptFailed:
    attempt = Attempt(account_id, LABELS[account_id], "opus", Meaning.LIMITED, "5h [limit].", 429, 0.0, took)
    said = "its quota is spent: on to [/b] spare"
    return AttemptFailed(at=NOW + after, request_id="r1", provider="anthropic", attempt=attempt, next_step=said)


SERVED = RequestServed(
    at=NOW + 3.5,
    request_id="r1",
    account_id="b",
    provider="anthropic",
    model="opus",
    requested_model="opus",
    client="opencode",
    started_at=NOW,
    first_token=0.8,
    duration=3.5,
    input_tokens=120,
    output_tokens=40,
    cost_usd=0.02,
    candidates=(Candidate("b", 0.25, "40% of 5h left"), Candidate("a", float("inf"), "spent")),
)
SWITCHED = AccountSwitched(
    at=NOW + 1.5, provider="anthropic", account_id="b", previous_id="a", reason="the one before is spent"
)
COOLED = CooldownStarted(
    at=NOW + 0.4, account_id="a", until=NOW + 7200, meaning=Meaning.LIMITED, reason="5h limit reached"
)
STORY: list[Event] = [started("a", 0, "it serves this session"), limited("a", 0.4, 0.4), started("b", 1.5), SERVED]


def told(story: list[Event], others: list[Event] | None = None) -> list[str]:
    return [plain(line) for line in story_lines(story, others or [], lambda name: LABELS.get(name, name), LOCALE)]


def test_each_try_its_reason_what_it_led_to_the_wait_and_the_scores_are_told_in_order() -> None:
    assert told(STORY, [SWITCHED, COOLED]) == [
        "request r1",
        "opencode asked for opus on Fri 15 Jan, 12:00:00",
        "",
        "   +0.0 s  tried work with opus: it serves this session",
        "   +0.4 s  work did not serve it, its limit is reached (429), after 0.4 s: 5h [limit]",
        "           its quota is spent: on to [/b] spare",
        "           work cooling until 14:00: limited",
        "           [/b] spare took over from work: the one before is spent",
        "   +1.5 s  after a wait of 1.1 s, tried [/b] spare with opus",
        "   +3.5 s  served by [/b] spare with opus",
        "",
        "took 3.5 s · first words after 0.8 s · 120 tokens in, 40 out · $0.02",
        "",
        "Who could have served, the first choice first, with scores:",
        "  1  [/b] spare             0.25  40% of 5h left",
        "  2  work                      –  spent",
    ]


def test_a_request_under_way_and_one_that_failed_say_so() -> None:
    assert told(STORY[:2])[-1] == "  under way: no answer yet"
    failed = RequestFailed(
        at=NOW + 2,
        request_id="r1",
        provider="anthropic",
        requested_model="opus",
        meaning=Meaning.LIMITED,
        message="Every account is spent.",
        started_at=NOW,
        duration=2.0,
        retry_at=NOW + 3600,
    )
    lines = told([*STORY[:2], failed])
    assert "   +2.0 s  failed: Every account is spent." in lines
    assert "took 2.0 s · somebody can serve again at 13:00" in lines


def test_what_others_did_at_the_same_time_is_no_part_of_it() -> None:
    elsewhere: list[Event] = [
        CooldownStarted(at=NOW + 0.3, account_id="c", until=NOW + 60, meaning=Meaning.LIMITED, reason=""),
        AccountSwitched(at=NOW + 1.5, provider="puter", account_id="c", previous_id=None, reason=""),
        AccountSwitched(
            at=NOW + 1.5, provider="anthropic", account_id="b", previous_id="a", reason="", by_person=True
        ),
        ModelCooled(
            at=NOW + 0.3, provider="p", model="other", until=NOW + 60, meaning=Meaning.MODEL_LIMITED, reason=""
        ),
    ]
    own: list[Event] = [
        ModelCooled(
            at=NOW + 0.3, provider="p", model="opus", until=NOW + 60, meaning=Meaning.MODEL_LIMITED, reason=""
        ),
        HealthChanged(at=NOW + 0.2, account_id="a", health=Health.NEEDS_LOGIN, reason="refused"),
    ]
    assert with_effects(STORY, [*elsewhere, *own]) == [*STORY[:2], *own, *STORY[2:]]


def test_steps_of_one_instant_keep_their_order() -> None:
    same: list[Event] = [started("a", 0), limited("a", 0, 0), started("b", 0), limited("b", 0, 0), started("a", 0)]
    steps = with_effects(same, [replace(COOLED, at=NOW), replace(SWITCHED, at=NOW)])
    assert [type(step).__name__ for step in steps] == [
        "RequestStarted",
        "AttemptFailed",
        "CooldownStarted",
        "AccountSwitched",
        "RequestStarted",
        "AttemptFailed",
        "RequestStarted",
    ]


def test_the_stretch_begins_when_the_request_came_in() -> None:
    assert stretch(STORY) == (NOW, NOW + 3.5)
    assert (began(STORY[:1]), ending(STORY[:1])) == (NOW, None)


@given(st.lists(any_event(), min_size=1, max_size=6), st.lists(any_event(), max_size=4))
def test_any_facts_are_told_on_lines_without_control_characters(story: list[Event], others: list[Event]) -> None:
    for line in told(story, others):
        assert line.isprintable() or "\u200d" in line or "\u200c" in line
