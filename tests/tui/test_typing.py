"""A question typed faster than the app draws, as over a slow line that brings many keys at once."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.events import Key, Paste

from rota_tui.widgets.prompt_input import PromptInput


class OnePrompt(App[None]):
    """Only the line."""

    def compose(self) -> ComposeResult:
        yield PromptInput()


async def test_enter_does_not_overtake_what_was_typed_before_it() -> None:
    """Regression: keys with priority are acted on before others that came earlier, and an empty question was sent."""
    sent: list[str] = []

    def heard(message: object) -> None:
        if isinstance(message, PromptInput.Submitted) and message.text not in sent:
            sent.append(message.text)

    app = OnePrompt()
    async with app.run_test(message_hook=heard) as pilot:
        for key in "one":
            app.post_message(Key(key, key))
        app.post_message(Key("ctrl+j", "\n"))
        for key in "two":
            app.post_message(Key(key, key))
        app.post_message(Key("enter", "\r"))
        await pilot.pause()
        await pilot.pause()
    assert sent == ["one\ntwo"]


LONG = "".join(f"line {n}\n" for n in range(60))


async def test_a_long_paste_is_taken_back_and_put_back() -> None:
    """Regression: the app fell, since the cursor was in a line that was no more."""
    app = OnePrompt()
    async with app.run_test() as pilot:
        prompt = app.query_one(PromptInput)
        await pilot.press(*"why", "ctrl+z", "ctrl+y", "space")
        app.post_message(Paste(LONG))
        await pilot.pause()
        assert prompt.text == f"why {LONG}"
        await pilot.press("ctrl+z")
        assert (prompt.text, prompt.cursor_location) == ("why ", (0, 4))
        await pilot.press("ctrl+y")
        assert (prompt.text, prompt.cursor_location) == (f"why {LONG}", (60, 0))


async def test_a_long_text_that_was_cut_is_cut_once_more() -> None:
    app = OnePrompt()
    async with app.run_test() as pilot:
        prompt = app.query_one(PromptInput)
        app.post_message(Paste(LONG))
        await pilot.pause()
        prompt.select_all()
        await pilot.press("backspace", "ctrl+z")
        assert prompt.text == LONG
        await pilot.press("ctrl+y")
        assert prompt.text == ""


async def test_the_cursor_stays_where_there_is_nothing_to_take_back() -> None:
    app = OnePrompt()
    async with app.run_test() as pilot:
        prompt = app.query_one(PromptInput)
        prompt.text = "given"
        prompt.move_cursor((0, 3))
        await pilot.press("ctrl+z", "ctrl+y")
        assert (prompt.text, prompt.cursor_location) == ("given", (0, 3))
