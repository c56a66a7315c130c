"""Given these events, this clock and this question: this choice, with this reason."""

from __future__ import annotations

import random
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.pool_facts import DAY, HOUR, NOW, added, after, chosen, cooled, seen, used, window

from rota.account import Health, Kind
from rota.errors import ConfigError, Meaning
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    AccountPinned,
    AccountPrioritized,
    AccountRemoved,
    AccountReserved,
    AccountSwitched,
    CooldownLifted,
    HealthChanged,
    ModelCooled,
    SessionBound,
)
from rota.fold import fold
from rota.pool import places
from rota.pool.preference import Question, preferred
from rota.pool.roster import Rosters
from rota.pool.rules import Rules, rules_of
from rota.pool.strategies import STRATEGIES, named
from rota.pool.strategy import chosen as chosen_now
from rota.pool.strategy import rank, ranking_for
from rota.settings import Settings
from rota.snapshot import Snapshot

if TYPE_CHECKING:
    from rota.events import Event


def order(
    snapshot: Snapshot, strategy: str, now: float = NOW, model: str | None = "claude-sonnet-4-5", **more: Any
) -> list[str]:
    ranking = rank(snapshot, "anthropic", model, settings=Rules(strategy=strategy), now=now, **more)
    return [c.account_id for c in ranking.candidates]


THREE = (added("a"), added("b"), added("c"))


# --- each strategy's order --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        (None, ["a", "b", "c"]),
        ("a", ["b", "c", "a"]),
        ("b", ["c", "a", "b"]),
        ("c", ["a", "b", "c"]),
    ],
)
def test_round_robin_goes_on_behind_the_account_that_took_the_last_new_session(
    active: str | None, expected: Any
) -> None:
    events = [*THREE] if active is None else [*THREE, chosen(active), used(active, NOW - HOUR)]
    assert order(after(*events), "round-robin") == expected


def test_round_robin_goes_on_behind_an_active_account_that_is_gone() -> None:
    snapshot = after(*THREE, chosen("b"), used("b", NOW - HOUR), AccountDisabled(at=NOW, account_id="b"))
    assert order(snapshot, "round-robin") == ["c", "a"]


def test_least_recently_used_takes_never_used_accounts_first_in_the_order_of_the_table() -> None:
    snapshot = after(*THREE, used("a", NOW - 10))
    assert order(snapshot, "least-recently-used") == ["b", "c", "a"]


def test_least_recently_used_takes_the_oldest_use() -> None:
    snapshot = after(*THREE, used("a", NOW - 10), used("b", NOW - 30), used("c", NOW - 20))
    ranking = rank(snapshot, "anthropic", settings=Rules(strategy="least-recently-used"), now=NOW)
    assert [c.account_id for c in ranking.candidates] == ["b", "c", "a"]
    assert ranking.reason == "last used 30 s ago"


def test_lowest_utilization_looks_at_the_week_before_the_five_hours() -> None:
    snapshot = after(
        *THREE,
        seen("a", window("7d", 0.5), window("5h", 0.0)),
        seen("b", window("7d", 0.2), window("5h", 0.9)),
        seen("c", window("7d", 0.5), window("5h", 0.1)),
    )
    assert order(snapshot, "lowest-utilization") == ["b", "a", "c"]


def test_lowest_utilization_falls_back_to_the_five_hours_of_an_account_without_a_week() -> None:
    snapshot = after(*THREE[:2], seen("a", window("7d", 0.5)), seen("b", window("5h", 0.4)))
    assert order(snapshot, "lowest-utilization") == ["b", "a"]


def test_half_a_percent_is_not_fifty_percent() -> None:
    # anthropic-multi-auth read shares of 1 and less as fractions: 0.5 % became 50 % (anthropic.md 6.3, 6)
    snapshot = after(*THREE[:2], seen("a", window("7d", 0.10)), seen("b", window("7d", 0.005)))
    assert order(snapshot, "lowest-utilization") == ["b", "a"]


def test_equal_utilization_goes_to_the_account_that_rested_longest() -> None:
    snapshot = after(
        *THREE,
        *(seen(n, window("7d", 0.3)) for n in "abc"),
        used("a", NOW - 5),
        used("b", NOW - 50),
        used("c", NOW - 9),
    )
    assert order(snapshot, "lowest-utilization") == ["b", "c", "a"]


