"""The model that is asked when nobody said one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import NothingConfigured, UsageError

if TYPE_CHECKING:
    from rota.snapshot import Snapshot

SMALL = {"anthropic": "anthropic/claude-haiku-4-5", "puter": "puter/gpt-5-nano"}
"""A small, cheap model of each provider that rota knows."""


def default_model(snapshot: Snapshot, *, provider: str | None = None, chosen: str = "") -> str:
    """The model with its provider: the one the settings name, else a small one of an account that may serve.

    Args:
        provider: only a model of this provider will do.
        chosen: `chat.model` of the settings.

    Raises:
        NothingConfigured: there is no account.
        UsageError: only providers whose models rota does not know are present.
    """
    if chosen and provider is None:
        return chosen
    listed = snapshot.listed()
    present = [s.account.provider for s in listed if s.usable()] or [s.account.provider for s in listed]
    if not present:
        raise NothingConfigured("There is no account yet.")
    for name in [provider] if provider is not None else present:
        if name in SMALL:
            return SMALL[name]
    asked = provider or present[0]
    raise UsageError(
        f"rota knows no model of {asked} to begin with.", hint=f"Say which: `{asked}/MODEL`; see `rota models`."
    )
