"""Which store holds a home's secrets: chosen once, written down, changed only by moving every secret.

`vault.json` names the store in use and, while secrets are moved, the one whose copies are to be deleted: a move that
was interrupted at any point leaves every secret in the store in use, and the next opening deletes the other copies.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rota.errors import StoreError, VaultError
from rota.files import write_private
from rota.vault.file import FileStore
from rota.vault.stored import StoredVault, VaultLock, in_thread
from rota.vault.system import KeyringStore, recommended

if TYPE_CHECKING:
    from rota.paths import Paths
    from rota.vault.base import Store, Vault

KINDS = ("keyring", "file")


@dataclass(frozen=True, slots=True)
class Record:
    """What `vault.json` says."""

    kind: str
    service: str
    """The name our entries go by in the system keyring."""
    stale: str | None = None
    """The kind of store whose secrets are copies, to be deleted."""


class Chooser:
    """The stores of one home and which of them is in use."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._file = FileStore(paths.vault_file)
        self._keyrings: dict[str, KeyringStore] = {}

    def current(self) -> Store:
        """The store in use; the file's before any was chosen."""
        record = self.record()
        return self._file if record is None else self.store(record.kind, record.service)

    def store(self, kind: str, service: str) -> Store:
        return self._file if kind == "file" else self.keyring(service)

    def keyring(self, service: str) -> KeyringStore:
        return self._keyrings.setdefault(service, KeyringStore(service))

    def record(self) -> Record | None:
        """What was chosen; None when nothing readable says so."""
        try:
            held = json.loads(self._paths.vault_choice_file.read_bytes())
            record = Record(kind=held["kind"], service=held["service"], stale=held.get("stale"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VaultError(
                f"{self._paths.vault_choice_file} cannot be read: {error.strerror}.", hint="Check who owns it."
            ) from error
        except (ValueError, LookupError, TypeError, AttributeError):
            return None
        return record if record.kind in KINDS and isinstance(record.service, str) else None

    def write(self, record: Record) -> None:
        content = {"kind": record.kind, "service": record.service}
        if record.stale is not None:
            content["stale"] = record.stale
        try:
            self._paths.ensure()
            write_private(self._paths.vault_choice_file, json.dumps(content).encode())
        except StoreError as error:
            raise VaultError(str(error), hint=error.hint) from error
        except OSError as error:
            raise VaultError(
                f"{self._paths.vault_choice_file} cannot be written: {error.strerror}.", hint="Nothing was changed."
            ) from error

    def settle(self, choice: str) -> None:
        """Make the store of that choice the one in use, moving what another holds.

        Raises:
            VaultLocked: A keyring that is needed is locked.
            VaultError: A store that is needed fails. Every secret is still in the store in use.
        """
        record = self.record()
        if record is not None and record.stale is not None:
            record = self._cleaned(record)
        if record is None:
            record = self._first(choice)
        elif choice == "auto" and record.kind == "file" and not self._file.names():
            # Nothing was kept yet, so a keyring that works by now may still be chosen.
            record = self._first(choice)
        if choice in (record.kind, "auto"):
            return
        if choice == "keyring":
            self.keyring(record.service).probe()
        self.move(record, choice)

    def move(self, record: Record, kind: str) -> None:
        """Copy every secret, read each back, switch over, then delete the old copies."""
        source, target = self.store(record.kind, record.service), self.store(kind, record.service)
        self.write(replace(record, stale=kind))
        for name in sorted(source.names()):
            secret = source.read(name)
            if secret is None:
                continue
            target.write(name, secret)
            if target.read(name) != secret:
                raise VaultError(f"The {kind} vault did not keep the secret for {name}.", hint="Nothing was moved.")
        moved = Record(kind=kind, service=record.service, stale=record.kind)
        self.write(moved)
        self._cleaned(moved)

    def _first(self, choice: str) -> Record:
        """Choose a store when none is known to be in use; secrets that are there already decide."""
        service = f"rota-{hashlib.sha256(str(self._paths.data).encode()).hexdigest()[:8]}"
        kind = choice
        if self._file.names():
            kind = "file"
        elif choice == "auto":
            kind = "keyring" if self._works(service) else "file"
        elif choice == "keyring":
            self.keyring(service).probe()
        record = Record(kind=kind, service=service)
        self.write(record)
        return record

    def _works(self, service: str) -> bool:
        try:
            if not recommended():
                return False
            self.keyring(service).probe()
        except VaultError:
            return False
        return True

    def _cleaned(self, record: Record) -> Record:
        """Delete the copies in the store that is not in use; one that fails now is left for the next time."""
        stale = self.store(record.stale or "file", record.service)
        try:
            for name in stale.names():
                stale.remove(name)
        except VaultError:
            return record
        cleaned = replace(record, stale=None)
        self.write(cleaned)
        return cleaned


async def open_vault(choice: str, paths: Paths) -> Vault:
    """The vault of this home.

    Args:
        choice: `auto`: where the secrets are, else the system keyring when one works, else a private file;
            `keyring` or `file`: there, moving every secret that is elsewhere; `memory`: nothing is kept.
        paths: Where the home is.

    Raises:
        VaultLocked: A keyring that is needed is locked.
        VaultError: The vault cannot be used as chosen. No secret is lost.
    """
    if choice == "memory":
        from rota.vault.memory import MemoryVault

        return MemoryVault()

    def opened() -> Vault:
        paths.ensure()
        lock = VaultLock(paths.locks / "vault.lock")
        chooser = Chooser(paths)
        with lock.held():
            chooser.settle(choice)
            return StoredVault(chooser.current, lock)

    return await in_thread(opened)


async def check_keyring(paths: Paths) -> str | None:
    """Why the system keyring cannot be used, in a sentence; None when it can. Leaves nothing behind in it."""

    def checked() -> str | None:
        chooser = Chooser(paths)
        record = chooser.record()
        try:
            chooser.keyring(record.service if record is not None else "rota").probe()
            return None if recommended() else "The system keyring keeps secrets in plain text."
        except VaultError as error:
            return str(error)

    return await in_thread(checked)
