"""Take an import back: its accounts, its renewals, its settings and the files that it rewrote."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rota.account import Health, Identity
from rota.errors import ConfigError, SecretMissing, UsageError
from rota.events import Event, ImportUndone
from rota.migrate import receipt as receipts
from rota.migrate.foreign import replace_text
from rota.pool.locks import process_lock
from rota.providers.credential import unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rota.accounts import Added, Removed
    from rota.clock import Clock
    from rota.migrate.links import Links
    from rota.migrate.receipt import Receipt
    from rota.migrate.settings_door import SettingsDoor
    from rota.paths import Paths
    from rota.providers.base import Credential
    from rota.snapshot import AccountState, Snapshot
    from rota.vault.base import Vault

ACCOUNT = "account/"
STASH = "undo/"
"""What the names of logins that an import replaced begin with."""


IMPORT_LOCK = "import.lock"
"""Held by whatever imports or undoes: one at a time across processes."""


class Adder(Protocol):
    """The commands about accounts that an import gives; `rota.accounts.Accounts` is one."""

    async def add(
        self,
        provider: str,
        credential: Credential,
        identity: Identity,
        *,
        label: str | None = None,
        origin: str = "login",
        enabled: bool = True,
        health: Health = Health.READY,
        health_reason: str = "",
    ) -> Added: ...

    async def remove(self, account_ids: Iterable[str], *, purge: bool = False) -> tuple[Removed, ...]: ...

    async def use(self, account_id: str) -> None: ...


class Book(Protocol):
    """The log as an import needs it; `rota.journal.Journal` is one."""

    @property
    def snapshot(self) -> Snapshot: ...

    async def commit(self, decide: Callable[[Snapshot], Sequence[Event]]) -> Snapshot: ...


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking an import back did."""

    import_id: str
    removed: tuple[str, ...] = ()
    """Labels."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tools:
    """What imports work with."""

    adder: Adder
    book: Book
    vault: Vault
    clock: Clock
    paths: Paths
    links: Links
    settings: SettingsDoor

    async def held(self, account_id: str) -> Credential | None:
        """An account's login in the vault; None when there is none."""
        try:
            return unseal(await self.vault.get(ACCOUNT + account_id))
        except SecretMissing:
            return None


class TakeBack:
    """Takes imports back."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def undo(self, import_id: str | None = None) -> Undone:
        """Take an import back, the last one when none is named.

        Raises:
            UsageError: there is no such import to take back.
        """
        async with process_lock(self._tools.paths.locks / IMPORT_LOCK):
            imports = self._tools.book.snapshot.imports
            chosen = import_id or max(imports.items(), key=lambda each: each[1][2], default=(None, None))[0]
            known = chosen is not None and chosen in imports
            receipt = receipts.load(self._tools.paths.state, chosen) if known and chosen is not None else None
            if chosen is None or receipt is None:
                raise UsageError("There is no import to take back.", hint="`rota events` shows what was imported.")
            labels = [state.account.label for state in self._present(receipt)]
            notes = await self.take_back(receipt)
            event = ImportUndone(at=self._tools.clock.now(), import_id=chosen)
            await self._tools.book.commit(lambda _snapshot: [event])
            await asyncio.to_thread(receipts.path_of(self._tools.paths.state, chosen).unlink, missing_ok=True)
        return Undone(chosen, tuple(labels), tuple(notes))

    async def take_back(self, receipt: Receipt) -> list[str]:
        """Undo what a receipt says, an unfinished one too; returns what a person should know."""
        notes: list[str] = []
        here = [state.id for state in self._present(receipt)]
        if here:
            await self._tools.adder.remove(here)
        await asyncio.to_thread(self._tools.links.drop, receipt.added)
        for account_id in receipt.renewed:
            await self._restore(receipt.import_id, account_id, notes)
        await asyncio.to_thread(self._reset, receipt, notes)
        return notes

    def _present(self, receipt: Receipt) -> list[AccountState]:
        """The accounts that the import added and that are still there."""
        snapshot = self._tools.book.snapshot
        return [s for account_id in receipt.added if (s := snapshot.account(account_id)) is not None]

    async def _restore(self, import_id: str, account_id: str, notes: list[str]) -> None:
        """Give a renewed account the login back that it had."""
        name, state = f"{STASH}{import_id}/{account_id}", self._tools.book.snapshot.account(account_id)
        try:
            before = unseal(await self._tools.vault.get(name))
        except SecretMissing:
            return
        if state is not None:
            account = state.account
            identity = Identity(
                key=account.identity,
                kind=account.kind,
                email=account.email,
                plan=account.plan,
                organization=account.organization,
            )
            await asyncio.to_thread(self._tools.links.drop, [account_id])
            await self._tools.adder.add(account.provider, before, identity, origin=account.origin)
            notes.append(f"{account.label} has the login back that it had before the import.")
        await self._tools.vault.delete(name)

    def _reset(self, receipt: Receipt, notes: list[str]) -> None:
        for change in reversed(receipt.settings):
            if self._tools.settings.written(change.key) != change.text:
                notes.append(f"{change.key} was changed since and stays as it is.")
                continue
            try:
                if change.before is None:
                    self._tools.settings.remove(change.key)
                else:
                    self._tools.settings.write(change.key, change.before)
            except ConfigError as error:
                notes.append(f"{change.key} could not be set back: {error}")
        for file in receipt.files:
            try:
                if receipts.digest(Path(file.path).read_bytes()) != file.digest:
                    notes.append(f"{file.path} was changed since and stays; its old text is in {file.backup}.")
                    continue
                replace_text(Path(file.path), Path(file.backup).read_bytes().decode("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                notes.append(f"{file.path} could not be put back ({error}); its old text is in {file.backup}.")
