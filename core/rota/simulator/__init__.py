"""Both providers, served faithfully over HTTP on loopback, so that no test or demo mocks our own client."""

from __future__ import annotations

from rota.simulator.credentials import credentials_of, refreshes_of
from rota.simulator.faults import FAULTS, Fault
from rota.simulator.knobs import Knobs
from rota.simulator.scenarios import SCENARIOS, build_world
from rota.simulator.server import SimulatorServer, base_urls, create_app, run
from rota.simulator.settings import set_account, set_model
from rota.simulator.world import World

__all__ = [
    "FAULTS",
    "SCENARIOS",
    "Fault",
    "Knobs",
    "SimulatorServer",
    "World",
    "base_urls",
    "build_world",
    "create_app",
    "credentials_of",
    "refreshes_of",
    "run",
    "set_account",
    "set_model",
]
