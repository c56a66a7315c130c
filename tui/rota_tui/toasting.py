"""What is said in the corner: how much at once, and which words have had their time when new ones come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.notifications import Notification

NEWS = 3
"""So many pieces of news stand there at once; a word of trouble stays its time."""
AT_ONCE = 3
"""So many words of one kind are said together: a note stays small."""


def in_short(words: Sequence[str], command: str) -> list[str]:
    """Those that are said, the last one for all that are left, with the command that tells them all."""
    if len(words) <= AT_ONCE:
        return list(words)
    return [*words[: AT_ONCE - 1], f"And {len(words) - AT_ONCE + 1} more like it: `{command}` tells them all."]


def outdated(shown: Iterable[Notification], new: Notification) -> list[Notification]:
    """What was said before in the same words, and news that would cover too much."""
    said = list(shown)
    same = [each for each in said if (each.title, each.message) == (new.title, new.message)]
    news = [each for each in said if each.severity == "information" and each not in same]
    return same + news[: max(0, len(news) + 1 - NEWS)]
