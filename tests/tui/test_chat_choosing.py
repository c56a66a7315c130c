"""Whom the chat asks and what goes along: pickers, side by side, recall, attachments, saving, clearing; by keys."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.support.chat_world import Chat, chatting

from rota_tui.dialogs.account_picker import AccountPicker
from rota_tui.dialogs.attach import AttachDialog
from rota_tui.dialogs.compare import CompareDialog
from rota_tui.dialogs.model_picker import ModelPicker
from rota_tui.widgets.comparison import Comparison, Lane

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40)]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


async def open_models(it: Chat) -> ModelPicker:
    await it.pilot.press("ctrl+o")
    await it.until(lambda: isinstance(it.app.screen, ModelPicker))
    picker = it.app.screen
    assert isinstance(picker, ModelPicker)
    return picker


@pytest.mark.parametrize("size", SIZES)
async def test_a_few_letters_find_a_model_among_hundreds_and_it_is_asked(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with chatting(tmp_path, "carol", "console", size=size) as it:
        picker = await open_models(it)
        await it.until(lambda: len(picker.models.models) > 500)
        await it.pilot.press(*"gpt5nano")
        await it.until(lambda: picker.models.cursor_key == "puter/gpt-5-nano-2025-08-07")
        assert "gpt-5-nano" in it.row("Puter")
        await it.pilot.press("enter")
        await it.until(lambda: it.app.screen is it.screen)
        assert "model gpt-5-nano" in it.row("model")
        await it.ask_and_wait("hi [[tokens=4]]")
        served = it.answer.footer.served
        assert served is not None
        assert (served.account, served.asked) == ("carol", "")
        assert "gpt-5-nano" in served.model


async def test_the_picker_opens_on_the_present_model_and_escape_leaves_it(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.until(lambda: it.screen._models)
        picker = await open_models(it)
        assert picker.models.cursor_key == "anthropic/claude-haiku-4-5-20251001"
        before = it.screen.choice
        await it.pilot.press("down", "escape")
        await it.until(lambda: it.app.screen is it.screen)
        assert it.screen.choice == before


async def test_a_name_that_no_catalogue_lists_can_be_used_as_it_is(tmp_path: Path) -> None:
    async with chatting(tmp_path, "carol", model="puter/gpt-5-nano") as it:
        await it.type("/model openrouter:new/thing [x]")
        await it.pilot.press("enter")
        await it.until(lambda: isinstance(it.app.screen, ModelPicker))
        await it.until(lambda: "use openrouter:new/thing [x] as it is" in it.text())
        await it.pilot.press("enter")
        await it.until(lambda: it.app.screen is it.screen)
        assert it.screen.choice is not None
        assert (it.screen.choice.provider, it.screen.choice.model) == ("puter", "openrouter:new/thing [x]")


async def test_models_that_cannot_be_listed_are_told_and_a_name_can_still_be_typed(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        it.screen._models = ()
        it.force("forbidden", path="/v1/models", times=0)
        picker = await open_models(it)
        await it.until(lambda: str(picker.hint.render()) != "")
        await it.pilot.press(*"claude-x")
        await it.until(lambda: "use claude-x as it is" in it.text())


async def test_a_certain_account_is_chosen_and_any_again(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", "console-small", "carol") as it:
        await it.pilot.press("ctrl+t")
        await it.until(lambda: isinstance(it.app.screen, AccountPicker))
        await it.pilot.press(*"small", "enter")
        await it.until(lambda: it.app.screen is it.screen)
        assert "account console-small" in it.row("model")
        await it.ask_and_wait("hi [[tokens=4]]")
        served = it.answer.footer.served
        assert served is not None
        assert served.account == "console-small"
        await it.pilot.press("ctrl+t")
        await it.until(lambda: isinstance(it.app.screen, AccountPicker))
        await it.pilot.press("home", "up", "up", "up", "enter")
        await it.until(lambda: it.app.screen is it.screen)
        assert "account any" in it.row("model")


async def test_an_account_of_another_provider_brings_a_model_of_its_own(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", "carol") as it:
        await it.pilot.press("ctrl+t")
        await it.until(lambda: isinstance(it.app.screen, AccountPicker))
        await it.pilot.press(*"carol", "enter")
        await it.until(lambda: it.app.screen is it.screen)
        assert "model gpt-5-nano" in it.row("model")
        assert it.toasts()[-1] == "Puter answers now, with gpt-5-nano."


@pytest.mark.parametrize("size", SIZES)
async def test_several_accounts_are_asked_side_by_side_and_their_figures_compared(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with chatting(tmp_path, "console", "console-small", size=size) as it:
        await it.type("Which is faster? [[tokens=30]]")
        await it.pilot.press("ctrl+b")
        await it.until(lambda: isinstance(it.app.screen, CompareDialog))
        assert "Which is faster?" in it.text()
        await it.pilot.press("enter")
        await it.until(lambda: it.ended)
        comparison = it.screen.turns[-1]
        assert isinstance(comparison, Comparison)
        assert sorted(v.footer.served.account for v in comparison.views if v.footer.served) == [
            "console",
            "console-small",
        ]
        await it.until(lambda: "first token" in it.talk())
        assert "tokens/s" in it.talk()
        assert it.screen.prompt.text == ""


async def test_the_kept_answer_of_a_comparison_goes_on_with_the_conversation(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", "carol") as it:
        await it.type("Who are you two? [[tokens=30]]")
        await it.pilot.press("ctrl+b")
        await it.until(lambda: isinstance(it.app.screen, CompareDialog))
        await it.pilot.press("down", "a")
        await it.until(lambda: isinstance(it.app.screen, AccountPicker))
        await it.pilot.press(*"carol", "enter")
        await it.until(lambda: isinstance(it.app.screen, CompareDialog))
        await it.pilot.press("enter")
        await it.until(lambda: it.ended)
        comparison = it.screen.turns[-1]
        assert isinstance(comparison, Comparison)
        second = comparison.lanes[1]
        second.focus()
        await it.pilot.press("enter")
        await it.until(lambda: second.has_class("-kept"))
        assert any(isinstance(m, Lane.Kept) for m in it.messages)
        assert comparison.exchange.answer == second.answer.text
        it.screen.prompt.focus()
        await it.ask_and_wait("and now? [[tokens=4]]")
        assert second.answer.text.rstrip() in str(it.asked()["messages"])


async def test_one_side_alone_is_no_comparison(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.type("hello you")
        await it.pilot.press("ctrl+b")
        await it.until(lambda: isinstance(it.app.screen, CompareDialog))
        await it.pilot.press("enter")
        assert "One side is no comparison" in it.text()
        await it.pilot.press("escape")
        await it.until(lambda: it.app.screen is it.screen)
        assert it.screen.prompt.text == "hello you"


async def test_earlier_questions_come_back_and_what_was_begun_is_not_lost(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.ask_and_wait("first [[tokens=3]]")
        await it.ask_and_wait("second [[tokens=3]]")
        await it.type("begun")
        prompt = it.screen.prompt
        await it.pilot.press("up")
        assert prompt.text == "second [[tokens=3]]"
        await it.pilot.press("up")
        assert prompt.text == "first [[tokens=3]]"
        await it.pilot.press("x", "down", "up")
        assert prompt.text == "first [[tokens=3]]x"
        await it.pilot.press("down", "down")
        assert prompt.text == "begun"
        await it.pilot.press("up")
        await it.pilot.press("enter")
        await it.until(lambda: len(it.screen.turns) == 3 and it.ended)
        assert prompt.text == "begun"


async def test_a_line_break_is_typed_with_ctrl_j(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        await it.pilot.press("a", "ctrl+j", "b")
        assert it.screen.prompt.text == "a\nb"
        await it.pilot.press("up", "up")
        assert it.screen.prompt.text == "a\nb"


async def test_an_image_goes_along_as_an_image(tmp_path: Path) -> None:
    picture = tmp_path / "chart [1].png"
    picture.write_bytes(PNG)
    async with chatting(tmp_path / "home", "console") as it:
        await it.type(f"/attach {picture}")
        await it.pilot.press("enter")
        await it.until(lambda: "with image chart [1].png" in it.text())
        assert it.screen.prompt.text == ""
        await it.ask_and_wait("what is this? [[tokens=4]]")
        content = it.asked()["messages"][0]["content"]
        assert [part["type"] for part in content] == ["image", "text"]
        assert content[0]["source"]["data"] == base64.b64encode(PNG).decode()
        assert "image chart [1].png, 70 B" in it.talk()
        await it.ask_and_wait("and again? [[tokens=4]]")
        assert len(it.asked()["messages"]) == 3


async def test_a_path_that_does_not_work_is_told_and_can_be_mended(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk")
    async with chatting(tmp_path / "home", "console") as it:
        await it.type(f"/attach {tmp_path}/none.txt")
        await it.pilot.press("enter")
        await it.until(lambda: "cannot be read: No such file or directory." in it.talk())
        assert it.screen.prompt.text == f"/attach {tmp_path}/none.txt"
        it.screen.prompt.text = ""
        await it.pilot.press("ctrl+g")
        await it.until(lambda: isinstance(it.app.screen, AttachDialog))
        await it.pilot.press(*"nowhere", "enter")
        await it.until(lambda: "cannot be read" in it.text())
        dialog = it.app.screen
        dialog.query_one("Input").value = str(tmp_path / "notes.txt")  # type: ignore[attr-defined]
        await it.pilot.press("enter")
        await it.until(lambda: it.app.screen is it.screen)
        assert "with text notes.txt" in it.text()
        await it.ask_and_wait("hm? [[tokens=4]]")
        assert "remember the milk" in str(it.asked()["messages"])


async def test_backspace_on_an_empty_line_drops_an_attachment(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    async with chatting(tmp_path / "home", "console") as it:
        await it.type(f"/attach {tmp_path}/notes.txt")
        await it.pilot.press("enter")
        await it.until(lambda: "with text notes.txt" in it.text())
        await it.pilot.press("a", "backspace")
        assert "with text notes.txt" in it.text()
        await it.pilot.press("backspace")
        await it.until(lambda: "notes.txt" not in it.text())


async def test_a_conversation_is_saved_as_markdown_and_never_over_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    async with chatting(tmp_path / "home", "console") as it:
        await it.ask_and_wait("What is [x]? [[tokens=6]]")
        await it.pilot.press("ctrl+s")
        await it.until(lambda: it.toasts())
        await it.pilot.press("ctrl+s")
        await it.until(lambda: len(it.toasts()) == 2)
        files = sorted(folder.iterdir())
        assert len(files) == 2
        assert all(str(file) in " ".join(it.toasts()) for file in files)
        saved = files[0].read_text()
        assert "What is [x]? [[tokens=6]]" in saved
        assert it.answer.text.strip() in saved
        assert "*console · claude-haiku-4-5-20251001 ·" in saved


async def test_a_conversation_that_cannot_be_saved_says_where_why_and_how_to_say_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, other = tmp_path / "gone", tmp_path / "other place"
    gone.mkdir()
    other.mkdir()
    monkeypatch.chdir(gone)
    async with chatting(tmp_path / "home", "console") as it:
        await it.ask_and_wait("What is it? [[tokens=6]]")
        gone.rmdir()
        await it.pilot.press("ctrl+s")
        await it.until(lambda: it.toasts())
        assert it.toasts()[-1] == (
            "Not saved: this folder cannot be written (No such file or directory). Say where with /save PATH."
        )
        await it.type(f"/save {tmp_path}/nowhere/talk.md")
        await it.pilot.press("enter")
        await it.until(lambda: len(it.toasts()) == 2)
        assert it.toasts()[-1].startswith(f"Not saved: {tmp_path}/nowhere/talk.md cannot be written (No such file")
        assert it.screen.prompt.text == f"/save {tmp_path}/nowhere/talk.md"
        it.screen.prompt.text = ""
        await it.type(f"/save {other}")
        await it.pilot.press("enter")
        await it.until(lambda: len(it.toasts()) == 3)
        assert len(list(other.iterdir())) == 1
        assert it.screen.prompt.text == ""


def goes_along(it: Chat, name: str) -> bool:
    return name in it.row("─ Question")


async def test_several_attachments_are_counted_and_the_last_is_dropped_first(tmp_path: Path) -> None:
    async with chatting(tmp_path / "home", "console", size=(80, 24)) as it:
        for name in ("notes.txt", "a longer name.txt", "plan.txt"):
            (tmp_path / name).write_text("x")
            await it.type(f"/attach {tmp_path}/{name}")
            await it.pilot.press("enter")
            await it.until(partial(goes_along, it, name))
        assert "with 3 files: notes.txt, a longer name.txt, plan.txt" in it.text()
        assert "backspace drops the last" in it.text()


async def test_clearing_ends_the_answer_under_way_and_keeps_the_line(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console") as it:
        it.pace()
        await it.ask("long one [[tokens=500]]")
        await it.type("next idea")
        await it.pilot.press("ctrl+l")
        await it.until(lambda: not it.screen.turns and it.screen.has_class("-new"))
        assert it.screen.prompt.text == "next idea"
        await it.until(lambda: it.world.calls.listed(path="/messages")[-1].outcome == "left")
        it.world.knobs.pace = 0.0
        await it.pilot.press("enter")
        await it.until(lambda: it.ended)
        assert len(it.asked()["messages"]) == 1


async def test_accounts_that_rotate_underneath_are_seen_beside_the_chat(tmp_path: Path) -> None:
    async with chatting(tmp_path, "max", "pro") as it:
        first = it.screen.label_of(it.engine.ranking("anthropic", "claude-haiku-4-5").chosen)
        other = {"max": "pro", "pro": "max"}[first]
        assert f"↲ {first}" in it.row("account any")
        accounts = await it.engine.accounts()
        await accounts.disable(it.engine.find(first).id)
        await it.until(lambda: f"↲ {other}" in it.row("account any"))
        await it.ask_and_wait("hi [[tokens=4]]")
        served = it.answer.footer.served
        assert served is not None
        assert served.account == other


async def test_a_certain_account_that_is_removed_makes_room_for_any(tmp_path: Path) -> None:
    async with chatting(tmp_path, "console", "console-small") as it:
        account_id = it.engine.find("console-small").id
        it.screen.ask_account(account_id)
        await it.engine.remove([account_id])
        await it.until(lambda: "account any" in it.row("model"))
        assert "The chosen account is gone; any account answers now." in it.toasts()
