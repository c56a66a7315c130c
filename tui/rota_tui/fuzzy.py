"""Fuzzy matching: how well a few typed words fit a name, and which of its letters they are. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_AT_START, _AT_WORD, _INSIDE, _SCATTERED = 100.0, 80.0, 60.0, 30.0


@dataclass(frozen=True, slots=True)
class Match:
    """A name that fits; more is better."""

    score: float
    places: tuple[int, ...]
    """The letters that were meant, by index."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A name to be searched, folded once for many questions."""

    name: str
    folded: str
    words: str
    """Other words it may be found by."""


def subject(name: str, *words: str) -> Subject:
    folded = name.casefold()
    # Folding may change the length (ß); places must stay those of the name.
    return Subject(name, folded if len(folded) == len(name) else name.lower(), " ".join(words).casefold())


def typed_words(typed: str) -> tuple[str, ...]:
    """What was typed, as words that must all fit."""
    return tuple(typed.casefold().split())


def match(words: tuple[str, ...], searched: Subject) -> Match | None:
    """How well all words fit, or None when one does not."""
    score, places = 0.0, set[int]()
    for word in words:
        found = _match_word(word, searched.folded)
        if found is None or (found.score < _INSIDE / 2 and word in searched.words):
            if word not in searched.words:
                return None
            found = Match(_INSIDE / 2, ())
        score += found.score
        places.update(found.places)
    return Match(score - len(searched.folded) / 100, tuple(sorted(places)))


def _match_word(word: str, name: str) -> Match | None:
    at = name.find(word)
    if at < 0:
        return _scattered(word, name)
    if at and name[at - 1].isalnum():
        later = next((i for i in _starts(word, name, at) if not name[i - 1].isalnum()), None)
        if later is not None:
            at = later
    score = _AT_START if at == 0 else _AT_WORD if not name[at - 1].isalnum() else _INSIDE
    return Match(score - at / 10, tuple(range(at, at + len(word))))


def _starts(word: str, name: str, after: int) -> list[int]:
    found, at = [], name.find(word, after + 1)
    while at > 0:
        found.append(at)
        at = name.find(word, at + 1)
    return found


def _scattered(word: str, name: str) -> Match | None:
    """The letters in order with gaps; too far apart they are chance."""
    if len(word) < 2:
        return None
    places, at = [], -1
    for letter in word:
        at = name.find(letter, at + 1)
        if at < 0:
            return None
        places.append(at)
    spread = places[-1] - places[0] + 1 - len(word)
    if spread > 2 * len(word) + 4:
        return None
    return Match(_SCATTERED - spread, tuple(places))
