"""Which session a request belongs to: the caller's own id, else the opening of the conversation."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rota.providers.base import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.providers.base import Message
    from rota.snapshot import Snapshot

SLIDE_SHARE = 1 / 12
"""A binding is renewed when this share of its life has passed: once in five minutes, not at every request."""


def session_key(provider: str, said: str | None, opening: str) -> str | None:
    """The key under which the log keeps this session's account, one a provider.

    What the caller said is hashed: it may name a person, and the log is no place for that.

    Args:
        said: the caller's own id of the session.
        opening: how the conversation begins, looked at where the caller names no session; empty if that is not known.
    """
    if said:
        return f"{provider}:s:{_digest(said)}"
    return f"{provider}:o:{_digest(opening)}" if opening else None


def needs_binding(snapshot: Snapshot, key: str, account_id: str, ttl_s: float, now: float) -> bool:
    """Whether the log must be told that the session is at this account."""
    session = snapshot.sessions.get(key)
    return session is None or session.account_id != account_id or now - session.last_at >= ttl_s * SLIDE_SHARE


def opening_of(messages: Iterable[Message]) -> str:
    """What stays the same in every turn: the instructions and the first thing the person said."""
    parts = []
    for message in messages:
        parts.append(f"{message.role}\x1f{message.text}")
        if message.role is Role.USER:
            return "\x1e".join(parts)
    return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