def test_an_account_of_unknown_use_goes_before_fuller_and_after_emptier_ones() -> None:
    snapshot = after(*THREE, seen("a", window("7d", 0.8)), seen("c", window("7d", 0.2)))
    assert order(snapshot, "lowest-utilization") == ["c", "b", "a"]


def test_a_window_whose_reset_has_passed_counts_as_just_emptied() -> None:
    snapshot = after(*THREE[:2], seen("a", window("7d", 0.99, resets_in=-60)), seen("b", window("7d", 0.1)))
    assert order(snapshot, "lowest-utilization") == ["a", "b"]


def test_a_model_scoped_window_counts_for_its_model_only() -> None:
    snapshot = after(
        *THREE[:2],
        seen("a", window("7d", 0.1), window("7d:opus", 0.9, scope="opus")),
        seen("b", window("7d", 0.3)),
    )
    assert order(snapshot, "lowest-utilization", model="claude-opus-4-5") == ["b", "a"]
    assert order(snapshot, "lowest-utilization", model="claude-sonnet-4-5") == ["a", "b"]


def test_which_window_was_heard_of_first_decides_nothing() -> None:
    spent = [window(key, 1.0, resets_in=None, seen=NOW - age) for key, age in (("5h", 60), ("7d", 0), ("month", 90))]
    worlds = [after(added("a"), *(seen("a", each) for each in heard)) for heard in permutations(spent)]
    assert len({rank(world, "anthropic", settings=Rules(), now=NOW).excluded for world in worlds}) == 1


def test_per_minute_windows_never_decide() -> None:
    burst = window("requests", 0.9, resets_in=30)
    snapshot = after(*THREE[:2], seen("a", window("7d", 0.1), burst), seen("b", window("7d", 0.2)))
    assert order(snapshot, "lowest-utilization") == ["a", "b"]


def test_soonest_reset_spends_first_what_refills_first() -> None:
    snapshot = after(
        *THREE,
        seen("a", window("7d", 0.1, resets_in=5 * DAY)),
        seen("b", window("7d", 0.6, resets_in=DAY)),
        seen("c", window("7d", 0.0, resets_in=None)),
    )
    ranking = rank(snapshot, "anthropic", settings=Rules(strategy="soonest-reset"), now=NOW)
    assert [c.account_id for c in ranking.candidates] == ["b", "a", "c"]
    assert ranking.reason == "resets in 1 d, 7d 60% used"


def test_resets_that_differ_by_jitter_only_are_the_same() -> None:
    snapshot = after(
        *THREE[:2],
        seen("a", window("7d", 0.5, resets_in=DAY + 2.1)),
        seen("b", window("7d", 0.1, resets_in=DAY + 2.9)),
    )
    assert order(snapshot, "soonest-reset") == ["b", "a"]


# --- auto -------------------------------------------------------------------------------------------------


def auto(active_used: float, other_used: float, key: str = "5h") -> Snapshot:
    return after(
        *THREE[:2],
        chosen("a"),
        used("a", NOW - HOUR),
        seen("a", window(key, active_used)),
        seen("b", window(key, other_used)),
    )


@pytest.mark.parametrize(
    ("key", "active_used", "other_used", "expected"),
    [
        ("5h", 0.50, 0.46, "a"),  # there is room: one that is hardly emptier is no reason to leave
        ("5h", 0.50, 0.40, "b"),  # one that is clearly emptier is
        ("5h", 0.88, 0.84, "a"),  # just below the threshold
        ("5h", 0.90, 0.84, "b"),  # at it: moves before the limit
        ("7d", 0.90, 0.89, "a"),  # the week's threshold is higher
        ("7d", 0.95, 0.89, "b"),
        ("5h", 0.95, 0.86, "a"),  # the other is near its own limit: two near a limit never take turns
        ("5h", 0.95, 0.84, "b"),  # the other is clearly below
    ],
)
def test_auto_stays_while_there_is_room_and_moves_before_the_limit(
    key: str, active_used: float, other_used: float, expected: Any
) -> None:
    assert order(auto(active_used, other_used, key), "auto")[0] == expected


