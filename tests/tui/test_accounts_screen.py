"""Mode 1 by keys: what is shown, what keys do, and that looking does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import HOUR, NOW, Opened, account, opened, quota
from textual.events import Paste

from rota.account import Health, Kind
from rota.errors import Meaning
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    AccountRemoved,
    AccountSwitched,
    CooldownStarted,
    Event,
    HealthChanged,
    ModelCooled,
    QuotaObserved,
    RequestServed,
)
from rota.providers.base import Credential
from rota.providers.credential import seal
from rota.quota import QuotaWindow, Source
from rota.secret import Secret
from rota.simulator import credentials_of
from rota_tui.messages import CoreChanged
from rota_tui.screens.accounts import AccountsScreen
from rota_tui.widgets.accounts_table import AccountsTable
from rota_tui.widgets.key_hint import KeyHint
from rota_tui.widgets.line_table import LineTable
from rota_tui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


def people() -> list[Event]:
    """Three accounts: one that serves, one cooling, one of Puter."""
    return [
        account("work", email="ana@example.com", position=0.0),
        account("spare", position=1.0),
        account("lab", provider="puter", kind=Kind.PUTER, plan="Free", position=2.0),
        quota("work", h5=0.62, d7=0.31),
        quota("spare", h5=1.0, d7=0.83),
        AccountSwitched(
            at=NOW - 600, provider="anthropic", account_id="work", previous_id="spare", reason="5h spent"
        ),
        CooldownStarted(
            at=NOW - 60, account_id="spare", until=NOW + 252, meaning=Meaning.LIMITED, reason="5h spent", strikes=2
        ),
    ]


def table(it: Opened) -> AccountsTable:
    return it.app.screen.query_one(AccountsTable)


@pytest.mark.parametrize("size", SIZES)
async def test_one_glance_says_who_serves_how_much_is_left_and_when_it_comes_back(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(tmp_path, *people(), size=size) as it:
        assert "3 accounts · 2 ready · 1 cooling 04:12" in it.text()
        assert it.row("work").split()[0] == "▶"
        assert "62%" in it.row("work")
        assert "5h spent, back in 04:12" in it.row("spare")
        assert "work took over from spare: 5h spent" in it.text()


async def test_a_wide_terminal_adds_plan_resets_and_what_was_served_today(tmp_path: Path) -> None:
    served = RequestServed(
        at=NOW - 120, request_id="r", account_id="work", provider="anthropic", model="m", requested_model="m"
    )
    async with opened(tmp_path, *people(), served, size=(120, 40)) as it:
        row = it.row("▶")
        assert "62% 14:00" in row
        assert "31% Mon" in row
        assert row.split()[-2:] == ["1", "2m"]
        assert "Puter Free" in it.row("lab")


async def test_the_detail_shows_every_window_with_source_and_age(tmp_path: Path) -> None:
    scoped = QuotaWindow(
        "7d:Fable",
        "7d Fable",
        0.4,
        NOW - 1500,
        Source.USAGE,
        resets_at=NOW + 5 * HOUR,
        length=7 * 86400,
        scope="Fable",
    )
    strange = QuotaWindow("new-kind", "new kind", None, NOW - 10, Source.HEADERS)
    seen = QuotaObserved(at=NOW - 10, account_id="work", windows=(scoped, strange))
    async with opened(tmp_path, *people(), seen, size=(200, 60)) as it:
        scoped_line, strange_line = it.line("7d Fable"), it.line("new kind")
        assert "40%" in scoped_line
        assert "5h 00m · 17:00" in scoped_line
        assert "usage 25m" in scoped_line
        assert "?" in strange_line
        assert "headers now" in strange_line


async def test_the_detail_says_why_an_account_is_not_next(tmp_path: Path) -> None:
    async with opened(tmp_path, *people(), size=(200, 60)) as it:
        assert "this one: " in it.text()
        await it.press("down")
        assert "not this one: cooling" in it.text()


async def test_moving_the_cursor_changes_nothing_in_the_log(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        before = await it.engine.recent()
        await it.press("down", "down", "up", "end", "home", "s", "enter", "escape", "question_mark", "question_mark")
        assert await it.engine.recent() == before
        assert not [m for m in it.messages if isinstance(m, CoreChanged) and m.events]


async def test_the_cursor_says_which_account_it_is_on(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("j", "j")
        told = dict.fromkeys(m.key for m in it.messages if isinstance(m, LineTable.Highlighted))
        assert list(told) == ["work", "spare", "lab"]
        assert it.line("lab · Free")


async def test_a_countdown_moves_every_second_and_ends(tmp_path: Path) -> None:
    held = CooldownStarted(at=NOW, account_id="a", until=NOW + 252, meaning=Meaning.THROTTLED, reason="per minute")
    async with opened(tmp_path, account("a"), held) as it:
        assert "throttled, back in 04:12" in it.row("a ")
        await it.pass_time(1)
        assert "throttled, back in 04:11" in it.row("a ")
        assert "1 cooling 04:11" in it.text()
        await it.pass_time(251)
        assert "ready" in it.row("a ")
        assert it.text().splitlines()[1].strip() == "1 account · 1 ready"
        assert " x Lift" not in it.text()


async def test_the_soonest_to_come_back_has_the_big_countdown(tmp_path: Path) -> None:
    limited = ModelCooled(
        at=NOW - 5, provider="puter", model="free-model", until=NOW + 30, meaning=Meaning.MODEL_LIMITED, reason="busy"
    )
    async with opened(tmp_path, *people(), limited, size=(200, 60)) as it:
        panel = it.text().split("Cooling")[1]
        assert panel.index("free-model") < panel.index("spare")
        await it.pass_time(31)
        panel = it.text().split("Cooling")[1]
        assert "free-model" not in panel
        assert "5h spent · strike 2" in panel


@pytest.mark.parametrize("size", SIZES)
async def test_the_newest_is_the_first_as_in_the_whole_log(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, *people(), size=size) as it:
        await it.happen(
            AccountDisabled(at=NOW + 1, account_id="spare"), AccountEnabled(at=NOW + 2, account_id="spare")
        )
        told = it.text()[it.text().index(" Activity ") :]
        assert told.index("12:00:02") < told.index("12:00:01")
        await it.press("3")
        assert it.text().index("12:00:02") < it.text().index("12:00:01")


@pytest.mark.parametrize("size", SIZES)
async def test_enter_shows_the_account_alone_and_escape_goes_back(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, *people(), size=size) as it:
        await it.press("enter")
        assert "ana@example.com" in it.text()
        assert "back in 04:12" not in it.text()
        await it.press("escape")
        assert "back in 04:12" in it.row("spare")
        assert it.app.focused is table(it)


# --- commands ---------------------------------------------------------------------------------------------


async def test_u_lets_the_account_serve_new_sessions(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("down", "down", "u")
        assert it.engine.snapshot.active["puter"].account_id == "lab"
        assert it.toasts() == ["New sessions use lab."]
        assert it.row("lab ").split()[0] == "▶"


async def test_who_cannot_serve_now_is_chosen_without_a_promise(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("down", "u")
        assert it.engine.snapshot.active["anthropic"].account_id == "spare"
        assert it.toasts() == ["spare is chosen, but cannot serve now (cooling: 5h spent)."]
        assert "▶" not in it.row("5h spent, back")


async def test_p_pins_and_unpins(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("p")
        assert it.engine.snapshot.pinned["anthropic"].account_id == "work"
        assert it.row("ready, pinned").split()[0] == "◆"
        await it.press("p")
        assert it.engine.snapshot.pinned["anthropic"].account_id is None
        assert it.row("work ").split()[0] == "▶"


async def test_e_turns_an_account_off_and_on(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("e")
        assert "○ off" in it.row("work ")
        assert "1 off" in it.text().splitlines()[1]
        await it.press("e")
        assert "ready" in it.row("work ")


async def test_who_was_turned_off_is_not_marked_as_the_one_that_serves(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        assert it.row("work ").split()[0] == "▶"
        await it.press("e")
        await it.pass_time(1)
        assert it.row("work ").split()[0] == "work"
        await it.press("e")
        await it.pass_time(1)
        assert it.row("work ").split()[0] == "▶"


async def test_what_keys_said_stands_there_once_and_leaves_room(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("u", "u")
        assert it.toasts() == ["New sessions use work."]
        await it.press("e", "e", "h", "h")
        assert len(it.toasts()) == 3
        assert it.toasts()[-1] == "work is back from reserve."


async def test_x_lifts_a_cooldown_and_is_only_offered_where_there_is_one(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        assert " x Lift" not in it.text()
        await it.press("down")
        assert " x Lift" in it.text()
        await it.press("x")
        assert it.engine.snapshot.accounts["spare"].held(NOW) is None
        assert "spare's cooldown ended early: lifted by you" in it.text()


async def test_keys_still_go_where_they_went_after_the_terminal_was_too_small(tmp_path: Path) -> None:
    async def shrink_and_grow() -> None:
        for size in ((40, 10), (80, 24)):
            await it.pilot.resize_terminal(*size)
            await it.settled()

    async with opened(tmp_path, *people()) as it:
        await shrink_and_grow()
        await it.press("down", "enter")
        assert it.line("│ spare")
        await it.press("escape", "l")
        await shrink_and_grow()
        await it.press(*"new", "enter")
        assert it.engine.snapshot.accounts["spare"].account.label == "new"
        await it.press("down", "enter")
        assert it.line("│ lab")


async def test_keys_go_to_the_table_when_there_is_no_more_room_for_the_panel_that_had_them(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, *people(), size=(200, 60)) as it:
        await it.press("o")
        await it.pilot.resize_terminal(80, 24)
        await it.settled()
        await it.press("down", "enter")
        assert it.line("│ spare")


async def test_the_keys_of_a_dialog_are_clicked_too(tmp_path: Path) -> None:
    async with opened(tmp_path, *people(), size=(80, 24)) as it:
        for word, label in (("esc", "work"), ("enter", "clicked")):
            await it.press("l", *"clicked")
            hint = it.app.screen.query_one(KeyHint)
            await it.pilot.click(hint, offset=(str(hint.content).index(word), 0))
            await it.settled()
            assert it.engine.snapshot.accounts["work"].account.label == label
            assert isinstance(it.app.screen, AccountsScreen)


async def test_a_name_that_is_taken_gets_a_number_and_that_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("l", *"spare", "enter")
        assert it.toasts() == ["spare is taken: this one is called spare 2."]
        assert it.row("spare 2")


async def test_a_name_pasted_in_lines_is_one_line_and_says_when_it_is_as_long_as_it_can_be(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("l")
        it.app.post_message(Paste("for work\n  and play\n"))
        await it.press("enter")
        assert it.engine.snapshot.accounts["work"].account.label == "for work and play"
        await it.press("l")
        it.app.post_message(Paste("very " * 20))
        await it.settled()
        assert it.line("It can be 60 characters long.")
        await it.press("backspace")
        assert "60 characters" not in it.text()
        await it.press("enter")
        assert it.engine.snapshot.accounts["work"].account.label == " ".join(["very"] * 12)


async def test_l_names_an_account_and_escape_leaves_it(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("l")
        await it.press(*"new", "escape")
        assert it.engine.snapshot.accounts["work"].account.label == "work"
        await it.press("l")
        await it.press(*"new", "enter")
        assert it.engine.snapshot.accounts["work"].account.label == "new"
        assert it.row("new ").split()[0] == "▶"


async def test_an_empty_label_is_asked_again(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("l")
        await it.press("backspace", "enter")
        assert "Type something, or press Escape." in it.text()


async def test_J_and_K_move_an_account_and_the_cursor_goes_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("J")
        assert table(it).keys == ("spare", "work", "lab")
        assert table(it).cursor_key == "work"
        await it.press("K")
        assert table(it).keys == ("work", "spare", "lab")


async def test_removing_asks_says_what_stays_where_and_escape_keeps_it(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("d")
        assert "Remove work?" in it.text()
        assert "stays valid at Anthropic" in it.text()
        assert "https://platform.claude.com/settings/keys" in it.text()
        await it.press("escape")
        assert it.engine.snapshot.account("work") is not None
        await it.press("d")
        await it.press("enter")  # the safe answer has the focus
        assert it.engine.snapshot.account("work") is not None
        await it.press("d")
        await it.press("y")
        assert it.engine.snapshot.account("work") is None
        assert table(it).keys == ("spare", "lab")


async def test_y_copies_who_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("y")
        assert it.app.clipboard == "ana@example.com"
        await it.press("down", "y")
        assert it.app.clipboard == "spare"


async def test_r_says_why_there_are_no_new_figures(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("r")
        await it.press("R")
        alone, all_of_them = it.toasts()
        assert alone.startswith("No new figures. work: such accounts have no figures to ask for")
        assert all_of_them.startswith("No new figures. work: ")
        assert all_of_them.endswith(" And 1 more.")
        assert "such accounts" not in all_of_them


async def test_R_passes_over_who_has_no_figures_where_others_have(tmp_path: Path) -> None:
    async with opened(tmp_path, account("key"), account("lab", provider="puter", kind=Kind.PUTER)) as it:
        secret = next(str(c["secret"]) for c in credentials_of(it.world) if c["label"] == "carol")
        await it.vault.put("account/lab", seal(Credential(kind=Kind.PUTER, secret=Secret(secret))))
        await it.press("R")
        assert it.toasts() == ["Figures are fresh."]


async def test_R_says_so_where_nobody_has_figures(tmp_path: Path) -> None:
    async with opened(tmp_path, account("key"), account("other")) as it:
        await it.press("R")
        assert it.toasts() == [
            "No new figures. key: such accounts have no figures to ask for; they come with each answer. And 1 more."
        ]


async def test_s_sorts_and_says_by_what(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("s")
        assert table(it).keys == ("lab", "spare", "work")
        assert "Account ▼" in it.text()
        await it.press("s")
        assert table(it).keys[-1] == "spare"  # the one that is ready last
        assert "State ▼" in it.text()


async def test_slash_filters_while_typing_and_escape_shows_all_again(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.press("slash")
        await it.press(*"puter")
        assert table(it).keys == ("lab",)
        await it.press("enter")
        assert it.app.focused is table(it)
        await it.press("escape")
        assert table(it).keys == ("work", "spare", "lab")


async def test_g_starts_and_stops_the_local_endpoint(tmp_path: Path) -> None:
    from rota.settings import GatewaySettings

    async with opened(tmp_path, *people(), settings={"gateway": GatewaySettings(port=0)}) as it:
        assert "gateway off" in it.text()
        await it.press("g")
        gateway = it.engine.gateway
        assert gateway is not None
        assert f"gateway :{gateway.port}" in it.text()
        await it.press("g")
        assert it.engine.gateway is None
        assert "gateway off" in it.text()


# --- live -------------------------------------------------------------------------------------------------


async def test_what_happens_in_the_core_is_shown_as_it_happens(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        await it.happen(
            HealthChanged(at=NOW, account_id="work", health=Health.NEEDS_LOGIN, reason="token refused"),
            account("late", position=3.0),
        )
        assert [m for m in it.messages if isinstance(m, CoreChanged) and len(m.events) == 2]
        assert "sign in again" in it.row("work ")
        assert "late" in it.text()
        assert "work needs a sign-in: token refused" in it.text()


async def test_equal_answers_in_a_row_are_counted(tmp_path: Path) -> None:
    answers = [
        RequestServed(
            at=NOW - 30 + n,
            request_id=f"r{n}",
            account_id="work",
            provider="anthropic",
            model="m",
            requested_model="m",
        )
        for n in range(5)
    ]
    async with opened(tmp_path, *people(), *answers) as it:
        assert it.text().count("work answered m for rota") == 1
        assert "×5" in it.line("work answered m")


async def test_a_clock_that_is_set_back_breaks_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, *people()) as it:
        it.clock.jump(-2 * 86_400)
        await it.pass_time(1)
        assert "spare" in it.text()
        assert "back Fri 12:04" in it.row("5h spent")


# --- looks ------------------------------------------------------------------------------------------------

HOSTILE = [
    "[/foo] as [bar]",
    "[b]bold",
    "日本語のアカウント",
    "שלום עולם",
    "a\x1b[31mred\nline",
    "x" * 60,
    "🧪👩‍👩‍👧",
]


@pytest.mark.parametrize("size", SIZES)
async def test_foreign_text_is_shown_as_text(tmp_path: Path, size: tuple[int, int]) -> None:
    """Regression: a label in brackets is dropped or ends the program when it is taken for markup."""
    named = [account(f"id{n}", label=label, position=float(n)) for n, label in enumerate(HOSTILE)]
    failed = HealthChanged(at=NOW, account_id="id0", health=Health.GATED, reason="server said [/foo]\x07")
    async with opened(tmp_path, *named, failed, size=size) as it:
        text = it.text()
        assert "[/foo] as [bar]" in text
        assert "[b]bold" in text
        assert "日本語の" in text
        assert "\x1b" not in text
        await it.press("u")
        await it.press("enter")
        assert "server said [/foo]␇" in it.text()
        why = "you must act at the provider: server said [/foo]␇"
        assert it.toasts() == [f"[/foo] as [bar] is chosen, but cannot serve now ({why})."]


@pytest.mark.parametrize("size", [(40, 10), (59, 40), (120, 13)])
async def test_a_terminal_that_is_too_small_says_so(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, *people(), size=size) as it:
        assert "rota needs 60 by 14 cells." in it.text()
        assert "work" not in it.text()
        await it.pilot.resize_terminal(80, 24)
        await it.settled()
        assert "5h spent, back in 04:12" in it.row("spare")


async def test_plain_characters_are_enough(tmp_path: Path) -> None:
    for size in SIZES:
        async with opened(tmp_path / str(size[0]), *people(), size=size, ascii=True) as it:
            await it.press("down")
            assert it.text().isascii(), [c for c in it.text() if not c.isascii()]
            assert ">" in it.row("work ")
            await it.press("question_mark")
            assert it.text().isascii(), [c for c in it.text() if not c.isascii()]


async def test_no_accounts_say_what_rota_does_and_offer_the_ways_in(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        assert "All your AI accounts in one place" in it.text()
        assert " w Why" not in it.text()
        await it.press("3")
        assert "Story" not in it.text()  # there is no row to tell the story of
        await it.press("1", "a")
        assert "Add an account" in it.text()
        await it.press("escape")
        await it.happen(account("first"))
        assert "ready" in it.row("first")
        assert it.app.focused is table(it)


async def test_the_last_account_gone_brings_the_ways_in_back(tmp_path: Path) -> None:
    async with opened(tmp_path, account("only")) as it:
        await it.press("d")
        await it.press("y")
        assert "All your AI accounts in one place" in it.text()
        await it.press("t")
        assert "Puter" in it.text()


async def test_two_hundred_accounts_draw_only_those_in_sight(tmp_path: Path) -> None:
    many = [account(f"n{n:03}", position=float(n)) for n in range(200)]
    async with opened(tmp_path, *many) as it:
        assert "200 accounts" in it.text()
        assert len(table(it)._drawn) < 40
        await it.press("end")
        assert "n199" in it.text()
        assert table(it).cursor_key == "n199"
        await it.press("pageup")
        assert "n199" not in it.text() or table(it).cursor_key != "n199"


async def test_a_tick_repaints_only_the_rows_that_read_differently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, *people()) as it:
        regions: list[int] = []
        monkeypatch.setattr(AccountsTable, "refresh", lambda _self, *regions_, **_: regions.append(len(regions_)))
        it.clock.jump(1)
        it.app.tick()
        await it.pilot.pause()
        assert regions == [1]  # one row: the one that counts down


@pytest.mark.parametrize("theme", ["rota-dark", "rota-light", "rota-contrast", "nord", "textual-light"])
async def test_every_theme_has_every_colour(tmp_path: Path, theme: str) -> None:
    async with opened(tmp_path, *people()) as it:
        it.app.theme = theme
        await it.settled()
        assert isinstance(it.app.screen, AccountsScreen)
        assert "spare" in it.text()


async def test_plain_text_differs_from_what_is_behind_it(tmp_path: Path) -> None:
    """Regression: a screen made with styles that nobody had given the app yet was the colour of its background."""
    async with opened(tmp_path, *people()) as it:
        strips = it.app.screen._compositor.render_strips()
        words = [segment for strip in strips for segment in strip if segment.text.strip() and segment.style]
        assert "3 accounts" in "".join(segment.text for segment in words)
        unseen = [s.text for s in words if s.style is not None and s.style.color == s.style.bgcolor]
        assert unseen == []


async def test_what_can_be_imported_is_found_too_late_for_a_screen_that_is_being_left(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        screen = it.app.screen
        assert isinstance(screen, AccountsScreen)
        await screen.query_one(Welcome).remove()
        await screen.offer_imports().wait()


async def test_who_was_removed_is_no_longer_told_as_the_one_who_goes_on(tmp_path: Path) -> None:
    lab = account("lab", provider="puter", kind=Kind.PUTER)
    async with opened(tmp_path, account("work"), lab, quota("lab", month=0.2)) as it:
        assert "then work" in it.text()
        await it.happen(AccountRemoved(at=NOW, account_id="work"))
        await it.settled()
        assert "then work" not in it.text()
