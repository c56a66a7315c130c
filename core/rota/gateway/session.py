"""Which session a caller's request belongs to, from what real clients send (protocols, clients). Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS = ("x-session-id", "x-claude-code-session-id", "x-session-affinity")
"""OpenCode's, Claude Code's, and OpenCode's second name for it."""


def session_of(headers: Mapping[str, str], metadata: Mapping[str, Any] | None, cache_key: str | None) -> str | None:
    """The caller's own id of the session; None when it names none.

    Args:
        metadata: the body's; Anthropic clients put device, account and session into `user_id`.
        cache_key: OpenAI's `prompt_cache_key`.
    """
    for name in _HEADERS:
        if value := headers.get(name):
            return value
    return _in_user_id((metadata or {}).get("user_id")) or cache_key or None


def _in_user_id(user_id: object) -> str | None:
    """The session in what Claude Code says of itself: an object written as JSON, before that `…_session_<id>`."""
    if not isinstance(user_id, str):
        return None
    try:
        said = json.loads(user_id)
    except (ValueError, RecursionError):
        return user_id.rpartition("_session_")[2] if "_session_" in user_id else None
    session = said.get("session_id") if isinstance(said, dict) else None
    return session if isinstance(session, str) else None
