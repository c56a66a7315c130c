"""The gateway's keys: made here, kept in the vault, their rules and use in the log."""

from __future__ import annotations

import fnmatch
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.errors import SecretMissing, UsageError
from rota.events import Event, GatewayKeyAdded, GatewayKeyRevoked
from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.clock import Clock
    from rota.journal import Journal
    from rota.snapshot import GatewayKey, Snapshot
    from rota.vault.base import Vault

DEFAULT = "default"
"""The key that is made at first use."""

SHARE_OVER_S = 3600.0
"""A key's share is of the pool's requests in this many seconds."""

SHARE_FROM = 20
"""Shares mean nothing among fewer requests than these."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by the key that was shown."""

    name: str
    models: tuple[str, ...] = ()
    max_share: float | None = None

    def may_ask(self, *names: str) -> bool:
        """Whether this key's rules allow a model: any of its globs, by any of the model's names."""
        return not self.models or any(fnmatch.fnmatchcase(name, glob) for name in names for glob in self.models)


def vault_name(name: str, fingerprint: str) -> str:
    """Where a key is kept: two processes that make one of the same name never overwrite each other's."""
    return f"gateway/{name}/{fingerprint}"


class Keys:
    """Makes, revokes and recognises keys."""

    def __init__(self, journal: Journal, vault: Vault, clock: Clock) -> None:
        self._journal = journal
        self._vault = vault
        self._clock = clock
        self._secrets: dict[str, tuple[str, Secret]] = {}
        """By name: fingerprint and key, read from the vault once."""
        self._at_hand: tuple[object, list[tuple[Secret, Caller]]] = None, []
        """The log's keys, and those of them that the vault has, to be compared."""

    async def default(self) -> Secret:
        """The default key, made when there is none yet."""
        return await self.make(DEFAULT)

    async def add(
        self, name: str, *, models: tuple[str, ...] = (), max_share: float | None = None, replace: bool = False
    ) -> Secret:
        """Make a key.

        Raises:
            UsageError: the name is taken, or not usable as one.
        """
        if not name or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise UsageError(f'"{name}" cannot name a key.', hint="Letters, digits, dots, - and _ can.")
        key = Secret(f"rota-{secrets.token_urlsafe(32)}")
        event = GatewayKeyAdded(
            at=self._clock.now(), name=name, fingerprint=key.fingerprint(), models=models, max_share=max_share
        )

        def decide(snapshot: Snapshot) -> Sequence[Event]:
            known = snapshot.keys.get(name)
            if known is not None and not known.revoked and not replace:
                raise UsageError(
                    f"There is a key called {name} already.", hint="Revoke it first, or take another name."
                )
            return [event]

        place = vault_name(name, key.fingerprint())
        await self._vault.put(place, key)
        try:
            await self._journal.commit(decide)
        except BaseException:
            await self._vault.delete(place)
            raise
        return key

    async def get(self, name: str) -> Secret:
        """The key of that name.

        Raises:
            UsageError: there is none.
            SecretMissing: the vault lost it.
        """
        known = self._journal.snapshot.keys.get(name)
        if known is None or known.revoked:
            raise self._no_such(name)
        return await self._vault.get(vault_name(name, known.fingerprint))

    async def make(self, name: str) -> Secret:
        """The key of that name, made when there is none yet or the vault lost it."""
        known = self._journal.snapshot.keys.get(name)
        if known is not None and not known.revoked:
            with suppress(SecretMissing):
                return await self._vault.get(vault_name(name, known.fingerprint))
        return await self.add(name, replace=True)

    async def revoke(self, name: str) -> None:
        """End a key: in the log first, so that every gateway refuses it at once."""
        known = self._journal.snapshot.keys.get(name)
        if known is None or known.revoked:
            raise self._no_such(name)
        event = GatewayKeyRevoked(at=self._clock.now(), name=name)
        await self._journal.commit(lambda _snapshot: [event])
        await self._vault.delete(vault_name(name, known.fingerprint))

    def _no_such(self, name: str) -> UsageError:
        names = ", ".join(sorted(k.name for k in self.listed())) or "none"
        return UsageError(f"There is no key called {name}.", hint=f"There is: {names}.")

    def listed(self) -> list[GatewayKey]:
        """The keys that are in force."""
        return [k for k in self._journal.snapshot.keys.values() if not k.revoked]

    async def recognise(self, offered: str) -> Caller | None:
        """Whose key this is; one that another process made a moment ago counts already."""
        caller = await self._compared(offered)
        if caller is None:
            await self._journal.refresh()
            caller = await self._compared(offered)
        return caller

    async def _compared(self, offered: str) -> Caller | None:
        """Every key is compared, in constant time each."""
        if self._at_hand[0] is not (log := self._journal.snapshot.keys):
            read = [(await self._secret_of(known), known) for known in self.listed()]
            kept = [(key, Caller(k.name, k.models, k.max_share)) for key, k in read if key is not None]
            # One that the vault did not have is looked for again.
            self._at_hand = log if len(kept) == len(read) else None, kept
        found: Caller | None = None
        for key, caller in self._at_hand[1]:
            if key.matches(offered):
                found = caller
        return found

    async def _secret_of(self, known: GatewayKey) -> Secret | None:
        cached = self._secrets.get(known.name)
        if cached is not None and cached[0] == known.fingerprint:
            return cached[1]
        try:
            key = await self._vault.get(vault_name(known.name, known.fingerprint))
        except SecretMissing:
            return None
        self._secrets[known.name] = (known.fingerprint, key)
        return key
