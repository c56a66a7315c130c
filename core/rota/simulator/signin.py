"""The pages where people sign in: Anthropic's authorize page and Puter's consent dialog.

A test, or a demo without a browser, approves by adding `&approve=<account>` to the page's address.
"""

from __future__ import annotations

import asyncio
import datetime
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import BaseRoute, Route

from rota.simulator.anthropic.oauth import exchange
from rota.simulator.anthropic.state import ALL_SCOPES
from rota.simulator.calls import call_of
from rota.simulator.responses import Refusal, endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.puter.state import PuterAccount
    from rota.simulator.world import World

PASTE_PATH = "/oauth/code/callback"
GUEST = "guest"
CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Authorization:
    """A code that was issued, and everything its exchange must repeat."""

    account: str
    client_id: str
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    code_challenge: str
    issued_at: float


def anthropic_routes(world: World) -> list[BaseRoute]:
    authorize = endpoint(world, authorize_page)
    return [
        Route("/oauth/authorize", authorize, methods=["GET"]),
        Route("/cai/oauth/authorize", authorize, methods=["GET"]),
        Route(PASTE_PATH, endpoint(world, paste_page), methods=["GET"]),
        Route("/v1/oauth/token", endpoint(world, exchange), methods=["POST"]),
    ]


def puter_routes(world: World) -> list[BaseRoute]:
    gui = endpoint(world, puter_page)
    return [Route("/", gui, methods=["GET"]), Route("/action/{action}", gui, methods=["GET"])]


# Anthropic


async def authorize_page(world: World, request: Request) -> Response:
    query = dict(request.query_params)
    fault = _authorize_fault(query)
    if fault:
        raise Refusal(_page("Invalid OAuth request", f"<p>{escape(fault)}</p>", status=400))
    approved = query.pop("approve", None)
    if approved is None:
        names = ((login.label, login.email) for login in world.logins().values())
        return _consent(request, "Authorize access to your Claude account", names)
    redirect = query["redirect_uri"]
    if approved == CANCEL:
        return _redirect(redirect, {"error": "access_denied", "state": query["state"]})
    login = next((item for item in world.logins().values() if approved in (item.label, item.email)), None)
    if login is None:
        raise Refusal(_page("No such account", f"<p>{escape(approved)}</p>", status=404))
    call_of(request).account = login.label
    code = "sim-code-" + world.random_word(32)
    world.authorizations[code] = Authorization(
        account=login.label,
        client_id=query["client_id"],
        redirect_uri=redirect,
        state=query["state"],
        scopes=tuple(query.get("scope", "").split()) or ALL_SCOPES,
        code_challenge=query["code_challenge"],
        issued_at=world.now(),
    )
    if urlsplit(redirect).path.endswith(PASTE_PATH):
        # Stays on this host whatever host the redirect names: that one is the provider's, not the client's.
        own = request.url.path.partition("/oauth/authorize")[0].removesuffix("/cai") + PASTE_PATH
        return _redirect(own, {"code": code, "state": query["state"]})
    return _redirect(redirect, {"code": code, "state": query["state"]})


async def paste_page(world: World, request: Request) -> Response:
    shown = f"{request.query_params.get('code', '')}#{request.query_params.get('state', '')}"
    return _page("Authentication code", f"<p>Paste this into your application:</p><code>{escape(shown)}</code>")


def _authorize_fault(query: dict[str, str]) -> str:
    """What is wrong with an authorize request; empty when nothing is."""
    for name in ("client_id", "redirect_uri", "state", "code_challenge"):
        if not query.get(name):
            return f"Missing {name} parameter"
    if query.get("response_type") != "code":
        return "response_type must be code"
    if query.get("code_challenge_method") != "S256":
        return "code_challenge_method must be S256"
    redirect = urlsplit(query["redirect_uri"])
    loopback = redirect.scheme == "http" and _is_loopback(redirect.hostname) and redirect.path == "/callback"
    if not loopback and not redirect.path.endswith(PASTE_PATH):
        return "Redirect URI is not supported by client."
    return ""


# Puter


