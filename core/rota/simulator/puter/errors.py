"""Puter's error bodies in each era, and who is calling."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.responses import PlainTextResponse

from rota.simulator.calls import call_of
from rota.simulator.responses import CompactJSON, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from rota.simulator.faults import Fault
    from rota.simulator.knobs import Era
    from rota.simulator.puter.state import Gate, PuterAccount, PuterToken
    from rota.simulator.world import World

REAUTH = "Re-authentication required"
GATES: dict[Gate, tuple[str, str]] = {
    "email": ("Please confirm your email to continue", "email_confirmation_required"),
    "phone": ("Please verify your phone number to continue", "phone_verification_required"),
    "card": ("Please verify your card to continue", "card_verification_required"),
}
USER_SESSIONS_ONLY = "This endpoint is only available to user sessions"
LEGACY_SYMBOL = "heyputer:api/APIError"


def refuse(
    status: int, message: str, code: str, *, headers: Mapping[str, str] | None = None, **fields: Any
) -> NoReturn:
    """Answer with today's flat error body."""
    more = dict(headers or {})
    if status in (402, 413):
        more["x-needs-upgrade"] = "true"
    raise Refusal(CompactJSON({"error": message, "message": message, "code": code, **fields}, status, more))


def refuse_in_era(
    era: Era, status: int, message: str, code: str, *, legacy_code: str = "", **fields: Any
) -> NoReturn:
    """A driver's error: an HTTP status today, a 200 with `success:false` on older servers."""
    if era == "current":
        refuse(status, message, code, **fields)
    error = {"code": legacy_code or code, "message": message, "$": LEGACY_SYMBOL, "status": status, **fields}
    raise Refusal(CompactJSON({"success": False, "error": error}))


def refuse_exhausted(era: Era) -> NoReturn:
    """The month's credits are gone, as each era said it."""
    if era == "current":
        refuse(402, "No usage left for request.", "insufficient_funds")
    error: dict[str, Any] = {
        "delegate": "usage-limited-chat",
        "message": "Available funding is insufficient for this request.",
        "code": "insufficient_funds",
        "$": LEGACY_SYMBOL,
        "status": 402,
    }
    if era == "2025-legacy":
        error |= {
            "message": "Error 400 from delegate `usage-limited-chat`: Permission denied.",
            "code": "error_400_from_delegate",
            "status": 400,
        }
    raise Refusal(CompactJSON({"success": False, "error": error}))


def refuse_reauth(reason: str) -> NoReturn:
    refuse(401, REAUTH, "reauth_required", reason=reason)


def refuse_gate(era: Era, gate: Gate) -> NoReturn:
    message, code = GATES[gate]
    if era != "current":
        raise Refusal(CompactJSON({"message": message, "code": "email_must_be_confirmed"}, 403))
    refuse(403, message, code)


def refuse_plainly() -> NoReturn:
    raise Refusal(PlainTextResponse("Forbidden", 403))


def check_origin(world: World, request: Request) -> None:
    """Servers before 2026-04-30 turned away any POST without an Origin."""
    if world.knobs.era != "current" and request.method == "POST" and "origin" not in request.headers:
        refuse_plainly()


async def probe_token(request: Request) -> str | None:
    """The caller's token, looked for where the server looks, in its order."""
    if request.method == "POST":
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            body = {}
        if isinstance(body, dict) and isinstance(body.get("auth_token"), str):
            return str(body["auth_token"])
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        return bearer.strip()
    return request.headers.get("x-api-key") or request.query_params.get("auth_token")


async def authenticate(world: World, request: Request) -> tuple[PuterAccount, PuterToken]:
    """Whose token this is; refuses dead ones as the server words it."""
    text = await probe_token(request)
    era = world.knobs.era
    if text is None:
        _refuse_login(era, "Missing authentication token", "token_missing")
    found = world.find_puter(text)
    if found is None:
        if era == "current" and text.count(".") != 2:
            refuse_reauth("token_v1")
        _refuse_login(era, "Authentication failed", "token_auth_failed")
    account, token = found
    call_of(request).account = account.label
    if token.version == 1 and era == "current":
        refuse_reauth("token_v1")
    if token.revoked or (token.expires_at is not None and token.expires_at <= world.now()):
        if era != "current":
            _refuse_login(era, "Authentication failed", "token_auth_failed")
        refuse_reauth("session_revoked" if token.revoked else "session_expired")
    if token.app_blocked:
        refuse(403, "This app is not allowed to access Puter resources", "app_blocked")
    if account.suspended:
        if era != "current":
            raise Refusal(CompactJSON({"message": "Account suspended", "code": "account_suspended"}, 403))
        refuse(403, "Account suspended", "forbidden")
    account.roll_month(world.now())
    return account, token


def check_gates(world: World, account: PuterAccount) -> None:
    for gate in ("email", "phone", "card"):
        if gate in account.gates:
            refuse_gate(world.knobs.era, gate)


def answer_forced(world: World, fault: Fault) -> None:
    """Refuse as a fault of the access family says."""
    match fault.name:
        case "bad-token":
            _refuse_login(world.knobs.era, "Authentication failed", "token_auth_failed")
        case "token-v1":
            refuse_reauth("token_v1")
        case "session-revoked" | "session-expired":
            refuse_reauth(fault.name.replace("-", "_"))
        case "suspended":
            refuse(403, "Account suspended", "forbidden")
        case "app-blocked":
            refuse(403, "This app is not allowed to access Puter resources", "app_blocked")
        case "needs-email":
            refuse_gate(world.knobs.era, "email")
        case "needs-phone":
            refuse_gate(world.knobs.era, "phone")
        case "needs-card":
            refuse_gate(world.knobs.era, "card")
        case "plain-403":
            refuse_plainly()
        case "db-unavailable":
            refuse(503, "Database unavailable", "db_unavailable", headers={"retry-after": "5"})
        case "internal":
            refuse(500, "Internal server error", "internal_error")


def _refuse_login(era: Era, message: str, code: str) -> NoReturn:
    if era != "current":
        raise Refusal(CompactJSON({"message": message, "code": code}, 401))
    refuse(401, message, code)
