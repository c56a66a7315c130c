"""A provider that answers at once, always with the same bytes. Run as a process."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

WORDS = 400
"""Events of text in a streamed answer."""

_MESSAGE: dict[str, Any] = {
    "id": "msg_bench",
    "type": "message",
    "role": "assistant",
    "model": "claude-bench",
    "content": [{"type": "text", "text": "word " * 100}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 200, "output_tokens": 100},
}
_LIMITS = "anthropic-ratelimit-requests-limit: 4000\r\nanthropic-ratelimit-requests-remaining: 3999\r\n"


def _answer(body: bytes, content_type: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n{_LIMITS}\r\n"
    return head.encode() + body


def _event(kind: str, **fields: Any) -> bytes:
    data = f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, separators=(',', ':'))}\n\n".encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


WHOLE = _answer(json.dumps(_MESSAGE).encode(), "application/json")
MODELS = _answer(
    json.dumps(
        {
            "data": [
                {"id": "claude-bench", "type": "model", "display_name": "Bench", "created_at": "2026-01-01T00:00:00Z"}
            ],
            "has_more": False,
        }
    ).encode(),
    "application/json",
)
STREAM_HEAD = (
    f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n{_LIMITS}\r\n".encode()
    + _event("message_start", message={**_MESSAGE, "content": [], "stop_reason": None})
    + _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + _event("content_block_delta", index=0, delta={"type": "text_delta", "text": "word "})
)
STREAM_WORDS = _event("content_block_delta", index=0, delta={"type": "text_delta", "text": "word and word "}) * WORDS
STREAM_END = (
    _event("content_block_stop", index=0)
    + _event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 100})
    + _event("message_stop")
    + b"0\r\n\r\n"
)


async def _paced(writer: asyncio.StreamWriter) -> None:
    """400 events in a second, ten at a time."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    writer.write(STREAM_HEAD)
    size = len(STREAM_WORDS) // WORDS * 10
    for start in range(0, len(STREAM_WORDS), size):
        due += 0.025
        await asyncio.sleep(due - loop.time())
        writer.write(STREAM_WORDS[start : start + size])
    writer.write(STREAM_END)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
            body = await reader.readexactly(length)
            if head.startswith(b"GET"):
                writer.write(MODELS)
            elif b'"idle"' in body:
                writer.write(STREAM_HEAD)  # and nothing more: an open stream that waits for its model
            elif b'"paced"' in body:
                await _paced(writer)
            elif b'"stream": true' in body or b'"stream":true' in body:
                writer.write(STREAM_HEAD)
                # In pieces, as tokens come: each becomes an event of its own on its way.
                for start in range(0, len(STREAM_WORDS), 4096):
                    writer.write(STREAM_WORDS[start : start + 4096])
                    await writer.drain()
                writer.write(STREAM_END)
            else:
                writer.write(WHOLE)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, limit=2**20)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until our starter is gone


if __name__ == "__main__":
    asyncio.run(_main())
