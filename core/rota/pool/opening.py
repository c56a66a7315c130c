"""What the log is told as a try begins: the switch, the session's binding, the start. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import Meaning
from rota.events import AccountSwitched, Event, RequestStarted, SessionBound
from rota.pool.preference import bound
from rota.pool.sticky import needs_binding
from rota.values import dataclass

if TYPE_CHECKING:
    from rota.pool.ask import Ask
    from rota.pool.chooser import Pick, Quest
    from rota.pool.rules import Rules
    from rota.pool.standing import Standing
    from rota.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Opening:
    """The facts of a try that begins."""

    events: tuple[Event, ...]
    reason: str
    """Why this account, in words."""
    session: str | None
    """The session's key, when the session is at this account from here on."""


def opening(
    snapshot: Snapshot,
    pick: Pick,
    quest: Quest,
    ask: Ask,
    request_id: str,
    rules: Rules,
    now: float,
    *,
    active: Standing | None,
) -> Opening:
    """The facts that a try at `pick` begins with.

    Args:
        active: how the account that served new sessions so far stands, if there is one; for a pick that `starts`.
    """
    account, provider = pick.account, pick.target.provider
    reason = pick.preferred.reason
    events: list[Event] = []
    previous = active.state.id if active is not None else None
    if pick.starts and previous != account.id:
        if active is not None and active.barred is not None:
            reason = active.barred.reason.removeprefix("cooling: ")
        events.append(
            AccountSwitched(at=now, provider=provider, account_id=account.id, previous_id=previous, reason=reason)
        )
    question = quest.question(pick.target)
    kept = bound(snapshot, question, rules, now)
    # Being sent elsewhere by the caller, by a full account or over a short pause does not move a session.
    passing = (
        pick.spilled or quest.account_id is not None or (kept != account.id and _pauses(snapshot, kept, rules, now))
    )
    key = None if passing else question.session
    if key is not None and rules.session_ttl_s > 0:
        if kept is not None and kept != account.id:
            reason = f"the session had to leave its account: {reason}"
        if needs_binding(snapshot, key, account.id, rules.session_ttl_s, now):
            events.append(SessionBound(at=now, session=key, provider=provider, account_id=account.id, reason=reason))
    events.append(
        RequestStarted(
            at=now,
            request_id=request_id,
            account_id=account.id,
            provider=provider,
            model=pick.target.model,
            client=ask.client,
            reason=reason,
            session=key,
        )
    )
    return Opening(tuple(events), reason, key)


def _pauses(snapshot: Snapshot, account_id: str | None, rules: Rules, now: float) -> bool:
    """Whether an account is left alone for a moment only, no longer than a request of its own would wait there."""
    state = snapshot.accounts.get(account_id) if account_id is not None else None
    hold = state.hold if state is not None and state.usable() else None
    if hold is None or hold.meaning is not Meaning.THROTTLED:
        return False
    return now < hold.until <= now + rules.throttle_wait_s
