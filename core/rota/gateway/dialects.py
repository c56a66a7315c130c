"""The two dialects behind one face: parse a body, name its session, turn deltas and problems into bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rota.gateway.anthropic import problem as anthropic_problem
from rota.gateway.anthropic import reply as anthropic_reply
from rota.gateway.anthropic import request as anthropic_request
from rota.gateway.openai import problem as openai_problem
from rota.gateway.openai import reply as openai_reply
from rota.gateway.openai import request as openai_request
from rota.gateway.session import session_of
from rota.pool.sticky import opening_of
from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rota.gateway.problems import Problem
    from rota.providers.base import ChatRequest, Delta, Reply


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a body asks for, as far as routing needs it."""

    model: str
    stream: bool
    session: str | None
    request: Callable[[], ChatRequest]
    """The neutral request, made once; raises `Refusal` for what cannot be carried."""
    opening: Callable[[], str]
    """How the conversation begins, to tell its session by where the caller names none. Raises as `request` does."""
    wants_usage: bool = False


class Encoder(Protocol):
    """Turns deltas into a dialect's events."""

    def of(self, delta: Delta) -> bytes: ...


class Dialect(Protocol):
    """What a caller speaks."""

    name: str
    keep_alive: bytes
    """An event that says nothing."""

    def parse(self, raw: bytes, headers: Mapping[str, str]) -> Parsed: ...
    def encoder(self, parsed: Parsed, model: str, answer_id: str, now: float) -> Encoder: ...
    def reply(self, reply: Reply, answer_id: str, now: float) -> dict[str, Any]: ...
    def status(self, problem: Problem) -> int: ...
    def problem(self, problem: Problem, request_id: str) -> bytes: ...
    def problem_event(self, problem: Problem) -> bytes: ...


class OpenAI:
    """`chat/completions`."""

    name = "openai"
    keep_alive = b": waiting\n\n"

    def parse(self, raw: bytes, headers: Mapping[str, str]) -> Parsed:
        body = openai_request.parse(raw)
        request = _once(lambda: openai_request.to_chat(body))
        return Parsed(
            model=body.model,
            stream=body.stream is True,
            session=session_of(headers, None, body.prompt_cache_key),
            request=request,
            opening=lambda: opening_of(request().messages),
            wants_usage=body.wants_usage,
        )

    def encoder(self, parsed: Parsed, model: str, answer_id: str, now: float) -> Encoder:
        return openai_reply.Chunks(f"chatcmpl-{answer_id}", int(now), model, parsed.wants_usage)

    def reply(self, reply: Reply, answer_id: str, now: float) -> dict[str, Any]:
        return openai_reply.body(reply, answer_id=f"chatcmpl-{answer_id}", created=int(now))

    def status(self, problem: Problem) -> int:
        return openai_problem.status(problem)

    def problem(self, problem: Problem, request_id: str) -> bytes:
        return json.dumps(openai_problem.body(problem), ensure_ascii=False).encode()

    def problem_event(self, problem: Problem) -> bytes:
        return openai_problem.event(problem)


class Anthropic:
    """`messages`."""

    name = "anthropic"
    keep_alive = anthropic_reply.PING

    def parse(self, raw: bytes, headers: Mapping[str, str]) -> Parsed:
        head = anthropic_request.parse_head(raw)
        return Parsed(
            model=head.model,
            stream=head.stream is True,
            session=session_of(headers, head.metadata, None),
            request=_once(lambda: anthropic_request.to_chat(anthropic_request.parse(raw))),
            opening=lambda: anthropic_request.opening(raw),
        )

    def encoder(self, parsed: Parsed, model: str, answer_id: str, now: float) -> Encoder:
        return anthropic_reply.Events(f"msg_{answer_id}", model)

    def reply(self, reply: Reply, answer_id: str, now: float) -> dict[str, Any]:
        return anthropic_reply.body(reply, answer_id=f"msg_{answer_id}")

    def status(self, problem: Problem) -> int:
        return problem.status

    def problem(self, problem: Problem, request_id: str) -> bytes:
        return json.dumps(anthropic_problem.body(problem, request_id), ensure_ascii=False).encode()

    def problem_event(self, problem: Problem) -> bytes:
        return anthropic_problem.event(problem)


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """`make`, called at most once. What `functools` has for it takes longer to set up than a body to read."""
    made: list[T] = []

    def get() -> T:
        if not made:
            made.append(make())
        return made[0]

    return get


OPENAI, ANTHROPIC = OpenAI(), Anthropic()
