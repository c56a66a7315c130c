"""Quota windows: what is used, of how much, until when, and how we know. Pure arithmetic."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable


class Source(StrEnum):
    """Where a figure came from."""

    HEADERS = "headers"
    USAGE = "usage"
    FILE = "file"


class Unit(StrEnum):
    """What a window counts."""

    PERCENT = "percent"
    REQUESTS = "requests"
    TOKENS = "tokens"
    MICROCENTS = "microcents"
    """Puter's money: 100 000 000 microcents are one dollar."""
    CREDITS = "credits"
    """Puter's money behind a secret multiplier: never shown as dollars."""
    USD_CENTS = "usd-cents"


@dataclass(frozen=True, slots=True)
class QuotaWindow:
    """One quota window as last seen. `None` is unknown, never zero."""

    key: str
    """Stable within an account: `5h`, `7d`, `7d:Fable`, `month`, `requests`, `input-tokens`, `extra` …"""
    label: str
    """For people: `5h`, `7d`, `7d Fable`, `month`, `extra usage`."""
    utilization: float | None
    """Used share, 0.0 to 1.0 and beyond (1.04 is seen); kept raw, clamped when drawn."""
    observed_at: float
    """When it was true, epoch seconds."""
    source: Source
    unit: Unit = Unit.PERCENT
    used: float | None = None
    limit: float | None = None
    resets_at: float | None = None
    """Epoch seconds; None when unknown or the window has not opened."""
    length: float | None = None
    """Seconds from opening to reset, when fixed."""
    scope: str | None = None
    """A model's display name or family (lower case matches); None is the whole account."""
    status: str | None = None
    """`allowed`, `warning`, `rejected`, as the provider says."""
    counts: bool = True
    """False for what is shown but never stops a request: extra usage that is off, a money report."""

    def headroom(self, now: float) -> float | None:
        """Share left, 0.0 to 1.0; None when unknown (also after its reset has passed)."""
        if self.utilization is None or self.expired(now):
            return None
        return min(1.0, max(0.0, 1.0 - self.utilization))

    def expired(self, now: float) -> bool:
        """Whether its reset has passed, so that its figure says nothing until asked again."""
        return self.resets_at is not None and self.resets_at <= now

    def applies_to(self, model: str | None) -> bool:
        """Whether a request for `model` draws on it; an unscoped window applies to everything."""
        if self.scope is None:
            return True
        return model is not None and self.scope.casefold() in model.casefold()

    def spent(self, now: float) -> bool:
        """Whether it is known to have nothing left now."""
        if not self.counts or self.expired(now):
            return False
        return self.status == "rejected" or (self.utilization is not None and self.utilization >= 1.0)


def newest(known: QuotaWindow | None, seen: QuotaWindow) -> QuotaWindow:
    """The truer of two sights of one window: the later one, whichever source it came from.

    Two sights of the same instant are decided by their content, so that the order of arrival never matters.
    """
    if known is None or seen.observed_at > known.observed_at:
        return seen
    if seen.observed_at < known.observed_at:
        return known
    return max(known, seen, key=repr)


def binding(windows: Iterable[QuotaWindow], model: str | None, now: float) -> QuotaWindow | None:
    """The window that will stop a request for `model` first: the fullest known one that applies."""
    applicable = [w for w in windows if w.counts and w.applies_to(model) and w.headroom(now) is not None]
    return min(applicable, key=lambda w: (w.headroom(now) or 0.0, w.key), default=None)


def spent_until(windows: Iterable[QuotaWindow], model: str | None, now: float) -> float | None:
    """When the last of the spent windows for `model` resets; None when none is known to be spent."""
    resets = [w.resets_at for w in windows if w.applies_to(model) and w.spent(now) and w.resets_at is not None]
    return max(resets, default=None)


def sample_width(length: float | None) -> float:
    """How many seconds one kept sample of a window of this length stands for."""
    return 300.0 if length is None else max(60.0, length / 60.0)
