"""The body of `GET /api/oauth/usage` as quota windows.

Units here: percent from 0 to 100, ISO times, money in minor units. `limits[]` is the modern source and the only one
for windows of a single model; the older fields give the same windows with finer figures.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rota.providers.anthropic.fields import Fields, fields, items, number, text
from rota.providers.anthropic.windows import (
    EXTRA,
    EXTRA_LABEL,
    LENGTHS,
    read_name,
    slug,
    window_key,
    window_label,
)
from rota.providers.timing import rfc3339
from rota.quota import QuotaWindow, Source, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {"session": "5h", "weekly_all": "7d", "weekly_scoped": "7d"}
_SEVERITIES = {"normal": "allowed", "warning": "warning", "critical": "warning"}
_NOT_WINDOWS = frozenset({"extra_usage", "spend", "limits"})

_ELSEWHERE = frozenset(
    {"cowork", "routines", "routine", "claude-routines", "design", "omelette", "omelette-promotional"}
)
"""Allowances of other Anthropic apps: shown, but no request of ours draws on them."""


def read_usage(body: Fields, now: float) -> tuple[QuotaWindow, ...]:
    """Every window the body has figures for. One that is null, or says null, is unknown and left out."""
    windows = {w.key: w for w in _listed(body, now)}
    for window in _named(body, now):
        listed = windows.get(window.key)
        windows[window.key] = window if listed is None else replace(window, status=listed.status)
    if (extra := _extra(body, now, pays=not any(w.counts for w in windows.values()))) is not None:
        windows[extra.key] = extra
    return tuple(windows.values())


def _listed(body: Fields, now: float) -> Iterator[QuotaWindow]:
    for entry in map(fields, items(body.get("limits"))):
        kind, percent = text(entry.get("kind")), number(entry.get("percent"))
        if kind is None or percent is None:
            continue
        scope = fields(entry.get("scope"))
        model = fields(scope.get("model"))
        name = text(model.get("display_name")) or text(model.get("id"))
        surface = text(scope.get("surface")) or text(fields(scope.get("surface")).get("display_name"))
        period = _KINDS.get(kind) or slug(kind)
        what = name or surface
        yield QuotaWindow(
            key=window_key(period, what),
            label=window_label(period) if what is None else f"{window_label(period)} {what}",
            utilization=percent / 100,
            observed_at=now,
            source=Source.USAGE,
            resets_at=_moment(entry.get("resets_at")),
            length=LENGTHS.get(period),
            scope=slug(name) if name else None,
            status=_SEVERITIES.get(text(entry.get("severity")) or ""),
            counts=surface is None,
        )


def _named(body: Fields, now: float) -> Iterator[QuotaWindow]:
    """The older fields: `five_hour`, `seven_day`, `seven_day_opus`, and names that nobody has explained."""
    for name, value in body.items():
        said = fields(value)
        percent = number(said.get("utilization"))
        if name in _NOT_WINDOWS or percent is None:
            continue
        period, scope = read_name(name)
        elsewhere = (scope or period) in _ELSEWHERE
        ours = scope == "oauth-apps"  # an app, not a model: it holds for all that a login like ours asks
        yield QuotaWindow(
            key=window_key(period, scope),
            label=window_label(period, scope),
            utilization=percent / 100,
            observed_at=now,
            source=Source.USAGE,
            resets_at=_moment(said.get("resets_at")),
            length=LENGTHS.get(period),
            scope=None if ours or elsewhere else scope,
            counts=not elsewhere,
        )


def _extra(body: Fields, now: float, *, pays: bool) -> QuotaWindow | None:
    """Extra usage, which is money. It stops a request only where nothing else does, as on spend-limit accounts."""
    said = fields(body.get("extra_usage"))
    if said.get("is_enabled") is not True:
        return None
    used, limit = number(said.get("used_credits")), number(said.get("monthly_limit"))
    percent = number(said.get("utilization"))
    share = percent / 100 if percent is not None else used / limit if used is not None and limit else None
    currency = text(said.get("currency")) or "USD"
    if currency == "USD":
        places = number(said.get("decimal_places"))
        cents = 10 ** (2 - int(places)) if places is not None and 0 <= places <= 9 else 1
        unit, label = Unit.USD_CENTS, EXTRA_LABEL
        used, limit = (None if n is None else n * cents for n in (used, limit))
    else:
        unit, label, used, limit = Unit.PERCENT, f"{EXTRA_LABEL} ({currency})", None, None
    return QuotaWindow(
        key=EXTRA,
        label=label,
        utilization=share,
        observed_at=now,
        source=Source.USAGE,
        unit=unit,
        used=used,
        limit=limit,
        status="rejected" if text(said.get("disabled_reason")) else None,
        counts=pays,
    )


def _moment(said: object) -> float | None:
    """To the second: the fraction jitters from call to call."""
    found = rfc3339(said)
    return None if found is None else float(round(found))
