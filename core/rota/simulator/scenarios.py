"""Worlds by name, each seeded for one purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from rota.clock import SystemClock
from rota.simulator.anthropic.state import ALL_SCOPES, UsageShape
from rota.simulator.faults import Fault
from rota.simulator.puter.catalogue_data import FALLBACKS
from rota.simulator.puter.state import Tier
from rota.simulator.settings import set_account, set_model
from rota.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rota.clock import Clock

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way to fill a world."""

    purpose: str
    fill: Callable[[World], None]


class UnknownScenario(ValueError):
    """There is no scenario of that name."""


def build_world(scenario: str = "default", *, seed: int = 1, clock: Clock | None = None) -> World:
    """A world as the named scenario seeds it."""
    found = SCENARIOS.get(scenario)
    if found is None:
        raise UnknownScenario(f"there is no scenario called {scenario}; there are {', '.join(SCENARIOS)}")
    world = World(clock or SystemClock(), seed=seed, name=scenario)
    found.fill(world)
    return world


def _default(world: World) -> None:
    world.add_subscription("max", "max20", email="ada@example.com")
    world.add_subscription("pro", "pro", email="grace@example.com")
    world.add_subscription("team", "team-premium", email="ada@example.com", organization="Analytical Engines Ltd")
    world.add_subscription("newcomer", "max5", email="alan@example.com", seeded=False)
    world.add_api_key("console")
    world.add_api_key("console-small", rpm=50, itpm=30_000, otpm=8_000)
    world.add_puter("carol")
    world.add_puter("dave", "paid")
    world.add_puter("patient_door_615887", "guest")
    world.add_puter("newbie", seeded=False)
    now = world.now()
    world.subscriptions["max"].five_hour.fill(now, 0.18, 3.2 * HOUR)
    world.subscriptions["max"].seven_day.fill(now, 0.41, 4 * DAY)
    world.subscriptions["max"].scoped[0].window.fill(now, 0.27, 4 * DAY)
    world.subscriptions["pro"].five_hour.fill(now, 0.35, 1.5 * HOUR)
    world.subscriptions["pro"].seven_day.fill(now, 0.22, 2 * DAY)
    world.puter["carol"].set_remaining(43e6)


def _demo(world: World) -> None:
    """Everything rota does, within an hour of the world's time: a minute at speed 60."""
    world.add_subscription("Work Max", "max5", email="ada@example.com", access_seconds=7 * HOUR)
    world.add_subscription("Side Pro", "pro", email="grace@example.com", access_seconds=14 * MINUTE)
    world.add_subscription("Studio Team", "team-premium", email="ada@studio.example", organization="Studio")
    world.add_api_key("Console", rpm=400, itpm=200_000, otpm=60_000)
    world.add_puter("carol")
    world.add_puter("patient_door_615887", "guest")
    # The least used by the week, so most strategies begin with it, and it has room for some twenty replies only.
    work = {
        "five_hour": {"capacity": 3e7, "utilization": 0.86, "resets_in": 41 * MINUTE},
        "seven_day": {"capacity": 6e8, "utilization": 0.21, "resets_in": 3 * DAY},
        "scoped": {"capacity": 3e8, "utilization": 0.71, "resets_in": 3 * DAY},
    }
    set_account(world, "Work Max", work)
    side = {
        "five_hour": {"capacity": 9e7, "utilization": 0.27, "resets_in": 2.6 * HOUR},
        "seven_day": {"capacity": 5e8, "utilization": 0.38, "resets_in": 5 * DAY},
    }
    set_account(world, "Side Pro", side)
    # Spent at the start, back after twenty seconds.
    studio = {
        "five_hour": {"capacity": 6e7, "utilization": 1.0, "resets_in": 21 * MINUTE},
        "seven_day": {"capacity": 9e8, "utilization": 0.57, "resets_in": 1.4 * DAY},
    }
    set_account(world, "Studio Team", studio)
    set_account(world, "carol", {"remaining": 31e6})
    # The head of the default fallback chain is busy, so the chain is seen at work.
    for slug in FALLBACKS[:2]:
        set_model(world, f"openrouter:{slug}:free", {"limited_for": 35 * MINUTE})


def _many(world: World, subscriptions: int = 20, keys: int = 10, puter: int = 20) -> None:
    tiers: tuple[Tier, ...] = ("free", "paid", "guest")
    plans = ("pro", "max5", "max20", "team", "team-premium")
    for number in range(subscriptions):
        item = world.add_subscription(f"claude-{number:03}", plans[number % len(plans)])
        item.five_hour.fill(world.now(), world.rng.random() * 1.05, world.rng.random() * 5 * HOUR)
        item.seven_day.fill(world.now(), world.rng.random(), world.rng.random() * 7 * DAY)
    for number in range(keys):
        world.add_api_key(f"key-{number:03}")
    for number in range(puter):
        account = world.add_puter(f"puter-{number:03}", tiers[number % 3])
        account.set_remaining(account.allowance * world.rng.random())


def _many200(world: World) -> None:
    _many(world, subscriptions=80, keys=40, puter=80)


