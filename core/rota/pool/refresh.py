"""One token refresh per account, in this process and across all: a refresh token works one time.

Under a lock file the vault is read again, the token is spent once, and its successor is stored before it is used.
A note beside the lock says which token is being spent, so that an answer that was lost, even to a crash, is known.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from rota.errors import Failure, Meaning, ProviderError, SecretMissing, VaultError
from rota.events import RefreshFailed, TokenRefreshed
from rota.pool.locks import process_lock
from rota.pool.spending import Note, clear_note, read_note, write_note

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rota.clock import Clock
    from rota.journal import Journal
    from rota.pool.shared import Shared
    from rota.providers.base import Credential, Provider
    from rota.secret import Secret
    from rota.snapshot import Stamp
    from rota.vault.base import Vault

PREFIX = "account/"
"""What the names of account secrets in the vault begin with."""

AT_ONCE_S = 30.0
"""With less than this left a token is not used before it is renewed."""
LOST_PAUSE_S = 60.0
"""After a lost answer the same token is spent once more, this much later: it may be alive, and is checked so."""
LOST_MOST = 2
FLIGHTS = 8
"""Renewals at the provider at a time: hundreds at once from one address look like an attack."""
BACKOFF_S = 5.0
BACKOFF_MOST_S = 300.0
SAVE_AGAIN_S = 10.0

ANSWER_LOST = "answer-lost"
"""`Failure.code` of a refresh that may have spent its token though no answer arrived."""

OWNERS = {"claude-code": "Claude Code", "opencode": "OpenCode", "ant": "the official `ant` tool"}


@dataclass(slots=True)
class _Held:
    """A credential in memory."""

    credential: Credential
    stamp: Stamp | None
    """Of the log's last word on this account's token when it was read."""
    unsaved_since: float | None = None
    """Since when the vault refuses it."""


@dataclass(frozen=True, slots=True)
class _Pause:
    """Why a refresh token is not sent now."""

    until: float
    """Infinite for one that the provider has called dead."""
    length: float
    error: ProviderError


class Credentials:
    """What signs each account's requests, renewed ahead of its end."""

    def __init__(
        self,
        journal: Journal,
        vault: Vault,
        providers: Mapping[str, Provider],
        locks: Path,
        clock: Clock,
        *,
        ahead_s: float = 300.0,
        shared: Shared | None = None,
    ) -> None:
        self._journal = journal
        self._vault = vault
        self._providers = providers
        self._locks = locks
        self._clock = clock
        self.ahead_s = ahead_s
        """Seconds before its end that a token is renewed behind the scenes."""
        self._shared = shared
        self._held: dict[str, _Held] = {}
        self._flights: dict[str, asyncio.Task[Credential]] = {}
        self._turns = asyncio.Semaphore(FLIGHTS)
        self._pauses: dict[str, _Pause] = {}
        """By the refresh token's fingerprint."""

    async def current(self, account_id: str) -> Credential:
        """The credential to use now; renewed first when it has ended, and behind the scenes when it soon does.

        Raises:
            ProviderError: `login-dead` when it cannot be renewed for good, `gated` when another tool must renew it,
                else why it could not be renewed now.
            VaultError: the vault failed; `SecretMissing` when it holds nothing for the account.
        """
        held = self._held.get(account_id)
        if held is None or held.stamp != self._stamp(account_id):
            held = await self._read(account_id)
        if held.unsaved_since is not None:
            await self._save_again(account_id, held)
        credential = held.credential
        left = self._left(credential)
        if left is None or left > self.ahead_s:
            return credential
        if credential.owner is not None:
            return credential if left > 0 else await self._from_owner(account_id, credential)
        if credential.refresh is None:
            return credential  # the provider will say so when it has ended
        pause = self._pause(credential.refresh)
        if left > AT_ONCE_S:
            if pause is None:
                self._flight(account_id, credential)
            return credential
        if pause is not None:
            raise pause.error
        return await asyncio.shield(self._flight(account_id, credential))

    async def renew(self, account_id: str, spent: Credential) -> Credential:
        """Another credential after the provider refused `spent`: a newer one from the vault, or a refreshed one.

        Raises:
            ProviderError: as `current` does; `login-dead` has been said in the log then.
            VaultError: as `current` does.
        """
        held = await self._read(account_id)
        if held.credential.secret != spent.secret:
            return held.credential
        if spent.owner is not None:
            return await self._from_owner(account_id, spent)
        if held.credential.refresh is None:
            raise self.condemn(account_id, spent, "the provider refused it")
        return await asyncio.shield(self._flight(account_id, held.credential))

    async def take_over(self, account_id: str) -> bool:
        """Look for a newer login in the files that an account shares with other tools; returns whether there was one.

        Raises:
            ProviderError: there is another login, and whose it is could not be found out.
            VaultError: it could not be kept.
        """
        async with process_lock(self._locks / f"refresh-{account_id}.lock"):
            stored = (await self._read(account_id)).credential
            return await self._from_elsewhere(account_id, stored) is not None

    def condemn(self, account_id: str, credential: Credential, why: str) -> ProviderError:
        """Say in the log that this very credential is dead; returns the error to raise."""
        spent = credential.refresh or credential.secret
        self._publish_failure(account_id, f"{why}; sign in again", spent, permanent=True)
        self._held.pop(account_id, None)
        return ProviderError(
            Failure(
                Meaning.LOGIN_DEAD,
                f"The sign-in is no longer valid: {why}.",
                action="Sign in again.",
                retryable_here=False,
            )
        )

    async def aclose(self) -> None:
        """Let refreshes under way end: cutting one off would lose the token's successor."""
        if self._flights:
            await asyncio.gather(*self._flights.values(), return_exceptions=True)
        for account_id, held in self._held.items():
            if held.unsaved_since is not None:
                await self._save_again(account_id, replace(held, unsaved_since=float("-inf")))

    # --- reading ------------------------------------------------------------------------------------------

    async def _read(self, account_id: str) -> _Held:
        from rota.providers.credential import unseal  # late: reading a snapshot needs no credential

        held = self._held.get(account_id)
        if held is not None and held.unsaved_since is not None:
            return held  # what the vault has is older
        stamp = self._stamp(account_id)
        held = _Held(unseal(await self._vault.get(PREFIX + account_id)), stamp)
        self._held[account_id] = held
        return held

    def _pause(self, token: Secret) -> _Pause | None:
        pause = self._pauses.get(token.fingerprint())
        return pause if pause is not None and self._clock.now() < pause.until else None

    def _stamp(self, account_id: str) -> Stamp | None:
        state = self._journal.snapshot.accounts.get(account_id)
        return state.stamps.get("token") if state is not None else None

    def _left(self, credential: Credential) -> float | None:
        """Seconds until it ends; None when it does not, or nobody knows."""
        return None if credential.expires_at is None else credential.expires_at - self._clock.now()

    def _lasts(self, credential: Credential) -> bool:
        """Whether it can be used as it is."""
        left = self._left(credential)
        return left is None or left > AT_ONCE_S

    async def _from_owner(self, account_id: str, spent: Credential) -> Credential:
        """The login as its owner last renewed it; rota never renews it."""
        for look_there in (False, True):
            if look_there and not await self.take_over(account_id):
                break
            credential = (await self._read(account_id)).credential
            left = self._left(credential)
            if credential.secret != spent.secret and (left is None or left > 0):
                return credential
        owner = OWNERS.get(spent.owner or "", spent.owner)
        raise ProviderError(
            Failure(
                Meaning.GATED,
                f"This login belongs to {owner}, which has not renewed it.",
                action=f"Use {owner} once, or sign in to rota itself.",
                retryable_here=False,
            )
        )

    # --- refreshing ---------------------------------------------------------------------------------------

    def _flight(self, account_id: str, spent: Credential) -> asyncio.Task[Credential]:
        """The account's one refresh under way; a task of its own, so that no caller's leaving cuts it off."""
        flight = self._flights.get(account_id)
        if flight is None:
            flight = asyncio.create_task(self._refresh(account_id, spent), name=f"refresh {account_id}")
            self._flights[account_id] = flight
            flight.add_done_callback(lambda done: self._landed(account_id, done))
        return flight

    def _landed(self, account_id: str, flight: asyncio.Task[Credential]) -> None:
        self._flights.pop(account_id, None)
        if not flight.cancelled():
            flight.exception()  # a refresh ahead of time has nobody who asks how it went

    async def _refresh(self, account_id: str, spent: Credential) -> Credential:
        async with process_lock(self._locks / f"refresh-{account_id}.lock"):
            stored = (await self._read(account_id)).credential
            if stored.refresh is None or (stored.secret != spent.secret and self._lasts(stored)):
                return stored  # another process was first
            async with self._turns:
                newer = await self._from_elsewhere(account_id, stored)
                if newer is not None:
                    if newer.refresh is None or self._lasts(newer):
                        return newer
                    stored = newer
                token = stored.refresh or stored.secret
                await self._may_spend(account_id, token)
                successor = await self._spend(account_id, stored)
            if isinstance(successor, ProviderError):
                return await self._refused(account_id, stored, token, successor)
            await self._keep(account_id, token, successor)
            if self._shared is not None:
                await self._shared.on_renewed(account_id, token.fingerprint(), successor)
            return successor

    async def _from_elsewhere(self, account_id: str, stored: Credential) -> Credential | None:
        """The login as another tool has renewed it, kept and spread; None when it has not."""
        if self._shared is None:
            return None
        left = self._left(stored)
        newer = await self._shared.newest(account_id, stored, ended=left is not None and left <= 0)
        if newer is None:
            return None
        await self._store(account_id, newer)
        await self._shared.on_renewed(account_id, (stored.refresh or stored.secret).fingerprint(), newer)
        return newer

    async def _may_spend(self, account_id: str, token: Secret) -> None:
        """Refuse while a pause lasts or the token's fate is unknown; else note down that it is being spent."""
        now, fingerprint = self._clock.now(), token.fingerprint()
        if (pause := self._pause(token)) is not None:
            raise pause.error
        path = self._note_path(account_id)
        note = read_note(path)
        tries = 0
        if note is not None and note.fingerprint == fingerprint:
            if note.tries >= LOST_MOST:
                self._publish_failure(
                    account_id, "the answer to its renewal was lost twice; sign in again", token, permanent=True
                )
                raise _lost("The provider's answer to the renewal was lost twice.", Meaning.LOGIN_DEAD)
            if now < note.at + LOST_PAUSE_S:
                raise _lost("The provider's answer to the last renewal was lost; it is tried once more in a minute.")
            tries = note.tries
        write_note(path, Note(fingerprint, tries + 1, now))

    async def _spend(self, account_id: str, stored: Credential) -> Credential | ProviderError:
        try:
            return await self._providers[self._provider_of(account_id)].refresh(stored)
        except ProviderError as error:
            return error

    async def _refused(self, account_id: str, stored: Credential, token: Secret, error: ProviderError) -> Credential:
        """What a failed refresh comes to: a newer login from the vault, or the error."""
        failure = error.failure
        if failure.code == ANSWER_LOST:
            # The note stays: the token may have been spent.
            self._pauses[token.fingerprint()] = _Pause(self._clock.now() + LOST_PAUSE_S, LOST_PAUSE_S, error)
            self._publish_failure(account_id, f"no answer to its renewal: {failure.message}", token, permanent=False)
            raise error
        clear_note(self._note_path(account_id))
        if failure.meaning is Meaning.LOGIN_DEAD:
            newer = (await self._read(account_id)).credential
            if newer.secret != stored.secret:
                return newer
            elsewhere = await self._from_elsewhere(account_id, stored)
            if elsewhere is not None:
                return elsewhere  # another tool was faster
            self._pauses[token.fingerprint()] = _Pause(inf, inf, error)
            reason = "the provider no longer accepts its sign-in; sign in again"
            self._publish_failure(account_id, reason, token, permanent=True)
            self._held.pop(account_id, None)
            raise error
        before = self._pauses.get(token.fingerprint())
        length = min(BACKOFF_MOST_S, before.length * 2 if before is not None else BACKOFF_S)
        length = max(length, min(failure.retry_after or 0.0, BACKOFF_MOST_S))
        self._pauses[token.fingerprint()] = _Pause(self._clock.now() + length, length, error)
        self._publish_failure(account_id, f"it could not be renewed: {failure.message}", token, permanent=False)
        raise error

    async def _keep(self, account_id: str, spent: Secret, successor: Credential) -> None:
        """Store the successor before anybody uses it; what the vault refuses is kept in memory, aloud."""
        if self._journal.snapshot.account(account_id) is None:
            clear_note(self._note_path(account_id))
            return  # removed meanwhile: its secret must not come back
        self._pauses.pop(spent.fingerprint(), None)
        try:
            await self._store(account_id, successor)
        except VaultError as error:
            self._held[account_id] = _Held(successor, self._stamp(account_id), unsaved_since=self._clock.now())
            self._publish_failure(
                account_id,
                f"its renewed sign-in could not be saved ({error}) and works only until this rota ends",
                spent,
                permanent=False,
            )

    async def _store(self, account_id: str, successor: Credential) -> None:
        from rota.providers.credential import seal

        await self._vault.put(PREFIX + account_id, seal(successor))
        clear_note(self._note_path(account_id))
        token = successor.refresh
        self._journal.publish(
            TokenRefreshed(
                at=self._clock.now(),
                account_id=account_id,
                expires_at=successor.expires_at or self._clock.now(),
                login_expires_at=successor.login_expires_at,
                fingerprint=token.fingerprint() if token is not None else None,
            )
        )
        self._held[account_id] = _Held(successor, self._stamp(account_id))

    async def _save_again(self, account_id: str, held: _Held) -> None:
        now = self._clock.now()
        if held.unsaved_since is not None and now - held.unsaved_since < SAVE_AGAIN_S:
            return
        held.unsaved_since = now
        try:
            await self._store(account_id, held.credential)
        except VaultError:
            return  # said when it first failed

    def _provider_of(self, account_id: str) -> str:
        state = self._journal.snapshot.account(account_id)
        if state is None:
            raise SecretMissing("The account is gone.")
        return state.account.provider

    def _note_path(self, account_id: str) -> Path:
        return self._locks / f"refresh-{account_id}.json"

    def _publish_failure(self, account_id: str, reason: str, token: Secret, *, permanent: bool) -> None:
        self._journal.publish(
            RefreshFailed(
                at=self._clock.now(),
                account_id=account_id,
                reason=reason,
                permanent=permanent,
                fingerprint=token.fingerprint(),
            )
        )


def _lost(message: str, meaning: Meaning = Meaning.NETWORK) -> ProviderError:
    return ProviderError(Failure(meaning, message, code="refresh-answer-lost", retryable_here=False))
