"""Mode 2 by keys: asking, seeing who answers, stopping, failing, choosing; over real HTTP to the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.chat_world import NANO, chatting

from rota.events import RequestFailed
from rota.settings import PoolSettings
from rota_tui.widgets.code_blocks import CodeFence, Page
from rota_tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40)]
ALL_SIZES = [*SIZES, (200, 60)]


@pytest.mark.parametrize("size", SIZES)
async def test_an_answer_streams_in_and_the_line_beneath_says_who_gave_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with chatting(tmp_path, "console", size=size) as it:
        it.pace()
        await it.ask("Why does it fail? [[tokens=60]]")
        assert it.answer.text == ""
        await it.until(lambda: "console" in it.row("○"))
        await it.clock.advance(1.0)
        await it.until(lambda: it.answer.text)
        begun = it.answer.text
        assert begun[:20] in it.text()
        await it.clock.advance(60)
        await it.answered()
        assert it.answer.text.startswith(begun)
        assert len(it.answer.text) > len(begun)
        assert "● console · claude-haiku-4-5-20251001 · first token" in it.talk()
        figures = it.answer.footer.served
        assert figures is not None
        assert (figures.account, figures.output_tokens, figures.asked) == ("console", 60, "")
        assert f"{figures.input_tokens} in, 60 out" in it.text()
        assert "tokens/s" in it.text()


async def test_escape_stops_the_answer_and_keeps_what_has_come(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_stop()
        assert it.answer.text
        assert it.answer.text.split()[0] in it.text()
        assert "○ console · claude-haiku-4-5 · stopped after" in it.talk()
        assert "what had come is kept" in it.text()
        await it.until(lambda: it.world.calls.listed(path="/messages")[-1].outcome == "left")


async def test_escape_pressed_a_moment_late_does_not_leave_the_line(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_wait("hi")
        await it.pilot.press("escape", "q", "1")
        assert it.screen.prompt.text == "q1"


@pytest.mark.parametrize("size", SIZES)
async def test_a_failed_try_is_shown_with_its_reason_before_the_next_account_answers(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with chatting(tmp_path, "max", "pro", "console", size=size) as it:
        first = it.screen.label_of(it.engine.ranking("anthropic", "claude-haiku-4-5").chosen)
        it.force("limited-5h", account=first)
        it.pace()
        await it.ask("Who is there? [[tokens=40]]")
        await it.until(lambda: it.answer.hops.hops)
        assert it.answer.text == ""
        assert f"○ {first} · its quota is spent; on to" in it.talk()
        await it.clock.advance(60)
        await it.answered()
        served = it.answer.footer.served
        assert served is not None
        assert served.account != first
        assert "1 try before" in it.text()
        assert f"○ {first}" in it.text()


async def test_enter_on_an_empty_line_tells_how_the_last_answer_came_about(tmp_path: Path) -> None:
    async with chatting(tmp_path, "max", "console") as it:
        first = it.screen.label_of(it.engine.ranking("anthropic", "claude-haiku-4-5").chosen)
        it.force("limited-5h", account=first)
        await it.ask_and_wait("hello there, who is it?")
        assert "rate limit" not in it.text()
        await it.pilot.press("enter")
        await it.until(lambda: "rate limit" in it.text())
        assert f"{first} claude-haiku-4-5 · limited 429" in it.text()
        await it.pilot.press("enter")
        await it.until(lambda: "rate limit" not in it.text())


@pytest.mark.parametrize("size", SIZES)
async def test_an_error_says_what_failed_and_what_to_do_and_enter_tells_the_rest(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with chatting(tmp_path, "console", size=size) as it:
        it.force("bad-request")
        await it.ask_and_wait("hello [/foo]")
        assert "Bad request: " in it.text()
        assert "Change the question, or the model." in it.talk()
        assert "invalid_request_error" not in it.text()
        said = it.talk().partition("Bad request: ")[2].partition(".")[0]
        await it.pilot.press("enter")
        await it.until(lambda: "status 400 · invalid_request_error" in it.text())
        assert it.talk().count(said) == 1


async def test_when_everybody_is_spent_it_says_when_the_first_is_back(tmp_path: Path) -> None:
    async with chatting(tmp_path, "max", "pro") as it:
        it.force("limited-5h", account="max")
        it.force("limited-5h", account="pro")
        await it.ask_and_wait("anybody?")
        assert "Nobody can answer now. 2 tried." in it.text()
        assert "The first is back at" in it.text()
        assert "none is free" in it.row("model")


async def test_when_the_chosen_account_is_spent_it_is_named_and_not_everybody(tmp_path: Path) -> None:
    async with chatting(tmp_path, "max", "pro") as it:
        it.screen.ask_account(next(s.id for s in it.engine.snapshot.listed() if s.account.label == "max"))
        it.force("limited-5h", account="max")
        await it.ask_and_wait("you?")
        await it.until(lambda: "max cannot answer now. It is back at" in it.talk())
        assert "Nobody" not in it.talk()


async def test_an_answer_that_breaks_off_keeps_its_text_and_says_so(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", pool=PoolSettings(retries=0)) as it:
        await it.ask_and_wait("Tell me all [[tokens=200]] [[cut]]")
        assert it.answer.text
        assert it.answer.footer.error is not None
        assert it.answer.text.split()[0] in it.text()
        assert "● console · No connection" in it.text()


async def test_foreign_text_is_never_markup_nor_obeyed(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        accounts = await it.engine.accounts()
        await accounts.label(it.engine.snapshot.listed()[0].id, "[red]boss[/foo]")
        it.say("See [/foo] and [bold]this[/], \x1b[31mred\x07 and\r\nnext\u202eline")
        await it.ask_and_wait("what is [/bar] and [b]bold[/b]?")
        assert "what is [/bar] and [b]bold[/b]?" in it.text()
        assert "See [/foo] and [bold]this[/], ␛[31mred␇ and" in it.text()
        assert "\x1b" not in it.text()
        assert "● [red]boss[/foo]" in it.talk()


async def test_words_in_angle_brackets_are_shown_as_they_came(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        it.say("<answer>\nIt is 42.\n</answer>\n\nA List<String> and a <br> here.\n\n<details>\n\nMore\n\n</details>")
        await it.ask_and_wait("what is it?")
        assert "<answer> It is 42. </answer> A List<String> and a <br> here. <details> More </details>" in it.talk()


async def test_a_table_with_an_address_in_it_loses_nothing_on_a_narrow_terminal(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", size=(80, 24)) as it:
        address = "https://example.com/" + "path/" * 12
        it.say(f"| Name | Address | Note |\n|---|---|---|\n| one | {address} | several words |")
        await it.ask_and_wait("where is it?")
        cells = [line.split("│") for line in it.text().splitlines() if line.count("│") == 4]
        columns = ["".join(cell[at].strip() for cell in cells) for at in (1, 2, 3)]
        assert columns == ["Nameone", f"Address{address}", "Noteseveralwords"]


async def test_an_account_that_is_removed_while_it_answers_keeps_its_name_beneath_the_answer(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", "console-small") as it:
        first = it.screen.label_of(it.engine.ranking("anthropic", "claude-haiku-4-5").chosen)
        it.pace()
        await it.ask("Tell me all [[tokens=900]]")
        await it.clock.advance(1.5)
        await it.until(lambda: it.answer.text)
        accounts = await it.engine.accounts()
        await accounts.remove([s.id for s in it.engine.snapshot.listed() if s.account.label == first])
        heard = it.answer.text
        await it.clock.advance(0.5)
        await it.until(lambda: it.answer.text != heard)
        assert f"○ {first} · claude-haiku-4-5" in it.talk()
        await it.clock.advance(60)
        await it.answered()
        assert f"● {first} · claude-haiku-4-5" in it.talk()


async def test_the_conversation_so_far_goes_along(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_wait("First question of three words [[tokens=9]]")
        answer = it.answer.text
        await it.ask_and_wait("And then? [[tokens=5]]")
        messages = it.asked()["messages"]
        assert [m["role"] for m in messages] == ["user", "assistant", "user"]
        assert answer.rstrip() in str(messages[1])


async def test_a_question_without_an_answer_does_not_go_along(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        it.force("bad-request")
        await it.ask_and_wait("broken")
        await it.ask_and_wait("whole [[tokens=5]]")
        assert len(it.asked()["messages"]) == 1


async def test_asking_again_leaves_the_earlier_answer_out_of_the_conversation(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_wait("Once more please [[tokens=9]]")
        await it.pilot.press("ctrl+r")
        await it.until(lambda: len(it.screen.turns) == 2 and it.ended)
        assert len(it.asked()["messages"]) == 1
        assert it.screen.turns[0].exchange.replaced
        assert "asked again" in it.text()


async def test_a_line_sent_too_early_stays_in_the_line(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        it.pace()
        await it.ask("Take your time [[tokens=50]]")
        await it.type("and another one")
        await it.pilot.press("enter")
        assert it.screen.prompt.text == "and another one"
        assert "An answer is still coming; Escape stops it." in it.text()
        await it.pilot.press("escape")
        await it.answered()


async def test_without_an_account_the_line_stays_and_the_way_out_is_told(tmp_path: Path) -> None:
    async with chatting(tmp_path) as it:
        assert "There is no account that could answer yet." in it.text()
        await it.type("hello")
        await it.pilot.press("enter")
        assert it.screen.prompt.text == "hello"
        assert "There is no account yet." in it.text()


async def test_reasoning_is_folded_until_it_is_asked_for(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_wait("Think hard [[think=60]] [[tokens=20]]")
        thoughts = it.answer.reasoning.text
        assert thoughts
        assert "reasoning · ≈" in it.text()
        assert thoughts[:30] not in it.text()
        it.answer.reasoning.query_one("_FoldTitle").focus()
        await it.pilot.press("enter")
        await it.until(lambda: thoughts[:30] in it.text())


async def test_how_much_it_reasons_can_be_said_in_the_line(tmp_path: Path) -> None:
    async with chatting(tmp_path, "carol", model=NANO) as it:
        await it.type("/think high")
        await it.pilot.press("enter")
        await it.until(lambda: "thinks high" in it.row("model"))
        await it.ask_and_wait("hi [[tokens=5]]")
        assert "high" in str(it.asked())
        await it.type("/think loud")
        await it.pilot.press("enter")
        assert "Say one of low, medium, high, off." in it.text()
        assert it.screen.prompt.text == "/think loud"


async def test_tool_calls_are_shown_with_their_arguments(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_wait('Look it up [[tool=get_weather:{"city": "Paris [x]"}]]')
        assert 'calls get_weather {"city":"Paris [x]"}' in it.text()
        assert "waits for tools" in it.text()


async def test_the_last_code_block_is_copied_with_one_key(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        it.say("Like this:\n\n```python\nprint('[hi]')\nx = 1\n```\n\nDone.")
        await it.ask_and_wait("show me code")
        assert "print('[hi]')" in it.text()
        it.screen._ended_at = float("-inf")
        await it.pilot.press("escape", "y")
        assert it.app.clipboard == "print('[hi]')\nx = 1"
        assert it.toasts()[-1] == "Copied 2 lines of code."
        await it.pilot.press("tab", "y")
        assert isinstance(it.app.focused, CodeFence)
        await it.pilot.press("escape")
        assert isinstance(it.app.focused, PromptInput)


async def test_the_account_under_the_cursor_is_handed_over_with_c(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", "carol") as it:
        it.screen._ended_at = float("-inf")
        await it.pilot.press("escape", "1")
        await it.pilot.press("down", "c")
        await it.until(lambda: it.app.current_mode == "chat" and it.screen.choice is not None)
        choice = it.screen.choice
        assert choice is not None
        label = it.screen.label_of(choice.account_id)
        assert label in {"console", "carol"}
        assert f"account {label}" in it.row("model")
        await it.ask_and_wait("hi [[tokens=5]]")
        served = it.answer.footer.served
        assert served is not None
        assert served.account == label


async def test_a_subscription_answers_only_when_it_is_chosen_by_name(tmp_path: Path) -> None:
    async with chatting(tmp_path, "max", route_subscriptions=False) as it:
        await it.ask_and_wait("hi there, is anybody?")
        assert it.answer.footer.error is not None
        it.screen.ask_account(it.engine.snapshot.listed()[0].id)
        await it.ask_and_wait("hi there, max? [[tokens=5]]")
        served = it.answer.footer.served
        assert served is not None
        assert served.account == "max"


async def test_what_a_subscription_used_stands_beneath_its_answer(tmp_path: Path) -> None:
    async with chatting(tmp_path, "max") as it:
        await it.ask_and_wait("hi there [[tokens=5]]")
        assert "5h 18%" in it.text()


async def test_a_mistyped_command_is_not_sent(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.type("/modle x")
        await it.pilot.press("enter")
        assert "There is no /modle; did you mean /model?" in it.text()
        assert it.screen.prompt.text == "/modle x"
        assert not it.screen.turns


async def test_a_small_terminal_says_so(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", size=(40, 10)) as it:
        assert "rota needs 60 by 14 cells." in it.text()


async def test_code_over_several_pages_is_copied_whole(tmp_path: Path) -> None:
    code = "\n".join(f"line_{number} = {number}  # of a long program" for number in range(300))
    async with chatting(tmp_path, "console") as it:
        it.say(f"Here:\n\n```python\n{code}\n```\n\nThat is all.")
        await it.ask_and_wait("a long program please")
        assert len(it.answer.query(Page)) > 2
        it.screen._ended_at = float("-inf")
        await it.pilot.press("escape", "y")
        assert it.app.clipboard == code
        for fence in it.answer.query(CodeFence):
            assert fence.whole_code.rstrip("\n") == code


async def test_a_long_answer_reads_whole_on_the_way_back(tmp_path: Path) -> None:
    text = "\n\n".join(f"Paragraph {number} says little, but it says it twice over." * 3 for number in range(120))
    async with chatting(tmp_path, "console") as it:
        it.say(text)
        await it.ask_and_wait("a long story please")
        pages = list(it.answer.query(Page))
        await it.until(lambda: pages[0].frozen and not pages[-1].frozen)
        assert "Paragraph 119 says" in it.talk()
        it.screen._ended_at = float("-inf")
        await it.pilot.press("escape", "home")
        await it.until(lambda: "Paragraph 0 says" in it.talk() and pages[-1].frozen)
        await it.pilot.resize_terminal(90, 30)
        await it.until(lambda: "Paragraph 0 says" in it.talk())
        await it.pilot.press("end")
        await it.until(lambda: "Paragraph 119 says" in it.talk())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/clear the table", "/clear takes nothing after it: a new conversation."),
        ("/copy that", "/copy takes nothing after it: the last code block."),
        ("/again please", "/again takes nothing after it: the last question once more."),
        ("/compare x y", "/compare takes nothing after it: several models or accounts side by side."),
        ("/stop now", "There is no /stop; there is /attach, /model, /account, /think, /compare, /again, /copy,"),
    ],
)
async def test_a_command_with_too_much_after_it_or_of_no_name_is_told_and_kept(
    tmp_path: Path, line: str, told: str
) -> None:
    async with chatting(tmp_path, "console", size=(80, 24)) as it:
        await it.ask_and_wait("hi [[tokens=5]]")
        await it.type(line)
        await it.pilot.press("enter")
        assert told in it.talk().replace(" │ │ ", " ")
        assert it.screen.prompt.text == line
        assert len(it.screen.turns) == 1


async def test_a_space_before_it_sends_what_looks_like_a_command(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_wait(" /clear is what in sed? [[tokens=5]]")
        assert "/clear is what in sed?" in str(it.asked()["messages"])


async def test_while_an_answer_comes_the_last_line_offers_no_sending_and_enter_breaks_no_line(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        assert "⏎ Send" in it.text()
        it.pace()
        await it.ask("Take your time [[tokens=50]]")
        await it.until(lambda: "esc Stop" in it.text() and "⏎ Send" not in it.text())
        await it.type("next one")
        await it.pilot.press("enter")
        await it.until(lambda: "An answer is still coming; Escape stops it." in it.text())
        assert it.screen.prompt.text == "next one"
        await it.pilot.press("escape")
        await it.answered()
        await it.until(lambda: "An answer is still coming" not in it.text())
        await it.until(lambda: "⏎ Send" in it.text())


async def test_the_log_says_that_it_was_stopped_in_the_chat(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_stop()
        ended = [e for e in await it.engine.recent(50) if isinstance(e, RequestFailed)]
        assert [e.message for e in ended] == ["You stopped it in the middle of the answer."]


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("Tell me all [[tokens=900]]", "*console · claude-haiku-4-5 · stopped after"),
        (
            "Tell me all [[tokens=200]] [[cut]]",
            "*console · claude-haiku-4-5 · No connection: The host closed the connection",
        ),
    ],
)
async def test_an_answer_without_its_end_is_saved_with_who_gave_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: str, note: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with chatting(tmp_path / "home", "console", pool=PoolSettings(retries=0)) as it:
        it.pace()
        await it.ask(question)
        await it.clock.advance(1.5)
        await it.until(lambda: it.answer.text)
        if "cut" in question:
            await it.clock.advance(60)
        else:
            await it.pilot.press("escape")
        await it.answered()
        await it.type("/save talk.md")
        await it.pilot.press("enter")
        await it.until((tmp_path / "talk.md").exists)
        await it.until(lambda: note in (tmp_path / "talk.md").read_text())


@pytest.mark.parametrize("size", ALL_SIZES)
async def test_a_note_of_several_lines_stands_over_neither_the_question_nor_the_answer(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with chatting(tmp_path, "console", size=size) as it:
        await it.ask_and_wait("hi [[tokens=200]]")
        it.screen.prompt.text = "\n".join(f"{number} is {'typed ' * 8}" for number in range(4))
        await it.until(lambda: "3 is typed" in it.text())
        talk = it.talk().partition("╭─ Question")[2]
        it.app.notify("max is spent\npro is spent", severity="warning")
        await it.until(lambda: "pro is spent" in it.text() and "200 out" in it.talk())
        assert it.talk().partition("╭─ Question")[2] == talk
        left = it.screen.query_one("#ask").region.x
        assert [it.row(label)[left : left + 40].strip() for label in ("max is spent", "pro is spent")] == ["", ""]