async def puter_page(world: World, request: Request) -> Response:
    action = str(request.path_params.get("action") or request.query_params.get("action", "")).lower()
    match action:
        case "authme":
            return await _authme(world, request)
        case "copyauth":
            return _copyauth(world, request)
        case _:
            return _page("Puter", "<p>This is a simulated Puter desktop.</p>")


async def _authme(world: World, request: Request) -> Response:
    redirect = request.query_params.get("redirectURL", "")
    target = urlsplit(redirect)
    if target.scheme not in ("http", "https") or not target.hostname:
        raise Refusal(_page("Invalid redirect", "<p>The redirect URL is not valid.</p>", status=400))
    approved = request.query_params.get("approve")
    if approved is None:
        origin = escape(f"{target.scheme}://{target.netloc}{target.path}"[:60])
        names = [(account.label, account.email or "guest") for account in world.puter.values()]
        return _consent(request, f"{origin} wants to use your Puter account", [*names, (GUEST, "new guest")])
    if approved == CANCEL:
        return _page("Cancelled", "<p>You can close this window.</p>")
    account = _puter_account(world, approved)
    call_of(request).account = account.label
    if world.knobs.stray_favicon:
        await _ask_favicon(target.hostname, target.port or 80)
    session = request.query_params.get("token_type") == "session" and _is_loopback(target.hostname)
    return _redirect(redirect, {"token": world.mint_puter(account, "gui" if session else "pat")})


def _copyauth(world: World, request: Request) -> Response:
    approved = request.query_params.get("approve")
    if approved is None:
        names = ((account.label, account.email or "guest") for account in world.puter.values())
        return _consent(request, "Copy an access token", names)
    account = _puter_account(world, approved)
    days = {"7d": 7, "30d": 30, "90d": 90}.get(request.query_params.get("expires", "never"))
    expires_at = None if days is None else world.now() + datetime.timedelta(days=days).total_seconds()
    token = world.mint_puter(account, "pat", expires_at=expires_at)
    return _page("Your access token", f"<code>{escape(token)}</code>")


def _puter_account(world: World, name: str) -> PuterAccount:
    if name == GUEST:
        # A first visit in a fresh browser makes a guest account.
        number = len(world.puter) + 1
        return world.add_puter(f"sim_guest_{number}", "guest", seeded=False)
    account = world.puter.get(name)
    if account is None:
        raise Refusal(_page("No such account", f"<p>{escape(name)}</p>", status=404))
    return account


async def _ask_favicon(host: str, port: int) -> None:
    """Knock at the callback the way a browser does before it follows the redirect."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return
    writer.write(f"GET /favicon.ico HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    await reader.read()
    writer.close()
    await writer.wait_closed()


# Both


def _is_loopback(host: str | None) -> bool:
    return host in ("localhost", "::1") or (host or "").startswith("127.") or (host or "").endswith(".localhost")


def _redirect(target: str, added: dict[str, str]) -> RedirectResponse:
    """To `target` with some query parameters set; its path and other parameters stay."""
    parts = urlsplit(target)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **added}
    return RedirectResponse(urlunsplit(parts._replace(query=urlencode(query))), status_code=302)


def _consent(request: Request, title: str, accounts: Iterable[tuple[str, str]]) -> HTMLResponse:
    """A page with one link an account, and one to cancel; each is this page's address with `approve` added."""
    here = str(request.url)
    join = "&" if "?" in here else "?"
    links = "".join(
        f'<li><a href="{escape(here + join + urlencode({"approve": name}))}">'
        f"Approve as {escape(name)} ({escape(shown)})</a></li>"
        for name, shown in accounts
    )
    cancel = escape(f"{here}{join}approve={CANCEL}")
    return _page(title, f'<ul>{links}</ul><p><a href="{cancel}">Cancel</a></p>', escaped=True)


def _page(title: str, body: str, *, status: int = 200, escaped: bool = False) -> HTMLResponse:
    title = title if escaped else escape(title)
    return HTMLResponse(
        "<!DOCTYPE html><html><head><meta charset=utf-8><title>Simulator</title></head>"
        f"<body><h1>{title}</h1>{body}<p><small>rota simulator, not a real provider</small></p></body></html>",
        status_code=status,
    )