def test_auto_never_flaps_between_two_accounts_that_fill_together() -> None:
    snapshot = auto(0.90, 0.70)
    active, switches, shares = "a", 0, {"a": 0.90, "b": 0.70}
    for minute in range(40):
        at = NOW + 60 * minute
        best = order(snapshot, "auto", now=at)[0]
        if best != active:
            active, switches = best, switches + 1
            snapshot = fold(snapshot, chosen(best, at))
        snapshot = fold(snapshot, used(best, at))
        shares[best] += 0.01
        snapshot = fold(snapshot, seen(best, window("5h", shares[best], seen=at + 1), at=at + 1))
    assert switches == 2  # to b when a is near, back to a when b is spent; a at 0.90 is room again then


def test_auto_prefers_what_expires_soonest_when_it_must_choose() -> None:
    snapshot = after(
        *THREE[:2],
        seen("a", window("7d", 0.1, resets_in=6 * DAY)),
        seen("b", window("7d", 0.5, resets_in=8 * HOUR)),
    )
    ranking = rank(snapshot, "anthropic", settings=Rules(strategy="auto"), now=NOW)
    assert ranking.chosen == "b"
    assert ranking.reason == "50% left for 8 h, 7d 50% used"


def test_auto_goes_back_to_an_account_of_better_priority_once_it_has_room() -> None:
    snapshot = after(
        *THREE[:2], chosen("b"), used("b", NOW - 5), AccountPrioritized(at=NOW, account_id="b", priority=1)
    )
    assert order(snapshot, "auto")[0] == "a"


