"""Where somebody new stood still for a second: what stands there now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import DAY, NOW, account, opened
from textual.events import Paste

from rota.account import Kind
from rota.errors import Meaning
from rota.events import AccountRemoved, CooldownStarted, QuotaObserved
from rota.quota import QuotaWindow, Source
from rota.simulator import credentials_of

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40)]


async def test_a_refused_key_ends_the_providers_sentence_before_the_advice(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(120, 40)) as it:
        await it.press("a", "enter", "enter", *"wrong", "enter")
        said = " ".join(it.text().replace("│", " ").split())
        assert "Anthropic refused it: invalid x-api-key. Nothing was kept; check what was pasted." in said


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("meaning", [Meaning.CREDITS_EXHAUSTED, Meaning.OVERLOADED, Meaning.NETWORK])
@pytest.mark.parametrize("left", [10 * 60, 2 * DAY, 20 * DAY])
async def test_when_an_account_is_back_is_never_cut_off(
    tmp_path: Path, size: tuple[int, int], meaning: Meaning, left: float
) -> None:
    held = CooldownStarted(at=NOW, account_id="lab", until=NOW + left, meaning=meaning, reason="")
    async with opened(tmp_path, account("lab", label="patient_door_615887_and_more"), held, size=size) as it:
        back = {600: "back in 10:00", 2 * DAY: "back Sun 12:00", 20 * DAY: "back 4 Feb"}[left]
        assert back in it.row("patient")


@pytest.mark.parametrize("size", SIZES)
async def test_when_a_month_is_back_is_never_cut_off(tmp_path: Path, size: tuple[int, int]) -> None:
    month = QuotaWindow("month", "month", 1.0, NOW, Source.USAGE, resets_at=NOW + 3 * DAY)
    spent = QuotaObserved(at=NOW, account_id="lab", windows=(month,))
    lab = account("lab", provider="puter", kind=Kind.PUTER, label="patient_door_615887_and_more")
    async with opened(tmp_path, lab, spent, size=size) as it:
        assert "spent, back Mon 12:00" in it.row("patient")


async def test_a_removal_is_told_as_one(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), account("spare")) as it:
        await it.happen(AccountRemoved(at=NOW, account_id="work"))
        assert it.line("an account was removed")


async def test_a_key_that_was_never_used_says_how_it_is_paid_for(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), size=(80, 24)) as it:
        await it.press("enter")
        assert it.line("paid by use; limits show once it was used")
        assert "nothing known" not in it.text()


async def test_an_added_key_is_called_one(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as it:
        secret = next(str(c["secret"]) for c in credentials_of(it.world) if c["label"] == "console")
        await it.press("a", "enter", "enter")
        it.app.post_message(Paste(secret))
        await it.settled()
        await it.press("enter")
        await it.pilot.pause()
        assert it.line("api-key added")
        assert it.line("API key")
