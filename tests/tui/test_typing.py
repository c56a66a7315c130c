"""A question typed faster than the app draws, as over a slow line that brings many keys at once."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.events import Key

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
