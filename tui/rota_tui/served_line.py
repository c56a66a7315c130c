"""Lines beneath an answer: who gave it and in which figures, how it came about, or why there is none. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import AllSpent, Meaning, NothingConfigured, ProviderError
from rota_tui.formatting import clock, count, countdown, percent, took, usd
from rota_tui.pieces import Line, Piece, Tone, clean, fit_line, width_of, wrap
from rota_tui.wording import cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rota.errors import Attempt, RotaError
    from rota.pool.ask import Hop
    from rota_tui.pieces import Locale
    from rota_tui.served import Figures, Moved

_FINISHES = {
    "length": "cut at the longest answer allowed",
    "content-filter": "stopped by the provider's filter",
    "tool-calls": "waits for tools",
}


def flow(parts: Iterable[Line], width: int, locale: Locale, indent: int = 2) -> tuple[Line, ...]:
    """Parts with a quiet dot between them, over as many lines as they need; a part is broken only when it must be."""
    sep = Piece(f" {locale.glyphs.sep} ", Tone.QUIET)
    lines: list[list[Piece]] = [[]]
    for part in parts:
        used = width_of(lines[-1])
        if lines[-1] and used + 3 + width_of(part) > width:
            lines.append([Piece(" " * indent)])
        elif lines[-1]:
            lines[-1].append(sep)
        lines[-1].extend(part)
    return tuple(fit_line(tuple(line), width, locale.glyphs) for line in lines)


def served_lines(answer: Figures, width: int, locale: Locale, *, brief: bool = False) -> tuple[Line, ...]:
    """Who answered, with which model, how fast, how much, for what; without the figures when `brief`."""
    dot = locale.glyphs.dot
    hopped = bool(answer.attempts) or bool(answer.asked)
    who = Piece(f"{dot} ", Tone.LOW if hopped else Tone.OK), Piece(clean(answer.account), Tone.NAME)
    parts: list[Line] = [who, (Piece(clean(answer.model)),)]
    if answer.asked:
        parts.append((Piece(f"instead of {clean(answer.asked)}", Tone.LOW),))
    if answer.attempts:
        tries = len(answer.attempts)
        parts.append((Piece(f"{tries} {'try' if tries == 1 else 'tries'} before", Tone.LOW),))
    if not brief:
        parts.extend((Piece(text, Tone.QUIET),) for text in _figures(answer, locale))
    if answer.finish in _FINISHES:
        parts.append((Piece(_FINISHES[answer.finish], Tone.LOW),))
    return flow(parts, width, locale)


def _figures(answer: Figures, locale: Locale) -> list[str]:
    texts: list[str] = []
    if answer.first_token is not None:
        texts.append(f"first token {seconds(answer.first_token)}")
    if answer.speed is not None:
        texts.append(f"{speed(answer.speed)} tokens/s")
    texts.append(f"{count(answer.input_tokens)} in, {count(answer.output_tokens)} out")
    if answer.cost_usd is not None:
        about = f"{locale.glyphs.about} " if answer.estimated else ""
        texts.append(about + usd(answer.cost_usd) if answer.cost_usd else "free")
    if answer.moved is not None:
        texts.append(moved_text(answer.moved))
    return texts


def moved_text(moved: Moved) -> str:
    """`5h 41% to 43%`; one figure when it reads the same before and after."""
    after = percent(moved.after)
    before = percent(moved.before) if moved.before is not None else after
    return f"{moved.label} {after}" if before == after else f"{moved.label} {before} to {after}"


def seconds(value: float) -> str:
    """`240 ms`, `1.2 s`."""
    return f"{value * 1000:.0f} ms" if value < 0.995 else took(value)


def speed(value: float) -> str:
    """Tokens a second: one decimal below ten."""
    return f"{value:.1f}" if value < 9.95 else count(value)


def hop_lines(hops: Sequence[Hop], asked: str, width: int, locale: Locale) -> tuple[Line, ...]:
    """Each try that failed before the answer began, and what came next; the model `asked` for is not named."""
    return tuple(line for hop in hops for line in wrap(_hop_line(hop, asked, locale), width, 2))


def _hop_line(hop: Hop, asked: str, locale: Locale) -> Line:
    tried = hop.attempt
    other = "" if tried.model == asked else f" {locale.glyphs.sep} {clean(tried.model)}"
    why, semicolon, then = clean(hop.next_step).partition(";")
    return (
        Piece(f"{locale.glyphs.ring} ", Tone.LOW),
        Piece(clean(tried.account_label), Tone.NAME),
        Piece(other, Tone.QUIET),
        Piece(f" {locale.glyphs.sep} {why or cause(tried.meaning)}", Tone.LOW),
        Piece(f"{semicolon}{then}", Tone.QUIET),
    )


def story_lines(answer: Figures, width: int, locale: Locale) -> tuple[Line, ...]:
    """The whole path: every try with its words and time, then who answered and why that one."""
    lines = [line for tried in answer.attempts for line in _attempt_lines(tried, width, locale)]
    total = f"answered in {seconds(answer.duration)}"
    if answer.cached_tokens:
        total += f", {count(answer.cached_tokens)} of the input from a cache"
    why = f": {clean(answer.reason)}" if answer.reason else ""
    who = Piece(clean(answer.account), Tone.NAME)
    lines += wrap((Piece("  "), who, Piece(f" {total}{why}", Tone.QUIET)), width, 4)
    return tuple(lines)


def _attempt_lines(tried: Attempt, width: int, locale: Locale) -> tuple[Line, ...]:
    status = f" {tried.status}" if tried.status is not None else ""
    waited = f", after waiting {seconds(tried.waited)}" if tried.waited >= 0.05 else ""
    return wrap(
        (
            Piece("  "),
            Piece(clean(tried.account_label), Tone.NAME),
            Piece(f" {clean(tried.model)} {locale.glyphs.sep} ", Tone.QUIET),
            Piece(f"{cause(tried.meaning)}{status}", Tone.LOW),
            Piece(f" in {seconds(tried.took)}{waited}: {clean(tried.message)}", Tone.QUIET),
        ),
        width,
        4,
    )


def stopped_lines(who: str, model: str, told: str, width: int, locale: Locale) -> tuple[Line, ...]:
    """Beneath an answer that somebody stopped; `who` is empty when nobody had begun."""
    parts: list[Line] = [(Piece(clean(who), Tone.NAME),), (Piece(clean(model)),)] if who else []
    first, *rest = [*parts, (Piece(told, Tone.QUIET),)]
    return flow([(Piece(f"{locale.glyphs.ring} ", Tone.QUIET), *first), *rest], width, locale)


def problem_lines(
    error: RotaError, now: float, width: int, locale: Locale, *, who: str = "", alone: str = ""
) -> tuple[Line, ...]:
    """What failed, why, and what to do, in one sentence each; of the account `who`, when one had begun."""
    what, then = problem_words(error, now, locale, alone)
    dot, sep = locale.glyphs.dot, locale.glyphs.sep
    named = who and isinstance(error, ProviderError)
    start = (Piece(f"{dot} ", Tone.SPENT), Piece(clean(who), Tone.NAME), Piece(f" {sep} ", Tone.QUIET))
    line = (*(start if named else start[:1]), Piece(what, Tone.SPENT), Piece(f" {then}" if then else "", Tone.QUIET))
    return wrap(line, width, 2)


def problem_words(error: RotaError, now: float, locale: Locale, alone: str = "") -> tuple[str, str]:
    """What failed and what to do, for people in front of the chat; `alone` is the account that they chose."""
    match error:
        case AllSpent() if alone:
            what = f"{clean(alone)} cannot answer now."
            if error.retry_at is None:
                return what, "Choose another account or model."
            back = f"{clock(error.retry_at, now, locale.tz)}, in {countdown(error.retry_at - now)}"
            return what, f"It is back at {back}; or choose another account or model."
        case AllSpent():
            tried = f"{len(error.attempts)} tried. " if error.attempts else ""
            what = f"Nobody can answer now. {tried}".strip()
            if error.retry_at is None:
                return what, "Try another model or account."
            back = f"{clock(error.retry_at, now, locale.tz)}, in {countdown(error.retry_at - now)}"
            return what, f"The first is back at {back}; or try another model or account."
        case NothingConfigured():
            return clean(str(error)), clean(error.hint)
        case ProviderError(failure=failure):
            what, said = cause(failure.meaning).capitalize(), clean(failure.message).rstrip(".")
            what = f"{what}." if said.casefold() in what.casefold() else f"{what}: {said}."
            return what, clean(failure.action or _REMEDIES[failure.meaning])
        case _:
            return clean(str(error)), clean(error.hint)


_REMEDIES = {
    Meaning.LIMITED: "Try another account, or wait.",
    Meaning.THROTTLED: "Try again in a moment.",
    Meaning.MODEL_LIMITED: "Try another model.",
    Meaning.MODEL_UNAVAILABLE: "Choose another model.",
    Meaning.CREDITS_EXHAUSTED: "Try another account.",
    Meaning.LOGIN_DEAD: "Sign in again.",
    Meaning.GATED: "Look at the account: the provider wants something of you.",
    Meaning.OVERLOADED: "Try again in a moment.",
    Meaning.NETWORK: "Check the connection, then ask again.",
    Meaning.REFUSED: "Another account would be refused as well.",
    Meaning.BAD_REQUEST: "Change the question, or the model.",
}


def problem_story(error: RotaError, now: float, width: int, locale: Locale) -> tuple[Line, ...]:
    """Everything known about a failure: every try, or the provider's own words."""
    lines: list[Line] = []
    if isinstance(error, AllSpent):
        for tried in error.attempts:
            lines.extend(_attempt_lines(tried, width, locale))
    if not isinstance(error, ProviderError):  # of whose words the line above is made
        lines.extend(wrap((Piece(f"  {clean(str(error))}", Tone.QUIET),), width, 2))
    if isinstance(error, ProviderError):
        failure = error.failure
        known = [
            f"status {failure.status}" if failure.status is not None else "",
            clean(failure.code or ""),
            f"request {clean(failure.request_id)}" if failure.request_id else "",
            clean(failure.action_url or ""),
        ]
        if text := f" {locale.glyphs.sep} ".join(k for k in known if k):
            lines.extend(wrap((Piece(f"  {text}", Tone.QUIET),), width, 2))
    return tuple(lines)