# --- what goes before any strategy ------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_priority_goes_before_every_strategy(strategy: str) -> None:
    snapshot = after(
        *THREE,
        AccountPrioritized(at=NOW, account_id="a", priority=5),
        AccountPrioritized(at=NOW, account_id="b", priority=1),
        seen("c", window("7d", 0.6)),
    )
    assert order(snapshot, strategy) == ["c", "b", "a"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_account_held_out_comes_after_all_others(strategy: str) -> None:
    snapshot = after(*THREE, AccountReserved(at=NOW, account_id="a", reserve=True))
    assert order(snapshot, strategy)[-1] == "a"
    assert order(fold(fold(snapshot, cooled("b", NOW + 60)), cooled("c", NOW + 60)), strategy) == ["a"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_session_keeps_its_account_while_that_can_serve(strategy: str) -> None:
    bound = SessionBound(at=NOW - 600, session="s", provider="anthropic", account_id="c")
    snapshot = after(*THREE, bound, seen("c", window("7d", 0.9)))
    ranking = rank(snapshot, "anthropic", session="s", settings=Rules(strategy=strategy), now=NOW)
    assert (ranking.chosen, ranking.reason) == ("c", "the session stays here")
    held = rank(
        fold(snapshot, cooled("c", NOW + 60)), "anthropic", session="s", settings=Rules(strategy=strategy), now=NOW
    )
    assert held.chosen in {"a", "b"}


def test_a_session_is_forgotten_an_hour_after_its_last_request() -> None:
    bound = SessionBound(at=NOW - HOUR - 1, session="s", provider="anthropic", account_id="c")
    snapshot = after(*THREE, bound, used("c", NOW - HOUR))
    assert order(snapshot, "least-recently-used", session="s")[0] == "a"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_a_person_chose_serves_the_next_new_session(strategy: str) -> None:
    use = AccountSwitched(
        at=NOW, provider="anthropic", account_id="c", previous_id="a", reason="chosen by you", by_person=True
    )
    snapshot = after(*THREE, used("c", NOW - 50), seen("c", window("7d", 0.8)), use)
    ranking = rank(snapshot, "anthropic", settings=Rules(strategy=strategy), now=NOW + 1)
    assert (ranking.chosen, ranking.reason) == ("c", "chosen by you")


def test_a_pin_leaves_no_other_and_says_so() -> None:
    snapshot = after(*THREE, AccountPinned(at=NOW, provider="anthropic", account_id="b"))
    ranking = rank(snapshot, "anthropic", settings=Rules(), now=NOW)
    assert [c.account_id for c in ranking.candidates] == ["b"]
    assert [(e.account_id, e.reason) for e in ranking.excluded if e.account_id == "a"] == [
        ("a", "another account is pinned")
    ]


def test_a_pinned_account_that_cannot_serve_leaves_nobody() -> None:
    snapshot = after(*THREE, AccountPinned(at=NOW, provider="anthropic", account_id="b"), cooled("b", NOW + 90))
    ranking = rank(snapshot, "anthropic", settings=Rules(), now=NOW)
    assert (ranking.chosen, ranking.retry_at) == (None, NOW + 90)


def test_with_rotation_off_the_account_in_use_is_kept() -> None:
    snapshot = after(*THREE, chosen("b"), cooled("b", NOW + 90))
    ranking = rank(snapshot, "anthropic", settings=Rules(rotation=False), now=NOW)
    assert ranking.candidates == ()


# --- who is left out, and why -----------------------------------------------------------------------------

LEFT_OUT = [
    (AccountDisabled(at=NOW, account_id="a"), "off", None, True),
    (
        HealthChanged(at=NOW, account_id="a", health=Health.NEEDS_LOGIN, reason="refused by the provider"),
        "sign in again: refused by the provider",
        None,
        True,
    ),
    (
        HealthChanged(at=NOW, account_id="a", health=Health.GATED, reason="Confirm your email."),
        "you must act at the provider: Confirm your email.",
        None,
        True,
    ),
    (cooled("a", NOW + 300), "cooling: 5h limit reached", NOW + 300, False),
    (cooled("a", NOW + 60, model="m"), "m is cooling here: 5h limit reached", NOW + 60, False),
    (seen("a", window("7d", 1.0, resets_in=HOUR)), "7d is spent", NOW + HOUR, False),
    (seen("a", window("5h", 0.4, resets_in=HOUR, status="rejected")), "5h is spent", NOW + HOUR, False),
    # Figures say nothing about days to come: after six hours the account is tried again.
    (seen("a", window("7d", 1.04, resets_in=5 * DAY)), "7d is spent", NOW + 6 * HOUR, False),
]


@pytest.mark.parametrize(("event", "reason", "back_at", "lasting"), LEFT_OUT)
def test_an_account_that_cannot_serve_is_left_out_with_its_reason(
    event: Event, reason: str, back_at: float | None, lasting: bool
) -> None:
    ranking = rank(after(*THREE[:2], event), "anthropic", "m", settings=Rules(), now=NOW)
    assert ranking.chosen == "b"
    excluded = ranking.why_not("a")
    assert excluded is not None
    assert (excluded.reason, excluded.back_at, excluded.lasting) == (reason, back_at, lasting)


def test_one_cooling_account_does_not_move_a_healthy_active_one() -> None:
    # The Puter plugin rotated a healthy account at every call while any other was cooling (puter.md 8.16, 17).
    snapshot = after(*THREE, chosen("a"), used("a", NOW - 5), cooled("b", NOW + 300))
    assert order(snapshot, "auto")[0] == "a"


def test_a_model_scoped_limit_does_not_bench_the_account() -> None:
    spent = window("7d:opus", 1.0, scope="opus")
    snapshot = after(added("a"), seen("a", window("7d", 0.2), spent))
    assert order(snapshot, "lowest-utilization", model="claude-opus-4-5") == []
    assert order(snapshot, "lowest-utilization", model="claude-sonnet-4-5") == ["a"]


def test_a_model_that_is_cooling_for_everybody_excludes_all_with_one_reason() -> None:
    cold = ModelCooled(
        at=NOW, provider="anthropic", model="m", until=NOW + 60, meaning=Meaning.MODEL_LIMITED, reason="too busy"
    )
    ranking = rank(after(*THREE, cold), "anthropic", "m", settings=Rules(), now=NOW)
    assert (ranking.chosen, ranking.retry_at) == (None, NOW + 60)
    assert ranking.reason == "m is cooling for every account: too busy"


def test_subscriptions_are_left_out_until_the_setting_routes_through_them() -> None:
    snapshot = after(added("a", kind=Kind.SUBSCRIPTION), added("k"))
    ranking = rank(snapshot, "anthropic", settings=Settings(), now=NOW)
    assert ranking.chosen == "k"
    assert [e.account_id for e in ranking.excluded if "anthropic.route_subscriptions = true" in e.reason] == ["a"]
    assert order(snapshot, "least-recently-used") == ["k"]
    routed = rank(snapshot, "anthropic", settings=Rules(route_subscriptions=True), now=NOW)
    assert len(routed.candidates) == 2


@pytest.mark.parametrize(("client", "chosen_id"), [("chat", "a"), ("cli", "a"), ("gateway", None)])
def test_a_person_may_test_a_subscription_by_naming_it(client: str, chosen_id: str | None) -> None:
    snapshot = after(added("a", kind=Kind.SUBSCRIPTION), added("k"))
    ranking = rank(snapshot, "anthropic", account_id="a", client=client, settings=Rules(), now=NOW)
    assert ranking.chosen == chosen_id


def test_an_unknown_strategy_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no strategy called lowest-utilisation") as caught:
        named("lowest-utilisation")
    assert "lowest-utilization" in caught.value.hint


def test_the_settings_make_the_rules() -> None:
    rules = rules_of(Settings())
    assert (rules.strategy, rules.order("puter"), rules.order("anthropic")) == (
        "auto",
        "models-first",
        "accounts-first",
    )
    assert rules.chain("anthropic") == ()
    assert len(rules.chain("puter")) == 18


# --- the index gives the answers of the full look ---------------------------------------------------------


def random_event(rng: random.Random, at: float) -> Event:
    name = rng.choice("abcdefgh")
    key = rng.choice(["5h", "7d", "7d:opus", "requests"])
    share = rng.choice([None, 0.0, 0.3, 0.7, 0.92, 0.97, 1.0, 1.04])
    reset = rng.choice([None, at - NOW + 40, at - NOW + 400, at - NOW + 2 * DAY])
    scope = "opus" if key == "7d:opus" else None
    held_model = rng.choice([None, "claude-opus-4-5"])
    events: list[Event] = [
        added(name, at=at, priority=rng.choice([0, 0, 1])),
        used(name, at, request=str(at)),
        chosen(name, at),
        cooled(name, at + rng.choice([5, 60, 900]), at=at, model=held_model),
        AccountDisabled(at=at, account_id=name),
        AccountEnabled(at=at, account_id=name),
        CooldownLifted(at=at, account_id=name, reason="early", model=held_model),
        AccountReserved(at=at, account_id=name, reserve=rng.random() < 0.5),
        AccountRemoved(at=at, account_id=name) if rng.random() < 0.1 else used(name, at),
        SessionBound(at=at, session="s", provider="anthropic", account_id=name),
        seen(name, window(key, share, resets_in=reset, seen=at, scope=scope), at=at),
    ]
    return rng.choice(events)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(6))
def test_the_index_answers_as_a_full_look_does(strategy: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "RUN", 2)
    rng = random.Random(seed)
    rules = Rules(strategy=strategy)
    rosters, snapshot, at = Rosters(rules), Snapshot(), NOW
    for _ in range(250):
        at += rng.choice([0.0, 1.0, 30.0, 400.0, 5 * HOUR])
        event = random_event(rng, at)
        snapshot = fold(snapshot, event)
        rosters.feed([event])
        if rng.random() < 0.4:
            continue
        model = rng.choice(["claude-opus-4-5", "claude-sonnet-4-5", None])
        question = Question("anthropic", model, session=rng.choice([None, "s"]))
        roster = rosters.at(snapshot, "anthropic", model, at)
        quick = [p.account_id for p in preferred(snapshot, question, roster, named(strategy), rules, at)]
        whole = ranking_for(snapshot, question, rules, at)
        assert quick == [c.account_id for c in whole.candidates]
        assert (
            chosen_now(snapshot, "anthropic", rules, at) == rank(snapshot, "anthropic", settings=rules, now=at).chosen
        )


@pytest.mark.parametrize(
    ("gone", "back"),
    [
        (cooled("a", NOW + HOUR), CooldownLifted(at=NOW, account_id="a", reason="early")),
        (AccountDisabled(at=NOW - 60, account_id="a"), AccountEnabled(at=NOW, account_id="a")),
        (
            HealthChanged(at=NOW - 60, account_id="a", health=Health.NEEDS_LOGIN, reason=""),
            HealthChanged(at=NOW, account_id="a", health=Health.READY, reason=""),
        ),
        (seen("a", window("5h", 1.0, seen=NOW - 60)), seen("a", window("5h", 0.1))),
    ],
)
def test_the_index_finds_an_account_again_the_moment_it_is_back(gone: Event, back: Event) -> None:
    rosters, snapshot = Rosters(Rules()), after(added("a"), gone)
    found = []
    for event in (added("a"), back):
        snapshot = fold(snapshot, event)
        rosters.feed([event])
        question = Question("anthropic", "m")
        order = preferred(
            snapshot, question, rosters.at(snapshot, "anthropic", "m", NOW), named("auto"), Rules(), NOW
        )
        found.append([p.account_id for p in order])
    assert found == [[], ["a"]]
