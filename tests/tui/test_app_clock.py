"""The one clock that moves every countdown."""

from __future__ import annotations

import pytest

from rota.clock import Clock, FastClock, ManualClock, SystemClock
from rota_tui.app import tick_seconds


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        (SystemClock(), 1.0),
        (ManualClock(), 1.0),
        (FastClock(1.0), 1.0),
        (FastClock(2.0), 0.5),
        (FastClock(60.0), 0.25),  # the demo's
        (FastClock(0.1), 1.0),
    ],
)
def test_a_fast_clock_ticks_more_often_as_far_as_eyes_can_follow(clock: Clock, seconds: float) -> None:
    assert tick_seconds(clock) == pytest.approx(seconds)
