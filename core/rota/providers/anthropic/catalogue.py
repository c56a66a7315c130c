"""Pages of `GET /v1/models`, old and new item shapes, as `Model`s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.providers.anthropic.fields import Fields, count, fields, items, text
from rota.providers.anthropic.traits import Thinking, traits
from rota.providers.base import Model

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_models(page: Fields) -> Iterator[Model]:
    """The models of one page that can be asked; retired ones are listed only as a record."""
    for item in map(fields, items(page.get("data"))):
        model_id = text(item.get("id"))
        if model_id is None or item.get("lifecycle") == "retired":
            continue
        capabilities = fields(item.get("capabilities"))
        yield Model(
            id=model_id,
            provider="anthropic",
            name=text(item.get("display_name")) or model_id,
            context=count(item.get("max_input_tokens")),
            max_output=count(item.get("max_tokens")),
            tools=True,
            vision=_supported(capabilities, "image_input"),
            reasoning=_reasons(capabilities, model_id),
        )


def _reasons(capabilities: Fields, model_id: str) -> bool:
    said = _supported(capabilities, "thinking")
    return traits(model_id).thinking is not Thinking.NONE if said is None else said


def _supported(capabilities: Fields, name: str) -> bool | None:
    said = fields(capabilities.get(name)).get("supported")
    return said if isinstance(said, bool) else None
