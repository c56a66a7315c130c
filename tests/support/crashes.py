"""rota killed in the middle of things, at every single step: what the next start finds."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.engines import settings_for, sign_in
from tests.support.foreign_files import NOW, Machine
from tests.support.pool_world import request
from tests.support.processes import LedClock, led_clock, process
from tests.support.roles import ROUTED, doomed, in_person

from rota.account import Health
from rota.accounts import PREFIX
from rota.engine import open_engine
from rota.errors import RotaError
from rota.migrate.desk import identifier
from rota.pool.ask import Ask
from rota.pool.refresh import LOST_PAUSE_S
from rota.simulator import SimulatorServer, World, credentials_of, refreshes_of

if TYPE_CHECKING:
    from pathlib import Path

    from rota.engine import Engine
    from rota.settings import Settings
    from rota.snapshot import AccountState

ACCESS_S = 8 * 3600.0
SPENDING = frozenset({"renewal", "shared renewal"})
"""Scenes in which a token is spent, so that a kill may lose its successor on the way."""


@dataclass
class Stage:
    """A folder in which scenes are acted from the same beginning, again and again."""

    folder: Path
    scene: str
    replaced: list[int] = field(default_factory=list)
    """The steps that put a file in place of another, once the scene was acted to its end."""

    @property
    def home(self) -> Path:
        return self.folder / "work" / "rota"

    @property
    def machine(self) -> Machine:
        return Machine(self.folder / "work" / "person")

    async def set_up(self) -> None:
        """Make the beginning."""
        clock = led_clock(NOW)
        world = new_world(clock)
        write_files(self.machine, world)
        async with SimulatorServer(world=world) as server:
            if self.scene != "import":
                with in_person(str(self.machine.home)):
                    async with open_engine(home=self.home, settings=settings_for(server.root), clock=clock) as engine:
                        if self.scene in ("shared renewal", "undo"):
                            desk = await engine.imports()
                            await desk.apply(await desk.plan())
                        else:
                            await sign_in(engine, world)
        (self.folder / "work").rename(self.folder / "kept")

    async def act(self, step: int) -> tuple[list[str], int]:
        """Act the scene, killed at `step`, and start again; returns what is wrong then, and the steps in all."""
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        shutil.copytree(self.folder / "kept", self.folder / "work")
        clock = led_clock(NOW)
        world = new_world(clock)
        clock.lead(ACCESS_S + 1 if self.scene in SPENDING else 60.0)
        told: list[tuple[str, Any]] = []
        async with SimulatorServer(world=world) as server:
            args = (str(self.home), str(self.machine.home), server.root, clock, self.scene, step)
            async with process(doomed, *args) as victim:
                try:
                    while not told or told[-1][0] != "steps":
                        told.append(await victim.hear())
                except EOFError:
                    await victim.ended()
                else:
                    self.replaced = dict(told)["replaced"]
            with in_person(str(self.machine.home)):
                settings = settings_for(server.root)
                async with open_engine(home=self.home, settings=settings, clock=clock, seed=2) as engine:
                    wrong = await self._judge(engine, world, clock, told)
            if self.scene != "renewal":  # its logins are in rota only: what other tools have was spent for them
                wrong += await self._again(world, clock, settings)
            wrong += open_files(self.home)
        return [f"step {step}: {each}" for each in wrong], told[-1][1] if told and told[-1][0] == "steps" else 0

    async def _judge(self, engine: Engine, world: World, clock: LedClock, told: list[tuple[str, Any]]) -> list[str]:
        services = await engine.services()
        await services.accounts.sweep(identifier(services.providers))
        listed = engine.snapshot.listed()
        kept = {name.removeprefix(PREFIX) for name in await services.vault.names() if name.startswith(PREFIX)}
        torn = [s for s in listed if s.id not in kept and s.account.health is Health.READY]
        wrong = [f"{s.account.label} has no secret" for s in torn]
        files = self.machine.auth, self.machine.plugin_accounts
        wrong += [f"{path.name} is half written" for path in files if not _is_whole(path)]
        wrong += [f"a secret without an account: {each}" for each in kept - {s.id for s in listed}]
        ends = {state.account.label: await _use(engine, clock, state) for state in listed}
        fine = {"served"} if self.scene == "import" else {"served", "sign in again"}
        wrong += [f"{label}: {end}" for label, end in ends.items() if end not in fine]
        if sum(end == "sign in again" for end in ends.values()) > 1:
            wrong.append("more than one login was lost")
        for token in refreshes_of(world):
            if token["spent"] > 1 or token["refused"] > 1:
                wrong.append(f"a token was spent {token['spent']} and refused {token['refused']} times")
        labels = {s.account.label for s in listed}
        for what, said in told:
            if what == "added" and not set(said) <= labels:
                wrong.append(f"{set(said) - labels} was added and is lost")
            if what == "removed" and said in labels:
                wrong.append(f"{said} was removed and is back")
        if self.scene in SPENDING and len(listed) != len(credentials_of(world)):
            wrong.append(f"{len(listed)} accounts are left")
        return wrong

    async def _again(self, world: World, clock: LedClock, settings: Settings) -> list[str]:
        """An import done once more completes what was cut off, and doubles nothing."""
        with in_person(str(self.machine.home)):
            async with open_engine(home=self.home, settings=settings, clock=clock, seed=3) as engine:
                desk = await engine.imports()
                await desk.apply(await desk.plan())
                labels = sorted(s.account.email or s.account.label for s in engine.snapshot.listed())
                twice = await desk.apply(await desk.plan())
        wrong = [f"importing twice added {twice.added}"] if twice.added else []
        if len(labels) != len(credentials_of(world)):
            wrong.append(f"after an import there is {labels}")
        return wrong


async def lost_holds(folder: Path, *, after_s: float) -> list[str]:
    """Kill a process that says limits all the time; returns which of those older than a second are not in the log."""
    stage = Stage(folder, "holds")
    await stage.set_up()
    clock = led_clock(NOW)
    told: list[tuple[float, str, int]] = []
    async with SimulatorServer(world=new_world(clock)) as server:
        shutil.copytree(folder / "kept", folder / "work")
        args = (str(stage.home), str(stage.machine.home), server.root, clock, "holds", 0)
        async with process(doomed, *args) as victim:
            told.append(await victim.hear())
            while told[-1][0] < told[0][0] + after_s:
                told.append(await victim.hear())
            killed_at = time.monotonic()
            await victim.kill()
        settings = settings_for(server.root)
        async with open_engine(home=stage.home, settings=settings, clock=clock) as engine:
            held = {s.id: int(s.hold.reason) for s in engine.snapshot.listed() if s.hold is not None}
    old = [(account_id, number) for at, account_id, number in told if at < killed_at - 1.0]
    return [f"hold {number}" for account_id, number in old if held.get(account_id, -1) < number]


async def _use(engine: Engine, clock: LedClock, state: AccountState) -> str:
    """What becomes of a request to this very account; a lost answer is given the time to be noticed."""
    said = ""
    for _ in range(3):
        try:
            await engine.chat(
                request(ROUTED[state.account.provider]), Ask(ROUTED[state.account.provider], account_id=state.id)
            )
        except RotaError as error:
            said = str(error)
        else:
            return "served"
        if engine.snapshot.accounts[state.id].account.health is Health.NEEDS_LOGIN:
            return "sign in again"
        clock.lead(LOST_PAUSE_S + 1)
    return said


def new_world(clock: LedClock) -> World:
    """The same accounts with the same tokens every time."""
    world = World(clock, seed=1)
    for name in ("ada", "bea"):
        world.add_subscription(name, "max20", email=f"{name}@example.com")
    world.add_puter("cem", "paid")
    return world


def write_files(machine: Machine, world: World) -> None:
    """The accounts as OpenCode and its plugins keep them."""
    ada, bea, cem = (_entry(login) for login in credentials_of(world))
    machine.write(machine.auth, {"openai": {"type": "api", "key": "sk-other"}, "anthropic": ada, "puter": cem})
    accounts = [{**entry, "label": name, "addedAt": 1} for entry, name in ((ada, "ada"), (bea, "bea"))]
    machine.write(machine.plugin_accounts, {"version": 1, "accounts": accounts, "activeIndex": 0})
    machine.write(".config/opencode/puter.json", {"max_retries": 7})


def _entry(login: dict[str, Any]) -> dict[str, Any]:
    if login["provider"] == "puter":
        return {"type": "api", "key": login["secret"]}
    expires = int(login["expires_at"] * 1000)
    return {"type": "oauth", "refresh": login["refresh_token"], "access": login["secret"], "expires": expires}


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_text("utf-8"))
    except ValueError:
        return False
    return True


def open_files(home: Path) -> list[str]:
    """What under a home others may look at; and what holds a secret outside the vault."""
    wrong = []
    for path in (home, *home.rglob("*")):
        mode = path.stat().st_mode & 0o777
        if os.name != "nt" and mode != (0o700 if path.is_dir() else 0o600):
            wrong.append(f"{path.relative_to(home)} has mode {mode:o}")
        if path.is_file() and "vault" not in path.relative_to(home).parts and holds_secret(path.read_bytes()):
            wrong.append(f"{path.relative_to(home)} holds a secret")
    return wrong


def holds_secret(content: bytes) -> bool:
    """Whether any of the simulator's tokens or keys is in it."""
    return any(mark in content for mark in (b"sk-ant-o", b"sk-ant-api", b"-sim-", b"eyJ"))
