"""What is asked of the pool and what it gives back: values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.values import dataclass

if TYPE_CHECKING:
    from rota.account import Account
    from rota.errors import Attempt
    from rota.events import RequestServed
    from rota.providers.base import Credential, Provider, Reply


@dataclass(frozen=True, slots=True)
class Ask:
    """How a request is to be served."""

    model: str
    provider: str | None = None
    """None: found by the model's name."""
    account_id: str | None = None
    """Only this account."""
    session: str | None = None
    """The caller's own id of the session; None: told by the conversation's opening."""
    client: str = "rota"
    """Who asks: `chat`, `cli`, a gateway key's name, …"""
    fallback: bool | None = None
    """Whether another model may serve; None: as the settings say."""
    request_id: str | None = None
    """What the log calls the request; None: made up."""
    if_left: str = "The caller went away"
    """What the log says where the asker ends it before its end."""
    deadline_s: float | None = None
    """Seconds after which no attempt is begun; None: as the settings say."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One try: this account, this model, now."""

    request_id: str
    account: Account
    provider: Provider
    model: str
    credential: Credential
    reason: str
    """Why this account."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A try that failed before anything was passed on, and what comes next."""

    attempt: Attempt
    next_step: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a served request amounted to, as far as it is known."""

    model: str
    """The model that answered, as the provider names it."""
    finish: str = "stop"
    input_tokens: int = 0
    """All that went in, cached or not."""
    output_tokens: int = 0
    cached_tokens: int = 0
    """Of the input: read from a cache."""
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A whole answer, and how it came about."""

    reply: Reply
    story: RequestServed
