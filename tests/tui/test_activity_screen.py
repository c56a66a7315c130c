"""The activity log by keys: read, followed, narrowed, paused, told, written to a file."""

from __future__ import annotations

import json
import os
import stat
import time
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import DAY, MINUTE, NOW, Opened, account, opened

from rota.account import Kind
from rota.choice import Candidate
from rota.errors import Attempt, Meaning
from rota.events import (
    AccountDisabled,
    AccountEnabled,
    AccountLabelled,
    AccountRemoved,
    AccountSwitched,
    AlertRaised,
    AttemptFailed,
    CooldownStarted,
    Event,
    RequestServed,
    RequestStarted,
)
from rota.pool.pool import Ask
from rota.providers.base import ChatRequest, Message, Role, Text
from rota.secret import Secret
from rota.simulator import credentials_of
from rota.simulator.faults import Fault
from rota_tui.dialogs.choices import ChoiceDialog
from rota_tui.dialogs.confirm import ConfirmDialog
from rota_tui.dialogs.prompt import PromptDialog
from rota_tui.messages import WhyRequested
from rota_tui.screens.accounts import AccountsScreen
from rota_tui.screens.activity import ActivityScreen
from rota_tui.widgets.event_table import EventTable
from rota_tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]

LIMITED = Attempt("work", "work", "opus", Meaning.LIMITED, "5h limit reached", 429, 0.0, 0.4)
FAILOVER: tuple[Event, ...] = (
    RequestStarted(at=NOW - 60, request_id="r1", account_id="work", provider="anthropic", model="opus"),
    CooldownStarted(at=NOW - 59.7, account_id="work", until=NOW + 3600, meaning=Meaning.LIMITED, reason="5h"),
    AttemptFailed(
        at=NOW - 59.6,
        request_id="r1",
        provider="anthropic",
        attempt=LIMITED,
        next_step="its quota is spent: on to spare",
    ),
    AccountSwitched(
        at=NOW - 59.5, provider="anthropic", account_id="spare", previous_id="work", reason="work is spent"
    ),
    RequestStarted(at=NOW - 59.5, request_id="r1", account_id="spare", provider="anthropic", model="opus"),
    RequestServed(
        at=NOW - 57,
        request_id="r1",
        account_id="spare",
        provider="anthropic",
        model="opus",
        requested_model="anthropic/opus",
        client="opencode",
        started_at=NOW - 60,
        duration=3.0,
        first_token=1.2,
        candidates=(Candidate("spare", 0.25, "40% of 5h left"),),
        attempts=(LIMITED,),
    ),
)
TWO = (account("work"), account("spare"))


def turned(account_id: str, number: int) -> Event:
    """One of many facts, each with its own time."""
    return AccountEnabled(at=NOW - 3000 + number, account_id=account_id)


def alert(text: str, at: float = NOW - 10) -> Event:
    return AlertRaised(at=at, key=text, text=text)


async def log_of(it: Opened) -> EventTable:
    """Go to the activity, with the log read."""
    await it.press("3")
    return it.app.screen.query_one(EventTable)


def told(it: Opened) -> str:
    """The line that says what is shown."""
    return it.text().splitlines()[1].strip()


def rows(it: Opened) -> list[str]:
    """What stands in the table, beneath its header."""
    region = it.app.screen.query_one(EventTable).region
    return [line[region.x : region.right] for line in it.text().splitlines()[region.y + 1 : region.bottom]]


@pytest.mark.parametrize("size", SIZES)
async def test_the_log_tells_in_words_what_happened_the_newest_first(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER, size=size) as it:
        await log_of(it)
        said = [row.split("● ")[1].strip() for row in rows(it)[:4]]
        assert said[0].startswith("spare answered opus")
        assert said[1] == "spare took over from work: work is spent"
        assert said[2].startswith("work did not serve opus: its quota is spent")
        assert said[3] == "work cooling until 13:00: limited"
        assert rows(it)[0].strip().startswith("11:59:03")
        assert told(it) == "● live · 6 events"