def _gated(world: World) -> None:
    """Every account needs its person."""
    world.add_subscription("revoked", "pro")
    set_account(world, "revoked", {"revoke_access": True, "revoke_refresh": True})
    world.add_subscription("inference-only", "max5", scopes=("user:inference",))
    world.add_subscription("no-oauth", "team")
    set_account(world, "no-oauth", {"organization_disabled": True})
    for policy in ("claude-code", "third-party", "extra-usage"):
        world.add_subscription(f"policy-{policy}", "pro")
        set_account(world, f"policy-{policy}", {"policy": policy})
    world.add_api_key("archived")
    set_account(world, "archived", {"active": False})
    for gate in ("email", "phone", "card"):
        set_account(world, world.add_puter(f"needs-{gate}").label, {"gates": [gate]})
    set_account(world, world.add_puter("suspended").label, {"suspended": True})
    set_account(world, world.add_puter("flagged").label, {"flagged": True})
    set_account(world, world.add_puter("session-revoked").label, {"revoke_tokens": True})
    set_account(world, world.add_puter("session-expired").label, {"token_expires_in": -60})
    set_account(world, world.add_puter("token-v1").label, {"token_version": 1})
    set_account(world, world.add_puter("app-blocked", token_kind="app").label, {"app_blocked": True})
    world.add_puter("scoped-token", token_kind="scoped")
    world.add_puter("session-token", "paid", token_kind="session")


def _exhausted(world: World) -> None:
    """Every account is spent, each in its own way."""
    full = {"utilization": 1.02, "resets_in": 40 * MINUTE}
    world.add_subscription("five-hour", "pro")
    set_account(world, "five-hour", {"five_hour": full, "seven_day": {"utilization": 0.6, "resets_in": 3 * DAY}})
    world.add_subscription("weekly", "max5")
    set_account(world, "weekly", {"seven_day": {"utilization": 1.04, "resets_in": 33.7 * HOUR}})
    world.add_subscription("fable-weekly", "max20")
    set_account(world, "fable-weekly", {"scoped": {"utilization": 1.0, "resets_in": 2 * DAY}})
    world.add_subscription("paying-extra", "max20")
    set_account(world, "paying-extra", {"five_hour": full, "extra": {"enabled": True, "monthly_limit": 5000.0}})
    world.add_api_key("no-credit")
    set_account(world, "no-credit", {"credit_cents": 0})
    world.add_api_key("spend-cap")
    set_account(world, "spend-cap", {"spend_limit_reached": True})
    world.add_api_key("one-a-minute", rpm=1, itpm=1000, otpm=200)
    for tier in get_args(Tier):
        set_account(world, world.add_puter(f"spent-{tier}", tier).label, {"remaining": 0})


def _legacy(world: World) -> None:
    """Older servers: Puter of early 2026, Anthropic bodies of the first plugins."""
    _default(world)
    world.knobs.era = "2026Q1-legacy"
    world.knobs.old_model_items = True
    for subscription in world.subscriptions.values():
        subscription.usage_shape = "legacy"


def _legacy2025(world: World) -> None:
    _legacy(world)
    world.knobs.era = "2025-legacy"


def _broken(world: World) -> None:
    """Nobody's fault: pages of proxies, overload, cut connections, half answers, in turn and for ever."""
    _default(world)
    for name, provider, path in (
        ("html", "anthropic", "/api/oauth/usage"),
        ("garbage", "anthropic", "/v1/models"),
        ("html", "puter", "/metering/usage"),
        ("wrong-shape", "puter", "/whoami"),
        ("cut", "puter", "/puterai/chat/models/details"),
    ):
        world.faults.force(Fault(name, provider=provider, path=path, times=0))
    for _ in range(200):
        for name in ("overloaded", "stream-error", "cut", "html", "timeout"):
            world.faults.force(Fault(name, provider="anthropic", path="/v1/messages"))
        for name in ("upstream-500", "cut", "stream-error", "drop", "db-unavailable"):
            world.faults.force(Fault(name, provider="puter", path="/drivers/call"))


def _duplicates(world: World) -> None:
    """One person with two organisations, and one with a login under two scopes."""
    world.add_subscription("personal", "max5", email="ada@example.com")
    world.add_subscription("company", "team-premium", email="ada@example.com", organization="Analytical Engines Ltd")
    world.add_subscription("setup-token", "pro", email="grace@example.com", scopes=("user:inference",))
    world.add_subscription("full-login", "pro", email="grace@example.com", scopes=ALL_SCOPES)


def _console(world: World) -> None:
    """Console logins of `ant auth login`, beside keys."""
    world.add_profile("work", email="ada@example.com", organization="Analytical Engines Ltd")
    world.add_profile("private", email="ada@example.com", rpm=50, access_seconds=10 * MINUTE)
    world.add_profile("newcomer", email="alan@example.com", seeded=False)
    world.add_api_key("console")


def _shapes(world: World) -> None:
    """One subscription for each body that the usage endpoint is known to give."""
    for shape in get_args(UsageShape):
        item = world.add_subscription(f"usage-{shape}", "max20")
        item.five_hour.fill(world.now(), 0.15, 2 * HOUR)
        item.seven_day.fill(world.now(), 0.48, 4 * DAY)
        item.extra.enabled, item.extra.used = True, 40843.0
        set_account(world, item.label, {"usage_shape": shape})


SCENARIOS: Mapping[str, Scenario] = {
    "default": Scenario("comfortable quotas: 3 subscriptions, 2 API keys, 3 Puter accounts", _default),
    "demo": Scenario("rotation, cooldown, refresh and fallback within a minute at speed 60", _demo),
    "many": Scenario("50 accounts", _many),
    "many-200": Scenario("200 accounts", _many200),
    "gated": Scenario("every account waits for its person", _gated),
    "exhausted": Scenario("every account is spent, each in its own way", _exhausted),
    "legacy": Scenario("Puter of early 2026, old Anthropic bodies", _legacy),
    "legacy-2025": Scenario("Puter of 2025, old Anthropic bodies", _legacy2025),
    "broken": Scenario("HTML errors, overload, cut connections, half answers", _broken),
    "duplicates": Scenario("one person in two organisations, one account with two logins", _duplicates),
    "console": Scenario("Console logins beside an API key", _console),
    "usage-shapes": Scenario("every body the usage endpoint is known to give", _shapes),
}
