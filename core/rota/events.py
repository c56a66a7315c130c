"""The facts: everything that happens is one of these, said in the past tense, and never changed afterwards.

An event carries when it happened (`at`, epoch seconds) and an id of its own (`id`), made where it happened.
Facts about the same thing are decided by `(at, id)`, so that the order in which processes see them never matters.
No event holds a secret.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias, get_args

from rota.account import Account, Health, Identity
from rota.choice import Candidate
from rota.errors import Attempt, Meaning
from rota.quota import QuotaWindow
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EVENT_TYPES",
    "Account",
    "Attempt",
    "Candidate",
    "Event",
    "Health",
    "Identity",
    "Meaning",
    "QuotaWindow",
]


_count = itertools.count()

_words: list[str] = []
"""Random words drawn ahead: a call of the system for each would cost more than all else of an id."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_words.clear)  # a forked process must not say its parent's words


def new_id() -> str:
    """Unique among the events of one log, and growing within a process: its later fact of one instant wins."""
    return f"{next(_count):08x}{random_word()}"


def random_word() -> str:
    """Twelve random hex digits: the name of what is looked up by its first few."""
    try:
        return _words.pop()
    except IndexError:
        drawn = os.urandom(6 * 512).hex()
        _words.extend(drawn[i : i + 12] for i in range(12, len(drawn), 12))
        return drawn[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every event has."""

    at: float
    id: str = field(default_factory=new_id)


# --- accounts ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAdded(Fact):
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRenewed(Fact):
    """Somebody signed in again to an identity that rota already had."""

    account_id: str
    identity: Identity
    login_expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDescribed(Fact):
    """The provider told more about who this is (plan, email, organisation)."""

    account_id: str
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLabelled(Fact):
    account_id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEnabled(Fact):
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDisabled(Fact):
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReserved(Fact):
    """The account was held out (or taken back in): used only when nothing else can serve."""

    account_id: str
    reserve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReordered(Fact):
    """The account was moved in the table."""

    account_id: str
    position: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPrioritized(Fact):
    account_id: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRemoved(Fact):
    """Removal is final: a later sign-in to the same identity makes a new id."""

    account_id: str
    purge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChanged(Fact):
    """The account became ready, needs a sign-in, is gated at the provider, or is suspended."""

    account_id: str
    health: Health
    reason: str = ""
    fingerprint: str | None = None
    """Of the token the verdict is about; a newer token is not bound by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefreshed(Fact):
    account_id: str
    expires_at: float
    login_expires_at: float | None = None
    fingerprint: str | None = None
    """Of the new refresh token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFailed(Fact):
    account_id: str
    reason: str
    permanent: bool
    fingerprint: str | None = None


# --- quota ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaObserved(Fact):
    """Figures were seen, in headers, from the usage endpoint, or in another tool's file."""

    account_id: str
    windows: tuple[QuotaWindow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePolled(Fact):
    """The usage endpoint was asked; the schedule that all processes share."""

    account_id: str
    next_at: float
    problem: str | None = None
    """Why it gave no figures, when it did not."""
    blocked_at: float | None = None
    """When the endpoint last said that its own budget was spent (HTTP 429), if within the last hour."""


# --- holds ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CooldownStarted(Fact):
    """An account is held, wholly or for one model."""

    account_id: str
    until: float
    meaning: Meaning
    reason: str
    strikes: int = 1
    """Consecutive limits, this one included; a success ends the row."""
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CooldownLifted(Fact):
    """Ended early: by a person, newer data, or a probe that was answered."""

    account_id: str
    reason: str
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCooled(Fact):
    """A model is held for every account of its provider."""

    provider: str
    model: str
    until: float
    meaning: Meaning
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLifted(Fact):
    provider: str
    model: str
    reason: str


# --- choice -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSwitched(Fact):
    """Another account of this provider serves new sessions from here on."""

    provider: str
    account_id: str
    previous_id: str | None
    reason: str
    by_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPinned(Fact):
    """Only this account serves the provider until unpinned (`account_id` None)."""

    provider: str
    account_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBound(Fact):
    """A session sticks to an account."""

    session: str
    provider: str
    account_id: str
    reason: str = ""


# --- requests ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStarted(Fact):
    """A request was leased an account (again, with the same id, at each hop)."""

    request_id: str
    account_id: str
    provider: str
    model: str
    client: str = "rota"
    reason: str = ""
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(Fact):
    """One account or model did not serve a request; the pool goes on as `next_step` says."""

    request_id: str
    provider: str
    attempt: Attempt
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestServed(Fact):
    """A request was answered; its whole story."""

    request_id: str
    account_id: str
    provider: str
    model: str
    """The model that answered, as the provider names it."""
    requested_model: str
    client: str = "rota"
    """Who asked: `chat`, `cli`, a gateway key's name, …"""
    session: str | None = None
    started_at: float = 0.0
    first_token: float | None = None
    """Seconds to the first content."""
    duration: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    finish: str = "stop"
    reason: str = ""
    """Why this account."""
    candidates: tuple[Candidate, ...] = ()
    """The best few as the strategy ranked them, this account's among them."""
    attempts: tuple[Attempt, ...] = ()
    """What failed before, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(Fact):
    """A request got no answer; its whole story."""

    request_id: str
    provider: str
    requested_model: str
    meaning: Meaning | None
    """Of the last failure; None when its asker ended it or all were held from the start."""
    message: str
    client: str = "rota"
    session: str | None = None
    account_id: str | None = None
    started_at: float = 0.0
    duration: float = 0.0
    retry_at: float | None = None
    candidates: tuple[Candidate, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    after_content: bool = False
    """Whether the answer broke off after part of it had been passed on."""


# --- the rest ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStarted(Fact):
    process: str
    host: str
    port: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStopped(Fact):
    """A gateway ended, or was found to be gone: one that is killed tells nobody."""

    process: str
    host: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKeyAdded(Fact):
    """A gateway key was made; the key itself lives in the vault."""

    name: str
    fingerprint: str
    models: tuple[str, ...] = ()
    """Globs of the models it may ask for; empty is all."""
    max_share: float | None = None
    """Of the pool's requests in the last hour, 0.0 to 1.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKeyRevoked(Fact):
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsImported(Fact):
    """One import from another tool's files; `import_id` is what an undo names."""

    import_id: str
    source: str
    account_ids: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportUndone(Fact):
    import_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised(Fact):
    """A person was told; the key keeps other processes from telling it again."""

    key: str
    text: str
    also: tuple[str, ...] = ()
    """The keys of what else was told in the same breath."""


Event: TypeAlias = (
    AccountAdded
    | AccountRenewed
    | AccountDescribed
    | AccountLabelled
    | AccountEnabled
    | AccountDisabled
    | AccountReserved
    | AccountReordered
    | AccountPrioritized
    | AccountRemoved
    | HealthChanged
    | TokenRefreshed
    | RefreshFailed
    | QuotaObserved
    | UsagePolled
    | CooldownStarted
    | CooldownLifted
    | ModelCooled
    | ModelLifted
    | AccountSwitched
    | AccountPinned
    | SessionBound
    | RequestStarted
    | AttemptFailed
    | RequestServed
    | RequestFailed
    | GatewayStarted
    | GatewayStopped
    | GatewayKeyAdded
    | GatewayKeyRevoked
    | AccountsImported
    | ImportUndone
    | AlertRaised
)

EVENT_TYPES: Mapping[str, type[Event]] = {cls.__name__: cls for cls in get_args(Event)}
