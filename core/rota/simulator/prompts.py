"""Reads a chat request in either dialect: what was asked last, how much was sent, with which tools and images."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

IMAGE_TOKENS = 1500
"""What an attachment counts whose size is not measured, as Puter does it."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the caller offers."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What matters of a request to whoever answers it."""

    last: str
    """The text of the last message when a person wrote it; empty after a tool's result."""
    results: int
    """Tool results in the last message."""
    characters: int
    words: int
    images: int
    tools: tuple[Tool, ...]
    forced: str | None
    """The tool that must be called, `*` for any, None when calling is free or forbidden."""
    forbidden: bool
    """Whether tools may not be called at all."""

    @property
    def tokens(self) -> int:
        """The prompt's length as the simulated models count it."""
        return max(1, (self.characters + 3) // 4) + self.images * IMAGE_TOKENS

    @property
    def estimate(self) -> int:
        """The prompt's length as Puter's credit gate guesses it."""
        return int((self.characters / 4 + self.words * 4 / 3) / 2) + self.images * IMAGE_TOKENS


def read_prompt(body: Mapping[str, Any]) -> Prompt:
    """Take a chat body of either dialect apart; what it cannot read counts as nothing."""
    messages = [_as_message(message) for message in _sequence(body.get("messages"))]
    texts = [_text(body.get("system"))]
    images = 0
    for message in messages:
        texts.append(_text(message.get("content")))
        texts.extend(json.dumps(call, ensure_ascii=False) for call in _sequence(message.get("tool_calls")))
        images += sum(_is_image(part) for part in _sequence(message.get("content")))
    tools = tuple(tool for raw in _sequence(body.get("tools")) if (tool := _tool(raw)) is not None)
    texts.extend(json.dumps(dict(tool.schema)) for tool in tools)
    everything = "\n".join(text for text in texts if text)
    # Claude Code puts a system message behind what its person typed.
    last: Mapping[str, Any] = next(
        (m for m in reversed(messages) if m.get("role") not in ("system", "developer")), {}
    )
    results = sum(_type(part) == "tool_result" for part in _sequence(last.get("content")))
    if last.get("role") == "tool":
        results = 1
    choice = body.get("tool_choice")
    return Prompt(
        last=_own_text(last.get("content")) if last.get("role", "user") == "user" else "",
        results=results,
        characters=len(everything),
        words=len(everything.split()),
        images=images,
        tools=tools,
        forced=_forced(choice),
        forbidden=choice == "none" or _type(choice) == "none",
    )


def _as_message(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {"role": "user", "content": str(raw)}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _type(part: Any) -> str:
    return str(part.get("type", "")) if isinstance(part, Mapping) else ""


def _is_image(part: Any) -> bool:
    return isinstance(part, Mapping) and (_type(part) in {"image", "image_url", "file"} or "image_url" in part)


def _text(content: Any) -> str:
    """All text in a content, tool calls and results included."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts: list[str] = []
    for part in content:
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part, Mapping):
            if _type(part) == "tool_use":
                parts.append(json.dumps(part.get("input"), ensure_ascii=False))
            elif _type(part) == "tool_result":
                parts.append(_text(part.get("content")))
            else:
                parts.append(str(part.get("text") or part.get("thinking") or ""))
    return "\n".join(parts)


def _own_text(content: Any) -> str:
    """What the person typed: text parts only, so that a tool's result gives no orders."""
    if isinstance(content, str):
        return content
    parts = (part.get("text") if isinstance(part, Mapping) else part for part in _sequence(content))
    return "\n".join(part for part in parts if isinstance(part, str))


def _tool(raw: Any) -> Tool | None:
    if not isinstance(raw, Mapping):
        return None
    form = raw.get("function") if isinstance(raw.get("function"), Mapping) else raw
    if not isinstance(form, Mapping) or not isinstance(form.get("name"), str):
        return None
    schema = form.get("parameters") or form.get("input_schema") or {}
    return Tool(form["name"], schema if isinstance(schema, Mapping) else {})


def _forced(choice: Any) -> str | None:
    if choice == "required" or _type(choice) == "any":
        return "*"
    if isinstance(choice, Mapping):
        named = choice.get("function", choice)
        if isinstance(named, Mapping) and isinstance(named.get("name"), str):
            return str(named["name"])
    return None
