"""What a few typed letters find, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota_tui.fuzzy import match, subject, typed_words

NAMES = (
    "gpt-5-nano-2025-08-07",
    "gpt-5.4-nano",
    "claude-sonnet-4-6",
    "claude-opus-5",
    "router:qwen/qwen3-4b:free",
)


def found(typed: str) -> list[str]:
    words = typed_words(typed)
    scored = [(m.score, name) for name in NAMES if (m := match(words, subject(name, "some vendor"))) is not None]
    return [name for _, name in sorted(scored, key=lambda pair: -pair[0])]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("sonnet", "claude-sonnet-4-6"),  # inside
        ("gpt5nano", "gpt-5-nano-2025-08-07"),  # letters in order with gaps; the closer ones win
        ("CLAUDE op", "claude-opus-5"),  # any case, several words
        ("qwen free", "router:qwen/qwen3-4b:free"),  # words in any order
        ("sonet", "claude-sonnet-4-6"),  # a letter left out
    ],
)
def test_the_best_fit_comes_first(typed: str, first: str) -> None:
    assert found(typed)[0] == first


def test_every_word_must_fit() -> None:
    assert found("claude gpt") == []


def test_letters_too_far_apart_are_no_match() -> None:
    assert match(("ao",), subject("a" + "x" * 30 + "o")) is None


def test_other_words_find_a_name_without_marking_it() -> None:
    hit = match(("vendor",), subject("gpt", "some vendor"))
    assert hit is not None
    assert hit.places == ()


def test_a_word_boundary_beats_the_middle_of_a_word() -> None:
    inside, boundary = match(("net",), subject("sonnet")), match(("net",), subject("my-net"))
    assert inside is not None
    assert boundary is not None
    assert boundary.score > inside.score


@given(st.text(max_size=30), st.text(max_size=12))
def test_places_are_letters_of_the_name(name: str, typed: str) -> None:
    hit = match(typed_words(typed), subject(name))
    assert hit is None or all(0 <= place < len(name) for place in hit.places)
