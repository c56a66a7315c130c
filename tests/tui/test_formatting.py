"""How times, numbers and gauges read."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rota.quota import Unit
from rota_tui import formatting as f
from rota_tui.pieces import ASCII, UNICODE, Glyphs, Locale, Tone, plain, width_of

NOON = 1_800_014_400.0  # Friday 15 January 2027, 12:00 UTC
HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "00:00"),
        (0, "00:00"),
        (0.2, "00:01"),  # never "00:00" while it is not over
        (252, "04:12"),
        (3599, "59:59"),
        (3600, "1h 00m"),
        (10_020, "2h 47m"),
        (DAY * 3 + HOUR * 4, "3d 4h"),
        (DAY * 7, "7d"),
    ],
)
def test_a_countdown_shows_seconds_only_below_an_hour(seconds: float, text: str) -> None:
    assert f.countdown(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "<1m"), (59, "<1m"), (60, "1m"), (2820, "47m"), (10_020, "2h 47m"), (DAY, "1d")]
)
def test_a_span_moves_once_a_minute(seconds: float, text: str) -> None:
    assert f.span(seconds) == text


@pytest.mark.parametrize(
    ("ahead", "long", "short"),
    [
        (2 * HOUR, "14:00", "14:00"),
        (11 * HOUR, "23:00", "23:00"),
        (11.9 * HOUR, "23:54", "23:54"),
        (13 * HOUR, "Sat 01:00", "Sat"),
        (3 * DAY, "Mon 12:00", "Mon"),
        (30 * DAY, "14 Feb", "14 Feb"),
        (400 * DAY, "19 Feb 2028", "19 Feb"),
        (-DAY, "Thu 12:00", "Thu"),
    ],
)
def test_a_moment_is_said_as_people_say_it(ahead: float, long: str, short: str) -> None:
    assert f.clock(NOON + ahead, NOON, UTC) == long
    assert f.clock_short(NOON + ahead, NOON, UTC) == short


@given(st.floats(-1e18, 1e18), st.floats(0, 4e9))
def test_any_moment_has_a_clock_time_and_a_short_one_fits_six_cells(at: float, now: float) -> None:
    assert f.clock(at, now, UTC)
    assert len(f.clock_short(at, now, UTC)) <= 6


def test_times_are_told_in_the_persons_zone_with_its_summer_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert f.clock(NOON, NOON, berlin) == "13:00"
    assert f.clock(NOON + 180 * DAY + 1, NOON + 180 * DAY, berlin) == "14:00"


def test_a_reset_is_told_both_ways() -> None:
    assert f.when(NOON + 10_020, NOON, Locale(UTC)) == "2h 47m · 14:47"
    assert f.when(NOON + 10_020, NOON, Locale(UTC, ASCII)) == "2h 47m - 14:47"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "now"), (59, "now"), (60, "1m"), (3599, "59m"), (HOUR, "1h"), (DAY, "24h"), (2 * DAY, "2d")],
)
def test_an_age_is_short(seconds: float, text: str) -> None:
    assert f.age(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "?"),
        (float("nan"), "?"),
        (-0.1, "0%"),
        (0.0, "0%"),
        (0.001, "<1%"),  # it has begun
        (0.624, "62%"),
        (0.999, "99%"),  # it is not spent yet
        (1.0, "100%"),
        (1.04, "104%"),
        (50.0, "999%"),
    ],
)
def test_a_percent_never_claims_what_is_not_so(share: float | None, text: str) -> None:
    assert f.percent(share) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (184, "184"),
        (999.4, "999"),
        (999.9, "1k"),
        (1234, "1.2k"),
        (40_000, "40k"),
        (3.4e6, "3.4M"),
        (2e9, "2G"),
    ],
)
def test_a_count_fits_five_cells(number: float, text: str) -> None:
    assert f.count(number) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (310, Unit.USD_CENTS, "$3.10"),
        (25_000_000, Unit.MICROCENTS, "$0.25"),
        (12_345, Unit.MICROCENTS, "$0.0001"),
        (1234, Unit.CREDITS, "1.2k"),  # credits are never shown as dollars
        (0.5, Unit.PERCENT, "50%"),
    ],
)
def test_an_amount_is_told_in_its_own_unit(value: float, unit: Unit, text: str) -> None:
    assert f.amount(value, unit) == text


# --- gauges -----------------------------------------------------------------------------------------------


@given(
    share=st.none() | st.floats(allow_nan=True, allow_infinity=True),
    width=st.integers(-2, 60),
    tick=st.none() | st.floats(0, 1),
    glyphs=st.sampled_from([UNICODE, ASCII]),
)
def test_a_gauge_is_exactly_as_wide_as_asked(
    share: float | None, width: int, tick: float | None, glyphs: Glyphs
) -> None:
    assert width_of(f.gauge(share, width, glyphs, tick)) == max(0, width)


@given(st.floats(0, 2), st.floats(0, 2), st.integers(1, 40))
def test_more_use_never_draws_a_shorter_bar(one: float, other: float, width: int) -> None:
    def halves(share: float) -> int:
        bar = plain(f.gauge(share, width, UNICODE))
        return 2 * bar.count(UNICODE.full) + bar.count(UNICODE.half)

    less, more = sorted((one, other))
    assert halves(less) <= halves(more)


@pytest.mark.parametrize(
    ("share", "bar"),
    [
        (0.0, "──────"),
        (0.001, "╾─────"),  # begun is not empty
        (0.25, "━╾────"),
        (0.5, "━━━───"),
        (0.999, "━━━━━╾"),  # nearly full is not full
        (1.0, "━━━━━━"),
        (1.5, "━━━━━━"),
        (None, "┄┄┄┄┄┄"),
    ],
)
def test_a_gauge_draws_half_cells(share: float | None, bar: str) -> None:
    assert plain(f.gauge(share, 6, UNICODE)) == bar


@pytest.mark.parametrize(("share", "bar"), [(0.5, "━━━──┴"), (1.0, "━━━━━┷")])
def test_the_tick_stands_where_rota_moves_on(share: float, bar: str) -> None:
    assert plain(f.gauge(share, 6, UNICODE, tick=0.9)) == bar


def test_a_gauge_reads_without_colour_and_without_unicode() -> None:
    assert plain(f.gauge(0.45, 10, ASCII, tick=0.9)) == "====>----|"


@pytest.mark.parametrize(
    ("share", "tone"), [(None, Tone.QUIET), (0.0, Tone.OK), (0.79, Tone.OK), (0.8, Tone.LOW), (1.0, Tone.SPENT)]
)
def test_a_gauge_turns_its_tone_at_the_thresholds(share: float | None, tone: Tone) -> None:
    assert f.gauge(share, 6, UNICODE)[0].tone is tone or share == 0.0
    assert f.tone_of(share) is tone


@given(st.lists(st.floats(0, 1e9), max_size=48))
def test_a_sparkline_has_a_mark_for_every_value(values: list[float]) -> None:
    assert cell_len(f.sparkline(values, UNICODE)) == len(values)


def test_a_sparkline_shows_that_little_is_not_nothing() -> None:
    assert f.sparkline([0, 1, 1000], UNICODE) == "▁▂█"
    assert f.sparkline([0, 0], UNICODE) == "▁▁"


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0, "$0.00"),
        (12.4, "$12.40"),
        (0.0042, "$0.0042"),
        (0.004, "$0.004"),
        (0.00001, "<$0.0001"),
        (1e-9, "<$0.0001"),
    ],
)
def test_money_keeps_the_digits_that_say_something(dollars: float, text: str) -> None:
    assert f.usd(dollars) == text
