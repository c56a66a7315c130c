"""What the five tools do: each reads its arguments, asks the engine, and gives plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rota.default_model import default_model
from rota.documents import attempt_document, models_document, stats_document, usage_document
from rota.errors import NothingConfigured, UsageError
from rota.mcp_server import inputs
from rota.mcp_server.images import image_at, image_in
from rota.pool.ask import Ask
from rota.pool.rules import rules_of
from rota.pool.strategy import next_up
from rota.providers.base import ChatRequest, Message, Part, Reasoning, Role, Text
from rota.quota import Unit
from rota.stats import KINDS, per_model
from rota.status import account_document

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from rota.engine import Engine
    from rota.pool.ask import Served
    from rota.snapshot import AccountState

REACH = 20_000
"""Requests looked at for figures: enough for the last 200 of every model that is in use."""

PER_DOLLAR = {Unit.MICROCENTS.value: 1e8, Unit.USD_CENTS.value: 100.0}
"""How many of a unit are a dollar; Puter's credits are none: nobody outside knows what one is worth."""

PRIVATE = ("email", "organization", "number", "id")
"""Of an account: who its owner is, and what only rota's own commands need."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool gives back."""

    text: str | None
    """What the client's model reads; None: the document itself."""
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as clients see it, and what it does."""

    title: str
    description: str
    takes: type[inputs.Input]
    call: Callable[[Toolbox, Any], Awaitable[Answer]]
    spends: bool = False
    """Whether it asks a model and so takes quota."""


class Toolbox:
    """The tools over one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counted_from = 0.0

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Answer:
        """Call a tool by name.

        Raises:
            RotaError: whatever keeps it from being done, saying what to do.
        """
        tool = TOOLS.get(name)
        if tool is None:
            raise UsageError(f"There is no tool called {name}.", hint=f"There are {', '.join(TOOLS)}.")
        return await tool.call(self, inputs.read(tool.takes, arguments))

    async def chat(self, given: inputs.Chat) -> Answer:
        """Ask a model."""
        engine = self._engine
        only = engine.find(given.account).account if given.account else None
        settings = engine.settings.chat
        model = given.model or default_model(
            engine.snapshot, provider=only.provider if only else None, chosen=settings.model
        )
        parts: list[Part] = [Text(given.message)]
        if given.image_url:
            parts.append(image_at(given.image_url))
        if given.file_path:
            parts.append(image_in(given.file_path))
        messages = [Message(Role.USER, tuple(parts))]
        if given.system:
            messages.insert(0, Message(Role.SYSTEM, (Text(given.system),)))
        request = ChatRequest(
            model=model,
            messages=tuple(messages),
            max_tokens=given.max_tokens or settings.max_tokens,
            temperature=given.temperature,
        )
        ask = Ask(
            model=model,
            provider=only.provider if only else None,
            account_id=only.id if only else None,
            client="mcp",
            fallback=None if given.fallback else False,
        )
        served = await engine.chat(request, ask)
        return Answer(served.reply.text, self._served(served))

    def _served(self, served: Served) -> dict[str, Any]:
        reply, story = served.reply, served.story
        return {
            "text": reply.text,
            "reasoning": "".join(p.text for p in reply.parts if isinstance(p, Reasoning)) or None,
            "finish": reply.finish.value,
            "model": reply.model,
            "provider": story.provider,
            "requested_model": story.requested_model,
            "account": self._engine.snapshot.accounts[story.account_id].account.label,
            "request_id": story.request_id,
            "usage": {"input_tokens": story.input_tokens, "output_tokens": story.output_tokens},
            "cost_usd": story.cost_usd,
            "duration_s": story.duration,
            "attempts": [_without_id(attempt_document(a)) for a in story.attempts],
        }

    async def models(self, given: inputs.Models) -> Answer:
        """What can be asked for."""
        self._accounts(None)
        listed = await self._engine.models()
        wanted = (given.provider or "").casefold()
        exact = any(model.provider == wanted for model in listed)
        found = [
            model
            for model in listed
            if (model.free or not given.free)
            and (model.provider == wanted if exact else wanted in f"{model.provider}/{model.id}".casefold())
        ]
        problems = (await self._engine.services()).catalogue.problems
        document = models_document(found[: given.limit], problems)
        return Answer(None, {**document, "total": len(found)})

    async def account(self, given: inputs.Account) -> Answer:
        """Who serves, what is left, who is next."""
        snapshot, now = self._engine.snapshot, self._engine.clock.now()
        states = self._accounts(given.account)
        served_next = next_up(snapshot, rules_of(self._engine.settings), now)
        accounts = []
        for state in states:
            is_next = served_next[state.account.provider] == state.id
            held = account_document(snapshot, state, 0, now, is_next=is_next)
            shown = {key: value for key, value in held.items() if key not in PRIVATE}
            accounts.append({**shown, "windows": _with_dollars(held["windows"])})
        return Answer(None, {"schema": 1, "accounts": accounts})

    async def usage(self, given: inputs.Usage) -> Answer:
        """Every quota window, and on request new figures."""
        engine = self._engine
        states = self._accounts(given.account)
        if given.account is None and not given.all:
            in_use = {choice.account_id for choice in engine.snapshot.active.values()}
            states = [s for s in states if s.id in in_use] or states
        problems: dict[str, str] = {}
        if given.refresh:
            for state in states:
                if problem := await engine.refresh_usage(state.id):
                    problems[state.id] = problem
            states = [s for each in states if (s := engine.snapshot.account(each.id)) is not None]
        document = usage_document(states, engine.clock.now(), problems)
        accounts = [{**_without_id(a), "windows": _with_dollars(a["windows"])} for a in document["accounts"]]
        return Answer(None, {**document, "accounts": accounts})

    async def stats(self, given: inputs.Stats) -> Answer:
        """Latency, speed and errors per model."""
        engine, now = self._engine, self._engine.clock.now()
        if given.reset:
            self._counted_from = now
        events = await engine.journal.ask(lambda log: log.recent(REACH, kinds=KINDS))
        counted = [event for event in events if event.at >= self._counted_from]
        wanted = (given.model or "").casefold()
        found = per_model(counted, most=engine.settings.stats.max_samples)
        return Answer(None, stats_document([s for s in found if wanted in f"{s.provider}/{s.model}".casefold()], now))

    def _accounts(self, name: str | None) -> list[AccountState]:
        if name is not None:
            return [self._engine.find(name)]
        listed = list(self._engine.snapshot.listed())
        if not listed:
            raise NothingConfigured("There is no account yet.")
        return listed


