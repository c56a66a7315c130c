"""The commands a person gives about accounts: add, renew, remove, name, order, hold out, use, pin, lift.

A secret goes into the vault first and its event into the log second; when the second fails the first is undone.
One lock across processes covers both, so that the sweep after a crash never takes a sign-in under way for a torn one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from rota.account import Account, Health, Kind
from rota.errors import ConfigError, Meaning, ProviderError, SecretMissing, UnknownAccount, VaultError
from rota.events import (
    AccountAdded,
    AccountDisabled,
    AccountEnabled,
    AccountLabelled,
    AccountPinned,
    AccountPrioritized,
    AccountRemoved,
    AccountRenewed,
    AccountReordered,
    AccountReserved,
    AccountSwitched,
    CooldownLifted,
    Event,
    HealthChanged,
    ModelLifted,
    random_word,
)
from rota.leftovers import remains
from rota.naming import by_identity, free_label, tidy
from rota.pool.locks import process_lock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from rota.account import Identity
    from rota.clock import Clock
    from rota.journal import Journal
    from rota.providers.base import Credential
    from rota.secret import Secret
    from rota.snapshot import AccountState, Snapshot
    from rota.vault.base import Vault

    Identify = Callable[[str, Credential], Awaitable[Identity]]
    """Asks a provider whose a credential is; raises `ProviderError`."""

OWN = ("anthropic", "puter")
"""The providers that rota brings along."""

PREFIX = "account/"
"""What the names of account secrets in the vault begin with."""


@dataclass(frozen=True, slots=True)
class Added:
    """What adding did."""

    account_id: str
    label: str
    identity: Identity
    renewed: bool
    """True when rota already had this identity and its login was replaced."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a new account is to begin."""

    label: str | None = None
    origin: str = "login"
    enabled: bool = True
    health: Health = Health.READY
    health_reason: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """What removing did, and what it could not."""

    account_id: str
    label: str
    remains: str
    """What the provider still holds, in one sentence."""
    url: str
    """Where the person ends it there; empty when rota knows no page."""


