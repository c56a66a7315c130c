"""The events of the activity log: which ones are wanted, which are shown, and how many wait. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.events import Event

KEPT = 2_000
"""Events held at once; the rest stays in the log, a key away."""


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds of events that people look for together."""

    key: str
    title: str
    meaning: str
    kinds: tuple[str, ...]


GROUPS = (
    Group("switches", "Switches", "who took over from whom, and pins", ("AccountSwitched", "AccountPinned")),
    Group("failures", "Failures", "tries and requests without an answer", ("AttemptFailed", "RequestFailed")),
    Group("answers", "Answers", "requests that were served", ("RequestServed",)),
    Group(
        "cooldowns",
        "Cooldowns",
        "accounts and models held, and back",
        ("CooldownStarted", "CooldownLifted", "ModelCooled", "ModelLifted"),
    ),
    Group(
        "sign-ins",
        "Sign-ins",
        "tokens, health, what needs you",
        ("AccountRenewed", "HealthChanged", "TokenRefreshed", "RefreshFailed"),
    ),
    Group("alerts", "Alerts", "what you were told", ("AlertRaised",)),
    Group(
        "accounts",
        "Accounts",
        "added, named, on, off, removed",
        (
            "AccountAdded",
            "AccountLabelled",
            "AccountEnabled",
            "AccountDisabled",
            "AccountReserved",
            "AccountRemoved",
        ),
    ),
    Group("figures", "Figures", "when a provider gave no figures", ("UsagePolled",)),
    Group(
        "gateway",
        "Gateway",
        "the local endpoint and its keys",
        ("GatewayStarted", "GatewayStopped", "GatewayKeyAdded", "GatewayKeyRevoked"),
    ),
    Group("imports", "Imports", "from other tools, and undone", ("AccountsImported", "ImportUndone")),
)
BY_KEY = {group.key: group for group in GROUPS}
TOLD = tuple(kind for group in GROUPS for kind in group.kinds)
"""The kinds that are told in words; the others only move figures."""
ALWAYS_TOLD = tuple(kind for kind in TOLD if kind != "UsagePolled")
"""Those that are never silent."""


def about(event: Event) -> str | None:
    """The account that an event is about, as the log files it."""
    account = getattr(event, "account", None)
    attempt = getattr(event, "attempt", None)
    if account is not None:
        return str(account.id)
    return attempt.account_id if attempt is not None else getattr(event, "account_id", None)


def request_of(event: Event) -> str | None:
    """The request that an event belongs to."""
    return getattr(event, "request_id", None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are shown."""

    account_id: str | None = None
    group: str | None = None
    typed: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        return BY_KEY[self.group].kinds if self.group is not None else TOLD

    @property
    def everything(self) -> bool:
        return self.account_id is None and self.group is None and not self.typed.strip()

    def fits(self, event: Event) -> bool:
        """Whether it is of the account and the kinds asked for; the words are `says`."""
        return type(event).__name__ in self.kinds and self.account_id in (None, about(event))

    def says(self, text: str) -> bool:
        """Whether a sentence has all the words that were typed."""
        folded = text.casefold()
        return all(word in folded for word in self.typed.casefold().split())


class Feed:
    """What is shown, in the log's order. Paused, or while looking far back, newer events only wait."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._events: dict[str, Event] = {}
        self.waiting = 0
        """Events that came while nothing was added."""
        self.uncounted = False
        """Whether more waits than was counted."""
        self.paused = False
        self.behind = False
        """Whether the newest made room for older ones: they come back by starting anew."""
        self.complete = False
        """Whether nothing older is in the log."""
        self.reached: Event | None = None
        """The oldest event that was looked at, wanted or not: what is older is read from there."""

    def start(self, events: Iterable[Event], *, complete: bool, reached: Event | None = None) -> None:
        """Show these, the newest of the log, and follow from here."""
        self._events = {event.id: event for event in events}
        self.waiting, self.complete = 0, complete
        self.reached = reached or self._oldest
        self.uncounted = self.paused = self.behind = False

    def add(self, events: Iterable[Event]) -> bool:
        """Take what just happened; whether more is shown now."""
        news = {event.id: event for event in events if event.id not in self._events}
        if self.paused or self.behind:
            self.waiting += len(news)
            return False
        self._events.update(news)
        if (surplus := len(self._events) - self._kept) > 0:
            for key in list(self._events)[:surplus]:
                del self._events[key]
            self.complete, self.reached = False, self._oldest
        return bool(news)

    def older(self, events: Iterable[Event], *, complete: bool, reached: Event | None = None) -> None:
        """Put older ones before those that are shown."""
        news = {event.id: event for event in events if event.id not in self._events}
        self._events = news | self._events
        self.complete, self.reached = complete, reached or self._oldest
        if (surplus := len(self._events) - self._kept) > 0:
            for key in list(self._events)[-surplus:]:
                del self._events[key]
            self.waiting += surplus
            self.behind = True

    def look_again(self) -> None:
        """Something has left the log, perhaps what was looked at last: go on from the oldest that is shown."""
        self.reached = self._oldest

    def get(self, event_id: str | None) -> Event | None:
        return self._events.get(event_id) if event_id is not None else None

    @property
    def _oldest(self) -> Event | None:
        return next(iter(self._events.values()), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """The ids of what is shown, newest first."""
        return tuple(reversed(self._events))

    @property
    def events(self) -> tuple[Event, ...]:
        """What is shown, oldest first."""
        return tuple(self._events.values())

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._events

    def __len__(self) -> int:
        return len(self._events)
