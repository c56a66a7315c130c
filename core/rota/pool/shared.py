"""What a token refresh asks of whatever shares logins with other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rota.providers.base import Credential


class Shared(Protocol):
    """Copies of logins in other tools' files; `rota.migrate.writeback.SharedLogins` is one."""

    async def newest(self, account_id: str, stored: Credential, *, ended: bool = False) -> Credential | None:
        """The login that another tool has renewed an account's to; None when `stored` is still the newest.

        Raises:
            ProviderError: there is another login, and whose it is could not be found out; `stored` may be spent.
        """
        ...

    async def on_renewed(self, account_id: str, spent: str, successor: Credential) -> None:
        """Write a new login wherever the one of this fingerprint stands."""
        ...
