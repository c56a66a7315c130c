"""Dialogs: errors inline, Escape safe, nothing of a secret anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.app_world import Opened, account, opened

from rota.account import Kind
from rota.simulator import credentials_of
from rota_tui.dialogs.add_account import AddAccountDialog
from rota_tui.dialogs.secret_input import SecretInput

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def secret_of(it: Opened, provider: str) -> str:
    """A key or token that the simulated world takes."""
    kinds = {"anthropic": Kind.API_KEY, "puter": Kind.PUTER}
    return next(str(c["secret"]) for c in credentials_of(it.world) if c["kind"] == kinds[provider])


async def test_a_pasted_key_is_checked_with_the_provider_and_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        key = secret_of(it, "anthropic")
        await it.press("a")
        it.app.screen.query_one(SecretInput).value = f"  {key}\n"
        await it.press("enter")
        (state,) = it.engine.snapshot.listed()
        assert state.account.kind is Kind.API_KEY
        assert it.toasts() == [f"{state.account.label} added."]
        assert it.row(state.account.label)
        assert key not in it.text()


async def test_a_puter_token_with_a_label_of_ones_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await it.press("t")
        it.app.screen.query_one(SecretInput).value = secret_of(it, "puter")
        await it.press("tab", *"mine", "enter")
        (state,) = it.engine.snapshot.listed()
        assert (state.account.provider, state.account.label) == ("puter", "mine")


async def test_the_same_login_again_renews_the_account(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        for way in ("a", "a"):
            await it.press(way)
            it.app.screen.query_one(SecretInput).focus().value = secret_of(it, "anthropic")
            await it.press("enter")
        assert len(it.engine.snapshot.listed()) == 1
        assert it.toasts()[-1].endswith("signed in again.")


async def test_a_refused_key_is_said_inline_and_what_was_typed_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await it.press("a")
        it.app.screen.query_one(SecretInput).value = "sk-ant-wrong"
        await it.press("enter")
        assert isinstance(it.app.screen, AddAccountDialog)
        assert "Anthropic refused it" in it.text()
        assert "Nothing was kept" in it.text()
        assert it.app.screen.secret.value == "sk-ant-wrong"
        assert "sk-ant-wrong" not in it.text()
        await it.press("escape")
        assert not it.engine.snapshot.listed()
        assert not await it.vault.names()


async def test_nothing_pasted_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("a")
        await it.press("enter")  # chooses, and goes on to the key
        await it.press("enter")
        assert "Paste the Anthropic API key first." in it.text()


async def test_the_other_way_in_changes_what_is_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("a")
        assert "platform.claude.com" in it.text()
        await it.press("down")
        assert "Puter sign-in" in it.text()


async def test_the_messages_of_a_secret_input_keep_its_value_to_themselves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A traceback prints messages and arguments; none of them may hold what was typed."""
    async with opened(tmp_path) as it:
        await it.press("a")
        await it.press(*"s3cret", "enter")
        told = [m for m in it.messages if isinstance(m, SecretInput.Changed | SecretInput.Submitted)]
        assert told
        assert "s3cret" not in " ".join(map(repr, told)) + caplog.text
        assert "s3cret" not in " ".join(worker.description + repr(worker) for worker in it.app.workers)
