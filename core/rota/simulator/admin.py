"""Routes under `/_sim/`: look at the simulated world, set it, force answers, read what was called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from rota.simulator.calls import as_json
from rota.simulator.credentials import credentials_of, refreshes_of
from rota.simulator.faults import FAULTS, UnknownFault, fault_from
from rota.simulator.knobs import UnknownKnob
from rota.simulator.report import state_of
from rota.simulator.responses import read_json
from rota.simulator.settings import UnknownSetting, set_account, set_model

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from rota.simulator.world import World


def admin_routes(world: World) -> list[BaseRoute]:
    def route(path: str, method: str, handler: Callable[[World, Request], Awaitable[Any]]) -> Route:
        async def serve(request: Request) -> Response:
            try:
                return JSONResponse(await handler(world, request))
            except (UnknownFault, UnknownKnob, UnknownSetting) as error:
                return JSONResponse({"error": str(error)}, 400)
            except ValueError:
                return JSONResponse({"error": "the body is not JSON"}, 400)

        return Route(path, serve, methods=[method])

    return [
        route("/", "GET", get_state),
        route("/credentials", "GET", get_credentials),
        route("/accounts/{label}", "PATCH", patch_account),
        route("/models/{model:path}", "PATCH", patch_model),
        route("/knobs", "PATCH", patch_knobs),
        route("/faults", "GET", get_faults),
        route("/faults", "POST", post_fault),
        route("/faults", "DELETE", delete_faults),
        route("/calls", "GET", get_calls),
        route("/calls", "DELETE", delete_calls),
        route("/refreshes", "GET", get_refreshes),
    ]


async def get_state(world: World, request: Request) -> Any:
    return state_of(world)


async def get_credentials(world: World, request: Request) -> Any:
    return credentials_of(world)


async def patch_account(world: World, request: Request) -> Any:
    set_account(world, request.path_params["label"], await _object(request))
    return state_of(world)


async def patch_model(world: World, request: Request) -> Any:
    set_model(world, request.path_params["model"], await _object(request))
    return state_of(world)


async def patch_knobs(world: World, request: Request) -> Any:
    world.knobs.turn(await _object(request))
    return state_of(world)


async def get_faults(world: World, request: Request) -> Any:
    return {"waiting": world.faults.listed(), "known": dict(FAULTS)}


async def post_fault(world: World, request: Request) -> Any:
    world.faults.force(fault_from(await _object(request)))
    return world.faults.listed()


async def delete_faults(world: World, request: Request) -> Any:
    world.faults.clear()
    return []


async def get_calls(world: World, request: Request) -> Any:
    query = request.query_params
    since = query.get("since", "0")
    found = world.calls.listed(
        path=query.get("path"),
        account=query.get("account"),
        provider=query.get("provider"),
        since=int(since) if since.isdigit() else 0,
    )
    return [as_json(call) for call in found]


async def delete_calls(world: World, request: Request) -> Any:
    world.calls.clear()
    return []


async def get_refreshes(world: World, request: Request) -> Any:
    return refreshes_of(world)


async def _object(request: Request) -> dict[str, Any]:
    body = await read_json(request)
    if not isinstance(body, dict):
        raise UnknownSetting("the body is not a JSON object")
    return body
