"""Everything rota raises, in one tree.

    RotaError
    ├── UsageError            the caller asked for something that cannot be (unknown account, bad option)
    │   ├── UnknownAccount        no account goes by that name
    │   ├── AmbiguousAccount      several accounts go by that name
    │   └── UnknownModel          no present account serves that model
    ├── NothingConfigured     there is no account that could do this
    ├── ConfigError           a settings file says something it may not
    ├── StoreError            a file of ours cannot be used as it is
    │   ├── LogDamaged            the log was unreadable and has been moved aside
    │   └── LogTooNew             the log was written by a newer rota
    ├── VaultError            the secret store failed
    │   ├── VaultLocked           it is there, but locked
    │   └── SecretMissing         it holds no secret for this account
    ├── SignInFailed          a sign-in did not complete; nothing was kept
    ├── ProviderError         a provider answered something other than success; `failure` says what it means
    └── AllSpent              every account and model that could serve was tried or is held

Each carries a sentence for people (`str(error)`), `hint` (what to do next) and the fields a caller acts on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from rota.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from rota.quota import QuotaWindow


class Meaning(StrEnum):
    """What a provider's answer means, and so what the pool does next (DESIGN section 5)."""

    LIMITED = "limited"
    """This account's quota window is spent: cool the account, next account."""
    THROTTLED = "throttled"
    """A per-minute or concurrency limit: a short wait on the same account if it fits, else one hop."""
    MODEL_LIMITED = "model-limited"
    """This model is limited for everybody: cool the model, next model."""
    MODEL_UNAVAILABLE = "model-unavailable"
    """This model does not exist or is not open to this account: next model."""
    CREDITS_EXHAUSTED = "credits-exhausted"
    """This account cannot pay for this request: confirm with usage, then cool to the month's end."""
    LOGIN_DEAD = "login-dead"
    """The token was refused: one refresh, then needs-login, next account."""
    GATED = "gated"
    """The person must act at the provider: say what and where, next account."""
    OVERLOADED = "overloaded"
    """The provider is overloaded or broken: bounded retry with jitter, same account."""
    NETWORK = "network"
    """No usable answer arrived: bounded retry with jitter, same account."""
    REFUSED = "refused"
    """The provider says no to this use: show it as it is; never try another account."""
    BAD_REQUEST = "bad-request"
    """The caller's fault: give it back at once."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One unsuccessful answer, classified. Holds no secret: `message` is redacted before it gets here."""

    meaning: Meaning
    message: str
    """The provider's own words, or ours when it said nothing usable."""
    status: int | None = None
    """HTTP status; None when none arrived or the failure came inside a 200 stream."""
    code: str | None = None
    """The provider's machine-readable type or code."""
    retry_after: float | None = None
    """Seconds to wait, as the provider gave them."""
    until: float | None = None
    """When the limit ends, epoch seconds, as the provider gave it."""
    window: str | None = None
    """Key of the quota window that was rejected, when known."""
    scope: str | None = None
    """The model to which a `limited` is confined: only it is held on this account. None: the whole account."""
    action: str | None = None
    """What the person must do, for `gated`."""
    action_url: str | None = None
    request_id: str | None = None
    """The provider's id for the request."""
    retryable_here: bool = True
    """False when sending the same request again could never succeed (a spend limit, say)."""


class RotaError(Exception):
    """Anything rota raises on purpose."""

    hint: str = ""
    """What to do next, in one sentence; empty when the message says it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint

    @property
    def in_full(self) -> str:
        """What happened and what to do next, in one line."""
        what = str(self)
        if not self.hint:
            return what
        # What a provider said ends as it likes.
        return f"{what}{'' if what.endswith(('.', '!', '?')) else '.'} {self.hint}"


class UsageError(RotaError):
    """The caller asked for something that cannot be."""


class UnknownAccount(UsageError):
    """No account goes by that name."""


class AmbiguousAccount(UsageError):
    """Several accounts go by that name; `candidates` are their labels."""

    def __init__(self, message: str, candidates: tuple[str, ...]) -> None:
        super().__init__(message, hint="Say one of: " + ", ".join(candidates))
        self.candidates = candidates


class UnknownModel(UsageError):
    """No present account serves that model; `nearest` are the closest names."""

    def __init__(self, model: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(
            f"No account here serves a model called {model}.",
            hint=f"Nearest: {', '.join(nearest)}" if nearest else "See `rota models` for what there is.",
        )
        self.model = model
        self.nearest = nearest


class NothingConfigured(RotaError):
    """There is no account that could do this."""

    hint = "Add one with `rota login anthropic --api-key` or `rota login puter`."


class ConfigError(RotaError):
    """A settings file or value is not allowed; `path` is the file, `key` the dotted setting."""

    def __init__(self, message: str, *, path: Path | None = None, key: str | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.key = key


class StoreError(RotaError):
    """A file of ours cannot be used as it is; `path` is the file."""

    def __init__(self, message: str, *, path: Path, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class LogDamaged(StoreError):
    """The log was unreadable; `path` is where it was moved to."""


class LogTooNew(StoreError):
    """The log was written by a newer rota and is left alone."""


class VaultError(RotaError):
    """The secret store failed."""


class VaultLocked(VaultError):
    """The secret store is there but locked."""


class SecretMissing(VaultError):
    """The secret store holds no secret for this account."""


class SignInFailed(RotaError):
    """A sign-in did not complete; nothing was kept."""


class ProviderError(RotaError):
    """A provider answered something other than success; `failure` says what it means."""

    def __init__(self, failure: Failure, *, windows: tuple[QuotaWindow, ...] = ()) -> None:
        super().__init__(failure.message, hint=failure.action or "")
        self.failure = failure
        self.windows = windows
        """What the answer's headers said of the account's quota, refusals included."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one account and model, and why it did not serve."""

    account_id: str
    account_label: str
    model: str
    meaning: Meaning
    message: str
    status: int | None = None
    waited: float = 0.0
    """Seconds waited before this try."""
    took: float = 0.0
    """Seconds until it failed."""


class AllSpent(RotaError):
    """Every account and model that could serve was tried or is held."""

    def __init__(self, message: str, *, attempts: tuple[Attempt, ...] = (), retry_at: float | None = None) -> None:
        super().__init__(message)
        self.attempts = attempts
        self.retry_at = retry_at
        """Epoch seconds when the first of them comes back; None when none is known to."""
