"""Which session a caller's request belongs to, from what real clients send (protocols, clients). Pure."""

from __future__ import annotations

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
    user_id = (metadata or {}).get("user_id")
    if isinstance(user_id, str) and "session" in user_id:
        return user_id
    return cache_key or None
