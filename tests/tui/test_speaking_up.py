"""What is wrong with the stores is said once, in words, and so is that it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.app_world import account, opened

from rota.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_damaged_vault_is_said_at_the_start(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        it.vault.notices = ("The vault's file was damaged [red]and moved aside.",)
        await it.press("e")  # the first command opens the vault
        await it.pass_time(1)
        assert it.toasts().count("The vault's file was damaged [red]and moved aside.") == 1
        await it.pass_time(5)
        assert it.toasts().count("The vault's file was damaged [red]and moved aside.") == 1


async def test_a_log_that_cannot_be_written_is_said_once_and_so_is_its_end(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        it.engine.journal.problem = StoreError("The disk is full.", path=tmp_path, hint="Make room.")
        await it.pass_time(1)
        await it.pass_time(1)
        assert it.toasts() == ["The disk is full. Make room."]
        it.engine.journal.problem = None
        await it.pass_time(1)
        assert it.toasts()[-1] == "It is written again; nothing was lost."
