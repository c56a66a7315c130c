"""One request told whole: each try with its reason, what it led to, the waits, and who could have served. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import Meaning
from rota.events import (
    AccountSwitched,
    AttemptFailed,
    CooldownStarted,
    HealthChanged,
    ModelCooled,
    RequestFailed,
    RequestServed,
    RequestStarted,
    TokenRefreshed,
)
from rota.model_names import instead_of
from rota_tui.formatting import clock, dated_stamp, score, took, usd
from rota_tui.pieces import Line, Piece, Tone, clean, pad, width_of
from rota_tui.telling import sentence
from rota_tui.wording import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rota.choice import Candidate
    from rota.errors import Attempt
    from rota.events import Event
    from rota_tui.pieces import Locale

EFFECTS = ("AccountSwitched", "CooldownStarted", "ModelCooled", "HealthChanged", "TokenRefreshed")
"""Kinds that a request's tries bring about; they name no request."""

WAITED_FROM = 0.1
"""Seconds between two tries from which a wait is told."""

INDENT = 11
"""Cells before the words of a step."""

_EXPLAINED = {
    Meaning.LIMITED: "its limit is reached",
    Meaning.THROTTLED: "too many requests at once",
    Meaning.MODEL_LIMITED: "the model's limit is reached",
    Meaning.MODEL_UNAVAILABLE: "this model is not to be had there",
    Meaning.CREDITS_EXHAUSTED: "its credit is spent",
    Meaning.LOGIN_DEAD: "its sign-in is no longer accepted",
    Meaning.GATED: "it needs you at the provider",
    Meaning.OVERLOADED: "the provider is overloaded",
    Meaning.NETWORK: "the provider could not be reached",
    Meaning.REFUSED: "the provider refuses this use",
    Meaning.BAD_REQUEST: "the request itself was at fault",
}

_NAME = 18
"""Cells for the names of those that could have served."""


def hanging(line: Line) -> int:
    """Cells before which a broken line goes on: those of its first piece, where that is a column."""
    return width_of(line[:1]) if line and line[0].text.endswith(" ") else 0


def stretch(story: Sequence[Event]) -> tuple[float, float]:
    """From when until when a request was under way."""
    return min(began(story), story[0].at), story[-1].at


def began(story: Sequence[Event]) -> float:
    """When the request came in."""
    end = ending(story)
    return end.started_at if end is not None and end.started_at else story[0].at


def ending(story: Sequence[Event]) -> RequestServed | RequestFailed | None:
    """How it ended; None while it is under way."""
    return next((e for e in reversed(story) if isinstance(e, RequestServed | RequestFailed)), None)


def with_effects(story: Sequence[Event], others: Iterable[Event]) -> list[Event]:
    """The story with what its own tries led to: a switch before the try it made, a hold after the one that failed."""
    left = list(others)
    steps: list[Event] = []
    began_at: dict[str, float] = {}
    for event in story:
        led: list[Event] = []
        match event:
            case RequestStarted(account_id=account_id):
                began_at[account_id] = event.at
                led = [each for each in left if _made(each, event)]
                steps += [*led, event]
            case AttemptFailed(attempt=attempt):
                since = began_at.get(attempt.account_id, event.at)
                led = [each for each in left if since <= each.at <= event.at and _held(each, attempt)]
                steps += [event, *led]
            case _:
                steps.append(event)
        left = [each for each in left if each not in led]
    return steps


def _made(event: Event, started: RequestStarted) -> bool:
    """Whether a switch came with this try."""
    match event:
        case AccountSwitched(account_id=account_id):
            return not event.by_person and event.at == started.at and account_id == started.account_id
        case _:
            return False


def _held(event: Event, attempt: Attempt) -> bool:
    """Whether something is of the kind that a failed try leads to, and about what was tried."""
    match event:
        case ModelCooled(model=model):
            return model == attempt.model
        case CooldownStarted() | HealthChanged() | TokenRefreshed():
            return event.account_id == attempt.account_id
        case _:
            return False


