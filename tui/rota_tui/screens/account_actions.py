"""What a person can do to the account under the cursor: keys become commands, told in words of their effect."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.screen import Screen

from rota.account import Health
from rota.errors import RotaError
from rota_tui.messages import TestRequested
from rota_tui.widgets.welcome import Welcome
from rota_tui.wording import provider_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rota.account import Account
    from rota.accounts import Accounts
    from rota.engine import Engine
    from rota.migrate.records import Found
    from rota.snapshot import AccountState
    from rota_tui.pieces import Locale


_ON_AN_ACCOUNT = frozenset(
    ("use", "pin", "switch", "refresh_usage", "label", "remove", "shift", "copy", "refresh_all", "test")
)


def _found_here() -> tuple[Found, ...]:
    """What other tools have on this machine, unread; with the imports of all their formats, so in a thread."""
    from rota.migrate.places import here
    from rota.migrate.survey import find

    return find(here())


class AccountActions(Screen[None]):
    """The screen says which account is meant (`current`) and what is pinned; this does the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", id="add-account", tooltip="Add an account"),
        Binding(
            "m", "import", "Import", id="import-accounts", tooltip="Import accounts from other tools", show=False
        ),
        Binding("i", "sign_in", "Sign in", id="sign-in-again", tooltip="Sign in to this account again"),
        Binding("u", "use", "Use", id="use-account", tooltip="Use this account for new sessions"),
        Binding("p", "pin", "Pin", id="pin-account", tooltip="Let only this account serve its provider, or end that"),
        Binding("e", "switch", "On/off", id="toggle-account", tooltip="Turn this account on or off"),
        Binding("x", "lift", "Lift", id="lift-cooldown", tooltip="End this account's cooldown now"),
        Binding("r", "refresh_usage", "Refresh", id="refresh-usage", tooltip="Ask the provider what is left here"),
        Binding(
            "R", "refresh_all", "Refresh all", id="refresh-all-usage", show=False, tooltip="Ask about every account"
        ),
        Binding("c", "test", "Chat", id="test-account", tooltip="Ask a model through this account"),
        Binding("l", "label", "Label", id="label-account", tooltip="Name this account"),
        Binding("d", "remove", "Remove", id="remove-account", tooltip="Remove this account from rota"),
        Binding("J", "shift(1)", "Move down", id="move-account-down", show=False),
        Binding("K", "shift(-1)", "Move up", id="move-account-up", show=False),
        Binding(
            "g", "gateway", "Gateway", id="switch-gateway", tooltip="Start or stop the local endpoint", show=False
        ),
        Binding("y", "copy", "Copy", id="copy-account", tooltip="Copy who this account is", show=False),
    ]

    engine: Engine
    _locale: Locale

    @property
    def current(self) -> AccountState | None:
        """The account under the cursor."""
        raise NotImplementedError

    def pinned(self, state: AccountState) -> bool:
        """Whether its provider is pinned to it."""
        choice = self.engine.snapshot.pinned.get(state.account.provider)
        return choice is not None and choice.account_id == state.id

    def held_here(self) -> list[str | None]:
        """What is held on the account under the cursor: None for all of it, else a model."""
        if (state := self.current) is None:
            return []
        now = self.engine.clock.now()
        models: list[str | None] = [model for model, hold in state.model_holds.items() if hold.active(now)]
        return [None, *models] if state.hold is not None and state.hold.active(now) else models

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that need an account are off without one; lifting needs something that is held."""
        if action in _ON_AN_ACCOUNT:
            return self.current is not None
        if action == "lift":
            return bool(self.held_here())
        if action == "sign_in":
            return self.current is not None and self.current.account.health is Health.NEEDS_LOGIN
        return super().check_action(action, parameters)

    # --- commands -----------------------------------------------------------------------------------------

    def action_use(self) -> None:
        if (state := self.current) is not None:
            self._command(lambda accounts: accounts.use(state.id), f"New sessions use {state.account.label}.")

    def action_pin(self) -> None:
        if (state := self.current) is None:
            return
        provider = state.account.provider
        if self.pinned(state):
            self._command(
                lambda accounts: accounts.unpin(provider), f"{provider_name(provider)} is no longer pinned."
            )
        else:
            told = f"Only {state.account.label} serves {provider_name(provider)} until you unpin it."
            self._command(lambda accounts: accounts.pin(state.id), told)

    def action_switch(self) -> None:
        if (state := self.current) is None:
            return
        if state.account.enabled:
            self._command(lambda accounts: accounts.disable(state.id), f"{state.account.label} is off.")
        else:
            self._command(lambda accounts: accounts.enable(state.id), f"{state.account.label} is on.")

    def action_lift(self) -> None:
        if (state := self.current) is None:
            return
        held = self.held_here()

        async def lift(accounts: Accounts) -> None:
            for model in held:
                await accounts.lift(state.id, model)

        self._command(lift, f"{state.account.label} may serve again.")

    def action_shift(self, steps: int) -> None:
        if (state := self.current) is not None:
            self._command(lambda accounts: accounts.move(state.id, steps))

    def action_test(self) -> None:
        if (state := self.current) is not None:
            self.post_message(TestRequested(state.id))

    def action_copy(self) -> None:
        if (state := self.current) is not None:
            who = state.account.email or state.account.label
            self.app.copy_to_clipboard(who)
            self.notify(f"Copied {who}.", markup=False)

    @work(group="command", description="a command on an account")
    async def _command(self, command: Callable[[Accounts], Awaitable[object]], told: str = "") -> None:
        try:
            await command(await self.engine.accounts())
        except RotaError as error:
            self.complain(error)
        else:
            if told:
                self.notify(told, markup=False)

    def complain(self, error: RotaError) -> None:
        """Say what failed and what to do."""
        self.notify(f"{error} {error.hint}".strip(), severity="error", markup=False)

    @work(group="gateway", exclusive=True, description="start or stop the gateway")
    async def action_gateway(self) -> None:
        try:
            if self.engine.gateway is not None:
                await self.engine.stop_gateway()
                self.notify("The gateway is off.")
            else:
                gateway = await self.engine.start_gateway()
                self.notify(f"Other programs reach the pool at {gateway.url}.", markup=False)
        except RotaError as error:
            self.complain(error)

    # --- questions ----------------------------------------------------------------------------------------

    def action_add(self, provider: str | None = None) -> None:
        self._sign_in(provider)

    def action_sign_in(self) -> None:
        """Renew the login of the account under the cursor."""
        if (state := self.current) is not None:
            self._sign_in(state.account.provider, state.account)

    @work(group="dialog", exclusive=True, description="add an account")
    async def _sign_in(self, provider: str | None, again: Account | None = None) -> None:
        from rota_tui.dialogs.add_account import AddAccountDialog  # not needed for the first frame

        done = await self.app.push_screen_wait(AddAccountDialog(self.engine, self._locale, provider, again))
        for added in done:
            state = self.engine.snapshot.account(added.account_id)
            label = state.account.label if state is not None else added.label
            self.notify(f"{label} {'signed in again' if added.renewed else 'added'}.", markup=False)

    @work(group="dialog", exclusive=True, description="import accounts")
    async def action_import(self) -> None:
        from rota_tui.dialogs.import_accounts import ImportDialog  # not needed for the first frame

        await self.app.push_screen_wait(ImportDialog(self.engine, self._locale))

    @work(group="offer", description="find what other tools have")
    async def offer_imports(self) -> None:
        """Tell a person without accounts what could be imported."""
        found = await asyncio.to_thread(_found_here)
        self.query_one(Welcome).found = tuple(dict.fromkeys(each.what for each in found))

    @work(group="dialog", exclusive=True, description="label an account")
    async def action_label(self) -> None:
        if (state := self.current) is None:
            return
        from rota_tui.dialogs.prompt import PromptDialog  # not needed for the first frame

        dialog = PromptDialog(f"A name for {state.account.label}", value=state.account.label)
        label = await self.app.push_screen_wait(dialog)
        if label is not None and label != state.account.label:
            self._command(lambda accounts: accounts.label(state.id, label))

    @work(group="dialog", exclusive=True, description="remove accounts")
    async def action_remove(self) -> None:
        from rota_tui.dialogs.remove_accounts import RemoveDialog  # not needed for the first frame

        if (state := self.current) is None:
            return
        accounts = [each.account for each in self.engine.snapshot.listed()]
        wanted = await self.app.push_screen_wait(RemoveDialog(accounts, state.id, self._locale))
        if wanted is None:
            return
        try:
            removed = await self.engine.remove(wanted.account_ids, purge=wanted.purge)
        except RotaError as error:
            self.complain(error)
        else:
            stays = " ".join(dict.fromkeys(f"{gone.remains} {gone.url}" for gone in removed))
            self.notify(f"{', '.join(gone.label for gone in removed)} removed. {stays}", markup=False)

    # --- figures ------------------------------------------------------------------------------------------

    def action_refresh_usage(self) -> None:
        if (state := self.current) is not None:
            self._ask([state])

    def action_refresh_all(self) -> None:
        self._ask(self.engine.snapshot.listed())

    @work(group="usage", exclusive=True, description="ask what is left")
    async def _ask(self, states: list[AccountState]) -> None:
        problems: list[str] = []
        for state in states:
            try:
                problem = await self.engine.refresh_usage(state.id)
            except RotaError as error:
                problem = str(error)
            if problem:
                problems.append(f"{state.account.label}: {problem}")
        if problems:
            rest = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
            self.notify(f"No new figures. {problems[0]}.{rest}", severity="warning", markup=False)
        else:
            self.notify("Figures are fresh.", markup=False)
