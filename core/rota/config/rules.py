"""What a text setting may say when its type alone does not tell: addresses and times of day. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
SPAN = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


def is_url(text: str) -> bool:
    """Whether secrets may be sent to this address: https, or plain http to this machine, and no user name in it."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment or re.search(r"\s", text):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and LOOPBACK.fullmatch(parts.hostname) is not None)


def is_clock_span(text: str) -> bool:
    """Whether it is empty or says `HH:MM-HH:MM`."""
    return not text or SPAN.fullmatch(text) is not None
