"""The vault on a real Secret Service: gnome-keyring on a D-Bus session of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.support import secret_service

STORIES = Path(__file__).with_name("keyring_stories.py")


@secret_service.available
@pytest.mark.parametrize(
    ("story", "unlocked"),
    [
        ("everyday", True),
        ("never_unlocked", False),
        ("locked_meanwhile", True),
        ("killed_daemon", True),
        ("no_bus", True),
        ("two_processes", True),
        ("moved", True),
    ],
)
def test_the_vault_on_a_real_secret_service(tmp_path: Path, story: str, *, unlocked: bool) -> None:
    ran = secret_service.run([sys.executable, str(STORIES), story], tmp_path, unlocked=unlocked)
    assert f"told {story}" in ran.stdout, ran.stderr
    assert ran.returncode == 0, ran.stderr
