"""Choosing a model out of some hundreds, which may still be on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from rota.errors import RotaError
from rota_tui.dialogs.picker import PickerDialog
from rota_tui.widgets.model_table import AS_TYPED, ModelTable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rota.providers.base import Model
    from rota_tui.pieces import Glyphs
    from rota_tui.widgets.line_table import LineTable


class ModelPicker(PickerDialog):
    """Opens at once with what is known; the rest comes when the providers have answered.

    Gives `provider/id`, or `=name` for a name that no catalogue lists.
    """

    def __init__(
        self,
        known: tuple[Model, ...],
        fetch: Callable[[], Awaitable[tuple[Model, ...]]],
        glyphs: Glyphs,
        *,
        current: str = "",
        typed: str = "",
    ) -> None:
        super().__init__("Which model?", placeholder="search by name, provider or free", typed=typed)
        self._known = known
        self._fetch = fetch
        self._glyphs = glyphs
        self._current = current

    def make_table(self) -> LineTable:
        return ModelTable(self._glyphs, id="models")

    @property
    def models(self) -> ModelTable:
        return self.query_one(ModelTable)

    def prepare(self) -> None:
        self.models.take(self._known)
        self._show_current()
        self._load()

    def _show_current(self) -> None:
        if self._current in self.models.models and not self.models.typed:
            self.models.cursor_key = self._current

    def search(self, typed: str) -> None:
        self.models.search(typed)

    @work(group="models", exclusive=True, description="ask for the models")
    async def _load(self) -> None:
        if not self._known:
            self.hint.say(self.keys, "Asking the providers for their models")
        try:
            models = await self._fetch()
        except RotaError as error:
            self.hint.say("", error.in_full)
            return
        if models != self._known:
            self.models.take(models)
            self._show_current()
        told = f"{len(models)} models" if models else "No provider listed a model; type a name to use it."
        self.hint.say(self.keys, told)

    def answer(self, key: str) -> str:
        return f"{AS_TYPED}{self.models.typed}" if key == AS_TYPED else key
