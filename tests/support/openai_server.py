"""A small model server in OpenAI's dialect, as a foreign program: real HTTP in a thread, nothing of rota's in it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-local-0123456789abcdef0123456789abcdef"
ANSWER = "Hello from the local model."


@dataclass(slots=True)
class LocalModels:
    """The server, and what it was asked."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    failing: list[int] = field(default_factory=list)
    """Statuses that the next questions are refused with."""
    cut: bool = False
    """Whether streams end in the middle."""


@contextmanager
def local_models() -> Iterator[LocalModels]:
    """The server, running until it is left."""
    models = LocalModels()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            listed = [{"id": "tiny-7b", "context_length": 8192, "pricing": {"prompt": "0", "completion": "0"}}]
            self._answer(200 if self._known() else 401, {"object": "list", "data": listed})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            models.asked.append(body)
            if not self._known():
                self._answer(401, {"error": {"message": "No such key."}})
            elif models.failing:
                self._answer(models.failing.pop(0), {"error": {"message": "Not now."}})
            elif body.get("stream"):
                self._stream(body["model"])
            else:
                self._answer(200, _whole(body))

        def _known(self) -> bool:
            return self.headers["authorization"] == f"Bearer {KEY}"

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _stream(self, model: str) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            pieces = [{"delta": {"content": word}} for word in ANSWER.split(" ")]
            for number, piece in enumerate(pieces):
                piece["delta"]["content"] += " " if number < len(pieces) - 1 else ""
                self._event({"model": model, "choices": [piece]})
                if models.cut:
                    return
            self._event({"model": model, "choices": [{"delta": {}, "finish_reason": "stop"}]})
            self._event({"model": model, "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 6}})
            self.wfile.write(b"data: [DONE]\n\n")

        def _event(self, data: dict[str, Any]) -> None:
            self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    models.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield models
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()


def _whole(body: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": ANSWER}
    finish = "stop"
    if body.get("tools") and body["messages"][-1]["role"] != "tool":
        call = {"name": body["tools"][0]["function"]["name"], "arguments": '{"city": "Bergen"}'}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
        }
        finish = "tool_calls"
    usage = {"prompt_tokens": 11, "completion_tokens": 6}
    return {"model": body["model"], "choices": [{"message": message, "finish_reason": finish}], "usage": usage}
