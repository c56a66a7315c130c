"""How each failure looks: said in words, in the right place, for as long as it lasts, and nothing breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from rich.cells import cell_len
from tests.support.app_world import DAY, HOUR, MINUTE, NOW, Opened, account, opened, quota

from rota.account import Health, Kind
from rota.errors import Meaning, StoreError, VaultLocked
from rota.events import AccountDisabled, AccountSwitched, CooldownStarted, Event, HealthChanged, UsagePolled
from rota.settings import UsageSettings
from rota.simulator.faults import Fault
from rota.vault.memory import MemoryVault
from rota_tui.widgets.accounts_table import AccountsTable

if TYPE_CHECKING:
    from pathlib import Path

    from rota.secret import Secret

SIZES = [(80, 24), (120, 40), (200, 60)]


def watched() -> list[Event]:
    """Two subscriptions and an account of Puter, whose figures can be asked for."""
    return [
        account("work", kind=Kind.SUBSCRIPTION, plan="Max 5x", position=0.0),
        account("spare", kind=Kind.SUBSCRIPTION, plan="Pro", position=1.0),
        account("lab", provider="puter", kind=Kind.PUTER, plan="Free", position=2.0),
        quota("work", h5=0.62, d7=0.31, age=40 * MINUTE),
        quota("spare", h5=0.2, d7=0.83),
        AccountSwitched(at=NOW - 600, provider="anthropic", account_id="work", previous_id=None, reason="first"),
    ]


def fits(it: Opened) -> bool:
    """Whether every line is as wide as the terminal at most."""
    return all(cell_len(line) <= it.app.size.width for line in it.text().splitlines())


class Unplugged(httpx.AsyncBaseTransport):
    """A machine without a network."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno -3] Temporary failure in name resolution", request=request)


# --- the world --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_without_a_network_the_last_figures_stay_and_a_line_says_what_is_wrong(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(tmp_path, *watched(), size=size, transport=Unplugged()) as it:
        assert "No new figures" not in it.text()
        await it.press("R")
        line = it.line("No new figures.")
        assert "× No new figures. Anthropic, Puter: " in line
        assert "62%" in it.row("work")
        assert it.toasts()[-1].startswith("No new figures. work: ")
        assert fits(it)


async def test_the_line_goes_when_the_figures_come_again(tmp_path: Path) -> None:
    async with opened(tmp_path, *watched(), transport=Unplugged()) as it:
        await it.press("R")
        assert it.line("No new figures.")
        await it.happen(*(UsagePolled(at=NOW + 1, account_id=name, next_at=NOW + 60) for name in ("work", "spare")))
        assert "Anthropic" not in it.line("No new figures.")
        assert "Puter:" in it.line("No new figures.")
        await it.happen(UsagePolled(at=NOW + 1, account_id="lab", next_at=NOW + 60))
        assert "× No new figures." not in it.text()


async def test_a_provider_that_is_down_is_named_and_the_other_is_not(tmp_path: Path) -> None:
    async with opened(tmp_path, *watched()) as it:
        it.world.faults.force(Fault("html", provider="puter", times=0))
        await it.happen(UsagePolled(at=NOW, account_id="work", next_at=NOW + 60))
        await it.press("end", "r")
        line = it.line("× No new figures.")
        assert "Puter: " in line
        assert "Anthropic" not in line
        assert "<html" not in it.text()


async def test_one_account_of_several_without_figures_is_no_trouble_of_the_provider(tmp_path: Path) -> None:
    problem = UsagePolled(at=NOW, account_id="work", next_at=NOW + 60, problem="the token lacks user:profile")
    fine = UsagePolled(at=NOW, account_id="spare", next_at=NOW + 60)
    async with opened(tmp_path, *watched(), problem, fine, size=(200, 60)) as it:
        assert "× No new figures." not in it.text()
        assert "last asked just now: the token lacks user:profile" in it.text()


async def test_a_key_that_has_no_figures_does_not_hide_that_its_provider_is_silent(tmp_path: Path) -> None:
    key = UsagePolled(at=NOW, account_id="key", next_at=NOW + DAY)
    async with opened(tmp_path, *watched(), account("key"), key, transport=Unplugged()) as it:
        await it.press("R")
        assert "Anthropic, Puter: " in it.line("× No new figures.")


# --- the stores -------------------------------------------------------------------------------------------


