"""Prometheus text: accounts, windows, requests by key and model, latency and errors."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rota.events import RequestFailed, RequestServed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.events import Event
    from rota.snapshot import Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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
        self._latency: dict[tuple[str, str], deque[float]] = {}
        self._speed: dict[tuple[str, str], deque[float]] = {}

    def note(self, events: Iterable[Event]) -> None:
        """Take in what happened."""
        for event in events:
            if isinstance(event, RequestServed):
                self._note_served(event)
            elif isinstance(event, RequestFailed):
                why = event.meaning.value if event.meaning is not None else "gone"
                _add(self._failed, (event.provider, event.requested_model, why), 1)

    def _note_served(self, event: RequestServed) -> None:
        model = (event.provider, event.model)
        _add(self._served, (*model, event.client), 1)
        _add(self._tokens, (*model, "input"), event.input_tokens)
        _add(self._tokens, (*model, "output"), event.output_tokens)
        self._latency.setdefault(model, deque(maxlen=self._samples)).append(event.duration)
        if event.output_tokens and event.duration > 0:
            speed = event.output_tokens / event.duration
            self._speed.setdefault(model, deque(maxlen=self._samples)).append(speed)

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
        family("rota_request_seconds", "summary", "Time to the whole answer.", _quantiles(self._latency))
        family("rota_tokens_per_second", "summary", "Output tokens a second.", _quantiles(self._speed))
        return "\n".join(lines) + "\n"


def _add(counts: dict[tuple[str, str, str], int], key: tuple[str, str, str], number: int) -> None:
    counts[key] = counts.get(key, 0) + number


def _rows(counts: dict[tuple[str, str, str], int], third: str) -> list[tuple[dict[str, str], float]]:
    return [
        ({"provider": provider, "model": model, third: last}, float(count))
        for (provider, model, last), count in sorted(counts.items())
    ]


def _quantiles(samples: dict[tuple[str, str], deque[float]]) -> list[tuple[dict[str, str], float]]:
    rows = []
    for (provider, model), values in sorted(samples.items()):
        ordered = sorted(values)
        for quantile in (0.5, 0.95):
            at = min(len(ordered) - 1, int(len(ordered) * quantile))
            rows.append(({"provider": provider, "model": model, "quantile": f"{quantile:g}"}, ordered[at]))
    return rows


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    quoted = (f'{name}="{_escape(value)}"' for name, value in labels.items())
    return "{" + ",".join(quoted) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
