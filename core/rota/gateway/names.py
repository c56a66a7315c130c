"""Every name a caller may use for a model, and where it goes. Pure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rota.errors import NothingConfigured, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rota.providers.base import Model

PROVIDERS = ("anthropic", "puter")
UPSTREAM = "openrouter:"
"""Begins names that Puter takes beside its own list, which changes within the hour."""


class Names:
    """Finds models by name.

    Args:
        models: what the present accounts' providers list; a provider whose list is not known takes any name.
        aliases: the person's own names, from the settings.
        present: providers of which there is an account.
    """

    def __init__(self, models: Sequence[Model], aliases: Mapping[str, str], present: Collection[str]) -> None:
        self.models = models
        self._aliases = aliases
        self._present = frozenset(present)
        self._listing = {m.provider for m in models}
        self._places: dict[str, str] = {}
        """Provider and id by name in lower case: of the first that lists it."""
        self._ids: dict[tuple[str, str], Model] = {}
        """By provider and name in lower case."""
        for model in reversed(models):
            for name in (*model.aliases, model.id):
                self._places[name.lower()] = f"{model.provider}/{model.id}"
                self._ids[model.provider, name.lower()] = model

    def resolve(self, asked: str) -> str:
        """The name with its provider: `puter/gpt-5-nano`.

        Anthropic takes ids that no list shows (dated ones, aliases), so names that begin with `claude-` pass.

        Raises:
            UnknownModel: no present account serves it; carries the nearest names.
            NothingConfigured: there is no account at all.
        """
        if not self._present:
            raise NothingConfigured("There is no account yet.")
        name = self._aliases.get(asked, asked)
        head, slash, rest = name.partition("/")
        if slash and (head in PROVIDERS or head in self._present):
            if head in self._present and self._takes(head, rest):
                return name
        elif name.startswith("claude-") and "anthropic" in self._present:
            return f"anthropic/{name}"  # whoever else lists it too, Anthropic is who is meant
        elif (known := self._places.get(name.lower())) is not None:
            return known
        elif "puter" in self._present and self._takes("puter", name):
            return f"puter/{name}"
        raise UnknownModel(asked, self.nearest(name))

    def _takes(self, provider: str, name: str) -> bool:
        """Whether a provider may know this name; it says itself when it does not."""
        prefix = "claude-" if provider == "anthropic" else UPSTREAM
        known = (provider, name.lower()) in self._ids or name.startswith(prefix)
        return bool(name) and (known or provider not in self._listing)

    def model(self, resolved: str) -> Model | None:
        """What is listed under a name that `resolve` gave."""
        provider, _, name = resolved.partition("/")
        return self._ids.get((provider, name.lower()))

    def nearest(self, name: str) -> tuple[str, ...]:
        """Up to three names that `name` may have meant, the person's own among them.

        One that another provider lists just so is told with that provider.
        """
        head, slash, rest = name.partition("/")
        wanted = rest if slash and (head in PROVIDERS or head in self._present) else name
        names = dict.fromkeys(n for m in self.models for n in (m.id, *m.aliases) if "/" not in n)
        near = difflib.get_close_matches(wanted, [*self._aliases, *names], n=3, cutoff=0.4)
        return tuple(self._places.get(wanted.lower(), each) if each == wanted else each for each in near)
