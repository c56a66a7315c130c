"""Prompt caching: which part of a request was seen within the last five minutes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CACHE_SECONDS = 300.0
SMALLEST_PREFIX = 1024
"""Tokens; shorter prefixes are not cached."""


@dataclass(frozen=True, slots=True)
class InputCount:
    """How the input's tokens are counted."""

    fresh: int
    cache_write: int = 0
    cache_read: int = 0

    @property
    def total(self) -> int:
        return self.fresh + self.cache_write + self.cache_read


def count_input(body: Mapping[str, Any], tokens: int, cache: dict[str, float], now: float) -> InputCount:
    """Split a request's input into fresh, newly cached and cached tokens, and remember what is cached now."""
    for key in [key for key, until in cache.items() if until <= now]:
        del cache[key]
    digest = hashlib.sha256()
    characters = 0
    prefixes: list[tuple[str, int]] = []
    marked = 0
    for block in _blocks(body):
        bare = {name: value for name, value in block.items() if name != "cache_control"}
        text = json.dumps(bare, sort_keys=True, ensure_ascii=False)
        digest.update(text.encode())
        characters += len(text)
        prefixes.append((digest.hexdigest(), min(tokens, characters // 4)))
        if "cache_control" in block:
            marked = len(prefixes)
    if body.get("cache_control"):
        marked = len(prefixes)
    if not marked or prefixes[marked - 1][1] < SMALLEST_PREFIX:
        return InputCount(fresh=tokens)
    read = max((size for key, size in prefixes[:marked] if key in cache), default=0)
    key, size = prefixes[marked - 1]
    cache[key] = now + CACHE_SECONDS
    return InputCount(fresh=tokens - size, cache_write=size - read, cache_read=read)


def _blocks(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Everything that can be cached, in the order in which it is."""
    for tool in body.get("tools") or ():
        if isinstance(tool, Mapping):
            yield tool
    yield from _content_blocks("system", body.get("system"))
    for message in body.get("messages") or ():
        if isinstance(message, Mapping):
            yield from _content_blocks(str(message.get("role")), message.get("content"))


def _content_blocks(role: str, content: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(content, str):
        yield {"role": role, "type": "text", "text": content}
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, Mapping):
                yield {"role": role, **part}
