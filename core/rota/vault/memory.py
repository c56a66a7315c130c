"""Secrets in memory only: for tests, the demo and whoever wants nothing kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import SecretMissing

if TYPE_CHECKING:
    from rota.secret import Secret


class MemoryVault:
    """A vault that ends with its process."""

    kind = "memory"
    notices: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._secrets: dict[str, Secret] = {}

    async def get(self, name: str) -> Secret:
        try:
            return self._secrets[name]
        except KeyError:
            raise SecretMissing(f"No secret is kept for {name}.") from None

    async def put(self, name: str, secret: Secret) -> None:
        self._secrets[name] = secret

    async def delete(self, name: str) -> None:
        self._secrets.pop(name, None)

    async def names(self) -> frozenset[str]:
        return frozenset(self._secrets)
