"""Who an account is: provider, kind, identity and health. Never its secret."""

from __future__ import annotations

from enum import StrEnum

from rota.values import dataclass


class Kind(StrEnum):
    """What sort of credential an account has."""

    API_KEY = "api-key"
    SUBSCRIPTION = "subscription"
    CONSOLE_PROFILE = "console-profile"
    PUTER = "puter"
    PUTER_GUEST = "puter-guest"


class Health(StrEnum):
    """Whether an account could serve, quota aside."""

    READY = "ready"
    NEEDS_LOGIN = "needs-login"
    GATED = "gated"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Identity:
    """The provider's own ids for who signed in; two sign-ins with equal `key` are one account."""

    key: str
    """Anthropic: `account-uuid/organisation-uuid`, Puter: user uuid, an API key: `key-` and its fingerprint."""
    kind: Kind
    email: str | None = None
    plan: str | None = None
    """As people say it: `Max 20x`, `Pro`, `API`, `Free`, `Guest`."""
    name: str | None = None
    """Username or display name at the provider."""
    organization: str | None = None
    gate: str | None = None
    """What the person must do at the provider before this account can serve, in one sentence; None when nothing."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of one provider, as the log knows it."""

    id: str
    """Ours, made when it is added; an id never comes back after a removal."""
    provider: str
    kind: Kind
    identity: str
    """`Identity.key` of the last sign-in."""
    label: str
    email: str | None = None
    plan: str | None = None
    organization: str | None = None
    enabled: bool = True
    reserve: bool = False
    """Held out: used only when nothing else can serve."""
    priority: int = 0
    """Lower goes first, whatever the strategy; equal priorities share by strategy."""
    position: float = 0.0
    """Place in the table; says nothing about who serves."""
    added_at: float = 0.0
    origin: str = "login"
    """`login`, or the file it was imported from, as a name (`opencode`, `claude-code`)."""
    health: Health = Health.READY
    health_reason: str = ""
    """Why it is not ready and what to do, in one sentence."""
    login_expires_at: float | None = None
    """When the login itself ends (not the access token), epoch seconds, when the provider says."""
