"""Secrets that were pasted where another is wanted, told by how they begin; any other the provider is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import SignInFailed

if TYPE_CHECKING:
    from rota.secret import Secret

_LOGIN = "a login of a Claude subscription"
_SIGN_IN = "Choose Claude subscription instead, and sign in in the browser."
_OPENAI = ("a key of OpenAI", "rota has accounts of Anthropic and Puter; neither takes it.")

_EVERYWHERE = (
    ("sk-proj-", *_OPENAI),
    ("sk-svcacct-", *_OPENAI),
    ("sk-or-v1-", "a key of OpenRouter", _OPENAI[1]),
    ("sk-ant-admin", "an Admin key of Anthropic", "It serves no requests: add an API key of Anthropic instead."),
    ("sk-ant-oat", _LOGIN, _SIGN_IN),
    ("sk-ant-ort", _LOGIN, _SIGN_IN),
)
"""How a secret begins, what it looks like then, and where it belongs."""

_WRONG = {
    "anthropic": (*_EVERYWHERE, ("eyJ", "a token of Puter", "Add it as an account of Puter.")),
    "puter": (*_EVERYWHERE, ("sk-ant-api", "an API key of Anthropic", "Add it as an account of Anthropic.")),
}
"""The same by the provider whose own secret was asked for; the others' own look as they like."""


def mistaken(provider: str, secret: Secret) -> SignInFailed | None:
    """What to tell somebody who pasted another kind of secret; None when it may be of the right kind."""
    pasted = secret.reveal()
    for begins, looks_like, belongs in _WRONG.get(provider, ()):
        if pasted.startswith(begins):
            return SignInFailed(f"This looks like {looks_like}.", hint=belongs)
    return None
