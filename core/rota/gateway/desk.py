"""The front desk: the guard, the key, the limits, and errors told in the caller's dialect."""

from __future__ import annotations

import traceback
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING

from rota import debuglog
from rota.debuglines import Line
from rota.errors import RotaError
from rota.events import random_word
from rota.gateway.exchange import CallerGoneError, Exchange
from rota.gateway.guard import offered_key, refuse_visitor
from rota.gateway.keys import SHARE_FROM, SHARE_OVER_S, Caller
from rota.gateway.problems import Problem, Refusal
from rota.gateway.verdicts import problem_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from starlette.types import Receive, Scope, Send

    from rota.clock import Clock
    from rota.gateway.dialects import Dialect
    from rota.gateway.keys import Keys
    from rota.settings import GatewaySettings

    Handler = Callable[[Exchange, Caller, str], Awaitable[None]]

ANYBODY = Caller("")
FINAL = frozenset({400, 401, 402, 403, 404, 405, 413, 421, 422})
"""What asking again does not change. Claude Code asks ten times after a 401 unless `x-should-retry` says so."""
INTERNAL = Problem(500, "internal", "rota itself failed at this; its debug log says how.")


class Desk:
    """Lets requests in, and tells errors."""

    def __init__(self, keys: Keys, settings: GatewaySettings, clock: Clock) -> None:
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._inside = 0
        self._lately: deque[tuple[float, str]] = deque()
        self._counts: Counter[str] = Counter()

    @property
    def inside(self) -> int:
        """How many requests are being served."""
        return self._inside

    def endpoint(self, dialect: Dialect, handlers: Mapping[str, Handler], *, open_to_all: bool = False) -> _Endpoint:
        """An ASGI endpoint that hands to `handlers` by method."""
        return _Endpoint(self, dialect, handlers, open_to_all=open_to_all)

    async def body(self, exchange: Exchange) -> bytes:
        """The request's body, within the limits."""
        return await exchange.read_body(self._settings.max_body_bytes, self._settings.read_timeout_s)

    @staticmethod
    def allow(caller: Caller, *models: str) -> None:
        """Hold the names of a model against its key's rules. Raises as `admit` does for a model."""
        if not caller.may_ask(*models):
            raise Refusal(Problem(403, "model_not_allowed", f"The key {caller.name} may not ask for {models[0]}."))

    def admit(self, caller: Caller, *models: str) -> None:
        """Hold a request against its key's rules, and count it.

        Raises:
            Refusal: 403 for a model the key may not ask for, 429 when it has had its share.
        """
        self.allow(caller, *models)
        now = self._clock.now()
        while self._lately and self._lately[0][0] <= now - SHARE_OVER_S:
            self._counts[self._lately.popleft()[1]] -= 1
        total = len(self._lately)
        if caller.max_share is not None and total >= SHARE_FROM:
            share = self._counts[caller.name] / total
            if share >= caller.max_share:
                said = f"The key {caller.name} has had its {caller.max_share:.0%} of the last hour's requests."
                raise Refusal(Problem(429, "share_used", said, retry_after=60.0))
        self.count(now, caller.name)

    def count(self, at: float, name: str) -> None:
        """Count a request of a key."""
        self._lately.append((at, name))
        self._counts[name] += 1

    def recall(self, requests: Iterable[tuple[float, str]]) -> None:
        """Count the last hour's requests from before this gateway began."""
        for at, name in requests:
            self.count(at, name)

    async def welcome(self, exchange: Exchange, *, open_to_all: bool) -> Caller:
        """Who asks.

        Raises:
            Refusal: they may not.
        """
        if (problem := refuse_visitor(exchange.headers, allow_remote=self._settings.allow_remote)) is not None:
            raise Refusal(problem)
        if open_to_all:
            return ANYBODY
        offered = offered_key(exchange.headers)
        if offered is None:
            said = "rota's endpoint needs its key; `rota gateway key` shows it."
            raise Refusal(Problem(401, "no_key", said))
        caller = await self._keys.recognise(offered)
        if caller is None:
            raise Refusal(Problem(401, "wrong_key", "That is not a key of this rota; `rota gateway key` shows it."))
        if self._inside >= self._settings.max_concurrent:
            said = f"rota is serving {self._inside} requests already (gateway.max_concurrent)."
            raise Refusal(Problem(429, "too_many", said, retry_after=1.0))
        return caller

    async def serve(self, exchange: Exchange, endpoint: _Endpoint) -> None:
        """One request, from the guard to its last byte."""
        request_id = random_word()
        handler = endpoint.handlers.get("GET" if exchange.method == "HEAD" else exchange.method)
        try:
            caller = await self.welcome(exchange, open_to_all=endpoint.open_to_all)
            if handler is None:
                raise Refusal(_no_handler(exchange, endpoint))
            self._inside += 1
            try:
                await handler(exchange, caller, request_id)
            finally:
                self._inside -= 1
        except CallerGoneError:
            return
        except (RotaError, Refusal) as error:
            await self._tell(exchange, endpoint, problem_of(error, self._clock.now()) or INTERNAL, request_id)
        except Exception as error:  # noqa: BLE001 - the caller of one request must not end the others'; it is written down
            frames = traceback.extract_tb(error.__traceback__)
            where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-8:]))
            debuglog.write(Line("Gateway", f"{type(error).__name__} at {where}", level="error"))
            await self._tell(exchange, endpoint, INTERNAL, request_id)

    @staticmethod
    async def _tell(exchange: Exchange, endpoint: _Endpoint, problem: Problem, request_id: str) -> None:
        """An error with its status, or as the last event of an answer that has begun."""
        dialect = endpoint.dialect
        if exchange.ended:
            return
        if exchange.begun:
            await exchange.end(dialect.problem_event(problem))
            return
        headers = {"x-request-id": request_id, "request-id": f"req_{request_id}"}
        if problem.retry_after is not None:
            headers["retry-after"] = str(max(1, round(problem.retry_after)))
        if problem.status == 401:
            headers["www-authenticate"] = "Bearer"
        if problem.status == 405:
            headers["allow"] = endpoint.allowed
        if problem.status in FINAL:
            headers["x-should-retry"] = "false"
        await exchange.answer(dialect.status(problem), dialect.problem(problem, request_id), headers)


class _Endpoint:
    """One path, as an ASGI app."""

    def __init__(self, desk: Desk, dialect: Dialect, handlers: Mapping[str, Handler], *, open_to_all: bool) -> None:
        self.dialect = dialect
        self.handlers = handlers
        self.open_to_all = open_to_all
        self._desk = desk

    @property
    def allowed(self) -> str:
        """The methods it takes; whatever can be got can be asked for its head alone."""
        return ", ".join(self.handlers).replace("GET", "GET, HEAD")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._desk.serve(Exchange(scope, receive, send), self)


def _no_handler(exchange: Exchange, endpoint: _Endpoint) -> Problem:
    if endpoint.handlers:
        return Problem(405, "method", f"{exchange.path} takes {endpoint.allowed}, not {exchange.method}.")
    return Problem(404, "not_found", f"There is no {exchange.path} here; see /v1/models and /v1/chat/completions.")
