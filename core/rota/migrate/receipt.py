"""What an import did, kept so that it can be taken back. Holds no secret."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rota.files import write_private

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class SetSetting:
    """A setting that the import set."""

    key: str
    text: str
    before: str | None
    """As the file had it; None when the file did not have it."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file of another tool that the import rewrote."""

    path: str
    backup: str
    digest: str
    """SHA-256 of the file as the import left it: only that is put back over."""


@dataclass(slots=True)
class Receipt:
    """One import."""

    import_id: str
    added: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    """Accounts whose earlier login lies in the vault under `undo/`."""
    settings: list[SetSetting] = field(default_factory=list)
    files: list[Rewritten] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.added or self.renewed or self.settings or self.files)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def path_of(folder: Path, import_id: str) -> Path:
    return folder / f"import-{import_id}.json"


def save(folder: Path, receipt: Receipt) -> None:
    write_private(path_of(folder, receipt.import_id), json.dumps(asdict(receipt), ensure_ascii=False).encode())


def load(folder: Path, import_id: str) -> Receipt | None:
    """The receipt of an import; None when it is gone or not one."""
    try:
        held: Any = json.loads(path_of(folder, import_id).read_bytes())
        return Receipt(
            import_id=import_id,
            added=[str(each) for each in held["added"]],
            renewed=[str(each) for each in held["renewed"]],
            settings=[SetSetting(**each) for each in held["settings"]],
            files=[Rewritten(**each) for each in held["files"]],
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
