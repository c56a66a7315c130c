"""Latency, speed and errors per model, from the log's stories of requests. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rota.events import RequestFailed, RequestServed
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rota.events import Event

KINDS = ("RequestServed", "RequestFailed")
"""The events that figures are taken from."""


@dataclass(frozen=True, slots=True)
class ModelStats:
    """How one model did lately. Durations in seconds; None when no request tells."""

    provider: str
    model: str
    requests: int
    """Those that were answered."""
    errors: int
    """Tries that this model did not serve, whatever became of the request after."""
    latency_p50: float | None
    latency_p95: float | None
    first_token_p50: float | None
    first_token_p95: float | None
    tokens_per_second: float | None
    """Output tokens while they came: the middle of all requests."""
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    last_at: float

    @property
    def error_rate(self) -> float:
        """Tries that failed, of all tries."""
        return self.errors / (self.requests + self.errors) if self.errors else 0.0


def per_model(events: Iterable[Event], *, most: int = 200) -> list[ModelStats]:
    """Figures by model, the most used first.

    Args:
        events: stories of requests, oldest first; others are passed over.
        most: how many of a model's last answers figures are taken from.
    """
    served: dict[tuple[str, str], list[RequestServed]] = defaultdict(list)
    errors: dict[tuple[str, str], int] = defaultdict(int)
    last: dict[tuple[str, str], float] = {}
    for event in events:
        if isinstance(event, RequestServed):
            served[event.provider, event.model].append(event)
            last[event.provider, event.model] = event.at
        elif not isinstance(event, RequestFailed):
            continue
        for attempt in event.attempts:
            errors[event.provider, attempt.model] += 1
            last[event.provider, attempt.model] = event.at
    found = [_figures(key, served.get(key, [])[-most:], errors.get(key, 0), at) for key, at in last.items()]
    return sorted(found, key=lambda s: (-s.requests, s.provider, s.model))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _figures(key: tuple[str, str], served: list[RequestServed], errors: int, at: float) -> ModelStats:
    latencies = [s.duration for s in served]
    firsts = [s.first_token for s in served if s.first_token is not None]
    costs = [s.cost_usd for s in served if s.cost_usd is not None]
    return ModelStats(
        provider=key[0],
        model=key[1],
        requests=len(served),
        errors=errors,
        latency_p50=percentile(latencies, 0.5),
        latency_p95=percentile(latencies, 0.95),
        first_token_p50=percentile(firsts, 0.5),
        first_token_p95=percentile(firsts, 0.95),
        tokens_per_second=percentile([v for s in served if (v := speed_of(s)) is not None], 0.5),
        input_tokens=sum(s.input_tokens for s in served),
        output_tokens=sum(s.output_tokens for s in served),
        cost_usd=sum(costs) if costs else None,
        last_at=at,
    )


def speed_of(event: RequestServed) -> float | None:
    """Output tokens a second from the first content on; over the whole time when it came at once."""
    flowing = event.duration - (event.first_token or 0.0)
    seconds = flowing if flowing > 0.05 else event.duration
    return event.output_tokens / seconds if event.output_tokens and seconds > 0 else None
