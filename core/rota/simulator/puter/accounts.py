"""What Puter says about an account: `/whoami`, `/metering/usage`, `/df`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.simulator.faults import PUTER_ACCESS
from rota.simulator.puter.errors import answer_forced, authenticate, check_gates, check_origin, refuse
from rota.simulator.responses import CompactJSON, take_fault

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from rota.simulator.puter.state import PuterAccount, PuterToken
    from rota.simulator.world import World

STORAGE_BYTES = 80_110_649_344
_FOLDERS = ("Desktop", "AppData", "Documents", "Pictures", "Videos", "Trash")
_HIDDEN_FROM_APPS = {
    "email",
    "unconfirmed_email",
    "created_ts",
    "human_readable_age",
    "is_user_token",
    "metadata",
    "referral_code",
    "desktop_bg_url",
    "desktop_bg_color",
    "desktop_bg_fit",
    "directories",
    "taskbar_items",
}


async def whoami(world: World, request: Request) -> Response:
    account, token = await _caller(world, request)
    return CompactJSON(_identity(world, account, token))


async def usage(world: World, request: Request) -> Response:
    account, token = await _caller(world, request)
    check_gates(world, account)
    account.settle()
    scale = world.knobs.credits_per_microcent or 1.0
    records = {key: record.as_json() for key, record in account.records.items()}
    for record in records.values():
        record["cost"] *= scale
    total = sum(record.cost for record in account.records.values()) * scale
    body: dict[str, Any] = {"usage": {**records, "total": total}, "appTotals": {}}
    if account.allowance_used:
        body["usage"]["allowanceUsed"] = account.allowance_used * scale
    if account.calls:
        app = "os-global" if token.kind != "app" else "app-own"
        body["appTotals"] = {app: {"total": total, "count": account.calls}}
    addons: dict[str, Any] = {}
    if account.purchased:
        addons = {
            "purchasedCredits": account.purchased * scale,
            "consumedPurchaseCredits": account.purchased_used * scale,
        }
    body["allowanceInfo"] = {
        "remaining": account.remaining * scale,
        "monthUsageAllowance": account.allowance * scale,
        "addons": addons,
    }
    if world.knobs.credits_per_microcent:
        body["allowanceInfo"]["unit"] = "credits"
    return CompactJSON(body)


async def storage(world: World, request: Request) -> Response:
    check_origin(world, request)
    account, _ = await _caller(world, request)
    check_gates(world, account)
    return CompactJSON({"used": 0, "capacity": STORAGE_BYTES})


async def account_only(world: World, request: Request) -> Response:
    """Account-management routes: what tokens like ours may never call."""
    _, token = await _caller(world, request)
    if token.kind not in ("session", "gui"):
        refuse(403, "This endpoint is only available to user sessions", "forbidden")
    refuse(501, "Not simulated", "not_implemented")


async def _caller(world: World, request: Request) -> tuple[PuterAccount, PuterToken]:
    account, token = await authenticate(world, request)
    fault = await take_fault(world, request, PUTER_ACCESS, account=account.label)
    if fault is not None:
        answer_forced(world, fault)
    if token.kind == "scoped":
        refuse(403, "Access tokens are not allowed to access this resource", "forbidden")
    return account, token


def _identity(world: World, account: PuterAccount, token: PuterToken) -> dict[str, Any]:
    body: dict[str, Any] = {
        "username": account.username,
        "uuid": account.uuid,
        "email": account.email,
        "unconfirmed_email": account.email,
        "email_confirmed": account.email is not None and "email" not in account.gates,
        "requires_email_confirmation": "email" in account.gates,
        "requires_phone_verification": "phone" in account.gates,
        "requires_card_verification": "card" in account.gates,
        "desktop_bg_url": None,
        "desktop_bg_color": None,
        "desktop_bg_fit": None,
        "is_temp": account.is_guest,
        "is_user_token": True,
        "referral_code": None,
        "oidc_only": account.is_guest,
        "taskbar_items": [
            {
                "uid": "app-" + world.uuid_for("dev-center"),
                "uuid": "app-" + world.uuid_for("dev-center"),
                "name": "dev-center",
                "title": "Dev Center",
                "godmode": True,
                "maximize_on_start": True,
                "index_url": "https://builtins.namespaces.puter.com/dev-center",
                "description": "This is the app that makes apps",
            }
        ],
        "otp": False,
        "feature_flags": {},
        "created_ts": int(account.created_at),
        "human_readable_age": f"{int((world.now() - account.created_at) // 86400)} days ago",
        "metadata": {},
        "hasDevAccountAccess": False,
        "directories": {
            f"/{account.username}/{folder}": world.uuid_for(f"{account.username}/{folder}") for folder in _FOLDERS
        },
        "last_activity_ts": int(world.now()),
    }
    if token.kind == "app":
        body = {key: value for key, value in body.items() if key not in _HIDDEN_FROM_APPS}
        body["app_name"] = "app-" + world.uuid_for(f"app/{account.label}")
    return body
