"""Puter's model records as `Model`s: prices in dollars per million tokens, whatever keys the vendor's record uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.providers.base import Model
from rota.providers.puter import fields

if TYPE_CHECKING:
    from rota.providers.puter.fields import Record

_INPUT_KEYS = ("input_tokens", "prompt_tokens", "prompt", "input", "input_token", "input-tokens")
_OUTPUT_KEYS = ("output_tokens", "completion_tokens", "completion", "output", "output_token", "output-tokens")


def models(answer: Record) -> tuple[Model, ...]:
    """Every readable record of `/puterai/chat/models/details`; one without an id is left out, not fatal."""
    found = (_model(entry) for entry in fields.records(answer.get("models")))
    return tuple(model for model in found if model is not None)


def is_claude(model: str) -> bool:
    """Whether Puter sends this id straight to Anthropic, whose own message blocks then apply."""
    return model.strip().lower().startswith(("claude", "anthropic/", "anthropic:"))


def _model(entry: Record) -> Model | None:
    model_id = fields.text(entry, "id")
    if model_id is None:
        return None
    input_usd, output_usd = _prices(entry)
    modalities = fields.record(entry.get("modalities")).get("input")
    return Model(
        id=model_id,
        provider="puter",
        name=fields.text(entry, "name") or _name(model_id),
        context=fields.count(entry, "context") or None,
        max_output=fields.count(entry, "max_tokens") or None,
        input_usd=input_usd,
        output_usd=output_usd,
        tools=fields.flag(entry, "tool_call"),
        vision="image" in modalities if isinstance(modalities, list) else None,
        reasoning=fields.flag(entry, "reasoning"),
        vendor=fields.text(entry, "provider"),
        aliases=_aliases(entry, model_id),
        paid_only=fields.flag(entry, "subscriberOnly") is True,
    )


def _aliases(entry: Record, model_id: str) -> tuple[str, ...]:
    """The other ids that Puter takes for it; shortest first, for that is the one people type."""
    puter_id = fields.text(entry, "puterId")
    names = {*fields.strings(entry.get("aliases")), *((puter_id,) if puter_id else ())}
    return tuple(sorted(names - {model_id}, key=lambda name: (len(name), name)))


def _name(model_id: str) -> str:
    """A name for a record without one: its id, less who resells it and who made it."""
    return model_id.rpartition("/")[2] or model_id


def _prices(entry: Record) -> tuple[float | None, float | None]:
    """Dollars per million tokens in and out. `costs` counts US cents per `costs.tokens` tokens.

    A record is free when every rate in it is zero. One that charges otherwise (by request, say) is not, so a zero
    price for tokens is then left unsaid.
    """
    costs = fields.record(entry.get("costs"))
    rates = {key: rate for key in costs if key != "tokens" and (rate := fields.number(costs, key)) is not None}
    if not rates:
        return None, None
    if not any(rates.values()):
        return 0.0, 0.0
    dollars = 1_000_000 / (fields.number(costs, "tokens") or 1_000_000) / 100
    pair = (_rate(entry, rates, "input_cost_key", _INPUT_KEYS), _rate(entry, rates, "output_cost_key", _OUTPUT_KEYS))
    if not any(pair):
        return None, None
    cents_in, cents_out = pair
    return (
        None if cents_in is None else cents_in * dollars,
        None if cents_out is None else cents_out * dollars,
    )


def _rate(entry: Record, rates: dict[str, float], named_by: str, usual: tuple[str, ...]) -> float | None:
    """The rate under the key that the record names, else under a usual one; below zero means "it depends"."""
    named = fields.text(entry, named_by)
    keys = (named, *usual) if named else usual
    rate = next((rates[key] for key in keys if key in rates), None)
    return None if rate is None or rate < 0 else rate
