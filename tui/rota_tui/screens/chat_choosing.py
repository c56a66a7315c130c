"""Whom the chat asks: choosing and keeping a model and an account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work
from textual.reactive import var

from rota.errors import RotaError
from rota.model_names import same_model
from rota.snapshot import Snapshot
from rota_tui.conversation import Choice, default_choice, first_choice, named
from rota_tui.screens.chat_asking import ChatAsking
from rota_tui.wording import provider_name, watched_kinds

if TYPE_CHECKING:
    from rota.account import Kind
    from rota.events import Event
    from rota.pool.strategy import Ranking
    from rota.providers.base import Model
    from rota_tui.pieces import Locale

RANK_EVERY = 5.0
"""Seconds of the clock after which "next" is asked again although nothing happened: holds end by themselves."""

MANY = 50
"""Accounts from which "next" is asked once a tick: all are looked at, and facts may pour in."""


class ChatChoosing(ChatAsking):
    """The choice is kept while the app runs; the model of a certain account is always one of its provider."""

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    recent: var[tuple[Event, ...]] = var((), init=False)
    choice: var[Choice | None] = var(None, init=False)
    ranking: var[Ranking | None] = var(None, init=False)

    _locale: Locale
    _models: tuple[Model, ...] = ()
    _ranked_at = float("-inf")
    _chosen = False
    """Whether the person has chosen; until then the choice follows what is known."""

    # --- what is known ------------------------------------------------------------------------------------

    def model_of(self, choice: Choice) -> Model | None:
        """What the catalogue says of the model, as far as it was read."""
        own = [m for m in self._models if m.provider == choice.provider]
        exact = next((m for m in own if m.id == choice.model or choice.model in m.aliases), None)
        return exact or next((m for m in own if same_model(choice.model, m.id)), None)

    @property
    def watched(self) -> frozenset[Kind]:
        """The kinds of account that answer only when one is chosen by name."""
        return watched_kinds(route_subscriptions=self.engine.settings.anthropic.route_subscriptions)

    def label_of(self, account_id: str | None) -> str:
        """An account's label; empty for any."""
        state = self.snapshot.account(account_id) if account_id is not None else None
        return state.account.label if state is not None else ""

    def name_of(self, choice: Choice) -> str:
        """The account part of a choice, in words."""
        return self.label_of(choice.account_id) or "any"

    def watch_snapshot(self) -> None:
        self._mend()
        if len(self.snapshot.accounts) < MANY or self.ranking is None:
            self._rank()
        else:
            self._ranked_at = float("-inf")  # the next tick does

    def watch_now(self, now: float) -> None:
        if abs(now - self._ranked_at) >= RANK_EVERY:
            self._rank()

    def watch_recent(self) -> None:
        self._mend()

    def watch_choice(self) -> None:
        self._rank()

    def _mend(self) -> None:
        """A choice as soon as there is an account; a certain one that is gone becomes any."""
        if not self._chosen or self.choice is None:
            kept = self.choice
            self.choice = first_choice(self.snapshot, self.recent, self.engine.settings.chat.model)
            self._chosen = self.choice is not None and (kept is not None or bool(self.recent))
        elif self.choice.account_id is not None and self.snapshot.account(self.choice.account_id) is None:
            self.notify("The chosen account is gone; any account answers now.", severity="warning")
            self.choice = replace(self.choice, account_id=None)

    def _rank(self) -> None:
        if self.choice is not None and self.is_current:  # it looks at every account
            self._ranked_at = self.now
            self.ranking = self.engine.ranking(self.choice.provider, self.choice.model)

    def on_screen_resume(self) -> None:
        self._rank()

    # --- choosing -----------------------------------------------------------------------------------------

    def ask_account(self, account_id: str) -> None:
        """Only this account from now on; the model becomes one of its provider's when it is not."""
        state = self.snapshot.account(account_id)
        if state is None:
            return
        self._take(self._with_account(self.choice, account_id))

    def ask_model(self, provider: str, model: str) -> None:
        """This model from now on; the account stays when it is one of that provider."""
        self._take(self._with_model(self.choice, provider, model))

    def _with_account(self, choice: Choice | None, account_id: str | None) -> Choice:
        state = self.snapshot.account(account_id) if account_id is not None else None
        if choice is None or (state is not None and state.account.provider != choice.provider):
            assert state is not None  # noqa: S101 - without a choice there is a certain account
            return default_choice(state.account.provider, account_id)
        return replace(choice, account_id=account_id)

    def _with_model(self, choice: Choice | None, provider: str, model: str) -> Choice:
        account_id = choice.account_id if choice is not None and choice.provider == provider else None
        return Choice(model, provider, account_id)

    def _take(self, choice: Choice) -> None:
        before = self.choice
        self._chosen = True
        self.choice = choice
        if before is not None and before.provider != choice.provider:
            self.notify(f"{provider_name(choice.provider)} answers now, with {choice.model}.", markup=False)

    @work(group="choose", exclusive=True, description="choose a model")
    async def action_choose_model(self, typed: str = "") -> None:
        if self.choice is not None and (choice := await self.pick_model(self.choice, typed)) is not None:
            self._take(choice)

    @work(group="choose", exclusive=True, description="choose an account")
    async def action_choose_account(self, typed: str = "") -> None:
        if self.choice is not None and (choice := await self.pick_account(self.choice, typed)) is not None:
            self._take(choice)

    async def pick_model(self, choice: Choice, typed: str = "") -> Choice | None:
        """Ask the person for a model."""
        from rota_tui.dialogs.model_picker import ModelPicker  # not needed for the first frame

        current = f"{choice.provider}/{choice.model}"
        known = self.model_of(choice)
        if known is not None:
            current = f"{known.provider}/{known.id}"
        picker = ModelPicker(self._models, self._fetch_models, self._locale.glyphs, current=current, typed=typed)
        key = await self.app.push_screen_wait(picker)
        if key is None:
            return None
        if key.startswith("="):
            present = [s.account.provider for s in self.snapshot.listed()]
            found = named(key[1:], [choice.provider] if choice.account_id is not None else present)
            return self._with_model(choice, found.provider, found.model)
        provider, _, model = key.partition("/")
        return self._with_model(choice, provider, model)

    async def pick_account(self, choice: Choice, typed: str = "") -> Choice | None:
        """Ask the person for an account."""
        from rota_tui.dialogs.account_picker import AccountPicker  # not needed for the first frame
        from rota_tui.widgets.server_table import ANY

        ranking = self.engine.ranking(choice.provider, choice.model)
        label = self.label_of(ranking.chosen)
        picker = AccountPicker(
            self.snapshot,
            choice.provider,
            self.engine.clock.now(),
            self._locale,
            self.engine.settings.pool.thresholds,
            watched=self.watched,
            any_words=f"next: {label}" if label else "none is free",
            current=choice.account_id,
            typed=typed,
        )
        key = await self.app.push_screen_wait(picker)
        if key is None:
            return None
        return self._with_account(choice, None if key == ANY else key)

    async def _fetch_models(self) -> tuple[Model, ...]:
        self._models = await self.engine.models()
        self.models_known()
        return self._models

    @work(group="catalogue", exclusive=True, description="ask for the models")
    async def learn_models(self) -> None:
        """Read the catalogue behind: prices and sizes for the choice line, and a picker that opens full."""
        try:
            await self._fetch_models()
        except RotaError:
            self._models = ()  # the picker asks again and says why

    def models_known(self) -> None:
        """The catalogue was read."""
