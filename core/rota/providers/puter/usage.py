"""What `whoami` and `metering/usage` say: who the account is, and what is left of its month."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rota.account import Identity, Kind
from rota.errors import ProviderError
from rota.providers.base import QuotaReport
from rota.providers.puter import classify, fields
from rota.quota import QuotaWindow, Source, Unit

if TYPE_CHECKING:
    from rota.providers.puter.fields import Record

_GATES = {
    "requires_email_confirmation": "email_confirmation_required",
    "requires_phone_verification": "phone_verification_required",
    "requires_card_verification": "card_verification_required",
}
"""whoami's flags, which it raises where other routes refuse with a code."""

_FREE_ALLOWANCE = 50_000_000
"""Microcents a month of a registered account without a plan, since 2026-08-14; guests and older servers give less."""
_LEAST = 1
"""Microcents below which Puter serves nothing at all (`ChatCompletionDriver`: `minimumCredits || 1`)."""


def identity(answer: Record) -> Identity:
    """Who a token belongs to. An account that must act first is an identity too, with its `gate` said.

    Raises:
        ProviderError: it is not an answer of whoami.
    """
    key = fields.text(answer, "uuid")
    if key is None:
        raise ProviderError(classify.unusable("Puter's whoami did not say who this is."))
    guest = _is_guest(answer)
    return Identity(
        key=key,
        kind=Kind.PUTER_GUEST if guest else Kind.PUTER,
        email=fields.text(answer, "email"),
        plan="Guest" if guest else _subscription(answer),
        name=fields.text(answer, "username"),
        gate=_gate(answer),
    )


def report(answer: Record, now: float) -> QuotaReport:
    """The month's window, and the purchased credits as money beside it when there are any.

    Purchased credits outlive the month and are spent after the allowance, so the month's limit is the allowance and
    what is left of them: the window is full exactly when nothing can be served any more.
    """
    info = fields.record(answer.get("allowanceInfo"))
    addons = fields.record(info.get("addons"))
    unit = Unit.CREDITS if info.get("unit") == "credits" else Unit.MICROCENTS
    bought = fields.number(addons, "purchasedCredits") or 0.0
    consumed = fields.number(addons, "consumedPurchaseCredits") or 0.0
    month = _month(answer, info, max(0.0, bought - consumed), unit, now)
    windows = [month]
    if bought > 0:
        windows.append(
            QuotaWindow(
                key="credits",
                label="purchased credits",
                utilization=consumed / bought,
                observed_at=now,
                source=Source.USAGE,
                unit=unit,
                used=consumed,
                limit=bought,
                counts=False,
            )
        )
    return QuotaReport(windows=tuple(windows))


def with_plan(who: Identity, answer: Record) -> Identity:
    """The identity with the plan that its allowance gives away; behind credits' secret multiplier none does."""
    info = fields.record(answer.get("allowanceInfo"))
    allowance = fields.number(info, "monthUsageAllowance")
    if allowance is None or info.get("unit") == "credits":
        return who
    return replace(who, plan="Free" if allowance <= _FREE_ALLOWANCE else "Paid")


def month_bounds(now: float) -> tuple[float, float]:
    """The calendar month around `now` in UTC, which is the one that Puter meters by."""
    start = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start.timestamp(), following.timestamp()


def _month(answer: Record, info: Record, bought_left: float, unit: Unit, now: float) -> QuotaWindow:
    start, end = month_bounds(now)
    allowance = fields.number(info, "monthUsageAllowance")
    remaining = fields.number(info, "remaining")
    if allowance is None:
        # An unlimited account: JSON has no infinity, so the server's becomes null.
        limit = used = utilization = None
    else:
        limit = allowance + bought_left
        if remaining is None:
            usage = fields.record(answer.get("usage"))
            remaining = limit - min(allowance, fields.number(usage, "allowanceUsed", "total") or 0.0)
        used = max(0.0, limit - remaining)
        utilization = used / limit if limit > 0 else 1.0
    nothing_left = remaining is not None and (remaining < _LEAST if unit is Unit.MICROCENTS else remaining <= 0)
    return QuotaWindow(
        key="month",
        label="month",
        utilization=utilization,
        observed_at=now,
        source=Source.USAGE,
        unit=unit,
        used=used,
        limit=limit,
        resets_at=end,
        length=end - start,
        status="rejected" if nothing_left else None,
    )


def _is_guest(answer: Record) -> bool:
    """A guest has neither password nor email; app tokens are not told the email, so only `is_temp` decides."""
    return fields.flag(answer, "is_temp") is True


def _gate(answer: Record) -> str | None:
    asked = [classify.gate_of(code) for flag, code in _GATES.items() if fields.flag(answer, flag) is True]
    return " ".join(asked) or None


def _subscription(answer: Record) -> str | None:
    """The plan, when whoami names one; what production puts there is closed source, so only a name is believed."""
    value = answer.get("subscription")
    name = value if isinstance(value, str) else fields.text(fields.record(value), "name", "tier")
    return name.strip() or None if name else None
