"""What can be turned about the whole simulator, as opposed to one account."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from rota.simulator.stream import Splitting

if TYPE_CHECKING:
    from collections.abc import Mapping

Era = Literal["2025-legacy", "2026Q1-legacy", "current"]
ERAS: tuple[Era, ...] = ("2025-legacy", "2026Q1-legacy", "current")


class UnknownKnob(ValueError):
    """There is no such knob, or it does not take such a value."""


@dataclass(slots=True)
class Knobs:
    """The simulator's settings; each has a value that real servers show."""

    pace: float = 0.0
    """Multiplies every model's tokens a second on the simulator's clock; 0 speaks as fast as it can."""
    latency: float = 0.0
    """Seconds before any answer, on the simulator's clock."""
    chunk_bytes: int = 0
    """Bytes in a network chunk of a stream, splitting lines and characters; 0 sends whole events."""
    uneven_chunks: bool = False
    """Chunks of 1 to `chunk_bytes` bytes."""
    gzip: bool = False
    """Answers are compressed for whoever accepts it; event streams are not."""
    era: Era = "current"
    """Which Puter server answers."""
    access_token_seconds: float = 8 * 3600.0
    refresh_token_seconds: float = 28 * 86400.0
    replay_kills_family: bool = False
    """Whether spending a refresh token twice revokes its successors as well."""
    refuse_clients: bool = False
    """The token endpoint knows no client id: `invalid_client`."""
    user_agent_gate: bool = True
    """The token endpoint turns away whoever calls itself Claude Code."""
    usage_reads_per_hour: int = 30
    usage_needs_version: bool = True
    """Without `anthropic-version` the usage endpoint answers a 429 with `Retry-After: 0`."""
    models_page: int = 10
    """The longest page of `/v1/models`."""
    old_model_items: bool = False
    """`/v1/models` lists only the fields of the first version."""
    overloaded: bool = False
    """Every Anthropic messages call is a 529."""
    credits_per_microcent: float = 0.0
    """Puter reports money in credits, scaled by this; 0 reports microcents."""
    normalize: bool = False
    """Puter answers Claude models in OpenAI's shape even when not asked to."""
    metering_lags: bool = True
    """Puter's metering is buffered: the first call after the money is gone still passes."""
    free_models_per_minute: int = 20
    """Requests a minute that a `:free` model takes from everybody together before its provider limits it."""
    stray_favicon: bool = False
    """Approving a Puter sign-in first asks the callback's host for a favicon, as a browser may."""

    @property
    def splitting(self) -> Splitting:
        return Splitting(self.chunk_bytes, self.uneven_chunks)

    def turn(self, settings: Mapping[str, Any]) -> None:
        """Set several knobs, all or none."""
        for name, value in settings.items():
            if name not in {field.name for field in fields(self)}:
                raise UnknownKnob(f"there is no knob called {name}")
            if name == "era" and value not in ERAS:
                raise UnknownKnob(f"era is one of {', '.join(ERAS)}")
            now = getattr(self, name)
            fits = isinstance(value, bool) if isinstance(now, bool) else isinstance(value, type(now) | int)
            if not fits or (isinstance(value, bool) and not isinstance(now, bool)):
                raise UnknownKnob(f"{name} does not take {value!r}")
        for name, value in settings.items():
            setattr(self, name, type(getattr(self, name))(value))
