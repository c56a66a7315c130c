"""The front door: one object that holds the log, the vault, the providers and the pool, and takes every command.

Opening it reads the log and nothing else; HTTP, the vault and the providers are made at their first use, so that a
screen paints and `rota status` answers before any of them is imported.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from rota.background import Background
from rota.engine_parts import Parts
from rota.errors import NothingConfigured, UsageError
from rota.late import imported
from rota.naming import find as find_account
from rota.opening import open_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from rota.account import Identity, Kind
    from rota.accounts import Accounts, Added, Removed
    from rota.events import Event
    from rota.gateway.keys import Keys
    from rota.gateway.server import Gateway
    from rota.hub import Subscription
    from rota.library import AccountUsage, Migration
    from rota.login.flow import SignIn
    from rota.migrate.desk import ImportDesk
    from rota.pool.pool import Ask, PoolStream, Served
    from rota.pool.strategy import Ranking
    from rota.providers.base import ChatRequest, Credential, Model
    from rota.replay import Replay
    from rota.secret import Secret
    from rota.snapshot import AccountState, Snapshot

__all__ = ["Engine", "open_engine"]


class Engine(Parts):
    """Everything a person or a program can do. Made by `rota.open()`."""

    _gateway: Gateway | None = None

    @functools.cached_property
    def _gateway_moves(self) -> asyncio.Lock:
        """Held while it starts or stops: by a key, by a setting, and at the end."""
        return asyncio.Lock()

    @functools.cached_property
    def _background(self) -> Background:
        return Background(self)

    # --- looking ------------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """Everything known now."""
        return self.journal.snapshot

    def subscribe(self) -> Subscription:
        """Batches of what happens, from here on, in every rota process on this home."""
        return self.journal.subscribe()

    def find(self, name: str) -> AccountState:
        """The one account that goes by `name`: label, email, number, or the start of label or id.

        Raises:
            UnknownAccount, AmbiguousAccount: none does, or several do.
            NothingConfigured: there is no account at all.
        """
        return find_account(self.snapshot, name)

    def ranking(self, provider: str, model: str | None = None, session: str | None = None) -> Ranking:
        """Who would serve next and why, and why each other account would not."""
        from rota.pool.strategy import rank

        return rank(self.snapshot, provider, model, session=session, settings=self.settings, now=self.clock.now())

    def change_setting(self, key: str, value: Any) -> None:
        """Write one setting to the file, and go on by it.

        What cannot be changed under way (addresses, the vault, what the gateway was started with) is marked so in
        `Rule.restart`; all else holds from the next request or the next look on.

        Raises:
            ConfigError: the name or the value is not allowed, or the file is wrong; nothing was changed.
        """
        from rota import config

        config.put(self.paths, key, value)
        self.take_up(key)

    def take_up(self, key: str) -> None:
        """Go on by what the settings file, or the environment, now says about one setting."""
        import os

        from rota import config

        setting, _ = config.locate(key)
        value = config.get(config.load(self.paths, os.environ), setting.key)
        self.settings = config.with_value(self.settings, setting.key, value)
        if self._services is not None:
            self._services.take_settings(self.settings)

    async def recent(self, limit: int = 200) -> list[Event]:
        """The newest events of the log, oldest first."""
        return await self.journal.ask(lambda log: log.recent(limit))

    async def why(self, request_id: str) -> list[Event]:
        """The whole story of one request, in order; its id may be cut short while that names one request.

        Raises:
            UsageError: no request is called so, or several begin like that.
        """
        story = await self.journal.ask(lambda log: log.story(request_id)) if request_id else []
        if not story:
            raise UsageError(
                f"There is no request {request_id} in the log." if request_id else "A request's id is needed.",
                hint="See `rota events` for what there is.",
            )
        return story

    async def replay(self, strategy: str, since: float) -> Replay:
        """What the logged demand from `since` (epoch seconds) on would have come to under another strategy.

        Raises:
            ConfigError: there is no such strategy.
        """
        from rota.pool.rules import rules_of
        from rota.replay import replay

        rules = dataclasses.replace(rules_of(self.settings), strategy=strategy)
        events = await self.recent(limit=sys.maxsize)
        return await asyncio.to_thread(replay, events, rules, since)

    # --- accounts -----------------------------------------------------------------------------------------

    async def add_secret(self, provider: str, kind: Kind, secret: Secret, *, label: str | None = None) -> Added:
        """Keep an API key or a token after the provider has said whose it is.

        Raises:
            SignInFailed: it is of another kind, was refused or could not be asked about; nothing was kept.
            VaultError: it could not be kept.
        """
        from rota.login.mistaken import mistaken
        from rota.providers.base import Credential

        if (wrong := mistaken(provider, secret)) is not None:
            raise wrong
        return await self.add_credential(provider, Credential(kind=kind, secret=secret), label=label)

    async def add_credential(
        self,
        provider: str,
        credential: Credential,
        *,
        identity: Identity | None = None,
        label: str | None = None,
        origin: str = "login",
    ) -> Added:
        """Keep a login after the provider has said whose it is. Raises as `add_secret` does.

        Args:
            identity: what the sign-in itself said; good enough when the provider cannot be asked for more.
        """
        from rota.login.desk import kept

        services = await self.services()
        return await kept(provider, credential, services, identity=identity, label=label, origin=origin)

    async def login(
        self,
        provider: str,
        secret: Secret | None = None,
        *,
        label: str | None = None,
        show: Callable[[str], object] | None = None,
    ) -> Added:
        """Sign in: with an API key or a token, or without one in the browser, which takes minutes of a person's time.

        Args:
            provider: `anthropic`, `puter`, or the name of one that a package registers.
            secret: the key or token; None opens the provider's page.
            label: what to call the account; what the provider calls it when None.
            show: gets the page's address instead of a browser.

        Raises:
            SignInFailed: cancelled, timed out, denied or refused, each saying so; nothing was kept.
            VaultError: it could not be kept.
            ConfigError: no package here registers that provider.
            UsageError: there is no secret, and the provider has no sign-in in the browser.
        """
        from rota import library

        if secret is None:
            return await library.by_browser(self, provider, label=label, show=show)
        return await self.add_secret(provider, library.kind_of_secret(provider), secret, label=label)

    @asynccontextmanager
    async def sign_in(self, provider: str) -> AsyncIterator[SignIn]:
        """Begin a browser sign-in (a Claude subscription, or Puter); its callback page is open inside the context.

        Open `url` (or show `manual_url`), offer `paste`, then give it to `finish_sign_in`.
        """
        from rota.login.desk import begun

        async with begun(provider, await self.services(), self.settings, self.clock) as attempt:
            yield attempt

    async def finish_sign_in(self, provider: str, attempt: SignIn, *, label: str | None = None) -> Added:
        """Wait for the person, check with the provider, keep.

        Raises:
            SignInFailed: cancelled, timed out, denied or refused, each saying so; nothing was kept.
            VaultError: it could not be kept.
        """
        from rota.login.desk import finished

        return await finished(provider, attempt, await self.services(), label=label)

    async def accounts(self) -> Accounts:
        """The commands about accounts: enable, label, move, use, pin, lift …; they need no network."""
        from rota.accounts import Accounts

        return Accounts(self.journal, await self.vault(), self.clock, self.paths.locks)

    async def remove(self, account_ids: Iterable[str], *, purge: bool = False) -> tuple[Removed, ...]:
        """Forget accounts; see `Accounts.remove`."""
        return await (await self.accounts()).remove(account_ids, purge=purge)

    async def migrate(
        self, only: Iterable[str] = (), *, dry_run: bool = False, online: bool = True, subscriptions: bool = False
    ) -> Migration:
        """Import accounts and settings that other tools have on this machine; their files stay as they are.

        Args:
            only: names of sources (`opencode`, `claude-code` …, as in `rota migrate --from`); all when empty.
            dry_run: plan, and write nothing.
            online: ask the providers whose each login is and whether it lives.
            subscriptions: bring in Claude subscriptions too. Say yes for a person only who has read
                `rota.login.anthropic.NOTICE`: Anthropic says that those logins are for its own apps.

        Raises:
            VaultError, StoreError: something could not be kept; what was done so far can be undone (`imports`).
        """
        from rota import library

        return await library.migrate(self, only, dry_run=dry_run, online=online, subscriptions=subscriptions)

    async def imports(self) -> ImportDesk:
        """Find what other tools hold, plan, do and undo imports."""
        from rota.migrate.desk import import_desk

        return import_desk(
            await self.services(),
            journal=self.journal,
            paths=self.paths,
            clock=self.clock,
            sharing=self.settings.sharing,
            places=self.places,
        )

    async def usage(self, account: str | None = None, *, refresh: bool = False) -> tuple[AccountUsage, ...]:
        """What is used and left of every quota window.

        Figures come from answers' headers and from usage endpoints (protocols: Anthropic's `anthropic-ratelimit-*`
        headers and `/api/oauth/usage`, Puter's `/metering/usage`); each window says which, and when.

        Args:
            account: by any name that `find` knows; all accounts when None.
            refresh: ask the providers now, within their budget of reads.

        Raises:
            UnknownAccount, AmbiguousAccount: the name is nobody's, or several accounts'.
            NothingConfigured: there is no account at all.
        """
        from rota import library

        return await library.usage(self, account, refresh=refresh)

    async def refresh_usage(self, account_id: str) -> str | None:
        """Ask the usage endpoint about one account now; returns why there are no new figures, if there are none."""
        state = self.snapshot.account(account_id)
        if state is None:
            return "the account is gone"
        return await (await self.services()).poller.ask(account_id, by_person=True)

    # --- asking models ------------------------------------------------------------------------------------

    async def chat(self, request: ChatRequest, ask: Ask | None = None) -> Served:
        """One whole answer from whichever account can give it.

        Raises:
            AllSpent: every account and model that could serve was tried or is held.
            ProviderError: the provider says no to the request itself.
            NothingConfigured: there is no account at all.
        """
        self._need_an_account()
        services = await self.services()
        return await services.pool.complete(request, ask)

    @asynccontextmanager
    async def stream(self, request: ChatRequest, ask: Ask | None = None) -> AsyncIterator[PoolStream]:
        """An answer as it comes; leaving the context ends the request upstream. Raises as `chat` does."""
        self._need_an_account()
        services = await self.services()
        async with services.pool.stream(request, ask) as stream:
            yield stream

    async def models(self, *, refresh: bool = False) -> tuple[Model, ...]:
        """What the present accounts' providers list, from the cache while it is fresh."""
        return await (await self.services()).catalogue.models(self.snapshot, refresh=refresh)

    def _need_an_account(self) -> None:
        if not self.snapshot.listed():
            raise NothingConfigured("There is no account yet.")

    # --- the local endpoint -------------------------------------------------------------------------------

    @property
    def gateway(self) -> Gateway | None:
        """This process's gateway, while it runs."""
        return self._gateway

    async def start_gateway(self, *, port: int | None = None) -> Gateway:
        """Let other programs in on loopback; the one that runs already is kept.

        Raises:
            PortTaken: somebody listens there already; says who, when it is another rota.
            VaultError: the gateway's keys cannot be read.
        """
        await imported("rota.gateway.server")
        from rota.gateway.server import Gateway

        async with self._gateway_moves:
            if self._gateway is None:
                gateway = Gateway(self)
                await gateway.start(port=port)
                self._gateway = gateway
            return self._gateway

    async def gateway_keys(self) -> Keys:
        """Make, list and revoke the keys of the local endpoint; it need not be running."""
        from rota.gateway.keys import Keys

        return Keys(self.journal, await self.vault(), self.clock)

    async def stop_gateway(self) -> None:
        """Take no more requests; running answers finish within `gateway.stop_grace_s`."""
        async with self._gateway_moves:
            if self._gateway is not None:
                gateway, self._gateway = self._gateway, None
                await gateway.stop()

    # --- life ---------------------------------------------------------------------------------------------

    def start_background(self) -> None:
        """Begin polling usage and watching shared logins; the app and the gateway do, one-shot commands don't."""
        self._background.start()

    def take_notices(self) -> list[str]:
        """What a person should know about the stores, each told once: a damaged file moved aside, an open mode."""
        of_vault = self._vault.notices[self._vault_told :] if self._vault is not None else ()
        self._vault_told += len(of_vault)
        taken = [*self.notices, *of_vault, *self._background.notices]
        self.notices.clear()
        self._background.notices.clear()
        return taken

    async def aclose(self) -> None:
        """End what runs behind, then close the connections; the log is closed by `rota.open`."""
        await self._background.aclose()  # first: it may be about to start the gateway
        await self.stop_gateway()
        await super().aclose()
