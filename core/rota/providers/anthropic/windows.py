"""What a quota window is called, so that headers and the usage endpoint speak of the same one."""

from __future__ import annotations

import re

EXTRA = "extra"
EXTRA_LABEL = "extra usage"

LENGTHS = {"5h": 5 * 3600.0, "7d": 7 * 86400.0}
"""Seconds from opening to reset, by period."""

_SPELLED = (("five_hour", "5h"), ("seven_day", "7d"))
_SHORT = re.compile(r"(\d+[a-z])(?:_(.+))?")
_OVERAGE_INCLUDED = ("oi", "overage-included")
"""How headers and claims call the weekly window of the model that was asked for, without naming the model.

It comes only with requests for such a model (Fable) and always equals the usage endpoint's window of that model
(KarpelesLab/teamclaude#64, Wei-Shaw/sub2api#3698); Claude Code itself calls it "Fable limit".
"""
_FAMILY = re.compile(r"claude-(?:[\d.-]+-)?([a-z]+)")
_SAID = {"overage-included": "overage included", "oauth-apps": "OAuth apps"}


def read_name(name: str, model: str | None = None) -> tuple[str, str | None]:
    """Period and scope of a window as a header (`7d_sonnet`) or a field (`seven_day_sonnet`) names it.

    `model` is what was asked for when the header came: one of them means just that.
    """
    period, scope = _split(name)
    if scope in _OVERAGE_INCLUDED:
        family = _FAMILY.search(model.casefold()) if model else None
        scope = family[1] if family else _OVERAGE_INCLUDED[1]
    return period, scope


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


def _split(name: str) -> tuple[str, str | None]:
    name = name.casefold()
    for spelled, period in _SPELLED:
        if name == spelled or name.startswith(spelled + "_"):
            return period, slug(name[len(spelled) + 1 :]) or None
    if short := _SHORT.fullmatch(name):
        return short[1], slug(short[2] or "") or None
    return EXTRA if name == "overage" else slug(name), None


def _humanised(name: str) -> str:
    words = slug(name).split("-")
    return " ".join([words[0].capitalize(), *words[1:]])
