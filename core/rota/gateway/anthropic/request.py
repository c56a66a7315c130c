"""An Anthropic `messages` body as a neutral request, for when another provider serves it.

When Anthropic itself serves, nothing here is used but `parse_head`: the bytes go through as they came.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from rota.gateway.problems import bad_request, unsupported
from rota.pool.sticky import opening_of
from rota.providers.base import (
    ChatRequest,
    Image,
    Message,
    Part,
    Reasoning,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class _TextBlock(_Lenient):
    type: Literal["text"]
    text: str


class _Source(_Lenient):
    type: Literal["base64", "url"]
    media_type: str = "image/png"
    data: str | None = None
    url: str | None = None


class _ImageBlock(_Lenient):
    type: Literal["image"]
    source: _Source


class _ThinkingBlock(_Lenient):
    type: Literal["thinking"]
    thinking: str
    signature: str | None = None


class _RedactedBlock(_Lenient):
    type: Literal["redacted_thinking"]


class _ToolUseBlock(_Lenient):
    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]


class _ToolResultBlock(_Lenient):
    type: Literal["tool_result"]
    tool_use_id: str
    content: str | list[Annotated[_TextBlock | _ImageBlock, Field(discriminator="type")]] | None = None
    is_error: bool = False


class _OtherBlock(_Lenient):
    type: Literal["document", "search_result", "server_tool_use", "web_search_tool_result", "container_upload"]


_Block = Annotated[
    _TextBlock | _ImageBlock | _ThinkingBlock | _RedactedBlock | _ToolUseBlock | _ToolResultBlock | _OtherBlock,
    Field(discriminator="type"),
]


class _Message(_Lenient):
    role: Literal["user", "assistant", "system"]
    content: str | list[_Block]


class _Tool(_Lenient):
    name: str = Field(min_length=1)
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] = Field(default_factory=lambda: {"type": "object"})


class _ToolChoice(_Lenient):
    type: Literal["auto", "any", "none", "tool"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Thinking(_Lenient):
    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: int | None = None


class _OutputConfig(_Lenient):
    effort: str | None = None


class Head(BaseModel):
    """What routing needs of a body, whoever serves it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str = Field(min_length=1)
    stream: bool | None = None
    metadata: dict[str, Any] | None = None


class Body(Head):
    """The fields that rota carries to another provider."""

    model_config = ConfigDict(extra="allow", frozen=True)

    messages: list[_Message] = Field(min_length=1)
    max_tokens: int = Field(ge=1)
    system: str | list[_TextBlock] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _ToolChoice | None = None
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop_sequences: list[str] | None = None
    thinking: _Thinking | None = None
    output_config: _OutputConfig | None = None


_H = TypeVar("_H", bound=Head)

_HINTS = frozenset(
    {"cache_control", "context_management", "service_tier", "betas", "inference_geo", "speed", "user_profile_id"}
)
"""About cost and place: an answer without them is still the answer that was asked for."""


def parse_head(raw: bytes) -> Head:
    """What routing needs; anything else in the body is the provider's to judge."""
    return _checked(Head, raw)


def parse(raw: bytes) -> Body:
    """The whole body, checked.

    Raises:
        Refusal: 400, with the field at fault.
    """
    body = _checked(Body, raw)
    _refuse(body, "")
    if body.output_config is not None:
        _refuse(body.output_config, "output_config.")
    return body


def _refuse(model: BaseModel, where: str) -> None:
    """Refuse what is neither carried nor a hint, as Anthropic refuses what it does not know."""
    for name, value in (model.model_extra or {}).items():
        if value is not None and name not in _HINTS:
            raise unsupported(f"The field {where}{name}", where + name)


def opening(raw: bytes) -> str:
    """How the conversation begins, read as it stands, nothing checked.

    Bodies that pass through may hold what only Anthropic understands.
    """
    body = from_json(raw)
    said = body.get("messages")
    first = next((m for m in said if isinstance(m, dict) and m.get("role") == "user"), None) if said else None
    if first is None:
        return ""
    system = Message(Role.SYSTEM, (Text(_texts(body.get("system"))),))
    return opening_of((system, Message(Role.USER, (Text(_texts(first.get("content"))),))))


