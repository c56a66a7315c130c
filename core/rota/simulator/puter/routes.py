"""Routes of Puter's two hosts: the API, and the GUI where people sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from rota.simulator.puter import accounts, chat, compat
from rota.simulator.puter.errors import authenticate, refuse
from rota.simulator.responses import ANY_METHOD, CompactJSON, endpoint, take_fault

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.world import World

_ACCOUNT_ONLY = (
    "/auth/create-access-token",
    "/auth/get-user-app-token",
    "/auth/list-sessions",
    "/auth/revoke-session",
    "/auth/revoke-access-token",
    "/auth/revoke-all-sessions",
    "/save_account",
)


def api_routes(world: World) -> list[BaseRoute]:
    return [
        Route("/whoami", endpoint(world, accounts.whoami), methods=["GET"]),
        Route("/drivers/call", endpoint(world, chat.driver_call), methods=["POST"]),
        Route("/metering/usage", endpoint(world, accounts.usage), methods=["GET"]),
        Route("/df", endpoint(world, accounts.storage), methods=["GET", "POST"]),
        Route("/puterai/chat/models", endpoint(world, list_ids), methods=["GET"]),
        Route("/puterai/chat/models/details", endpoint(world, list_details), methods=["GET"]),
        Route("/puterai/openai/v1/chat/completions", endpoint(world, compat.openai_chat), methods=["POST"]),
        Route("/puterai/anthropic/v1/messages", endpoint(world, compat.anthropic_messages), methods=["POST"]),
        *(Route(path, endpoint(world, accounts.account_only), methods=["GET", "POST"]) for path in _ACCOUNT_ONLY),
        Route("/{rest:path}", endpoint(world, not_found), methods=ANY_METHOD),
    ]


def gui_routes(world: World) -> list[BaseRoute]:
    return [
        *(
            Route(path, endpoint(world, log_in), methods=["POST"])
            for path in ("/login", "/login/otp", "/login/recovery-code", "/signup", "/session/sync-cookie")
        ),
        Route("/logout", endpoint(world, log_out), methods=["POST"]),
    ]


async def list_ids(world: World, request: Request) -> Response:
    await take_fault(world, request)
    return CompactJSON(world.catalogue.ids)


async def list_details(world: World, request: Request) -> Response:
    await take_fault(world, request)
    return CompactJSON(world.catalogue.details)


async def log_in(world: World, request: Request) -> Response:
    """Password routes answer the GUI's own pages only; nobody's password is known here."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.url.netloc:
        refuse(403, "This endpoint cannot be called cross-origin.", "forbidden")
    if request.url.path.endswith("/signup"):
        refuse(403, "Sign-up is disabled", "signup_disabled")
    body = await chat.read_body(request)
    if body.get("username") not in {account.username for account in world.puter.values()}:
        refuse(404, "User not found", "user_not_found")
    refuse(401, "Incorrect password", "password_mismatch")


async def log_out(world: World, request: Request) -> Response:
    """Signing a guest out deletes the account."""
    account, token = await authenticate(world, request)
    if token.kind not in ("session", "gui"):
        refuse(403, "This endpoint is only available to user sessions", "forbidden")
    token.revoked = True
    if account.is_guest:
        del world.puter[account.label]
    return PlainTextResponse("logged out")


async def not_found(world: World, request: Request) -> Response:
    refuse(404, "Not Found", "not_found")
