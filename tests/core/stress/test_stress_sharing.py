"""rota and OpenCode share a login, each a process of its own (the full count: `make bench`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.stress import shared_login

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_login_shared_with_a_tool_that_rewrites_its_file_all_the_time_is_never_lost(tmp_path: Path) -> None:
    assert await shared_login(tmp_path, expiries=12) == []
