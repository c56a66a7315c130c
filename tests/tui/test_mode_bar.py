"""The first line of every mode: all modes where they fit, and as much of the status as is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import account, opened

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("width", "name", "status"),
    [
        (60, False, ""),  # the modes alone
        (80, False, "gateway off · 12:00"),
        (100, True, "gateway off · vault memory · 12:00"),
        (200, True, "gateway off · vault memory · 12:00"),
    ],
)
async def test_the_first_line_drops_what_matters_least(tmp_path: Path, width: int, name: bool, status: str) -> None:
    async with opened(tmp_path, account("work"), size=(width, 24)) as it:
        line = it.text().splitlines()[0]
        for mode in ("1 Accounts", "2 Chat", "3 Activity", "4 Models", "5 Settings"):
            assert mode in line
        assert line.strip().startswith("rota") is name
        assert line.endswith(f"  {status}") if status else line.endswith("Settings")


@pytest.mark.parametrize("title", ["Chat", "Activity", "Models", "Settings"])
async def test_a_click_goes_to_a_mode_that_was_not_looked_at_yet(tmp_path: Path, title: str) -> None:
    async with opened(tmp_path, account("work"), size=(80, 24)) as it:
        await it.pilot.click(offset=(it.text().splitlines()[0].index(title), 0))
        await it.settled()
        assert it.app.current_mode == title.casefold()
