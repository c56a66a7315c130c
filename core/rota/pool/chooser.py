"""Chooses account and model for one try, with a place at that account."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from rota.events import Candidate
from rota.pool.places import Places
from rota.pool.plan import Closes
from rota.pool.preference import By, Preferred, Question, preferred
from rota.pool.rules import Order
from rota.pool.standing import Standing, model_barred, standing
from rota.pool.strategies import named
from rota.pool.strategy import ranking_for
from rota.pool.waits import sleep_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rota.account import Account
    from rota.clock import Clock
    from rota.pool.gate import Gate, Slot
    from rota.pool.plan import Trail
    from rota.pool.preference import View
    from rota.pool.roster import Rosters
    from rota.pool.routing import Target
    from rota.pool.rules import Rules
    from rota.snapshot import AccountState, Snapshot

TOLD = 5
"""Candidates named in a request's story."""
SAME_WORDS_S = 5.0
"""So long the words for an account that nothing happened to are kept: most requests name the same runners-up."""
WORDS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Pick:
    """An account and a model for one try."""

    preferred: Preferred
    target: Target
    candidates: tuple[Candidate, ...]
    first: bool
    """Whether it is the account that any new request would get, closures of this request aside."""
    spilled: bool
    """Whether a preferred account was passed over because it serves as many as it may."""

    @property
    def account(self) -> Account:
        return self.preferred.standing.state.account

    @property
    def starts(self) -> bool:
        """Whether it is the one for new requests from here on, by the strategy's choice."""
        return self.first and self.preferred.by is By.STRATEGY


class SoleView:
    """One account, looked at afresh: for questions that name it."""

    def __init__(self, snapshot: Snapshot, question: Question, rules: Rules, now: float) -> None:
        self.places = Places()
        state = snapshot.account(question.account_id or "")
        self._standing = (
            standing(state, question.model, now, rules, asked_for=question.asked_for) if state is not None else None
        )

    def standing(self, account_id: str) -> Standing | None:
        stands = self._standing
        return stands if stands is not None and stands.state.id == account_id else None


@dataclass(slots=True)
class Quest:
    """What a request wants, and how far it is."""

    trail: Trail
    ticket: int
    client: str = "rota"
    account_id: str | None = None
    """Only this account."""
    sessions: Mapping[str, str | None] = field(default_factory=dict)
    """Session key by provider."""
    here: str | None = None
    """The account of the last try."""
    again: Target | None = None
    """What to ask `here` once more."""
    closed: Closes = Closes.NOTHING
    """What the last failure closed."""

    def question(self, target: Target) -> Question:
        session = self.sessions.get(target.provider)
        return Question(target.provider, target.model, session, self.account_id, self.client)


