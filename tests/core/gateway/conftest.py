"""Gateways over simulated accounts: one API key, one Puter account, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.gatewayed import Gatewayed, gatewayed, key_and_puter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def claude(tmp_path: Path) -> AsyncIterator[Gatewayed]:
    """One Anthropic API key."""
    async with gatewayed(tmp_path) as it:
        yield it


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Gatewayed]:
    """An Anthropic API key and a Puter account."""
    async with gatewayed(tmp_path, key_and_puter) as it:
        yield it
