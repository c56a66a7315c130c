"""Mode for models: every provider's catalogue, searched as fast as one types."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Input, Static

from rota.errors import RotaError
from rota.snapshot import Snapshot
from rota_tui.formatting import count
from rota_tui.messages import ModelRequested
from rota_tui.pieces import ASCII, Piece, Tone, clean, fit_line
from rota_tui.widgets.catalogue_table import CatalogueTable
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.toast_room import make_room
from rota_tui.widgets.tones import stacked, to_content
from rota_tui.widgets.too_small import TooSmall
from rota_tui.wording import joined, provider_name, watched_kinds

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from rota.engine import Engine
    from rota.providers.base import Model
    from rota_tui.pieces import Line, Locale


class ModelsScreen(Screen[None]):
    """A search line, the table, and all about the row under the cursor."""

    CSS_PATH = "models.tcss"
    AUTO_FOCUS = "CatalogueTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", id="models.search", key_display="/", tooltip="Narrow by typing"),
        Binding("y", "copy", "Copy id", id="models.copy", tooltip="Copy the model's id"),
        Binding("f", "chain", "Fallback", id="models.chain", tooltip="Into the fallback chain, or out of it"),
        Binding("r", "fetch", "Refresh", id="models.refresh", tooltip="Fetch the lists anew"),
        Binding("escape", "back", "Back", id="back", tooltip="Show all models"),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    table = getters.query_one(CatalogueTable)
    line = getters.query_one("#search", Input)
    told = getters.query_one("#told", Static)
    about = getters.query_one("#about", Static)

    def __init__(self, engine: Engine, locale: Locale, bar: Widget) -> None:
        super().__init__()
        self.engine = engine
        self._locale = locale
        self._bar = bar
        self._problem = ""
        self._providers: frozenset[str] = frozenset()
        self.set_class(locale.glyphs is ASCII, "-ascii")

    def compose(self) -> ComposeResult:
        cls = ModelsScreen
        yield TooSmall()
        yield self._bar
        yield Input(placeholder="search by name, maker, provider or free", id="search", compact=True)
        yield Static(id="told")
        table = CatalogueTable(
            self._locale.glyphs,
            watched_kinds(route_subscriptions=self.engine.settings.anthropic.route_subscriptions),
            id="catalogue",
        )
        yield table.data_bind(cls.snapshot, cls.now)
        yield Static(id="about")
        yield KeyBar()

    def on_mount(self) -> None:
        make_room(self, gives=self.table, clear=self.about)
        self._take_chain()
        self._providers = self._present()
        self._fetch()

    def on_screen_resume(self) -> None:
        """Another mode may have changed the chain or the accounts."""
        self._take_chain()
        if (present := self._present()) != self._providers:
            self._providers = present
            self._fetch()

    def _present(self) -> frozenset[str]:
        return frozenset(state.account.provider for state in self.engine.snapshot.listed())

    # --- the catalogue ------------------------------------------------------------------------------------

    @work(group="models", exclusive=True, description="ask for the models")
    async def _fetch(self, *, refresh: bool = False) -> None:
        self._say(busy=True)
        try:
            models = await self.engine.models(refresh=refresh)
            problems = dict((await self.engine.services()).catalogue.problems)
        except RotaError as error:
            self._problem = error.in_full
        else:
            self._problem = " ".join(f"{provider_name(name)}: {why}" for name, why in problems.items())
            self.table.take(models)
        self._say()

    def _say(self, *, busy: bool = False) -> None:
        models, shown = self.table.models, len(self.table.keys)
        parts = [
            Piece(f"{shown} of {len(models)} models" if self.table.typed else f"{len(models)} models", Tone.NAME)
        ]
        if free := sum(model.free for model in models.values()):
            parts.append(Piece(f"{free} free", Tone.OK))
        if busy:
            parts.append(Piece("asking the providers", Tone.ACTIVE))
        elif self._problem:
            parts.append(Piece(clean(self._problem), Tone.LOW))
        elif models and not shown:
            parts.append(Piece("nothing fits; Escape shows all", Tone.QUIET))
        elif not models:
            parts.append(Piece("the list comes with the first account: 1, then a", Tone.QUIET))
        self.told.update(to_content(joined(parts, self._locale)))
        self._tell_about()

    def _tell_about(self) -> None:
        model = self.current
        lines = self._about(model) if model is not None else ()
        self.about.update(stacked(fit_line(line, self.size.width - 2, self._locale.glyphs) for line in lines))

    def _about(self, model: Model) -> tuple[Line, ...]:
        named = [Piece(clean(model.id), Tone.NAME)]
        can = (("tools", model.tools), ("sees", model.vision), ("thinks", model.reasoning))
        told = self.table.told
        facts = [
            "" if "provider" in told else provider_name(model.provider),
            "" if "can" in told else " ".join(word for word, able in can if able),
            f"answers up to {count(model.max_output)}" if model.max_output and "output" not in told else "",
            clean(model.name) if model.name != model.id else "",
            f"by {clean(model.vendor)}" if model.vendor else "",
            "only for paid accounts" if model.paid_only else "",
            f"also {', '.join(map(clean, model.aliases[:2]))}" if model.aliases else "",
        ]
        ready = ", ".join(map(clean, self.table.servers.of(model).ready))
        who = [Piece(f"served by {ready}") if ready else Piece("nobody serves it now", Tone.COOLING)]
        chain = self._chain(model.provider)
        if model.id in chain:
            place = f"number {chain.index(model.id) + 1} of {len(chain)} in the fallback chain"
            who.insert(0, Piece(place, Tone.ACTIVE))
        return joined([*named, *(Piece(fact, Tone.QUIET) for fact in facts if fact)], self._locale), joined(
            who, self._locale
        )

    def on_resize(self) -> None:
        self._tell_about()

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        return self.table.models.get(self.table.cursor_key or "")

    # --- keys ---------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":
            return self.line.has_focus or bool(self.line.value)
        if action == "search":
            return not self.line.has_focus
        if action in {"copy", "chain"}:
            return self.current is not None and not self.line.has_focus
        return super().check_action(action, parameters)

    def on_input_changed(self, event: Input.Changed) -> None:
        self.table.search(event.value)
        self._say()
        self.refresh_bindings()

    def on_input_submitted(self) -> None:
        self.table.focus()

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()

    def on_line_table_highlighted(self) -> None:
        self._tell_about()
        self.refresh_bindings()

    def on_line_table_selected(self) -> None:
        if (model := self.current) is not None:
            self.post_message(ModelRequested(model.provider, model.id))

    def action_search(self) -> None:
        self.line.focus()

    def action_back(self) -> None:
        self.line.value = ""
        self.table.focus()

    def action_move(self, steps: int) -> None:
        self.table.action_move(steps)

    def action_page(self, direction: int) -> None:
        self.table.action_page(direction)

    def action_fetch(self) -> None:
        self._fetch(refresh=True)

    def action_copy(self) -> None:
        if (model := self.current) is not None:
            self.app.copy_to_clipboard(model.id)
            self.notify(f"Copied {model.id}.", markup=False)

    # --- the fallback chain -------------------------------------------------------------------------------

    def _chain(self, provider: str) -> tuple[str, ...]:
        return self.engine.settings.pool.fallback_models.get(provider, ())

    def _take_chain(self) -> None:
        chains = self.engine.settings.pool.fallback_models
        self.table.chain = frozenset(f"{provider}/{name}" for provider, names in chains.items() for name in names)
        self.table.relayout()

    def action_chain(self) -> None:
        """Put the model at the end of its provider's fallback chain, or take it out."""
        if (model := self.current) is None:
            return
        before = self._chain(model.provider)
        within = model.id in before
        after = [name for name in before if name != model.id] if within else [*before, model.id]
        whole = {name: list(names) for name, names in self.engine.settings.pool.fallback_models.items()}
        try:
            self.engine.change_setting("pool.fallback_models", whole | {model.provider: after})
        except RotaError as error:
            self.notify(error.in_full, severity="error", markup=False)
            return
        self._take_chain()
        self._tell_about()
        name = provider_name(model.provider)
        told = f"{model.id} is out of {name}'s" if within else f"{model.id} is number {len(after)} of {name}'s"
        self.notify(f"{told} fallback chain.", markup=False)
