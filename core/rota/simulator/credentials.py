"""The seeded credentials of a world, and what became of its refresh tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.simulator.anthropic.state import Subscription
from rota.simulator.calls import fingerprint

if TYPE_CHECKING:
    from rota.simulator.anthropic.state import ConsoleProfile
    from rota.simulator.puter.state import PuterAccount
    from rota.simulator.world import World


def credentials_of(world: World) -> list[dict[str, Any]]:
    """Every seeded credential with its secret, which is a recognisable fake.

    Each has `provider`, `kind` (as rota names it), `label` and `secret`; logins have their refresh token as well.
    """
    keys = [
        {"provider": "anthropic", "kind": "api-key", "label": key.label, "secret": key.key}
        for key in world.api_keys.values()
        if key.seeded
    ]
    return [
        *(_login(login) for login in world.logins().values() if login.seeded),
        *keys,
        *(_puter(account) for account in world.puter.values() if account.seeded),
    ]


def refreshes_of(world: World) -> list[dict[str, Any]]:
    """How often each refresh token was spent and refused."""
    return [
        {
            "account": login.label,
            "token": fingerprint(token),
            "family": record.family,
            "spent": record.spent,
            "refused": record.refused,
            "revoked": record.revoked,
        }
        for login in world.logins().values()
        for token, record in login.refresh.items()
    ]


def _login(login: Subscription | ConsoleProfile) -> dict[str, Any]:
    token, access = next(iter(login.access.items()))
    refresh, record = next(iter(login.refresh.items()))
    return {
        "provider": "anthropic",
        "kind": "subscription" if isinstance(login, Subscription) else "console-profile",
        "label": login.label,
        "email": login.email,
        "plan": login.plan.name if isinstance(login, Subscription) else None,
        "secret": token,
        "access_token": token,
        "refresh_token": refresh,
        "expires_at": access.expires_at,
        "refresh_expires_at": record.expires_at,
        "client_id": record.client_id,
        "scopes": list(access.scopes),
        "account_uuid": login.account_uuid,
        "organization_uuid": login.organization_uuid,
    }


def _puter(account: PuterAccount) -> dict[str, Any]:
    token, record = next(iter(account.tokens.items()))
    return {
        "provider": "puter",
        "kind": "puter-guest" if account.is_guest else "puter",
        "label": account.label,
        "email": account.email,
        "tier": account.tier,
        "uuid": account.uuid,
        "token_kind": record.kind,
        "secret": token,
    }
