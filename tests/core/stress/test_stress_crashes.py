"""rota killed at any step: every login is whole or asks for a sign-in (each single step: `make bench`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.crashes import Stage, lost_holds, open_files

if TYPE_CHECKING:
    from pathlib import Path

STRIDE = 19


@pytest.mark.parametrize("scene", ["import", "undo", "removal", "renewal", "shared renewal"])
async def test_a_kill_leaves_every_login_whole_or_asking_for_a_sign_in(tmp_path: Path, scene: str) -> None:
    stage = Stage(tmp_path, scene)
    await stage.set_up()
    wrong, steps = await stage.act(0)
    assert steps > STRIDE
    for step in range(len(scene), steps, STRIDE):
        wrong += (await stage.act(step))[0]
    assert wrong == []


async def test_a_kill_around_a_renewal_s_writes_spends_no_token_twice_and_halves_no_file(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "shared renewal")
    await stage.set_up()
    wrong, _ = await stage.act(0)
    # Before the successor is in the vault, between there and the other tool's file, and right after it is there.
    windows = sorted({step + later for step in stage.replaced[:5] for later in (0, 1)})
    assert len(windows) >= 6
    for step in windows:
        wrong += (await stage.act(step))[0]
    assert wrong == []


async def test_a_kill_loses_no_hold_older_than_a_second(tmp_path: Path) -> None:
    assert await lost_holds(tmp_path, after_s=1.3) == []


def test_an_open_file_or_a_secret_outside_the_vault_would_be_noticed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "vault").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    for name in ("note", "vault/secrets"):
        (home / name).write_bytes(b"sk-ant-ort01-sim-ada")
        (home / name).chmod(0o600)
    assert open_files(home) == ["note holds a secret"]
    (home / "note").write_bytes(b"")
    (home / "note").chmod(0o644)
    assert open_files(home) == ["note has mode 644"]
