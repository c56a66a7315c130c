"""The gateway's routes: what each path does, behind the guard, with every error in the caller's dialect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rota.codec import encode
from rota.errors import ProviderError, UnknownModel
from rota.gateway import models as listing
from rota.gateway.conversation import Conversations, not_a_model
from rota.gateway.desk import Desk
from rota.gateway.dialects import ANTHROPIC, OPENAI
from rota.gateway.directory import Directory
from rota.gateway.door import HEALTH, tell_health
from rota.gateway.exchange import EVENTS
from rota.gateway.metrics import CONTENT_TYPE
from rota.gateway.names import PROVIDERS
from rota.gateway.problems import Problem, Refusal, unsupported
from rota.gateway.upstream import Call
from rota.pool.ask import Ask
from rota.status import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from rota.catalogue import Catalogue
    from rota.clock import Clock
    from rota.gateway.dialects import Dialect
    from rota.gateway.exchange import Exchange
    from rota.gateway.keys import Caller, Keys
    from rota.gateway.metrics import Metrics
    from rota.hub import Subscription
    from rota.journal import Journal
    from rota.pool.pool import Pool
    from rota.settings import Settings

MODEL = "/v1/models/"
"""Before the name of one model."""


class Service:
    """What the gateway does, as an ASGI app (`app`)."""

    def __init__(
        self,
        *,
        journal: Journal,
        pool: Pool,
        catalogue: Catalogue,
        keys: Keys,
        metrics: Metrics,
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        """
        Args:
            settings: gives them as they are now; those of the gateway itself hold from its start.
        """
        begin = settings()
        self._journal = journal
        self._metrics = metrics
        self._settings = settings
        self._clock = clock
        self._conversations = Conversations(pool, journal, clock, begin.gateway.hold_seconds)
        self._listeners: set[Subscription] = set()
        self.directory = Directory(catalogue, journal, begin.catalogue, clock)
        self.desk = Desk(keys, begin.gateway, clock)
        endpoint = self.desk.endpoint
        self._endpoints = {
            HEALTH: endpoint(OPENAI, {"GET": self._health}, open_to_all=True),
            "/v1/chat/completions": endpoint(OPENAI, {"POST": self._chat}),
            "/v1/messages": endpoint(ANTHROPIC, {"POST": self._messages}),
            "/v1/messages/count_tokens": endpoint(ANTHROPIC, {"POST": self._count}),
            "/v1/models": endpoint(OPENAI, {"GET": self._models}),
            "/rota/status": endpoint(OPENAI, {"GET": self._status}),
            "/rota/events": endpoint(OPENAI, {"GET": self._events}),
            "/metrics": endpoint(OPENAI, {"GET": self._metric}),
        }
        self._model_endpoint = endpoint(OPENAI, {"GET": self._model})
        self._nothing = endpoint(OPENAI, {}, open_to_all=True)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI app."""
        if scope["type"] != "http":
            return
        # A look-up in place of Starlette's routes, which try one pattern after another.
        path: str = scope["path"]
        found = self._endpoints.get(path)
        if found is None:
            found = self._model_endpoint if path.startswith(MODEL) else self._nothing
        await found(scope, receive, send)

    async def aclose(self) -> None:
        """End what would never end by itself."""
        for listener in self._listeners:
            listener.close()
        await self.directory.aclose()

    # --- models' answers ----------------------------------------------------------------------------------

    async def _chat(self, exchange: Exchange, caller: Caller, request_id: str) -> None:
        await self._converse(exchange, caller, request_id, OPENAI)

    async def _messages(self, exchange: Exchange, caller: Caller, request_id: str) -> None:
        await self._converse(exchange, caller, request_id, ANTHROPIC)

    async def _count(self, exchange: Exchange, caller: Caller, request_id: str) -> None:
        await self._converse(exchange, caller, request_id, ANTHROPIC, counting=True)

    async def _converse(
        self, exchange: Exchange, caller: Caller, request_id: str, dialect: Dialect, *, counting: bool = False
    ) -> None:
        raw = await self.desk.body(exchange)
        parsed = dialect.parse(raw, exchange.headers)
        names = await self.directory.names()
        model = names.resolve(parsed.model)
        if counting and not model.startswith("anthropic/"):
            raise unsupported("Counting tokens", "model")
        self.desk.admit(caller, parsed.model, model)
        listed = names.model(model) is not None
        call = Call(exchange, dialect, parsed, raw, request_id, self._clock.now(), listed)
        ask = Ask(model=model, session=parsed.session, client=caller.name, request_id=request_id)
        if counting or not self._may_fall_back(exchange, caller, model):
            ask = replace(ask, fallback=False)
        headers = {"x-request-id": request_id, "request-id": f"req_{request_id}"}
        try:
            await exchange.while_there(self._conversations.serve(call, ask, headers))
        except ProviderError as error:
            if exchange.begun or not not_a_model(call, error):
                raise
            raise UnknownModel(parsed.model, names.nearest(parsed.model)) from error

    def _may_fall_back(self, exchange: Exchange, caller: Caller, model: str) -> bool:
        """Whether another model may answer: the caller may forbid it, its key must allow them all."""
        if exchange.headers.get("x-rota-fallback", "").lower() in ("off", "no", "false", "0"):
            return False
        if not caller.models:
            return True
        provider = model.partition("/")[0]
        chain = self._settings().pool.fallback_models.get(provider, ())
        return all(caller.may_ask(name if _has_provider(name) else f"{provider}/{name}") for name in chain)

    # --- looking ------------------------------------------------------------------------------------------

    async def _health(self, exchange: Exchange, _caller: Caller, _request_id: str) -> None:
        await tell_health(exchange)

    async def _models(self, exchange: Exchange, caller: Caller, _request_id: str) -> None:
        names = await self.directory.names()
        models = [m for m in names.models if caller.may_ask(m.id, f"{m.provider}/{m.id}")]
        now = self._clock.now()
        if "anthropic-version" in exchange.headers:
            await exchange.answer_json(200, listing.anthropic_list(models, now), {})
        else:
            known = self._settings().catalogue.aliases
            aliases = [a for a, place in known.items() if caller.may_ask(a, place)]
            await exchange.answer_json(200, listing.openai_list(models, aliases, now), {})

    async def _model(self, exchange: Exchange, caller: Caller, _request_id: str) -> None:
        asked = exchange.path.removeprefix(MODEL)
        names = await self.directory.names()
        resolved = names.resolve(asked)
        self.desk.allow(caller, asked, resolved)
        model = names.model(resolved)
        if model is None:
            raise UnknownModel(asked, names.nearest(asked))
        form = listing.anthropic_model if "anthropic-version" in exchange.headers else listing.openai_model
        await exchange.answer_json(200, form(model, self._clock.now(), asked), {})

    async def _status(self, exchange: Exchange, _caller: Caller, _request_id: str) -> None:
        from rota.pool.rules import rules_of
        from rota.pool.strategy import next_up

        snapshot, now = self._journal.snapshot, self._clock.now()
        served_next = next_up(snapshot, rules_of(self._settings()), now)
        await exchange.answer_json(200, document(snapshot, now, served_next), {})

    async def _events(self, exchange: Exchange, _caller: Caller, _request_id: str) -> None:
        if not exchange.in_pieces:
            raise Refusal(Problem(400, "http_version", "Live events need HTTP/1.1."))
        await exchange.begin(200, {"content-type": EVENTS, "cache-control": "no-cache"})
        if exchange.method == "HEAD":
            await exchange.end()
        else:
            await exchange.while_there(self._tell(exchange))

    async def _tell(self, exchange: Exchange) -> None:
        await exchange.write(b": rota events\n\n")
        with self._journal.subscribe() as batches:
            self._listeners.add(batches)
            try:
                await self._tell_all(exchange, batches)
            finally:
                self._listeners.discard(batches)
        await exchange.end()

    @staticmethod
    async def _tell_all(exchange: Exchange, batches: Subscription) -> None:
        async for batch in batches:
            if batch.dropped:
                await exchange.write(f": {batch.dropped} events were dropped\n\n".encode())
            for event in batch.events:
                kind, body = encode(event)
                await exchange.write(f"event: {kind}\nid: {event.id}\ndata: {body}\n\n".encode())

    async def _metric(self, exchange: Exchange, _caller: Caller, _request_id: str) -> None:
        text = self._metrics.text(self._journal.snapshot, self._clock.now())
        await exchange.answer(200, text.encode(), {}, CONTENT_TYPE)


def _has_provider(name: str) -> bool:
    return name.partition("/")[0] in PROVIDERS
