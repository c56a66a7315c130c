"""What HTTP headers say about time: how long to wait, and how far our clock is off."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH_FROM = 1_000_000_000
"""A bare number from here on is a moment, not a wait: as a wait it would be longer than thirty years."""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait as `retry-after-ms` or `retry-after` says: seconds, an HTTP date, RFC 3339 or epoch seconds.

    None when neither is there or can be read; 0.0 when it says now (which is not the same: see the usage endpoint).
    """
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return max(0.0, milliseconds / 1000)
    said = headers.get("retry-after", "").strip()
    if (number := _number(said)) is not None:
        return max(0.0, number - now if number >= _EPOCH_FROM else number)
    moment = http_date(said)
    if moment is None:
        moment = rfc3339(said)
    return None if moment is None else max(0.0, moment - now)


def rfc3339(text: object) -> float | None:
    """Epoch seconds of an RFC 3339 time; one without a zone is UTC; None for anything else."""
    if not isinstance(text, str) or len(text) < len("2026-01-01T00"):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def http_date(text: str) -> float | None:
    """Epoch seconds of an HTTP date; None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def clock_offset(headers: Mapping[str, str], now: float) -> float | None:
    """How many seconds the server's clock is ahead of ours, to the second; None without a `Date`."""
    server = http_date(headers.get("date", ""))
    return None if server is None else server - now


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
