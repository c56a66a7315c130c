"""Requests that a well-behaved client sends to the simulated providers."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from rota.simulator import World, create_app, credentials_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = "http://simulator.test"


@asynccontextmanager
async def reach(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A plain HTTP client of a world, in process."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(world)), base_url=ROOT) as client:
        yield client


def seeded(world: World, label: str) -> dict[str, Any]:
    """The credential that the world hands out for an account."""
    return next(item for item in credentials_of(world) if item["label"] == label)


def claude(world: World, label: str, **headers: str) -> dict[str, str]:
    """An Anthropic client's headers."""
    item = seeded(world, label)
    signed = {"anthropic-version": "2023-06-01", "user-agent": "rota-tests", **headers}
    if item["kind"] == "api-key":
        return {**signed, "x-api-key": item["secret"]}
    return {**signed, "authorization": f"Bearer {item['secret']}", "anthropic-beta": "oauth-2025-04-20"}


def puter(world: World, label: str, **headers: str) -> dict[str, str]:
    """A Puter client's headers."""
    secret = seeded(world, label)["secret"]
    return {"authorization": f"Bearer {secret}", "origin": "http://localhost", **headers}


def ask(text: str = "hi", *, model: str = "claude-sonnet-4-5", **more: Any) -> dict[str, Any]:
    """A body of the messages API."""
    return {"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": text}], **more}


def drive(text: str = "hi", *, model: str = "claude-sonnet-4-5", **args: Any) -> dict[str, Any]:
    """A body of Puter's driver call."""
    args = {"messages": [{"role": "user", "content": text}], "model": model, **args}
    return {"interface": "puter-chat-completion", "driver": "ai-chat", "method": "complete", "args": args}


def events_of(text: str) -> list[dict[str, Any]]:
    """The data of each server-sent event."""
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def lines_of(text: str) -> list[dict[str, Any]]:
    """Each line of newline-delimited JSON."""
    return [json.loads(line) for line in text.splitlines() if line]
