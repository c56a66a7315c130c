"""Waiting: full-jitter backoff, and sleeps that end when a laptop wakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from rota.clock import Clock

LEAST_S = 0.001
"""Below this the wall clock's own rounding could keep a sleep from ever ending."""
SLICE_S = 2.0
"""How often a sleep looks at the wall clock: monotonic time stands still while a laptop sleeps."""


def backoff(retry: int, base_s: float, cap_s: float, rng: random.Random) -> float:
    """Seconds before retry number `retry`, from 0: anywhere up to the exponential step, so that crowds spread."""
    return rng.uniform(0.0, min(cap_s, base_s * 2.0 ** min(retry, 30)))


async def sleep_until(clock: Clock, at: float) -> None:
    """Sleep until the wall clock says `at`: no longer for a suspension of the machine or a clock that is put back."""
    latest = clock.monotonic() + at - clock.now()
    while (left := min(at - clock.now(), latest - clock.monotonic())) > 0:
        await clock.sleep(min(max(left, LEAST_S), SLICE_S))