def _texts(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(block.get("text", "")) for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


def to_chat(body: Body) -> ChatRequest:
    """The neutral request.

    Raises:
        Refusal: 400, when something in it has no neutral form.
    """
    messages: list[Message] = []
    if body.system:
        text = body.system if isinstance(body.system, str) else "\n\n".join(b.text for b in body.system)
        messages.append(Message(Role.SYSTEM, (Text(text),)))
    for index, message in enumerate(body.messages):
        messages += _messages(message, f"messages.{index}")
    thinking = body.thinking if body.thinking is not None and body.thinking.type != "disabled" else None
    effort = body.output_config.effort if body.output_config is not None else None
    if thinking is not None and thinking.type == "adaptive":
        effort = effort or "medium"
    return ChatRequest(
        model=body.model,
        messages=tuple(messages),
        tools=tuple(_tool(t, f"tools.{i}") for i, t in enumerate(body.tools or ())),
        tool_choice=_choice(body.tool_choice),
        parallel_tools=_parallel(body.tool_choice),
        max_tokens=body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        stop=tuple(body.stop_sequences or ()),
        reasoning_effort=effort if thinking is not None else None,
        reasoning_tokens=thinking.budget_tokens if thinking is not None else None,
    )


def _checked(model: type[_H], raw: bytes) -> _H:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or None
        raise bad_request(f"{where + ': ' if where else ''}{first['msg']}", where) from None


def _tool(tool: _Tool, where: str) -> Tool:
    if tool.type not in (None, "custom"):
        raise unsupported(f"Anthropic's own tool {tool.type}", where)
    return Tool(tool.name, tool.description or "", tool.input_schema)


def _choice(choice: _ToolChoice | None) -> ToolChoice | str | None:
    if choice is None:
        return None
    if choice.type == "tool":
        if not choice.name:
            raise bad_request("tool_choice.name: which tool?", "tool_choice.name")
        return choice.name
    return {"auto": ToolChoice.AUTO, "any": ToolChoice.REQUIRED, "none": ToolChoice.NONE}[choice.type]


def _parallel(choice: _ToolChoice | None) -> bool | None:
    if choice is None or choice.disable_parallel_tool_use is None:
        return None
    return not choice.disable_parallel_tool_use


def _messages(message: _Message, where: str) -> list[Message]:
    """One message; a user's tool results come first, as messages of their own."""
    role = Role(message.role)
    if isinstance(message.content, str):
        return [Message(role, (Text(message.content),))]
    results: list[Message] = []
    parts: list[Part] = []
    for index, block in enumerate(message.content):
        part = _part(block, f"{where}.content.{index}")
        if isinstance(part, ToolResult):
            results.append(Message(Role.TOOL, (part,)))
        elif part is not None:
            parts.append(part)
    return [*results, Message(role, tuple(parts))] if parts or not results else results


def _part(block: _Block, where: str) -> Part | None:
    match block:
        case _TextBlock(text=text):
            return Text(text)
        case _ImageBlock(source=source):
            return _image(source, where)
        case _ThinkingBlock(thinking=thinking, signature=signature):
            return Reasoning(thinking, signature or None)  # unsigned ones came to the caller with an empty one
        case _RedactedBlock():
            return None  # sealed for Anthropic's eyes: no other provider can read it
        case _ToolUseBlock(id=call_id, name=name, input=arguments):
            return ToolCall(call_id, name, arguments)
        case _ToolResultBlock(tool_use_id=call_id, content=content, is_error=is_error):
            return ToolResult(call_id, _result(content, where), is_error)
        case _OtherBlock(type=kind):
            raise unsupported(f"A block of type {kind}", where)


def _result(content: str | list[_TextBlock | _ImageBlock] | None, where: str) -> tuple[Text | Image, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    return tuple(Text(b.text) if isinstance(b, _TextBlock) else _image(b.source, where) for b in content)


def _image(source: _Source, where: str) -> Image:
    if source.type == "url" and source.url:
        return Image(url=source.url)
    if source.type == "base64" and source.data:
        return Image(data=source.data, media_type=source.media_type)
    raise bad_request(f"{where}: the image's source is incomplete", f"{where}.source")
