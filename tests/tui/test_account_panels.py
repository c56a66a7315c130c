"""Mode 1 by keys: the runway, what one account's detail foresees and remembers, and the panel of what cools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import DAY, HOUR, NOW, Opened, account, opened, quota
from tests.tui.test_foreseeing import rising

from rota.account import Kind
from rota.errors import Meaning
from rota.events import CooldownLifted, CooldownStarted, Event, ModelCooled, QuotaObserved
from rota.quota import QuotaWindow, Source, Unit
from rota.settings import PoolSettings
from rota_tui.widgets.cooldown_panel import CooldownPanel

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


def cooled(name: str, since: float, until: float, *, why: str = "5h spent", strikes: int = 1) -> CooldownStarted:
    return CooldownStarted(
        at=since, account_id=name, until=until, meaning=Meaning.LIMITED, reason=why, strikes=strikes
    )


def busy() -> list[Event]:
    """One account that is being used up, one that cools, one whose quota is spent, and a model that cools."""
    return [
        account("work", position=0.0),
        account("spare", position=1.0),
        account("lab", provider="puter", kind=Kind.PUTER, position=2.0),
        *rising("work", 0.2, 0.06),
        cooled("spare", NOW - 48, NOW + 252, strikes=2),
        quota("lab", month=1.0),
        ModelCooled(
            at=NOW, provider="puter", model="free-model", until=NOW + 30, meaning=Meaning.MODEL_LIMITED, reason="busy"
        ),
    ]


async def whole(it: Opened) -> str:
    """All of the detail, in a terminal that has room for it."""
    await it.press("enter")
    return it.text()


async def test_a_limit_by_the_minute_that_is_over_reads_as_refilled(tmp_path: Path) -> None:
    minute = QuotaWindow(
        "requests", "requests", 0.5, NOW - 90, Source.HEADERS, Unit.REQUESTS, 25.0, 50.0, resets_at=NOW - 30
    )
    seen = QuotaObserved(at=NOW - 90, account_id="work", windows=(minute,))
    async with opened(tmp_path, account("work"), seen, size=(120, 40)) as it:
        line = next(line for line in (await whole(it)).splitlines() if "refilled" in line)
        assert "?" not in line
        assert "reset since" not in it.text()


# --- the runway -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_under_the_pool_stands_how_long_it_lasts(tmp_path: Path, size: tuple[int, int], ascii: bool) -> None:
    async with opened(tmp_path, account("work"), *rising("work", 0.2, 0.06), size=size, ascii=ascii) as it:
        about = "~" if ascii else "≈"
        line = it.text().splitlines()[2].strip()
        assert line.startswith(f"{about} pool lasts until 12:36 at this pace")


async def test_the_runway_follows_what_happens(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), *rising("work", 0.2, 0.06)) as it:
        assert "until 12:36" in it.text()
        await it.happen(account("late"), quota("late", h5=0.1))
        await it.pass_time(10)
        assert "≈ pool lasts until 12:36" not in it.text()
        assert "≈ pool lasts until" in it.text()


async def test_what_is_forecast_is_asked_for_at_most_every_ten_seconds(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), *rising("work", 0.2, 0.06)) as it:
        before = it.line("pool lasts")
        await it.happen(account("late"), quota("late", h5=0.1))
        await it.pass_time(9)
        assert it.line("pool lasts") == before


# --- the detail -------------------------------------------------------------------------------------------


async def test_the_detail_foresees_each_window_with_a_range(tmp_path: Path) -> None:
    async with opened(tmp_path, *busy(), size=(120, 60)) as it:
        text = await whole(it)
        assert "≈ 72% an hour · spent 12:36 (12:16 or later)" in text


async def test_the_detail_remembers_the_cooldowns_of_its_account(tmp_path: Path) -> None:
    past: list[Event] = [
        cooled("work", NOW - 5 * HOUR, NOW - 4 * HOUR, why="5h limit reached"),
        cooled("work", NOW - 2 * HOUR, NOW - HOUR, why="too busy", strikes=3),
        CooldownLifted(at=NOW - 1.5 * HOUR, account_id="work", reason="lifted by you"),
        cooled("spare", NOW - 9 * HOUR, NOW - 8 * HOUR, why="not its own"),
    ]
    async with opened(tmp_path, *busy(), *past, size=(120, 60)) as it:
        text = await whole(it)
        history = text.split("Cooldowns")[1]
        assert "10:00 to 10:30  too busy · strike 3 · lifted by you" in history
        assert "07:00 to 08:00  5h limit reached" in history
        assert history.index("too busy") < history.index("5h limit reached")
        assert "not its own" not in text
        await it.press("escape", "down", "enter")
        assert "not its own" in it.text()


async def test_a_new_cooldown_is_in_the_history_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path, *busy(), size=(120, 60)) as it:
        assert "Cooldowns" not in await whole(it)
        await it.happen(cooled("work", NOW, NOW + 60, why="just now"))
        assert "12:00 to 12:01  just now" in it.text()


@pytest.mark.parametrize(
    ("strategy", "score"),
    [
        ("auto", "-0.58"),  # more is left than the week needs
        ("lowest-utilization", "0.31"),  # the week's share
        ("soonest-reset", "Mon"),  # when the week ends
        ("least-recently-used", "0.00"),  # never used
        ("round-robin", "0.00"),  # the place in the table
    ],
)
async def test_why_somebody_is_next_comes_with_the_score(tmp_path: Path, strategy: str, score: str) -> None:
    events = (account("work"), quota("work", h5=0.2, d7=0.31))
    settings = {"pool": PoolSettings(strategy=strategy)}
    async with opened(tmp_path, *events, size=(120, 60), settings=settings) as it:
        await whole(it)
        assert f"Next for Anthropic · {strategy}: low score first" in it.text()
        assert it.line(" 1 work").split(" 1 work")[1].split()[0] == score


async def test_who_is_near_a_limit_comes_last_whatever_the_score_and_the_list_says_so(tmp_path: Path) -> None:
    people = [account(name) for name in ("work", "spare")]
    seen = quota("work", h5=0.97, d7=0.1), quota("spare", h5=0.2, d7=0.7)
    async with opened(tmp_path, *people, *seen, size=(120, 60)) as it:
        text = await whole(it)
        assert "Next for Anthropic · auto: low score first, near a limit last" in text
        assert text.index(" 1 spare") < text.index(" 2 work")
        assert "near a limit, " in it.line(" 2 work")


async def test_where_an_account_came_from_and_when_its_sign_in_ends_are_told(tmp_path: Path) -> None:
    imported = account(
        "work", kind=Kind.SUBSCRIPTION, origin="Claude Code", login_expires_at=NOW + 2 * DAY, reserve=True, priority=2
    )
    async with opened(tmp_path, imported, size=(120, 60)) as it:
        text = await whole(it)
        assert "from Claude Code" in text
        assert "in reserve · priority 2 · sign-in ends Sun 12:00" in text


# --- what cools -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_o_shows_what_cools_the_soonest_big_the_others_below(
    tmp_path: Path, size: tuple[int, int], ascii: bool
) -> None:
    async with opened(tmp_path, *busy(), size=size, ascii=ascii) as it:
        await it.press("o")
        panel = it.text().split("Cooling")[1]
        assert panel.index("free-model") < panel.index("spare") < panel.index("lab")
        assert "for all of Puter" in panel
        assert "strike 2" in panel
        assert "month spent" in panel
        await it.press("escape")
        assert it.app.focused is not None
        assert it.app.focused.id == "accounts"


async def test_x_lifts_the_one_that_is_chosen_a_model_of_everybody_too(tmp_path: Path) -> None:
    async with opened(tmp_path, *busy()) as it:
        await it.press("o", "x")
        assert it.engine.snapshot.model_hold("puter", "free-model", NOW) is None
        assert it.toasts()[-1] == "free-model may serve again."
        await it.press("x")
        assert it.engine.snapshot.accounts["spare"].held(NOW) is None
        assert it.toasts()[-1] == "spare may serve again."


async def test_keys_mean_the_account_that_is_looked_at_in_a_panel(tmp_path: Path) -> None:
    def off() -> list[str]:
        return [state.id for state in it.engine.snapshot.listed() if not state.account.enabled]

    async with opened(tmp_path, *busy(), size=(80, 24)) as it:
        await it.press("space", "o")  # work is selected, the cursor is on spare
        assert "u Use" not in it.text()  # a model of everybody
        assert "space Select" not in it.text()
        await it.press("down", "down")
        assert "u Use" in it.text()
        await it.press("e")
        assert off() == ["lab"]
        await it.press("escape", "enter", "e")  # the detail of spare
        assert off() == ["spare", "lab"]
        await it.press("escape", "e")
        assert off() == ["work", "spare", "lab"]


async def test_arrows_choose_and_the_choice_stays_when_another_comes_back(tmp_path: Path) -> None:
    async with opened(tmp_path, *busy()) as it:
        await it.press("o", "down")
        assert "› 04:12   spare" in it.text()
        await it.pass_time(31)  # the model is back: the chosen one is the soonest now
        assert "› spare" in it.text()
        await it.press("x")
        assert it.engine.snapshot.accounts["spare"].held(it.clock.now()) is None


async def test_a_spent_quota_cannot_be_lifted_and_says_why(tmp_path: Path) -> None:
    async with opened(tmp_path, *busy()) as it:
        await it.press("o", "down", "down", "x")
        assert it.toasts()[-1] == "lab has nothing left: only the reset brings it back."


async def test_ending_a_cooldown_promises_nothing_while_a_quota_is_spent(tmp_path: Path) -> None:
    spent = (quota("spare", h5=1.05), quota("lab", month=1.0), cooled("lab", NOW - 48, NOW + 400))
    async with opened(tmp_path, *busy(), *spent) as it:
        await it.press("down", "x")
        assert it.toasts()[-1] == "spare is no longer held, but its 5h is spent until 14:00."
        assert "5h spent" in it.row("spare")
        await it.press("o", "down", "x")
        assert it.toasts()[-1].startswith("lab is no longer held, but its month is spent until ")


async def test_more_than_fits_is_counted_and_the_chosen_one_stays_in_sight(tmp_path: Path) -> None:
    many = [account(f"n{n:02}", position=float(n)) for n in range(20)]
    holds = [cooled(f"n{n:02}", NOW, NOW + 60 + n) for n in range(20)]
    async with opened(tmp_path, *many, *holds, size=(120, 40)) as it:
        await it.press("o")
        assert " more" in it.text().split("Cooling")[1]
        for _ in range(19):
            await it.press("down")
        assert "› 01:19" in it.text(), it.text()
        panel = it.app.screen.query_one(CooldownPanel)
        assert panel.has_focus


async def test_nothing_that_cools_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), size=(80, 24)) as it:
        await it.press("o")
        assert "Nothing is cooling." in it.text()
        await it.press("x", "down")
        await it.press("escape")
        assert it.row("work")
