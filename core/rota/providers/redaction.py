"""Take secrets out of text before it becomes a message, an event or a log line."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"""
    sk-ant-[A-Za-z0-9_\-]{4,}                                        # Anthropic keys and tokens, every generation
    | \bsk-[A-Za-z0-9_\-]{16,}                                       # keys of everybody else in OpenAI's dialect
    | \beyJ[A-Za-z0-9_\-]{6,}(?:\.[A-Za-z0-9_\-]+){1,2}              # JSON web tokens (Puter's are)
    | (?i:(?<=\bbearer[ ])|(?<=\bbasic[ ]))(?=\S*\d)[A-Za-z0-9+/=._~\-]{8,}  # an Authorization header's
    | (?i:(?<=x-api-key:[ ])|(?<=x-api-key:))[^\s"',;]{4,}
    """,
    re.VERBOSE,
)
_FIELDS = re.compile(
    r"""(?ix)
    (["']? \b (?: access_token | refresh_token | id_token | auth_token | api_key | apikey | raw_key | code_verifier
                | client_secret | password | authorization_code | token | code (?=\s*=) ) ["']? \s* [:=] \s* ["']?)
    ( [^\s"'&,;{}\[\]]{8,} )
    """
)

HIDDEN = "***"


def redact_to(text: str, limit: int) -> str:
    """`redact`, and cut to so many characters."""
    text = redact(text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def redact(text: str) -> str:
    """The text with everything that looks like a secret replaced, and fit to be encoded."""
    text = _SECRETS.sub(HIDDEN, text)
    text = _FIELDS.sub(lambda found: found.group(1) + HIDDEN, text)
    # A lone surrogate from somebody's JSON would make the log or the screen raise much later.
    return text.encode("utf-8", "replace").decode("utf-8")
