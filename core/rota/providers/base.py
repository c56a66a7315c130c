"""What every provider speaks: one neutral form of requests, answers, models and credentials.

A provider turns a `ChatRequest` into its own wire format and its answers into `Delta`s and a `Reply`. Anything
other than success is raised as `errors.ProviderError`, classified from fields, never from message text.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias

from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    import httpx

    from rota.account import Identity, Kind
    from rota.clock import Clock
    from rota.quota import QuotaWindow
    from rota.secret import Secret


# --- credentials ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credential:
    """What signs a request; lives in the vault as a whole."""

    kind: Kind
    secret: Secret
    """API key, access token or Puter token."""
    refresh: Secret | None = None
    expires_at: float | None = None
    """When `secret` ends, epoch seconds; None when it does not or nobody knows."""
    login_expires_at: float | None = None
    """When `refresh` ends, epoch seconds."""
    scopes: tuple[str, ...] = ()
    client_id: str | None = None
    """The OAuth client the login belongs to."""
    owner: str | None = None
    """The other tool that renews this login (`claude-code`, `opencode`, `ant`); rota then only reads it."""
    provider: str | None = None
    """The provider from another package that it belongs to; None for rota's own, which the kind tells."""


# --- requests ---------------------------------------------------------------------------------------------


class Role(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image by URL, or inline as base64."""

    url: str | None = None
    data: str | None = None
    """Base64 without a prefix."""
    media_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What the model thought aloud; `signature` lets Anthropic take it back in the next turn."""

    text: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model wants called."""

    id: str
    """The provider's; its result names it."""
    name: str
    arguments: Mapping[str, Any]
    """By the tool's JSON Schema, as far as the model kept to it."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a tool call."""

    call_id: str
    content: tuple[Text | Image, ...]
    is_error: bool = False


Part: TypeAlias = Text | Image | Reasoning | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    parts: tuple[Part, ...]

    @classmethod
    def user(cls, text: str, *beside: Part) -> Self:
        """What a person says, after what goes along with it (models read better with the question last)."""
        return cls(Role.USER, (*beside, Text(text)))

    @classmethod
    def system(cls, text: str) -> Self:
        """What holds for the whole conversation."""
        return cls(Role.SYSTEM, (Text(text),))

    @property
    def text(self) -> str:
        return "".join(p.text for p in self.parts if isinstance(p, Text))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `parameters` is its JSON Schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


class ToolChoice(StrEnum):
    """Whether the model may, must not or must call a tool."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat request in no provider's words."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | str | None = None
    """A `ToolChoice`, or the name of the one tool to call."""
    parallel_tools: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    reasoning_effort: str | None = None
    """`low`, `medium`, `high`; None leaves it to the model."""
    reasoning_tokens: int | None = None
    """Budget of thinking tokens, for models that take one."""
    metadata: Mapping[str, str] = field(default_factory=dict)


# --- answers ----------------------------------------------------------------------------------------------


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool-calls"
    CONTENT_FILTER = "content-filter"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. `input_tokens` excludes those read from or written to a cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """All that went in, cached or not (OpenAI's `prompt_tokens`)."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More of what the model thinks aloud; the signature comes at its end."""

    text: str = ""
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call; `id` and `name` come with the first piece of its `index`."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    """A fragment of the JSON text."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last delta of a whole answer. A stream that ends without one was cut: `ProviderError` is raised."""

    finish: Finish
    usage: Usage
    model: str
    """The model that answered, as the provider names it."""
    cost_usd: float | None = None
    stop_sequence: str | None = None


Delta: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta | Finished


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    parts: tuple[Part, ...]
    finish: Finish
    usage: Usage
    model: str
    cost_usd: float | None = None
    stop_sequence: str | None = None
    windows: tuple[QuotaWindow, ...] = ()
    """What the response headers said of the account's quota."""
    request_id: str | None = None

    @property
    def text(self) -> str:
        return "".join(p.text for p in self.parts if isinstance(p, Text))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(p for p in self.parts if isinstance(p, ToolCall))


class ReplyStream(Protocol):
    """An answer under way: the headers have arrived, the content comes."""

    @property
    def windows(self) -> tuple[QuotaWindow, ...]:
        """What the response headers said of the account's quota."""
        ...

    @property
    def request_id(self) -> str | None: ...

    def __aiter__(self) -> AsyncIterator[Delta]:
        """The deltas, `Finished` last.

        Raises:
            ProviderError: the provider sent an error, or the stream was cut.
        """
        ...


# --- models and usage -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a catalogue lists it. `None` is unknown."""

    id: str
    provider: str
    name: str
    context: int | None = None
    max_output: int | None = None
    input_usd: float | None = None
    """US dollars per million input tokens."""
    output_usd: float | None = None
    tools: bool | None = None
    vision: bool | None = None
    reasoning: bool | None = None
    vendor: str | None = None
    """Who runs it behind the provider (`claude`, `openrouter`)."""
    aliases: tuple[str, ...] = ()
    paid_only: bool = False

    @property
    def free(self) -> bool:
        return self.input_usd == 0 and self.output_usd == 0


@dataclass(frozen=True, slots=True)
class QuotaReport:
    """What a usage endpoint said."""

    windows: tuple[QuotaWindow, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider from another package is made with."""

    client: httpx.AsyncClient
    """Shared by all providers; not to be closed."""
    clock: Clock
    url: str | None
    """Where the person says it is: `providers.urls` of the settings."""


class Provider(Protocol):
    """One provider's wire format. Holds an HTTP client and no account: the credential comes with each call.

    Every method raises `ProviderError` for anything but success.
    """

    name: str

    async def identify(self, credential: Credential) -> Identity:
        """Ask the provider who this is; the call that proves a credential before it is kept."""
        ...

    async def models(self, credential: Credential | None) -> tuple[Model, ...]:
        """The catalogue this credential sees."""
        ...

    async def complete(self, request: ChatRequest, credential: Credential) -> Reply:
        """One whole answer."""
        ...

    def stream(self, request: ChatRequest, credential: Credential) -> AbstractAsyncContextManager[ReplyStream]:
        """An answer as it comes; leaving the context closes the connection."""
        ...

    async def usage(self, credential: Credential) -> QuotaReport | None:
        """Ask the usage endpoint; None when this kind of credential has none."""
        ...

    async def refresh(self, credential: Credential) -> Credential:
        """Spend the refresh token for its successor. Exactly one request, never retried here.

        Raises:
            ProviderError: `login-dead` only when the provider said the token itself is invalid.
        """
        ...

    async def aclose(self) -> None: ...
