"""One completion at Puter, from the credit gate to the last charge, whatever form its answer takes."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from rota.simulator.answers import Directives, Reply, compose, lorem, read_directives, split
from rota.simulator.faults import Fault
from rota.simulator.prompts import Prompt, read_prompt
from rota.simulator.puter.catalogue import COST_KEYS
from rota.simulator.puter.errors import refuse, refuse_exhausted, refuse_in_era
from rota.simulator.puter.upstream import FAULT_STATUS, refuse_upstream
from rota.simulator.stream import Pace
from rota.simulator.windows import RollingCount

if TYPE_CHECKING:
    from rota.simulator.puter.catalogue import PuterModel
    from rota.simulator.puter.state import PuterAccount
    from rota.simulator.world import World

DEFAULT_MODEL = "gpt-5-nano"
FIRST_TOKEN_SECONDS = 0.6
LIMIT_REACHED = "You have reached your AI usage limit for this account."


@dataclass(slots=True)
class Turn:
    """A completion under way: who asked which model what, and what it will say."""

    world: World
    account: PuterAccount
    model: PuterModel
    reply: Reply
    input_tokens: int
    id: str
    effect: Fault | None
    fake: bool = False
    usage_limited: bool = False
    held: float = 0.0
    _open: bool = True

    @property
    def service_used(self) -> str:
        if self.usage_limited:
            return "usage-limited-chat"
        return "fake-chat" if self.fake else self.model.provider

    @property
    def pace(self) -> Pace:
        speed = self.model.tokens_per_second * self.world.knobs.pace
        return Pace(self.world.clock, speed, FIRST_TOKEN_SECONDS)

    def usage(self) -> dict[str, Any]:
        """Tokens and cents in the keys of the model's vendor."""
        if self.fake:
            return {"input_tokens": 0, "output_tokens": 1, "usd_cents": None}
        given, made = self.input_tokens, self.reply.output_tokens
        cents = self.cost / 1e6
        match self.model.shape:
            case "claude":
                return {
                    "input_tokens": given,
                    "ephemeral_5m_input_tokens": 0,
                    "ephemeral_1h_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                    "output_tokens": made,
                    "thinking_tokens": len(self.reply.thinking),
                    "usd_cents": cents,
                }
            case "openai":
                return {
                    "prompt_tokens": given,
                    "completion_tokens": made,
                    "cached_tokens": 0,
                    "usd_cents": cents,
                }
            case "openrouter":
                return {
                    "prompt": given,
                    "completion": made,
                    "input_cache_read": 0,
                    "request": 0,
                    "usd_cents": cents,
                }

    @property
    def cost(self) -> float:
        """Microcents for the whole reply."""
        return self.input_tokens * self.model.input_cost + self.reply.output_tokens * self.model.output_cost

    def charge(self, *, said: int | None = None) -> None:
        """Meter the reply; `said` are the tokens of one that broke off, which are estimated."""
        if self.fake or self.usage_limited:
            return
        keys = COST_KEYS[self.model.shape]
        if said is not None:
            keys = ("estimated_input_tokens", "estimated_output_tokens")
        made = self.reply.output_tokens if said is None else said
        self.account.charge(
            f"{self.model.meter}:{keys[0]}", self.input_tokens, self.input_tokens * self.model.input_cost
        )
        self.account.charge(f"{self.model.meter}:{keys[1]}", made, made * self.model.output_cost)

    def release(self) -> None:
        """Give the concurrency slot and the held credits back; harmless when done twice."""
        if self._open:
            self._open = False
            self.account.running -= 1
            self.account.held -= self.held


def begin_turn(world: World, account: PuterAccount, args: Mapping[str, Any], fault: Fault | None) -> Turn:
    """Run the driver's own checks; what comes back holds a slot until it is released."""
    era = world.knobs.era
    name = str(args.get("model") or DEFAULT_MODEL)
    model = world.catalogue.find(name) or world.catalogue.hidden(name)
    if model is None or (fault is not None and fault.name == "model-not-found"):
        refuse_in_era(era, 400, f"Model not found: {name}", "bad_request", **_legacy_key(era))
    prompt = read_prompt(args)
    if model.provider != "fake-chat":
        _check_messages(args)
    orders = read_directives(prompt.last)
    blocked = account.flagged or model.id in ("fake", "abuse") or _is(fault, "fake-chat")
    if blocked and model.provider != "fake-chat":
        model = world.catalogue.hidden("fake") or model
    need = _pass_credit_gate(world, account, model, prompt)
    if model.subscriber_only and account.tier != "paid":
        _refuse_subscriber_only()
    _answer_forced(world, model, fault)
    streaming = args.get("stream") is True
    effect = fault if fault is not None else _effect(orders)
    status = _upstream_status(world, model, orders)
    if _is(fault, *FAULT_STATUS):
        status = FAULT_STATUS[fault.name] if fault is not None else None
    if status is not None:
        if not (streaming and model.shape == "claude"):
            refuse_upstream(era, model, status)
        effect = Fault("upstream-failed", status=status)
    if prompt.images and model.shape == "claude" and _has_image_url(args):
        model = _resold(model)
    reply = _reply(world, account, args, prompt, model, blocked=blocked)
    turn = Turn(
        world=world,
        account=account,
        model=model,
        reply=reply,
        input_tokens=prompt.tokens,
        id=world.word_for(f"turn/{model.id}/{json.dumps(args, sort_keys=True, default=str)}", 20),
        effect=effect,
        fake=blocked,
        usage_limited=_is(fault, "usage-limited"),
        held=need,
    )
    account.running += 1
    account.held += need
    account.calls += 1
    return turn


