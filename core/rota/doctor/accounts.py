"""Each account: whether its login is accepted now, and what a person must do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.account import Health
from rota.doctor.findings import Finding, failure, good, note, warning
from rota.errors import Meaning, ProviderError, VaultError

if TYPE_CHECKING:
    from rota.clock import Clock
    from rota.services import Services
    from rota.snapshot import AccountState

SOON_S = 3 * 86_400.0


async def account(services: Services, state: AccountState, clock: Clock) -> list[Finding]:
    """One account, asked about at its provider."""
    held = state.account
    again = f"Run `rota login {held.provider}` again."
    if not held.enabled:
        return [note("account", f"{held.label} is off.", f"`rota enable {held.label}` turns it on.")]
    if held.health is Health.NEEDS_LOGIN:
        return [
            failure("account", f"{held.label} needs a sign-in: {held.health_reason or 'its login ended'}.", again)
        ]
    try:
        credential = await services.credentials.current(state.id)
        identity = await services.providers[held.provider].identify(credential)
    except ProviderError as error:
        return [_refused(state, error, again)]
    except VaultError as error:
        return [failure("account", f"{held.label}: {error}", error.hint or again)]
    if identity.gate:
        return [failure("account", f"{held.label} waits for you at the provider.", identity.gate)]
    if held.health is Health.GATED:
        todo = "`rota usage --refresh` brings it back."
        return [warning("account", f"{held.label} is held as waiting for you, and the provider waits no more.", todo)]
    if held.health is Health.SUSPENDED:
        todo = "Ask the provider; `rota remove` forgets the account here."
        return [failure("account", f"{held.label} is suspended by the provider.", todo)]
    ends = held.login_expires_at
    if ends is not None and ends - clock.now() < SOON_S:
        return [warning("account", f"The sign-in of {held.label} ends within three days.", again)]
    return [good("account", f"{held.label}: its login is accepted.")]


def _refused(state: AccountState, error: ProviderError, again: str) -> Finding:
    label, said = state.account.label, error.failure
    match said.meaning:
        case Meaning.LOGIN_DEAD:
            return failure("account", f"The provider refuses the login of {label}: {said.message}", again)
        case Meaning.GATED:
            todo = " ".join(filter(None, (said.action, said.action_url))) or "Look at the account at the provider."
            return failure("account", f"{label} waits for you at the provider: {said.message}", todo)
        case Meaning.NETWORK | Meaning.OVERLOADED | Meaning.THROTTLED:
            return warning("account", f"{label} could not be checked: {said.message}", "Try again later.")
        case _:
            todo = "See what the provider says there; `rota events` has its last answers."
            return failure("account", f"{label} is refused: {said.message}", todo)