def _without_id(held: dict[str, Any]) -> dict[str, Any]:
    """Clients name accounts by label."""
    if isinstance(held.get("account"), dict):
        return {**held, "account": held["account"]["label"]}
    return {key: value for key, value in held.items() if key != "id"}


def _with_dollars(windows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Windows that count money say it in dollars too, as people do."""
    return [{**window, "dollars": _dollars(window)} for window in windows]


def _dollars(window: dict[str, Any]) -> dict[str, float | None] | None:
    one = PER_DOLLAR.get(window["unit"])
    if one is None:
        return None
    used, limit = (value / one if (value := window[name]) is not None else None for name in ("used", "limit"))
    left = max(0.0, limit - used) if used is not None and limit is not None else None
    return {"used": used, "limit": limit, "left": left}


TOOLS = {
    "models": Tool(
        "Models",
        "Lists the models that the person's AI accounts can serve: context, prices in US dollars per million tokens, "
        "what each can do, which are free.",
        inputs.Models,
        Toolbox.models,
    ),
    "account": Tool(
        "Accounts",
        "Shows the person's AI accounts: plan, health, cooldown, quota windows, which is in use and which is next.",
        inputs.Account,
        Toolbox.account,
    ),
    "chat": Tool(
        "Chat",
        "Asks another model one thing through the person's AI accounts and gives its answer. Takes quota or money of "
        "theirs. When an account or model cannot serve, rota moves to the next.",
        inputs.Chat,
        Toolbox.chat,
        spends=True,
    ),
    "usage": Tool(
        "Usage",
        "Shows what is used and left of every quota window of the accounts in use: resets, money, source and age.",
        inputs.Usage,
        Toolbox.usage,
    ),
    "stats": Tool(
        "Statistics",
        "Shows latency, speed, tokens and errors per model, from the requests that rota served.",
        inputs.Stats,
        Toolbox.stats,
    ),
}
"""By name, in the order they are listed."""
