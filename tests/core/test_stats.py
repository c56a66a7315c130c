from __future__ import annotations

from typing import Any

import pytest

from rota.errors import Attempt, Meaning
from rota.events import RequestFailed, RequestServed
from rota.stats import per_model, percentile

NOW = 1_800_000_000.0


def served(model: str, duration: float, *, at: float = NOW, **more: Any) -> RequestServed:
    return RequestServed(
        at=at,
        request_id="r",
        account_id="a",
        provider="puter",
        model=model,
        requested_model=model,
        duration=duration,
        **more,
    )


def failed_on(model: str) -> Attempt:
    return Attempt("a", "work", model, Meaning.OVERLOADED, "busy")


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),  # nothing is known of nothing
        ([3.0], 0.95, 3.0),
        ([1.0, 2.0], 0.5, 1.0),  # half of them do not exceed the first
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.0),
        ([1.0, 2.0, 3.0], 0.0, 1.0),
        ([1.0, 2.0, 3.0], 1.0, 3.0),
    ],
)
def test_a_percentile_is_a_value_that_was_seen(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


def test_figures_are_told_per_model_the_most_used_first() -> None:
    events = [served("slow", 9.0), served("fast", 1.0), served("fast", 3.0, at=NOW + 1)]
    stats = per_model(events)
    assert [(s.model, s.requests, s.latency_p50, s.latency_p95) for s in stats] == [
        ("fast", 2, 1.0, 3.0),
        ("slow", 1, 9.0, 9.0),
    ]
    assert stats[0].last_at == NOW + 1


def test_a_failed_try_counts_against_the_model_that_failed_not_the_one_that_served() -> None:
    stats = {s.model: s for s in per_model([served("free", 1.0, attempts=(failed_on("best"), failed_on("best")))])}
    assert (stats["best"].requests, stats["best"].errors, stats["best"].error_rate) == (0, 2, 1.0)
    assert (stats["free"].requests, stats["free"].errors) == (1, 0)
    assert stats["best"].latency_p50 is None


def test_a_request_that_nobody_served_counts_its_tries() -> None:
    event = RequestFailed(
        at=NOW,
        request_id="r",
        provider="puter",
        requested_model="best",
        meaning=Meaning.OVERLOADED,
        message="",
        attempts=(failed_on("best"),),
    )
    assert [(s.model, s.errors) for s in per_model([event])] == [("best", 1)]


def test_speed_is_measured_while_tokens_flow() -> None:
    streamed = served("m", 3.0, first_token=1.0, output_tokens=100)
    at_once = served("m", 2.0, first_token=2.0, output_tokens=100)
    assert per_model([streamed])[0].tokens_per_second == 50
    assert per_model([at_once])[0].tokens_per_second == 50


def test_only_the_last_answers_count() -> None:
    stats = per_model([served("m", 100.0), *(served("m", 1.0) for _ in range(5))], most=5)
    assert (stats[0].requests, stats[0].latency_p95) == (5, 1.0)


def test_money_is_unknown_until_somebody_says_it() -> None:
    assert per_model([served("m", 1.0)])[0].cost_usd is None
    assert per_model([served("m", 1.0, cost_usd=0.5), served("m", 1.0)])[0].cost_usd == 0.5
