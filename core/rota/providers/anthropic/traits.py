"""What a line of models takes, told from its id: the largest answer, how it thinks, whether it samples."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Thinking(StrEnum):
    """How a model is asked to think."""

    NONE = "none"
    """Not at all: before 3.7."""
    BUDGET = "budget"
    """`thinking.budget_tokens`: 3.7 to 4.5."""
    ADAPTIVE = "adaptive"
    """`thinking: adaptive` with `output_config.effort`: from 4.6; later ones refuse a budget."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model takes."""

    max_output: int
    """Sent when the caller sets none: the API wants a number, and cuts the answer there."""
    thinking: Thinking
    sampling: bool
    """Whether `temperature` and `top_p` are taken; after 4.6 they are a 400."""


_VERSION = re.compile(r"claude-(?:opus-|sonnet-|haiku-)?(\d+)(?:[.-](\d{1,2}))?(?!\d)")


def traits(model: str) -> Traits:
    """The traits of a model; one with a name of its own is taken for one of the newest."""
    found = _VERSION.search(model)
    version = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if version < (3, 5):
        return Traits(4_096, Thinking.NONE, sampling=True)
    if version < (3, 7):
        return Traits(8_192, Thinking.NONE, sampling=True)
    if version < (4, 6):
        return Traits(32_000, Thinking.BUDGET, sampling=True)
    return Traits(32_000, Thinking.ADAPTIVE, sampling=version == (4, 6))
