"""The app over a real engine in a throw-away home: real log, memory vault, a simulated world, a still clock."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import httpx
from textual.screen import ModalScreen

from rota.account import Account, Kind
from rota.clock import ManualClock
from rota.engine import Engine, open_engine
from rota.events import AccountAdded, Event, QuotaObserved
from rota.providers.base import Credential
from rota.providers.credential import seal
from rota.quota import QuotaWindow, Source
from rota.secret import Secret
from rota.settings import AnthropicSettings, PuterSettings, Settings, UiSettings, UsageSettings
from rota.simulator import World, base_urls, build_world, create_app
from rota.vault.memory import MemoryVault
from rota_tui.app import RotaApp
from rota_tui.widgets.accounts_table import AccountsTable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from textual.message import Message
    from textual.pilot import Pilot

    from rota.vault.base import Vault

NOW = 1_800_014_400.0  # Friday 15 January 2027, 12:00 UTC
COMMANDS = {
    "models",
    "command",
    "usage",
    "gateway",
    "add",
    "look",
    "import",
    "undo",
    "offer",
    "forecast",
    "past",
    "story",
}
"""Groups of workers that come to an end by themselves."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def account(account_id: str, **known: Any) -> AccountAdded:
    """An account that was added a week ago; an Anthropic API key unless said otherwise."""
    given: dict[str, Any] = {
        "provider": "anthropic",
        "kind": Kind.API_KEY,
        "identity": account_id,
        "label": account_id,
        "added_at": NOW - 7 * DAY,
    } | known
    return AccountAdded(at=NOW - 7 * DAY, account=Account(id=account_id, **given))


def quota(account_id: str, *, age: float = MINUTE, **shares: float | None) -> QuotaObserved:
    """Windows as `h5=0.62, d7=0.3`: the 5-hour one resets in two hours, the 7-day one in three days."""
    lengths = {"h5": ("5h", 2 * HOUR, 5 * HOUR), "d7": ("7d", 3 * DAY, 7 * DAY), "month": ("month", 16 * DAY, None)}
    windows = tuple(
        QuotaWindow(key, key, shares[name], NOW - age, Source.HEADERS, resets_at=NOW + left, length=length)
        for name, (key, left, length) in lengths.items()
        if name in shares
    )
    return QuotaObserved(at=NOW - age, account_id=account_id, windows=windows)


async def keep_secrets(vault: Vault, events: tuple[Event, ...]) -> None:
    """A secret for each account that is added, or rota would ask for a new sign-in."""
    for event in events:
        if isinstance(event, AccountAdded):
            secret = Credential(kind=event.account.kind, secret=Secret(f"sk-test-{event.account.id}"))
            await vault.put(f"account/{event.account.id}", seal(secret))


@dataclass
class Opened:
    """A running app and what it stands on."""

    app: RotaApp
    engine: Engine
    pilot: Pilot[None]
    clock: ManualClock
    world: World
    vault: Vault
    messages: list[Message]

    async def press(self, *keys: str) -> None:
        """Press keys, and let what they began come to its end."""
        await self.pilot.press(*keys)
        await self.settled()

    async def happen(self, *events: Event) -> None:
        """Let facts be told to the log, and shown."""
        await keep_secrets(self.vault, events)
        self.engine.journal.publish(*events)
        await self.settled()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and the app's one clock tick."""
        await self.clock.advance(seconds)
        self.app.tick()
        await self.settled()

    async def settled(self) -> None:
        """Wait until commands are done, dialogs are up, and the app shows what the engine knows."""
        async with asyncio.timeout(30):
            await self.pilot.pause()
            while not self._at_rest():
                await self.pilot.pause(0.01)
            await self.pilot.pause()

    def _at_rest(self) -> bool:
        running = {worker.group for worker in self.app.workers if worker.is_running}
        if running & COMMANDS:
            return False
        if isinstance(self.app.screen, ModalScreen):
            return True
        return "dialog" not in running and self.app.snapshot is self.engine.snapshot

    def text(self) -> str:
        """What stands on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    def line(self, words: str) -> str:
        """The screen's first line that has `words` in it."""
        return next((line for line in self.text().splitlines() if words in line), "")

    def row(self, label: str) -> str:
        """The table's first line that has `label` in it."""
        region = self.app.screen.query_one(AccountsTable).region
        lines = self.text().splitlines()[region.y : region.bottom]
        return next((line[: region.right] for line in lines if label in line), "")

    def toasts(self) -> list[str]:
        """What was notified, oldest first."""
        return [notification.message for notification in self.app._notifications]


@asynccontextmanager
async def opened(
    home: Path,
    *events: Event,
    size: tuple[int, int] = (120, 40),
    scenario: str = "default",
    settings: dict[str, Any] | None = None,
    vault: Vault | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    **look: Any,
) -> AsyncIterator[Opened]:
    """The app on a log that holds `events`, over a simulated world.

    Args:
        settings: sections that differ from the defaults.
        vault: where the secrets are; in memory when None.
        transport: what is between rota and the world; nothing when None.
        look: how the app is opened (`ascii`, `no_animation`).
    """
    clock = ManualClock(NOW)
    world = build_world(scenario, clock=clock)
    urls = base_urls("http://simulator.test")
    sections = {
        "anthropic": AnthropicSettings(
            api_url=urls["anthropic_api"], auth_url=urls["anthropic_auth"], authorize_url=urls["anthropic_auth"]
        ),
        "puter": PuterSettings(api_url=urls["puter_api"], gui_url=urls["puter_gui"]),
        "usage": UsageSettings(enabled=False),
        "ui": UiSettings(animations=False),
    }
    vault = vault or MemoryVault()
    engine_opened = open_engine(
        home=home,
        settings=Settings(**{**sections, **(settings or {})}),
        clock=clock,
        vault=vault,
        transport=transport or httpx.ASGITransport(create_app(world)),
    )
    async with engine_opened as engine:
        await keep_secrets(vault, events)
        engine.journal.publish(*events)
        await engine.journal.flush()
        messages: list[Message] = []
        app = RotaApp(engine, tz=UTC, **look)
        async with app.run_test(size=size, message_hook=messages.append, notifications=True) as pilot:
            it = Opened(app, engine, pilot, clock, world, vault, messages)
            await it.settled()
            yield it
