"""Names of one model, told from a fallback."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.events import RequestServed
from rota.model_names import instead_of, same_model


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001", True),  # an alias and what it stands for
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", True),
        ("anthropic/claude-haiku-4-5", "claude-haiku-4-5-20251001", True),  # the provider's name before it
        ("anthropic/claude-haiku-4-5", "claude-haiku-4.5", True),
        ("openrouter:qwen/qwen3:free", "qwen/qwen3:free", True),  # the vendor's own name
        ("puter/openrouter:qwen/qwen3:free", "qwen3", True),
        ("puter/gpt-5-nano", "gpt-5-nano-2025-08-07", True),
        ("Claude-Opus-5", "claude-opus-5", True),
        ("gpt-5-nano", "", True),  # an answer that names no model says nothing
        ("gpt-5", "gpt-5-nano", False),  # one name inside the other is no alias
        ("gpt-5-nano", "gpt-4o", False),
        ("claude-opus-5", "claude-sonnet-5", False),
        ("claude-haiku-4-5", "claude-haiku-4", False),
    ],
)
def test_names_of_one_model_are_told_from_a_fallback(asked: str, answered: str, same: bool) -> None:
    assert same_model(asked, answered) is same
    assert same_model(answered, asked) is same


@given(st.text(max_size=30))
def test_every_name_means_itself_through_every_provider(name: str) -> None:
    assert same_model(name, name)
    assert same_model(f"puter/{name}", name)


@pytest.mark.parametrize(
    ("asked", "answered", "told"),
    [
        ("anthropic/claude-haiku-4-5", "claude-haiku-4-5-20251001", ""),
        ("anthropic/claude-opus-4-5", "claude-haiku-4-5-20251001", "claude-opus-4-5"),
    ],
)
def test_only_another_model_answers_instead(asked: str, answered: str, told: str) -> None:
    served = RequestServed(
        at=0.0, request_id="r", account_id="a", provider="anthropic", model=answered, requested_model=asked
    )
    assert instead_of(served) == told
