"""Which of the words in the corner have had their time when a new one comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.notifications import Notification

NEWS = 3
"""So many pieces of news stand there at once; a word of trouble stays its time."""


def outdated(shown: Iterable[Notification], new: Notification) -> list[Notification]:
    """What was said before in the same words, and news that would cover too much."""
    said = list(shown)
    same = [each for each in said if (each.title, each.message) == (new.title, new.message)]
    news = [each for each in said if each.severity == "information" and each not in same]
    return same + news[: max(0, len(news) + 1 - NEWS)]