class Accounts:
    """The commands. Every one checks and appends in one transaction of the log."""

    def __init__(self, journal: Journal, vault: Vault, clock: Clock, lock_folder: Path) -> None:
        self._journal = journal
        self._vault = vault
        self._clock = clock
        self._lock_path = lock_folder / "accounts.lock"

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
    ) -> Added:
        """Keep a login: a new account, or the renewed login of the one with this identity.

        Raises:
            VaultError: the secret could not be kept; nothing was changed.
            StoreError: the log could not be written; the secret was taken back.
        """
        from rota.providers.credential import seal

        if provider not in OWN:  # a lost log must not send this key to another provider when asking whose it is
            credential = replace(credential, provider=provider)
        async with process_lock(self._lock_path):
            await self._journal.refresh()
            known = by_identity(self._journal.snapshot, provider, identity.key)
            account_id = known.id if known is not None else random_word()
            before = await self._kept(account_id) if known is not None else None
            await self._vault.put(PREFIX + account_id, seal(credential))

            terms = Terms(label, origin, enabled, health, health_reason)
            say = self._addition if known is None else self._renewal
            decide = partial(say, account_id, provider, credential, identity, terms)
            try:
                snapshot = await self._journal.commit(decide)
            except BaseException:
                await self._put_back(account_id, before)
                raise
        return Added(
            account_id=account_id,
            label=snapshot.accounts[account_id].account.label,
            identity=identity,
            renewed=known is not None,
        )

    def _renewal(
        self,
        account_id: str,
        _provider: str,
        credential: Credential,
        identity: Identity,
        terms: Terms,
        _snapshot: Snapshot,
    ) -> Sequence[Event]:
        now = self._clock.now()
        ends = credential.login_expires_at
        said: list[Event] = [AccountRenewed(at=now, account_id=account_id, identity=identity, login_expires_at=ends)]
        if identity.gate:
            said.append(HealthChanged(at=now, account_id=account_id, health=Health.GATED, reason=identity.gate))
        if terms.label:
            said.append(AccountLabelled(at=now, account_id=account_id, label=tidy(terms.label)))
        return said

    def _addition(
        self,
        account_id: str,
        provider: str,
        credential: Credential,
        identity: Identity,
        terms: Terms,
        snapshot: Snapshot,
    ) -> Sequence[Event]:
        now = self._clock.now()
        wanted = terms.label or identity.email or identity.name or identity.kind.value
        account = Account(
            id=account_id,
            provider=provider,
            kind=identity.kind,
            identity=identity.key,
            label=free_label(snapshot, wanted),
            email=identity.email,
            plan=identity.plan,
            organization=identity.organization,
            enabled=terms.enabled,
            position=max((s.account.position for s in snapshot.listed()), default=-1.0) + 1.0,
            added_at=now,
            origin=terms.origin,
            health=Health.GATED if identity.gate else terms.health,
            health_reason=identity.gate or terms.health_reason,
            login_expires_at=credential.login_expires_at,
        )
        return [AccountAdded(at=now, account=account)]

    async def remove(self, account_ids: Iterable[str], *, purge: bool = False) -> tuple[Removed, ...]:
        """Forget accounts: their secrets are deleted and checked gone, then the log says so.

        The next active account of a provider that loses its own is chosen here, explicitly.
        """
        done: list[Removed] = []
        async with process_lock(self._lock_path):
            for account_id in account_ids:
                state = self._present(account_id)
                await self._vault.delete(PREFIX + account_id)
                await self._journal.commit(partial(self._removal, state, purge))
                text, url = remains(state.account.kind, state.account.provider)
                done.append(Removed(account_id, state.account.label, text, url))
        return tuple(done)

    def _removal(self, state: AccountState, purge: bool, snapshot: Snapshot) -> list[Event]:
        now = self._clock.now()
        events: list[Event] = [AccountRemoved(at=now, account_id=state.id, purge=purge)]
        provider = state.account.provider
        pinned = snapshot.pinned.get(provider)
        if pinned is not None and pinned.account_id == state.id:
            events.append(AccountPinned(at=now, provider=provider, account_id=None))
        active = snapshot.active.get(provider)
        if active is not None and active.account_id == state.id:
            rest = [s for s in snapshot.listed() if s.id != state.id and s.account.provider == provider]
            heir = min(
                rest, key=lambda s: (not s.usable(), s.held(now) is not None, s.account.position), default=None
            )
            if heir is not None:
                events.append(
                    AccountSwitched(
                        at=now,
                        provider=provider,
                        account_id=heir.id,
                        previous_id=state.id,
                        reason="the account before it was removed",
                        by_person=True,
                    )
                )
        return events

    async def enable(self, account_id: str) -> None:
        await self._say(account_id, AccountEnabled(at=self._clock.now(), account_id=account_id))

    async def disable(self, account_id: str) -> None:
        await self._say(account_id, AccountDisabled(at=self._clock.now(), account_id=account_id))

    async def reserve(self, account_id: str, reserve: bool) -> None:
        """Hold an account out (or take it back in): it serves only when nothing else can."""
        await self._say(account_id, AccountReserved(at=self._clock.now(), account_id=account_id, reserve=reserve))

    async def label(self, account_id: str, label: str) -> str:
        """Name an account; a name that is taken gets a number. Returns the label it has now."""
        now = self._clock.now()

        def decide(snapshot: Snapshot) -> Sequence[Event]:
            free = free_label(snapshot, label, but=account_id)
            return [AccountLabelled(at=now, account_id=account_id, label=free)]

        self._present(account_id)
        snapshot = await self._journal.commit(decide)
        return snapshot.accounts[account_id].account.label

    async def prioritize(self, account_id: str, priority: int) -> None:
        event = AccountPrioritized(at=self._clock.now(), account_id=account_id, priority=priority)
        await self._say(account_id, event)

    async def move(self, account_id: str, steps: int) -> None:
        """Move an account up (negative) or down the table; at an end it stays."""
        now = self._clock.now()

        def decide(snapshot: Snapshot) -> Sequence[Event]:
            order = [s.id for s in snapshot.listed()]
            place = order.index(account_id)
            order.insert(max(0, min(len(order) - 1, place + steps)), order.pop(place))
            return [
                AccountReordered(at=now, account_id=moved, position=float(index))
                for index, moved in enumerate(order)
                if snapshot.accounts[moved].account.position != index
            ]

        self._present(account_id)
        await self._journal.commit(decide)

    async def use(self, account_id: str) -> None:
        """Let this account serve its provider's new sessions."""
        provider = self._present(account_id).account.provider
        now = self._clock.now()

        def decide(snapshot: Snapshot) -> Sequence[Event]:
            active = snapshot.active.get(provider)
            previous = active.account_id if active is not None else None
            if previous == account_id:
                return []
            return [
                AccountSwitched(
                    at=now,
                    provider=provider,
                    account_id=account_id,
                    previous_id=previous,
                    reason="chosen by you",
                    by_person=True,
                )
            ]

        await self._journal.commit(decide)

    async def pin(self, account_id: str) -> None:
        """Let only this account serve its provider, until unpinned."""
        provider = self._present(account_id).account.provider
        await self._say(account_id, AccountPinned(at=self._clock.now(), provider=provider, account_id=account_id))

    async def unpin(self, provider: str) -> None:
        event = AccountPinned(at=self._clock.now(), provider=provider, account_id=None)
        await self._journal.commit(lambda _snapshot: [event])

    async def lift(self, account_id: str, model: str | None = None) -> None:
        """End an account's cooldown (or its hold on one model) now."""
        event = CooldownLifted(at=self._clock.now(), account_id=account_id, model=model, reason="lifted by you")
        await self._say(account_id, event)

    async def lift_model(self, provider: str, model: str) -> None:
        """End the hold on a model for every account."""
        event = ModelLifted(at=self._clock.now(), provider=provider, model=model, reason="lifted by you")
        await self._journal.commit(lambda _snapshot: [event])

    async def sweep(self, identify: Identify) -> tuple[str, ...]:
        """Mend what a crash between vault and log, or a lost log, left torn; returns what a person should know.

        A secret without an account is taken in as one when the provider says whose it is, and kept for later when
        the provider cannot be asked; only one that the provider refuses for good is deleted. An account whose
        secret is gone asks for a sign-in.
        """
        notes: list[str] = []
        async with process_lock(self._lock_path):
            await self._journal.refresh()
            kept = {name.removeprefix(PREFIX) for name in await self._vault.names() if name.startswith(PREFIX)}
            listed = {s.id: s for s in self._journal.snapshot.listed()}
            notes += [await self._take_in(orphan, identify) for orphan in sorted(kept - listed.keys())]
            for account_id in sorted(listed.keys() - kept):
                state = listed[account_id]
                if state.account.health is Health.READY:
                    reason = "its secret is gone from the vault; sign in again"
                    event = HealthChanged(
                        at=self._clock.now(), account_id=account_id, health=Health.NEEDS_LOGIN, reason=reason
                    )
                    await self._journal.commit(partial(_just, event))
                    notes.append(f"{state.account.label}: {reason}.")
        return tuple(notes)

    async def _take_in(self, orphan: str, identify: Identify) -> str:
        """Make an account of a secret that has none."""
        from rota.providers.credential import unseal

        try:
            credential = unseal(await self._vault.get(PREFIX + orphan))
            own = "puter" if credential.kind in (Kind.PUTER, Kind.PUTER_GUEST) else "anthropic"
            provider = credential.provider or own
            identity = await identify(provider, credential)
        except ProviderError as error:
            if error.failure.meaning is not Meaning.LOGIN_DEAD:
                return f"A login in the vault belongs to no account, and nobody can say whose it is now: {error}"
            await self._vault.delete(PREFIX + orphan)
            return "A sign-in was interrupted and its login is no longer valid; it was removed. Sign in again."
        except ConfigError as error:
            return f"A login in the vault belongs to no account, and nothing here can ask about it: {error}"
        except VaultError as error:
            return f"A login in the vault belongs to no account and cannot be read: {error}"
        if by_identity(self._journal.snapshot, provider, identity.key) is not None:
            await self._vault.delete(PREFIX + orphan)
            return "A second copy of a login was left in the vault by an interrupted sign-in; it was removed."
        added = partial(self._addition, orphan, provider, credential, identity, Terms(origin="recovered"))
        snapshot = await self._journal.commit(added)
        return f"{snapshot.accounts[orphan].account.label} was in the vault but in no log; it is an account again."

    async def _say(self, account_id: str, event: Event) -> None:
        self._present(account_id)
        await self._journal.commit(lambda _snapshot: [event])

    def _present(self, account_id: str) -> AccountState:
        state = self._journal.snapshot.account(account_id)
        if state is None:
            raise UnknownAccount("That account is gone: another rota removed it.")
        return state

    async def _kept(self, account_id: str) -> Secret | None:
        try:
            return await self._vault.get(PREFIX + account_id)
        except SecretMissing:
            return None

    async def _put_back(self, account_id: str, before: Secret | None) -> None:
        try:
            if before is None:
                await self._vault.delete(PREFIX + account_id)
            else:
                await self._vault.put(PREFIX + account_id, before)
        except VaultError as error:
            error.add_note("While undoing a sign-in that the log refused.")
            raise


def _just(event: Event, _snapshot: Snapshot) -> Sequence[Event]:
    return [event]
