"""The Claude models the simulator serves: names, limits, speeds and what a token weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHE_READ_WEIGHT = 0.1
CACHE_WRITE_WEIGHT = 1.25


@dataclass(frozen=True, slots=True)
class Family:
    """What models of one size have in common."""

    name: str
    input_cost: int
    """Cents a million input tokens, which is microcents a token; also what a token weighs in a quota."""
    output_cost: int
    tokens_per_second: float


FAMILIES = {
    family.name: family
    for family in (
        Family("haiku", 100, 500, 160.0),
        Family("sonnet", 300, 1500, 75.0),
        Family("opus", 500, 2500, 45.0),
        Family("fable", 1000, 5000, 35.0),
    )
}


@dataclass(frozen=True, slots=True)
class ClaudeModel:
    """One model as `/v1/models` lists it."""

    id: str
    display_name: str
    created_at: str
    context: int
    max_tokens: int
    aliases: tuple[str, ...] = ()
    lifecycle: str = "active"

    @property
    def family(self) -> Family:
        return next(family for name, family in FAMILIES.items() if name in self.id)

    def cost(self, *, fresh: int = 0, cache_write: int = 0, cache_read: int = 0, output: int = 0) -> float:
        """What this many tokens weigh, in microcents."""
        family = self.family
        counted = fresh + cache_write * CACHE_WRITE_WEIGHT + cache_read * CACHE_READ_WEIGHT
        return counted * family.input_cost + output * family.output_cost


MODELS = (
    ClaudeModel("claude-opus-5", "Claude Opus 5", "2026-07-24", 1_000_000, 128_000, ("claude-opus-5-latest",)),
    ClaudeModel("claude-sonnet-5", "Claude Sonnet 5", "2026-06-30", 1_000_000, 64_000, ("claude-sonnet-5-latest",)),
    ClaudeModel("claude-fable-5", "Claude Fable 5", "2026-06-09", 1_000_000, 128_000, ("claude-fable-5-latest",)),
    ClaudeModel("claude-opus-4-8", "Claude Opus 4.8", "2026-05-28", 1_000_000, 128_000),
    ClaudeModel("claude-opus-4-7", "Claude Opus 4.7", "2026-04-16", 1_000_000, 128_000),
    ClaudeModel("claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17", 1_000_000, 64_000),
    ClaudeModel("claude-opus-4-6", "Claude Opus 4.6", "2026-02-05", 1_000_000, 128_000),
    ClaudeModel("claude-opus-4-5-20251101", "Claude Opus 4.5", "2025-11-01", 200_000, 64_000, ("claude-opus-4-5",)),
    ClaudeModel("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-15", 200_000, 64_000,
                ("claude-haiku-4-5",)),
    ClaudeModel("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", "2025-09-29", 200_000, 64_000,
                ("claude-sonnet-4-5",)),
    ClaudeModel("claude-opus-4-1-20250805", "Claude Opus 4.1", "2025-08-05", 200_000, 32_000, ("claude-opus-4-1",)),
    ClaudeModel("claude-opus-4-20250514", "Claude Opus 4", "2025-05-22", 200_000, 32_000, (), "deprecated"),
    ClaudeModel("claude-sonnet-4-20250514", "Claude Sonnet 4", "2025-05-22", 200_000, 64_000, (), "deprecated"),
    ClaudeModel("claude-3-7-sonnet-20250219", "Claude Sonnet 3.7", "2025-02-24", 200_000, 64_000, (), "retired"),
    ClaudeModel("claude-3-5-haiku-20241022", "Claude Haiku 3.5", "2024-10-22", 200_000, 8192, (), "retired"),
    ClaudeModel("claude-3-haiku-20240307", "Claude Haiku 3", "2024-03-07", 200_000, 4096, (), "retired"),
)  # fmt: skip
_BY_NAME = {name: model for model in MODELS for name in (model.id, *model.aliases)}


def find_model(name: str) -> ClaudeModel | None:
    """The model behind an id or alias, while it is served."""
    model = _BY_NAME.get(name)
    return model if model is not None and model.lifecycle != "retired" else None


def as_item(model: ClaudeModel, *, old_shape: bool) -> Mapping[str, Any]:
    """A model as the list shows it."""
    item: dict[str, Any] = {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name,
        "created_at": f"{model.created_at}T00:00:00Z",
    }
    if not old_shape:
        item |= {
            "max_input_tokens": model.context,
            "max_tokens": model.max_tokens,
            "capabilities": {"image_input": {"supported": True}, "thinking": {"supported": True}},
            "lifecycle": model.lifecycle,
            "line": model.family.name,
            "deprecated_at": None if model.lifecycle == "active" else "2026-09-01T00:00:00Z",
            "retires_at": None if model.lifecycle == "active" else "2027-02-01T00:00:00Z",
        }
    return item
