"""Requests over bare sockets, as cheap as Python can make them, so that the machine is left to what is measured."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def process(*args: str) -> Iterator[dict[str, Any]]:
    """A module of ours as a process; gives what it says of itself, and its `pid`."""
    started = subprocess.Popen(
        [sys.executable, "-m", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        assert started.stdout is not None
        yield {**json.loads(started.stdout.readline()), "pid": started.pid}
    finally:
        started.kill()
        started.communicate()


def request(where: dict[str, Any], body: dict[str, Any], path: str = "/v1/messages") -> tuple[str, int, bytes]:
    """Host, port and bytes of one request."""
    host, _, port = where["url"].removeprefix("http://").partition(":")
    raw = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nx-api-key: {where.get('key', 'k')}\r\n"
        f"anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\ncontent-length: {len(raw)}\r\n\r\n"
    )
    return host, int(port), head.encode() + raw


class Caller:
    """One connection that asks again and again."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._raw = raw

    @classmethod
    async def open(cls, where: dict[str, Any], body: dict[str, Any], path: str = "/v1/messages") -> Caller:
        host, port, raw = request(where, body, path)
        return cls(*await asyncio.open_connection(host, port, limit=2**22), raw)

    async def first_byte(self) -> float:
        """Ask, and read the whole answer; seconds until its first byte."""
        began = time.perf_counter()
        self._writer.write(self._raw)
        head = await self._reader.readuntil(b"\r\n\r\n")
        took = time.perf_counter() - began
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError((head + await self._reader.read(2000)).decode())
        if b"chunked" in head:
            await self._reader.readuntil(b"\r\n0\r\n\r\n")
        else:
            lengths = [h for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")]
            await self._reader.readexactly(int(lengths[0][15:]))
        return took

    async def begin(self) -> None:
        """Ask, and read the head only: a stream that stays open."""
        self._writer.write(self._raw)
        await self._reader.readuntil(b"content_block_delta")

    def close(self) -> None:
        self._writer.close()


async def rate(where: dict[str, Any], body: dict[str, Any], *, at_once: int, requests: int) -> float:
    """Requests a second with so many in flight."""
    callers = await asyncio.gather(*(Caller.open(where, body) for _ in range(at_once)))
    left = requests

    async def work(caller: Caller) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await caller.first_byte()

    await asyncio.gather(*(caller.first_byte() for caller in callers))
    began = time.perf_counter()
    await asyncio.gather(*map(work, callers))
    took = time.perf_counter() - began
    for caller in callers:
        caller.close()
    return requests / took
