"""What a person is told when the provider did not take a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import Meaning, SignInFailed

if TYPE_CHECKING:
    from rota.errors import Failure

_NAMES = {"anthropic": "Anthropic", "puter": "Puter"}


def refused(provider: str, failure: Failure) -> SignInFailed:
    """The error to raise; nothing was kept."""
    name = _NAMES.get(provider, provider)
    unreachable = failure.meaning in (Meaning.NETWORK, Meaning.OVERLOADED)
    said = f"{name} could not be asked" if unreachable else f"{name} refused it"
    if failure.action:
        hint = failure.action
    elif unreachable:
        hint = "Nothing was kept; try again when it answers."
    else:
        hint = "Nothing was kept; check what was pasted."
    return SignInFailed(f"{said}: {failure.message}", hint=hint)
