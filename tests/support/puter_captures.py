"""Real answers of a Puter server, read from `tests/captures/puter`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "captures" / "puter"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))


@dataclass(frozen=True, slots=True)
class Capture:
    """One request and its answer."""

    name: str
    method: str
    path: str
    sent_headers: dict[str, str]
    sent: bytes
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type") == "application/x-ndjson"


def capture(name: str) -> Capture:
    request, _, answer = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").partition("--- ")
    request_head, _, sent = request.partition("\n\n")
    answer_head, _, body = answer.partition("\n\n")
    line, *sent_headers = request_head.splitlines()
    status, *headers = answer_head.splitlines()
    method, path = line.split(" ")
    if "\n" in body.strip():
        body = body.strip("\n") + "\n"
    return Capture(
        name=name,
        method=method,
        path=path,
        sent_headers=_headers(sent_headers),
        sent=sent.strip().encode(),
        status=int(status),
        headers=_headers(headers),
        body=body.encode(),
    )


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(": ") for line in lines if line)
    return {name.lower(): value for name, _, value in pairs}
