"""`fold`: one fact into the snapshot. Pure, total, without clock or I/O, and independent of the order of facts.

Facts about the same thing are decided by their stamps `(at, id)`; counters only add; a removal is final. The one
order it counts on is that of a single request's own facts, which come from one process, in its order.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, TypeVar

from rota.events import (
    AccountAdded,
    AccountPinned,
    AccountsImported,
    AccountSwitched,
    AlertRaised,
    AttemptFailed,
    GatewayKeyAdded,
    GatewayKeyRevoked,
    GatewayStarted,
    GatewayStopped,
    ImportUndone,
    ModelCooled,
    ModelLifted,
    QuotaObserved,
    RequestFailed,
    RequestServed,
    RequestStarted,
    SessionBound,
    UsagePolled,
)
from rota.fold_account import AccountFact, fold_account
from rota.snapshot import (
    NEVER,
    Choice,
    GatewayInfo,
    GatewayKey,
    Hold,
    InFlight,
    ModelHold,
    Session,
    Snapshot,
    placeholder,
)

if TYPE_CHECKING:
    # The type checker knows what dataclasses.replace takes; ours does the same, faster.
    from dataclasses import replace

    from rpds import HashTrieMap

    from rota.events import Event
    from rota.snapshot import AccountState, Stamp
else:
    from rota.replacing import replace

Key = TypeVar("Key")
Entry = TypeVar("Entry", Choice, GatewayInfo, GatewayKey, ModelHold, Session)

REMEMBERED_S = 7200.0
"""Sessions and requests under way are forgotten this long after their last fact, on the hour."""
GATEWAYS_KEPT = 32
ALERTS_KEPT = 2048
"""Some ten for each of 200 accounts."""


def fold(snapshot: Snapshot, event: Event) -> Snapshot:
    """The snapshot after one more fact."""
    stamp = event.at, event.id
    latest = event.at if event.at > snapshot.latest else snapshot.latest
    if latest // 3600 != snapshot.latest // 3600:
        snapshot = _without_old(snapshot, _horizon(latest))
    match event:
        case RequestStarted():
            return replace(
                snapshot,
                latest=latest,
                accounts=_account(snapshot, event.account_id, event),
                in_flight=_started(snapshot, event, latest),
            )
        case RequestServed():
            return replace(
                snapshot,
                latest=latest,
                accounts=_account(snapshot, event.account_id, event),
                in_flight=snapshot.in_flight.discard(event.request_id),
                sessions=_bound(snapshot, event.session, event.provider, event.account_id, stamp, latest),
            )
        case QuotaObserved() | UsagePolled():  # as what is left at the end, but these come with every request
            return replace(snapshot, latest=latest, accounts=_account(snapshot, event.account_id, event))
        case AttemptFailed():
            return replace(snapshot, latest=latest, accounts=_account(snapshot, event.attempt.account_id, event))
        case RequestFailed():
            accounts = snapshot.accounts
            if event.after_content and event.account_id is not None:
                accounts = _account(snapshot, event.account_id, event)
            return replace(
                snapshot, latest=latest, accounts=accounts, in_flight=snapshot.in_flight.discard(event.request_id)
            )
        case SessionBound():
            return replace(
                snapshot,
                latest=latest,
                sessions=_bound(snapshot, event.session, event.provider, event.account_id, stamp, latest),
            )
        case ModelCooled():
            hold = Hold(event.until, event.meaning, event.reason, event.at, model=event.model)
            entry = ModelHold(hold, stamp)
            return replace(
                snapshot, latest=latest, model_holds=_put(snapshot.model_holds, (event.provider, event.model), entry)
            )
        case ModelLifted():
            entry = ModelHold(None, stamp)
            return replace(
                snapshot, latest=latest, model_holds=_put(snapshot.model_holds, (event.provider, event.model), entry)
            )
        case AccountSwitched():
            choice = Choice(event.account_id, event.reason, stamp)
            return replace(snapshot, latest=latest, active=_put(snapshot.active, event.provider, choice))
        case AccountPinned():
            choice = Choice(event.account_id, "", stamp)
            return replace(snapshot, latest=latest, pinned=_put(snapshot.pinned, event.provider, choice))
        case GatewayStarted():
            info = GatewayInfo(event.host, event.port, event.pid, running=True, stamp=stamp)
            return replace(snapshot, latest=latest, gateways=_gateway(snapshot, event.process, info))
        case GatewayStopped():
            info = GatewayInfo(event.host, event.port, 0, running=False, stamp=stamp)
            return replace(snapshot, latest=latest, gateways=_gateway(snapshot, event.process, info))
        case GatewayKeyAdded():
            key = GatewayKey(event.name, event.fingerprint, event.models, event.max_share, revoked=False, stamp=stamp)
            return replace(snapshot, latest=latest, keys=_put(snapshot.keys, event.name, key))
        case GatewayKeyRevoked():
            key = GatewayKey(event.name, "", (), None, revoked=True, stamp=stamp)
            return replace(snapshot, latest=latest, keys=_put(snapshot.keys, event.name, key))
        case AccountsImported():
            return replace(snapshot, latest=latest, imports=_imported(snapshot, event))
        case ImportUndone():
            undone_at = max(stamp, snapshot.undone.get(event.import_id, NEVER))
            return replace(
                snapshot,
                latest=latest,
                imports=snapshot.imports.discard(event.import_id),
                undone=snapshot.undone.insert(event.import_id, undone_at),
            )
        case AlertRaised():
            return replace(snapshot, latest=latest, alerts=_alerted(snapshot, event))
        case AccountAdded():
            return replace(snapshot, latest=latest, accounts=_account(snapshot, event.account.id, event))
        case _:
            # What is left is about one account; a new kind of event fails the type check here or there.
            return replace(snapshot, latest=latest, accounts=_account(snapshot, event.account_id, event))


def _account(snapshot: Snapshot, account_id: str, event: AccountFact) -> HashTrieMap[str, AccountState]:
    """The accounts with the fact in the one it is about."""
    known = snapshot.accounts.get(account_id)
    changed = fold_account(placeholder(account_id) if known is None else known, event)
    return snapshot.accounts if changed is known else snapshot.accounts.insert(account_id, changed)


def _put(register: HashTrieMap[Key, Entry], key: Key, entry: Entry) -> HashTrieMap[Key, Entry]:
    """The register with an entry, unless a newer fact decided that key."""
    known = register.get(key)
    return register if known is not None and known.stamp > entry.stamp else register.insert(key, entry)


def _gateway(snapshot: Snapshot, process: str, info: GatewayInfo) -> HashTrieMap[str, GatewayInfo]:
    """Gateways by process, the newest few: each run has a name of its own."""
    gateways = _put(snapshot.gateways, process, info)
    if len(gateways) > GATEWAYS_KEPT:
        gateways = gateways.remove(min(gateways.items(), key=lambda entry: entry[1].stamp)[0])
    return gateways


def _alerted(snapshot: Snapshot, event: AlertRaised) -> HashTrieMap[str, float]:
    """When each alert was last raised, the newest few: keys name windows and resets, so they never end."""
    alerts = snapshot.alerts
    for key in (event.key, *event.also):
        if event.at > alerts.get(key, float("-inf")):
            alerts = alerts.insert(key, event.at)
    if (excess := len(alerts) - ALERTS_KEPT) > 0:
        for key, _ in nsmallest(excess, alerts.items(), key=lambda entry: (entry[1], entry[0])):
            alerts = alerts.remove(key)
    return alerts


def _imported(snapshot: Snapshot, event: AccountsImported) -> HashTrieMap[str, tuple[str, tuple[str, ...], Stamp]]:
    stamp = event.at, event.id
    known = snapshot.imports.get(event.import_id)
    if event.import_id in snapshot.undone or (known is not None and known[2] > stamp):
        return snapshot.imports
    return snapshot.imports.insert(event.import_id, (event.source, event.account_ids, stamp))


# --- what is forgotten ------------------------------------------------------------------------------------


def _horizon(latest: float) -> float:
    """What is older than this is forgotten; it moves by whole hours, so that it seldom costs anything."""
    return (latest // 3600) * 3600 - REMEMBERED_S


def _without_old(snapshot: Snapshot, horizon: float) -> Snapshot:
    """The snapshot without requests and sessions older than the horizon."""
    in_flight, sessions = snapshot.in_flight, snapshot.sessions
    for request_id in [key for key, request in in_flight.items() if request.since < horizon]:
        in_flight = in_flight.remove(request_id)
    for session in [key for key, bound in sessions.items() if bound.last_at < horizon]:
        sessions = sessions.remove(session)
    return replace(snapshot, in_flight=in_flight, sessions=sessions)


def _started(snapshot: Snapshot, event: RequestStarted, latest: float) -> HashTrieMap[str, InFlight]:
    known = snapshot.in_flight.get(event.request_id)
    if event.at < _horizon(latest) or (known is not None and known.since > event.at):
        return snapshot.in_flight
    request = InFlight(event.request_id, event.account_id, event.provider, event.model, event.client, event.at)
    return snapshot.in_flight.insert(event.request_id, request)


def _bound(
    snapshot: Snapshot, session: str | None, provider: str, account_id: str, stamp: Stamp, latest: float
) -> HashTrieMap[str, Session]:
    if session is None or stamp[0] < _horizon(latest):
        return snapshot.sessions
    return _put(snapshot.sessions, session, Session(account_id, provider, stamp))
