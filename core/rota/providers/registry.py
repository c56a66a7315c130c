"""The providers by name: rota's own, and those of other packages, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rota import plugins
from rota.providers.base import Context, Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from rota.clock import Clock

METHODS = ("identify", "models", "complete", "stream", "usage", "refresh", "aclose")


class Providers(Mapping[str, Provider]):
    """Iterates over those that are there already; a look-up makes one that a package registers."""

    def __init__(
        self, own: Mapping[str, Provider], *, client: httpx.AsyncClient, clock: Clock, urls: Mapping[str, str]
    ) -> None:
        """
        Args:
            urls: where the person says that providers of other packages are, by name.
        """
        self._made = dict(own)
        self._client = client
        self._clock = clock
        self._urls = urls

    def __getitem__(self, name: str) -> Provider:
        """
        Raises:
            ConfigError: no package here registers it, or what it registers does not work.
        """
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._made or name in plugins.names(plugins.PROVIDERS)

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def _make(self, name: str) -> Provider:
        make = plugins.load(plugins.PROVIDERS, name)
        try:
            made: Provider = make(Context(client=self._client, clock=self._clock, url=self._urls.get(name)))
            if missing := [method for method in METHODS if not callable(getattr(made, method, None))]:
                raise TypeError(f"it has no {', '.join(missing)}")
        except Exception as error:  # foreign code: whatever it raises is told
            raise plugins.broken(plugins.PROVIDERS, name, error) from error
        return made
