"""Which session a request belongs to."""

from __future__ import annotations

import pytest
from tests.support.pool_facts import NOW, added, after

from rota.events import SessionBound
from rota.pool.sticky import needs_binding, opening_of, session_key
from rota.providers.base import Message, Role, Text


def asked(*turns: str, system: str | None = None) -> str:
    """How a conversation opens: person, model, person …"""
    roles = [Role.USER, Role.ASSISTANT]
    messages = [Message(roles[i % 2], (Text(t),)) for i, t in enumerate(turns)]
    if system is not None:
        messages.insert(0, Message(Role.SYSTEM, (Text(system),)))
    return opening_of(messages)


def test_a_conversation_is_known_by_its_opening() -> None:
    first, later = asked("Fix it", system="s"), asked("Fix it", "Done", "And now?", system="s")
    assert session_key("puter", None, first) == session_key("puter", None, later)


@pytest.mark.parametrize("other", [asked("Fix that", system="s"), asked("Fix it", system="t"), asked("Fix it")])
def test_another_opening_is_another_session(other: str) -> None:
    assert session_key("puter", None, asked("Fix it", system="s")) != session_key("puter", None, other)


def test_what_the_caller_says_goes_before_the_opening_and_is_not_kept_in_clear() -> None:
    key = session_key("puter", "user_jane@example.com", asked("Fix it"))
    assert key == session_key("puter", "user_jane@example.com", asked("Something else"))
    assert key is not None
    assert "jane" not in key


def test_a_session_has_an_account_for_each_provider() -> None:
    assert session_key("puter", "s", "") != session_key("anthropic", "s", "")


def test_without_a_word_and_without_a_conversation_there_is_no_session() -> None:
    assert session_key("puter", None, "") is None
    assert session_key("puter", None, asked()) is None


def test_half_a_surrogate_pair_is_hashed_like_any_text() -> None:
    assert session_key("puter", None, asked("\ud83d")) is not None


@pytest.mark.parametrize(("account", "age", "needed"), [("a", 10, False), ("a", 400, True), ("b", 10, True)])
def test_a_binding_is_renewed_when_it_changes_or_ages(account: str, age: float, needed: bool) -> None:
    snapshot = after(added("a"), SessionBound(at=NOW - age, session="k", provider="anthropic", account_id="a"))
    assert needs_binding(snapshot, "k", account, 3600.0, NOW) is needed
