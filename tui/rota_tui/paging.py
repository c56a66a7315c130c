"""Where a growing Markdown text may be cut into pages that read the same one after another. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

STEP = 1_000
"""Characters laid out at once: a step is one pause of the app, and grows with what is laid out."""

PAGE = 1_400
"""Characters from which a page of text ends at the next gap between blocks."""

CODE_PAGE = 2_400
"""Characters of code from which a block goes on in another page: it is coloured anew with every step."""

_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})([^`\n]*)")
_GOES_ON = frozenset(" \t\n-*+>|0123456789")
"""Beginnings of a line that may belong to the block before a blank line."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The next step."""

    text: str
    rest: str
    new_page: bool = False
    """Whether what follows begins a new page."""
    opener: str = ""
    """The line with which the new page takes up a block of code; this step closed it."""


class Pager:
    """Follows the text as it is cut; only whole lines decide."""

    def __init__(self) -> None:
        self._line = ""
        self._fence = ""
        """The line that opened the block of code, while it is open."""
        self._page = 0
        self._code = 0

    def cut(self, text: str) -> Cut:
        """The next step of `text`, which begins where the last one ended."""
        at = 0
        while at < len(text) and at < STEP:
            end = text.find("\n", at) + 1
            if not end:
                at, begun = min(len(text), at + STEP), at
                self._line += text[begun:at]
                self._page += at - begun
                break
            line, self._line = self._line + text[at:end], ""
            self._page += end - at
            at = end
            if (cut := self._after(line, text, at)) is not None:
                return cut
        return Cut(text[:at], text[at:])

    def _after(self, line: str, text: str, at: int) -> Cut | None:
        """What a whole line means for the page."""
        found = _FENCE.match(line)
        if not self._fence:
            if found is not None:
                self._fence, self._code = line, 0
            elif self._page >= PAGE and not line.strip() and text[at : at + 1] not in _GOES_ON | {""}:
                self._page = 0
                return Cut(text[:at], text[at:], new_page=True)
            return None
        mark = _mark(self._fence)
        if found is not None and found[2].startswith(mark) and not found[3].strip():
            self._fence = ""
            return None
        self._code += len(line)
        if self._code >= CODE_PAGE:
            self._page = self._code = 0
            return Cut(f"{text[:at]}{mark}\n", text[at:], new_page=True, opener=self._fence)
        return None


def _mark(opener: str) -> str:
    found = _FENCE.match(opener)
    return found[2] if found is not None else "```"
