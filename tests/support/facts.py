"""Generated facts for property tests: every kind of event, about few enough things that they meet."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from hypothesis import strategies as st

from rota.account import Account, Identity, Kind
from rota.errors import Attempt
from rota.events import EVENT_TYPES, AttemptFailed, Event, RequestFailed, RequestServed, RequestStarted
from rota.quota import QuotaWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

T = TypeVar("T")

START = 1_800_000_000.0
HALF_HOURS = st.integers(0, 24).map(lambda n: START + n * 1800.0)
MOMENTS = st.one_of(HALF_HOURS, st.floats(START, START + 60 * 3600.0), st.floats(-1e12, 1e12))
IDS = st.sampled_from(["a", "b", "c"])
TEXTS = st.one_of(st.sampled_from(["", "[/foo] 😀 \u202eabc", 'quote " and \\']), st.text(max_size=8))
SHARES = st.one_of(st.sampled_from([0.0, 0.5, 1.04]), st.floats(0, 2))

BY_NAME: dict[str, SearchStrategy[Any]] = {
    "account_id": IDS,
    "request_id": st.sampled_from(["r1", "r2", "r3", "r4"]),
    "session": st.sampled_from(["s1", "s2"]) | st.none(),
    "provider": st.sampled_from(["anthropic", "puter"]),
    "process": st.sampled_from(["p1", "p2"]),
    "import_id": st.sampled_from(["i1", "i2"]),
    "name": st.sampled_from(["ci", "laptop"]),
    "at": MOMENTS,
    "observed_at": MOMENTS,
    "key": st.sampled_from(["5h", "7d"]),
    "length": st.sampled_from([None, 18_000.0, 604_800.0]),
    "utilization": SHARES | st.none(),
    "kind": st.sampled_from(Kind),
}


def values(cls: type[T]) -> SearchStrategy[T]:
    """Any value of a dataclass."""
    hints = get_type_hints(cls)
    return st.builds(cls, **{f.name: _field(f.name, hints[f.name]) for f in fields(cls)})  # type: ignore[arg-type]


def _field(name: str, hint: Any) -> SearchStrategy[Any]:
    if hint is Account:
        return st.builds(replace, values(Account), id=IDS)
    if hint in (Identity, Attempt):
        return values(hint)
    if hint == tuple[QuotaWindow, ...]:
        return st.lists(values(QuotaWindow), max_size=3).map(tuple)
    if name in BY_NAME and not (name == "session" and hint is str):
        return BY_NAME[name]
    if hint is str:
        return st.sampled_from(["s1", "s2"]) if name == "session" else TEXTS
    if hint is float:
        return st.floats(-1e12, 1e12)
    return st.from_type(hint)


st.register_type_strategy(str, TEXTS)
st.register_type_strategy(float, st.floats(-1e12, 1e12))
st.register_type_strategy(int, st.integers(-(10**12), 10**12))


@st.composite
def any_event(draw: DrawFn) -> Event:
    """A fact of any kind."""
    kind = draw(st.sampled_from(sorted(EVENT_TYPES)))
    event: Event = draw(values(EVENT_TYPES[kind]))
    return event


@st.composite
def histories(draw: DrawFn, most: int = 25) -> list[Event]:
    """Some facts, each with an id of its own."""
    drawn = draw(st.lists(any_event(), max_size=most))
    return [replace(event, id=f"{number:04}") for number, event in enumerate(drawn)]


@st.composite
def orders(draw: DrawFn, events: Sequence[Event]) -> list[Event]:
    """The same facts as another process might see them: in any order, each request's own facts in theirs."""
    shuffled = list(draw(st.permutations(events)))
    for request_id in {request_of(event) for event in events} - {None}:
        places = [place for place, event in enumerate(shuffled) if request_of(event) == request_id]
        own = [event for event in events if request_of(event) == request_id]
        for place, event in zip(places, own, strict=True):
            shuffled[place] = event
    return shuffled


def request_of(event: Event) -> str | None:
    match event:
        case RequestStarted() | RequestServed() | RequestFailed() | AttemptFailed():
            return event.request_id
        case _:
            return None
