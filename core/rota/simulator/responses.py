"""Answers that belong to no provider: forced ones, gateway pages, and the wrapper each endpoint runs in."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from rota.simulator.calls import call_of
from rota.simulator.faults import ANYWHERE
from rota.simulator.stream import ConnectionCut, Streamed, compact

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

    from rota.simulator.faults import Fault
    from rota.simulator.world import World

Handler = Callable[["World", "Request"], Awaitable[Response]]
ANY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
MAX_BODY_BYTES = 32 * 1024 * 1024


class Refusal(Exception):
    """A handler answers with this instead of what was asked."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class CompactJSON(JSONResponse):
    """JSON as both providers write it, with the media type they give."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        return compact(content).encode()


def gateway_page(status: int) -> HTMLResponse:
    """What a proxy in front of a provider says in HTML."""
    title = {403: "Attention Required! | Cloudflare", 404: "404 Not Found"}.get(status, f"{status} Bad Gateway")
    return HTMLResponse(
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n"
        f"<body><center><h1>{title}</h1></center><hr><center>cloudflare</center></body></html>\n",
        status_code=status,
    )


def endpoint(world: World, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler as Starlette wants it: the world bound, refusals answered."""

    async def serve(request: Request) -> Response:
        try:
            return await handler(world, request)
        except Refusal as refusal:
            return refusal.response

    return serve


async def take_fault(
    world: World,
    request: Request,
    among: Collection[str] = (),
    *,
    account: str | None = None,
    model: str | None = None,
) -> Fault | None:
    """The fault forced on this request, if any; those that can happen anywhere are answered at once.

    Raises:
        Refusal: holding the answer of a fault that needs no knowledge of the endpoint.
    """
    call = call_of(request)
    fault = world.faults.take(call.provider, call.path, account, model, {*among, *ANYWHERE})
    if fault is None:
        return None
    call.fault = fault.name
    if fault.name == "slow":
        await world.clock.sleep(fault.seconds or 0.0)
        return None
    if fault.name == "cut" and "stream-error" in among and call.stream:
        return fault
    answer = _answer_anywhere(fault)
    if answer is not None:
        raise Refusal(answer)
    return fault


def _answer_anywhere(fault: Fault) -> Response | None:
    match fault.name:
        case "answer":
            body = fault.body if isinstance(fault.body, str) else compact(fault.body)
            media = "text/plain" if isinstance(fault.body, str) else "application/json"
            headers = {name.lower(): value for name, value in fault.headers.items()}
            return Response(body, fault.status or 200, headers, media_type=headers.get("content-type", media))
        case "html":
            return gateway_page(fault.status or 502)
        case "garbage":
            return Response('{"id":"msg_1","type":"mess', media_type="application/json")
        case "wrong-shape":
            return Response(json.dumps({"hello": ["world", 1, None]}), media_type="application/json")
        case "empty":
            return Response(b"", media_type="application/json")
        case "cut":
            return cut_answer()
    return None


def cut_answer() -> Response:
    """An answer whose connection breaks before its body is complete."""

    async def broken() -> AsyncGenerator[bytes]:
        yield b'{"'
        raise ConnectionCut

    return Streamed(broken(), media_type="application/json", headers={"content-length": "4096"})


async def read_json(request: Request) -> Any:
    """The body as JSON.

    Raises:
        ValueError: when it is none.
    """
    return json.loads(await request.body())
