"""Property tests come to the same verdict in every run, and as many tests run at once as keep the cores at work."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

settings.register_profile(
    "suite", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So it is where a shell started the tests in the background; the programs that they start must hear Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = {"test_pictures.py", "test_stranger_by_keys.py", "test_vault_secret_service.py", "test_stress_crashes.py"}
"""Files whose tests take tens of seconds each."""


def pytest_xdist_auto_num_workers() -> int:
    """Three for each core: most of a test's time is waiting for screens, sockets and processes."""
    return 3 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: begun last, one of them would be waited for with the other cores at rest."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
