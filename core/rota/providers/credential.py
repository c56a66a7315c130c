"""How a credential lies in the vault: one line of JSON, read back strictly."""

from __future__ import annotations

import json
from typing import Any

from rota.account import Kind
from rota.errors import VaultError
from rota.providers.base import Credential
from rota.secret import Secret

_VERSION = 1
_SECRETS = ("secret", "refresh")
_TIMES = ("expires_at", "login_expires_at")
_NAMES = ("client_id", "owner", "provider")
_FIELDS = frozenset({"v", "kind", "scopes", *_SECRETS, *_TIMES, *_NAMES})


def seal(credential: Credential) -> Secret:
    """The credential as the one secret that the vault keeps for its account."""
    entry: dict[str, Any] = {"v": _VERSION, "kind": credential.kind.value, "secret": credential.secret.reveal()}
    if credential.refresh is not None:
        entry["refresh"] = credential.refresh.reveal()
    if credential.scopes:
        entry["scopes"] = list(credential.scopes)
    for name in (*_TIMES, *_NAMES):
        value = getattr(credential, name)
        if value is not None:
            entry[name] = value
    return Secret(json.dumps(entry, ensure_ascii=False, separators=(",", ":")))


def unseal(sealed: Secret) -> Credential:
    """The credential that `seal` wrote.

    Raises:
        VaultError: it is not an entry of this version of rota; what it holds is never quoted.
    """
    try:
        entry = json.loads(sealed.reveal())
    except (ValueError, RecursionError):
        # From None: the decoder's exception carries the whole text, secret included.
        raise _unreadable("it is not JSON") from None
    if not isinstance(entry, dict):
        raise _unreadable("it is not an object")
    if entry.get("v") != _VERSION:
        raise _unreadable("another version of rota wrote it")
    if unknown := sorted(entry.keys() - _FIELDS):
        raise _unreadable(f"it has {len(unknown)} unknown field(s)")
    secret = _text(entry, "secret")
    if not secret:
        raise _unreadable("it holds no secret")
    refresh = _text(entry, "refresh")
    return Credential(
        kind=_kind(entry),
        secret=Secret(secret),
        refresh=Secret(refresh) if refresh else None,
        expires_at=_time(entry, "expires_at"),
        login_expires_at=_time(entry, "login_expires_at"),
        scopes=_scopes(entry),
        client_id=_text(entry, "client_id"),
        owner=_text(entry, "owner"),
        provider=_text(entry, "provider"),
    )


def _kind(entry: dict[str, Any]) -> Kind:
    try:
        return Kind(_text(entry, "kind") or "")
    except ValueError:
        raise _unreadable("its kind is unknown") from None


def _text(entry: dict[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise _unreadable(f"its `{name}` is not text")
    return value


def _time(entry: dict[str, Any], name: str) -> float | None:
    value = entry.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _unreadable(f"its `{name}` is not a time")
    return float(value)


def _scopes(entry: dict[str, Any]) -> tuple[str, ...]:
    value = entry.get("scopes", [])
    if not isinstance(value, list) or not all(isinstance(scope, str) for scope in value):
        raise _unreadable("its `scopes` are not a list of names")
    return tuple(value)


def _unreadable(why: str) -> VaultError:
    return VaultError(
        f"The vault's entry for this account cannot be read: {why}.", hint="Sign in to the account again."
    )
