"""The timeline and the plot by keys, drawn in characters that differ without colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import HOUR, MINUTE, NOW, Opened, account, opened, quota

from rota.account import Health
from rota.errors import Meaning
from rota.events import AccountDisabled, CooldownStarted, Event, HealthChanged, QuotaObserved, RequestServed
from rota.quota import QuotaWindow, Source
from rota.snapshot import Sample
from rota_tui.pieces import ASCII, UNICODE
from rota_tui.screens.activity import ActivityScreen
from rota_tui.widgets.lanes_view import LanesView
from rota_tui.widgets.usage_plot import UsagePlot, runs_of, spread

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


def answered(account_id: str, ago: float) -> Event:
    return RequestServed(
        at=NOW - ago,
        request_id=f"{account_id}{ago}",
        account_id=account_id,
        provider="anthropic",
        model="opus",
        requested_model="opus",
        started_at=NOW - ago - 5,
    )


def seen(account_id: str, ago: float, used: float) -> Event:
    window = QuotaWindow("5h", "5h", used, NOW - ago, Source.HEADERS, resets_at=NOW + HOUR, length=5 * HOUR)
    return QuotaObserved(at=NOW - ago, account_id=account_id, windows=(window,))


PAST: tuple[Event, ...] = (
    account("work"),
    account("spare"),
    account("lab", label="[/b] lab"),
    account("gone"),
    HealthChanged(at=NOW - 3 * HOUR, account_id="gone", health=Health.NEEDS_LOGIN),
    *(seen("work", 150 * MINUTE - n * 10 * MINUTE, 0.1 + 0.06 * n) for n in range(12)),
    seen("spare", 100 * MINUTE, 0.4),
    answered("work", 120 * MINUTE),
    answered("work", 119 * MINUTE),
    answered("spare", 90 * MINUTE),
    CooldownStarted(
        at=NOW - 30 * MINUTE, account_id="lab", until=NOW + 30 * MINUTE, meaning=Meaning.THROTTLED, reason=""
    ),
    CooldownStarted(
        at=NOW - 10 * MINUTE, account_id="work", until=NOW + 60 * MINUTE, meaning=Meaning.LIMITED, reason=""
    ),
)


async def timeline(it: Opened) -> LanesView:
    """Go to the timeline, with the past read and the plot drawn."""
    await it.press("3", "t")
    await it.settled()
    assert it.app.screen.query_one(UsagePlot).display
    return it.app.screen.query_one(LanesView)


def lane(it: Opened, label: str) -> str:
    """One account's lane without its name."""
    region = it.app.screen.query_one(LanesView).region
    lines = [line[region.x + 2 : region.right - 2] for line in it.text().splitlines()[region.y : region.bottom]]
    return next(line for line in lines if line.startswith(label))[len(label) :]


@pytest.mark.parametrize("size", SIZES)
async def test_each_account_has_a_lane_of_what_it_did_and_will_do(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, *PAST, size=size) as it:
        await timeline(it)
        work, lab = lane(it, "work"), lane(it, "[/b] lab")
        assert any(mark in work for mark in UNICODE.serving)
        assert UNICODE.spent in work.split(UNICODE.now)[0]
        assert work.split(UNICODE.now)[1].startswith(UNICODE.spent)  # known to go on
        assert f"{UNICODE.reset}5h" in work.split(UNICODE.now)[1]
        assert UNICODE.cooling in lab
        assert UNICODE.spent not in lab
        assert UNICODE.out in lane(it, "gone")
        assert it.line("served").count("spent") == 1  # the legend
        assert it.line("now")


async def test_the_lanes_read_in_plain_characters_too(tmp_path: Path) -> None:
    async with opened(tmp_path, *PAST, size=(80, 24), ascii=True) as it:
        await timeline(it)
        work = lane(it, "work")
        assert {ASCII.serving, ASCII.spent, ASCII.now, ASCII.idle} <= set(work)
        assert ASCII.cooling in lane(it, "[/b] lab")
        assert it.text().replace("…", "").isascii()


