"""The list of models in both dialects. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.providers.base import Model


def openai_list(models: Iterable[Model], aliases: Iterable[str], now: float) -> dict[str, Any]:
    """`GET /v1/models` as OpenAI's SDK reads it, with context sizes beside."""
    data = [openai_model(m, now) for m in models]
    data += [{"id": a, "object": "model", "created": int(now), "owned_by": "alias"} for a in aliases]
    return {"object": "list", "data": data}


def openai_model(model: Model, now: float, name: str | None = None) -> dict[str, Any]:
    """One model, under the name that it was asked for by."""
    return {
        "id": name or f"{model.provider}/{model.id}",
        "object": "model",
        "created": int(now),
        "owned_by": model.vendor or model.provider,
        "context_window": model.context,
        "max_output_tokens": model.max_output,
    }


def anthropic_list(models: Iterable[Model], now: float) -> dict[str, Any]:
    """`GET /v1/models` as Anthropic's SDK reads it; one page holds all."""
    data = [anthropic_model(m, now) for m in models]
    ids = [str(item["id"]) for item in data]
    return {
        "data": data,
        "has_more": False,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


def anthropic_model(model: Model, now: float, name: str | None = None) -> dict[str, Any]:
    """One model, under the name that it was asked for by."""
    created = datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")
    return {
        "type": "model",
        "id": name or (model.id if model.provider == "anthropic" else f"{model.provider}/{model.id}"),
        "display_name": model.name,
        "created_at": created,
        "lifecycle": "active",
        "max_input_tokens": model.context,
        "max_tokens": model.max_output,
    }
