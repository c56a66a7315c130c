"""What a vault is: secrets by name. `Vault` is what rota uses; a `Store` is one place that can hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rota.secret import Secret


class Vault(Protocol):
    """Secrets by name (`account/<id>`, `gateway/<name>`), for every task and process at once."""

    @property
    def kind(self) -> str:
        """Where the secrets are: `keyring`, `file` or `memory`."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know about it, in sentences; empty when all is well."""
        ...

    async def get(self, name: str) -> Secret:
        """The secret of that name.

        Raises:
            SecretMissing: There is none.
            VaultLocked: The keyring is locked.
            VaultError: The vault failed.
        """
        ...

    async def put(self, name: str, secret: Secret) -> None:
        """Keep a secret, in place of any of that name; on return it has been read back and outlives a power cut.

        Raises:
            VaultLocked: The keyring is locked.
            VaultError: The vault failed.
        """
        ...

    async def delete(self, name: str) -> None:
        """Forget a secret and check that it is gone; one that was not there is fine.

        Raises:
            VaultLocked: The keyring is locked.
            VaultError: The vault failed.
        """
        ...

    async def names(self) -> frozenset[str]:
        """Every name that has a secret.

        Raises:
            VaultLocked: The keyring is locked.
            VaultError: The vault failed.
        """
        ...


class Store(Protocol):
    """One place for secrets: blocking, and used by one thread of one process at a time (`stored.py` sees to that)."""

    @property
    def kind(self) -> str: ...

    @property
    def notices(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> Secret | None:
        """The secret of that name; None when there is none."""
        ...

    def write(self, name: str, secret: Secret) -> None:
        """Keep a secret, in place of any of that name."""
        ...

    def remove(self, name: str) -> None:
        """Forget a secret; one that was not there is fine."""
        ...

    def names(self) -> frozenset[str]: ...

    def together(self) -> AbstractContextManager[None]:
        """Calls inside may be done as one, and are kept when it is left without an error."""
        ...
