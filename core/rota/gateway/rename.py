"""Put another model's name into a request's bytes; every other byte stays as it came."""

from __future__ import annotations

import json

_DECODER = json.JSONDecoder()
_SPACE = " \t\n\r"


def with_model(raw: bytes, model: str) -> bytes:
    """`raw`, a JSON object that was read before, with `model` at its top-level `model`.

    Of a name that stands there twice the last counts, for every JSON parser, so that one is replaced.
    """
    text = raw.decode()
    span = None
    at = _skip(text, text.index("{") + 1)
    while text[at] == '"':
        name, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        if name == "model":
            span = start, end
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    if span is None:
        return raw
    return (text[: span[0]] + json.dumps(model, ensure_ascii=False) + text[span[1] :]).encode()


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
