"""A credential survives the vault, and nothing else passes for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.account import Kind
from rota.errors import VaultError
from rota.providers.base import Credential
from rota.providers.credential import seal, unseal
from rota.secret import Secret

_times = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_names = st.none() | st.text(min_size=1)


@settings(deadline=None)
@given(
    kind=st.sampled_from(Kind),
    secret=st.text(min_size=1),
    refresh=st.none() | st.text(min_size=1),
    expires_at=_times,
    login_expires_at=_times,
    scopes=st.lists(st.text()),
    client_id=_names,
    owner=_names,
)
def test_what_was_sealed_is_unsealed_unchanged(
    kind: Kind,
    secret: str,
    refresh: str | None,
    expires_at: float | None,
    login_expires_at: float | None,
    scopes: list[str],
    client_id: str | None,
    owner: str | None,
) -> None:
    credential = Credential(
        kind=kind,
        secret=Secret(secret),
        refresh=Secret(refresh) if refresh else None,
        expires_at=expires_at,
        login_expires_at=login_expires_at,
        scopes=tuple(scopes),
        client_id=client_id,
        owner=owner,
    )
    assert unseal(seal(credential)) == credential


def test_only_what_is_known_is_written() -> None:
    sealed = json.loads(seal(Credential(Kind.PUTER, Secret("token-1"))).reveal())
    assert sealed == {"v": 1, "kind": "puter", "secret": "token-1"}


_GOOD = {"v": 1, "kind": "puter", "secret": "top-secret-token"}


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        # Another tool's bare token.
        ("top-secret-token", "not JSON"),
        ('"top-secret-token"', "not an object"),
        # Somebody's nesting bomb.
        ("[" * 100_000, "not JSON"),
        (json.dumps({**_GOOD, "v": 2}), "another version"),
        (json.dumps({**_GOOD, "v": None}), "another version"),
        (json.dumps({**_GOOD, "kind": "yahoo"}), "kind is unknown"),
        (json.dumps({**_GOOD, "kind": 5}), "`kind` is not text"),
        (json.dumps({**_GOOD, "secret": ""}), "no secret"),
        (json.dumps({**_GOOD, "secret": 7}), "`secret` is not text"),
        (json.dumps({**_GOOD, "expires_at": "soon"}), "`expires_at` is not a time"),
        (json.dumps({**_GOOD, "expires_at": True}), "`expires_at` is not a time"),
        (json.dumps({**_GOOD, "scopes": "a b"}), "`scopes`"),
        (json.dumps({**_GOOD, "scopes": [1]}), "`scopes`"),
        (json.dumps({**_GOOD, "top-secret-field": 1}), "1 unknown field"),
    ],
)
def test_anything_else_is_refused_without_being_quoted(entry: str, why: str) -> None:
    with pytest.raises(VaultError) as raised:
        unseal(Secret(entry))
    assert why in str(raised.value)
    assert "top-secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.hint
