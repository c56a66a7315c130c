"""Pytest fixtures for programs that use rota: both providers, simulated over real HTTP, on a home of the test's own.

Ask for them in the `conftest.py` at the top of your tests; nothing is loaded unasked:

    pytest_plugins = ["rota.testing"]

    def test_my_program(rota_simulator):
        rota_simulator.sign_in("carol")
        ...  # rota.open(), and `rota` as a process, now work on the simulated account
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rota.config.read import VARIABLES
from rota.config.write import put
from rota.demo import credential_of
from rota.engine import open_engine
from rota.paths import under
from rota.secret import Secret
from rota.simulator import Fault, SimulatorServer, set_account
from rota.simulator.thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MARK = "rota_scenario(name): the simulated world that `rota_simulator` gives this test (`rota simulator --help`)"


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, for `--strict-markers`."""
    config.addinivalue_line("markers", MARK)


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulated providers, and the rota home that reaches them."""

    home: Path
    """What `ROTA_HOME` is while the test runs."""
    server: SimulatorServer
    """The running world: `server.root`, `server.world`."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The world's accounts."""
        return tuple(str(login["label"]) for login in self.server.credentials)

    def secret(self, label: str) -> Secret:
        """The key or token of an account, as a person would paste it."""
        return Secret(str(self._login(label)["secret"]))

    def sign_in(self, *labels: str) -> None:
        """Add these accounts of the world to the home; all of them when none is named.

        Raises:
            SignInFailed: the simulated provider refuses it, as in the scenario `gated`.
        """
        logins = [self._login(label) for label in labels] or self.server.credentials
        _apart(self._sign_in, logins)

    def fail(self, fault: str, **where: Any) -> None:
        """Force the next answer that fits: `fail("overloaded", provider="puter", times=3)`; see `Fault` for all."""
        self.server.world.faults.force(Fault(fault, **where))

    def change(self, label: str, **settings: Any) -> None:
        """Change an account in the world: `change("carol", remaining=0)` spends its month."""
        set_account(self.server.world, label, settings)

    async def _sign_in(self, logins: Sequence[dict[str, Any]]) -> None:
        async with open_engine(home=self.home) as engine:
            for login in logins:
                await engine.add_credential(login["provider"], credential_of(login), label=login["label"])

    def _login(self, label: str) -> dict[str, Any]:
        found = next((login for login in self.server.credentials if login["label"] == label), None)
        if found is None:
            raise LookupError(f"there is no account {label} in this world; there are {', '.join(self.labels)}")
        return found


@pytest.fixture
def rota_simulator(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """Both providers on loopback, and a fresh home without accounts that `ROTA_HOME` names during the test."""
    mark = request.node.get_closest_marker("rota_scenario")
    scenario = mark.args[0] if mark is not None else "default"
    home = tmp_path / "rota-home"
    paths = under(home)
    paths.ensure()
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROTA_HOME", str(home))
    with in_thread(scenario) as server:
        urls = server.base_urls
        for key, value in (
            ("vault", "file"),
            ("anthropic.api_url", urls["anthropic_api"]),
            ("anthropic.auth_url", urls["anthropic_auth"]),
            ("anthropic.authorize_url", urls["anthropic_auth"]),
            ("puter.api_url", urls["puter_api"]),
            ("puter.gui_url", urls["puter_gui"]),
        ):
            put(paths, key, value)
        yield Simulator(home, server)


def _apart(work: Any, *arguments: Any) -> None:
    """Run a coroutine function to its end in a thread: the caller may be inside an event loop."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work(*arguments))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            raised.append(error)

    thread = threading.Thread(target=run, name="rota sign-in")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
