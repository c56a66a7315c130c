"""What an import would do: pure, from what was read, what rota has and what the providers said."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from rota.account import Identity, Kind
from rota.migrate.records import Place, Record, SettingChange, lineage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rota.migrate.records import FileEdit, Found, Problem, Reading
    from rota.providers.base import Credential


class Action(StrEnum):
    """What becomes of one login that was found."""

    NEW = "new"
    SAME = "same as"
    RENEWS = "renews"
    DEAD = "sign in again"
    SKIPPED = "left out"


@dataclass(frozen=True, slots=True)
class Known:
    """An account that rota has, as far as an import must know it."""

    account_id: str
    provider: str
    identity: str
    """`Identity.key`."""
    label: str
    lineage: str | None = None
    """Of the login in the vault; None when the vault holds none."""
    expires_at: float | None = None
    ready: bool = True
    """False when it needs a sign-in."""
    owner: str | None = None
    past: frozenset[str] = frozenset()
    """Lineages of logins that it had before, as far as rota shared them with other tools."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the provider said about a login."""

    identity: Identity | None = None
    dead: bool = False
    problem: str | None = None
    """Why it could not say whose it is."""


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One login and what would become of it."""

    record: Record
    action: Action
    reason: str
    """One sentence for people."""
    identity: Identity
    target: str | None = None
    """The account that it is or renews, when rota has it."""
    target_label: str | None = None
    places: tuple[Place, ...] = ()
    """Everywhere this very login stands, this record's place among them; empty when another item speaks for it."""

    @property
    def key(self) -> str:
        """Names the item for choosing: unlike its place in the list, it stays the same when read again."""
        return f"{self.record.lineage}@{self.record.place}"

    @property
    def name(self) -> str:
        """What people call it."""
        record, identity = self.record, self.identity
        return record.label or identity.email or identity.name or f"{record.provider} {record.credential.kind}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that an import would do; nothing has been written yet."""

    items: tuple[PlanItem, ...] = ()
    problems: tuple[Problem, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    edits: tuple[FileEdit, ...] = ()
    """Changes to other tools' own files, made only when asked for."""
    exposed: tuple[Found, ...] = ()
    """Files that others on this machine can read; tightened only when asked for."""
    sources: tuple[str, ...] = field(default=())
    """Where something was found."""
    asked: tuple[str, ...] = ()
    """Every source that was looked at, by name."""

    def count(self, action: Action) -> int:
        return sum(item.action is action for item in self.items)

    @property
    def wanted(self) -> tuple[PlanItem, ...]:
        """The items that would be brought in."""
        return tuple(i for i in self.items if i.action in (Action.NEW, Action.RENEWS, Action.DEAD))

    @property
    def empty(self) -> bool:
        """Whether nothing was found that an import has to do with."""
        return not (self.items or self.settings or self.edits or self.problems)

    @property
    def changes_nothing(self) -> bool:
        """Whether applying it would neither add nor renew anything, nor set or rewrite."""
        return not (self.wanted or any(change.differs for change in self.settings) or self.edits)

    @property
    def needs_notice(self) -> bool:
        """Whether it brings in a Claude subscription, about which Anthropic's rules are told first."""
        return any(item.record.credential.kind is Kind.SUBSCRIPTION for item in self.wanted)

    def without(self, keys: Iterable[str]) -> Plan:
        """The plan with these items left out, by their `key`."""
        left_out = frozenset(keys)
        items = (
            replace(i, action=Action.SKIPPED, reason="you left it out") if i.key in left_out else i
            for i in self.items
        )
        return replace(self, items=tuple(items))

    def without_dead(self) -> Plan:
        """The plan with dead logins left out instead of brought in as “sign in again”."""
        return self.without(i.key for i in self.items if i.action is Action.DEAD)


def make_plan(
    readings: Sequence[Reading],
    known: Sequence[Known] = (),
    checked: Mapping[str, Checked] | None = None,
    *,
    sharing: frozenset[str] = frozenset(),
    current: Callable[[str], str] | None = None,
) -> Plan:
    """The plan.

    Args:
        readings: what the sources gave, the most trusted first.
        known: rota's own accounts.
        checked: what the providers said, by lineage; empty when offline.
        sharing: the sources whose files rota may write renewed logins back to.
        current: rota's present value of a setting, as text.
    """
    checked = checked or {}
    records = [record for reading in readings for record in reading.records]
    items = {
        index: item
        for group in _groups(records, checked)
        for index, item in _decide([(i, records[i]) for i in group], known, checked, sharing)
    }
    return Plan(
        items=tuple(items[index] for index in range(len(records))),
        problems=tuple(p for reading in readings for p in reading.problems),
        settings=tuple(_compared(s, current) for reading in readings for s in reading.settings),
        edits=tuple(e for reading in readings for e in reading.edits),
        exposed=tuple(f for reading in readings for f in reading.found if f.exposed and reading.records),
        sources=tuple(reading.source for reading in readings if reading.found),
        asked=tuple(reading.source for reading in readings),
    )


def _groups(records: Sequence[Record], checked: Mapping[str, Checked]) -> list[list[int]]:
    """Records that are one account: the same chain of tokens, or the same identity."""
    group_of = list(range(len(records)))
    first: dict[tuple[str, ...], int] = {}
    for index, record in enumerate(records):
        names: list[tuple[str, ...]] = [("lineage", record.lineage)]
        identity = _identity(record, checked)
        if identity is not None:
            names.append(("identity", record.provider, identity.key))
        for name in names:
            other = group_of[first.setdefault(name, index)]
            mine = group_of[index]
            if other != mine:
                low, high = sorted((other, mine))
                group_of = [low if g == high else g for g in group_of]
    groups: dict[int, list[int]] = {}
    for index, group in enumerate(group_of):
        groups.setdefault(group, []).append(index)
    return list(groups.values())


def _decide(
    group: list[tuple[int, Record]],
    known: Sequence[Known],
    checked: Mapping[str, Checked],
    sharing: frozenset[str],
) -> list[tuple[int, PlanItem]]:
    """What becomes of each record of one account: the best is taken, the others are the same as it."""
    at, best = max(group, key=lambda each: (*_worth(each[1], checked, sharing), -each[0]))
    twins = [record for _, record in group if record.lineage == best.lineage]
    places = tuple(record.place for record in twins)
    best = replace(
        best,
        credential=replace(best.credential, owner=_owner(places, sharing)),
        label=best.label or next((r.label for _, r in group if r.label), None),
        email=best.email or next((r.email for _, r in group if r.email), None),
        limited_until=max((r.limited_until for _, r in group if r.limited_until is not None), default=None),
        windows=best.windows or next((r.windows for _, r in group if r.windows), ()),
        enabled=all(r.enabled for _, r in group),
        active=any(r.active for _, r in group),
    )
    identity = next((i for _, r in group if (i := _identity(r, checked)) is not None), None) or provisional(best)
    mine = _decide_best(best, identity, places, known, checked.get(best.lineage))
    decided = [(at, mine)]
    for index, record in group:
        if index != at:
            same = record.lineage == best.lineage
            reason = f"{'the same login' if same else 'an older login of the same account'} as in {best.place}"
            decided.append((index, PlanItem(record, Action.SAME, reason, identity, mine.target, mine.name)))
    return decided


def _decide_best(
    record: Record, identity: Identity, places: tuple[Place, ...], known: Sequence[Known], said: Checked | None
) -> PlanItem:
    mine = [k for k in known if k.provider == record.provider]
    have = next((k for k in mine if k.lineage == record.lineage), None)
    have = have or next((k for k in mine if k.identity == identity.key or record.lineage in k.past), None)
    dead = said is not None and said.dead
    if have is not None:
        action, reason = _against(record, have, dead=dead)
        return PlanItem(record, action, reason, identity, have.account_id, have.label, places)
    if dead:
        return PlanItem(record, Action.DEAD, "the provider refuses it", identity, places=places)
    reason = said.problem if said is not None and said.problem else "checked with the provider"
    return PlanItem(record, Action.NEW, reason if said is not None else "not checked yet", identity, places=places)


def _against(record: Record, have: Known, *, dead: bool) -> tuple[Action, str]:
    """A login against the one that rota has for the same account."""
    if have.lineage == record.lineage:
        return Action.SAME, "rota has this very login"
    if record.lineage in have.past and have.ready:
        return Action.SAME, "rota has renewed this login since"
    if dead:
        return Action.SAME, "rota has the account, and this login of it is dead"
    if not have.ready or have.lineage is None:
        return Action.RENEWS, "the one that rota has needs a sign-in"
    mine, theirs = have.expires_at, record.credential.expires_at
    if mine is not None and theirs is not None and theirs > mine and record.credential.owner is None:
        return Action.RENEWS, "it is newer than the one that rota has"
    return Action.SAME, "rota has a login of this account that works"


def _worth(record: Record, checked: Mapping[str, Checked], sharing: frozenset[str]) -> tuple[bool, bool, bool, float]:
    """What makes one of several logins of an account the one to keep: alive, lasting, rota's to renew, newest."""
    credential = record.credential
    said = checked.get(record.lineage)
    lasting = credential.refresh is not None or credential.expires_at is None
    newest = credential.expires_at if credential.expires_at is not None else float("inf")
    return not (said is not None and said.dead), lasting, _owner((record.place,), sharing) is None, newest


def _owner(places: tuple[Place, ...], sharing: frozenset[str]) -> str | None:
    """The other tool that must renew this login: one whose copy rota may not write to."""
    kept = (p.owner for p in places if p.owner is not None and not (p.shared and p.source in sharing))
    return next(kept, None)


def _identity(record: Record, checked: Mapping[str, Checked]) -> Identity | None:
    said = checked.get(record.lineage)
    return said.identity if said is not None and said.identity is not None else record.identity


def provisional(record: Record) -> Identity:
    """An identity for a login of which nobody has said yet whose it is: its chain of tokens."""
    kind = record.credential.kind
    return Identity(key=f"login-{record.lineage}", kind=kind, email=record.email, name=record.label)


def is_provisional(identity: str) -> bool:
    """Whether an identity's key names a token only, because nobody could say whose it is."""
    return identity.startswith(("login-", "token-"))


def _compared(change: SettingChange, current: Callable[[str], str] | None) -> SettingChange:
    if change.setting is None or change.text is None or current is None:
        return change
    return replace(change, differs=current(change.setting) != change.text)


def known_as(
    account_id: str,
    provider: str,
    identity: str,
    label: str,
    credential: Credential | None,
    *,
    ready: bool,
    past: Iterable[str] = (),
) -> Known:
    """One of rota's accounts with what its login tells."""
    return Known(
        account_id=account_id,
        provider=provider,
        identity=identity,
        label=label,
        lineage=lineage_of(credential) if credential is not None else None,
        expires_at=credential.expires_at if credential is not None else None,
        ready=ready and credential is not None,
        owner=credential.owner if credential is not None else None,
        past=frozenset(past),
    )
