"""A mode out of sight rests, and what it missed costs no more the longer it was away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.app_world import NOW, account, opened

from rota_tui.widgets.catalogue_table import CatalogueTable

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TICKS = 12


async def test_a_mode_that_was_away_for_many_ticks_catches_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("4")
        table = it.app.screen.query_one(CatalogueTable)
        for away in ("3", "1"):
            await it.press(away)
            for _ in range(TICKS):
                await it.pass_time(1)
        caught_up, refresh_rows = [], table.refresh_rows

        def counted() -> None:
            caught_up.append(table.now)
            refresh_rows()

        monkeypatch.setattr(table, "refresh_rows", counted)
        await it.press("4")
        assert 1 <= len(caught_up) < TICKS
        assert caught_up[-1] == NOW + 2 * TICKS
