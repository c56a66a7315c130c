"""Stop sequences where the provider does not heed them: the answer is said up to the first one. Pure.

What the provider goes on to say is not passed on, but read for a while, so that its usage is known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rota.providers.base import Finish, Finished, ReasoningDelta, Text, TextDelta

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rota.providers.base import Delta, Reply


def ended(reply: Reply, sequences: Sequence[str]) -> Reply:
    """A whole answer, up to the first of the sequences in its text."""
    for number, part in enumerate(reply.parts):
        if isinstance(part, Text) and (found := _first(part.text, sequences)) is not None:
            at, sequence = found
            kept = (*reply.parts[:number], *((Text(part.text[:at]),) if at else ()))
            return replace(reply, parts=kept, finish=Finish.STOP, stop_sequence=sequence)
    return reply


class Stops:
    """The same for an answer that comes in pieces: what may be the beginning of a sequence is held back."""

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = sequences
        self._held = ""
        self.found: str | None = None
        """The sequence at which the answer ended."""

    def of(self, delta: Delta) -> Iterator[Delta]:
        """What of it may be said."""
        if isinstance(delta, TextDelta):
            if self.found is None and (text := self._sayable(self._held + delta.text)):
                yield TextDelta(text)
        elif isinstance(delta, ReasoningDelta) and self.found is None:
            yield delta  # it comes beside the text and ends none of it
        else:
            if self._held:
                yield TextDelta(self._held)
                self._held = ""
            if self.found is None:
                yield delta
            elif isinstance(delta, Finished):
                yield replace(delta, finish=Finish.STOP, stop_sequence=self.found)

    def _sayable(self, text: str) -> str:
        if (found := _first(text, self._sequences)) is not None:
            at, self.found = found
            self._held = ""
            return text[:at]
        begun = max((_begun(text, sequence) for sequence in self._sequences), default=0)
        self._held = text[len(text) - begun :]
        return text[: len(text) - begun]


def _first(text: str, sequences: Sequence[str]) -> tuple[int, str] | None:
    """Where the first of them stands that is complete, as a model would stop at it, and which it is."""
    there = [(at, sequence) for sequence in sequences if sequence and (at := text.find(sequence)) >= 0]
    return min(there, key=lambda found: (found[0] + len(found[1]), found[0]), default=None)


def _begun(text: str, sequence: str) -> int:
    """How many characters at the text's end may be the sequence's beginning."""
    longest = min(len(text), len(sequence) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(sequence[:size])), 0)
