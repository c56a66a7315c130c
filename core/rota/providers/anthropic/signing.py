"""The headers that sign a request: an API key, or a bearer token with its beta."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.account import Kind
from rota.errors import Failure, Meaning, ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.providers.base import Credential

API_VERSION = "2023-06-01"
"""Pinned: the next one (2026-10-21) refuses `temperature` and `top_p` for every model."""

OAUTH_BETA = "oauth-2025-04-20"


def signed(credential: Credential, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """`headers` with what signs them; a beta list and a version that are there already are kept.

    Raises:
        ProviderError: `login-dead`, when the secret cannot stand in a header.
    """
    secret = credential.secret.reveal()
    if not (secret.isascii() and secret.isprintable() and secret.strip() == secret and secret):
        raise ProviderError(
            Failure(Meaning.LOGIN_DEAD, "This is not a key or token: it has spaces or control characters in it.")
        )
    result = {"anthropic-version": API_VERSION} | {name.lower(): value for name, value in (headers or {}).items()}
    if credential.kind is Kind.API_KEY:
        result["x-api-key"] = secret
    else:
        result["authorization"] = f"Bearer {secret}"
        result["anthropic-beta"] = with_beta(result.get("anthropic-beta", ""), OAUTH_BETA)
    return result


def with_beta(betas: str, beta: str) -> str:
    """A comma list with one beta added, each once."""
    listed = [b.strip() for b in betas.split(",") if b.strip()]
    return ",".join(dict.fromkeys([*listed, beta]))