async def test_any_label_is_shown_as_text(tmp_path: Path) -> None:
    labels = ["[/red] prod [b]", "日本語 アカウント", "حساب العمل", "team 😀👩‍👩‍👧", "x" * 30]
    accounts = [account(str(number), label=label) for number, label in enumerate(labels)]
    off = [AccountDisabled(at=NOW - 5, account_id=str(number)) for number in range(len(labels))]
    async with opened(tmp_path, *accounts, *off, alert("[/x] 100% ][", NOW), size=(80, 24)) as it:
        await log_of(it)
        for label in labels:
            assert any(f"{label} turned off" in row for row in rows(it)), label
        assert "[/x] 100% ][" in rows(it)[0]
        await it.press("enter")
        assert it.line("[/x] 100% ][")
        await it.press("escape", "down", "enter")
        assert it.line(f"{labels[-1]} turned off")
        await it.press("t")
        for label in labels:
            assert it.line(label[:3]), label


async def test_one_account_is_chosen_and_escape_shows_all_again(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER) as it:
        table = await log_of(it)
        everything = len(table.keys)
        await it.press("a")
        assert isinstance(it.app.screen, ChoiceDialog)
        await it.press(*"spare", "enter")
        assert told(it).endswith("only spare")
        assert 0 < len(table.keys) < everything
        assert all("spare" in row for row in rows(it)[: len(table.keys)])
        await it.happen(turned("work", 0), turned("spare", 1))
        assert "spare turned on" in rows(it)[0]
        await it.press("escape")
        assert len(table.keys) == everything + 2


async def test_one_kind_is_chosen(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER) as it:
        table = await log_of(it)
        await it.press("f", *"switches", "enter")
        assert told(it) == "● live · 1 event · only switches"
        assert "took over" in rows(it)[0]
        await it.press("f", *"failures", "enter")
        assert [type(it.app.screen.feed.get(key)) for key in table.keys] == [AttemptFailed]  # type: ignore[attr-defined]


async def test_words_narrow_the_log_as_they_are_typed(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER, alert("seven [of] nine"), size=(80, 24)) as it:
        table = await log_of(it)
        await it.press("slash", *"took over")
        assert 'with "took over"' in told(it)
        assert len(table.keys) == 1
        await it.press("enter")
        assert it.app.focused is table
        await it.press("slash", "home", "shift+end", "left_square_bracket", "o", "f")
        assert ["seven [of] nine" in row for row in rows(it)[:2]] == [True, False]
        await it.press("escape")
        assert len(table.keys) == 7
        await it.press("slash", *"nothing like it")
        assert told(it).endswith("nothing fits")


async def test_while_words_are_typed_the_footer_offers_no_letter_as_a_key(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER, size=(200, 60)) as it:
        await log_of(it)
        await it.press("slash")
        assert it.text().splitlines()[-1].split() == ["esc", "Back", "f1", "Help"]


async def test_words_are_found_however_far_back_they_were_said(tmp_path: Path) -> None:
    long_ago = alert("needle", NOW - 7 * DAY)
    async with opened(tmp_path, *TWO, long_ago, *(turned("work", n) for n in range(6000))) as it:
        table = await log_of(it)
        await it.press("end", "end")  # more is shown than the log gives at once
        await it.press("slash", *"needle")
        assert told(it) == '● live · 1 event · with "needle"'
        assert "needle" in rows(it)[0]
        await it.press("shift+home", *"nowhere")
        assert told(it).endswith('0 events · with "nowhere" · nothing fits')
        assert not table.keys


async def test_what_is_older_than_the_last_that_fits_is_reached_from_it(tmp_path: Path) -> None:
    far, near = alert("needle far", NOW - 7 * DAY), alert("needle near", NOW - 5)
    many = [alert(f"needle {number}", NOW - 20 + number / 100) for number in range(300)]
    between = [turned("work", n) for n in range(6000)]
    async with opened(tmp_path, *TWO, far, *between, near, *many) as it:
        await log_of(it)
        await it.press("slash", *"needle", "enter", "end")
        await it.press("end")
        await it.press("end")
        assert "needle far" in rows(it)[-1] or any("needle far" in row for row in rows(it))
        assert told(it) == '● live · 302 events · with "needle"'


