"""The ways to add an account: whose, which kind, and how its login gets here."""

from __future__ import annotations

from dataclasses import dataclass

from rota import plugins
from rota.account import Kind

PROVIDERS = {
    "anthropic": ("Anthropic", "Claude models, by an API key or a subscription"),
    "puter": ("Puter", "hundreds of models of many makers, some of them free"),
}
"""Name and what it gives, by provider."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to add an account of one provider."""

    id: str
    provider: str
    kind: Kind
    title: str
    about: str
    """What it is for, in a line."""
    browser: bool = False
    """Whether one signs in in a browser; otherwise a secret is pasted."""
    secret: str = ""
    """What is pasted."""
    begins: str = ""
    """How that begins, so that it is recognised."""
    where: str = ""
    """Where it is found."""
    notice: bool = False
    """Whether the provider's rules are told first, and asked about."""


WAYS = (
    Way(
        "api-key",
        "anthropic",
        Kind.API_KEY,
        "API key",
        "from the Console, paid by use; serves every request",
        secret="API key",
        begins="sk-ant-...",
        where="https://platform.claude.com/settings/keys",
    ),
    Way(
        "subscription",
        "anthropic",
        Kind.SUBSCRIPTION,
        "Claude subscription",
        "Pro, Max or Team, in the browser; shows its limits",
        browser=True,
        secret="code",
        begins="code#state, or the whole address",
        notice=True,
    ),
    Way(
        "browser",
        "puter",
        Kind.PUTER,
        "Sign in in the browser",
        "Puter asks once whether rota may; nothing to copy",
        browser=True,
        secret="token",
        begins="eyJ...",
    ),
    Way(
        "token",
        "puter",
        Kind.PUTER,
        "Paste a token",
        "copied from Puter's page, on this machine or another",
        secret="token",
        begins="eyJ...",
        where="https://puter.com/?action=copyauth",
    ),
)


def providers() -> dict[str, tuple[str, str]]:
    """Name and what it gives, by provider: those of installed packages after rota's own."""
    registered = {p.name: (p.name, f"of {p.package}, by an API key") for p in plugins.listed(plugins.PROVIDERS)}
    return PROVIDERS | {name: told for name, told in registered.items() if name not in PROVIDERS}


def ways_of(provider: str) -> tuple[Way, ...]:
    return tuple(way for way in WAYS if way.provider == provider) or (_key_of(provider),)


def way_called(way_id: str) -> Way | None:
    """The way of that id; None when it is a provider's name."""
    provider, colon, _ = way_id.partition(":")
    return _key_of(provider) if colon else next((way for way in WAYS if way.id == way_id), None)


def way_of(kind: Kind, provider: str) -> Way | None:
    """How a login of this kind is renewed; None for those that another tool signs in."""
    wanted = Kind.PUTER if kind is Kind.PUTER_GUEST else kind
    return next((way for way in ways_of(provider) if way.kind is wanted), None)


def _key_of(provider: str) -> Way:
    """The one way into a provider that a package registers."""
    return Way(
        f"{provider}:api-key", provider, Kind.API_KEY, "API key", f"as {provider} gives it to you", secret="API key"
    )
