"""Rate limits of the messages API: which apply, what their headers say, when a request is turned away."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.simulator.anthropic.errors import refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from rota.simulator.anthropic.models import ClaudeModel
    from rota.simulator.anthropic.state import ApiKey, Subscription
    from rota.simulator.windows import Window

OVER_LIMIT = "This request would exceed your account's rate limit. Please try again later."
WARN_FIVE_HOUR = 0.9
WARN_SEVEN_DAY = 0.75


@dataclass(frozen=True, slots=True)
class Claim:
    """One window as response headers speak of it."""

    header: str
    claim: str
    window: Window
    forced: bool = False
    """Shown as rejected whatever it holds."""

    def utilization(self, now: float) -> float:
        used = self.window.utilization(now)
        return max(used, 1.0) if self.forced else used

    def status(self, now: float) -> str:
        used = self.utilization(now)
        if used >= 1.0:
            return "rejected"
        return "allowed_warning" if used >= (WARN_FIVE_HOUR if self.header == "5h" else WARN_SEVEN_DAY) else "allowed"

    def resets_at(self, now: float) -> float:
        return self.window.resets_at if self.window.resets_at is not None else now + self.window.seconds


def claims_for(subscription: Subscription, model: ClaudeModel | None, forced: str | None = None) -> list[Claim]:
    """The windows that count a request for this model; `forced` names one to show as rejected."""
    claims = [
        Claim("5h", "five_hour", subscription.five_hour, forced == "limited-5h"),
        Claim("7d", "seven_day", subscription.seven_day, forced == "limited-7d"),
    ]
    scoped = subscription.scope_for(model.family.name) if model else None
    if scoped is not None:
        claims.append(Claim(scoped.header, scoped.claim, scoped.window, forced == "limited-model"))
    elif forced == "limited-model":
        claims.append(Claim("7d_oi", "seven_day_overage_included", subscription.seven_day, forced=True))
    return claims


def unified_headers(subscription: Subscription, claims: list[Claim], now: float) -> dict[str, str]:
    """The `anthropic-ratelimit-unified-*` family."""
    values: dict[str, str] = {}
    rejected = [claim for claim in claims if claim.status(now) == "rejected"]
    extra = subscription.extra
    if rejected and extra.pays and not any(claim.forced for claim in rejected):
        status, representative, reset = "allowed", "overage", max(claim.resets_at(now) for claim in rejected)
    else:
        order = {"rejected": 2, "allowed_warning": 1, "allowed": 0}
        binding = max(claims, key=lambda claim: (order[claim.status(now)], claim.utilization(now)))
        if rejected:
            binding = max(rejected, key=lambda claim: claim.resets_at(now))
        status, representative, reset = binding.status(now), binding.claim, binding.resets_at(now)
    values["status"] = status
    values["reset"] = str(int(reset))
    values["representative-claim"] = representative
    for claim in claims:
        values[f"{claim.header}-status"] = claim.status(now)
        values[f"{claim.header}-utilization"] = f"{claim.utilization(now):.4g}"
        values[f"{claim.header}-reset"] = str(int(claim.resets_at(now)))
    if claims[1].status(now) == "allowed_warning":
        values["7d-surpassed-threshold"] = str(WARN_SEVEN_DAY)
        values["upgrade-paths"] = "upgrade_plan,overage"
    values["fallback-percentage"] = "0.5"
    if rejected:
        values["fallback"] = "available"
    values["overage-status"] = "allowed" if extra.pays else "rejected"
    if not extra.pays:
        values["overage-disabled-reason"] = extra.disabled_reason or (
            "org_spend_cap_reached" if extra.enabled else "org_level_disabled"
        )
    elif extra.monthly_limit:
        values["overage-utilization"] = f"{extra.used / extra.monthly_limit:.4g}"
    return {f"anthropic-ratelimit-unified-{name}": value for name, value in values.items()}


def check_windows(
    request: Request, subscription: Subscription, claims: list[Claim], now: float, headers: dict[str, str]
) -> bool:
    """Turn the request away when a window is spent; true when extra usage pays for it instead."""
    rejected = [claim for claim in claims if claim.status(now) == "rejected"]
    pays = subscription.extra.pays and not any(claim.forced for claim in rejected)
    if rejected and not pays:
        until = max(claim.resets_at(now) for claim in rejected)
        wait = str(max(1, math.ceil(until - now)))
        refuse(request, "rate_limit_error", OVER_LIMIT, headers={**headers, "retry-after": wait})
    return bool(rejected)


def classic_headers(key: ApiKey, now: float) -> dict[str, str]:
    """The `anthropic-ratelimit-*` family of API keys."""
    headers: dict[str, str] = {}
    tightest = min(
        (key.input_tokens, key.output_tokens), key=lambda bucket: bucket.remaining(now) / bucket.per_minute
    )
    for name, bucket in (
        ("requests", key.requests),
        ("tokens", tightest),
        ("input-tokens", key.input_tokens),
        ("output-tokens", key.output_tokens),
    ):
        headers[f"anthropic-ratelimit-{name}-limit"] = str(int(bucket.per_minute))
        headers[f"anthropic-ratelimit-{name}-remaining"] = str(bucket.remaining(now))
        headers[f"anthropic-ratelimit-{name}-reset"] = _rfc3339(bucket.full_at(now))
    return headers


def check_key(request: Request, key: ApiKey, input_tokens: int, now: float, headers: dict[str, str]) -> None:
    """Turn the request away when the organisation is out of money or of this minute's share."""
    if key.spend_limit_reached:
        refuse(
            request,
            "rate_limit_error",
            "You have reached your specified API usage limits.",
            code="enforced_spend_limit_reached",
            headers=headers,
        )
    if key.credit_cents is not None and key.credit_cents <= 0:
        refuse(
            request,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API."
            " Please go to Plans & Billing to upgrade or purchase credits.",
            headers=headers,
        )
    for bucket, wanted, unit in (
        (key.requests, 1, "requests"),
        (key.input_tokens, input_tokens, "input tokens"),
        (key.output_tokens, 1, "output tokens"),
    ):
        wait = bucket.wait_for(now, wanted)
        if wait > 0:
            refuse(
                request,
                "rate_limit_error",
                "This request would exceed your organization's rate limit of"
                f" {int(bucket.per_minute):,} {unit} per minute.",
                headers={**headers, "retry-after": str(max(1, math.ceil(wait)))},
            )


def _rfc3339(moment: float) -> str:
    return datetime.datetime.fromtimestamp(math.ceil(moment), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
