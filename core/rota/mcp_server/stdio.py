"""MCP's messages over standard input and output, one JSON object a line.

The official transport reads in a worker thread that nothing can interrupt: Ctrl-C would wait for the next line. This
one reads the descriptor in a daemon thread, so the process ends when it is told to.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCMessage
from pydantic import ValidationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import BinaryIO

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
    Outgoing = MemoryObjectSendStream[SessionMessage]

CHUNK = 65_536
LONGEST = 64 * 1024 * 1024
"""Bytes of one message: images come inline."""


@asynccontextmanager
async def over_stdio() -> AsyncIterator[tuple[Incoming, Outgoing]]:
    """The two streams that a session works on; the first ends with standard input.

    Until it is left, `sys.stdout` is standard error: nothing but messages may reach the client.
    """
    out, before = sys.stdout.buffer, sys.stdout
    sys.stdout = sys.stderr
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()
    _read_behind(sys.stdin.fileno(), lines)
    into, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, out_of = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as group, into, out_of:
            group.start_soon(_take_in, lines, into)
            group.start_soon(_give_out, out_of, out)
            yield incoming, outgoing
            group.cancel_scope.cancel()
    finally:
        sys.stdout = before


def _read_behind(descriptor: int, lines: asyncio.Queue[bytes | None]) -> None:
    """Read lines in a thread that the process does not wait for; None says that there are no more."""
    loop = asyncio.get_running_loop()

    def tell(line: bytes | None) -> bool:
        try:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        except RuntimeError:  # the loop has ended
            return False
        return True

    def run() -> None:
        held = bytearray()
        # The descriptor itself: a thread that dies inside `sys.stdin` would hold its lock at the interpreter's end.
        while len(held) <= LONGEST and (chunk := _chunk(descriptor)):
            held += chunk
            if b"\n" in chunk:
                *whole, rest = held.split(b"\n")
                held = bytearray(rest)
                if not all(tell(bytes(line)) for line in whole):
                    break
        tell(None)

    threading.Thread(target=run, name="mcp stdin", daemon=True).start()


def _chunk(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, CHUNK)
    except OSError:  # closed from the other side
        return b""


async def _take_in(lines: asyncio.Queue[bytes | None], into: MemoryObjectSendStream[Any]) -> None:
    async with into:
        while (line := await lines.get()) is not None:
            if not line.strip():
                continue
            try:
                message = SessionMessage(JSONRPCMessage.model_validate_json(line))
            except ValidationError:
                # The session answers with an error; the line itself may hold anything and is not repeated.
                await into.send(ValueError("A line on standard input is not a JSON-RPC message."))
                continue
            await into.send(message)


async def _give_out(out_of: MemoryObjectReceiveStream[SessionMessage], out: BinaryIO) -> None:
    gone = False
    async for held in out_of:
        if gone:
            continue
        text = held.message.model_dump_json(by_alias=True, exclude_none=True)
        try:
            out.write(text.encode() + b"\n")
            out.flush()
        except OSError:  # the client left; the end of standard input follows
            gone = True
