"""Property tests come to the same verdict in every run, and as many tests run at once as keep the cores at work."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: half of a test's time is waiting for screens, sockets and processes."""
    return 2 * (os.cpu_count() or 1)
