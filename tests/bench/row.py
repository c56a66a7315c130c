"""`Row`: one line of the table of measurements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, against what it should be."""

    name: str
    measured: str
    target: str
    ok: bool
    note: str = ""
