"""`POST /v1/oauth/token`: codes and refresh tokens, each good for one use."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from rota.simulator.anthropic.state import ALL_SCOPES, Login, RefreshToken
from rota.simulator.calls import call_of
from rota.simulator.faults import TOKENS
from rota.simulator.responses import CompactJSON, Refusal, cut_answer, gateway_page, read_json, take_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.world import World

CODE_SECONDS = 600.0
NOT_FOUND = "Refresh token not found or invalid"
RATE_LIMITED = {"error": {"type": "rate_limit_error", "message": "Rate limited. Please try again later."}}


async def exchange(world: World, request: Request) -> Response:
    """Both grants, in JSON or as a form."""
    _check_user_agent(world, request)
    body = await _read_body(request)
    owner = _owner(world, body)
    call_of(request).account = owner
    fault = await take_fault(world, request, TOKENS, account=owner)
    name = fault.name if fault else ""
    match name:
        case "token-429":
            wait = {} if fault is None or fault.seconds is None else {"retry-after": f"{fault.seconds:g}"}
            raise Refusal(CompactJSON(RATE_LIMITED, 429, wait))
        case "token-404":
            return gateway_page(404)
        case "token-expired":
            _refuse("invalid_grant", "Refresh token expired")
        case "token-gone":
            _refuse("invalid_grant", NOT_FOUND)
    if name == "invalid-client" or world.knobs.refuse_clients or not body.get("client_id"):
        _refuse("invalid_client", "Client not found", status=401)
    match body.get("grant_type"):
        case "authorization_code":
            answer = _spend_code(world, body)
        case "refresh_token":
            answer = _spend_refresh_token(world, body)
        case _:
            _refuse("unsupported_grant_type", "grant_type is not supported")
    if name == "lost":
        return cut_answer()
    if name == "no-refresh-token":
        del answer["refresh_token"]
    if name == "bare":
        answer = {key: answer[key] for key in ("token_type", "access_token", "refresh_token")}
    return CompactJSON(answer)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _refuse(error: str, description: str, *, status: int = 400) -> NoReturn:
    raise Refusal(CompactJSON({"error": error, "error_description": description}, status))


def _check_user_agent(world: World, request: Request) -> None:
    agent = request.headers.get("user-agent", "")
    if not world.knobs.user_agent_gate:
        return
    if agent.startswith("claude-cli/"):
        raise Refusal(gateway_page(404))
    if agent.startswith("claude-"):
        raise Refusal(CompactJSON(RATE_LIMITED, 429))


async def _read_body(request: Request) -> Mapping[str, Any]:
    if "form-urlencoded" in request.headers.get("content-type", ""):
        return dict(parse_qsl((await request.body()).decode(errors="replace")))
    try:
        body = await read_json(request)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        _refuse("invalid_request", "The request body is not valid JSON")
    return body


def _owner(world: World, body: Mapping[str, Any]) -> str | None:
    """The label of the account that a grant belongs to."""
    found = world.find_refresh(str(body.get("refresh_token", "")))
    if found is not None:
        return found[0].label
    authorization = world.authorizations.get(str(body.get("code", "")))
    return authorization.account if authorization else None


def _spend_code(world: World, body: Mapping[str, Any]) -> dict[str, Any]:
    authorization = world.authorizations.pop(str(body.get("code", "")), None)
    if authorization is None or authorization.issued_at + CODE_SECONDS <= world.now():
        _refuse("invalid_grant", "Invalid 'code' in token request.")
    if body.get("state") != authorization.state:
        _refuse("invalid_grant", "Invalid 'state' in token request.")
    if body.get("redirect_uri") != authorization.redirect_uri or body.get("client_id") != authorization.client_id:
        _refuse("invalid_grant", "Invalid 'redirect_uri' or 'client_id' in token request.")
    if challenge_of(str(body.get("code_verifier", ""))) != authorization.code_challenge:
        _refuse("invalid_grant", "Invalid 'code_verifier' in token request.")
    login = world.logins()[authorization.account]
    login.families += 1
    return _issue(world, login, authorization.scopes, login.families, authorization.client_id)


def _spend_refresh_token(world: World, body: Mapping[str, Any]) -> dict[str, Any]:
    found = world.find_refresh(str(body.get("refresh_token", "")))
    if found is None:
        _refuse("invalid_grant", NOT_FOUND)
    login, token = found
    if token.spent or token.revoked:
        token.refused += 1
        if world.knobs.replay_kills_family:
            _revoke_family(login, token)
        _refuse("invalid_grant", NOT_FOUND)
    if token.expires_at <= world.now():
        token.refused += 1
        _refuse("invalid_grant", "Refresh token expired")
    if token.client_id not in (None, body["client_id"]):
        token.refused += 1
        _refuse("invalid_grant", NOT_FOUND)
    token.spent += 1
    asked = tuple(str(body.get("scope", "")).split()) or token.scopes
    return _issue(world, login, asked, token.family, token.client_id)


def _revoke_family(login: Login, replayed: RefreshToken) -> None:
    for token in login.refresh.values():
        if token.family == replayed.family:
            token.revoked = True
    for access in login.access.values():
        access.revoked = True


def _issue(world: World, login: Login, scopes: tuple[str, ...], family: int, client_id: str | None) -> dict[str, Any]:
    scopes = scopes or ALL_SCOPES
    return {
        "token_type": "Bearer",
        "access_token": world.mint_access(login, scopes),
        "expires_in": int(world.knobs.access_token_seconds),
        "refresh_token": world.mint_refresh(login, scopes, family=family, client_id=client_id),
        "refresh_token_expires_in": int(world.knobs.refresh_token_seconds),
        "scope": " ".join(scopes),
        "organization": {"uuid": login.organization_uuid, "name": login.organization},
        "account": {"uuid": login.account_uuid, "email_address": login.email},
    }
