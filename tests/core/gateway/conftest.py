"""Gateways over simulated accounts: one API key, one Puter account, or both; one a test, or one a module.

A gateway takes half a second to begin and end. Modules whose tests only ask share one in the module's own event loop
(`pytestmark = pytest.mark.asyncio(loop_scope="module")`, fixture `shared`); every test finds it as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
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


@pytest_asyncio.fixture(loop_scope="module")
async def own(tmp_path: Path) -> AsyncIterator[Gatewayed]:
    """One Anthropic API key, for a test that spends it in a module that shares."""
    async with gatewayed(tmp_path) as it:
        yield it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gatewayed]:
    """The one that a module's tests share."""
    async with gatewayed(tmp_path_factory.mktemp("shared"), key_and_puter) as it:
        yield it


@pytest.fixture
def shared(module_gateway: Gatewayed) -> Gatewayed:
    """An Anthropic API key and a Puter account, with nothing forced and nothing called yet."""
    module_gateway.world.faults.clear()
    module_gateway.world.calls.clear()
    module_gateway.forget()
    return module_gateway
