"""Puter's model catalogue: more than 500 models in the shape of the real one, found by any of their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from rota.simulator.puter import catalogue_data as data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Shape = Literal["claude", "openai", "openrouter"]
COST_KEYS: Mapping[Shape, tuple[str, str]] = {
    "claude": ("input_tokens", "output_tokens"),
    "openai": ("prompt_tokens", "completion_tokens"),
    "openrouter": ("prompt", "completion"),
}
"""What a vendor calls input and output, in prices and in metering."""
MILLION = 1_000_000
HIDDEN = ("fake", "costly", "abuse")


@dataclass(frozen=True, slots=True)
class PuterModel:
    """One model: prices are microcents a token."""

    id: str
    provider: str
    shape: Shape
    input_cost: float
    cached_cost: float | None
    output_cost: float
    context: int | None
    max_tokens: int | None
    puter_id: str | None = None
    aliases: tuple[str, ...] = ()
    name: str | None = None
    knowledge: str | None = None
    release_date: str | None = None
    sees: bool = True
    reads_pdf: bool = False
    open_weights: bool = False
    subscriber_only: bool = False
    minimum_credits: float | None = None
    tokens_per_second: float = 60.0

    @property
    def meter(self) -> str:
        """How metering names the model."""
        vendor = "openai" if self.provider.startswith("openai") else self.provider
        return f"{vendor}:{self.id.removeprefix('openrouter:')}"

    def names(self) -> Iterator[str]:
        yield self.id
        yield from self.aliases
        if self.puter_id:
            yield self.puter_id

    def as_json(self) -> dict[str, Any]:
        """The record of `/puterai/chat/models/details`; what a vendor does not say is absent."""
        if self.provider == "ollama":  # a local model's record says next to nothing
            costs = {"tokens": MILLION, "input_token": 0, "output_token": 0}
            local = {"id": self.id, "name": self.name, "max_tokens": self.max_tokens}
            return {**local, "costs_currency": "usd-cents", "costs": costs, "provider": self.provider}
        inputs = ["text"] + (["image"] if self.sees else []) + (["pdf"] if self.reads_pdf else [])
        record: dict[str, Any] = {
            "puterId": self.puter_id,
            "id": self.id,
            "modalities": {"input": inputs, "output": ["text"]},
            "open_weights": self.open_weights,
            "tool_call": True,
            "knowledge": self.knowledge,
            "release_date": self.release_date,
            "aliases": list(self.aliases) or None,
            "name": self.name,
            "costs_currency": "usd-cents",
            **self._costs(),
            "context": self.context,
        }
        record = {key: value for key, value in record.items() if value is not None}
        record["max_tokens"] = self.max_tokens
        if self.provider == "openai-responses":
            record["responses_api_only"] = True
        if self.subscriber_only:
            record["subscriberOnly"] = True
        if self.minimum_credits is not None:
            record["minimumCredits"] = self.minimum_credits
        record["provider"] = self.provider
        return record

    def _costs(self) -> Mapping[str, Any]:
        costs: dict[str, float]
        match self.shape:
            case "claude":
                costs = {
                    "input_tokens": self.input_cost,
                    "ephemeral_5m_input_tokens": self.input_cost * 1.25,
                    "ephemeral_1h_input_tokens": self.input_cost * 2,
                    "cache_read_input_tokens": self.cached_cost or 0,
                    "output_tokens": self.output_cost,
                }
            case "openai":
                costs = {"prompt_tokens": self.input_cost}
                if self.cached_cost is not None:
                    costs["cached_tokens"] = self.cached_cost
                costs["completion_tokens"] = self.output_cost
            case "openrouter":
                costs = {"prompt": self.input_cost, "completion": self.output_cost, "request": 0}
                if self.cached_cost is not None:
                    costs["input_cache_read"] = self.cached_cost
        given, made = COST_KEYS[self.shape]
        return {"input_cost_key": given, "output_cost_key": made, "costs": {"tokens": MILLION, **costs}}


class Catalogue:
    """All models, by every name they answer to."""

    @cached_property
    def models(self) -> tuple[PuterModel, ...]:
        """Sorted as the server lists them: by provider, then id."""
        once = {model.id: model for model in _all_models()}
        return tuple(sorted(once.values(), key=lambda model: (model.provider, model.id)))

    @cached_property
    def _by_name(self) -> dict[str, PuterModel]:
        names: dict[str, PuterModel] = {}
        # Direct vendors outrank resellers for a name that both answer to.
        for model in sorted(self.models, key=lambda model: model.provider == "openrouter"):
            for name in model.names():
                names.setdefault(name.lower(), model)
        return names

    def find(self, name: str) -> PuterModel | None:
        return self._by_name.get(name.strip().lower())

    @cached_property
    def details(self) -> dict[str, Any]:
        return {"models": [model.as_json() for model in self.models]}

    @cached_property
    def ids(self) -> dict[str, Any]:
        return {"models": sorted(model.puter_id or model.id for model in self.models)}

    @staticmethod
    def hidden(name: str) -> PuterModel | None:
        """Models that are not listed: `fake` answers nonsense for nothing, `costly` costs a lot of it."""
        key = name.strip().lower()
        if key not in HIDDEN:
            return None
        cost = 1e6 if key == "costly" else 0.0
        return PuterModel(key, "fake-chat", "claude", cost, None, cost, 8192, 8192)


def _all_models() -> Iterator[PuterModel]:
    for name, dated, given, made, context, longest, knowledge, released, more in data.CLAUDE:
        puter_id = f"anthropic:anthropic/{name}"
        yield PuterModel(
            id=dated or name,
            provider="claude",
            shape="claude",
            input_cost=given,
            cached_cost=given / 10,
            output_cost=made,
            context=context,
            max_tokens=longest,
            puter_id=puter_id,
            aliases=(*more, name, f"anthropic/{name}", puter_id),
            name=_title(re.sub(r"(\d)-(\d)$", r"\1.\2", name)),
            knowledge=knowledge,
            release_date=released,
            reads_pdf=True,
        )
    for provider, rows in (("openai-completion", data.OPENAI), ("openai-responses", data.OPENAI_RESPONSES)):
        for name, dated, given, cached, made, context, longest, trained, published in rows:
            puter_id = f"openai:openai/{name}"
            yield PuterModel(
                id=dated or name,
                provider=provider,
                shape="openai",
                input_cost=given,
                cached_cost=cached,
                output_cost=made,
                context=context,
                max_tokens=longest,
                puter_id=puter_id,
                aliases=(*((name,) if dated else ()), f"openai/{name}", puter_id),
                knowledge=trained,
                release_date=published,
                sees=name != "o3-mini",
                subscriber_only=name.endswith("-pro"),
                tokens_per_second=90.0,
            )
    for provider, vendor, named in data.OTHERS:
        for name, given, made in named:
            puter_id = f"{provider}:{vendor}/{name}"
            yield PuterModel(
                id=name,
                provider=provider,
                shape="openai",
                input_cost=given,
                cached_cost=given / 4,
                output_cost=made,
                context=262_144,
                max_tokens=65_536,
                puter_id=puter_id,
                aliases=(f"{vendor}/{name}", puter_id),
                name=_title(name),
                tokens_per_second=110.0,
            )
    yield PuterModel(
        "ollama:ollama/stub-model", "ollama", "openai", 0, None, 0, None, 8192, name="stub-model (Ollama)"
    )
    yield from _openrouter()


def _openrouter() -> Iterator[PuterModel]:
    for slug in data.FALLBACKS:
        yield _resold(slug, 20, 80)
        yield _resold(f"{slug}:free", 0, 0)
    for vendor, families, sizes in data.OPENROUTER:
        for number, family in enumerate(families):
            for place, size in enumerate(sizes):
                # A few editions of each, in turn, so that the list has gaps as the real one has.
                turns = (number + place, number + 2 * place + 3, 3 * number + place + 1)
                for edition in sorted({data.EDITIONS[turn % len(data.EDITIONS)] for turn in turns}):
                    price = 5 * (place + 1) * (number + 1)
                    free = edition == ":free"
                    yield _resold(f"{vendor}/{family}-{size}{edition}", *((0, 0) if free else (price, price * 4)))


def _resold(slug: str, given: int, made: int) -> PuterModel:
    context = 32_768 * (1 + len(slug) % 4)
    return PuterModel(
        id=f"openrouter:{slug}",
        provider="openrouter",
        shape="openrouter",
        input_cost=given,
        cached_cost=given / 4 if given else None,
        output_cost=made,
        context=context,
        max_tokens=None if len(slug) % 5 == 0 else context // 4,
        aliases=(slug,),
        name=_title(slug.partition("/")[2].removesuffix(":free")) + (" (free)" if slug.endswith(":free") else ""),
        sees="vl" in slug or "gem" in slug,
        open_weights=True,
        tokens_per_second=40.0 if slug.endswith(":free") else 85.0,
    )


def _title(name: str) -> str:
    words = [word if word[:1].isdigit() else word.capitalize() for word in name.replace(":", "-").split("-")]
    return " ".join(words)
