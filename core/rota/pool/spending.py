"""The note beside a lock that says which refresh token is being spent: what a lost answer leaves behind."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rota.files import write_private

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
    """Put the note on disk before the token goes out."""
    write_private(path, json.dumps(asdict(note)).encode())


def clear_note(path: Path) -> None:
    """The token's fate is known."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
