"""What is wrong with the stores is said once, in words, and so is that it is over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import account, opened

from rota.errors import StoreError
from rota.paths import find
from rota.vault import open_vault

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
async def test_a_vault_that_others_could_read_is_said_once(tmp_path: Path) -> None:
    paths = find({"ROTA_HOME": str(tmp_path)})
    vault = await open_vault("file", paths)
    async with opened(tmp_path, account("work"), vault=vault) as it:
        paths.vault_file.chmod(0o644)
        await it.vault.get("account/work")
        await it.pass_time(1)
        (told,) = [toast for toast in it.toasts() if "was open to other users" in toast]
        assert told.startswith(f"{paths.vault_file} was open")
        await it.pass_time(1)
        assert it.toasts().count(told) == 1


async def test_a_log_that_cannot_be_written_is_said_once_and_so_is_its_end(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        it.engine.journal.problem = StoreError("The disk is full.", path=tmp_path, hint="Make room.")
        await it.pass_time(1)
        await it.pass_time(1)
        assert it.toasts() == ["The disk is full. Make room."]
        it.engine.journal.problem = None
        await it.pass_time(1)
        assert it.toasts()[-1] == "It is written again; nothing was lost."
