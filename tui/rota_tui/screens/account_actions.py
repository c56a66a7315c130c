"""What a person can do to accounts, the one under the cursor or those selected: keys become commands.

What was done is told in words of its effect.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.screen import Screen

from rota.account import Health
from rota.errors import RotaError
from rota.naming import tidy
from rota_tui.messages import TestRequested
from rota_tui.pieces import clean
from rota_tui.trouble import what_asking_gave
from rota_tui.widgets.welcome import Welcome
from rota_tui.wording import listed, provider_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from rota.account import Account
    from rota.accounts import Accounts
    from rota.engine import Engine
    from rota.migrate.records import Found
    from rota.snapshot import AccountState
    from rota_tui.pieces import Locale


_ON_ONE = frozenset(("use", "pin", "label", "copy", "test", "sign_in"))
"""Actions that mean one account: off while several are selected."""
_ON_SEVERAL = frozenset(("switch", "refresh_usage", "remove", "shift", "refresh_all", "reserve", "prioritize"))

PRIORITIES = range(-99, 100)


def _found(engine: Engine) -> tuple[Found, ...]:
    """What other tools have on this machine, unread; with the imports of all their formats, so in a thread."""
    from rota.migrate.survey import find

    return find(engine.places)


def names(states: Sequence[AccountState]) -> str:
    """What they are called, in a row."""
    return listed([state.account.label for state in states])


def _wrong_priority(text: str) -> str:
    try:
        fits = int(text) in PRIORITIES
    except ValueError:
        fits = False
    return "" if fits else f"A whole number from {PRIORITIES[0]} to {PRIORITIES[-1]}."


class AccountActions(Screen[None]):
    """The screen says which accounts are meant (`targets`); this does the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", id="add-account", tooltip="Add an account"),
        Binding("i", "sign_in", "Sign in", id="sign-in-again", tooltip="Sign in to this account again"),
        Binding("u", "use", "Use", id="use-account", tooltip="Use this account for new sessions"),
        Binding("c", "test", "Chat", id="test-account", tooltip="Ask a model through this account"),
        Binding("d", "remove", "Remove", id="remove-account", tooltip="Remove this account from rota"),
        Binding("p", "pin", "Pin", id="pin-account", tooltip="Let only this account serve its provider, or end that"),
        Binding("e", "switch", "On/off", id="toggle-account", tooltip="Turn this account on or off"),
        Binding("x", "lift", "Lift", id="lift-cooldown", tooltip="End this account's cooldown now"),
        Binding("r", "refresh_usage", "Refresh", id="refresh-usage", tooltip="Ask the provider what is left here"),
        Binding(
            "R", "refresh_all", "Refresh all", id="refresh-all-usage", show=False, tooltip="Ask about every account"
        ),
        Binding("l", "label", "Label", id="label-account", tooltip="Name this account"),
        Binding(
            "m", "import", "Import", id="import-accounts", tooltip="Import accounts from other tools", show=False
        ),
        Binding(
            "h",
            "reserve",
            "Reserve",
            id="reserve-account",
            show=False,
            tooltip="Serve only when no other can",
        ),
        Binding(
            "P",
            "prioritize",
            "Priority",
            id="prioritize-account",
            show=False,
            tooltip="Serve before or after others",
        ),
        Binding("J", "shift(1)", "Move down", id="move-account-down", show=False, tooltip="Move this row down"),
        Binding("K", "shift(-1)", "Move up", id="move-account-up", show=False, tooltip="Move this row up"),
        Binding(
            "g",
            "gateway",
            "Gateway",
            id="switch-gateway",
            tooltip="Start or stop the gateway, an address for other programs",
            show=False,
        ),
        Binding("y", "copy", "Copy", id="copy-account", tooltip="Copy who this account is", show=False),
    ]

    engine: Engine
    _locale: Locale

    @property
    def targets(self) -> list[AccountState]:
        """What commands act on: the accounts that are selected, else the one under the cursor."""
        raise NotImplementedError

    @property
    def target(self) -> AccountState | None:
        """The account that is meant when only one can be."""
        targets = self.targets
        return targets[0] if len(targets) == 1 else None

    @property
    def movable(self) -> str:
        """Why rows cannot be moved now, in words; empty when they can."""
        raise NotImplementedError

    def pinned(self, state: AccountState) -> bool:
        """Whether its provider is pinned to it."""
        choice = self.engine.snapshot.pinned.get(state.account.provider)
        return choice is not None and choice.account_id == state.id

    def held(self) -> list[tuple[str, str | None]]:
        """What is held among the targets: an account's id, with None for all of it, else a model."""
        now = self.engine.clock.now()
        found: list[tuple[str, str | None]] = []
        for state in self.targets:
            if state.hold is not None and state.hold.active(now):
                found.append((state.id, None))
            found += [(state.id, model) for model, hold in state.model_holds.items() if hold.active(now)]
        return found

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that need an account are off without one; lifting needs something that is held."""
        if action == "sign_in":
            return self.target is not None and self.target.account.health is Health.NEEDS_LOGIN
        if action in _ON_ONE:
            return self.target is not None
        if action in _ON_SEVERAL:
            return bool(self.targets)
        if action == "lift":
            return bool(self.held())
        return super().check_action(action, parameters)

    # --- commands -----------------------------------------------------------------------------------------

    def action_use(self) -> None:
        if (state := self.target) is None:
            return

        def told() -> str:
            label, why = state.account.label, self.engine.ranking(state.account.provider).why_not(state.id)
            if why is None:
                return f"New sessions use {label}."
            return f"{label} is chosen, but cannot serve now ({clean(why.reason)})."

        self.command(lambda accounts: accounts.use(state.id), told)

    def action_pin(self) -> None:
        if (state := self.target) is None:
            return
        provider = state.account.provider
        if self.pinned(state):
            self.command(lambda accounts: accounts.unpin(provider), f"{provider_name(provider)} is no longer pinned.")
        else:
            told = f"Only {state.account.label} serves {provider_name(provider)} until you unpin it."
            self.command(lambda accounts: accounts.pin(state.id), told)

    def action_switch(self) -> None:
        """Turn all of them off, or where any is off, all of them on."""
        targets = self.targets
        off = [state for state in targets if not state.account.enabled]
        turned = off or targets

        async def switch(accounts: Accounts) -> None:
            for state in turned:
                await (accounts.enable(state.id) if off else accounts.disable(state.id))

        self._told_of(turned, "on" if off else "off", switch)

    def action_reserve(self) -> None:
        """Hold all of them in reserve, or where all are, take them back."""
        targets = self.targets
        back = all(state.account.reserve for state in targets)

        async def reserve(accounts: Accounts) -> None:
            for state in targets:
                await accounts.reserve(state.id, not back)

        how = "back from reserve" if back else "held in reserve: serving only when nothing else can"
        self._told_of(targets, how, reserve)

    def action_lift(self) -> None:
        targets, held = self.targets, self.held()

        async def lift(accounts: Accounts) -> None:
            for account_id, model in held:
                await accounts.lift(account_id, model)

        self.command(lift, self.told_lifted(names(targets), [state.id for state in targets]))

    def told_lifted(self, name: str, account_ids: Sequence[str]) -> Callable[[], str]:
        """Says what lifting came to, once it is done."""

        def told() -> str:
            from rota_tui.holds import lifted  # not needed for the first frame

            states = [state for each in account_ids if (state := self.engine.snapshot.account(each)) is not None]
            return lifted(name, states, self.engine.clock.now(), self._locale.tz)

        return told

    def action_shift(self, steps: int) -> None:
        """Move rows up or down, several as they stand to one another."""
        if why_not := self.movable:
            self.notify(why_not, severity="warning")
            return
        targets = [state.id for state in self.targets]

        async def move(accounts: Accounts) -> None:
            for account_id in targets if steps < 0 else reversed(targets):
                await accounts.move(account_id, steps)

        self.command(move)

    def action_test(self) -> None:
        if (state := self.target) is not None:
            self.post_message(TestRequested(state.id))

    def action_copy(self) -> None:
        if (state := self.target) is not None:
            who = state.account.email or state.account.label
            self.app.copy_to_clipboard(who)
            self.notify(f"Copied {who}.", markup=False)

    def _told_of(self, states: list[AccountState], how: str, do: Callable[[Accounts], Awaitable[object]]) -> None:
        """Do something to accounts, and say what they are then."""
        self.command(do, f"{names(states)} {'is' if len(states) == 1 else 'are'} {how}.")

    @work(group="command", description="a command on an account")
    async def command(
        self, command: Callable[[Accounts], Awaitable[object]], told: str | Callable[[], str] = ""
    ) -> None:
        """Let the engine do something; what it refuses is told, else what came of it."""
        try:
            await command(await self.engine.accounts())
        except RotaError as error:
            self.complain(error)
        else:
            if said := told if isinstance(told, str) else told():
                self.notify(said, markup=False)

    def complain(self, error: RotaError) -> None:
        """Say what failed and what to do."""
        self.notify(error.in_full, severity="error", markup=False)

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
        if (state := self.target) is not None:
            self._sign_in(state.account.provider, state.account)

    @work(group="dialog", exclusive=True, description="add an account")
    async def _sign_in(self, provider: str | None, again: Account | None = None) -> None:
        from rota_tui.dialogs.add_account import AddAccountDialog  # not needed for the first frame

        done = await self.app.push_screen_wait(AddAccountDialog(self.engine, self._locale, provider, again))
        told: dict[str, dict[str, str]] = {}
        for added in done:
            state = self.engine.snapshot.account(added.account_id)
            became = "signed in again" if added.renewed else "added"
            told.setdefault(became, {})[added.account_id] = state.account.label if state is not None else added.label
        if told:
            each = (f"{listed(list(labels.values()))} {became}." for became, labels in told.items())
            self.notify(" ".join(each), markup=False)

    @work(group="dialog", exclusive=True, description="import accounts")
    async def action_import(self) -> None:
        from rota_tui.dialogs.import_accounts import ImportDialog  # not needed for the first frame

        await self.app.push_screen_wait(ImportDialog(self.engine, self._locale))

    @work(group="offer", description="find what other tools have")
    async def offer_imports(self) -> None:
        """Tell a person without accounts what could be imported."""
        found = await asyncio.to_thread(_found, self.engine)
        for welcome in self.query(Welcome):  # none any more when the screen was left meanwhile
            welcome.found = tuple(dict.fromkeys(each.what for each in found))

    @work(group="dialog", exclusive=True, description="label an account")
    async def action_label(self) -> None:
        if (state := self.target) is None:
            return
        from rota_tui.dialogs.prompt import PromptDialog  # not needed for the first frame

        dialog = PromptDialog(f"A name for {state.account.label}", value=state.account.label)
        label = await self.app.push_screen_wait(dialog)
        if label is None or label == state.account.label:
            return

        async def name(accounts: Accounts) -> None:
            if (called := await accounts.label(state.id, label)) != tidy(label):
                self.notify(f"{label} is taken: this one is called {called}.", markup=False)

        self.command(name)

    @work(group="dialog", exclusive=True, description="give accounts a priority")
    async def action_prioritize(self) -> None:
        from rota_tui.dialogs.prompt import PromptDialog  # not needed for the first frame

        targets = self.targets
        dialog = PromptDialog(
            f"Priority of {names(targets)}",
            value=str(targets[0].account.priority),
            hint="A lower number serves first; all begin at 0.",
            check=_wrong_priority,
        )
        text = await self.app.push_screen_wait(dialog)
        if text is None:
            return

        async def prioritize(accounts: Accounts) -> None:
            for state in targets:
                await accounts.prioritize(state.id, int(text))

        self.command(prioritize, f"Priority {int(text)} for {names(targets)}.")

    @work(group="dialog", exclusive=True, description="remove accounts")
    async def action_remove(self) -> None:
        from rota_tui.dialogs.remove_accounts import RemoveDialog  # not needed for the first frame

        if not (targets := self.targets):
            return
        accounts = [each.account for each in self.engine.snapshot.listed()]
        wanted = await self.app.push_screen_wait(
            RemoveDialog(accounts, [state.id for state in targets], self._locale)
        )
        if wanted is None:
            return
        try:
            removed = await self.engine.remove(wanted.account_ids, purge=wanted.purge)
        except RotaError as error:
            self.complain(error)
        else:
            stays = " ".join(dict.fromkeys(f"{gone.remains} {gone.url}" for gone in removed))
            self.notify(f"{listed([gone.label for gone in removed])} removed. {stays}", markup=False)

    # --- figures ------------------------------------------------------------------------------------------

    def action_refresh_usage(self) -> None:
        if targets := self.targets:
            self._ask(targets)

    def action_refresh_all(self) -> None:
        self._ask(self.engine.snapshot.listed())

    @work(group="usage", exclusive=True, description="ask what is left")
    async def _ask(self, states: list[AccountState]) -> None:
        answers: list[tuple[str, str | None]] = []
        for state in states:
            try:
                problem = await self.engine.refresh_usage(state.id)
            except RotaError as error:
                problem = str(error)
            answers.append((state.account.label, problem))
        told = what_asking_gave(answers)
        self.notify(told or "Figures are fresh.", severity="warning" if told else "information", markup=False)
