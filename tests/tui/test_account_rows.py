"""Mode 1 by keys: rows sorted both ways, narrowed, moved and selected; commands on all that are selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import NOW, Opened, account, opened, quota

from rota.account import Kind
from rota.errors import Meaning
from rota.events import CooldownStarted, Event, RequestServed
from rota_tui.widgets.accounts_table import AccountsTable

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


def four() -> list[Event]:
    return [
        account("delta", position=0.0),
        account("alpha", position=1.0),
        account("charlie", provider="puter", kind=Kind.PUTER, position=2.0),
        account("bravo", position=3.0),
        quota("alpha", h5=0.9),
        quota("bravo", h5=0.2),
        CooldownStarted(at=NOW, account_id="bravo", until=NOW + 100, meaning=Meaning.LIMITED, reason="5h spent"),
        RequestServed(
            at=NOW - 60, request_id="r", account_id="bravo", provider="anthropic", model="m", requested_model="m"
        ),
    ]


def table(it: Opened) -> AccountsTable:
    return it.app.screen.query_one(AccountsTable)


def enabled(it: Opened, account_id: str) -> bool:
    return it.engine.snapshot.accounts[account_id].account.enabled


async def test_s_goes_through_every_order_and_S_turns_it_around(tmp_path: Path) -> None:
    async with opened(tmp_path, *four(), size=(200, 60)) as it:
        orders = []
        for _ in range(7):
            await it.press("s")
            orders.append((it.line("accounts"), table(it).keys))
        by_name, by_state, by_use, by_today, by_last, by_provider, own = [keys for _, keys in orders]
        assert by_name == ("alpha", "bravo", "charlie", "delta")
        assert by_state[-1] == "bravo"
        assert by_use[:2] == ("alpha", "bravo")
        assert by_today[0] == "bravo"
        assert by_last[0] == "bravo"
        assert by_provider[-1] == "charlie"
        assert own == ("delta", "alpha", "charlie", "bravo")
        await it.press("s", "S")
        assert table(it).keys == ("delta", "charlie", "bravo", "alpha")
        assert "Account ▲" in it.text()
        assert "by name ▲" in it.text()


@pytest.mark.parametrize("size", SIZES)
async def test_how_the_rows_are_sorted_is_said_where_no_column_shows_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(tmp_path, *four(), size=size) as it:
        await it.press("s", "s", "s", "s")
        assert "by most served today ▼" in it.text()
        await it.press("s", "s", "s")
        assert "by " not in it.line("selected")


async def test_rows_move_only_where_it_would_be_seen(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("s", "J")
        assert it.toasts() == ["Rows move in your own order: press s until it is back."]
        assert [s.id for s in it.engine.snapshot.listed()] == ["delta", "alpha", "charlie", "bravo"]


async def test_a_filter_says_how_many_of_all_are_shown(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("slash", *"puter", "enter")
        assert "1 of 4 shown" in it.text()
        await it.press("J")
        assert it.toasts() == ["Rows move when all are shown: Escape ends the filter."]
        await it.press("escape")
        assert " of 4 shown" not in it.text()
        await it.press("slash", *"nobody", "enter")
        assert "0 of 4 shown" in it.text()
        assert "space Select" not in it.text()


# --- several ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_space_marks_rows_by_a_sign_of_their_own_and_escape_ends_it(
    tmp_path: Path, size: tuple[int, int], ascii: bool
) -> None:
    async with opened(tmp_path, *four(), size=size, ascii=ascii) as it:
        sign = "x" if ascii else "■"
        await it.press("space", "down", "space")
        assert "2 selected" in it.text()
        assert it.row("delta").split()[0].startswith(sign)
        assert it.row("charlie").split()[0].startswith(sign)
        assert not it.row("alpha").split()[0].startswith(sign)
        await it.press("escape")
        assert "selected" not in it.text()
        assert not it.row("delta").split()[0].startswith(sign)


async def test_what_is_pressed_is_done_to_all_that_are_selected(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("space", "space", "e")
        assert not enabled(it, "delta")
        assert not enabled(it, "alpha")
        assert enabled(it, "charlie")
        assert it.toasts()[-1] == "delta and alpha are off."
        await it.press("e")
        assert enabled(it, "delta")
        assert it.toasts()[-1] == "delta and alpha are on."


async def test_ctrl_a_selects_all_that_are_shown_and_again_none(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("slash", *"anthropic", "enter", "ctrl+a")
        assert table(it).chosen == {"delta", "alpha", "bravo"}
        await it.press("ctrl+a")
        assert table(it).chosen == frozenset()


async def test_what_a_filter_hides_is_not_touched_though_it_stays_selected(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("ctrl+a", "slash", *"alpha", "enter")
        assert "1 selected, 3 not shown" in it.text()
        await it.press("e")
        assert [s.id for s in it.engine.snapshot.listed() if not s.account.enabled] == ["alpha"]


async def test_keys_that_mean_one_account_are_off_while_several_are_selected(tmp_path: Path) -> None:
    async with opened(tmp_path, *four(), size=(200, 60)) as it:
        assert " u Use" in it.text()
        await it.press("space", "space")
        for key in (" u Use", " p Pin", " l Label", " c Chat"):
            assert key not in it.text().splitlines()[-1]
        await it.press("u", "p", "l", "y")
        assert not it.engine.snapshot.active
        assert not it.engine.snapshot.pinned
        assert len(it.app.screen_stack) == 1


async def test_several_cooldowns_are_lifted_at_once(tmp_path: Path) -> None:
    held = CooldownStarted(at=NOW, account_id="delta", until=NOW + 100, meaning=Meaning.LIMITED, reason="x")
    async with opened(tmp_path, *four(), held) as it:
        await it.press("ctrl+a", "x")
        assert it.engine.snapshot.accounts["delta"].held(NOW) is None
        assert it.engine.snapshot.accounts["bravo"].held(NOW) is None


async def test_several_are_removed_after_one_question(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("space", "space", "d")
        assert "Remove 2 accounts?" in it.text()
        await it.press("y")
        assert [s.id for s in it.engine.snapshot.listed()] == ["charlie", "bravo"]
        assert table(it).chosen == frozenset()
        assert "selected" not in it.text()


async def test_several_are_asked_for_their_figures(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("space", "space", "r")
        assert it.toasts()[-1].endswith(" And 1 more.")


async def test_several_move_together(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("space", "space", "J")
        assert table(it).keys == ("charlie", "delta", "alpha", "bravo")
        await it.press("K")
        assert table(it).keys == ("delta", "alpha", "charlie", "bravo")


async def test_h_holds_in_reserve_and_takes_back(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("h")
        assert it.engine.snapshot.accounts["delta"].account.reserve
        assert "held in reserve" in it.row("delta")
        assert it.toasts()[-1] == "delta is held in reserve: serving only when nothing else can."
        await it.press("h")
        assert not it.engine.snapshot.accounts["delta"].account.reserve


async def test_P_gives_a_priority_and_says_what_is_no_number(tmp_path: Path) -> None:
    async with opened(tmp_path, *four(), size=(200, 60)) as it:
        await it.press("space", "space", "P")
        assert "Priority of delta and alpha" in it.text()
        await it.press(*"soon", "enter")
        assert "A whole number from -99 to 99." in it.text()
        await it.press("ctrl+u", *"2", "enter")
        priorities = {s.id: s.account.priority for s in it.engine.snapshot.listed()}
        assert priorities == {"delta": 2, "alpha": 2, "charlie": 0, "bravo": 0}
        await it.press("home")
        assert "priority 2" in it.text()


async def test_an_account_that_is_gone_is_no_longer_selected(tmp_path: Path) -> None:
    async with opened(tmp_path, *four()) as it:
        await it.press("space", "space")
        await it.engine.remove(["delta"])
        await it.settled()
        assert table(it).chosen == {"alpha"}
        assert "1 selected" in it.text()