def _is(fault: Fault | None, *names: str) -> bool:
    return fault is not None and fault.name in names


def _legacy_key(era: str) -> dict[str, Any]:
    return {} if era == "current" else {"legacy_code": "field_invalid", "key": "model"}


def _refuse_subscriber_only() -> NoReturn:
    refuse(403, "This model is only available to subscribers", "permission_denied")


def _check_messages(args: Mapping[str, Any]) -> None:
    messages = args.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, str):
            continue
        if not isinstance(message, Mapping):
            refuse(400, "each message must be a string or an object", "bad_request")
        if "content" not in message and not message.get("tool_calls") and message.get("role") != "tool":
            refuse(400, "each message must have a 'content' property", "bad_request")


def _pass_credit_gate(world: World, account: PuterAccount, model: PuterModel, prompt: Prompt) -> float:
    """Refuse who cannot pay for the prompt; the microcents to hold otherwise."""
    if not world.knobs.metering_lags:
        account.settle()
    need = max(prompt.estimate * model.input_cost, model.minimum_credits or 1.0)
    short = account.remaining - account.held < need
    account.settle()
    if short:
        refuse_exhausted(world.knobs.era)
    return need


def _answer_forced(world: World, model: PuterModel, fault: Fault | None) -> None:
    match fault.name if fault else "":
        case "exhausted":
            refuse_exhausted(world.knobs.era)
        case "subscriber-only":
            _refuse_subscriber_only()
        case "moderation":
            refuse(400, "message is not allowed", "bad_request", errorCode="moderation_flagged")


def _upstream_status(world: World, model: PuterModel, orders: Directives) -> int | None:
    """What the model's provider answers instead of a reply, if anything."""
    if orders.status is not None and orders.status >= 400:
        return orders.status
    now = world.now()
    if world.model_limited_until.get(model.id, 0.0) > now:
        return 429
    if model.id.endswith(":free"):
        use = world.model_use.setdefault(model.id, RollingCount(60.0))
        if use.count(now) >= world.knobs.free_models_per_minute:
            return 429
        use.add(now)
    return None


def _effect(orders: Directives) -> Fault | None:
    if orders.drop:
        return Fault("drop", after=1)
    if orders.cut:
        return Fault("cut", after=1)
    return Fault("stream-error", after=1) if orders.error else None


def _has_image_url(args: Mapping[str, Any]) -> bool:
    messages = args.get("messages")
    return any(
        isinstance(part, Mapping) and "image_url" in part
        for message in (messages if isinstance(messages, list) else ())
        if isinstance(message, Mapping) and isinstance(message.get("content"), list)
        for part in message["content"]
    )


def _resold(model: PuterModel) -> PuterModel:
    """The same model by way of OpenRouter, which takes OpenAI's image parts where Claude's own route does not."""
    slug = (model.puter_id or model.id).rpartition(":")[2]
    return replace(model, id=f"openrouter:{slug}", provider="openrouter", shape="openrouter")


def _reply(
    world: World, account: PuterAccount, args: Mapping[str, Any], prompt: Prompt, model: PuterModel, *, blocked: bool
) -> Reply:
    if blocked:
        return Reply((), tuple(split(lorem(random.Random(f"{world.seed}|{prompt.last}")))), (), "end")
    wanted = args.get("max_tokens")
    limit = wanted if isinstance(wanted, int) and wanted > 0 else None
    if model.output_cost > 0:
        left = account.remaining - account.held - prompt.tokens * model.input_cost
        affordable = max(1, int(left / model.output_cost))
        limit = affordable if limit is None else min(limit, affordable)
    reasons = any(args.get(name) not in (None, "none") for name in ("reasoning_effort", "reasoning"))
    thinks = any(word in model.id for word in ("reasoner", "-r1", ":thinking"))
    return compose(
        prompt,
        model=model.id,
        seed=world.seed,
        max_tokens=limit,
        thinking=reasons or thinks,
        parallel=model.shape != "claude",
    )
