"""From these events: what is held now, the first to come back first, and what an account's holds were."""

from __future__ import annotations

from tests.support.app_world import HOUR, NOW, account, quota

from rota.errors import Meaning
from rota.events import AccountDisabled, CooldownLifted, CooldownStarted, Event, ModelCooled, QuotaObserved
from rota.fold import fold
from rota.quota import QuotaWindow, Source
from rota.snapshot import Snapshot
from rota_tui.holds import Past, held_now, past_holds
from rota_tui.lasting import Lasting
from rota_tui.wording import pool_of


def after(*events: Event) -> Snapshot:
    snapshot = Snapshot()
    for event in events:
        snapshot = fold(snapshot, event)
    return snapshot


def cooled(
    at: float, until: float, *, model: str | None = None, strikes: int = 1, why: str = "busy"
) -> CooldownStarted:
    return CooldownStarted(
        at=at, account_id="a", until=until, meaning=Meaning.LIMITED, reason=why, strikes=strikes, model=model
    )


def test_accounts_models_on_them_and_models_of_all_stand_in_the_order_of_their_return() -> None:
    everywhere = ModelCooled(
        at=NOW, provider="puter", model="m", until=NOW + 30, meaning=Meaning.MODEL_LIMITED, reason="busy"
    )
    held = held_now(after(account("a"), cooled(NOW, NOW + 60), cooled(NOW, NOW + 9, model="opus"), everywhere), NOW)
    assert [each.name for each in held] == ["opus on a", "m", "a"]
    assert [each.account_id for each in held] == ["a", None, "a"]
    assert all(each.liftable for each in held)


def test_a_spent_quota_counts_until_its_reset_though_nothing_holds_the_account() -> None:
    (held,) = held_now(after(account("a"), quota("a", h5=1.0, d7=0.3)), NOW)
    assert (held.cause, held.until, held.liftable) == ("5h spent", NOW + 2 * HOUR, False)
    assert held.since == NOW - 3 * HOUR


def test_the_spent_window_that_comes_back_last_is_the_one_that_is_told() -> None:
    (held,) = held_now(after(account("a"), quota("a", h5=1.0, d7=1.0)), NOW)
    assert held.cause == "7d spent"


def test_an_account_that_is_off_is_not_waited_for() -> None:
    assert held_now(after(account("a"), quota("a", h5=1.0), AccountDisabled(at=NOW, account_id="a")), NOW) == []


def test_a_hold_that_is_over_is_not_held() -> None:
    assert held_now(after(account("a"), cooled(NOW - 60, NOW)), NOW) == []


def test_what_is_kept_is_what_would_be_found_at_every_second() -> None:
    model = ModelCooled(
        at=NOW, provider="puter", model="m", until=NOW + 40, meaning=Meaning.MODEL_LIMITED, reason="busy"
    )
    short = QuotaWindow("5h", "5h", 1.0, NOW, Source.HEADERS, resets_at=NOW + 20, length=5 * HOUR)
    seen = QuotaObserved(at=NOW, account_id="a", windows=(short,))
    first = after(account("a"), account("b"), seen, cooled(NOW, NOW + 30), cooled(NOW, NOW + 10, model="opus"))
    then = fold(first, model)
    holds, pool = Lasting(held_now), Lasting(pool_of)
    told = set()
    for second in (*range(60), 5, 35):  # at the end the clock is put back
        snapshot = first if second < 15 else then
        found = holds.at(snapshot, NOW + second)
        assert found == held_now(snapshot, NOW + second)
        assert pool.at(snapshot, NOW + second) == pool_of(snapshot, NOW + second)
        told.add(tuple((each.name, each.cause) for each in found))
    assert len(told) == 6


def test_past_holds_end_by_themselves_by_the_next_or_by_being_lifted() -> None:
    lifted = CooldownLifted(at=NOW - 50, account_id="a", reason="lifted by you")
    late = CooldownLifted(at=NOW + 99, account_id="a", reason="too late")
    events: list[Event] = [
        cooled(NOW - 400, NOW - 300),  # ended by itself
        cooled(NOW - 250, NOW - 100),
        cooled(NOW - 200, NOW - 150, strikes=2),  # replaced the one before
        cooled(NOW - 80, NOW + 20),
        lifted,
        cooled(NOW - 10, NOW + 90),
        late,
    ]
    assert past_holds(events) == [
        Past(NOW - 10, NOW + 90, "busy", 1, None),
        Past(NOW - 80, NOW - 50, "busy", 1, None, "lifted by you"),
        Past(NOW - 200, NOW - 150, "busy", 2, None),
        Past(NOW - 250, NOW - 200, "busy", 1, None),
        Past(NOW - 400, NOW - 300, "busy", 1, None),
    ]


def test_lifting_a_model_does_not_end_the_accounts_own_hold() -> None:
    events: list[Event] = [
        cooled(NOW - 80, NOW + 20),
        cooled(NOW - 80, NOW + 20, model="opus"),
        CooldownLifted(at=NOW - 50, account_id="a", reason="room", model="opus"),
    ]
    opus, whole = past_holds(events)
    assert (opus.model, opus.until) == ("opus", NOW - 50)
    assert (whole.model, whole.until) == (None, NOW + 20)


def test_a_hold_without_words_says_what_it_means() -> None:
    (past,) = past_holds([cooled(NOW, NOW + 1, why="")])
    assert past.why == "limited"
