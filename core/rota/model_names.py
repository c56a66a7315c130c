"""When two names mean one model, and when another model than the one asked for has answered. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rota.events import RequestServed

_ROUTES = re.compile(r"^(?:anthropic/|puter/)?(?:openrouter:|togetherai:)?(?:[^/]+/)*")
"""Who is asked for it: rota's provider, the provider's own router, the vendor."""

_EDITION = re.compile(r"(?:[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|latest))?(?::free)?$")
"""The date an alias stands for, and what is paid for it."""


def same_model(asked: str, answered: str) -> bool:
    """Whether two names mean one model: `anthropic/claude-haiku-4-5` and `claude-haiku-4-5-20251001` do."""
    one, other = _bare(asked), _bare(answered)
    return not one or not other or one == other


def instead_of(served: RequestServed) -> str:
    """The model that was asked for, when another one answered; else empty."""
    if same_model(served.requested_model, served.model):
        return ""
    return served.requested_model.removeprefix(f"{served.provider}/")


def _bare(name: str) -> str:
    """A model's name without who is asked for it and which edition of it; `4.5` and `4-5` are one version."""
    return _EDITION.sub("", _ROUTES.sub("", name.casefold())).replace(".", "-")
