"""What the gateway can serve: the present accounts' models, names for them, and the list in both dialects. Pure."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rota.errors import UnknownModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rota.providers.base import Model

PROVIDERS = ("anthropic", "puter")


class Names:
    """Every name a caller may use for a model.

    Args:
        models: the catalogue of the present accounts.
        aliases: the person's own names, from the settings.
    """

    def __init__(self, models: Sequence[Model], aliases: Mapping[str, str]) -> None:
        self.models = models
        self._aliases = aliases
        self._known: dict[str, str] = {}
        for model in reversed(models):
            for name in (*model.aliases, model.id):
                self._known[name.lower()] = f"{model.provider}/{model.id}"

    def resolve(self, asked: str) -> str:
        """The name with its provider: `puter/gpt-5-nano`.

        Anthropic takes ids that no list shows (dated ones, aliases), so `anthropic/…` and bare `claude-…` pass.

        Raises:
            UnknownModel: no present account serves it; carries the nearest names.
        """
        name = self._aliases.get(asked, asked)
        head, slash, rest = name.partition("/")
        present = {m.provider for m in self.models}
        if slash and head in PROVIDERS:
            if head in present and (head == "anthropic" or self._has(head, rest)):
                return name
        elif name.startswith("claude-") and "anthropic" in present:
            return f"anthropic/{name}"  # whoever else lists it too, Anthropic is who is meant
        elif (known := self._known.get(name.lower())) is not None:
            return known
        elif name.startswith("openrouter:") and "puter" in present:
            return f"puter/{name}"
        raise UnknownModel(asked, self._nearest(name))

    def _has(self, provider: str, name: str) -> bool:
        if provider == "puter" and name.startswith("openrouter:"):
            return True  # the upstream list changes within the hour; Puter itself says when one is gone
        known = self._known.get(name.lower(), "")
        return known.startswith(f"{provider}/") or any(
            m.provider == provider and name.lower() in {m.id.lower(), *(a.lower() for a in m.aliases)}
            for m in self.models
        )

    def _nearest(self, name: str) -> tuple[str, ...]:
        names = dict.fromkeys(n for m in self.models for n in (m.id, *m.aliases) if "/" not in n)
        names |= dict.fromkeys(self._aliases)
        return tuple(difflib.get_close_matches(name, names, n=3, cutoff=0.4))


def openai_list(models: Iterable[Model], aliases: Iterable[str], now: float) -> dict[str, Any]:
    """`GET /v1/models` as OpenAI's SDK reads it, with context sizes beside."""
    data = [
        {
            "id": f"{m.provider}/{m.id}",
            "object": "model",
            "created": int(now),
            "owned_by": m.vendor or m.provider,
            "context_window": m.context,
            "max_output_tokens": m.max_output,
        }
        for m in models
    ]
    data += [{"id": a, "object": "model", "created": int(now), "owned_by": "alias"} for a in aliases]
    return {"object": "list", "data": data}


def anthropic_list(models: Iterable[Model], now: float) -> dict[str, Any]:
    """`GET /v1/models` as Anthropic's SDK reads it; one page holds all."""
    created = datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")
    data = [
        {
            "type": "model",
            "id": m.id if m.provider == "anthropic" else f"{m.provider}/{m.id}",
            "display_name": m.name,
            "created_at": created,
            "max_input_tokens": m.context,
            "max_tokens": m.max_output,
        }
        for m in models
    ]
    ids = [str(item["id"]) for item in data]
    return {
        "data": data,
        "has_more": False,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }
