"""What commands that change something say of it as JSON: what is so now, and what was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.documents import attempt_document
from rota.errors import AllSpent, AmbiguousAccount, UnknownModel
from rota.status import SCHEMA, hold_document, iso

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rota.accounts import Removed
    from rota.snapshot import GatewayKey, Hold, Snapshot


def change_document(named: Collection[str], before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What became of some accounts, and of others with them: who served before, who moved aside.

    Args:
        named: ids of the accounts it was about.
        before: all accounts as they were, from `accounts_document`, seen from the same moment as `now`.
        now: all accounts as they are.
    """
    present = {account["id"]: account for account in now["accounts"]}
    return {
        "schema": SCHEMA,
        "at": now["at"],
        "accounts": [account for account in now["accounts"] if account["id"] in named],
        "before": [account for account in before["accounts"] if account != present.get(account["id"])],
    }


def lift_document(
    account: Mapping[str, Any] | None, model: str | None, hold: Hold | None, now: float
) -> dict[str, Any]:
    """What was given back, and what had held it."""
    return {
        "schema": SCHEMA,
        "at": iso(now),
        "account": account,
        "model": model,
        "lifted": hold_document(hold) if hold is not None else None,
    }


def remove_document(
    removed: Sequence[Removed], before: Mapping[str, Any], snapshot: Snapshot, *, purged: bool
) -> dict[str, Any]:
    """Who is gone, what stays at the provider, and who serves in their place.

    Args:
        before: all accounts as they were, from `accounts_document`.
        snapshot: what is so now.
    """
    were = {account["id"]: account for account in before["accounts"]}
    active = {
        provider: snapshot.account(choice.account_id)
        for provider in sorted({were[gone.account_id]["provider"] for gone in removed})
        if (choice := snapshot.active.get(provider)) is not None and choice.account_id is not None
    }
    return {
        "schema": SCHEMA,
        "at": before["at"],
        "removed": [
            {"account": were[gone.account_id], "remains": gone.remains, "url": gone.url or None} for gone in removed
        ],
        "purged": purged,
        "serving": [
            {"provider": provider, "account": {"id": heir.id, "label": heir.account.label}}
            for provider, heir in active.items()
            if heir is not None
        ],
    }


def key_document(key: GatewayKey) -> dict[str, Any]:
    """A gateway key's rules; not the key."""
    return {
        "name": key.name,
        "models": list(key.models),
        "max_share": key.max_share,
        "fingerprint": key.fingerprint,
        "made_at": iso(key.stamp[0]),
    }


def error_document(error: BaseException, kind: str, message: str, hint: str, exit_code: int) -> dict[str, Any]:
    """Why a command failed, with the fields that a caller acts on."""
    candidates: tuple[str, ...] = ()
    if isinstance(error, AmbiguousAccount):
        candidates = error.candidates
    elif isinstance(error, UnknownModel):
        candidates = error.nearest
    spent = error if isinstance(error, AllSpent) else None
    return {
        "schema": SCHEMA,
        "error": {
            "kind": kind,
            "message": message,
            "hint": hint or None,
            "exit_code": exit_code,
            "candidates": list(candidates),
            "retry_at": iso(spent.retry_at) if spent is not None else None,
            "attempts": [attempt_document(attempt) for attempt in spent.attempts] if spent is not None else [],
        },
    }
