"""An OpenAI `chat/completions` body as a neutral request. What cannot be carried is a 400 that names the field.

Shapes after OpenAI's published schema; what real clients send is in the protocol papers.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rota.gateway.problems import bad_request, unsupported
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


class _TextPart(_Lenient):
    type: Literal["text"]
    text: str


class _RefusalPart(_Lenient):
    type: Literal["refusal"]
    refusal: str


class _ImageUrl(_Lenient):
    url: str


class _ImagePart(_Lenient):
    type: Literal["image_url"]
    image_url: _ImageUrl | str


class _OtherPart(_Lenient):
    type: Literal["input_audio", "file", "video_url"]


_Part = Annotated[_TextPart | _RefusalPart | _ImagePart | _OtherPart, Field(discriminator="type")]


class _Function(_Lenient):
    name: str
    arguments: str = ""


class _Call(_Lenient):
    id: str
    type: Literal["function"] = "function"
    function: _Function


class _Message(_Lenient):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    """What several compatible servers call the reasoning of an earlier turn."""


class _ToolFunction(_Lenient):
    name: str = Field(min_length=1, max_length=128)
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Tool(_Lenient):
    type: Literal["function"]
    function: _ToolFunction


class _NamedFunction(_Lenient):
    name: str


class _NamedTool(_Lenient):
    type: Literal["function"]
    function: _NamedFunction


class _StreamOptions(_Lenient):
    include_usage: bool | None = None


class _ResponseFormat(_Lenient):
    type: str


class Body(_Lenient):
    """The fields that rota reads; the others are looked at in `_refuse_the_rest`."""

    model: str = Field(min_length=1)
    messages: list[_Message] = Field(min_length=1)
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: list[_Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | _NamedTool | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop: str | list[str] | None = None
    reasoning_effort: str | None = None
    response_format: _ResponseFormat | None = None
    n: int | None = None
    user: str | None = None
    prompt_cache_key: str | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether the stream ends with a usage chunk."""
        return self.stream_options is not None and self.stream_options.include_usage is True


_HARMLESS = frozenset(
    {"metadata", "store", "service_tier", "safety_identifier", "prompt_cache_retention", "verbosity"}
)
"""Said to OpenAI about bookkeeping or taste; an answer without them is still the answer that was asked for."""

_HARMLESS_VALUES: dict[str, tuple[object, ...]] = {
    "frequency_penalty": (0, 0.0),
    "presence_penalty": (0, 0.0),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "modalities": (["text"],),
    "functions": ([],),
}
"""Values at which fields that change the answer do not; null is one of each."""

_DATA_URL = re.compile(r"^data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>[A-Za-z0-9+/=\s]+)$")


def parse(raw: bytes) -> Body:
    """The body, checked.

    Raises:
        Refusal: 400, with the field at fault.
    """
    try:
        body = Body.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or None
        raise bad_request(f"{where + ': ' if where else ''}{first['msg']}", where) from None
    _refuse_the_rest(body)
    return body


def to_chat(body: Body) -> ChatRequest:
    """The neutral request.

    Raises:
        Refusal: 400, when something in it has no neutral form.
    """
    return ChatRequest(
        model=body.model,
        messages=tuple(_message(m, f"messages.{i}") for i, m in enumerate(body.messages)),
        tools=tuple(
            Tool(t.function.name, t.function.description or "", t.function.parameters or {"type": "object"})
            for t in body.tools or ()
        ),
        tool_choice=_choice(body),
        parallel_tools=body.parallel_tool_calls,
        max_tokens=body.max_completion_tokens or body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        reasoning_effort=body.reasoning_effort,
        metadata={"user": body.user} if body.user else {},
    )


def _refuse_the_rest(body: Body) -> None:
    """Fields that change the answer are carried or refused; so are those that nobody knows, as OpenAI does it."""
    if body.n not in (None, 1):
        raise unsupported("More than one choice (n)", "n")
    if body.response_format is not None and body.response_format.type != "text":
        raise unsupported(f"The response_format {body.response_format.type}", "response_format")
    for name, value in (body.model_extra or {}).items():
        if value is not None and name not in _HARMLESS and value not in _HARMLESS_VALUES.get(name, ()):
            raise unsupported(f"The field {name}", name)


def _choice(body: Body) -> ToolChoice | str | None:
    if isinstance(body.tool_choice, _NamedTool):
        return body.tool_choice.function.name
    return ToolChoice(body.tool_choice) if body.tool_choice is not None else None


def _message(message: _Message, where: str) -> Message:
    if message.role == "tool":
        if not message.tool_call_id:
            raise bad_request(f"{where}: a tool message needs its tool_call_id", f"{where}.tool_call_id")
        content = tuple(p for p in _parts(message.content, where) if isinstance(p, Text | Image))
        return Message(Role.TOOL, (ToolResult(message.tool_call_id, content),))
    role = Role.SYSTEM if message.role == "developer" else Role(message.role)
    parts: list[Part] = []
    if message.reasoning_content:
        parts.append(Reasoning(message.reasoning_content))
    parts += _parts(message.content, where)
    parts += [_call(c, f"{where}.tool_calls.{i}") for i, c in enumerate(message.tool_calls or ())]
    if not parts and message.role != "assistant":
        raise bad_request(f"{where}: the message has no content", f"{where}.content")
    return Message(role, tuple(parts))


def _parts(content: str | list[_Part] | None, where: str) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [_part(p, f"{where}.content.{i}") for i, p in enumerate(content)]


def _part(part: _Part, where: str) -> Part:
    match part:
        case _TextPart(text=text):
            return Text(text)
        case _RefusalPart(refusal=refusal):
            return Text(refusal)
        case _ImagePart(image_url=image):
            return _image(image if isinstance(image, str) else image.url, where)
        case _OtherPart(type=kind):
            raise unsupported(f"A part of type {kind}", where)


def _image(url: str, where: str) -> Image:
    if match := _DATA_URL.match(url):
        return Image(data="".join(match["data"].split()), media_type=match["type"])
    if url.startswith(("https://", "http://")):
        return Image(url=url)
    raise bad_request(f"{where}: an image is an http(s) address or a base64 data address", f"{where}.image_url.url")


def _call(call: _Call, where: str) -> ToolCall:
    try:
        arguments = json.loads(call.function.arguments or "{}")
    except ValueError:
        raise bad_request(f"{where}: the arguments are not JSON", f"{where}.function.arguments") from None
    if not isinstance(arguments, dict):
        raise bad_request(f"{where}: the arguments are not a JSON object", f"{where}.function.arguments")
    return ToolCall(call.id, call.function.name, arguments)
