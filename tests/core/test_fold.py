"""What each fact does to the snapshot, and that the order of facts never matters."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.facts import histories, orders
from tests.support.pool_facts import DAY, HOUR, NOW, added, after, cooled, seen, used, window

from rota import replacing
from rota.account import Health, Identity, Kind
from rota.errors import Attempt, Meaning
from rota.events import (
    AccountDescribed,
    AccountDisabled,
    AccountEnabled,
    AccountLabelled,
    AccountPinned,
    AccountPrioritized,
    AccountRemoved,
    AccountRenewed,
    AccountReordered,
    AccountReserved,
    AccountsImported,
    AccountSwitched,
    AlertRaised,
    AttemptFailed,
    CooldownLifted,
    Event,
    GatewayKeyAdded,
    GatewayKeyRevoked,
    GatewayStarted,
    GatewayStopped,
    HealthChanged,
    ImportUndone,
    ModelCooled,
    ModelLifted,
    RefreshFailed,
    RequestFailed,
    RequestServed,
    SessionBound,
    TokenRefreshed,
    UsagePolled,
)
from rota.fold import ALERTS_KEPT, GATEWAYS_KEPT, fold
from rota.settings import PoolSettings
from rota.snapshot import Snapshot, placeholder

if TYPE_CHECKING:
    from collections.abc import Callable

    from rota.snapshot import AccountState

IDENTITY = Identity(key="id-work", kind=Kind.SUBSCRIPTION, email="a@example.org", plan="Max 5x")


def state(*events: Event) -> AccountState:
    """The one account there is."""
    (known,) = after(*events).accounts.values()
    return known


def served(name: str = "work", at: float = NOW, request: str = "r", **more: Any) -> RequestServed:
    return RequestServed(
        at=at, request_id=request, account_id=name, provider="anthropic", model="m", requested_model="m", **more
    )


def failed_at(name: str, at: float = NOW, request: str = "r") -> AttemptFailed:
    attempt = Attempt(name, name, "m", Meaning.OVERLOADED, "busy", 529)
    return AttemptFailed(at=at, request_id=request, provider="anthropic", attempt=attempt, next_step="again")


def polled(at: float, next_at: float) -> UsagePolled:
    return UsagePolled(at=at, account_id="work", next_at=next_at)


BROKEN_OFF = RequestFailed(
    at=NOW,
    request_id="r",
    provider="anthropic",
    requested_model="m",
    meaning=Meaning.NETWORK,
    message="the connection was cut",
    account_id="work",
    after_content=True,
)


# --- order --------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_facts_in_any_order_make_the_same_snapshot(data: st.DataObject) -> None:
    history = data.draw(histories())
    assert after(*data.draw(orders(history))) == after(*history)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_two_halves_settle_to_the_same_snapshot(data: st.DataObject) -> None:
    # A process's own facts are folded before those of others and after them: this is what settling relies on.
    history = data.draw(histories())
    owner = data.draw(st.lists(st.booleans(), min_size=len(history), max_size=len(history)))
    mine = [event for event, own in zip(history, owner, strict=True) if own]
    theirs = [event for event, own in zip(history, owner, strict=True) if not own]
    ours = {getattr(event, "request_id", None) for event in mine}
    if any(getattr(event, "request_id", None) in ours - {None} for event in theirs):
        return  # a request lives in one process
    assert reduce(fold, theirs, after(*mine)) == reduce(fold, mine, after(*theirs))


@given(st.floats(-1e12, 1e12), st.text(max_size=5))
def test_replacing_gives_what_the_standard_library_gives(until: float, label: str) -> None:
    before = placeholder("a")
    account = replacing.replace(before.account, label=label, login_expires_at=until)
    assert account == replace(before.account, label=label, login_expires_at=until)
    assert replacing.replace(before, account=account) == replace(before, account=account)
    assert before == placeholder("a")


def test_replacing_refuses_a_field_that_is_not_there() -> None:
    with pytest.raises(AttributeError):
        replacing.replace(placeholder("a"), colour="red")


# --- accounts -----------------------------------------------------------------------------------------------


LATER = NOW + 60

ACCOUNT_CASES: dict[str, tuple[list[Event], Callable[[AccountState], object], object]] = {
    "renamed": ([AccountLabelled(at=NOW, account_id="work", label="home")], lambda s: s.account.label, "home"),
    "turned off": ([AccountDisabled(at=NOW, account_id="work")], lambda s: s.account.enabled, False),
    "off, then on": (
        [AccountDisabled(at=NOW, account_id="work"), AccountEnabled(at=LATER, account_id="work")],
        lambda s: s.account.enabled,
        True,
    ),
    "on, then an older off arrives": (
        [AccountEnabled(at=LATER, account_id="work"), AccountDisabled(at=NOW, account_id="work")],
        lambda s: s.account.enabled,
        True,
    ),
    "off and on in one instant: the later said wins": (
        [AccountDisabled(at=NOW, account_id="work"), AccountEnabled(at=NOW, account_id="work")],
        lambda s: s.account.enabled,
        True,
    ),
    "reserved": ([AccountReserved(at=NOW, account_id="work", reserve=True)], lambda s: s.account.reserve, True),
    "moved": ([AccountReordered(at=NOW, account_id="work", position=3.5)], lambda s: s.account.position, 3.5),
    "preferred": ([AccountPrioritized(at=NOW, account_id="work", priority=-1)], lambda s: s.account.priority, -1),
    "told a plan": (
        [AccountDescribed(at=NOW, account_id="work", identity=IDENTITY)],
        lambda s: (s.account.kind, s.account.email, s.account.plan),
        (Kind.SUBSCRIPTION, "a@example.org", "Max 5x"),
    ),
    "what the provider leaves out is unknown, not gone": (
        [
            AccountDescribed(at=NOW, account_id="work", identity=IDENTITY),
            AccountDescribed(at=LATER, account_id="work", identity=replace(IDENTITY, plan=None, email=None)),
        ],
        lambda s: (s.account.email, s.account.plan),
        ("a@example.org", "Max 5x"),
    ),
    "needs a sign-in": (
        [HealthChanged(at=NOW, account_id="work", health=Health.NEEDS_LOGIN, reason="expired")],
        lambda s: (s.account.health, s.account.health_reason, s.usable()),
        (Health.NEEDS_LOGIN, "expired", False),
    ),
    "a refresh that failed for good needs a sign-in": (
        [RefreshFailed(at=NOW, account_id="work", reason="revoked", permanent=True)],
        lambda s: s.account.health,
        Health.NEEDS_LOGIN,
    ),
    "a refresh that failed for now changes nothing": (
        [RefreshFailed(at=NOW, account_id="work", reason="no network", permanent=False)],
        lambda s: s.account.health,
        Health.READY,
    ),
    "a refresh makes it ready again": (
        [
            HealthChanged(at=NOW, account_id="work", health=Health.NEEDS_LOGIN),
            TokenRefreshed(at=LATER, account_id="work", expires_at=LATER + HOUR, fingerprint="f"),
        ],
        lambda s: (s.account.health, s.token_expires_at, s.fingerprint),
        (Health.READY, LATER + HOUR, "f"),
    ),
    "a new sign-in makes it ready and ends what was known of the old token": (
        [
            TokenRefreshed(at=NOW - 1, account_id="work", expires_at=NOW + HOUR, fingerprint="f"),
            HealthChanged(at=NOW, account_id="work", health=Health.GATED, reason="verify your email"),
            UsagePolled(at=NOW, account_id="work", next_at=NOW + DAY, problem="the login is dead"),
            AccountRenewed(at=LATER, account_id="work", identity=IDENTITY, login_expires_at=NOW + DAY),
        ],
        lambda s: (s.account.health, s.account.health_reason, s.fingerprint, s.poll, s.account.login_expires_at),
        (Health.READY, "", None, None, NOW + DAY),
    ),
    "polled": (
        [
            UsagePolled(at=NOW, account_id="work", next_at=LATER),
            UsagePolled(at=NOW - 9, account_id="work", next_at=NOW),
        ],
        lambda s: s.poll.next_at if s.poll else None,
        LATER,
    ),
    "held": (
        [cooled("work", NOW + HOUR, strikes=2)],
        lambda s: (s.held(NOW) is not None, s.held(NOW + HOUR), s.strikes),
        (True, None, 2),
    ),
    "held, then lifted": (
        [cooled("work", NOW + HOUR), CooldownLifted(at=NOW, account_id="work", reason="room")],
        lambda s: (s.hold, s.strikes),
        (None, 1),
    ),
    "held for one model": (
        [cooled("work", NOW + HOUR, model="big")],
        lambda s: (s.held(NOW), s.held(NOW, "big") is not None, s.held(NOW, "small"), s.strikes),
        (None, True, None, 0),
    ),
    "held for one model, then lifted": (
        [cooled("work", NOW + HOUR, model="big"), CooldownLifted(at=NOW, account_id="work", model="big", reason="")],
        lambda s: s.held(NOW, "big"),
        None,
    ),
    "a lift of one model leaves the account held": (
        [cooled("work", NOW + HOUR), CooldownLifted(at=NOW, account_id="work", model="big", reason="")],
        lambda s: s.held(NOW) is not None,
        True,
    ),
    "newer figures never lift a hold by themselves": (
        [cooled("work", NOW + HOUR), seen("work", window("5h", 0.0))],
        lambda s: s.held(NOW) is not None,
        True,
    ),
    "a request served ends the row of limits": (
        [cooled("work", NOW, strikes=3), served(at=LATER)],
        lambda s: (s.strikes, s.last_served_at, s.last_used_at),
        (0, LATER, LATER),
    ),
    "a limit after it begins a new row": (
        [served(at=NOW - 90), cooled("work", NOW + HOUR, strikes=1)],
        lambda s: s.strikes,
        1,
    ),
    "a limit from before it does not": (
        [served(at=NOW), cooled("work", NOW + HOUR, at=NOW - 60, strikes=3)],
        lambda s: s.strikes,
        0,
    ),
    "used, then an older use arrives": ([used("work", LATER), used("work", NOW)], lambda s: s.last_used_at, LATER),
    "work of one hour adds up": (
        [
            served(at=NOW, input_tokens=5, output_tokens=7, cached_tokens=99, cost_usd=0.1),
            served(at=NOW + 1, output_tokens=1, cost_usd=0.2),
            failed_at("work", NOW),
        ],
        lambda s: [(h.requests, h.tokens, h.failures, h.cost_usd) for h in s.hours],
        [(2, 13, 1, 0.3)],
    ),
    "an answer that broke off is a failure of its account": (
        [BROKEN_OFF],
        lambda s: s.hours[-1].failures,
        1,
    ),
    "one that never began was counted when it was tried": (
        [failed_at("work"), replace(BROKEN_OFF, after_content=False)],
        lambda s: s.hours[-1].failures,
        1,
    ),
    "two days of hours are kept": (
        [served(at=NOW + n * HOUR) for n in range(60)],
        lambda s: (len(s.hours), s.hours[-1].hour - s.hours[0].hour, s.requests_since(NOW + 58 * HOUR)),
        (48, 47, 2),
    ),
    "an hour that fell off does not come back": (
        [served(at=NOW + 50 * HOUR), served(at=NOW)],
        lambda s: [h.requests for h in s.hours],
        [1],
    ),
    "the newest figures stay": (
        [seen("work", window("5h", 0.4, seen=LATER)), seen("work", window("5h", 0.9, seen=NOW))],
        lambda s: s.windows["5h"].utilization,
        0.4,
    ),
    "samples are thinned to the last of each bucket": (
        [seen("work", window("5h", n / 100, seen=NOW + n * 60)) for n in range(10)],
        lambda s: [x.utilization for x in s.history["5h"]],
        [0.04, 0.09],
    ),
    "the newest samples are kept": (
        [seen("work", window("5h", n / 100, seen=NOW + n * 300)) for n in range(40)],
        lambda s: (len(s.history["5h"]), s.history["5h"][-1].utilization),
        (24, 0.39),
    ),
    "an unknown share leaves no sample": (
        [seen("work", window("5h", None))],
        lambda s: ("5h" in s.windows, "5h" in s.history),
        (True, False),
    ),
}


@pytest.mark.parametrize("case", ACCOUNT_CASES)
def test_an_account_after(case: str) -> None:
    events, look, expected = ACCOUNT_CASES[case]
    assert look(state(added("work"), *events)) == expected
    assert look(state(*events, added("work"))) == expected  # as when another process's facts arrive first


def test_facts_about_an_account_not_yet_added_wait_for_it() -> None:
    snapshot = after(AccountLabelled(at=NOW, account_id="work", label="home"))
    assert snapshot.account("work") is None
    assert snapshot.listed() == []
    snapshot = fold(snapshot, added("work"))
    assert [s.account.label for s in snapshot.listed()] == ["home"]


def test_a_removal_is_final_and_leaves_nothing_but_the_id() -> None:
    removed = AccountRemoved(at=NOW, account_id="work")
    expected = replace(placeholder("work"), removed=True)
    facts = [
        served(),
        seen("work", window("5h", 0.5)),
        AccountRenewed(at=LATER, account_id="work", identity=IDENTITY),
    ]
    assert state(added("work"), *facts, removed) == expected
    assert state(removed, *facts, added("work", at=LATER)) == expected


def test_accounts_stand_in_their_order() -> None:
    snapshot = after(added("b"), added("a"), added("c", position=0.0))
    assert [s.id for s in snapshot.listed()] == ["c", "a", "b"]


# --- choice, models, sessions -------------------------------------------------------------------------------


def test_the_active_account_is_the_one_switched_to_last_whoever_serves() -> None:
    snapshot = after(
        AccountSwitched(at=LATER, provider="puter", account_id="b", previous_id="a", reason="a is spent"),
        AccountSwitched(at=NOW, provider="puter", account_id="a", previous_id=None, reason="first"),
        served("a", LATER + 1),
    )
    assert (snapshot.active["puter"].account_id, snapshot.active["puter"].reason) == ("b", "a is spent")


def test_a_pin_holds_until_it_is_taken_out() -> None:
    pinned = after(AccountPinned(at=NOW, provider="puter", account_id="a"))
    assert pinned.pinned["puter"].account_id == "a"
    unpinned = fold(pinned, AccountPinned(at=LATER, provider="puter", account_id=None))
    assert unpinned.pinned["puter"].account_id is None


def test_a_model_is_held_for_everybody_until_its_time_or_a_lift() -> None:
    held = after(
        ModelCooled(at=NOW, provider="puter", model="m", until=LATER, meaning=Meaning.MODEL_LIMITED, reason="busy")
    )
    assert held.model_hold("puter", "m", NOW) is not None
    assert held.model_hold("puter", "m", LATER) is None
    lifted = fold(held, ModelLifted(at=NOW + 1, provider="puter", model="m", reason="asked"))
    assert lifted.model_hold("puter", "m", NOW + 2) is None


def test_a_session_stays_where_it_was_served_last() -> None:
    snapshot = after(
        SessionBound(at=NOW, session="s", provider="anthropic", account_id="a"),
        served("b", LATER, session="s"),
    )
    assert (snapshot.sessions["s"].account_id, snapshot.sessions["s"].last_at) == ("b", LATER)


def test_a_session_is_remembered_for_as_long_as_the_settings_may_ask() -> None:
    (longest,) = [f.metadata["rule"].le for f in fields(PoolSettings) if f.name == "session_ttl_s"]
    bound = SessionBound(at=NOW, session="s", provider="anthropic", account_id="a")
    assert "s" in after(bound, used("a", NOW + longest)).sessions


def test_sessions_and_lost_requests_are_forgotten_on_the_hour() -> None:
    snapshot = after(SessionBound(at=NOW, session="s", provider="anthropic", account_id="a"), used("a", NOW))
    assert ("s" in snapshot.sessions, "r" in snapshot.in_flight) == (True, True)
    snapshot = fold(snapshot, served("a", NOW + 2 * HOUR, request="other"))
    assert ("s" in snapshot.sessions, "r" in snapshot.in_flight) == (True, True)
    snapshot = fold(snapshot, served("a", NOW + 3 * HOUR, request="another"))
    assert ("s" in snapshot.sessions, "r" in snapshot.in_flight) == (False, False)


# --- requests -----------------------------------------------------------------------------------------------


def test_a_request_is_in_flight_at_its_last_hop_until_it_ends() -> None:
    hopped = after(used("a", NOW), failed_at("a", NOW + 1), used("b", NOW + 2))
    assert (hopped.serving("a", NOW + 3), hopped.serving("b", NOW + 3)) == (0, 1)
    assert fold(hopped, served("b", NOW + 4)).serving("b", NOW + 5) == 0
    gone = RequestFailed(
        at=NOW + 4, request_id="r", provider="anthropic", requested_model="m", meaning=None, message="went away"
    )
    assert fold(hopped, gone).serving("b", NOW + 5) == 0


def test_a_hop_by_a_clock_that_was_put_back_counts_the_same_whenever_the_hour_turns() -> None:
    hops = used("a", NOW + 4 * HOUR), used("b", NOW + 2.5 * HOUR)
    turn = served("c", NOW + 5 * HOUR, request="other")
    assert after(turn, *hops) == after(*hops, turn)


def test_a_request_older_than_a_quarter_of_an_hour_is_taken_for_lost() -> None:
    assert after(used("a", NOW)).serving("a", NOW + 901) == 0


# --- gateways, keys, imports, alerts ------------------------------------------------------------------------


def test_a_gateway_runs_until_it_says_it_stopped() -> None:
    started = GatewayStarted(at=NOW, process="p", host="127.0.0.1", port=4000, pid=7)
    stopped = GatewayStopped(at=LATER, process="p")
    running = after(started).gateways["p"]
    assert (running.running, running.port) == (True, 4000)
    assert not after(started, stopped).gateways["p"].running
    assert after(stopped, started) == after(started, stopped)


def test_of_gateways_at_one_place_only_the_newest_can_be_there() -> None:
    """The one before was killed, and so told nobody of its end."""
    killed = GatewayStarted(at=NOW, process="p", host="127.0.0.1", port=4000, pid=7)
    other = GatewayStarted(at=NOW, process="o", host="127.0.0.1", port=4001, pid=8)
    newer = GatewayStarted(at=LATER, process="q", host="127.0.0.1", port=4000, pid=9)
    stopped = GatewayStopped(at=LATER + 1, process="q", host="127.0.0.1", port=4000)
    assert [g.pid for g in after(killed, other).listening()] == [8, 7]
    assert [g.pid for g in after(killed, other, newer).listening()] == [9, 8]
    assert [g.pid for g in after(killed, other, newer, stopped).listening()] == [8]


def test_only_the_newest_gateways_are_remembered() -> None:
    runs = [GatewayStarted(at=NOW + n, process=f"p{n}", host="", port=n, pid=n) for n in range(GATEWAYS_KEPT + 3)]
    assert after(*runs).gateways.keys() == {f"p{n}" for n in range(3, GATEWAYS_KEPT + 3)}
    assert after(*reversed(runs)) == after(*runs)


def test_a_revoked_key_may_be_made_again() -> None:
    made = GatewayKeyAdded(at=NOW, name="ci", fingerprint="f1", models=("puter/*",), max_share=0.3)
    revoked = GatewayKeyRevoked(at=NOW + 1, name="ci")
    again = GatewayKeyAdded(at=NOW + 2, name="ci", fingerprint="f2")
    assert after(made).keys["ci"].models == ("puter/*",)
    assert after(made, revoked).keys["ci"].revoked
    assert (after(again, revoked, made).keys["ci"].fingerprint, after(again, revoked).keys["ci"].revoked) == (
        "f2",
        False,
    )


def test_an_import_that_was_undone_stays_undone() -> None:
    done = AccountsImported(at=NOW, import_id="i", source="opencode", account_ids=("a",))
    undone = ImportUndone(at=LATER, import_id="i")
    assert after(done).imports["i"][:2] == ("opencode", ("a",))
    assert after(done, undone).imports.keys() == after(undone, done).imports.keys() == set()


def test_an_alert_is_dated_when_it_was_raised_last() -> None:
    snapshot = after(AlertRaised(at=LATER, key="k", text="spent"), AlertRaised(at=NOW, key="k", text="spent"))
    assert snapshot.alerts["k"] == LATER


def test_what_was_told_in_the_same_breath_is_remembered_too() -> None:
    snapshot = after(AlertRaised(at=NOW, key="a", text="three are spent", also=("b", "c")))
    assert dict(snapshot.alerts.items()) == {"a": NOW, "b": NOW, "c": NOW}


def test_only_the_newest_alerts_are_remembered() -> None:
    raised = [AlertRaised(at=NOW + n, key=f"k{n}", text="") for n in range(ALERTS_KEPT + 3)]
    assert len(after(*raised).alerts) == ALERTS_KEPT
    assert "k2" not in after(*reversed(raised)).alerts


# --- cost ---------------------------------------------------------------------------------------------------


def test_an_event_leaves_every_other_account_as_it_is() -> None:
    before = after(*(added(f"{chr(97 + n % 26)}{n}") for n in range(100)))
    known = fold(before, served("a0"))
    assert all(known.accounts[key] is before.accounts[key] for key in before.accounts if key != "a0")


def test_the_order_of_accounts_is_worked_out_again_only_when_one_changes() -> None:
    before = after(added("b"), added("a", position=-1.0))
    assert [s.id for s in before.listed()] == ["a", "b"]
    before.listed().clear()  # what is given away is the asker's own
    assert [s.id for s in before.listed()] == ["a", "b"]
    assert [s.id for s in fold(before, added("c", position=-2.0)).listed()] == ["c", "a", "b"]
    assert fold(before, served("b")).listed()[1].last_served_at is not None


def test_snapshots_keep_nothing_that_grows_with_every_request() -> None:
    # At a thousand requests a second a map of ended requests would be the largest thing in memory.
    quiet = after(used("a", NOW, "r0"), served("a", NOW, request="r0"))
    busy = after(*(e for n in range(200) for e in (used("a", NOW, f"r{n}"), served("a", NOW, request=f"r{n}"))))
    sizes = [len(getattr(busy, f.name)) for f in fields(Snapshot) if f.name not in ("latest", "_order")]
    assert sizes == [len(getattr(quiet, f.name)) for f in fields(Snapshot) if f.name not in ("latest", "_order")]
