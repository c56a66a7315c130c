"""Puter accounts as the server sees them: tier, gates, monthly credits, rate and concurrency, tokens."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any, Literal

from rota.simulator.windows import RollingCount

Tier = Literal["guest", "free", "paid"]
Gate = Literal["email", "phone", "card"]
TokenKind = Literal["session", "gui", "pat", "scoped", "app", "worker"]

ALLOWANCE: dict[Tier, float] = {"guest": 25e6, "free": 50e6, "paid": 1e9}
"""Microcents a month."""
REQUESTS_IN_TEN_SECONDS: dict[Tier, int] = {"guest": 20, "free": 30, "paid": 200}
CONCURRENT: dict[Tier, int] = {"guest": 2, "free": 3, "paid": 20}
TYPE_IN_TOKEN: dict[TokenKind, str] = {
    "session": "s",
    "gui": "gui",
    "pat": "t",
    "scoped": "t",
    "app": "au",
    "worker": "s",
}


@dataclass(slots=True)
class PuterToken:
    """A token and what became of it."""

    kind: TokenKind
    expires_at: float | None = None
    revoked: bool = False
    version: int = 2
    app_blocked: bool = False


@dataclass(slots=True)
class UsageRecord:
    """How much of one thing was used this month."""

    units: float = 0.0
    cost: float = 0.0
    count: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"units": _plain(self.units), "cost": _plain(self.cost), "count": self.count}


@dataclass(slots=True)
class PuterAccount:
    """One Puter user."""

    username: str
    uuid: str
    tier: Tier
    email: str | None
    created_at: float
    label: str = ""
    seeded: bool = True
    allowance: float = 0.0
    """Microcents a month."""
    allowance_used: float = 0.0
    unsettled: float = 0.0
    """Charged but not yet seen by the credit gate: metering is buffered."""
    purchased: float = 0.0
    purchased_used: float = 0.0
    month: str = ""
    records: dict[str, UsageRecord] = field(default_factory=dict)
    calls: int = 0
    gates: set[Gate] = field(default_factory=set)
    suspended: bool = False
    flagged: bool = False
    """Prompts are answered by fake-chat."""
    tokens: dict[str, PuterToken] = field(default_factory=dict, repr=False)
    minted: int = 0
    recent: RollingCount = field(default_factory=lambda: RollingCount(10.0))
    running: int = 0
    """Requests being served; a stream counts until it is drained."""
    held: float = 0.0
    """Microcents set aside for them."""

    def __post_init__(self) -> None:
        self.label = self.label or self.username
        self.allowance = self.allowance or ALLOWANCE[self.tier]

    @property
    def is_guest(self) -> bool:
        return self.tier == "guest"

    @property
    def subscription(self) -> str:
        """The policy id that a refusal names."""
        return {"guest": "temp_free", "free": "user_free", "paid": "basic"}[self.tier]

    def roll_month(self, now: float) -> None:
        """Start over on the first of a month, UTC."""
        month = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m")
        if month != self.month:
            if self.month:
                self.allowance_used = self.unsettled = 0.0
                self.records.clear()
                self.calls = 0
            self.month = month

    @property
    def remaining(self) -> float:
        """Microcents left as metering sees it: not counting what runs or has not settled."""
        addons = max(0.0, self.purchased - self.purchased_used)
        return max(0.0, self.allowance - self.allowance_used) + addons

    def set_remaining(self, microcents: float) -> None:
        self.unsettled = 0.0
        self.purchased = self.purchased_used = 0.0
        self.allowance_used = self.allowance - microcents

    def charge(self, usage_type: str, units: float, cost: float) -> None:
        record = self.records.setdefault(usage_type.replace(".", "_dot_"), UsageRecord())
        record.units += units
        record.cost += cost
        record.count += 1
        self.unsettled += cost

    def settle(self) -> None:
        """Let metering see what was charged: the allowance first, then what was bought."""
        within = min(self.unsettled, max(0.0, self.allowance - self.allowance_used))
        self.allowance_used += within
        self.purchased_used = min(self.purchased, self.purchased_used + self.unsettled - within)
        self.unsettled = 0.0


def _plain(number: float) -> float | int:
    return int(number) if number == int(number) else number
