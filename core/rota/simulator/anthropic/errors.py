"""Anthropic's error envelope and who is calling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from rota.simulator.anthropic.state import ConsoleProfile, Subscription
from rota.simulator.calls import call_of
from rota.simulator.responses import CompactJSON, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from rota.simulator.anthropic.state import AccessToken, ApiKey
    from rota.simulator.world import World

OAUTH_BETA = "oauth-2025-04-20"
VERSIONS = ("2023-06-01", "2026-10-21")
STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
EXPIRED = "OAuth token has expired. Please obtain a new token or refresh your existing token."
REVOKED = "OAuth token has been revoked. Please obtain a new token."


def request_id(request: Request) -> str:
    """The id this answer carries, in its header and in an error's body."""
    return f"req_sim{call_of(request).id:08d}"


def base_headers(request: Request, organization_uuid: str | None = None) -> dict[str, str]:
    headers = {"request-id": request_id(request)}
    if organization_uuid:
        headers["anthropic-organization-id"] = organization_uuid
    return headers


def refuse(
    request: Request,
    kind: str,
    message: str,
    *,
    code: str | None = None,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> NoReturn:
    """Answer with Anthropic's error envelope."""
    error: dict[str, Any] = {"type": kind, "message": message}
    more = dict(details or {}) | ({"error_code": code} if code else {})
    if more:
        error["details"] = more
    body = {"type": "error", "error": error, "request_id": request_id(request)}
    raise Refusal(CompactJSON(body, STATUS[kind], {**base_headers(request), **(headers or {})}))


def bearer_of(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def authenticate_bearer(world: World, request: Request) -> tuple[Subscription | ConsoleProfile, AccessToken]:
    """Whose access token this is; refuses unknown, expired and revoked ones."""
    token = bearer_of(request)
    found = world.find_access(token) if token else None
    if found is None:
        refuse(request, "authentication_error", "Invalid bearer token")
    login, access = found
    call_of(request).account = login.label
    if access.revoked:
        refuse(request, "permission_error", REVOKED)
    if access.expires_at <= world.now():
        refuse(request, "authentication_error", EXPIRED)
    return login, access


def authenticate_key(world: World, request: Request) -> ApiKey:
    """Whose API key this is."""
    offered = request.headers["x-api-key"]
    for key in world.api_keys.values():
        if key.key == offered and key.active:
            call_of(request).account = key.label
            return key
    refuse(request, "authentication_error", "invalid x-api-key")


def authenticate(world: World, request: Request) -> Subscription | ApiKey:
    """Whoever calls the API, by key or by bearer token."""
    if "x-api-key" in request.headers:
        return authenticate_key(world, request)
    if bearer_of(request) is None:
        refuse(request, "authentication_error", "x-api-key header is required")
    betas = {beta.strip() for beta in request.headers.get("anthropic-beta", "").split(",")}
    if OAUTH_BETA not in betas:
        refuse(request, "authentication_error", "OAuth authentication is currently not supported.")
    login, access = authenticate_bearer(world, request)
    if isinstance(login, Subscription) and login.organization_disabled:
        refuse(
            request,
            "permission_error",
            "OAuth authentication is currently not allowed for this organization.",
        )
    if "user:inference" not in access.scopes:
        refuse(request, "permission_error", "OAuth token does not meet scope requirement user:inference")
    return login.payer if isinstance(login, ConsoleProfile) else login


def check_version(request: Request) -> str:
    """The API version asked for, which must be given and known."""
    version = request.headers.get("anthropic-version")
    if version is None:
        refuse(request, "invalid_request_error", "anthropic-version: header is required")
    if version not in VERSIONS:
        refuse(request, "invalid_request_error", f'anthropic-version: "{version}" is not a valid version')
    return version