async def test_zooming_and_moving_and_coming_back(tmp_path: Path) -> None:
    async with opened(tmp_path, *PAST, size=(80, 24)) as it:
        await timeline(it)
        screen = it.app.screen
        assert isinstance(screen, ActivityScreen)
        told = it.text().splitlines()[1].strip()
        assert told == "5 h · 08:30 to 13:30"
        await it.press("plus")
        assert it.text().splitlines()[1].strip() == "1 h · 11:18 to 12:18"
        await it.press("plus")
        assert screen.view.name == "1 h"  # nearer than that nothing is
        await it.press("minus", "minus", "minus", "minus")
        assert it.text().splitlines()[1].strip().startswith("7 d · ")
        await it.press("equals_sign", "equals_sign", "left", "left")
        assert it.text().splitlines()[1].strip() == "5 h · 06:00 to 11:00 · n comes back to now"
        assert UNICODE.now not in lane(it, "work")
        await it.press("right")
        assert screen.view.shift == -1.25 * HOUR
        await it.press("n")
        assert it.text().splitlines()[1].strip() == told


async def test_what_happened_long_ago_is_there_when_one_goes_there(tmp_path: Path) -> None:
    long_ago = answered("spare", 50 * HOUR)
    async with opened(tmp_path, account("spare"), long_ago, *PAST[:1], size=(120, 40)) as it:
        await timeline(it)
        assert not set(lane(it, "spare")) & set(UNICODE.serving)
        await it.press("minus", "minus")
        assert set(lane(it, "spare")) & set(UNICODE.serving)


async def test_beyond_today_the_stretch_is_told_with_its_days(tmp_path: Path) -> None:
    async with opened(tmp_path, *PAST, size=(80, 24)) as it:
        await timeline(it)
        await it.press("minus")
        assert it.text().splitlines()[1].strip() == "24 h · Thu 14 Jan 19:12 to Fri 15 Jan 19:12"
        await it.press("minus")
        assert it.text().splitlines()[1].strip() == "7 d · Sun 10 Jan 14:24 to Sun 17 Jan 14:24"


async def test_who_was_turned_off_today_was_in_use_before(tmp_path: Path) -> None:
    off, dead = AccountDisabled(at=NOW - HOUR, account_id="gone"), account("dead")
    refused = HealthChanged(at=NOW - 2 * HOUR, account_id="dead", health=Health.NEEDS_LOGIN, reason="refused")
    async with opened(tmp_path, account("gone"), dead, off, refused, size=(120, 40)) as it:
        await timeline(it)
        assert UNICODE.out in lane(it, "gone")
        await it.press(*["left"] * 12)
        assert UNICODE.out not in lane(it, "gone")
        assert UNICODE.out not in lane(it, "dead")


async def test_a_reset_in_the_cell_of_now_keeps_its_mark(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), quota("work", h5=0.5), size=(80, 24)) as it:
        await timeline(it)
        await it.press("minus", "minus")  # two hours are less than a cell of seven days
        assert f"{UNICODE.now}{UNICODE.reset}5h" in lane(it, "work")


async def test_without_accounts_the_timeline_says_what_will_be_there(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as it:
        await timeline(it)
        assert it.line("No account yet. Each will have a lane here.")


async def test_what_happens_now_is_drawn_at_the_next_tick(tmp_path: Path) -> None:
    async with opened(tmp_path, *PAST[:4], size=(120, 40)) as it:
        await timeline(it)
        assert not set(lane(it, "spare")) & set(UNICODE.serving)
        await it.happen(answered("spare", 20 * MINUTE), AccountDisabled(at=NOW, account_id="work"))
        await it.pass_time(10 * MINUTE)
        assert set(lane(it, "spare")) & set(UNICODE.serving)
        assert UNICODE.out in lane(it, "work")


async def test_more_accounts_than_fit_come_into_sight_with_the_arrows(tmp_path: Path) -> None:
    many = [account(f"a{number:02}") for number in range(40)]
    async with opened(tmp_path, *many, size=(80, 24)) as it:
        lanes = await timeline(it)
        assert it.line("a00")
        hidden = lanes.hidden_lanes
        assert f"+{hidden}" in it.line("5 h,")
        await it.press("down")
        assert not it.line("a00")
        await it.press(*["down"] * 40)
        assert it.line("a39")
        assert lanes.hidden_lanes == hidden


async def test_the_plot_has_a_named_line_for_each_account(tmp_path: Path) -> None:
    async with opened(tmp_path, *PAST, quota("work", d7=0.3), size=(120, 40)) as it:
        await timeline(it)
        plot = it.app.screen.query_one(UsagePlot)
        assert [curve.label for curve in plot.curves] == ["work", "spare"]
        drawn = str(plot.render())
        assert "work" in drawn
        assert "spare" in drawn
        assert "100%" in drawn
        assert plot.border_title == "5h window, used"
        await it.press("u")
        assert plot.border_title == "7d window, used"
        assert [curve.label for curve in plot.curves] == ["work"]
        await it.press("t", "a", *"spare", "enter", "t", "u")
        assert [curve.label for curve in plot.curves] == ["spare"]


async def test_the_plot_wears_another_theme_and_reads_in_plain_characters(tmp_path: Path) -> None:
    async with opened(tmp_path, *PAST, size=(80, 24), ascii=True) as it:
        await timeline(it)
        plot = it.app.screen.query_one(UsagePlot)
        before = plot.render()
        assert str(before).isascii()
        assert "* work" in str(before)
        it.app.theme = "textual-light"
        await it.settled()
        assert plot.render() != before


async def test_without_figures_the_plot_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), size=(80, 24)) as it:
        await timeline(it)
        assert it.line("No figures of the 5h window from this time.")


