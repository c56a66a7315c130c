"""A conversation as values: what was asked of whom, what came back, and what goes along with the next question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.pool.routing import target
from rota.providers.base import ChatRequest, Message, Role, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.events import Event
    from rota.providers.base import Part
    from rota.snapshot import Snapshot
    from rota_tui.attachments import Attachment

CLIENT = "chat"
"""How the log names this chat."""

IF_LEFT = "You stopped it"
"""What the log says of an answer that was ended here: nobody else can."""

_DEFAULTS = {"anthropic": "claude-haiku-4-5", "puter": "gpt-5-nano"}
"""Small and cheap, for whoever has not chosen yet."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to ask: a model, and all accounts of its provider or a certain one."""

    model: str
    provider: str
    account_id: str | None = None
    """None: whichever the pool finds."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked."""

    text: str
    attached: tuple[Attachment, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Attachments first: models read better with the question last."""
        return (*(a.part for a in self.attached), *((Text(self.text),) if self.text else ()))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and the text of its answer."""

    question: Question
    answer: str
    replaced: bool = False
    """Asked again since: it is no longer part of what was said."""

    @property
    def counts(self) -> bool:
        return bool(self.answer.strip()) and not self.replaced


def chat_request(
    choice: Choice,
    before: Iterable[Exchange],
    question: Question,
    *,
    max_tokens: int | None = None,
    effort: str | None = None,
) -> ChatRequest:
    """The whole conversation with the question at its end. Questions that got no answer are left out."""
    messages: list[Message] = []
    for exchange in before:
        if exchange.counts:
            messages.append(Message(Role.USER, exchange.question.parts))
            messages.append(Message(Role.ASSISTANT, (Text(exchange.answer.rstrip()),)))
    messages.append(Message(Role.USER, question.parts))
    return ChatRequest(model=choice.model, messages=tuple(messages), max_tokens=max_tokens, reasoning_effort=effort)


def first_choice(snapshot: Snapshot, recent: Iterable[Event], wanted: str) -> Choice | None:
    """Whom to ask to begin with: the model of the settings, else the last one asked here, else a small one.

    None while there is no account.
    """
    present = [s.account.provider for s in snapshot.listed() if s.usable()]
    present += [s.account.provider for s in snapshot.listed()]
    if not present:
        return None
    if wanted:
        return named(wanted, present)
    for event in reversed(list(recent)):
        model = getattr(event, "requested_model", "")
        if getattr(event, "client", "") == CLIENT and model:
            provider = getattr(event, "provider", "")
            if provider in present:
                return Choice(model, provider)
    return default_choice(present[0])


def default_choice(provider: str, account_id: str | None = None) -> Choice:
    """A small model of a provider."""
    return Choice(_DEFAULTS.get(provider, ""), provider, account_id)


def named(model: str, present: list[str]) -> Choice:
    """A model by name, which may begin with its provider's."""
    found = target(model, frozenset(present))
    return Choice(found.model, found.provider)