async def test_narrowing_keeps_a_pause(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO) as it:
        table = await log_of(it)
        await it.press("space", "a", *"work", "enter")
        assert told(it).startswith("paused · 0 newer wait")
        before = table.keys
        await it.happen(turned("work", 1))
        assert table.keys == before
        assert told(it).startswith("paused · 1 newer waits")
        await it.press("space")
        assert told(it).startswith("● live")


async def test_a_pause_loses_nothing_and_counts_what_waits(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO) as it:
        table = await log_of(it)
        await it.press("space")
        before = table.keys
        await it.happen(*(turned("work", n) for n in range(700)))  # more than the app itself remembers
        assert table.keys == before
        assert "paused" in told(it)
        assert "newer wait" in told(it)
        await it.press("space")
        assert "● live" in told(it)
        for _ in range(4):
            await it.press("end")
        assert len(table.keys) == 702


async def test_what_waits_is_counted_one_by_one(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO) as it:
        await log_of(it)
        await it.press("f", *"accounts", "enter", "space")
        await it.happen(turned("work", 1), turned("work", 2), alert("another kind"))
        assert "2 newer wait" in told(it)
        await it.happen(turned("spare", 3))
        assert "3 newer wait" in told(it)


async def test_more_at_once_than_is_passed_on_is_read_from_the_log(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO) as it:
        table = await log_of(it)
        await it.happen(*(turned("work", n) for n in range(3000)))
        for _ in range(20):
            await it.press("end")
        newest_first = [it.app.screen.feed.get(key) for key in table.keys]  # type: ignore[attr-defined]
        at = [event.at for event in newest_first if isinstance(event, AccountEnabled)]
        assert at == sorted(at, reverse=True)
        assert len(set(at)) == len(at)
        assert at[-1] == NOW - 3000
        await it.press("n")
        assert table.cursor_key == table.keys[0]
        assert it.app.screen.feed.get(table.keys[0]).at == NOW - 1  # type: ignore[attr-defined]


async def test_older_events_come_when_the_cursor_reaches_the_end(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *(turned("work", n) for n in range(500))) as it:
        table = await log_of(it)
        assert len(table.keys) == 200
        assert told(it) == "● live · 200+ events"
        await it.press("end")
        assert len(table.keys) == 400
        assert table.cursor_key == table.keys[199]
        await it.press("end")
        await it.press("end")
        assert told(it) == "● live · 502 events"
        assert "work added" in rows(it)[-1] or "spare added" in rows(it)[-1]
        await it.press("n")
        assert table.cursor_key == table.keys[0]


async def test_the_cursor_goes_with_the_newest_until_it_is_moved(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *(turned("work", n) for n in range(60)), size=(80, 24)) as it:
        table = await log_of(it)
        await it.happen(turned("spare", 100))
        assert "spare" in rows(it)[0]
        assert table.cursor_key == table.keys[0]
        await it.press("down", "down")
        here = table.cursor_key
        await it.happen(turned("spare", 101), turned("spare", 102))
        assert table.cursor_key == here
        await it.press("pagedown", "pagedown")
        seen = [row[:40].rstrip() for row in rows(it)]
        await it.happen(turned("spare", 103))
        assert [row[:40].rstrip() for row in rows(it)] == seen  # what is read does not move away


async def test_a_hidden_log_is_not_drawn_and_catches_up(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO) as it:
        table = await log_of(it)
        await it.press("1")
        before = table.keys
        await it.happen(alert("while away"))
        assert table.keys == before
        await it.press("3")
        assert "while away" in rows(it)[0]


async def test_a_new_label_and_a_removed_account_are_shown_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, turned("work", 0)) as it:
        await log_of(it)
        await it.happen(AccountLabelled(at=NOW, account_id="work", label="office"))
        assert any("office turned on" in row for row in rows(it))
        await it.happen(AccountRemoved(at=NOW, account_id="work"))
        assert not any("office added" in row for row in rows(it))
        assert any("removed account turned on" in row for row in rows(it))


