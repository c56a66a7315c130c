"""Who may come in: the Host must be ours, no web page may call, the key must fit, and a body has a limit.

Pure ASGI, in front of everything: a request that is refused costs no parsing.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rota.gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LOOPBACK_NAMES = frozenset({"localhost"})
_HOST = re.compile(r"(?:\[(?P<address>[^\[\]]+)\]|(?P<name>[^\[\]:@/]+))(?::\d*)?")
"""A name or an address, and behind it nothing but a port."""


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header names in lower case; of a repeated one, the first."""
    found: dict[str, str] = {}
    for name, value in raw:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def refuse_visitor(headers: Mapping[str, str], *, allow_remote: bool) -> Problem | None:
    """Why this visitor is not let in, looking at Host and Origin alone.

    A web page that rebinds its name to 127.0.0.1 still says its own name in Host, and a script in a page says its
    Origin; programs say neither.
    """
    if "origin" in headers or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return Problem(403, "origin", "rota's endpoint is not for web pages: it answers no request with an Origin.")
    if not allow_remote and not is_loopback(headers.get("host", "")):
        return Problem(421, "host", "rota's endpoint answers to 127.0.0.1 and localhost only.")
    return None


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found["address"] or found["name"]).rstrip(".").lower()
    if name in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def offered_key(headers: Mapping[str, str]) -> str | None:
    """The key in `Authorization: Bearer` or `x-api-key`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key") or None
