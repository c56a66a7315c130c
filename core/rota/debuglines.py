"""What the debug log says of each event and of each HTTP request. Pure; no free text of anybody gets in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rota import events as happened
from rota.errors import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rota.errors import Attempt
    from rota.events import Event

RETRIES = re.compile(r"([\d.]+) s pause; once more$")
"""How the pool says that it tries the same account and model again."""

CAUSES = {
    Meaning.LIMITED: "Quota spent",
    Meaning.THROTTLED: "Rate limited",
    Meaning.MODEL_LIMITED: "Model limited",
    Meaning.MODEL_UNAVAILABLE: "Model unavailable",
    Meaning.CREDITS_EXHAUSTED: "Credits spent",
    Meaning.LOGIN_DEAD: "Login refused",
    Meaning.GATED: "A person must act at the provider",
    Meaning.OVERLOADED: "Provider overloaded",
    Meaning.NETWORK: "No usable answer",
    Meaning.REFUSED: "Refused by policy",
    Meaning.BAD_REQUEST: "Bad request",
}

ID = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,119}")

SMALL = 4 * 1024 * 1024
"""Bytes of a request body that is looked into for its model; a larger one holds files."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the debug log."""

    title: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    level: str = "info"


@dataclass(slots=True)
class _Trail:
    """Where a request stands."""

    account_id: str
    model: str
    retries: int = 0