# --- stories ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_enter_tells_a_requests_whole_story_and_escape_goes_back(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER, size=size) as it:
        table = await log_of(it)
        await it.press("down", "down", "enter")
        for words in (
            "opencode asked for anthropic/opus on Fri 15 Jan, 11:59:00",
            "tried work with opus",
            "work did not serve it, its limit is reached (429)",
            "work cooling until 13:00: limited",
            "spare took over from work: work is spent",
            "served by spare with opus",
            "took 3.0 s · first words after 1.2 s",
            "40% of 5h left",
        ):
            assert it.line(words), words
        assert isinstance(it.app.screen, ActivityScreen)
        await it.press("escape")
        assert it.app.focused is table
        assert table.cursor_key == table.keys[2]
        assert not it.line("served by spare")


async def test_the_open_story_goes_on_with_its_request(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER[:3]) as it:
        await log_of(it)
        await it.press("enter")
        assert it.line("under way: no answer yet")
        await it.happen(*FAILOVER[3:])
        assert it.line("served by spare with opus")


async def test_a_switch_is_told_with_the_request_behind_it(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER, size=(80, 24)) as it:
        await it.press("w")
        assert any(isinstance(message, WhyRequested) for message in it.messages)
        assert isinstance(it.app.screen, ActivityScreen)
        await it.settled()
        assert it.line("spare took over from work: work is spent")
        assert it.line("It came about while this request was served:")
        assert it.line("its limit is reached")


async def test_without_a_switch_why_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO) as it:
        await it.press("3", "w")
        assert it.toasts()[-1] == "No account has taken over from another yet."


async def test_an_event_of_no_request_is_told_with_its_facts(tmp_path: Path) -> None:
    by_hand = AccountSwitched(
        at=NOW - 5, provider="anthropic", account_id="spare", previous_id="work", reason="you said so", by_person=True
    )
    async with opened(tmp_path, *TWO, by_hand, size=(80, 24)) as it:
        await log_of(it)
        await it.press("enter")
        assert it.line("Friday 15 January, 11:59:55")
        assert it.line("by person").split("person")[1].strip(" │") == "yes"
        assert it.line("provider").split("provider")[1].strip(" │") == "Anthropic"


async def test_facts_do_not_repeat_what_the_sentence_above_them_says(tmp_path: Path) -> None:
    by_hand = AccountSwitched(
        at=NOW - 5, provider="anthropic", account_id="spare", previous_id="work", reason="you said so", by_person=True
    )
    async with opened(tmp_path, *TWO, by_hand, alert("seven [of] nine"), size=(80, 24)) as it:
        await log_of(it)
        await it.press("enter")
        assert it.text().count("seven [of] nine") == 1
        await it.press("escape", "down", "enter")
        for words in ("spare", "work", "you said so"):
            assert it.text().count(words) == 1


async def test_a_real_failover_is_told_from_the_log(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(120, 40)) as it:
        keys = [str(c["secret"]) for c in credentials_of(it.world) if c["kind"] == Kind.API_KEY]
        assert len(keys) > 1
        labels = [(await it.engine.add_secret("anthropic", Kind.API_KEY, Secret(key))).label for key in keys[:2]]
        it.world.faults.force(Fault("low-credit", provider="anthropic"))
        question = ChatRequest("anthropic/claude-haiku-4-5", (Message(Role.USER, (Text("Hello"),)),))
        await it.engine.chat(question, Ask(question.model, client="tester"))
        await it.settled()
        await log_of(it)
        await it.press("enter")
        assert it.line("tester asked for")
        assert it.line("its credit is spent")
        assert it.line("served by")
        assert all(it.line(label) for label in labels)


# --- taken along ------------------------------------------------------------------------------------------


async def export_to(it: Opened, path: str) -> None:
    await it.press("e")
    assert isinstance(it.app.screen, PromptDialog)
    line = it.app.screen.query_one("Input")
    line.value = path  # type: ignore[attr-defined]
    await it.press("enter")