class Chooser:
    """Picks by the snapshot, the rosters and the gate."""

    def __init__(
        self, look: Callable[[], Snapshot], rosters: Rosters, gate: Gate, rules: Rules, clock: Clock
    ) -> None:
        """
        Args:
            look: gives the snapshot, after the rosters were told of every event in it.
        """
        self._look = look
        self._rosters = rosters
        self._gate = gate
        self._rules = rules
        self._clock = clock
        self._strategy = named(rules.strategy)
        self._words: dict[str, tuple[Preferred, Candidate]] = {}
        """What was said of those in the strategy's order, by account."""

    async def lease(self, quest: Quest) -> tuple[Pick, Slot] | None:
        """A pick and a place at it, waited for while that may help; None when nobody can serve."""
        while (now := self._clock.now()) < quest.trail.deadline:
            snapshot = self._look()
            pick = self.pick(snapshot, quest, now)
            if pick is None:
                back_at = self._back_at(snapshot, quest, now)
                if back_at is None:
                    return None
                await sleep_until(self._clock, back_at)
                continue
            slot = self._enter(pick, quest)
            if slot is None:
                places = pick if isinstance(pick, dict) else {pick.account.id: pick.account}
                slot = await self._gate.enter(places, quest.ticket, quest.trail.deadline - now)
                if slot is None:
                    continue
                settled = self._settle(pick, quest, slot.account_id)
                if settled is None:
                    slot.leave()
                    continue
                return settled, slot
            if isinstance(pick, Pick):
                return pick, slot
        return None

    def pick(self, snapshot: Snapshot, quest: Quest, now: float) -> Pick | dict[str, Account] | None:
        """The next try; or the accounts to wait at when all are busy; or None when none can serve now."""
        if (same := self._same(snapshot, quest, now)) is not None:
            return same
        for target in quest.trail.targets:
            if not quest.trail.open(target) or snapshot.model_hold(target.provider, target.model, now) is not None:
                continue
            busy: dict[str, Account] = {}
            first = True
            question = quest.question(target)
            order = preferred(
                snapshot, question, self.view(snapshot, question, now), self._strategy, self._rules, now
            )
            for found in order:
                account = found.standing.state.account
                if not quest.trail.allows(account.id, target):
                    first = False
                elif self._gate.full(account):
                    first = False
                    busy[account.id] = account
                else:
                    return Pick(found, target, self._told(found, order), first, bool(busy))
            if busy:
                return busy
        return None

    def still(self, pick: Pick, quest: Quest) -> bool:
        """Whether a pick may serve after some wait."""
        snapshot, now = self._look(), self._clock.now()
        return self._at(snapshot, quest, pick.account.id, (pick.target,), pick.preferred.reason, now) is not None

    def view(self, snapshot: Snapshot, question: Question, now: float) -> View:
        """The accounts in order, as far as the question looks at them."""
        if question.account_id is not None:
            return SoleView(snapshot, question, self._rules, now)
        return self._rosters.at(snapshot, question.provider, question.model, now)

    def _enter(self, pick: Pick | dict[str, Account], quest: Quest) -> Slot | None:
        if isinstance(pick, dict):
            return None
        account, state = pick.account, pick.preferred.standing.state
        moved = quest.closed is Closes.ACCOUNT and account.id != quest.here
        if moved or (_unproven(state) and self._gate.inside(account.id) == 0):
            self._gate.ramp(account.id)
        return self._gate.try_enter(account)

    def _settle(self, pick: Pick | dict[str, Account], quest: Quest, account_id: str) -> Pick | None:
        """The pick at an account whose place was just given to us, if it still may serve after the wait."""
        snapshot, now = self._look(), self._clock.now()
        targets = quest.trail.targets if isinstance(pick, dict) else (pick.target,)
        at = self._at(snapshot, quest, account_id, targets, "the first with a free place", now)
        return pick if at is not None and isinstance(pick, Pick) else at

    def _same(self, snapshot: Snapshot, quest: Quest, now: float) -> Pick | None:
        """The account of the last try, when it is to be asked again or (models-first) for another model."""
        if quest.here is None:
            return None
        if quest.again is not None:
            return self._at(snapshot, quest, quest.here, (quest.again,), "once more", now)
        targets = [t for t in quest.trail.targets if self._rules.order(t.provider) is Order.MODELS_FIRST]
        return self._at(snapshot, quest, quest.here, targets, "another model on the same account", now)

    def _at(
        self, snapshot: Snapshot, quest: Quest, account_id: str, targets: Sequence[Target], reason: str, now: float
    ) -> Pick | None:
        """The first of `targets` that this very account may serve now."""
        for target in targets:
            if not quest.trail.open(target) or not quest.trail.allows(account_id, target):
                continue
            if snapshot.model_hold(target.provider, target.model, now) is not None:
                continue
            stands = self.view(snapshot, quest.question(target), now).standing(account_id)
            if stands is None or stands.barred is not None:
                continue
            if model_barred(stands.state, target.model, now) is None:
                found = Preferred(stands, reason, By.SAME)
                told = (Candidate(account_id, self._strategy.score(stands), reason),)
                return Pick(found, target, told, first=False, spilled=False)
        return None

    def _back_at(self, snapshot: Snapshot, quest: Quest, now: float) -> float | None:
        """When the first account or model comes back, if that is soon enough to wait for."""
        latest = min(now + self._rules.throttle_wait_s, quest.trail.deadline)
        times: list[float] = []
        for target in quest.trail.targets:
            if not quest.trail.open(target):
                continue
            hold = snapshot.model_hold(target.provider, target.model, now)
            if hold is not None:
                times.append(hold.until)
                continue
            question = quest.question(target)
            if question.account_id is None and not self._rosters.at(
                snapshot, target.provider, target.model, now
            ).changes_by(latest):
                continue
            times += [
                e.back_at
                for e in ranking_for(snapshot, question, self._rules, now).excluded
                if e.back_at is not None and quest.trail.allows(e.account_id, target)
            ]
        return min((at for at in times if at <= latest), default=None)

    def _told(self, chosen: Preferred, rest: Iterator[Preferred]) -> tuple[Candidate, ...]:
        """The chosen one and the next few."""
        return tuple([self._candidate(p) for p in (chosen, *islice(rest, TOLD - 1))])

    def _candidate(self, found: Preferred) -> Candidate:
        said = self._words.get(found.account_id) if found.by is By.STRATEGY else None
        if said is not None:
            before, candidate = said
            if before.standing is found.standing and 0.0 <= found.now - before.now < SAME_WORDS_S:
                return candidate
        candidate = Candidate(found.account_id, self._strategy.score(found.standing), found.reason)
        if found.by is By.STRATEGY:
            if len(self._words) >= WORDS_KEPT:
                self._words.clear()
            self._words[found.account_id] = found, candidate
        return candidate


def _unproven(state: AccountState) -> bool:
    """Whether a hold has ended and nothing was served since: whether the account serves again is not known."""
    hold = state.hold
    return hold is not None and (state.last_served_at is None or state.last_served_at < hold.until)
