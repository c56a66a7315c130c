"""Logins shared with other tools: one that rota renews is written back at once, one renewed there is taken over."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rota.errors import Failure, Meaning, ProviderError
from rota.events import AlertRaised
from rota.migrate import jsonc
from rota.migrate.foreign import HALF_WRITTEN_S, Contents, parse_json, read_text, replace_text
from rota.migrate.links import Link, where_of
from rota.migrate.plan import is_provisional
from rota.migrate.records import Place, Problem, Record, lineage_of
from rota.pool.locks import process_lock

if TYPE_CHECKING:
    from rota.clock import Clock
    from rota.events import Event
    from rota.migrate.links import Links
    from rota.migrate.places import Places
    from rota.migrate.survey import Identify
    from rota.providers.base import Credential
    from rota.settings import SharingSettings
    from rota.snapshot import Snapshot

TRIES = 5
"""How often a write is begun again because the other tool wrote at the same time."""

LASTING_SLOTS = ("added ", "named ")
"""What the names of entries begin with that stay one account's whatever stands in them."""

SWITCHES = {
    "opencode": "opencode",
    "anthropic-multi-auth": "anthropic_accounts",
    "opencode-puter-auth": "puter_accounts",
    "anthropic-multi-account": "multi_account",
    "claude-code": "claude_code",
}


class Journal(Protocol):
    """What is asked of `rota.journal.Journal`."""

    @property
    def snapshot(self) -> Snapshot: ...

    def publish(self, *events: Event) -> None: ...


def shared_sources(settings: SharingSettings) -> frozenset[str]:
    """The sources whose logins are shared, as the settings have it; a Console profile always is."""
    on = {source for source, name in SWITCHES.items() if getattr(settings, name)}
    return frozenset(on | {"console-profiles"})


class SharedLogins:
    """Keeps rota's logins and other tools' copies of them the same."""

    def __init__(
        self,
        *,
        links: Links,
        journal: Journal,
        identify: Identify,
        places: Places,
        sources: frozenset[str],
        locks: Path,
        clock: Clock,
    ) -> None:
        self._links = links
        self._journal = journal
        self._identify = identify
        self._places = places
        self._sources = sources
        self._locks = locks
        self._clock = clock

    # --- rota renewed -------------------------------------------------------------------------------------

    async def on_renewed(self, account_id: str, spent: str, successor: Credential) -> None:
        """Write an account's new login wherever the spent one stands; `spent` is its fingerprint.

        What cannot be written is said in an alert: the other tool then holds a dead login. Of an account that shares
        its login with nobody, no other tool's file is even opened.
        """
        linked = [(link.source, Path(link.path)) for link in self._links.of(account_id)]
        if not linked:
            return
        from rota.migrate.slots import SHAREABLE, files  # late, as `survey` is

        candidates = dict.fromkeys((*files(self._places), *linked))
        for source, path in candidates:
            if source in SHAREABLE and source in self._sources:
                await self._write(account_id, source, path, spent, successor)
        await asyncio.to_thread(self._links.renewed, account_id, spent, lineage_of(successor))

    async def _write(self, account_id: str, source: str, path: Path, spent: str, successor: Credential) -> None:
        name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        async with process_lock(self._locks / f"share-{name}.lock"):
            try:
                written = await asyncio.to_thread(write_back, source, path, spent, successor)
            except (OSError, jsonc.JsoncError) as error:
                why = error.strerror if isinstance(error, OSError) else str(error)
                self._journal.publish(
                    AlertRaised(
                        at=self._clock.now(),
                        key=f"write-back {path} {spent}",
                        text=f"A renewed login could not be written to {path} ({why}): sign in there again.",
                    )
                )
                return
        places = [Place(source, path, slot, shared=True) for slot in written]
        await asyncio.to_thread(self._links.join, account_id, places, lineage_of(successor))

    # --- the other tool renewed ---------------------------------------------------------------------------

    async def newest(self, account_id: str, stored: Credential, *, ended: bool = False) -> Credential | None:
        """The login that another tool has renewed an account's to; None when `stored` is still the newest.

        Args:
            account_id: whose.
            stored: the login that rota has.
            ended: whether it can no longer be used; then the macOS Keychain is asked too, which may show a question.

        Raises:
            ProviderError: there is another login, and whose it is could not be found out; `stored` may be spent.
        """
        links = [link for link in self._links.of(account_id) if link.source in self._sources]
        if not links:
            return None
        records = await asyncio.to_thread(self._records, {link.source for link in links}, ended)
        by_place = {(r.place.source, where_of(r.place), r.place.slot): r for r in records}
        for link in links:
            record = by_place.get(link.place)
            if record is None or record.lineage == lineage_of(stored):
                continue
            if _is_old(record.lineage, link, lineage_of(stored)):
                await self._replace_old(account_id, link, record.lineage, stored)
            elif await self._is_mine(account_id, link, record, records):
                newer = _continued(record.credential, stored)
                await asyncio.to_thread(self._links.renewed, account_id, lineage_of(stored), lineage_of(newer))
                return newer
            else:
                await asyncio.to_thread(self._links.leave, link)
        return None

    async def _replace_old(self, account_id: str, link: Link, old: str, stored: Credential) -> None:
        """Write rota's login over an old one that still, or again, stands in an entry."""
        from rota.migrate.slots import SHAREABLE  # late, as `survey` is

        if link.source in SHAREABLE:
            await self._write(account_id, link.source, Path(link.path), old, stored)
            await asyncio.to_thread(self._links.renewed, account_id, old, lineage_of(stored))

    async def _is_mine(self, account_id: str, link: Link, record: Record, records: list[Record]) -> bool:
        """Whether the login that now stands in a linked entry is the account's own, renewed, or somebody else's."""
        others = {k.lineage for k in self._present_links() if k.account_id != account_id}
        if record.lineage in others:
            return False
        if link.slot.startswith(LASTING_SLOTS):
            return True
        owner = self._owner_of_lasting(record, records)
        if owner is not None:
            return owner == account_id
        if record.identity is not None:
            return self._fits(account_id, record.identity.key)
        expires_at = record.credential.expires_at
        if expires_at is not None and expires_at <= self._clock.now():
            return True  # nobody can say any more; entries change hands far more seldom than they are renewed
        try:
            identity = await self._identify(record.provider, record.credential)
        except ProviderError as error:
            raise _unclear(link, error.failure) from error
        return self._fits(account_id, identity.key)

    def _owner_of_lasting(self, record: Record, records: list[Record]) -> str | None:
        """Whose a login is, when it also stands in an entry that stays one account's."""
        for twin in records:
            if twin.lineage == record.lineage and twin.place.slot.startswith(LASTING_SLOTS):
                where = twin.place.source, where_of(twin.place), twin.place.slot
                for link in self._present_links():
                    if link.place == where:
                        return link.account_id
        return None

    def _present_links(self) -> list[Link]:
        """The links of accounts that are still there."""
        snapshot = self._journal.snapshot
        return [link for link in self._links.all() if snapshot.account(link.account_id) is not None]

    def _fits(self, account_id: str, identity: str) -> bool:
        """Whether an identity can be this account's: it is, or the account's is not known and it is nobody else's."""
        if is_provisional(identity):
            return True  # the provider does not say; the entry is the best witness
        listed = self._journal.snapshot.listed()
        mine = next((s.account.identity for s in listed if s.id == account_id), None)
        if mine is None or not is_provisional(mine):
            return mine == identity
        return all(s.account.identity != identity for s in listed)

    def _records(self, wanted: set[str], ended: bool) -> list[Record]:
        from rota.migrate import (
            survey,
        )  # late: with the checks of every tool's files, needed only by who imports or shares

        # The Keychain may ask the person: only when it must.
        places = self._places if ended else self._places.without_keychain()
        # The plugins' own files tell accounts apart, so they are read along whenever OpenCode's file is.
        names = wanted | ({"anthropic-multi-auth", "anthropic-multi-account"} if "opencode" in wanted else set())
        return [record for reading in survey.read_whole(places, names) for record in reading.records]


