"""Prometheus text: accounts, windows, requests by key and model, latency and errors."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.events import AttemptFailed, RequestFailed, RequestServed
from rota.stats import percentile, speed_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rota.events import Event
    from rota.snapshot import Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class _Samples:
    """One model's latest values, and how many there were in all."""

    latest: deque[float]
    count: int = 0
    sum: float = 0.0


class Metrics:
    """Counts what the log says while the gateway runs.

    Args:
        samples: how many of a model's last requests its percentiles are taken from.
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._served: dict[tuple[str, str, str], int] = {}
        self._failed: dict[tuple[str, str, str], int] = {}
        self._tokens: dict[tuple[str, str, str], int] = {}
        self._tries: dict[tuple[str, str, str], int] = {}
        self._latency: dict[tuple[str, str], _Samples] = {}
        self._first: dict[tuple[str, str], _Samples] = {}
        self._speed: dict[tuple[str, str], _Samples] = {}

    def note(self, events: Iterable[Event]) -> None:
        """Take in what happened."""
        for event in events:
            if isinstance(event, RequestServed):
                self._note_served(event)
            elif isinstance(event, AttemptFailed):
                tried = event.attempt
                _add(self._tries, (event.provider, tried.model, tried.meaning.value), 1)
            elif isinstance(event, RequestFailed):
                why = event.meaning.value if event.meaning is not None else "gone"
                _add(self._failed, (event.provider, event.requested_model, why), 1)

    def _note_served(self, event: RequestServed) -> None:
        model = (event.provider, event.model)
        _add(self._served, (*model, event.client), 1)
        _add(self._tokens, (*model, "input"), event.input_tokens)
        _add(self._tokens, (*model, "output"), event.output_tokens)
        self._sample(self._latency, model, event.duration)
        if event.first_token is not None:
            self._sample(self._first, model, event.first_token)
        if (speed := speed_of(event)) is not None:
            self._sample(self._speed, model, speed)

    def _sample(self, samples: dict[tuple[str, str], _Samples], model: tuple[str, str], value: float) -> None:
        kept = samples.get(model)
        if kept is None:
            kept = samples[model] = _Samples(deque(maxlen=self._samples))
        kept.latest.append(value)
        kept.count += 1
        kept.sum += value

    def text(self, snapshot: Snapshot, now: float) -> str:
        """Everything, as a scrape reads it."""
        lines: list[str] = []

        def family(name: str, kind: str, help_text: str, rows: Iterable[tuple[dict[str, str], float]]) -> None:
            lines.append(f"# HELP {name} {help_text}")
            lines.append(f"# TYPE {name} {kind}")
            lines.extend(f"{name}{_labels(labels)} {value:g}" for labels, value in rows)

        listed = snapshot.listed()
        family(
            "rota_account_ready",
            "gauge",
            "1 when the account could serve now.",
            (({"account": s.account.label}, float(s.usable() and s.held(now) is None)) for s in listed),
        )
        family(
            "rota_window_utilization",
            "gauge",
            "Used share of a quota window.",
            (
                ({"account": s.account.label, "window": w.key}, w.utilization)
                for s in listed
                for w in s.windows.values()
                if w.utilization is not None and not w.expired(now)
            ),
        )
        family("rota_requests_in_flight", "gauge", "Requests being served.", [({}, float(len(snapshot.in_flight)))])
        family("rota_requests_total", "counter", "Requests served.", _rows(self._served, "client"))
        family("rota_request_failures_total", "counter", "Requests without an answer.", _rows(self._failed, "class"))
        family("rota_tokens_total", "counter", "Tokens of served requests.", _rows(self._tokens, "direction"))
        family("rota_attempt_failures_total", "counter", "Tries that failed.", _rows(self._tries, "class"))
        for name, told, samples in (
            ("rota_request_seconds", "Time to the whole answer.", self._latency),
            ("rota_first_content_seconds", "Time to the first content.", self._first),
            ("rota_tokens_per_second", "Output tokens a second.", self._speed),
        ):
            family(name, "summary", told, _quantiles(samples))
            lines.extend(_totals(name, samples))
        return "\n".join(lines) + "\n"


def _add(counts: dict[tuple[str, str, str], int], key: tuple[str, str, str], number: int) -> None:
    counts[key] = counts.get(key, 0) + number


def _rows(counts: dict[tuple[str, str, str], int], third: str) -> list[tuple[dict[str, str], float]]:
    return [
        ({"provider": provider, "model": model, third: last}, float(count))
        for (provider, model, last), count in sorted(counts.items())
    ]


def _quantiles(samples: dict[tuple[str, str], _Samples]) -> list[tuple[dict[str, str], float]]:
    return [
        ({"provider": provider, "model": model, "quantile": f"{quantile:g}"}, value)
        for (provider, model), kept in sorted(samples.items())
        for quantile in (0.5, 0.95)
        if (value := percentile(list(kept.latest), quantile)) is not None
    ]


def _totals(name: str, samples: dict[tuple[str, str], _Samples]) -> Iterator[str]:
    """What a summary has beside its quantiles."""
    for (provider, model), kept in sorted(samples.items()):
        labels = _labels({"provider": provider, "model": model})
        yield f"{name}_sum{labels} {kept.sum:g}"
        yield f"{name}_count{labels} {kept.count}"


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    quoted = (f'{name}="{_escape(value)}"' for name, value in labels.items())
    return "{" + ",".join(quoted) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
