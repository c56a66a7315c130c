"""What a quota window is called, so that headers and the usage endpoint speak of the same one."""

from __future__ import annotations

import re

EXTRA = "extra"
EXTRA_LABEL = "extra usage"

LENGTHS = {"5h": 5 * 3600.0, "7d": 7 * 86400.0}
"""Seconds from opening to reset, by period."""

_SPELLED = (("five_hour", "5h"), ("seven_day", "7d"))
_SHORT = re.compile(r"(\d+[a-z])(?:_(.+))?")
_SAME_SCOPE = {"overage-included": "oi"}
"""Scopes that the claim spells out and the header shortens."""
_SAID = {"oi": "overage included", "oauth-apps": "OAuth apps"}


def read_name(name: str) -> tuple[str, str | None]:
    """Period and scope of a window as a header (`7d_sonnet`) or a field (`seven_day_sonnet`) names it."""
    name = name.casefold()
    for spelled, period in _SPELLED:
        if name == spelled or name.startswith(spelled + "_"):
            return period, _scope(name[len(spelled) + 1 :])
    if short := _SHORT.fullmatch(name):
        return short[1], _scope(short[2] or "")
    return EXTRA if name == "overage" else slug(name), None


def window_key(period: str, scope: str | None = None) -> str:
    """The one key of a window: `5h`, `7d`, `7d:sonnet`; the scope may be a display name or a slug."""
    return period if scope is None else f"{period}:{slug(scope)}"


def window_label(period: str, scope: str | None = None) -> str:
    """For people: `5h`, `7d Sonnet`; a period that nobody has described is made readable."""
    if period == EXTRA:
        return EXTRA_LABEL
    said = period if period in LENGTHS or _SHORT.fullmatch(period) else _humanised(period)
    return said if scope is None else f"{said} {_SAID.get(scope) or _humanised(scope)}"


def slug(name: str) -> str:
    """A name as it stands in model ids: `Opus 4.5` becomes `opus-4-5`."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


def _scope(name: str) -> str | None:
    found = slug(name)
    return _SAME_SCOPE.get(found, found) or None


def _humanised(name: str) -> str:
    words = slug(name).split("-")
    return " ".join([words[0].capitalize(), *words[1:]])
