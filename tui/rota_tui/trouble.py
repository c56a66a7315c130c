"""What stands in the way of everything, in one line that stays: a log that cannot be written, a silent provider."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from rota_tui.formatting import ago
from rota_tui.pieces import Line, Piece, Tone, clean
from rota_tui.wording import PAID_BY_USE, provider_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.errors import RotaError
    from rota.snapshot import AccountState
    from rota_tui.pieces import Locale

Silent: TypeAlias = dict[str, tuple[str, float]]
"""By provider: why it says nothing, and when it was last asked."""


def trouble_line(problem: RotaError | None, silent: Silent, now: float, locale: Locale) -> Line:
    """The worst thing first; empty while all is well."""
    glyphs = locale.glyphs
    if problem is not None:
        told = f"{glyphs.failed} The log is not written: {problem} {problem.hint}".rstrip()
        return (Piece(clean(told), Tone.SPENT),)
    if not silent:
        return ()
    alike: dict[str, list[str]] = defaultdict(list)
    for provider, (why, _) in silent.items():
        alike[clean(why).removesuffix(".")].append(provider_name(provider))
    told = f" {glyphs.sep} ".join(f"{', '.join(providers)}: {why}" for why, providers in alike.items())
    asked = ago(max(at for _, at in silent.values()), now)
    return (Piece(f"{glyphs.failed} No new figures. ", Tone.LOW), Piece(f"{told}, asked {asked}", Tone.QUIET))


def what_asking_gave(answers: Sequence[tuple[str, str | None]]) -> str:
    """Why there are no new figures, of labels and their problems; empty where they are fresh.

    Whoever has none to ask for is passed over, unless that is all there is to say.
    """
    from rota.usage import NO_FIGURES  # with what asks: not for the first frame

    asked = [answer for answer in answers if answer[1] != NO_FIGURES] or answers
    problems = [f"{label}: {problem}" for label, problem in asked if problem]
    if not problems:
        return ""
    rest = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
    return f"No new figures. {problems[0].removesuffix('.')}.{rest}"


def silent(states: Sequence[AccountState]) -> Silent:
    """Providers of which no account that was asked could give its figures: why, and when that was last so."""
    asked: dict[str, list[tuple[float, str | None]]] = defaultdict(list)
    for state in states:
        if state.poll is not None and state.usable() and state.account.kind not in PAID_BY_USE:
            asked[state.account.provider].append((state.poll.at, state.poll.problem))
    found: Silent = {}
    for provider, answers in asked.items():
        problems = [(why, at) for at, why in answers if why]
        if problems and len(problems) == len(answers):
            found[provider] = max(problems, key=lambda problem: problem[1])
    return found
