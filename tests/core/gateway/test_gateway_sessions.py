"""A session keeps its account through the endpoint, however its client names it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.gatewayed import Gatewayed, gatewayed, two_keys

from rota.gateway.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

SESSION = "0a1b2c3d-0000-4000-8000-000000000001"


def user_id(session: str = SESSION, account: str = "acc") -> str:
    """What Claude Code puts into `metadata.user_id`."""
    return json.dumps({"device_id": "dev", "account_uuid": account, "session_id": session})


NAMED: list[tuple[dict[str, str], Any, str | None, str | None]] = [
    # headers, metadata, prompt_cache_key, the session
    ({"x-session-id": "ses_1", "x-session-affinity": "ses_1"}, None, None, "ses_1"),
    ({"x-session-affinity": "ses_1"}, None, None, "ses_1"),
    ({"x-claude-code-session-id": SESSION}, {"user_id": user_id()}, None, SESSION),
    # The session alone: its person may sign in to another account meanwhile.
    ({}, {"user_id": user_id()}, None, SESSION),
    ({}, {"user_id": user_id(account="other")}, None, SESSION),
    # As earlier versions wrote it.
    ({}, {"user_id": f"user_aa_account_bb_session_{SESSION}"}, None, SESSION),
    # A user is no session.
    ({}, {"user_id": "jane"}, None, None),
    ({}, {"user_id": '{"session_id": 7}'}, None, None),
    ({}, {"user_id": '["session"]'}, None, None),
    ({}, {"user_id": None}, None, None),
    ({}, {"user_id": "jane"}, "cache-1", "cache-1"),
    ({}, None, "", None),
    ({"x-session-id": ""}, None, None, None),
]


@pytest.mark.parametrize(("headers", "metadata", "cache_key", "expected"), NAMED)
def test_a_clients_own_name_of_its_session_is_found(
    headers: dict[str, str], metadata: dict[str, Any] | None, cache_key: str | None, expected: str | None
) -> None:
    assert session_of(headers, metadata, cache_key) == expected


def turn(text: str, *later: str) -> list[dict[str, str]]:
    """A conversation that began with `text`."""
    said = [text, *later]
    return [{"role": ("user", "assistant")[n % 2], "content": words} for n, words in enumerate(said)]


async def served_by(it: Gatewayed, path: str, messages: list[dict[str, str]], **more: Any) -> str | None:
    client = await it.http(**more.pop("headers", {}))
    body = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": messages, **more}
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return it.calls()[-1].account


CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
WAYS: list[tuple[str, Any]] = [
    (CHAT, lambda s: {"headers": {"x-session-id": s, "x-session-affinity": s}}),
    (CHAT, lambda s: {"prompt_cache_key": s}),
    (MESSAGES, lambda s: {"headers": {"x-claude-code-session-id": s}}),
    (MESSAGES, lambda s: {"metadata": {"user_id": user_id(s)}}),
]


@pytest.mark.parametrize(("path", "naming"), WAYS)
async def test_a_named_session_keeps_its_account_whatever_it_says(tmp_path: Path, path: str, naming: Any) -> None:
    async with gatewayed(tmp_path, two_keys, pool={"strategy": "round-robin"}) as it:
        one = await served_by(it, path, turn("first"), **naming("s-1"))
        other = await served_by(it, path, turn("second"), **naming("s-2"))
        assert {one, other} == {"first", "second"}
        assert await served_by(it, path, turn("something else"), **naming("s-1")) == one
        assert await served_by(it, path, turn("and more"), **naming("s-2")) == other
        assert len(it.engine.snapshot.sessions) == 2
        assert not any("s-1" in key for key in it.engine.snapshot.sessions)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
async def test_a_conversation_without_a_name_is_known_by_its_opening(tmp_path: Path, path: str) -> None:
    async with gatewayed(tmp_path, two_keys, pool={"strategy": "round-robin"}) as it:
        one = await served_by(it, path, turn("Fix the parser."))
        other = await served_by(it, path, turn("Write a poem."))
        assert {one, other} == {"first", "second"}
        assert await served_by(it, path, turn("Fix the parser.", "Done.", "Now the lexer.")) == one
        assert await served_by(it, path, turn("Write a poem.", "Roses …", "Longer.")) == other