async def until(it: Opened, happened: Callable[[], object]) -> None:
    """Wait for what a thread brings about; a minute is more than any machine needs."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, f"it never came to that:\n{it.text()}"
        await it.pilot.pause(0.01)
    await it.settled()


async def until_written(it: Opened) -> None:
    """The file is whole: that is said when it is."""
    await until(it, lambda: it.toasts() and "events are in" in it.toasts()[-1])


async def test_what_is_wanted_is_written_as_json_lines_for_its_owner_alone(tmp_path: Path) -> None:
    async with opened(tmp_path / "home", *TWO, *FAILOVER, *(turned("work", n) for n in range(450))) as it:
        await log_of(it)
        await it.press("a", *"work", "enter")
        path = tmp_path / "out.jsonl"
        await export_to(it, str(path))
        await until_written(it)
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert len(lines) == 453
        assert {line["account"]["label"] for line in lines} == {"work"}
        assert [line["at"] for line in lines] != sorted((line["at"] for line in lines), reverse=True)
        assert "sk-test" not in path.read_text(encoding="utf-8")
        assert it.toasts()[-1] == f"453 events are in {path}."
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_any_other_name_gives_words(tmp_path: Path) -> None:
    async with opened(tmp_path / "home", *TWO, *FAILOVER) as it:
        await log_of(it)
        await it.press("f", *"switches", "enter")
        path = tmp_path / "out.txt"
        await export_to(it, str(path))
        await until_written(it)
        assert path.read_text(encoding="utf-8") == ("2027-01-15 11:59:00  spare took over from work: work is spent\n")


async def test_a_file_that_is_there_is_replaced_only_when_said(tmp_path: Path) -> None:
    async with opened(tmp_path / "home", *TWO, *FAILOVER) as it:
        await log_of(it)
        path = tmp_path / "notes.txt"
        path.write_text("mine", encoding="utf-8")
        await export_to(it, str(path))
        await it.settled()
        assert isinstance(it.app.screen, ConfirmDialog)
        await it.press("escape")
        assert isinstance(it.app.screen, PromptDialog)
        assert it.app.screen.query_one("Input").value == str(path)  # type: ignore[attr-defined]  # nothing typed is lost
        assert path.read_text(encoding="utf-8") == "mine"
        await it.press("enter", "y")
        await until_written(it)
        assert "took over" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("typed", "told_words"), [("nowhere/x.txt", "There is no folder"), ("", "Type something")])
async def test_a_place_that_cannot_be_is_told_in_the_dialog(tmp_path: Path, typed: str, told_words: str) -> None:
    async with opened(tmp_path / "home", *TWO) as it:
        await log_of(it)
        await export_to(it, str(tmp_path / typed) if typed else "")
        assert isinstance(it.app.screen, PromptDialog)
        assert it.line(told_words)


async def test_y_copies_a_requests_id_or_the_words(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER) as it:
        await log_of(it)
        await it.press("y")
        assert it.app.clipboard == "r1"
        await it.press("down", "y")
        assert it.app.clipboard == "spare took over from work: work is spent"


# --- keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_the_footer_offers_what_works_now(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER, size=size) as it:
        await log_of(it)
        bar = str(it.app.screen.query_one(KeyBar).render())
        for words in ("Story", "t Timeline", "w Why", "space Pause", "/ Find"):
            assert words in bar
        await it.press("space")
        assert "Go on" in str(it.app.screen.query_one(KeyBar).render())
        await it.press("t")
        bar = str(it.app.screen.query_one(KeyBar).render())
        assert "t Log" in bar
        assert "Pause" not in bar
        await it.press("1")
        assert isinstance(it.app.screen, AccountsScreen)


def test_every_key_says_in_words_what_it_does() -> None:
    for binding in ActivityScreen.BINDINGS:
        assert not isinstance(binding, tuple)
        assert binding.id, binding
        assert binding.tooltip, binding


async def test_time_passing_moves_no_row(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO, *FAILOVER) as it:
        await log_of(it)
        before = rows(it)
        await it.pass_time(5 * MINUTE)
        assert rows(it) == before
