"""Reading single fields out of a Puter answer: a value of the wrong type counts as absent, never as an exception.

Puter's records differ by model vendor and by server age, so an answer is not checked as a whole: a catalogue of 500
models must not be lost to one odd entry.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, TypeAlias

Record: TypeAlias = Mapping[str, Any]

NOTHING: Record = {}


def record(value: object) -> Record:
    """`value` as a JSON object; an empty one when it is something else."""
    return value if isinstance(value, Mapping) else NOTHING


def records(value: object) -> tuple[Record, ...]:
    """The JSON objects in a list."""
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


def text(source: Record, *keys: str) -> str | None:
    """The first of `keys` that holds a string with something in it."""
    for key in keys:
        value = source.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def number(source: Record, *keys: str) -> float | None:
    """The first of `keys` that holds a finite number."""
    for key in keys:
        value = source.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
            return float(value)
    return None


def count(source: Record, *keys: str) -> int | None:
    """The first of `keys` that holds a finite number that is not negative, as a whole one."""
    value = number(source, *keys)
    return None if value is None or value < 0 else round(value)


def flag(source: Record, key: str) -> bool | None:
    """A yes or no; Puter's database gives some of them as 0 and 1."""
    value = source.get(key)
    if isinstance(value, bool):
        return value
    return bool(value) if value in (0, 1) else None


def strings(value: object) -> tuple[str, ...]:
    """The non-empty strings in a list."""
    return tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()


def parse(body: bytes | str) -> object:
    """The JSON value in `body`; None when it is not JSON."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value
