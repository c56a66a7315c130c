"""Which provider a model's name means, and what the provider calls it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import NothingConfigured
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

PREFIXED = ("anthropic", "puter")
"""Providers that a name may begin with, account or not: `puter/gpt-5-nano`."""

FREE_SUFFIX = ":free"


@dataclass(frozen=True, slots=True)
class Target:
    """A model as one provider names it."""

    provider: str
    model: str


def target(name: str, present: Collection[str], provider: str | None = None) -> Target:
    """Where a request for `name` goes.

    Args:
        present: providers of which there is an account.
        provider: the one to ask, whatever the name says.

    Raises:
        NothingConfigured: nothing in the name or among the accounts says which.
    """
    head, slash, rest = name.partition("/")
    named = head if slash and rest and (head in PREFIXED or head in present) else None
    model = rest if named is not None and provider in (None, named) else name
    if provider is not None:
        return Target(provider, model)
    if named is not None:
        return Target(named, model)
    if name.startswith("claude-") and "anthropic" in present:
        return Target("anthropic", name)
    if "puter" in present:
        return Target("puter", name)
    if present:
        return Target(min(present), name)
    raise NothingConfigured("There is no account that could serve a model.")


def chain(first: Target, fallbacks: Iterable[str], present: Collection[str]) -> tuple[Target, ...]:
    """The models to try in order, each once: the one asked for, then the fallbacks.

    A fallback without a provider in its name is the first one's.
    """
    targets = [first]
    for name in fallbacks:
        head, slash, _ = name.partition("/")
        named = head if slash and (head in PREFIXED or head in present) else first.provider
        found = target(name, present, named)
        if found.provider in present and found not in targets:
            targets.append(found)
    return tuple(targets)


def without_suffix(missing: Target, known: Sequence[Target]) -> Target | None:
    """The same model without `:free`, to be tried once when the free one is not there."""
    if not missing.model.endswith(FREE_SUFFIX):
        return None
    plain = Target(missing.provider, missing.model.removesuffix(FREE_SUFFIX))
    return None if plain in known else plain
