"""Adding an account of a provider that another package registers, in the app."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.support.app_world import HOUR, NOW, Opened, account, opened
from tests.support.command_line import CommandLine
from tests.support.openai_server import KEY, local_models
from tests.support.registered import install
from textual import events

from rota import plugins
from rota.account import Health, Kind
from rota.events import HealthChanged
from rota.settings import ProviderSettings
from rota_tui.dialogs.secret_input import SecretInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.openai_server import LocalModels

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def server() -> Iterator[LocalModels]:
    with local_models() as running:
        yield running


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example's provider, installed where this process looks."""
    source = (EXAMPLES / "custom_provider.py").read_text("utf-8")
    install(CommandLine(tmp_path), plugins.PROVIDERS, "openrouter", "custom_provider", source, "OpenRouter")
    monkeypatch.syspath_prepend(tmp_path / "site")
    _forget()
    yield
    sys.modules.pop("custom_provider", None)
    _forget()


def _forget() -> None:
    """What is installed is looked up once a process."""
    plugins._found.cache_clear()
    plugins.load.cache_clear()


async def paste(it: Opened, text: str) -> None:
    it.app.post_message(events.Paste(text))
    await it.settled()


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_its_key_is_pasted_checked_with_it_and_kept(
    tmp_path: Path, server: LocalModels, size: tuple[int, int]
) -> None:
    sections = {"providers": ProviderSettings(urls={"openrouter": server.url})}
    reach = httpx.AsyncHTTPTransport()
    async with opened(tmp_path / "home", account("other"), size=size, settings=sections, transport=reach) as it:
        await it.press("a")
        assert it.line("of custom_provider 1.0, by an API key")
        await it.press("down", "down", "enter", "enter")
        assert it.line("It is sent to openrouter alone.")
        await paste(it, "sk-wrong-0123456789abcdef0123")
        await it.press("enter")
        assert it.line("openrouter refused it")
        it.app.screen.query_one(SecretInput).clear()
        await paste(it, KEY)
        await it.press("enter")
        assert it.line("Add another")
        added = it.engine.snapshot.listed()[-1].account
        assert (added.provider, added.kind) == ("openrouter", Kind.API_KEY)
        assert KEY not in it.text()


@pytest.mark.usefixtures("registered")
async def test_signing_in_again_asks_for_its_own_key(tmp_path: Path) -> None:
    lost = HealthChanged(at=NOW - HOUR, account_id="router", health=Health.NEEDS_LOGIN, reason="refused")
    async with opened(tmp_path / "home", account("router", provider="openrouter"), lost) as it:
        await it.press("i")
        assert it.line("openrouter API key")
        assert not it.line("platform.claude.com")
