"""Anthropic accounts as the server sees them: subscriptions with windows and tokens, API keys with limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from rota.simulator.windows import Bucket, RollingCount, Window

FIVE_HOURS = 5 * 3600.0
SEVEN_DAYS = 7 * 86400.0
PROFILE = "user:profile"
ALL_SCOPES = ("user:profile", "user:inference")
CONSOLE_SCOPES = ("org:create_api_key", *ALL_SCOPES)

Policy = Literal["claude-code", "third-party", "extra-usage"]
UsageShape = Literal[
    "full",
    "legacy",
    "extra-only",
    "all-null",
    "idle",
    "over",
    "past-reset",
    "unknown-kinds",
    "notice",
    "bare-windows",
]
UsageRegime = Literal["saturated", "deadline"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A subscription plan: what the profile says of it and how much it may use."""

    name: str
    organization_type: str
    rate_limit_tier: str
    seat_tier: str | None
    has_max: bool
    has_pro: bool
    five_hour_capacity: float
    """In microcents, as models weigh their tokens."""
    seven_day_capacity: float


def _plan(name: str, organization_type: str, tier: str, size: float, seat_tier: str | None = None) -> Plan:
    return Plan(
        name=name,
        organization_type=organization_type,
        rate_limit_tier=tier,
        seat_tier=seat_tier,
        has_max=organization_type == "claude_max",
        has_pro=organization_type == "claude_pro",
        five_hour_capacity=size * 4e8,
        seven_day_capacity=size * 32e8,
    )


PLANS = {
    plan.name: plan
    for plan in (
        _plan("pro", "claude_pro", "default_claude_ai", 1.0),
        _plan("max5", "claude_max", "default_claude_max_5x", 5.0),
        _plan("max20", "claude_max", "default_claude_max_20x", 20.0),
        _plan("team", "claude_team", "claude_team", 1.25, "team_standard"),
        _plan("team-premium", "claude_team", "claude_team", 6.25, "team_tier_1"),
    )
}


@dataclass(slots=True)
class AccessToken:
    """A bearer token."""

    expires_at: float
    scopes: tuple[str, ...]
    revoked: bool = False


@dataclass(slots=True)
class RefreshToken:
    """A refresh token: good for one refresh."""

    scopes: tuple[str, ...]
    expires_at: float
    family: int
    """Tokens that came from one sign-in."""
    client_id: str | None = None
    """Who may spend it; None for seeded ones, which anyone may."""
    spent: int = 0
    """Successful refreshes: never more than one."""
    refused: int = 0
    """Attempts after it was dead."""
    revoked: bool = False


@dataclass(slots=True)
class ScopedWindow:
    """A weekly window that counts one family of models only."""

    family: str
    display_name: str
    header: str
    """As response headers name it: `7d_oi`."""
    claim: str
    window: Window


@dataclass(slots=True)
class ExtraUsage:
    """What is paid beyond the plan, in cents."""

    enabled: bool = False
    monthly_limit: float | None = None
    used: float = 0.0
    disabled_reason: str | None = None

    @property
    def pays(self) -> bool:
        """Whether it covers a request now."""
        room = self.monthly_limit is None or self.used < self.monthly_limit
        return self.enabled and self.disabled_reason is None and room


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a login is."""

    label: str
    email: str
    account_uuid: str
    organization_uuid: str
    organization: str


@dataclass(slots=True, kw_only=True)
class Login:
    """One person's login in one organisation, and the tokens it holds."""

    label: str
    email: str
    account_uuid: str
    organization_uuid: str
    organization: str
    access: dict[str, AccessToken] = field(default_factory=dict, repr=False)
    refresh: dict[str, RefreshToken] = field(default_factory=dict, repr=False)
    families: int = 0
    minted: int = 0
    seeded: bool = True
    """Whether its tokens are handed out at start; others can only be signed in to."""


@dataclass(slots=True, kw_only=True)
class Subscription(Login):
    """A Claude subscription."""

    plan: Plan
    five_hour: Window
    seven_day: Window
    scoped: list[ScopedWindow] = field(default_factory=list)
    extra: ExtraUsage = field(default_factory=ExtraUsage)
    usage_reads: RollingCount = field(default_factory=lambda: RollingCount(3600.0))
    usage_regime: UsageRegime = "saturated"
    usage_blocked_until: float | None = None
    usage_shape: UsageShape = "full"
    policy: Policy | None = None
    """Why model requests through this login are refused, if they are."""
    organization_disabled: bool = False
    cache: dict[str, float] = field(default_factory=dict, repr=False)
    """Cached prompt prefixes and when they are forgotten."""

    def scope_for(self, family: str) -> ScopedWindow | None:
        return next((scoped for scoped in self.scoped if scoped.family == family), None)


@dataclass(slots=True)
class ApiKey:
    """A Console API key, or a Console login in its place, and the limits a minute that it comes under."""

    label: str
    key: str | None = field(repr=False)
    """None where a login pays: then there is nothing to send in `x-api-key`."""
    organization_uuid: str
    requests: Bucket
    input_tokens: Bucket
    output_tokens: Bucket
    seeded: bool = True
    active: bool = True
    credit_cents: float | None = None
    """Prepaid credit; None is unlimited."""
    spend_limit_reached: bool = False
    cache: dict[str, float] = field(default_factory=dict, repr=False)


@dataclass(slots=True, kw_only=True)
class ConsoleProfile(Login):
    """A Console login (`ant auth login`): tokens like a subscription's, billed and limited like an API key."""

    payer: ApiKey
    client_id: str


def new_subscription(identity: Identity, plan: str) -> Subscription:
    """A subscription with idle windows of its plan's size."""
    terms = PLANS[plan]
    subscription = Subscription(
        **asdict(identity),
        plan=terms,
        five_hour=Window(FIVE_HOURS, terms.five_hour_capacity),
        seven_day=Window(SEVEN_DAYS, terms.seven_day_capacity),
    )
    weekly = Window(SEVEN_DAYS, terms.seven_day_capacity / 2)
    if terms.name == "team-premium":
        subscription.scoped.append(ScopedWindow("opus", "Opus", "7d_opus", "seven_day_opus", weekly))
    if terms.has_max:
        subscription.scoped.append(ScopedWindow("fable", "Fable", "7d_oi", "seven_day_overage_included", weekly))
    return subscription
