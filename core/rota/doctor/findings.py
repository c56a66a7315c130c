"""What the doctor finds: one sentence each, how bad it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = 1


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing is wrong."""
    WARN = "warn"
    """Works, but not as it should."""
    FAIL = "fail"
    """Does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    """What was looked at: `python`, `vault`, `account`."""
    level: Level
    text: str
    todo: str = ""
    """What to do about it; never empty for `warn` and `fail`."""

    def __post_init__(self) -> None:
        if self.level in (Level.WARN, Level.FAIL) and not self.todo:
            raise ValueError(f"a finding of {self.check} says nothing to do about: {self.text}")


def good(check: str, text: str) -> Finding:
    return Finding(check, Level.OK, text)


def note(check: str, text: str, todo: str = "") -> Finding:
    return Finding(check, Level.NOTE, text, todo)


def warning(check: str, text: str, todo: str) -> Finding:
    return Finding(check, Level.WARN, text, todo)


def failure(check: str, text: str, todo: str) -> Finding:
    return Finding(check, Level.FAIL, text, todo)


def well(findings: Sequence[Finding]) -> bool:
    """Whether nothing failed."""
    return all(finding.level is not Level.FAIL for finding in findings)


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """What `rota doctor --json` prints."""
    return {
        "schema": SCHEMA,
        "ok": well(findings),
        "findings": [{"check": f.check, "level": f.level.value, "text": f.text, "todo": f.todo} for f in findings],
    }
