"""Do what a plan says, all or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rota.account import Health
from rota.errors import Meaning
from rota.events import AccountsImported, CooldownStarted, Event, QuotaObserved, new_id
from rota.files import write_private
from rota.migrate import receipt as receipts
from rota.migrate.foreign import replace_text, tighten
from rota.migrate.plan import Action, Known, Plan, PlanItem, known_as
from rota.migrate.receipt import Receipt, Rewritten, SetSetting
from rota.migrate.records import lineage_of
from rota.migrate.takeback import IMPORT_LOCK, STASH, TakeBack
from rota.naming import by_identity
from rota.pool.locks import process_lock
from rota.providers.credential import seal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.migrate.records import FileEdit
    from rota.migrate.takeback import Tools, Undone


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did."""

    import_id: str | None
    """What an undo names; None when there was nothing to do."""
    added: tuple[str, ...] = ()
    """Labels."""
    renewed: tuple[str, ...] = ()
    same: int = 0
    settings: tuple[str, ...] = ()
    """Dotted names that were set."""
    files: tuple[str, ...] = ()
    """Other tools' files that were rewritten; their backups are kept."""
    notes: tuple[str, ...] = ()
    """What did not go as planned."""


@dataclass(slots=True)
class _Work:
    """An import under way."""

    receipt: Receipt
    added: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Importer:
    """Applies plans. One at a time across processes."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._taker = TakeBack(tools)

    async def known(self) -> tuple[Known, ...]:
        """rota's own accounts, as `make_plan` needs them."""
        known = []
        links = await asyncio.to_thread(self._tools.links.all)
        for state in self._tools.book.snapshot.listed():
            account = state.account
            ready = account.health is not Health.NEEDS_LOGIN
            held = await self._tools.held(account.id)
            past = {name for link in links if link.account_id == account.id for name in (link.lineage, *link.spent)}
            known.append(
                known_as(account.id, account.provider, account.identity, account.label, held, ready=ready, past=past)
            )
        return tuple(known)

    async def apply(self, plan: Plan, *, change_files: bool = False, tighten_files: bool = False) -> Report:
        """Bring in what the plan wants; when any of it fails, nothing of it stays.

        Args:
            plan: as `make_plan` made it, perhaps with items left out.
            change_files: rewrite other tools' files too, as `plan.edits` says.
            tighten_files: let only their owner read the files in `plan.exposed`.

        Raises:
            VaultError, StoreError, ConfigError: it could not be done; everything is as before.
        """
        async with process_lock(self._tools.paths.locks / IMPORT_LOCK):
            work = _Work(Receipt(new_id()))
            await self._join_known(plan)
            try:
                await self._bring_in(plan, work)
                await asyncio.to_thread(self._set, plan, work)
                if change_files:
                    await asyncio.to_thread(self._rewrite, plan.edits, work)
                if not work.receipt.empty:
                    await self._sign(plan, work)
            except BaseException:
                await asyncio.shield(self._taker.take_back(work.receipt))
                raise
            if tighten_files:
                await asyncio.to_thread(_tighten_all, plan, work.notes)
        return Report(
            import_id=None if work.receipt.empty else work.receipt.import_id,
            added=tuple(work.added),
            renewed=tuple(work.renewed),
            same=plan.count(Action.SAME),
            settings=tuple(each.key for each in work.receipt.settings),
            files=tuple(each.path for each in work.receipt.files),
            notes=tuple(work.notes),
        )

    async def undo(self, import_id: str | None = None) -> Undone:
        """Take an import back; see `TakeBack.undo`."""
        return await self._taker.undo(import_id)

    # --- doing --------------------------------------------------------------------------------------------

    async def _bring_in(self, plan: Plan, work: _Work) -> None:
        for item in plan.wanted:
            if item.target is None:
                await self._add(item, work)
            else:
                await self._renew(item, item.target, work)

    async def _add(self, item: PlanItem, work: _Work) -> None:
        record, dead = item.record, item.action is Action.DEAD
        there = by_identity(self._tools.book.snapshot, record.provider, item.identity.key)
        if there is not None:
            work.notes.append(f"{there.account.label} was signed in to meanwhile and stays as it is.")
            return
        added = await self._tools.adder.add(
            record.provider,
            record.credential,
            item.identity,
            label=record.label,
            origin=record.place.source,
            enabled=record.enabled,
            health=Health.NEEDS_LOGIN if dead else Health.READY,
            health_reason="it was no longer valid when it was imported; sign in again" if dead else "",
        )
        work.receipt.added.append(added.account_id)
        work.added.append(added.label)
        await asyncio.to_thread(self._tools.links.join, added.account_id, item.places, record.lineage)
        await self._carry_over(item, added.account_id)

    async def _carry_over(self, item: PlanItem, account_id: str) -> None:
        """What the other tool knew about the account: its limit, its figures, that it is the one in use."""
        record, now = item.record, self._tools.clock.now()
        events: list[Event] = []
        if record.limited_until is not None and record.limited_until > now:
            reason = f"limited in {record.place.source} before the import"
            events.append(
                CooldownStarted(
                    at=now, account_id=account_id, until=record.limited_until, meaning=Meaning.LIMITED, reason=reason
                )
            )
        if record.windows:
            events.append(QuotaObserved(at=now, account_id=account_id, windows=record.windows))
        if events:
            await self._tools.book.commit(lambda _snapshot: events)
        if record.active and record.enabled and record.provider not in self._tools.book.snapshot.active:
            await self._tools.adder.use(account_id)

    async def _renew(self, item: PlanItem, account_id: str, work: _Work) -> None:
        state = self._tools.book.snapshot.account(account_id)
        before = await self._tools.held(account_id)
        if state is None:
            await self._add(item, work)
            return
        if before is not None:
            await self._tools.vault.put(f"{STASH}{work.receipt.import_id}/{account_id}", seal(before))
        work.receipt.renewed.append(account_id)
        # By the identity that rota knows it under, so that it stays the account it is.
        identity = replace(item.identity, key=state.account.identity)
        record = item.record
        await self._tools.adder.add(record.provider, record.credential, identity, origin=record.place.source)
        work.renewed.append(state.account.label)
        await asyncio.to_thread(self._tools.links.join, account_id, item.places, item.record.lineage)

    async def _join_known(self, plan: Plan) -> None:
        """An account that rota has already may share its login with files that it did not know of."""
        for item in plan.items:
            if item.action is not Action.SAME or item.target is None or not item.places:
                continue
            held = await self._tools.held(item.target)
            if held is not None and lineage_of(held) == item.record.lineage:
                await asyncio.to_thread(self._tools.links.join, item.target, item.places, item.record.lineage)

    def _set(self, plan: Plan, work: _Work) -> None:
        for change in plan.settings:
            if change.setting is None or change.text is None or not change.differs:
                continue
            before = self._tools.settings.written(change.setting)
            self._tools.settings.write(change.setting, change.text)
            work.receipt.settings.append(SetSetting(change.setting, change.text, before))

    def _rewrite(self, edits: Sequence[FileEdit], work: _Work) -> None:
        for edit in edits:
            if edit.refused is not None or edit.before == edit.after:
                continue
            try:
                content = edit.path.read_bytes()
                if content != edit.before.encode("utf-8"):
                    work.notes.append(f"{edit.path} was changed meanwhile and is left alone; import again.")
                    continue
                name = f"{work.receipt.import_id}-{len(work.receipt.files)}-{edit.path.name}"
                backup = self._tools.paths.backups / name
                write_private(backup, content)
                replace_text(edit.path, edit.after)
            except OSError as error:
                work.notes.append(f"{edit.path} could not be rewritten: {error.strerror}.")
                continue
            after = receipts.digest(edit.after.encode("utf-8"))
            work.receipt.files.append(Rewritten(str(edit.path), str(backup), after))

    async def _sign(self, plan: Plan, work: _Work) -> None:
        """Keep what an undo needs, then say it in the log."""
        receipt = work.receipt
        await asyncio.to_thread(receipts.save, self._tools.paths.state, receipt)
        for name in await self._tools.vault.names():
            if name.startswith(STASH) and not name.startswith(f"{STASH}{receipt.import_id}/"):
                await self._tools.vault.delete(name)  # only the last import's renewals can be taken back
        sources = dict.fromkeys(item.record.place.source for item in plan.wanted)
        event = AccountsImported(
            at=self._tools.clock.now(),
            import_id=receipt.import_id,
            source=", ".join(sources) or ", ".join(plan.sources),
            account_ids=tuple(receipt.added),
            notes=tuple(work.notes),
        )
        await self._tools.book.commit(lambda _snapshot: [event])


def _tighten_all(plan: Plan, notes: list[str]) -> None:
    for found in plan.exposed:
        if found.path is None:
            continue
        try:
            tighten(found.path)
        except OSError as error:
            notes.append(f"{found.path} could not be closed to others: {error.strerror}.")
