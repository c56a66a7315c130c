"""A neutral chat request as the arguments of Puter's `complete`.

What the server does with them (`drivers/ai-chat/utils/Messages.js`, `providers/claude/ClaudeProvider.ts`) decides the
form here:

- `tool_calls` beside text are passed to some vendors unconverted and their arguments encoded twice, so a tool call
  goes out as a `tool_use` content block with its input as an object, the one form every vendor's path handles;
- only the first system message reaches Claude, so there is one;
- a message with empty content is refused, so empty ones stay behind;
- thinking blocks and `image` blocks reach Claude as they are, and only Claude knows them.
"""

from __future__ import annotations

from typing import Any

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
from rota.providers.puter.catalogue import is_claude

INTERFACE = "puter-chat-completion"
DRIVER = "ai-chat"

_EFFORT_BUDGETS = (("low", 2_048), ("medium", 6_144))
"""Thinking budgets up to which an effort is meant; Puter turns efforts into 1024, 4096 and 8192 tokens."""


def call(request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """The body of `POST /drivers/call`."""
    arguments = {
        "model": request.model,
        "messages": messages(request),
        "stream": True if stream else None,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _choice(request.tool_choice) if request.tools else None,
        "parallel_tool_calls": request.parallel_tools if request.tools else None,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "reasoning_effort": request.reasoning_effort or _effort(request.reasoning_tokens),
    }
    given = {name: value for name, value in arguments.items() if value is not None}
    return {"interface": INTERFACE, "driver": DRIVER, "method": "complete", "args": given}


def messages(request: ChatRequest) -> list[dict[str, Any]]:
    """The conversation, what the system says first and in one piece."""
    claude = is_claude(request.model)
    system = "\n\n".join(m.text for m in request.messages if m.role is Role.SYSTEM and m.text)
    written: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for message in request.messages:
        if message.role is not Role.SYSTEM:
            written += _turn(message, claude=claude)
    return written


def _turn(message: Message, *, claude: bool) -> list[dict[str, Any]]:
    """One message as Puter's one or several: each tool result is a message of its own, before what else was said."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    written: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": result.call_id, "content": _result_text(result)} for result in results
    ]
    # A tool result is text for Puter, so the images of one follow as the user's.
    images = [part for result in results for part in result.content if isinstance(part, Image)]
    blocks = [_block(part, claude=claude) for part in (*images, *message.parts)]
    content = [block for block in blocks if block is not None]
    if content:
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        written.append({"role": role, "content": _shortest(content)})
    return written


def _block(part: Part, *, claude: bool) -> dict[str, Any] | None:
    """A part as a content block; None for what cannot or need not be said."""
    match part:
        case Text(text):
            return {"type": "text", "text": text} if text else None
        case Image():
            return _image(part, claude=claude)
        case ToolCall(id_, name, arguments):
            return {"type": "tool_use", "id": id_, "name": name, "input": dict(arguments)}
        case Reasoning(text, signature):
            # Anthropic takes thinking back only when signed, and nobody else takes it at all.
            signed = claude and signature is not None
            return {"type": "thinking", "thinking": text, "signature": signature} if signed else None
        case ToolResult():
            return None


def _image(image: Image, *, claude: bool) -> dict[str, Any] | None:
    data = f"data:{image.media_type};base64,{image.data}" if image.data else None
    url = image.url or data
    if url is None:
        return None
    if not claude:
        return {"type": "image_url", "image_url": {"url": url}}
    if image.data:
        return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": image.data}}
    return {"type": "image", "source": {"type": "url", "url": url}}


def _shortest(content: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """A lone text goes as a string, the form that every server age takes."""
    if len(content) == 1 and content[0]["type"] == "text":
        text: str = content[0]["text"]
        return text
    return content


def _result_text(result: ToolResult) -> str:
    """A tool's answer as text. Puter refuses an empty one, and has no field for a failed one."""
    text = "".join(part.text for part in result.content if isinstance(part, Text))
    return text or ("The tool failed without a message." if result.is_error else "(no output)")


def _tool(tool: Tool) -> dict[str, Any]:
    schema = dict(tool.parameters) or {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice | str | None) -> str | dict[str, Any] | None:
    if choice is None or isinstance(choice, ToolChoice):
        return None if choice is None else choice.value
    return {"type": "function", "function": {"name": choice}}


def _effort(tokens: int | None) -> str | None:
    """An effort for a budget of thinking tokens, which Puter cannot be given."""
    if not tokens:
        return None
    return next((effort for effort, most in _EFFORT_BUDGETS if tokens <= most), "high")