def _is_old(found: str, link: Link, stored: str) -> bool:
    """Whether what stands in a linked entry is older than rota's own login.

    Either the other tool wrote its whole file from an old reading, or rota ended between keeping a successor and
    writing it there: then the entry is as the link knows it, and rota's login is not one that the link left behind.
    """
    return found in link.spent or (found == link.lineage and stored not in link.spent)


def write_back(source: str, path: Path, spent: str, successor: Credential) -> tuple[str, ...]:
    """Replace the spent login in a file by its successor; returns the entries that held it.

    The file is read right before the write and right after, since its owner takes no lock.

    Raises:
        OSError: it cannot be read or written.
        JsoncError: it is not JSON any more.
    """
    from rota.migrate.slots import renewed, slots

    done: tuple[str, ...] = ()
    for last in (*[False] * TRIES, True):
        contents = read_text(path)
        if contents is None:
            return done
        problem = contents if isinstance(contents, Problem) else None
        if isinstance(contents, Contents):
            document = parse_json(contents.text, str(path))
            if not isinstance(document, Problem):
                stale = [slot for slot in slots(source, document, path) if slot.lineage == spent]
                if not stale:
                    return done
                text = contents.text
                for slot in stale:
                    text = renewed(source, text, slot, successor)
                if replace_text(path, text, only_over=contents.text):
                    done = tuple(slot.name for slot in stale)
                continue
            problem = document
        if last and problem is not None:
            raise OSError(0, problem.why)
        time.sleep(HALF_WRITTEN_S)
    return done


def _continued(newer: Credential, stored: Credential) -> Credential:
    """A login as another tool renewed it, with what only rota knew of it."""
    return replace(
        newer,
        kind=stored.kind,
        owner=stored.owner,
        client_id=newer.client_id or stored.client_id,
        scopes=newer.scopes or stored.scopes,
    )


def _unclear(link: Link, failure: Failure) -> ProviderError:
    return ProviderError(
        replace(
            failure,
            meaning=Meaning.GATED if failure.meaning is Meaning.LOGIN_DEAD else failure.meaning,
            message=f"{link.path} holds another login now, and whose it is could not be asked: {failure.message}",
            action="Use the other tool once, or sign in to rota itself.",
        )
    )
