"""What a provider keeps after an account was removed here, and the page where a person ends it."""

from __future__ import annotations

from rota.account import Kind

_REMAINS = {
    Kind.API_KEY: (
        "The key itself stays valid at Anthropic until you delete it there.",
        "https://platform.claude.com/settings/keys",
    ),
    Kind.SUBSCRIPTION: (
        "The login stays valid at Anthropic until it ends or you sign it out there.",
        "https://claude.ai/settings/account",
    ),
    Kind.CONSOLE_PROFILE: (
        "The profile stays in the official tool's files; sign it out with `ant auth logout`.",
        "https://platform.claude.com/settings",
    ),
    Kind.PUTER: (
        'The token stays valid at Puter until you revoke it: Settings, Security, Manage sessions, "External app".',
        "https://puter.com/",
    ),
    Kind.PUTER_GUEST: (
        "The guest account and its token stay at Puter; signing out there would delete the account and its files.",
        "https://puter.com/",
    ),
}


def remains(kind: Kind, provider: str = "anthropic") -> tuple[str, str]:
    """What a provider keeps after a removal, and the page where a person ends it (empty: rota knows none)."""
    if kind is Kind.API_KEY and provider != "anthropic":
        return f"The key itself stays valid at {provider} until you delete it there.", ""
    return _REMAINS[kind]
