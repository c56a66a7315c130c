"""One event with everything it holds, for those that are no part of a request. Pure."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from rota.account import Account, Identity
from rota.errors import Attempt
from rota_tui.formatting import clock
from rota_tui.pieces import Line, Piece, Tone, clean, plain
from rota_tui.telling import sentence
from rota_tui.wording import provider_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from rota.events import Event
    from rota_tui.pieces import Locale

_TIMES = frozenset(("until", "expires_at", "login_expires_at", "next_at", "blocked_at", "retry_at"))
_ACCOUNTS = frozenset(("account_id", "previous_id"))
_INNER = frozenset(("at", "id", "fingerprint", "process", "key", "also"))
"""What says nothing to people."""
_NAME = 18
_NAMES = {"next_at": "asked again"}
"""What a fact is called where its field's name would not tell."""


def headline(event: Event, label: Callable[[str], str], locale: Locale) -> tuple[Line, ...]:
    """When it was, and the sentence whole."""
    then = datetime.fromtimestamp(event.at, locale.tz)
    said = sentence(event, label, locale.tz)
    told = said.line if said is not None else (Piece(type(event).__name__),)
    dot = Piece(f"{locale.glyphs.dot} ", said.tone if said is not None else Tone.QUIET)
    return ((Piece(f"{then:%A} {then.day} {then:%B}, {then:%H:%M:%S}", Tone.QUIET),), (dot, *told))


def fact_lines(event: Event, label: Callable[[str], str], locale: Locale) -> tuple[Line, ...]:
    """Its facts, each with its name; not those that its sentence has told."""
    lines: list[Line] = []
    said = sentence(event, label, locale.tz)
    told_already = plain(said.line) if said is not None else ""
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in _INNER or value in (None, "", ()) or isinstance(value, (Account, Identity, Attempt)):
            continue
        name = _NAMES.get(field.name) or field.name.removesuffix("_id").removesuffix("_at").replace("_", " ")
        told = _told(field.name, value, event.at, label, locale)
        if not isinstance(value, bool) and _among(told, told_already):
            continue
        lines.append((Piece(f"{name:<{_NAME}}", Tone.QUIET), Piece(told)))
    return tuple(lines)


def _among(told: str, sentence: str) -> bool:
    """Whether something stands in a sentence as a word, or as words, of its own."""
    return re.search(rf"(?<!\w){re.escape(told)}(?!\w)", sentence, re.IGNORECASE) is not None


def _told(name: str, value: Any, now: float, label: Callable[[str], str], locale: Locale) -> str:
    if name in _TIMES:
        return clock(float(value), now, locale.tz)
    if name in _ACCOUNTS:
        return clean(label(value))
    if name == "account_ids":
        return ", ".join(clean(label(each)) for each in value)
    if name == "provider":
        return provider_name(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value).replace("-", " ")
    if isinstance(value, tuple):
        return ", ".join(clean(str(each)) for each in value)
    return clean(str(value))
