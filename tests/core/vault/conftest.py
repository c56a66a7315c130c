"""A home and a keyring of its own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keyring
import pytest
from tests.support.keyrings import Remembering

from rota import paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rota.paths import Paths


@pytest.fixture
def home(tmp_path: Path) -> Paths:
    return paths.under(tmp_path / "home")


@pytest.fixture
def ring() -> Iterator[Remembering]:
    """A keyring that works, in the place of the system's."""
    before = keyring.get_keyring()
    backend = Remembering()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)