class Lockable(MemoryVault):
    """A keyring that can be locked, as when the desktop's session is."""

    locked = False

    async def get(self, name: str) -> Secret:
        if self.locked:
            raise VaultLocked("The system keyring is locked.", hint="Unlock it and try again.")
        return await super().get(name)


async def test_a_locked_keyring_is_said_with_what_to_do_and_unlocking_is_enough(tmp_path: Path) -> None:
    vault = Lockable()
    async with opened(
        tmp_path, *watched(), vault=vault, settings={"usage": UsageSettings(enabled=False)}, size=(120, 40)
    ) as it:
        vault.locked = True
        await it.press("R")
        assert "The system keyring is locked. Unlock it and try again, asked just now" in it.line("× No new figures.")
        polls = [state.poll for state in it.engine.snapshot.listed()]
        assert all(poll is not None and poll.next_at - NOW < 2 * MINUTE for poll in polls)
        vault.locked = False
        await it.pass_time(MINUTE)
        await it.press("R")
        assert "keyring is locked" not in it.line("× No new figures.")


async def test_a_full_disk_is_said_for_as_long_as_it_lasts(tmp_path: Path) -> None:
    async with opened(tmp_path, *watched()) as it:
        it.engine.journal.problem = StoreError("The disk is full.", path=tmp_path, hint="Make room.")
        await it.pass_time(1)
        assert it.line("×").strip() == "× The log is not written: The disk is full. Make room."
        await it.pass_time(HOUR)
        assert it.line("× The log is not written")
        it.engine.journal.problem = None
        await it.pass_time(1)
        assert "not written" not in it.text()


# --- how many ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_no_account_offers_three_ways_in_each_one_key(
    tmp_path: Path, size: tuple[int, int], ascii: bool
) -> None:
    async with opened(tmp_path, size=size, ascii=ascii) as it:
        lines = [" ".join(line.split()) for line in it.text().splitlines()]
        ways = [line[0] for line in lines if line[:2] in {"a ", "m ", "d "} and len(line) > 3]
        assert ways[:3] == ["a", "m", "d"]
        assert fits(it)


@pytest.mark.parametrize("size", SIZES)
async def test_one_account_leaves_no_hole(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, account("only"), quota("only", h5=0.4), size=size) as it:
        assert "1 account · 1 ready" in it.text()
        assert "40%" in it.row("only")
        assert "only added" in it.text()