def story_lines(
    story: Sequence[Event], others: Iterable[Event], label: Callable[[str], str], locale: Locale
) -> tuple[Line, ...]:
    """A request's whole story.

    Args:
        story: the facts about it, in order; at least one.
        others: facts of the kinds in `EFFECTS` from the same time.
    """
    end, start = ending(story), began(story)
    request_id = clean(str(getattr(story[0], "request_id", "")))
    lines: list[Line] = [(Piece("request ", Tone.QUIET), Piece(request_id, Tone.NAME))]
    if (asked := _asked(story)) is not None:
        client, model = asked
        lines.append((Piece(f"{clean(client)} asked for {clean(model)} on {dated_stamp(start, locale.tz)}"),))
    lines.append(())
    free_since = start
    for event in with_effects(story, others):
        at = Piece(f"{f'+{max(0.0, event.at - start):.1f} s':>9}  ", Tone.QUIET)
        match event:
            case RequestStarted():
                lines.append((at, *_tried(event, event.at - free_since, label)))
            case AttemptFailed(attempt=attempt):
                free_since = event.at
                lines.append((at, *_failed(attempt)))
                lines.append((Piece(" " * INDENT), Piece(clean(event.next_step), Tone.QUIET)))
            case RequestServed() | RequestFailed():
                lines.append((at, *_ended(event, label)))
            case _:
                if (said := sentence(event, label, locale.tz)) is not None:
                    lines.append((Piece(" " * INDENT), *_toned(said.line, said.tone)))
    if end is None:
        lines.append((Piece("  under way: no answer yet", Tone.ACTIVE),))
    else:
        lines += [(), _figures(end, locale)]
        lines += _who_could(end.candidates, end.account_id, label, end.at, locale)
    return tuple(lines)


def _asked(story: Sequence[Event]) -> tuple[str, str] | None:
    """Who asked, and for which model."""
    if (end := ending(story)) is not None:
        return end.client, end.requested_model
    return next(((e.client, e.model) for e in story if isinstance(e, RequestStarted)), None)


def _tried(event: RequestStarted, waited: float, label: Callable[[str], str]) -> Line:
    pause = f"after a wait of {took(waited)}, " if waited >= WAITED_FROM else ""
    why = f": {clean(event.reason)}" if event.reason else ""
    who = Piece(clean(label(event.account_id)), Tone.NAME)
    return (Piece(f"{pause}tried "), who, Piece(f" with {clean(event.model)}{why}"))


def _failed(attempt: Attempt) -> Line:
    status = f" ({attempt.status})" if attempt.status is not None else ""
    message = f": {clean(attempt.message.rstrip('.'))}" if attempt.message else ""
    return (
        Piece(clean(attempt.account_label), Tone.NAME),
        Piece(f" did not serve it, {_EXPLAINED[attempt.meaning]}{status}", Tone.LOW),
        Piece(f", after {took(attempt.took)}{message}"),
    )


def _ended(end: RequestServed | RequestFailed, label: Callable[[str], str]) -> Line:
    if isinstance(end, RequestFailed):
        broke = "broke off in the middle: " if end.after_content else "failed: "
        return (Piece(broke, Tone.SPENT), Piece(clean(end.message)))
    asked = f" instead of {clean(wanted)}" if (wanted := instead_of(end)) else ""
    who = Piece(clean(label(end.account_id)), Tone.OK)
    return (Piece("served by ", Tone.OK), who, Piece(f" with {clean(end.model)}{asked}"))


def _toned(line: Line, tone: Tone) -> Line:
    """A sentence in the tone of what it tells."""
    return tuple(Piece(piece.text, tone) if piece.tone is Tone.PLAIN else piece for piece in line)


def _figures(end: RequestServed | RequestFailed, locale: Locale) -> Line:
    facts = [f"took {took(end.duration)}"]
    if isinstance(end, RequestServed):
        if end.first_token is not None:
            facts.append(f"first words after {took(end.first_token)}")
        facts.append(f"{end.input_tokens} tokens in, {end.output_tokens} out")
        if end.cached_tokens:
            facts.append(f"{end.cached_tokens} from the cache")
        if end.cost_usd is not None:
            facts.append(usd(end.cost_usd))
    elif end.retry_at is not None:
        facts.append(f"somebody can serve again at {clock(end.retry_at, end.at, locale.tz)}")
    return joined([Piece(fact) for fact in facts], locale)


def _who_could(
    candidates: Sequence[Candidate], chosen: str | None, label: Callable[[str], str], now: float, locale: Locale
) -> list[Line]:
    if not candidates:
        return []
    lines: list[Line] = [
        (),
        (Piece("Who could have served, the first choice first, with scores:", Tone.QUIET),),
    ]
    for place, candidate in enumerate(candidates, start=1):
        lines.append(
            (
                Piece(f"{place:>3}  ", Tone.QUIET),
                Piece(pad(label(candidate.account_id), _NAME, locale.glyphs), _name_tone(candidate, chosen)),
                Piece(f" {score(candidate.score, now, locale):>8}  ", Tone.QUIET),
                Piece(clean(candidate.reason)),
            )
        )
    return lines


def _name_tone(candidate: Candidate, chosen: str | None) -> Tone:
    return Tone.OK if candidate.account_id == chosen else Tone.NAME
