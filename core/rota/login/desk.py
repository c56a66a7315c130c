"""Signing in: begin it in a browser, check with the provider whose it is, keep it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from rota.errors import Meaning, ProviderError, UsageError
from rota.login.refused import refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rota.account import Identity
    from rota.accounts import Added
    from rota.clock import Clock
    from rota.login.flow import SignIn
    from rota.providers.base import Credential
    from rota.services import Services
    from rota.settings import Settings


@asynccontextmanager
async def begun(provider: str, services: Services, settings: Settings, clock: Clock) -> AsyncIterator[SignIn]:
    """A browser sign-in; its callback page is open inside the context.

    Raises:
        UsageError: this provider has none.
    """
    from rota.login import anthropic, puter

    if provider == "anthropic":
        attempt = anthropic.sign_in(services.anthropic, clock)
    elif provider == "puter":
        attempt = puter.sign_in(settings.puter.gui_url, clock)
    else:
        raise UsageError(f"{provider} has no sign-in in the browser.", hint=f"Give a key: `rota login {provider}`.")
    async with attempt as under_way:
        yield under_way


async def finished(provider: str, attempt: SignIn, services: Services, *, label: str | None = None) -> Added:
    """Wait for the person, check, keep.

    Raises:
        SignInFailed: cancelled, timed out, denied or refused, each saying so; nothing was kept.
        VaultError: it could not be kept.
    """
    try:
        login = await attempt.login()
    except ProviderError as error:
        raise refused(provider, error.failure) from error
    return await kept(provider, login.credential, services, identity=login.identity, label=label)


async def kept(
    provider: str,
    credential: Credential,
    services: Services,
    *,
    identity: Identity | None = None,
    label: str | None = None,
    origin: str = "login",
) -> Added:
    """Keep a login after the provider has said whose it is.

    Args:
        identity: what the sign-in itself said; good enough when the provider cannot be asked for more.

    Raises:
        SignInFailed: the provider refused it or could not be asked; nothing was kept.
        VaultError: it could not be kept.
    """
    try:
        identity = await services.providers[provider].identify(credential)
    except ProviderError as error:
        unreachable = error.failure.meaning in (Meaning.NETWORK, Meaning.OVERLOADED, Meaning.THROTTLED)
        if identity is None or not unreachable:
            raise refused(provider, error.failure) from error
    added = await services.accounts.add(provider, credential, identity, label=label, origin=origin)
    services.poller.nudge()
    return added
