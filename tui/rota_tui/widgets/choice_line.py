"""Whom the chat asks, on one line: the model with its size and price, the account or who is next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from rota_tui.formatting import count, usd
from rota_tui.pieces import Piece, Tone, clean, fit, fit_line, width_of
from rota_tui.widgets.steady import Steady
from rota_tui.widgets.tones import to_content
from rota_tui.wording import joined, provider_name

if TYPE_CHECKING:
    from rota.providers.base import Model
    from rota_tui.conversation import Choice
    from rota_tui.pieces import Line, Locale

_WIDE = 96


class ChoiceLine(Steady, Widget):
    """A click on either half opens its picker."""

    DEFAULT_CSS = "ChoiceLine { height: 1; padding: 0 1; }"

    choice: reactive[Choice | None] = reactive(None, init=False)
    model: reactive[Model | None] = reactive(None, init=False)
    """What the catalogue knows about it."""
    account: reactive[str] = reactive("", init=False)
    """Label of the certain account; empty for any."""
    next_label: reactive[str] = reactive("", init=False)
    """Who would answer now; empty when nobody can."""
    thinks: reactive[str | None] = reactive(None, init=False)
    """Effort of reasoning that is asked for."""

    def __init__(self, locale: Locale) -> None:
        super().__init__()
        self._locale = locale
        self.set_reactive(Widget.auto_links, False)

    def render(self) -> Content:
        width = self.content_region.width
        right = self._account_part(width)
        left = fit_line(self._model_part(width), max(0, width - width_of(right) - 2), self._locale.glyphs)
        gap = max(1, width - width_of(left) - width_of(right))
        return Content("").join(
            [
                to_content(left).stylize("@click=screen.choose_model()"),
                Content(" " * gap),
                to_content(right).stylize("@click=screen.choose_account()"),
            ]
        )

    def _model_part(self, width: int) -> Line:
        if self.choice is None:
            return (Piece("no account yet", Tone.QUIET),)
        name, *facts = model_facts(self.choice.model, self.model, short=width < _WIDE)
        provider = provider_name(self.choice.provider)
        thinks = [f"thinks {self.thinks}"] if self.thinks else []
        told = [*([provider] if width >= _WIDE else []), *facts, *thinks]
        head = Piece("model ", Tone.QUIET)
        return (head, *joined([Piece(name, Tone.NAME), *(Piece(text, Tone.QUIET) for text in told)], self._locale))

    def _account_part(self, width: int) -> Line:
        if self.choice is None:
            return ()
        head = Piece("account ", Tone.QUIET)
        room = max(10, width // 3)
        if self.account:
            return (head, Piece(fit(self.account, room, self._locale.glyphs), Tone.NAME))
        line = (head, Piece("any", Tone.NAME))
        if not self.next_label:
            return (*line, Piece(", none is free", Tone.COOLING))
        glyph = self._locale.glyphs.next
        return (*line, Piece(f" {glyph} {fit(self.next_label, room, self._locale.glyphs)}", Tone.QUIET))


def model_facts(name: str, model: Model | None, *, short: bool) -> list[str]:
    """A model's name, and what the catalogue says of its context and price."""
    facts = [clean(name)]
    if model is None:
        return facts
    if model.context:
        facts.append(count(model.context) if short else f"{count(model.context)} context")
    if model.free:
        facts.append("free")
    elif model.input_usd is not None and model.output_usd is not None:
        prices = f"{usd(model.input_usd)} in, {usd(model.output_usd)} out"
        facts.append(prices if short else f"{prices} a million")
    return facts
