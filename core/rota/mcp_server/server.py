"""The server: lists the tools, calls them, and turns what rota raises into MCP errors that say what to do."""

from __future__ import annotations

import json
import sys
import traceback
from typing import TYPE_CHECKING, Any

from mcp import types
from mcp.server.lowlevel import Server

from rota import __version__
from rota.errors import AllSpent, RotaError
from rota.mcp_server.stdio import over_stdio
from rota.mcp_server.tools import TOOLS, Answer, Toolbox
from rota.status import iso

if TYPE_CHECKING:
    from rota.engine import Engine

INSTRUCTIONS = (
    "rota manages the person's AI accounts. `account` and `usage` say what is left, `models` what can be asked for, "
    "`chat` asks a model through whichever account has room, `stats` says how models did. Accounts go by label."
)


async def serve(engine: Engine) -> None:
    """Serve on standard input and output until the client closes them."""
    server = make_server(engine)
    async with over_stdio() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def make_server(engine: Engine) -> Server[Any, Any]:
    """The server over an engine, apart from how messages travel."""
    server: Server[Any, Any] = Server("rota", version=__version__, instructions=INSTRUCTIONS)
    toolbox = Toolbox(engine)

    async def listed(_request: types.ListToolsRequest) -> types.ServerResult:
        return types.ServerResult(types.ListToolsResult(tools=_listed()))

    async def called(request: types.CallToolRequest) -> types.ServerResult:
        return types.ServerResult(await _called(toolbox, request.params))

    server.request_handlers[types.ListToolsRequest] = listed
    server.request_handlers[types.CallToolRequest] = called
    return server


def _listed() -> list[types.Tool]:
    return [
        types.Tool(
            name=name,
            title=tool.title,
            description=tool.description,
            inputSchema=tool.takes.model_json_schema(),
            annotations=types.ToolAnnotations(
                readOnlyHint=not tool.spends,
                destructiveHint=False,
                idempotentHint=not tool.spends,
                openWorldHint=True,
            ),
        )
        for name, tool in TOOLS.items()
    ]


async def _called(toolbox: Toolbox, params: types.CallToolRequestParams) -> types.CallToolResult:
    try:
        return _told(await toolbox.call(params.name, params.arguments or {}))
    except RotaError as error:
        return _failed(_words(error))
    except Exception as error:  # noqa: BLE001 - one failed call must not end the server; it is told on both sides
        traceback.print_exception(error, limit=-8, file=sys.stderr)
        return _failed(f"rota failed at this: {type(error).__name__}. Details are on its standard error.")


def _told(answer: Answer) -> types.CallToolResult:
    text = answer.text if answer.text is not None else json.dumps(answer.document, ensure_ascii=False)
    return types.CallToolResult(content=[_text(text)], structuredContent=answer.document)


def _failed(words: str) -> types.CallToolResult:
    return types.CallToolResult(content=[_text(words)], isError=True)


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _words(error: RotaError) -> str:
    """What failed, when it helps to come back, and what to do."""
    said = [str(error)]
    if isinstance(error, AllSpent):
        tried = "; ".join(f"{a.account_label}, {a.model}: {a.message}" for a in error.attempts)
        said += [f"Tried: {tried}."] if tried else []
        said += [f"The first is back at {iso(error.retry_at)}."] if error.retry_at is not None else []
    return " ".join([*said, error.hint] if error.hint else said)
