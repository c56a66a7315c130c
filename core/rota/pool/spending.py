"""The note beside a lock that says which refresh token is being spent: what a lost answer leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Note:
    """A token that was sent and whose successor is not stored."""

    fingerprint: str
    tries: int
    at: float


def read_note(path: Path) -> Note | None:
    """The note, if there is one; a damaged one says nothing."""
    try:
        said = json.loads(path.read_text("utf-8"))
        return Note(str(said["fingerprint"]), int(said["tries"]), float(said["at"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_note(path: Path, note: Note) -> None:
    """Leave the note before the token goes out."""
    # Without a sync: it outlives the process. After a power cut the worst is that a spent token is sent once more.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(note), file)
    os.replace(temporary, path)


def clear_note(path: Path) -> None:
    """The token's fate is known."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
