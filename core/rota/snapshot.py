"""The snapshot: all that screens, commands and strategies read. An immutable value that shares structure.

Every fact is kept as a register: a value with the stamp `(at, id)` of the event that decided it. A later stamp
wins, whatever the order of arrival; counters only ever add. See `fold.py` for how events get in.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rpds import HashTrieMap

from rota.account import Account, Health, Kind
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.errors import Meaning
    from rota.quota import QuotaWindow

Stamp: TypeAlias = tuple[float, str]
"""`(at, id)` of the event that decided a fact."""

NEVER: Stamp = (float("-inf"), "")


@dataclass(frozen=True, slots=True)
class Hold:
    """Why and until when an account or a model is not used."""

    until: float
    meaning: Meaning
    reason: str
    since: float
    strikes: int = 1
    model: str | None = None

    def active(self, now: float) -> bool:
        return self.until > now


class Hour(NamedTuple):
    """What an account served in one hour of UTC. A tuple, as `Sample` is: a start reads thousands of them."""

    hour: int
    """Hours since the Unix epoch."""
    requests: int = 0
    tokens: int = 0
    """In and out, those read from a cache not counted."""
    failures: int = 0
    nano_usd: int = 0
    """Money in billionths of a dollar: whole numbers add up to the same in any order."""

    @property
    def cost_usd(self) -> float:
        return self.nano_usd / 1e9


class Sample(NamedTuple):
    """One past sight of a window, thinned to one per bucket of time."""

    at: float
    utilization: float
    resets_at: float | None
    width: float = 300.0
    """Seconds of its bucket; see `quota.sample_width`."""


@dataclass(frozen=True, slots=True)
class Poll:
    """The usage endpoint's schedule for one account."""

    at: float
    next_at: float
    problem: str | None = None
    blocked_at: float | None = None


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account and everything known about it now."""

    account: Account
    known: bool = False
    """False until its `AccountAdded` is seen: facts may arrive first."""
    removed: bool = False
    """A removed account keeps nothing but its id."""
    windows: Mapping[str, QuotaWindow] = field(default_factory=dict)
    """In the order of the keys. A handful, read at every choice: copying it costs less than a persistent map."""
    history: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    """Samples by window key, oldest first."""
    hold: Hold | None = None
    model_holds: HashTrieMap[str, Hold] = field(default_factory=HashTrieMap)
    strikes: int = 0
    last_used_at: float | None = None
    last_served_at: float | None = None
    hours: tuple[Hour, ...] = ()
    """The last 48 hours in which something happened, oldest first."""
    poll: Poll | None = None
    token_expires_at: float | None = None
    fingerprint: str | None = None
    """Of the refresh token that the log last heard of."""
    stamps: HashTrieMap[str, Stamp] = field(default_factory=HashTrieMap)

    @property
    def id(self) -> str:
        return self.account.id

    def held(self, now: float, model: str | None = None) -> Hold | None:
        """The hold that keeps it from serving `model` now, if any."""
        if self.hold is not None and self.hold.active(now):
            return self.hold
        if model is not None and (hold := self.model_holds.get(model)) is not None and hold.active(now):
            return hold
        return None

    def usable(self) -> bool:
        """Whether it may serve at all, holds and quota aside."""
        account = self.account
        return self.known and not self.removed and account.enabled and account.health is Health.READY

    def requests_since(self, since: float) -> int:
        """Requests served since an epoch second, to the hour."""
        return sum(h.requests for h in self.hours if (h.hour + 1) * 3600 > since)


@dataclass(frozen=True, slots=True)
class InFlight:
    """A request being served."""

    request_id: str
    account_id: str
    provider: str
    model: str
    client: str
    since: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Which account of a provider serves new sessions, or is pinned."""

    account_id: str | None
    reason: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Session:
    """A session that sticks to an account."""

    account_id: str
    provider: str
    stamp: Stamp

    @property
    def last_at(self) -> float:
        return self.stamp[0]


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """A gateway, running or stopped."""

    host: str
    port: int
    pid: int
    running: bool
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A gateway key's rules; the key itself is in the vault."""

    name: str
    fingerprint: str
    models: tuple[str, ...]
    max_share: float | None
    revoked: bool
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class ModelHold:
    """A model held for every account of its provider, or lifted."""

    hold: Hold | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything known, at one point of the log."""

    accounts: HashTrieMap[str, AccountState] = field(default_factory=HashTrieMap)
    model_holds: HashTrieMap[tuple[str, str], ModelHold] = field(default_factory=HashTrieMap)
    """By `(provider, model)`."""
    active: HashTrieMap[str, Choice] = field(default_factory=HashTrieMap)
    """By provider."""
    pinned: HashTrieMap[str, Choice] = field(default_factory=HashTrieMap)
    sessions: HashTrieMap[str, Session] = field(default_factory=HashTrieMap)
    in_flight: HashTrieMap[str, InFlight] = field(default_factory=HashTrieMap)
    gateways: HashTrieMap[str, GatewayInfo] = field(default_factory=HashTrieMap)
    """By process; host and port are known while it runs."""
    keys: HashTrieMap[str, GatewayKey] = field(default_factory=HashTrieMap)
    imports: HashTrieMap[str, tuple[str, tuple[str, ...], Stamp]] = field(default_factory=HashTrieMap)
    """By import id: source, accounts, stamp; absent once undone."""
    undone: HashTrieMap[str, Stamp] = field(default_factory=HashTrieMap)
    alerts: HashTrieMap[str, float] = field(default_factory=HashTrieMap)
    """When each alert was last raised, by key."""
    latest: float = float("-inf")
    """The newest event's time."""
    _order: tuple[HashTrieMap[str, AccountState], tuple[AccountState, ...]] | None = field(
        default=None, repr=False, compare=False
    )
    """What `listed` found, and in which accounts: screens ask for it several times a second."""

    def listed(self) -> list[AccountState]:
        """The accounts a person has, in their order."""
        if self._order is None or self._order[0] is not self.accounts:
            present = [s for s in self.accounts.values() if s.known and not s.removed]
            present.sort(key=lambda s: (s.account.position, s.account.added_at, s.account.id))
            object.__setattr__(self, "_order", (self.accounts, tuple(present)))
            return present
        return list(self._order[1])

    def listening(self) -> list[GatewayInfo]:
        """Gateways that began and did not stop, the newest first.

        Of those at one place only the newest can be there: a rota that was killed says nothing of its end.
        """
        places: dict[tuple[str, int], GatewayInfo] = {}
        for gateway in sorted(self.gateways.values(), key=lambda g: g.stamp, reverse=True):
            places.setdefault((gateway.host, gateway.port), gateway)
        return [gateway for gateway in places.values() if gateway.running]

    def account(self, account_id: str) -> AccountState | None:
        """One present account by id."""
        state = self.accounts.get(account_id)
        return state if state is not None and state.known and not state.removed else None

    def model_hold(self, provider: str, model: str, now: float) -> Hold | None:
        """The hold on a model for every account of its provider, if one is active."""
        entry = self.model_holds.get((provider, model))
        return entry.hold if entry is not None and entry.hold is not None and entry.hold.active(now) else None

    def serving(self, account_id: str, now: float, within: float = 900.0) -> int:
        """How many requests an account is serving; one older than `within` seconds is taken for lost."""
        return sum(1 for r in self.in_flight.values() if r.account_id == account_id and now - r.since <= within)


def placeholder(account_id: str) -> AccountState:
    """The state of an account of which only other facts have arrived so far."""
    return AccountState(account=Account(id=account_id, provider="", kind=Kind.API_KEY, identity="", label=account_id))
