"""Rate-limit headers, both families, as quota windows.

Subscriptions get `anthropic-ratelimit-unified-<window>-{status,utilization,reset}`: fractions, epoch seconds.
API keys get `anthropic-ratelimit-<what>-{limit,remaining,reset}`: integers, RFC 3339.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rota.providers.anthropic.fields import number
from rota.providers.anthropic.windows import EXTRA, LENGTHS, read_name, window_key, window_label
from rota.providers.timing import rfc3339
from rota.quota import QuotaWindow, Source, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PREFIX = "anthropic-ratelimit-"
_UNIFIED = "unified-"
_FIGURES = frozenset({"status", "utilization", "limit", "remaining", "reset"})

_STATUSES = {"allowed_warning": "warning"}
_CLASSIC_UNITS = {
    "requests": Unit.REQUESTS,
    "tokens": Unit.TOKENS,
    "input-tokens": Unit.TOKENS,
    "output-tokens": Unit.TOKENS,
}


def quota_windows(headers: Mapping[str, str], now: float, model: str | None = None) -> tuple[QuotaWindow, ...]:
    """Every window the headers of an answer for `model` speak of, those that nobody has described included."""
    said = {
        name[len(_PREFIX) :].lower(): value.strip()
        for name, value in headers.items()
        if name[: len(_PREFIX)].lower() == _PREFIX
    }
    return (*_unified(said, now, model), *_classic(said, now)) if said else ()


def rejected(windows: tuple[QuotaWindow, ...]) -> tuple[QuotaWindow, ...]:
    """The windows that stopped a request. Extra usage is not one: its refusal is routine where it is off."""
    return tuple(w for w in windows if w.status == "rejected" and w.counts)


def _unified(headers: Mapping[str, str], now: float, model: str | None) -> Iterator[QuotaWindow]:
    headers = {name.removeprefix(_UNIFIED): value for name, value in headers.items() if name.startswith(_UNIFIED)}
    if not headers:
        return
    groups = _grouped(headers)
    seen = {w.key: w for name, said in groups.items() if (w := _window(name, said, now, model)) is not None}
    if headers.get("status") == "rejected" and not rejected(tuple(seen.values())):
        # Some refusals name the window only as the representative claim.
        claim = headers.get("representative-claim", "")
        said = {"status": "rejected", "reset": headers.get("reset", "")}
        if claim and (window := _window(claim, said, now, model)) is not None and window.counts:
            known = seen.get(window.key)
            seen[window.key] = window if known is None else replace(known, status="rejected")
    yield from seen.values()


def _window(name: str, said: Mapping[str, str], now: float, model: str | None) -> QuotaWindow | None:
    period, scope = read_name(name, model)
    utilization = _number(said.get("utilization"))
    status = said.get("status", "").casefold() or None
    extra = period == EXTRA
    if utilization is None and (extra or status != "rejected"):
        return None  # it would replace a figure that the usage endpoint gave by none
    return QuotaWindow(
        key=window_key(period, scope),
        label=window_label(period, scope),
        utilization=utilization,
        observed_at=now,
        source=Source.HEADERS,
        resets_at=_number(said.get("reset")) or None,
        length=LENGTHS.get(period),
        scope=scope,
        status=_STATUSES.get(status, status) if status else None,
        counts=not extra,
    )


def _classic(headers: Mapping[str, str], now: float) -> Iterator[QuotaWindow]:
    for name, said in _grouped({n: v for n, v in headers.items() if not n.startswith(_UNIFIED)}).items():
        limit, remaining = _number(said.get("limit")), _number(said.get("remaining"))
        if limit is None or remaining is None or limit <= 0:
            continue
        yield QuotaWindow(
            key=name,
            label=name.replace("-", " "),
            utilization=1.0 - remaining / limit,
            observed_at=now,
            source=Source.HEADERS,
            unit=_CLASSIC_UNITS.get(name, Unit.TOKENS if name.endswith("tokens") else Unit.REQUESTS),
            used=limit - remaining,
            limit=limit,
            resets_at=rfc3339(said.get("reset")),
            # A family of another tier (priority, fast) does not stop an ordinary request.
            counts=name in _CLASSIC_UNITS,
        )


def _grouped(headers: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By window, what is said of each: `5h-status` is of `5h`."""
    groups: dict[str, dict[str, str]] = {}
    for header, value in headers.items():
        name, _, what = header.rpartition("-")
        if name and what in _FIGURES:
            groups.setdefault(name, {})[what] = value
    return groups


def _number(said: str | None) -> float | None:
    try:
        return number(float(said)) if said else None
    except ValueError:
        return None
