"""The catalogue: what models the present accounts' providers list, kept on disk while it is fresh."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import tempfile
from typing import TYPE_CHECKING

from rota.errors import Meaning, ProviderError, RotaError
from rota.providers.base import Model  # noqa: TC001 - pydantic reads the annotation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rota.clock import Clock
    from rota.pool.refresh import Credentials
    from rota.providers.base import Provider
    from rota.snapshot import AccountState, Snapshot


@dataclasses.dataclass(frozen=True)
class Listing:
    """One provider's models, and when they were asked for."""

    at: float
    models: tuple[Model, ...]


_NO_ACCOUNTS_FAULT = frozenset({Meaning.NETWORK, Meaning.OVERLOADED})
"""Another account would hear the same, after the same wait."""


def _checked(content: bytes) -> dict[str, Listing]:
    """A cache file's listings; one that is not of this form is as good as none."""
    from pydantic import TypeAdapter, ValidationError  # late: 7 MB, needed only when models are asked for

    try:
        return dict(TypeAdapter(dict[str, Listing]).validate_json(content))
    except ValidationError:
        return {}


class Catalogue:
    """Models by provider. A listing that cannot be renewed stays as it is: an old list beats none."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        credentials: Credentials,
        path: Path,
        clock: Clock,
        fresh_for: float = 300.0,
    ) -> None:
        self._providers = providers
        self._credentials = credentials
        self._path = path
        self._clock = clock
        self.fresh_for = fresh_for
        self._listings: dict[str, Listing] | None = None
        self._asking = asyncio.Lock()
        self.problems: dict[str, str] = {}
        """Why a provider's list could not be renewed, by provider."""

    async def models(self, snapshot: Snapshot, *, refresh: bool = False) -> tuple[Model, ...]:
        """Every model of every provider that has an account here, by provider and id."""
        present = sorted({s.account.provider for s in snapshot.listed()} & self._providers.keys())
        async with self._asking:
            if self._listings is None:
                self._listings = await asyncio.to_thread(self._read)
            stale = [name for name in present if refresh or not self._fresh(name)]
            if stale:
                await asyncio.gather(*(self._renew(name, snapshot) for name in stale))
                await asyncio.to_thread(self._write)
            return tuple(m for name in present if name in self._listings for m in self._listings[name].models)

    def _fresh(self, provider: str) -> bool:
        listing = (self._listings or {}).get(provider)
        return listing is not None and 0 <= self._clock.now() - listing.at < self.fresh_for

    async def _renew(self, provider: str, snapshot: Snapshot) -> None:
        """Ask with the first account that answers; each may see other models, so the best account goes first."""
        assert self._listings is not None  # noqa: S101 - set by the only caller
        accounts = [s for s in snapshot.listed() if s.account.provider == provider]
        for state in sorted(accounts, key=lambda s: not s.usable()):
            try:
                models = await self._ask(provider, state)
            except RotaError as error:
                self.problems[provider] = str(error)
                if isinstance(error, ProviderError) and error.failure.meaning in _NO_ACCOUNTS_FAULT:
                    return
                continue
            self.problems.pop(provider, None)
            self._listings[provider] = Listing(at=self._clock.now(), models=models)
            return

    async def _ask(self, provider: str, state: AccountState) -> tuple[Model, ...]:
        return await self._providers[provider].models(await self._credentials.current(state.id))

    def _read(self) -> dict[str, Listing]:
        try:
            return _checked(self._path.read_bytes())
        except OSError:
            return {}

    def _write(self) -> None:
        """Put the file in place whole; failing to is no fault, it is a cache."""
        listings = {name: dataclasses.asdict(listing) for name, listing in (self._listings or {}).items()}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(listings, file)
            os.replace(temporary, self._path)
