"""An engine over a simulated world: the real client code, in process or over real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from rota.demo import credential_of
from rota.engine import open_engine
from rota.settings import AnthropicSettings, PuterSettings, Settings
from rota.simulator import base_urls, create_app, credentials_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rota.accounts import Added
    from rota.clock import Clock
    from rota.engine import Engine
    from rota.simulator import World
    from rota.vault.base import Vault

ROOT = "http://simulator.test"


def settings_for(root: str = ROOT, *, route_subscriptions: bool = True) -> Settings:
    """The defaults, pointed at a simulator."""
    urls = base_urls(root)
    return replace(
        Settings(),
        vault="file",
        anthropic=replace(
            AnthropicSettings(),
            api_url=urls["anthropic_api"],
            auth_url=urls["anthropic_auth"],
            authorize_url=urls["anthropic_auth"],
            route_subscriptions=route_subscriptions,
        ),
        puter=replace(PuterSettings(), api_url=urls["puter_api"], gui_url=urls["puter_gui"]),
    )


@asynccontextmanager
async def engine_on(
    world: World,
    home: Path,
    *,
    clock: Clock | None = None,
    settings: Settings | None = None,
    vault: Vault | None = None,
) -> AsyncIterator[Engine]:
    """An engine whose HTTP goes to `world` in process."""
    transport = httpx.ASGITransport(create_app(world))
    opened = open_engine(
        home=home,
        settings=settings or settings_for(),
        clock=clock or world.clock,
        transport=transport,
        vault=vault,
        seed=1,
    )
    async with opened as engine:
        yield engine


async def sign_in(engine: Engine, world: World, *labels: str) -> list[Added]:
    """Add the world's accounts of these labels (all seeded ones when none is named)."""
    logins = [login for login in credentials_of(world) if not labels or login["label"] in labels]
    return [
        await engine.add_credential(login["provider"], credential_of(login), label=login["label"]) for login in logins
    ]