@pytest.mark.parametrize("size", SIZES)
async def test_two_hundred_accounts_are_gone_through_by_page_filter_and_end(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    many = [account(f"n{n:03}", position=float(n)) for n in range(200)]
    async with opened(tmp_path, *many, size=size) as it:
        assert "200 accounts · 200 ready" in it.text()
        await it.press("end")
        assert it.row("n199")
        await it.press("slash", *"n07", "enter")
        assert it.app.screen.query_one(AccountsTable).keys == tuple(f"n07{n}" for n in range(10))
        assert "10 of 200 shown" in it.text()
        assert fits(it)


# --- names ------------------------------------------------------------------------------------------------

NAMES = [
    "a-label-of-exactly-30-letters!",
    "会社のアカウント",
    "个人账户和工作账户放在一起的一个很长的名字",
    "חשבון העבודה",
    "حساب العمل الرئيسي",
    "👩‍👩‍👧 family",
]


@pytest.mark.parametrize("size", SIZES)
async def test_long_wide_and_right_to_left_names_keep_the_columns_in_line(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    named = [account(f"id{n}", label=label, position=float(n)) for n, label in enumerate(NAMES)]
    figures = [quota(f"id{n}", h5=0.4) for n in range(len(NAMES))]
    async with opened(tmp_path, *named, *figures, size=size) as it:
        region = it.app.screen.query_one(AccountsTable).region
        rows = it.text().splitlines()[region.y + 1 :][: len(NAMES)]
        assert len({cell_len(row[: row.index("40%")]) for row in rows}) == 1
        assert fits(it)
        assert "会社の" in it.text()
        assert "חשבון" in it.text()


# --- time -------------------------------------------------------------------------------------------------


def held() -> CooldownStarted:
    return CooldownStarted(
        at=NOW - 60, account_id="spare", until=NOW + 252, meaning=Meaning.LIMITED, reason="5h spent"
    )


async def test_a_clock_set_forward_ends_what_has_passed_and_dates_the_rest(tmp_path: Path) -> None:
    async with opened(tmp_path, *watched(), held(), size=(200, 60)) as it:
        assert "back in 04:12" in it.row("spare")
        it.clock.jump(3 * HOUR)
        await it.pass_time(1)
        assert "back in" not in it.row("spare")
        assert "Nothing is cooling." in it.text()
        assert "?" in it.row("work")  # its window has reset: unknown until asked again
        assert fits(it)


@pytest.mark.parametrize("size", SIZES)
async def test_a_clock_set_back_shows_no_negative_time_and_comes_right_again(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(tmp_path, *watched(), held(), size=size) as it:
        it.clock.jump(-2 * DAY)
        await it.pass_time(1)
        assert "-1" not in it.row("work")
        assert "back Fri 12:04" in it.row("spare")
        it.clock.jump(2 * DAY)
        await it.pass_time(1)
        assert "back in 04:10" in it.row("spare")
        assert fits(it)


# --- the terminal -----------------------------------------------------------------------------------------


async def test_forty_by_ten_says_what_it_needs_and_keeps_its_keys(tmp_path: Path) -> None:
    async with opened(tmp_path, *watched(), size=(40, 10)) as it:
        assert "rota needs 60 by 14 cells." in it.text()
        await it.pilot.resize_terminal(60, 14)
        await it.settled()
        assert "62%" in it.row("work")
        await it.pilot.resize_terminal(40, 10)
        await it.settled()
        assert "rota needs" in it.text()


@pytest.mark.parametrize("size", [(60, 14), *SIZES])
async def test_trouble_and_a_selection_and_a_sort_fit_at_once(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, *watched(), held(), size=size, transport=Unplugged()) as it:
        await it.press("R", "s", "S", "space")
        it.engine.journal.problem = StoreError("The disk is full.", path=tmp_path, hint="Make room.")
        await it.pass_time(1)
        it.app.clear_notifications()
        await it.settled()
        assert "The disk is full." in it.text()
        assert "1 selected" in it.text()
        assert it.row("work")
        assert fits(it)


# --- without colour ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ascii", [False, True])
async def test_without_colours_the_row_under_the_cursor_is_turned_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ascii: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(tmp_path, *watched(), held(), ascii=ascii) as it:
        assert it.app.no_color
        region = it.app.screen.query_one(AccountsTable).region
        strips = it.app.screen._compositor.render_strips()[region.y + 1 :][:3]
        turned = [any(s.style is not None and s.style.reverse for s in strip) for strip in strips]
        assert turned == [True, False, False]


async def test_without_colours_what_is_chosen_in_a_list_is_underlined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    def chosen(it: Opened) -> list[str]:
        strips = it.app.screen._compositor.render_strips()
        found = ("".join(s.text for s in strip if s.style is not None and s.style.underline) for strip in strips)
        return [words.strip() for words in found if words.strip()]

    async with opened(tmp_path, *watched(), size=(120, 40)) as it:
        await it.press("a", "down")
        assert chosen(it)[0] == "Puter"
        await it.press("escape", "ctrl+p", "down")
        assert any("Use this account for new sessions" in words for words in chosen(it))


async def test_without_colours_all_that_is_drawn_is_grey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(tmp_path, *watched(), held(), size=(120, 40)) as it:
        strips = it.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
        drawn = {tuple(c.triplet) for s in styles for c in (s.color, s.bgcolor) if c is not None and c.triplet}
        assert len(drawn) > 3
        assert all(len(set(colour)) == 1 for colour in drawn)


@pytest.mark.parametrize("size", SIZES)
async def test_every_state_is_told_in_words_beside_its_colour(tmp_path: Path, size: tuple[int, int]) -> None:
    events: list[Event] = [
        *(account(name, position=float(n)) for n, name in enumerate(("ok", "low", "spent", "cool", "off", "gone"))),
        quota("low", h5=0.9),
        quota("spent", h5=1.0),
        CooldownStarted(at=NOW, account_id="cool", until=NOW + 60, meaning=Meaning.THROTTLED, reason="busy"),
        AccountDisabled(at=NOW, account_id="off"),
        HealthChanged(at=NOW, account_id="gone", health=Health.NEEDS_LOGIN, reason="refused"),
    ]
    async with opened(tmp_path, *events, size=size) as it:
        for name, words in {
            "ok": "ready",
            "low": "5h 10% left",
            "spent": "5h spent, back 14:00",
            "cool": "throttled, back in 01:00",
            "off": "off",
            "gone": "sign in again",
        }.items():
            assert words in it.row(f" {name} "), name