class Lines:
    """Turns events into lines; remembers the requests under way, to tell a retry from a fallback."""

    def __init__(self, label: Callable[[str], str], retries: int) -> None:
        self._label = label
        self._most = retries
        self._trails: dict[str, _Trail] = {}

    def of(self, event: Event) -> list[Line]:
        """The lines for one event; none for what only moves figures."""
        match event:
            case happened.RequestStarted():
                return self._started(event)
            case happened.AttemptFailed(request_id=request_id, attempt=attempt, next_step=step):
                return self._failed(request_id, attempt, step)
            case happened.RequestServed():
                self._trails.pop(event.request_id, None)
                return [self._served(event)]
            case happened.RequestFailed():
                self._trails.pop(event.request_id, None)
                cause = CAUSES[event.meaning] if event.meaning is not None else "No account, or the caller left"
                told = {"model": _id(event.requested_model), "client": event.client, "request": event.request_id}
                return [Line("ERROR", f"{cause} ({event.duration:.1f}s)", told, "error")]
            case happened.AccountSwitched(account_id=account_id):
                return [Line("Auth", f"switched account to {self._label(account_id)}")]
            case happened.AccountAdded(account=account):
                return [Line("Auth", f"added account {self._label(account.id)}", {"kind": account.kind.value})]
            case happened.AccountRenewed(account_id=account_id):
                return [Line("Auth", f"renewed account {self._label(account_id)}")]
            case happened.AccountRemoved(account_id=account_id):
                return [Line("Auth", f"removed account {account_id}")]
            case happened.TokenRefreshed(account_id=account_id):
                return [Line("Auth", f"refreshed the token of {self._label(account_id)}")]
            case happened.RefreshFailed(account_id=account_id, permanent=permanent):
                why = "the login is dead" if permanent else "it is tried again later"
                return [Line("Auth", f"could not refresh {self._label(account_id)}: {why}", level="error")]
            case happened.HealthChanged(account_id=account_id, health=health):
                return [Line("Auth", f"{self._label(account_id)} is {health.value}")]
            case happened.CooldownStarted(account_id=account_id, meaning=meaning, model=model):
                held = {
                    "for": f"{max(0.0, event.until - event.at):.0f}s",
                    "model": _id(model),
                    "strikes": event.strikes,
                }
                return [Line("Cooldown", f"{self._label(account_id)}: {CAUSES[meaning]}", held)]
            case happened.CooldownLifted(account_id=account_id, model=model):
                return [Line("Cooldown", f"{self._label(account_id)} is back", {"model": _id(model)})]
            case happened.ModelCooled(model=model, meaning=meaning):
                told = {"for": f"{max(0.0, event.until - event.at):.0f}s"}
                return [Line("Cooldown", f"{_id(model)}: {CAUSES[meaning]}", told)]
            case happened.QuotaObserved(account_id=account_id, windows=windows):
                shares = {w.key: f"{w.utilization:.0%}" for w in windows if w.utilization is not None}
                return [Line("Quota", self._label(account_id), shares, "debug")]
            case happened.UsagePolled(account_id=account_id, problem=problem):
                said = "asked" if problem is None else "asked, without figures"
                return [Line("Usage", f"{self._label(account_id)} {said}", level="debug")]
            case happened.GatewayStarted(host=host, port=port):
                return [Line("Gateway", f"listens on {host}:{port}")]
            case happened.GatewayStopped():
                return [Line("Gateway", "stopped")]
            case _:
                return []

    def _started(self, event: happened.RequestStarted) -> list[Line]:
        before = self._trails.get(event.request_id)
        if before is None:
            self._trails[event.request_id] = _Trail(event.account_id, event.model)
            told = {"model": _id(event.model), "client": event.client, "request": event.request_id}
            return [Line("Auth", f"using account {self._label(event.account_id)}", told, "debug")]
        lines = []
        if before.account_id != event.account_id:
            lines.append(Line("Auth", f"switched account to {self._label(event.account_id)}"))
        if before.model != event.model:
            lines.append(Line("Fallback", f"trying {_id(event.model)}", {"instead_of": _id(before.model)}))
        if lines:
            self._trails[event.request_id] = _Trail(event.account_id, event.model)
        return lines

    def _failed(self, request_id: str, attempt: Attempt, step: str) -> list[Line]:
        status = f" ({attempt.status})" if attempt.status is not None else ""
        cause = f"{CAUSES[attempt.meaning]}{status}"
        again = RETRIES.search(step)
        trail = self._trails.get(request_id)
        if again is None or trail is None:
            return [Line("Failed", cause, {"account": self._label(attempt.account_id), "model": _id(attempt.model)})]
        trail.retries += 1
        of = max(self._most, trail.retries)
        return [Line(f"Retry {trail.retries}/{of}", f"{cause}, waiting {float(again[1]) * 1000:.0f}ms")]

    def _served(self, event: happened.RequestServed) -> Line:
        told = {
            "account": self._label(event.account_id),
            "model": _id(event.model),
            "tokens": f"{event.input_tokens}+{event.output_tokens}",
            "request": event.request_id,
        }
        kind = "stream complete" if event.first_token is not None else "complete"
        return Line("Response", f"200 {kind} ({event.duration:.1f}s)", told)


def _id(model: str | None) -> str | None:
    """A model's id, which is the caller's text: shown only when it looks like one, and not like words."""
    return model if model is None or ID.fullmatch(model) else "***"


def request_line(method: str, path: str, body: bytes | None) -> Line:
    """What is sent: the method, the path without its query, and of a chat its model and size."""
    told: dict[str, Any] = {}
    if body and len(body) <= SMALL and body.lstrip()[:1] == b"{":
        try:
            asked: Any = json.loads(body)
        except ValueError:
            asked = {}
        asked = asked.get("args", asked) if isinstance(asked.get("args", asked), dict) else {}
        if isinstance(asked.get("messages"), list):
            model = asked.get("model")
            told = {
                "model": _id(model) if isinstance(model, str) else None,
                "stream": asked.get("stream") is True,
                "messages": len(asked["messages"]),
            }
    return Line("Request", f"{method} {path}", told)


def answer_line(status: int, reason: str, took_s: float) -> Line:
    """That an answer began, and after how long."""
    return Line("Answer", f"{status} {reason} ({took_s:.1f}s)", level="info" if status < 400 else "error")
