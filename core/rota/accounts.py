"""The commands a person gives about accounts: add, renew, remove, name, order, hold out, use, pin, lift.

A secret goes into the vault first and its event into the log second; when the second fails the first is undone.
One lock across processes covers both, so that the sweep after a crash never takes a sign-in under way for a torn one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rota.account import Account, Health, Kind
from rota.errors import AmbiguousAccount, SecretMissing, UnknownAccount, VaultError
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
    new_id,
)
from rota.pool.locks import process_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rota.account import Identity
    from rota.clock import Clock
    from rota.journal import Journal
    from rota.providers.base import Credential
    from rota.secret import Secret
    from rota.snapshot import AccountState, Snapshot
    from rota.vault.base import Vault

PREFIX = "account/"
"""What the names of account secrets in the vault begin with."""

LABEL_LIMIT = 60
"""Characters of a label; longer ones are cut, so that a foreign file cannot flood a screen."""


@dataclass(frozen=True, slots=True)
class Added:
    """What adding did."""

    account_id: str
    label: str
    identity: Identity
    renewed: bool
    """True when rota already had this identity and its login was replaced."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What removing did, and what it could not."""

    account_id: str
    label: str
    remains: str
    """What the provider still holds, in one sentence."""
    url: str
    """Where the person ends it there."""


_REMAINS = {
    Kind.API_KEY: (
        "The key itself stays valid at Anthropic until you delete it there.",
        "https://platform.claude.com/settings/keys",
    ),
    Kind.SUBSCRIPTION: (
        "The login stays valid at Anthropic until it ends or you sign it out there.",
        "https://claude.ai/settings/account",
    ),
    Kind.CONSOLE_PROFILE: (
        "The profile stays in the official tool's files; sign it out with `ant auth logout`.",
        "https://platform.claude.com/settings",
    ),
    Kind.PUTER: (
        "The token stays valid at Puter until you revoke it: Settings, Security, Manage sessions, “External app …”.",
        "https://puter.com/",
    ),
    Kind.PUTER_GUEST: (
        "The guest account and its token stay at Puter; signing out there would delete the account and its files.",
        "https://puter.com/",
    ),
}


def remains(kind: Kind) -> tuple[str, str]:
    """What a provider keeps after a removal, and the page where a person ends it."""
    return _REMAINS[kind]


def find(snapshot: Snapshot, name: str) -> AccountState:
    """The one account that goes by `name`: label, email, number in the table, or the start of its label or id.

    Raises:
        UnknownAccount: none does.
        AmbiguousAccount: several do; its `candidates` are their labels.
    """
    listed = snapshot.listed()
    wanted = name.strip().casefold()
    exact = [s for s in listed if wanted in {s.account.label.casefold(), (s.account.email or "").casefold(), s.id}]
    if not exact and wanted.isdecimal() and 1 <= int(wanted) <= len(listed):
        exact = [listed[int(wanted) - 1]]
    found = exact or [
        s for s in listed if wanted and (s.account.label.casefold().startswith(wanted) or s.id.startswith(wanted))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        candidates = tuple(f"{listed.index(s) + 1} {s.account.label}" for s in found)
        raise AmbiguousAccount(f"“{name}” could be {len(found)} accounts.", candidates)
    hint = (
        "There is no account yet." if not listed else "There is: " + ", ".join(s.account.label for s in listed[:12])
    )
    raise UnknownAccount(f"No account is called “{name}”.", hint=hint)


def by_identity(snapshot: Snapshot, provider: str, identity: str) -> AccountState | None:
    """The present account of that identity, if rota has it."""
    return next(
        (s for s in snapshot.listed() if s.account.provider == provider and s.account.identity == identity), None
    )


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

        async with process_lock(self._lock_path):
            await self._journal.refresh()
            known = by_identity(self._journal.snapshot, provider, identity.key)
            account_id = known.id if known is not None else new_id()
            before = await self._kept(account_id) if known is not None else None
            await self._vault.put(PREFIX + account_id, seal(credential))
            now = self._clock.now()

            def decide(snapshot: Snapshot) -> Sequence[Event]:
                if known is not None:
                    renewed: list[Event] = [
                        AccountRenewed(
                            at=now,
                            account_id=account_id,
                            identity=identity,
                            login_expires_at=credential.login_expires_at,
                        )
                    ]
                    if identity.gate:
                        renewed.append(
                            HealthChanged(at=now, account_id=account_id, health=Health.GATED, reason=identity.gate)
                        )
                    if label:
                        renewed.append(AccountLabelled(at=now, account_id=account_id, label=_tidy(label)))
                    return renewed
                account = Account(
                    id=account_id,
                    provider=provider,
                    kind=identity.kind,
                    identity=identity.key,
                    label=_free_label(snapshot, label or identity.email or identity.name or identity.kind.value),
                    email=identity.email,
                    plan=identity.plan,
                    organization=identity.organization,
                    enabled=enabled,
                    position=max((s.account.position for s in snapshot.listed()), default=-1.0) + 1.0,
                    added_at=now,
                    origin=origin,
                    health=Health.GATED if identity.gate else health,
                    health_reason=identity.gate or health_reason,
                    login_expires_at=credential.login_expires_at,
                )
                return [AccountAdded(at=now, account=account)]

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
                text, url = remains(state.account.kind)
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
                        reason=f"{state.account.label} was removed",
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
            free = _free_label(snapshot, label, but=account_id)
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

    async def sweep(self) -> tuple[str, ...]:
        """Mend what a crash between vault and log left torn; returns what a person should know.

        A secret without an account is deleted (its sign-in was never confirmed). An account whose secret is gone
        asks for a sign-in.
        """
        notes: list[str] = []
        async with process_lock(self._lock_path):
            await self._journal.refresh()
            kept = {name.removeprefix(PREFIX) for name in await self._vault.names() if name.startswith(PREFIX)}
            listed = {s.id: s for s in self._journal.snapshot.listed()}
            for orphan in sorted(kept - listed.keys()):
                await self._vault.delete(PREFIX + orphan)
                notes.append(
                    "A sign-in was interrupted before it was complete; nothing of it was kept. Sign in again."
                )
            now = self._clock.now()
            for account_id in sorted(listed.keys() - kept):
                state = listed[account_id]
                if state.account.health is Health.READY:
                    reason = "its secret is gone from the vault; sign in again"
                    event = HealthChanged(at=now, account_id=account_id, health=Health.NEEDS_LOGIN, reason=reason)
                    await self._journal.commit(partial(_just, event))
                    notes.append(f"{state.account.label}: {reason}.")
        return tuple(notes)

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


def _tidy(label: str) -> str:
    """A label on one line, without control characters, of bearable length."""
    return "".join(c if c.isprintable() else " " for c in label).strip()[:LABEL_LIMIT] or "account"


def _free_label(snapshot: Snapshot, wanted: str, but: str | None = None) -> str:
    """`wanted`, or `wanted 2`, `wanted 3` … when other accounts have it: labels name accounts in commands."""
    taken = {s.account.label.casefold() for s in snapshot.listed() if s.id != but}
    base = _tidy(wanted)
    label, number = base, 1
    while label.casefold() in taken:
        number += 1
        label = f"{base} {number}"
    return label
