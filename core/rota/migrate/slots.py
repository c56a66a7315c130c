"""Logins inside other tools' JSON files: where each stands, and the file's text with one of them renewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rota.migrate import anthropic_accounts, console_profiles, jsonc, multi_account, opencode_auth
from rota.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from rota.migrate.jsonc import KeyPath
    from rota.migrate.places import Places
    from rota.providers.base import Credential


@dataclass(frozen=True, slots=True)
class Slot:
    """One login in a file."""

    name: str
    """As `Place.slot` has it."""
    where: KeyPath
    lineage: str
    """The fingerprint of its refresh token."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What a tool calls the parts of a login."""

    access: tuple[str, ...]
    refresh: tuple[str, ...]
    expires: tuple[str, ...]
    millis: bool = True


_FORMS = {
    opencode_auth.NAME: _Form(("access",), ("refresh",), ("expires",)),
    anthropic_accounts.NAME: _Form(("access",), ("refresh",), ("expires",)),
    multi_account.NAME: _Form(("access", "accessToken"), ("refresh", "refreshToken"), ("expires", "expiresAt")),
    console_profiles.NAME: _Form(("access_token",), ("refresh_token",), ("expires_at",), millis=False),
}

SHAREABLE = frozenset(_FORMS)
"""The sources whose files rota can write a renewed login back to."""


def files(places: Places) -> tuple[tuple[str, Path], ...]:
    """The files, by source, in which a login of rota's may stand though no link says so."""
    return (
        (opencode_auth.NAME, places.opencode_data / "auth.json"),
        *((found.source, found.path) for found in anthropic_accounts.find(places) if found.path is not None),
        *((multi_account.NAME, path) for path in multi_account.files(places)),
    )


def slots(source: str, document: Any, path: Path) -> tuple[Slot, ...]:
    """Every login with a refresh token in a file."""
    form = _FORMS[source]
    found = []
    for name, where, value in _entries(source, document, path):
        token = next((t for key in form.refresh if isinstance(t := value.get(key), str) and t), None)
        if token is not None:
            found.append(Slot(name, where, Secret(token.strip()).fingerprint()))
    return tuple(found)


def renewed(source: str, text: str, slot: Slot, successor: Credential) -> str:
    """The file's text with a login replaced by its successor; nothing else in it changes.

    Raises:
        JsoncError: the text is not JSON.
    """
    form = _FORMS[source]
    value = jsonc.plain(_node(text, slot.where))
    parts = [(form.access, successor.secret), (form.refresh, successor.refresh)]
    for keys, secret in parts:
        if secret is None:
            continue
        present = [key for key in keys if key in value] or [keys[0]]
        for key in present:
            text = jsonc.put(text, (*slot.where, key), secret.reveal())
    if successor.expires_at is not None:
        for key in [key for key in form.expires if key in value] or [form.expires[0]]:
            text = jsonc.put(text, (*slot.where, key), _time(successor.expires_at, value.get(key), form))
    return text


def _node(text: str, where: KeyPath) -> jsonc.Node:
    node = jsonc.find(jsonc.parse(text), where)
    if node is None:
        raise jsonc.JsoncError(f"There is nothing at {'.'.join(map(str, where))}")
    return node


def _entries(source: str, document: Any, path: Path) -> list[tuple[str, KeyPath, dict[str, Any]]]:
    if not isinstance(document, dict):
        return []
    if source == console_profiles.NAME:
        return [(path.stem, (), document)]
    if source == opencode_auth.NAME:
        return [
            (key, (key,), value)
            for key, value in document.items()
            if isinstance(value, dict) and value.get("type") == "oauth" and key.rstrip("/") == "anthropic"
        ]
    listed = document.get("accounts")
    accounts = listed if isinstance(listed, list) else []
    if source == anthropic_accounts.NAME:
        names = anthropic_accounts.slots_of(accounts)
    else:
        names = [multi_account.slot_of(value, index) for index, value in enumerate(accounts)]
    return [
        (names[index], ("accounts", index), value) for index, value in enumerate(accounts) if isinstance(value, dict)
    ]


def _time(at: float, before: Any, form: _Form) -> int | str:
    """A time as the file writes times."""
    if isinstance(before, str):
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return round(at * 1000) if form.millis else round(at)
