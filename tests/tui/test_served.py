"""What stands beneath an answer: figures out of its story, and their words."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.account import Account, Kind
from rota.errors import AllSpent, Attempt, Failure, Meaning, NothingConfigured, ProviderError, RotaError
from rota.events import AccountAdded, QuotaObserved, RequestServed
from rota.fold import fold
from rota.pool.ask import Hop
from rota.providers.base import Model
from rota.quota import QuotaWindow, Source
from rota.snapshot import Snapshot
from rota_tui.pieces import Locale, plain, width_of
from rota_tui.served import Figures, Moved, figures
from rota_tui.served_line import hop_lines, moved_text, problem_lines, problem_story, served_lines, story_lines

NOW = 1_800_014_400.0
LOCALE = Locale()
HAIKU = Model("claude-haiku-4-5", "anthropic", "Haiku", input_usd=1.0, output_usd=5.0)


def a_story(**known: Any) -> RequestServed:
    base = {
        "at": NOW,
        "request_id": "r",
        "account_id": "work",
        "provider": "anthropic",
        "model": "claude-haiku-4-5-20251001",
        "requested_model": "claude-haiku-4-5",
        "first_token": 0.5,
        "duration": 2.5,
        "input_tokens": 1000,
        "output_tokens": 100,
    }
    return RequestServed(**{**base, **known})


def having(kind: Kind = Kind.API_KEY, *windows: QuotaWindow) -> Snapshot:
    account = Account("work", "anthropic", kind, "work", "work")
    snapshot = fold(Snapshot(), AccountAdded(at=NOW - 900, account=account))
    for window in windows:
        snapshot = fold(snapshot, QuotaObserved(at=window.observed_at, account_id="work", windows=(window,)))
    return snapshot


def window(share: float, at: float, resets_at: float = NOW + 3600) -> QuotaWindow:
    return QuotaWindow("5h", "5h", share, at, Source.HEADERS, resets_at=resets_at)


def test_the_pace_counts_from_the_first_token() -> None:
    assert figures(a_story(), having(), having(), None).speed == pytest.approx(50.0)


def test_an_answer_in_one_piece_is_paced_over_all_its_time() -> None:
    assert figures(a_story(first_token=2.5), having(), having(), None).speed == pytest.approx(40.0)


def test_a_fast_clock_is_told_in_a_persons_seconds() -> None:
    seen = figures(a_story(first_token=30.0, duration=150.0), having(), having(), None, clock_speed=60.0)
    assert (seen.first_token, seen.duration) == (0.5, 2.5)
    assert seen.speed == pytest.approx(50.0)


def test_a_key_without_a_bill_is_told_by_list_price_and_marked_as_about() -> None:
    seen = figures(a_story(), having(), having(), HAIKU)
    assert seen.cost_usd == pytest.approx(0.0015)
    assert seen.estimated
    assert "≈ $0.0015" in plain(served_lines(seen, 200, LOCALE)[0])


def test_a_subscription_pays_no_list_price() -> None:
    subscribed = having(Kind.SUBSCRIPTION)
    assert figures(a_story(), subscribed, subscribed, HAIKU).cost_usd is None


def test_another_model_than_asked_for_has_no_price() -> None:
    assert figures(a_story(model="claude-opus-5"), having(), having(), HAIKU).cost_usd is None


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((window(0.41, NOW - 60),), (window(0.43, NOW),), "5h 41% to 43%"),  # it moved
        ((window(0.41, NOW - 60),), (window(0.411, NOW),), "5h 41%"),  # too little to tell
        ((), (window(0.43, NOW),), "5h 43%"),  # never seen before
        ((window(0.99, NOW - 60, NOW - 10),), (window(0.01, NOW),), "5h 1%"),  # another window since
    ],
)
def test_what_an_answer_moved(before: tuple[QuotaWindow, ...], after: tuple[QuotaWindow, ...], words: str) -> None:
    kind = Kind.SUBSCRIPTION
    moved = figures(a_story(), having(kind, *before), having(kind, *before, *after), None).moved
    assert moved is not None
    assert moved_text(moved) == words


def test_quota_that_was_not_seen_anew_is_not_told() -> None:
    same = having(Kind.SUBSCRIPTION, window(0.41, NOW - 60))
    assert figures(a_story(), same, same, None).moved is None


def answer(**known: Any) -> Figures:
    return replace(
        Figures("work", "opus", "", 0.24, 2.0, 51.3, 120, 340, 0, None, False, None, "stop", "most room", ()), **known
    )


def test_the_line_says_who_how_fast_and_how_much() -> None:
    line = served_lines(answer(moved=Moved("5h", 0.86, 0.88)), 200, LOCALE)
    assert [plain(part) for part in line] == [
        "● work · opus · first token 240 ms · 51 tokens/s · 120 in, 340 out · 5h 86% to 88%"
    ]


def test_a_fallback_and_what_was_tried_before_are_said() -> None:
    tried = Attempt("a", "spare [x]", "opus", Meaning.LIMITED, "spent\x1b[0m", 429, took=0.2)
    seen = answer(asked="sonnet", attempts=(tried,))
    assert "opus · instead of sonnet · 1 try before" in plain(served_lines(seen, 200, LOCALE)[0])
    told = [plain(line) for line in story_lines(seen, 80, LOCALE)]
    assert told == [
        "  spare [x] opus · limited 429 in 200 ms: spent␛[0m",
        "  work answered in 2.0 s: most room",
    ]


def test_an_answer_that_was_cut_says_why() -> None:
    assert "cut at the longest answer allowed" in plain(served_lines(answer(finish="length"), 300, LOCALE)[0])


def test_a_hop_names_the_model_only_when_it_is_another_one() -> None:
    hop = Hop(Attempt("a", "spare", "opus", Meaning.OVERLOADED, "busy"), "on to work")
    same, other = (plain(hop_lines([hop], asked, 80, LOCALE)[0]) for asked in ("opus", "sonnet"))
    assert same == "○ spare · on to work"
    assert other == "○ spare · opus · on to work"


def test_a_hop_says_its_reason_once_and_whole() -> None:
    hop = Hop(Attempt("a", "spare", "opus", Meaning.OVERLOADED, "busy"), "the provider is overloaded; on to work")
    assert plain(hop_lines([hop], "opus", 80, LOCALE)[0]) == "○ spare · the provider is overloaded; on to work"
    narrow = [plain(line) for line in hop_lines([hop], "opus", 30, LOCALE)]
    assert narrow == ["○ spare · the provider is", "  overloaded; on to work"]


def test_a_hop_of_an_older_log_has_a_reason_too() -> None:
    hop = Hop(Attempt("a", "spare", "opus", Meaning.OVERLOADED, "busy"), "")
    assert plain(hop_lines([hop], "opus", 80, LOCALE)[0]) == "○ spare · provider overloaded"


PROBLEMS: list[tuple[RotaError, str]] = [
    (AllSpent("…", retry_at=NOW + 252), "● Nobody can answer now. The first is back at"),
    (AllSpent("…"), "● Nobody can answer now. Try another model or account."),
    (NothingConfigured("There is no account.", hint="Add one."), "● There is no account. Add one."),
    (ProviderError(Failure(Meaning.OVERLOADED, "Overloaded")), "● Provider overloaded. Try again in a moment."),
    (ProviderError(Failure(Meaning.REFUSED, "not for this.")), "● Refused: not for this. Another account would be"),
    (
        ProviderError(Failure(Meaning.GATED, "verify", action="Verify at x.")),
        "● Needs you at the provider: verify. Ver",
    ),
]


@pytest.mark.parametrize(("error", "words"), PROBLEMS)
def test_a_failure_says_what_failed_and_what_to_do(error: RotaError, words: str) -> None:
    assert " ".join(plain(line) for line in problem_lines(error, NOW, 300, LOCALE)).startswith(words)


@pytest.mark.parametrize(
    ("back", "then"),
    [(None, "Choose another account or model."), (NOW + 252, "It is back at 12:04, in 04:12; or choose another")],
)
def test_of_one_account_that_was_chosen_it_is_not_said_that_nobody_can(back: float | None, then: str) -> None:
    lines = problem_lines(AllSpent("…", retry_at=back), NOW, 300, LOCALE, alone="dave")
    assert plain(lines[0]).startswith(f"● dave cannot answer now. {then}")


@given(st.text(max_size=200), st.integers(16, 200))
def test_every_line_fits_whatever_the_provider_said(text: str, width: int) -> None:
    error = ProviderError(Failure(Meaning.NETWORK, text, status=500, code=text, request_id=text))
    hop = Hop(Attempt("a", text, text, Meaning.NETWORK, text), text)
    fitted = (*served_lines(answer(account=text, asked=text), width, LOCALE), *hop_lines([hop], "", width, LOCALE))
    assert all(width_of(line) <= width for line in fitted)
    wrapped = (*problem_lines(error, NOW, width, LOCALE), *problem_story(error, NOW, width, LOCALE))
    assert all(width_of(line) <= width for line in wrapped)
    shown = "".join(plain(line) for line in (*fitted, *wrapped))
    assert not any(unicodedata.category(char) == "Cc" for char in shown)
