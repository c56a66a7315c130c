"""Who signed in: the bodies of `GET /api/oauth/profile` and of the token endpoint as an `Identity`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.account import Identity, Kind
from rota.providers.anthropic.fields import Fields, fields, text

if TYPE_CHECKING:
    from rota.providers.base import Credential

_PLANS = {"claude_pro": "Pro", "claude_max": "Max", "claude_team": "Team", "claude_enterprise": "Enterprise"}


def read_identity(body: Fields, kind: Kind) -> Identity | None:
    """Account and organisation together are the identity: one email can own several organisations.

    None when the body does not say both, as a token answer may not.
    """
    account, organization = fields(body.get("account")), fields(body.get("organization"))
    account_id, organization_id = text(account.get("uuid")), text(organization.get("uuid"))
    if account_id is None or organization_id is None:
        return None
    return Identity(
        key=f"{account_id}/{organization_id}",
        kind=kind,
        email=text(account.get("email")) or text(account.get("email_address")),
        plan=plan(account, organization),
        name=text(account.get("display_name")) or text(account.get("full_name")),
        organization=text(organization.get("name")) or organization_id,
    )


def plan(account: Fields, organization: Fields) -> str | None:
    """The plan as people say it: `Max 20x`, `Pro`, `Team Premium`; None when nothing tells."""
    tier = text(organization.get("rate_limit_tier")) or ""
    said = _PLANS.get(text(organization.get("organization_type")) or "")
    if said is None:
        said = next((p for p in ("Max", "Pro", "Team", "Enterprise") if p.casefold() in tier.split("_")), None)
    if said is None:
        said = "Max" if account.get("has_claude_max") is True else None
    if said is None:
        said = "Pro" if account.get("has_claude_pro") is True else None
    if said == "Max":
        factor = next((word for word in reversed(tier.split("_")) if word.endswith("x") and word[:-1].isdigit()), "")
        return f"Max {factor}".strip()
    if said == "Team" and organization.get("seat_tier") == "team_tier_1":
        return "Team Premium"
    return said


def unprofiled(credential: Credential, organization: str | None) -> Identity:
    """Who somebody is that may not read its own profile: a key, a setup-token, a Console login."""
    if credential.kind is Kind.API_KEY:
        key = f"key-{credential.secret.fingerprint()}"
    elif credential.kind is Kind.CONSOLE_PROFILE and organization is not None:
        key = f"console-{organization}"  # its tokens rotate, so no fingerprint names it for long
    else:
        key = f"token-{credential.secret.fingerprint()}"
    return Identity(
        key=key,
        kind=credential.kind,
        plan=None if credential.kind is Kind.SUBSCRIPTION else "API",
        organization=organization,
    )