async def test_a_tall_terminal_shows_the_timeline_above_the_log(tmp_path: Path) -> None:
    async with opened(tmp_path, *PAST, size=(120, 40)) as it:
        await it.press("3")
        assert UNICODE.spent in lane(it, "work")
        assert it.line("What happened")
        assert not it.app.screen.query(UsagePlot)  # not made before it is looked at


def sample(at: float, used: float, resets_at: float | None = 9000.0) -> Sample:
    return Sample(at, used, resets_at)


@pytest.mark.parametrize(
    ("samples", "lengths"),
    [
        ([], []),
        ([sample(0, 0.1)], [1]),
        ([sample(0, 0.1), sample(300, 0.2)], [2]),
        ([sample(0, 0.9), sample(300, 0.1, 27_000)], [1, 1]),  # reset between them
        ([sample(0, 0.1), sample(300, 0.2, 9120)], [2]),  # the same reset, said a little differently
        ([sample(0, 0.5, None), sample(300, 0.4, None), sample(600, 0.6, None)], [1, 2]),
    ],
)
def test_a_line_is_parted_where_the_window_was_reset(samples: list[Sample], lengths: list[int]) -> None:
    assert [len(run) for run in runs_of(samples)] == lengths


@pytest.mark.parametrize(
    ("heights", "placed"),
    [
        ([], []),
        ([0.5], [0.5]),
        ([0.5, 0.5], [0.5, 0.6]),
        ([1.0, 1.0, 1.0], [0.8, 0.9, 1.0]),  # no room above: they move down
        ([0.0, 0.9], [0.0, 0.9]),
    ],
)
def test_names_stand_apart(heights: list[float], placed: list[float]) -> None:
    assert all(math.isclose(a, b) for a, b in zip(spread(heights, 0.1), placed, strict=True))


@pytest.mark.parametrize(("size", "left_out"), [((80, 24), ()), ((120, 40), ()), ((60, 14), ("u Plot", "a Account"))])
async def test_the_last_line_shows_what_works_in_the_timeline(
    tmp_path: Path, size: tuple[int, int], left_out: tuple[str, ...]
) -> None:
    month = quota("work", d7=0.5)
    async with opened(tmp_path, *PAST, month, size=size) as it:
        await timeline(it)
        keys = it.text().splitlines()[-1]
        for key in ("t Log", "w Why", "+- Zoom", "←→ Move", "u Plot", "a Account"):
            assert (key in keys) is (key not in left_out)


async def test_on_the_smallest_terminal_the_legend_is_whole_and_a_name_that_is_cut_says_so(tmp_path: Path) -> None:
    several = [seen(name, 100 * MINUTE, 0.9) for name in ("spare", "lab")]
    long = account("long", label="a-very-long-name-of-an-account")
    async with opened(tmp_path, *PAST, *several, long, seen("long", MINUTE, 0.95), size=(60, 14)) as it:
        await timeline(it)
        assert "█ served  ░ cooling  ▓ spent  × out  ◇ reset  │ now" in it.text()
        assert it.line("… +3").rstrip(" │").endswith(" a-very-… +3")


async def test_keys_side_by_side_have_a_gap_where_they_are_named(tmp_path: Path) -> None:
    async with opened(tmp_path, *PAST, size=(120, 40), ascii=True) as it:
        await timeline(it)
        assert "+- Zoom  left right Move" in it.text().splitlines()[-1]
